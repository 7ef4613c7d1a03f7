//! One request from its arrival to its answer.

use caisse_hal::Instant;
use caisse_payment::{Amount, Refusal};

use super::memory::{Last, id_of};
use super::state::{State, Work};
use super::{Asked, Event, LineId, Operation, Outcome, Reply, Terminal, Verdict, code_of};
use crate::fault::Fault;
use crate::persona::{Duplicata, Generation};
use crate::random::Random;
use crate::script::{Answer, Turn};
use crate::ticket::{Note, TicketContent};

/// How a transaction is going to end.
enum Plan {
    Charge(Amount),
    Refuse([u8; 2]),
    Silence,
}

/// The largest amount in an answer of 3.x: twelve digits.
const MAX_MINOR: u64 = 999_999_999_999;

/// Refusals that come before any card: the red button, the time-out, and those of the request itself.
const BEFORE_THE_CARD: [&[u8; 2]; 7] = [b"06", b"08", b"09", b"10", b"11", b"12", b"13"];

impl Terminal {
    /// A request is there. What becomes of it, [`take`](Self::take) tells. Gives back the faults of this transaction.
    pub fn ask(&mut self, now: Instant, line: LineId, asked: Asked) -> Vec<Fault> {
        self.advance(now);
        self.transactions = self.transactions.saturating_add(1);
        let transaction = self.transactions;
        self.log(Event::asked(transaction, &asked));
        if let Some(refusal) = self.refusal(&asked) {
            let reply = Reply::refused(asked.operation, asked.amount, code_of(refusal));
            self.answer(line, transaction, reply);
            return self.standing(transaction);
        }
        if asked.operation.moves_money() {
            return self.begin(line, transaction, asked);
        }
        let reply = match asked.operation {
            Operation::Duplicata => self.duplicata(),
            Operation::Print => {
                self.log(Event::Printed);
                Reply::performed(Operation::Print)
            }
            other => Reply::performed(other),
        };
        self.answer(line, transaction, reply);
        self.standing(transaction)
    }

    fn standing(&self, transaction: u64) -> Vec<Fault> {
        self.resolve(&[], &mut Random::of(self.settings.seed, transaction))
    }

    /// Why a request is refused before the script is asked.
    fn refusal(&self, asked: &Asked) -> Option<Refusal> {
        if let Some(refusal) = asked.refusal {
            return Some(refusal);
        }
        let persona = &self.settings.persona;
        if !self.is_idle() {
            // Which code a busy terminal sends is not documented.
            return Some(Refusal::Unspecified);
        }
        let unknown = match asked.operation {
            Operation::Unknown => true,
            Operation::Duplicata => persona.duplicata == Duplicata::Nothing,
            Operation::Cancellation => !persona.cancels,
            Operation::LinkedCredit => !persona.links_credits,
            _ => false,
        };
        if unknown {
            return Some(Refusal::UnknownOperation);
        }
        let amount = asked.amount.filter(|_| asked.operation.moves_money())?;
        let currencies = &self.settings.currencies;
        if !currencies.is_empty() && !currencies.contains(&amount.currency()) {
            return Some(Refusal::CurrencyNotSupported);
        }
        // A memory without room takes no more money.
        self.memory.refusal(asked).or_else(|| self.ledger.is_full().then_some(Refusal::Unspecified))
    }

    fn begin(&mut self, line: LineId, transaction: u64, asked: Asked) -> Vec<Fault> {
        let mut random = Random::of(self.settings.seed, transaction);
        let mut turn = match self.next.pop_front() {
            Some(turn) => turn,
            None => {
                let turn = self.script.turn(self.turns, &asked, &mut random);
                self.turns = self.turns.saturating_add(1);
                turn
            }
        };
        // The same order of chances as when the line opened.
        let mut random = Random::of(self.settings.seed, transaction);
        turn.faults = self.resolve(&turn.faults, &mut random);
        self.log(Event::turn(transaction, &turn));
        self.note_turn(&turn);
        let faults = turn.faults.clone();
        let immediate = asked.immediate;
        if immediate {
            let verdict = Verdict::Taken;
            let reply = Reply { verdict, ..Reply::refused(asked.operation, asked.amount, *b"00") };
            self.log(Event::decided(transaction, Some(verdict)));
            self.outcomes.insert(line, Outcome::Reply(Box::new(reply)));
        }
        let until =
            if self.settings.manual_card { self.settings.card_timeout } else { self.settings.latency };
        let work = Work { line, transaction, asked, turn, answered: immediate };
        self.enter(State::WaitingForCard(Box::new(work), Some(self.now.after(until))));
        self.advance(self.now);
        faults
    }

    /// Time has passed: does everything that is due, each thing at its own moment.
    pub fn advance(&mut self, now: Instant) {
        while let Some(due) = self.state.deadline().filter(|due| *due <= now) {
            self.now = self.now.max(due);
            match &self.state {
                State::WaitingForCard(..) if self.settings.manual_card => self.give_up(Refusal::InputTimeout),
                State::WaitingForCard(..) => self.card(),
                State::Authorising(work, _) => {
                    let work = work.clone();
                    let plan = self.plan(&work.turn, &work.asked);
                    self.conclude(work, &plan, true);
                }
                State::Printing(work, reply, _) => {
                    let (work, reply) = (work.clone(), reply.clone());
                    self.deliver(&work, reply);
                }
                State::Rebooting(_) => self.enter(State::Idle),
                // They end when somebody ends them.
                State::Idle | State::Busy | State::Asleep | State::Background => break,
            }
        }
        self.now = self.now.max(now);
    }

    fn plan(&self, turn: &Turn, asked: &Asked) -> Plan {
        let Some(amount) = asked.amount else { return Plan::Refuse(*b"00") };
        match &turn.answer {
            Answer::Approve => Plan::Charge(amount),
            Answer::Partial(text) => match Amount::parse(text, amount.currency()) {
                // E and E+ have no partial approval, and what went back goes back whole.
                Ok(part)
                    if !part.is_zero()
                        && part.minor() < amount.minor()
                        && self.settings.persona.generation == Generation::Three
                        && matches!(asked.operation, Operation::Debit | Operation::Cheque) =>
                {
                    Plan::Charge(part)
                }
                _ => Plan::Refuse(*b"00"),
            },
            Answer::Tip(text) => self.plan_with_tip(text, amount, asked),
            // A cheque that is refused is always refused with 04.
            Answer::Decline(_) if asked.operation == Operation::Cheque => Plan::Refuse(*b"04"),
            Answer::Decline(code) => Plan::Refuse(*code),
            Answer::Cancel => Plan::Refuse(*b"06"),
            Answer::Timeout => Plan::Silence,
        }
    }

    /// What is charged has to fit the field of the answer as well.
    fn plan_with_tip(&self, text: &str, amount: Amount, asked: &Asked) -> Plan {
        let takes_tips =
            self.settings.persona.generation == Generation::Three && asked.operation == Operation::Debit;
        let tip = Amount::parse(text, amount.currency()).ok().filter(|tip| takes_tips && !tip.is_zero());
        match tip.and_then(|tip| amount.checked_add(tip)) {
            Some(total) if total.minor() <= MAX_MINOR => Plan::Charge(total),
            _ => Plan::Refuse(*b"00"),
        }
    }

    /// The card is there, or the card holder does something else.
    pub(super) fn card(&mut self) {
        let State::WaitingForCard(work, _) = &self.state else { return };
        let work = work.clone();
        let plan = self.plan(&work.turn, &work.asked);
        match plan {
            Plan::Refuse(code) if BEFORE_THE_CARD.contains(&&code) => self.conclude(work, &plan, false),
            Plan::Silence => self.conclude(work, &plan, false),
            _ => self.enter(State::Authorising(work, self.now.after(self.settings.authorisation))),
        }
    }

    /// The transaction ends before a card was read.
    pub(super) fn give_up(&mut self, refusal: Refusal) {
        if let State::WaitingForCard(work, _) = &self.state {
            let work = work.clone();
            self.conclude(work, &Plan::Refuse(code_of(refusal)), false);
        }
    }

    fn conclude(&mut self, work: Box<Work>, plan: &Plan, read: bool) {
        let Work { line, transaction, ref asked, .. } = *work;
        let asked_for = asked.amount;
        let reply = match plan {
            Plan::Silence => {
                self.remember(asked, None, None, false);
                self.log(Event::decided(transaction, None));
                if !work.answered {
                    self.outcomes.entry(line).and_modify(|outcome| *outcome = Outcome::Silent);
                }
                self.enter(State::Idle);
                return;
            }
            Plan::Refuse(code) => {
                self.remember(asked, asked_for, None, false);
                let mut reply = Reply { read, ..Reply::refused(asked.operation, asked_for, *code) };
                reply.without_amount = *code == *b"06" && self.settings.persona.drops_amount_on_cancel;
                reply.ticket = Some(TicketContent::of(asked.operation, asked_for, read));
                reply
            }
            Plan::Charge(amount) => {
                let charge = self.book(asked, *amount);
                let authorisation = Some(format!("{:06}", charge.number % 1_000_000));
                let id = self.settings.persona.links_credits.then(|| id_of(charge.number));
                self.remember(asked, Some(*amount), Some((authorisation.clone(), id.clone())), true);
                let ticket =
                    TicketContent::of(asked.operation, Some(*amount), read).approved(authorisation.clone());
                Reply {
                    verdict: Verdict::Performed,
                    read,
                    authorisation,
                    transaction: id,
                    ticket: Some(ticket),
                    ..Reply::refused(asked.operation, Some(*amount), *b"00")
                }
            }
        };
        self.log(Event::decided(transaction, Some(reply.verdict)));
        let until = self.now.after(self.settings.printing);
        self.enter(State::Printing(work, Box::new(reply), until));
    }

    fn remember(
        &mut self,
        asked: &Asked,
        amount: Option<Amount>,
        numbers: Option<(Option<String>, Option<String>)>,
        completed: bool,
    ) {
        let Some(amount) = amount.or(asked.amount) else { return };
        let (authorisation, transaction) = numbers.unwrap_or_default();
        let (operation, label) = (asked.operation, asked.label.clone());
        self.memory.remember(Last { operation, completed, amount, authorisation, transaction, label });
    }

    fn deliver(&mut self, work: &Work, reply: Box<Reply>) {
        if !work.answered {
            self.outcomes.entry(work.line).and_modify(|outcome| *outcome = Outcome::Reply(reply));
        }
        self.enter(State::Idle);
    }

    fn answer(&mut self, line: LineId, transaction: u64, reply: Reply) {
        self.log(Event::decided(transaction, Some(reply.verdict)));
        self.outcomes.insert(line, Outcome::Reply(Box::new(reply)));
    }

    /// A copy of the last ticket, in the way of this terminal.
    fn duplicata(&mut self) -> Reply {
        let failed = |code: &[u8; 2], note: Note| Reply {
            ticket: Some(TicketContent::note(note)),
            ..Reply::refused(Operation::Duplicata, None, *code)
        };
        let fields = self.settings.persona.duplicata == Duplicata::Fields;
        // The texts are documented, the codes beside them are not.
        let reply = match self.memory.last() {
            None => failed(b"00", Note::NoDuplicata),
            Some(last) if !last.completed => failed(b"07", Note::NotCompleted),
            Some(last) => Reply {
                amount: Some(last.amount).filter(|_| fields),
                read: fields,
                authorisation: last.authorisation.clone().filter(|_| fields),
                transaction: last.transaction.clone().filter(|_| fields),
                label: last.label.clone().filter(|_| fields),
                ticket: Some(
                    TicketContent::of(last.operation, Some(last.amount), true)
                        .approved(last.authorisation.clone())
                        .duplicate(),
                ),
                ..Reply::performed(Operation::Duplicata)
            },
        };
        self.log(Event::Printed);
        reply
    }
}
