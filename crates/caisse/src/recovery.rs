//! Finding out what became of a transaction whose end nobody knows.

use std::time::Duration;

use caisse_codec::Answer;
use caisse_hal::Received;
use caisse_journal::{Decision, Dispute, JournalError, LockError, Paid, Record, Source, WallTime};
use caisse_payment::{
    AuthorisationNumber, ContractNumber, Outcome, Proof, Receipt, Text, TransactionId, Verdict,
};
use caisse_transaction::Request;
use caisse_transaction::probe::{self, ProbeConfig, ProbeMachine, Question};
use caisse_transaction::recovery::{
    Finding, Knowledge, LastTransaction, Open, Previous, weigh, weigh_result,
};
use caisse_transaction::till::{LateAction, LateAnswer, LateResult, MOST_STORAGE};
use caisse_transaction::{Duplicata, Instant};

use crate::asking::ask;
use crate::{Event, Till};

/// What recovery found out about one transaction.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "what is still open needs a person"]
pub struct Recovered {
    /// The transaction as the journal has it now.
    pub record: Record,
    /// Whether it was paid, if that is known now.
    pub finding: Finding,
    /// What the finding rests on.
    pub evidence: Evidence,
}

/// What was heard of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Nothing: the terminal is in use by a payment, or by another program.
    Busy,
    /// Nothing yet: the connection on which the answer may still come is open, and silent.
    Listening {
        /// How much longer that may be.
        left: Duration,
    },
    /// The answer itself, on the connection that was opened for it.
    LateAnswer(Outcome),
    /// A result that the terminal told on the line.
    LateResult(Outcome),
    /// What the terminal told of its last transaction.
    Duplicata {
        /// That.
        told: LastTransaction,
        /// Its ticket, for people to read; it proves nothing to a program.
        ticket: Option<Box<Receipt>>,
    },
    /// Nothing: the dialect has no way to ask that proves anything, or was asked a moment ago.
    NotAsked,
    /// The terminal was asked and did not answer: what came of it.
    NoAnswer(probe::Finding),
}

impl Evidence {
    /// What it is, in words.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Busy => Text { fr: "le terminal est occupé", en: "the terminal is in use" },
            Self::Listening { .. } => {
                Text { fr: "la réponse peut encore arriver", en: "the answer may still come" }
            }
            Self::LateAnswer(_) => {
                Text { fr: "réponse tardive du terminal", en: "late answer of the terminal" }
            }
            Self::LateResult(_) => {
                Text { fr: "résultat tardif, donné sur la ligne", en: "late result, told on the line" }
            }
            Self::Duplicata { told: LastTransaction::Completed { .. }, .. } => Text {
                fr: "duplicata : la dernière transaction du terminal a abouti",
                en: "duplicata: the terminal's last transaction was completed",
            },
            Self::Duplicata { told: LastTransaction::NotCompleted, .. } => Text {
                fr: "duplicata : la dernière transaction du terminal n'a pas abouti",
                en: "duplicata: the terminal's last transaction was not completed",
            },
            Self::Duplicata { told: LastTransaction::Unclear, .. } => Text {
                fr: "duplicata : le terminal ne dit rien d'utilisable",
                en: "duplicata: the terminal tells nothing that can be used",
            },
            Self::NotAsked => Text {
                fr: "ce terminal ne peut pas être interrogé, ou vient de l'être",
                en: "this terminal cannot be asked, or was asked a moment ago",
            },
            Self::NoAnswer(_) => Text {
                fr: "le terminal ne répond pas à la demande de duplicata",
                en: "the terminal does not answer the request for a duplicata",
            },
        }
    }
}

/// A connection that is left open because an answer may still come on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) request: Request,
    /// Until when the card holder may still be at the terminal.
    pub(crate) until: Instant,
}

/// The shortest time between two requests for a duplicata: each prints paper and occupies the terminal.
const BACK_OFF: Duration = Duration::from_secs(30);

impl Till {
    /// Finds out what became of the transactions of this terminal whose end nobody knows: at the start of a program, and
    /// whenever somebody wants to know. [`pay`](Self::pay) does it by itself where the terminal can tell.
    ///
    /// A late answer is taken from the connection that was left open for it. Otherwise the terminal is asked for a
    /// duplicata, where the dialect has one: **that occupies the terminal and may print paper**. What is proven is
    /// written; what is not stays open for a person to decide.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub fn recover(&mut self) -> Result<Vec<Recovered>, JournalError> {
        self.recover_listening(Duration::ZERO)
    }

    /// The same, and on a serial line it listens for so long first: a terminal that was still at it when the till went down
    /// tells its result there. No longer than the transaction may take on the terminal.
    ///
    /// # Errors
    /// As [`recover`](Self::recover).
    pub fn recover_listening(&mut self, listen: Duration) -> Result<Vec<Recovered>, JournalError> {
        let lock = match self.journal.lock(&self.terminal) {
            Ok(lock) => lock,
            Err(LockError::Busy) => {
                return self.unresolved().map(|open| open.into_iter().map(busy).collect());
            }
            Err(LockError::Io { what }) => return Err(JournalError::Unwritable { what }),
        };
        let mut recovered = Vec::new();
        for record in self.journal.unresolved(&self.terminal)? {
            let (finding, evidence) = self.look_into(&record, listen)?;
            if let Some(decision) = decision(finding, &evidence) {
                self.journal.resolve(&lock, &record.start.id, &decision, WallTime::now())?;
            }
            let record = self.journal.find(&record.start.id)?.unwrap_or(record);
            recovered.push(Recovered { record, finding, evidence });
        }
        Ok(recovered)
    }

    /// Whether asking can prove anything without a person: then a payment that is in the way is looked into first.
    pub(crate) fn can_recover_alone(&self) -> bool {
        self.pending.is_some() || self.config.dialect.duplicata == Duplicata::Fields
    }

    /// The same before a payment: what is proven is proven, what is not goes on blocking.
    pub(crate) fn recover_first(&mut self, on_event: &mut dyn FnMut(Event)) {
        on_event(Event::Recovering);
        // A journal that fails now fails again when the payment asks it.
        let _ = self.recover();
    }

    fn look_into(&mut self, record: &Record, listen: Duration) -> Result<(Finding, Evidence), JournalError> {
        if let Some(pending) = self.pending.filter(|pending| pending.request.id == record.start.id) {
            match self.hear_late_answer(pending) {
                Heard::Answer(outcome) => {
                    self.forget_pending();
                    return Ok((proven_by(outcome), Evidence::LateAnswer(outcome)));
                }
                Heard::Nothing { left } => {
                    return Ok((Finding::Open(Open::TooSoon { left }), Evidence::Listening { left }));
                }
                Heard::Closed => {}
            }
        }
        self.forget_pending();
        if self.config.has_sessions()
            && let Some(heard) = self.hear_late_result(record, listen)?
        {
            return Ok(heard);
        }
        let now = self.clock.now();
        let asked_lately = self.asked_at.is_some_and(|at| now.since(at) < BACK_OFF);
        if asked_lately || self.config.dialect.duplicata == Duplicata::Nothing {
            return Ok((Finding::Open(Open::Unclear), Evidence::NotAsked));
        }
        self.asked_at = Some(now);
        self.ask_for_duplicata(record)
    }

    fn ask_for_duplicata(&mut self, record: &Record) -> Result<(Finding, Evidence), JournalError> {
        let config = ProbeConfig {
            link: self.config.link,
            register: self.register,
            connect_timeout: self.config.connect_timeout,
            ..ProbeConfig::new(self.config.dialect, self.config.identifier)
        };
        // A frame of a serial line is too short for most tickets, and how a long message is split there is not public.
        let ticket = self.config.dialect.optional.ticket && !self.config.has_sessions();
        let question = Question::Duplicata { ticket };
        let mut storage = [0; MOST_STORAGE];
        let Ok(mut machine) = ProbeMachine::new(config, question, &mut storage) else {
            return Ok((Finding::Open(Open::Unclear), Evidence::NotAsked));
        };
        ask(&mut *self.link, &*self.clock, &mut machine);
        let report = machine.report();
        let Some(answer) = report.as_ref().and_then(|report| report.answer()) else {
            let finding = report.map_or(probe::Finding::GivenUp, |report| report.finding());
            return Ok((Finding::Open(Open::Unclear), Evidence::NoAnswer(finding)));
        };
        let content = &record.start.content;
        let nonce = content.reference.as_ref().filter(|_| self.config.dialect.optional.reference);
        let told = LastTransaction::read(&answer, nonce.map(|nonce| nonce.as_str().as_bytes()));
        let finding = weigh(&told, &self.knowledge(record, &answer)?);
        let ticket = answer.tickets().find_map(|ticket| ticket.receipt().ok()).map(Box::new);
        Ok((finding, Evidence::Duplicata { told, ticket }))
    }

    /// What the journal knows of the transaction and of those before it.
    fn knowledge(&self, record: &Record, answer: &Answer<'_>) -> Result<Knowledge, JournalError> {
        let content = &record.start.content;
        let mut previous = Previous::Unknown;
        let mut contract: Option<ContractNumber> = None;
        for earlier in self.journal.list()? {
            if earlier.start.id == record.start.id {
                break;
            }
            if earlier.start.content.terminal != content.terminal {
                continue;
            }
            let number: Option<AuthorisationNumber> = earlier.end.and_then(|end| end.authorisation);
            let Verdict { outcome, proof } = earlier.verdict();
            let by_a_person = earlier.decision.is_some_and(|decision| decision.source == Source::Person);
            let paid = outcome.approved_amount();
            let of_this_amount = [Some(earlier.start.content.amount), paid].contains(&Some(content.amount));
            previous = match (paid, number) {
                (Some(amount), Some(number)) => Previous::Authorised(number, amount),
                (Some(amount), None) if !by_a_person => Previous::Unnumbered(amount),
                // Whatever was said: perhaps it was said before the card holder was done.
                _ if by_a_person && proof != Proof::NothingSent && of_this_amount => {
                    Previous::Unnumbered(content.amount)
                }
                _ => previous,
            };
            contract = earlier.end.and_then(|end| end.contract).or(contract);
        }
        Ok(Knowledge {
            operation: content.operation,
            amount: content.amount,
            exclusive: self.exclusive,
            contracts: [contract, answer.contract()],
            previous,
            time_left: self.time_left(record),
        })
    }

    /// How much of the longest transaction's time is left: from the last byte sent, or from the start of this till, which
    /// is after every send of an earlier process.
    fn time_left(&self, record: &Record) -> Duration {
        let sent = self.sent.filter(|(id, _)| *id == record.start.id).map_or(self.built_at, |(_, at)| at);
        self.config.dialect.longest_transaction.saturating_sub(self.clock.now().since(sent))
    }

    /// Reads the open connection: without waiting for a first byte, but to the end once one has come.
    fn hear_late_answer(&mut self, pending: Pending) -> Heard {
        let mut storage = [0; MOST_STORAGE];
        let mut late = LateAnswer::new(self.config, pending.request, &mut storage);
        let mut buffer = [0; 2048];
        loop {
            let within = late.deadline().map_or(Duration::ZERO, |at| at.since(self.clock.now()));
            // Inside a field nothing ends the answer but more of it.
            let within = if late.has_begun() && late.deadline().is_none() { BACK_OFF } else { within };
            let result = self.link.receive(&mut buffer, within);
            let now = self.clock.now();
            match result {
                Ok(Received::Bytes(count)) => late.handle_input(now, buffer.get(..count).unwrap_or_default()),
                Ok(Received::Nothing) if !late.has_begun() => {
                    let left = pending.until.since(now);
                    return if left.is_zero() { Heard::Closed } else { Heard::Nothing { left } };
                }
                Ok(Received::Nothing) if late.deadline().is_none() => return Heard::Closed,
                Ok(Received::Nothing) => late.handle_timeout(now),
                Ok(Received::Closed) | Err(_) if !late.has_begun() => return Heard::Closed,
                Ok(Received::Closed) | Err(_) => late.handle_closed(now),
            }
            if let Some(outcome) = late.outcome() {
                return Heard::Answer(outcome);
            }
        }
    }

    /// Looks once more at a connection that was left open for a transaction which has been decided since. What it says
    /// changes nothing by itself: proof that contradicts the decision makes it disputed.
    pub(crate) fn hear_out_pending(&mut self) {
        if let Some(pending) = self.pending
            && let Heard::Answer(outcome) = self.hear_late_answer(pending)
        {
            // A journal that fails now fails again when the payment asks it.
            let _ = self.dispute_if_contradicted(pending.request.id, proven_by(outcome));
        }
        self.forget_pending();
    }

    fn dispute_if_contradicted(&mut self, id: TransactionId, proven: Finding) -> Result<(), JournalError> {
        let Some(record) = self.journal.find(&id)? else { return Ok(()) };
        let known = record.verdict().outcome;
        let paid = match proven {
            Finding::Paid(amount) if known.approved_amount() != Some(amount) => Paid::Paid(amount),
            Finding::NotPaid if known.approved_amount().is_some() => Paid::NotPaid,
            _ => return Ok(()),
        };
        let because = Evidence::LateAnswer(known).text().en;
        if let (false, Ok(dispute)) = (known.is_unknown(), Dispute::new(paid, because)) {
            self.journal.dispute(&id, &dispute, WallTime::now())?;
        }
        Ok(())
    }

    /// Listens on a line with sessions: for as long as the terminal says something, and for `listen` if it does not.
    fn hear_late_result(
        &mut self,
        record: &Record,
        listen: Duration,
    ) -> Result<Option<(Finding, Evidence)>, JournalError> {
        if self.link.connect(self.config.connect_timeout).is_err() {
            return Ok(None);
        }
        let content = record.start.content;
        let request = Request { id: record.start.id, content, ticket: None, application: None };
        let mut storage = [0; MOST_STORAGE];
        let mut late = LateResult::new(self.config, request, &mut storage);
        let listen = listen.min(self.time_left(record)).max(self.config.dialect.session.timers.clear);
        let until = self.clock.now().after(listen);
        // A terminal that never stops talking is not listened to for ever.
        let give_up = until.after(BACK_OFF);
        let mut buffer = [0; 1024];
        while (late.is_busy() || (late.outcome().is_none() && self.clock.now() < until))
            && self.clock.now() < give_up
        {
            let wake = match late.poll() {
                LateAction::Send(character) => {
                    let sent = self.link.send(character, BACK_OFF).is_ok();
                    let drained = sent && self.link.drain(BACK_OFF).is_ok();
                    let now = self.clock.now();
                    if drained {
                        late.handle_sent(now)
                    } else {
                        late.handle_send_failed(now)
                    }
                    continue;
                }
                LateAction::Wait { until: wake } => wake.map_or(until, |wake| wake.min(give_up)),
            };
            let result = self.link.receive(&mut buffer, wake.since(self.clock.now()));
            let now = self.clock.now();
            match result {
                Ok(Received::Bytes(count)) => late.handle_input(now, buffer.get(..count).unwrap_or_default()),
                Ok(Received::Nothing) => {}
                Ok(Received::Closed) | Err(_) => {
                    late.handle_closed(now);
                    break;
                }
            }
            late.handle_timeout(now);
        }
        let outcome = late.outcome();
        self.link.close();
        let Some(outcome) = outcome else { return Ok(None) };
        let finding = weigh_result(outcome, self.exclusive, self.is_like_the_last(record)?);
        Ok(Some((finding, Evidence::LateResult(outcome))))
    }

    /// Whether the transaction before this one that reached the terminal had the same register, amount and currency.
    fn is_like_the_last(&self, record: &Record) -> Result<bool, JournalError> {
        let ours = &record.start.content;
        let earlier = self.journal.list()?.into_iter().take_while(|other| other.start.id != record.start.id);
        let last = { earlier }
            .filter(|other| other.start.content.terminal == ours.terminal)
            .filter(|other| other.verdict().proof != Proof::NothingSent)
            .last();
        Ok(last.is_some_and(|last| {
            let theirs = &last.start.content;
            theirs.register == ours.register && theirs.amount == ours.amount
        }))
    }

    /// Closes a connection that was left open.
    pub(crate) fn forget_pending(&mut self) {
        if self.pending.take().is_some() {
            self.link.close();
        }
    }
}

/// What the open connection gave.
enum Heard {
    Answer(Outcome),
    Nothing { left: Duration },
    Closed,
}

const fn busy(record: Record) -> Recovered {
    Recovered { record, finding: Finding::Open(Open::Unclear), evidence: Evidence::Busy }
}

/// What an answer proves that came on its own connection.
const fn proven_by(outcome: Outcome) -> Finding {
    match outcome {
        Outcome::Approved { amount } | Outcome::PartiallyApproved { approved: amount, .. } => {
            Finding::Paid(amount)
        }
        Outcome::Declined { .. } | Outcome::Cancelled { .. } => Finding::NotPaid,
        Outcome::NotSent { .. } | Outcome::Unknown { .. } | Outcome::Blocked { .. } => {
            Finding::Open(Open::Unclear)
        }
    }
}

/// What is written of a finding; nothing where there is none.
fn decision(finding: Finding, evidence: &Evidence) -> Option<Decision> {
    let paid = match finding {
        Finding::Paid(amount) => Paid::Paid(amount),
        Finding::NotPaid => Paid::NotPaid,
        Finding::Open(_) => return None,
    };
    let by = match evidence {
        Evidence::LateAnswer(_) => "late answer",
        Evidence::LateResult(_) => "late result",
        _ => "duplicata",
    };
    let because = match evidence {
        Evidence::Duplicata { told: LastTransaction::Completed { authorisation, .. }, .. } => {
            let number = authorisation.map_or_else(|| "none".to_owned(), |number| number.to_string());
            format!("{}, authorisation {number}", evidence.text().en)
        }
        evidence => evidence.text().en.to_owned(),
    };
    // An authorisation number that looks like a card number is not kept.
    Decision::proven(paid, by, because).or_else(|_| Decision::proven(paid, by, evidence.text().en)).ok()
}
