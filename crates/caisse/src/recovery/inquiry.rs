//! The inquiry into one terminal's open transactions: listens, asks, weighs, and writes what is proven.

use std::net::SocketAddr;
use std::time::Duration;

use caisse_codec::Answer;
use caisse_hal::{Clock, Link, Received};
use caisse_journal::{
    Decision, FiledResult, Journal, JournalError, LockError, Record, State, TerminalKey, TerminalLock,
    WallTime, dispute_contradiction, last_reached, lock_of, records_about, records_for_asking,
};
use caisse_payment::evidence::LastTransaction;
use caisse_payment::{AuthorisationNumber, Outcome, Register, TransactionId};
use caisse_settlement::ask::{self, Asking};
use caisse_settlement::attribute::is_named_by_its_reference;
use caisse_settlement::weigh::{
    Context, Knowledge, Open, RecoveryFinding, context, needs_person, weigh, weigh_answer,
};
use caisse_settlement::{Mismatch, TerminalIdentity};
use caisse_transaction::probe::{self, ProbeConfig, ProbeMachine, Question};
use caisse_transaction::recovery::read_last_transaction;
use caisse_transaction::till::{LateAction, LateAnswer, LateResult, MOST_STORAGE};
use caisse_transaction::{Config, Duplicata, Instant, Request, TillMachine};

use super::{Evidence, Recovered};
use crate::CancelHandle;
use crate::asking::{GLANCE, Limits, ask as put_question};
use crate::late::LateResultFiler;
use crate::reach::Reach;

/// What a till remembers from one call to the next.
#[derive(Clone, Debug)]
pub(crate) struct RecoveryState {
    /// The last request of this till that left, and when.
    sent: Option<(TransactionId, Instant)>,
    /// The open transactions that another till sent, and since when that is certain: the terminal was locked for nobody. Other
    /// tills send while this one is up, so when it was set up says nothing of what it found open later.
    found: Vec<(TransactionId, Instant)>,
    /// A connection on which an answer may still come.
    pending: Option<Pending>,
    /// When the terminal was last asked for a duplicata.
    asked_at: Option<Instant>,
}

impl RecoveryState {
    /// A till is set up: what is open on its terminal now, and not under way, was sent before.
    pub(crate) fn new(journal: &dyn Journal, place: &TerminalKey, now: Instant) -> Self {
        let mut memory = Self { sent: None, found: Vec::new(), pending: None, asked_at: None };
        if let Ok(_lock) = journal.lock_terminal(place)
            && let Ok(open) = journal.unresolved_at(place)
        {
            open.iter().for_each(|record| memory.find(&record.id(), now));
        }
        memory
    }

    /// This transaction is open while the terminal is locked for this till: whoever sent it has done so.
    fn find(&mut self, id: &TransactionId, now: Instant) {
        if self.found.iter().all(|(found, _)| found != id) {
            self.found.push((*id, now));
        }
    }

    /// Since when it is certain that this transaction was sent.
    fn sent_since(&self, id: &TransactionId) -> Option<Instant> {
        self.sent.iter().chain(&self.found).find(|(known, _)| known == id).map(|(_, at)| *at)
    }

    /// Whether asking can prove anything without a person: then a payment that is in the way is looked into first.
    ///
    /// Of a terminal that others use too, only the echo of our own reference proves anything. On a line with sessions it is
    /// not asked by itself: it could tell a result there that nobody would look at, and tells it once.
    pub(crate) fn can_prove_alone(&self, config: &Config, exclusive: bool) -> bool {
        let dialect = config.dialect;
        let may_prove = exclusive || (dialect.optional.reference && !config.has_sessions());
        self.is_waiting() || (dialect.duplicata == Duplicata::Fields && may_prove)
    }

    /// Whether a connection was left open on which an answer may still come.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// A payment has ended: when it left, and whether its connection stays open.
    pub(crate) fn keep(
        &mut self,
        request: &Request,
        machine: &TillMachine<'_>,
        config: &Config,
        now: Instant,
    ) {
        // A connection that was aborted may have left the request in the terminal's queue: the time counts from now.
        self.sent = machine.sent_at().map(|at| (request.transaction.id, at.max(now)));
        if machine.stays_open() {
            let sent = machine.sent_at().unwrap_or(now);
            let until = sent.after(config.dialect.longest_transaction);
            self.pending = Some(Pending { request: *request, until, heard: None });
        }
    }
}

/// A connection that is left open because an answer may still come on it.
#[derive(Clone, Copy, Debug)]
struct Pending {
    request: Request,
    /// Until when the card holder may still be at the terminal.
    until: Instant,
    /// What came, until that is written.
    heard: Option<Outcome>,
}

/// The longest body of a frame.
const LONGEST_FRAME: usize = 512;

/// The shortest time between two requests for a duplicata: each prints paper and occupies the terminal.
const BACK_OFF: Duration = Duration::from_secs(30);

/// How long an answer may take to come, from its first byte to its last: a segment that was lost is sent again within some
/// seconds.
const ANSWER: Duration = Duration::from_secs(20);

/// How long the line may take to send a character.
const CHARACTER: Duration = Duration::from_secs(5);

/// One terminal, and what is needed to ask it.
pub(crate) struct Inquiry<'t> {
    pub(crate) link: &'t mut dyn Link,
    pub(crate) clock: &'t dyn Clock,
    pub(crate) journal: &'t mut dyn Journal,
    pub(crate) reach: Reach<'t>,
    /// A person wants to see what a terminal reports at an address that is new to the journal.
    pub(crate) at_new_address: bool,
    pub(crate) register: Register,
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    pub(crate) memory: &'t mut RecoveryState,
    /// Ends every wait.
    pub(crate) cancel: &'t CancelHandle,
}

/// What was found out about one transaction.
struct Found {
    finding: RecoveryFinding,
    evidence: Evidence,
    /// In what the terminal is not the one to which the transaction was sent.
    mismatch: Option<Mismatch>,
}

impl Found {
    const fn open(why: Open, evidence: Evidence) -> Self {
        Self { finding: RecoveryFinding::Open(why), evidence, mismatch: None }
    }
}

impl Inquiry<'_> {
    pub(crate) fn recover(&mut self, listen: Duration) -> Result<Vec<Recovered>, JournalError> {
        let place = self.place();
        let lock = match self.journal.lock_terminal(&place) {
            Ok(lock) => lock,
            Err(LockError::Busy) => {
                let open = self.journal.unresolved_at(&place)?;
                return Ok(open.into_iter().map(busy).collect());
            }
            Err(LockError::Io { what }) => return Err(JournalError::Unwritable { what }),
        };
        let open = self.journal.unresolved_at(&place)?;
        if self
            .memory
            .pending
            .is_some_and(|it| open.iter().all(|record| record.id() != it.request.transaction.id))
        {
            self.hear_decided()?;
        }
        self.memory.found.retain(|(id, _)| open.iter().any(|record| record.id() == *id));
        open.into_iter().map(|record| self.recover_locked(&lock, record, listen)).collect()
    }

    /// Does the same for one transaction, which need not have been sent to this terminal.
    pub(crate) fn recover_one(
        &mut self,
        id: &TransactionId,
        listen: Duration,
    ) -> Result<Option<Recovered>, JournalError> {
        let open = |record: &Record| record.state() == State::Unresolved;
        let Some(record) = self.journal.find(id)?.filter(open) else { return Ok(None) };
        match self.journal.lock_terminal(&self.place()) {
            Ok(lock) => self.recover_locked(&lock, record, listen).map(Some),
            Err(LockError::Busy) => Ok(Some(busy(record))),
            Err(LockError::Io { what }) => Err(JournalError::Unwritable { what }),
        }
    }

    const fn place(&self) -> TerminalKey {
        self.reach.key
    }

    fn recover_locked(
        &mut self,
        lock: &TerminalLock,
        record: Record,
        listen: Duration,
    ) -> Result<Recovered, JournalError> {
        self.memory.find(&record.id(), self.clock.now());
        let Ok(own) = lock_of(&*self.journal, lock, &record) else {
            return Ok(busy(record));
        };
        let lock = own.as_ref().unwrap_or(lock);
        let Found { finding, evidence, mismatch } = self.look_into(lock, &record, listen)?;
        settle(self.journal, lock, &record.id(), finding, &evidence)?;
        if let Evidence::LateAnswer(_) = evidence {
            self.forget_pending();
        }
        let record = self.journal.find(&record.id())?.unwrap_or(record);
        // What came behind the proof may contradict it: then nothing is found.
        let finding = if record.is_disputed() { RecoveryFinding::Open(Open::Unclear) } else { finding };
        Ok(Recovered { record, finding, evidence, mismatch })
    }

    fn look_into(
        &mut self,
        lock: &TerminalLock,
        record: &Record,
        listen: Duration,
    ) -> Result<Found, JournalError> {
        if let Some(finding) = needs_person(record) {
            return Ok(Found { finding, evidence: Evidence::NotAsked, mismatch: None });
        }
        if let Some(pending) =
            self.memory.pending.filter(|pending| pending.request.transaction.id == record.id())
        {
            match self.hear_late_answer(pending) {
                Heard::Answer(outcome) => {
                    let evidence = Evidence::LateAnswer(outcome);
                    return Ok(Found { finding: weigh_answer(outcome), evidence, mismatch: None });
                }
                Heard::Nothing { left } => {
                    return Ok(Found::open(Open::TooSoon { left }, Evidence::Listening { left }));
                }
                Heard::Closed => {}
            }
        }
        self.forget_pending();
        let asking = may_ask(&*self.journal, &self.reach, record, self.at_new_address)?;
        let (evidence, mismatch) = match asking {
            Asking::Allowed | Asking::ToShow(_) => (None, None),
            Asking::NewAddress(mismatch) => (Some(Evidence::NewAddress), Some(mismatch)),
            Asking::AnotherTerminal(mismatch) => (Some(Evidence::AnotherTerminal), Some(mismatch)),
        };
        if let Some(evidence) = evidence {
            return Ok(Found { mismatch, ..Found::open(Open::AnotherTerminal, evidence) });
        }
        if self.config.has_sessions()
            && let Some(heard) = self.hear_late_result(lock, record, listen)?
        {
            return Ok(heard);
        }
        if self.is_overtaken(record)? {
            return Ok(Found::open(Open::Unclear, Evidence::NotAsked));
        }
        let now = self.clock.now();
        let asked_lately = self.memory.asked_at.is_some_and(|at| now.since(at) < BACK_OFF);
        let stopped = self.cancel.is_requested();
        if asked_lately || stopped || self.config.dialect.duplicata == Duplicata::Nothing {
            return Ok(Found::open(Open::Unclear, Evidence::NotAsked));
        }
        self.memory.asked_at = Some(now);
        self.ask_for_duplicata(lock, record)
    }

    /// Whether another transaction has reached the terminal since, under another name: then the terminal's last one is not this.
    fn is_overtaken(&self, record: &Record) -> Result<bool, JournalError> {
        let newest = last_reached(&*self.journal, &self.place(), 1)?;
        Ok(newest.first().is_some_and(|newest| newest.id() != record.id()))
    }

    fn ask_for_duplicata(&mut self, lock: &TerminalLock, record: &Record) -> Result<Found, JournalError> {
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
            return Ok(Found::open(Open::Unclear, Evidence::NotAsked));
        };
        let (filer, journal) = (self.filer(record), &mut *self.journal);
        let mut late = None;
        let limits = Limits::new(&config, self.cancel);
        let peer = put_question(self.link, self.clock, &mut machine, &limits, |body| {
            keep(&mut late, record, filer.file(journal, lock, body))
        });
        if let Some(late) = late {
            return late;
        }
        let report = machine.report();
        let Some(answer) = report.as_ref().and_then(|report| report.answer()) else {
            let finding = report.map_or(probe::Finding::GivenUp, |report| report.finding());
            return Ok(Found::open(Open::Unclear, Evidence::NoAnswer(finding)));
        };
        let transaction = record.transaction();
        let records = records_about(&*self.journal, record, None)?;
        let named = is_named_by_its_reference(&records, record);
        let nonce =
            transaction.reference.as_ref().filter(|_| self.config.dialect.optional.reference && named);
        let nonce = nonce.map(|nonce| nonce.as_str().as_bytes());
        let told = read_last_transaction(&answer, nonce, self.config.has_sessions());
        let number = match told {
            LastTransaction::Completed { authorisation, .. } => authorisation,
            _ => None,
        };
        let known = self.knowledge(record, &answer, number, peer)?;
        let ticket = answer.tickets().find_map(|ticket| ticket.receipt().ok()).map(Box::new);
        Ok(Found {
            finding: weigh(&told, &known),
            evidence: Evidence::Duplicata { told, ticket },
            mismatch: Mismatch::between(&known.recorded, &known.found),
        })
    }

    /// What the journal knows of the transaction, of those before it, and of the number that was told.
    fn knowledge(
        &self,
        record: &Record,
        answer: &Answer<'_>,
        told: Option<AuthorisationNumber>,
        peer: Option<SocketAddr>,
    ) -> Result<Knowledge, JournalError> {
        let transaction = record.transaction();
        let Context { terminal, previous, of_another } =
            context(&records_about(&*self.journal, record, told)?, record, told);
        Ok(Knowledge {
            operation: transaction.operation,
            amount: transaction.amount,
            allow_tip: transaction.allow_tip,
            exclusive: self.exclusive,
            recorded: terminal,
            // Looked up after the answer: a device may have taken the place of another one meanwhile.
            found: self.reach.identity_at(&terminal, peer).showing(answer.shown()),
            previous,
            of_another,
            time_left: self.time_left(record),
        })
    }

    /// How much of the longest transaction's time is left: from the last byte sent, or from when this till found the
    /// transaction, which is after every send of another.
    fn time_left(&self, record: &Record) -> Duration {
        let now = self.clock.now();
        let passed = self.memory.sent_since(&record.id()).map_or(Duration::ZERO, |at| now.since(at));
        self.config.dialect.longest_transaction.saturating_sub(passed)
    }

    /// Reads the open connection: without waiting for a first byte, but to the end once one has come. An answer that is not
    /// whole in time, or when a stop is asked for, is judged as if the terminal had closed behind what has come.
    fn hear_late_answer(&mut self, pending: Pending) -> Heard {
        if let Some(outcome) = pending.heard {
            return Heard::Answer(outcome);
        }
        let mut storage = [0; MOST_STORAGE];
        let mut late = LateAnswer::new(self.config, pending.request, &mut storage);
        let mut buffer = [0; 2048];
        let end = self.clock.now().after(ANSWER);
        loop {
            // What is over now counts once a look at the line finds nothing, and not what is over after that look.
            let before = self.clock.now();
            // While a deciding field is missing nothing ends the answer but more of it.
            let until = if late.has_begun() { late.deadline().unwrap_or(end).min(end) } else { before };
            let timeout = until.since(before).min(GLANCE);
            let result = self.link.receive(&mut buffer, timeout);
            let now = self.clock.now();
            match result {
                Ok(Received::Bytes(count)) => late.handle_input(now, buffer.get(..count).unwrap_or_default()),
                Ok(Received::Nothing) if !late.has_begun() => {
                    let left = pending.until.since(before);
                    return if left.is_zero() { Heard::Closed } else { Heard::Nothing { left } };
                }
                Ok(Received::Nothing) if timeout.is_zero() => late.handle_timeout(before),
                Ok(Received::Nothing) => {}
                Ok(Received::Closed) | Err(_) if !late.has_begun() => return Heard::Closed,
                Ok(Received::Closed) | Err(_) => late.handle_closed(now),
            }
            let is_cut = late.outcome().is_none() && (now >= end || self.cancel.is_requested());
            if is_cut {
                late.handle_closed(now);
            }
            if let Some(outcome) = late.outcome() {
                if is_cut && outcome.is_unknown() {
                    return Heard::Closed;
                }
                self.memory.pending = Some(Pending { heard: Some(outcome), ..pending });
                return Heard::Answer(outcome);
            }
        }
    }

    /// Looks once more at a connection that was left open for a transaction which has been decided since. What it says
    /// changes nothing by itself: proof that contradicts the decision makes it disputed.
    ///
    /// # Errors
    /// When that cannot be written; it is kept for the next time.
    pub(crate) fn hear_out_pending(&mut self) -> Result<Told, JournalError> {
        let told = self.hear_decided()?;
        self.forget_pending();
        Ok(told)
    }

    /// The same, and the connection stays open while the answer may still come.
    fn hear_decided(&mut self) -> Result<Told, JournalError> {
        let Some(pending) = self.memory.pending else { return Ok(Told::Nothing) };
        let told = match self.hear_late_answer(pending) {
            Heard::Nothing { .. } => return Ok(Told::Nothing),
            Heard::Closed => Told::Nothing,
            Heard::Answer(outcome) => {
                if let Some(record) = self.journal.find(&pending.request.transaction.id)? {
                    let because = Evidence::LateAnswer(outcome).text().en;
                    dispute_contradiction(self.journal, &record, outcome, true, because)?;
                }
                Told::Something
            }
        };
        self.forget_pending();
        Ok(told)
    }

    fn filer(&self, record: &Record) -> LateResultFiler {
        let terminal = self.reach.identity_for(&TerminalIdentity::of(record.transaction()));
        LateResultFiler { terminal, dialect: self.config.dialect, exclusive: self.exclusive, running: None }
    }

    /// Listens on a line with sessions: for as long as the terminal says something, and for `listen` if it does not.
    fn hear_late_result(
        &mut self,
        lock: &TerminalLock,
        record: &Record,
        listen: Duration,
    ) -> Result<Option<Found>, JournalError> {
        let cancel = self.cancel;
        if self.link.connect_unless(self.config.connect_timeout, &|| cancel.is_requested()).is_err() {
            return Ok(None);
        }
        let mut storage = [0; LONGEST_FRAME];
        let mut late = LateResult::new(self.config.dialect, &mut storage);
        let listen = listen.min(self.time_left(record)).max(self.config.dialect.session.timers.clear);
        let until = self.clock.now().after(listen);
        // A terminal that never stops talking is not listened to for ever.
        let give_up = until.after(BACK_OFF);
        let recorded = TerminalIdentity::of(record.transaction());
        let terminal = self.reach.identity_at(&recorded, self.link.peer());
        let filer = LateResultFiler { terminal, ..self.filer(record) };
        let mut heard = None;
        let mut buffer = [0; 1024];
        loop {
            match late.poll() {
                LateAction::Persist(body) => {
                    if keep(&mut heard, record, filer.file(self.journal, lock, body)) {
                        late.handle_persisted(self.clock.now());
                    } else {
                        late.handle_persist_failed(self.clock.now());
                    }
                }
                LateAction::Look => {
                    let received = self.link.receive(&mut buffer, Duration::ZERO);
                    late.handle_received(self.clock.now(), received, &buffer);
                }
                LateAction::Send(character) => {
                    let sent = self.link.send(character, CHARACTER);
                    late.handle_sent(self.clock.now(), sent);
                }
                LateAction::Drain => {
                    let drained = self.link.drain(CHARACTER);
                    late.handle_drained(self.clock.now(), drained);
                }
                LateAction::Abort => self.link.abort(),
                LateAction::Wait { until: wake } => {
                    let now = self.clock.now();
                    let listens = late.is_busy() || (heard.is_none() && now < until);
                    if !listens || now >= give_up || cancel.is_requested() {
                        break;
                    }
                    let wake = wake.map_or(until, |wake| wake.min(give_up));
                    let received = self.link.receive(&mut buffer, wake.since(now).min(GLANCE));
                    late.handle_received(self.clock.now(), received, &buffer);
                    late.handle_timeout(self.clock.now());
                }
                LateAction::Done => break,
            }
        }
        self.link.close();
        heard.transpose()
    }

    /// Closes a connection that was left open.
    pub(crate) fn forget_pending(&mut self) {
        let Some(pending) = self.memory.pending.take() else { return };
        if pending.heard.is_some_and(|outcome| !outcome.is_unknown()) {
            return self.link.close();
        }
        self.link.abort();
        // The terminal may still read the request from its own queue.
        if let Some((_, at)) =
            self.memory.sent.as_mut().filter(|(id, _)| *id == pending.request.transaction.id)
        {
            *at = self.clock.now();
        }
    }
}

/// Whether a connection that was left open told anything of a transaction that was decided without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Something,
}

/// What the open connection gave.
enum Heard {
    Answer(Outcome),
    Nothing { left: Duration },
    Closed,
}

pub(crate) const fn busy(record: Record) -> Recovered {
    let finding = RecoveryFinding::Open(Open::Unclear);
    Recovered { record, finding, evidence: Evidence::Busy, mismatch: None }
}

/// Whether the terminal that is reached now may be asked about this transaction.
pub(super) fn may_ask(
    journal: &dyn Journal,
    reach: &Reach<'_>,
    record: &Record,
    at_new_address: bool,
) -> Result<Asking, JournalError> {
    let found = reach.identity_for(&TerminalIdentity::of(record.transaction()));
    Ok(ask::may_ask(&records_for_asking(journal, record, &found)?, record, &found, at_new_address))
}

/// Keeps what a message said of this transaction: the first that proves something, or else the last. One that contradicts it
/// is in the journal as a dispute. Says whether the message is filed.
fn keep(
    heard: &mut Option<Result<Found, JournalError>>,
    record: &Record,
    filed: Result<Option<FiledResult>, JournalError>,
) -> bool {
    let late = match filed {
        Ok(late) => late,
        Err(error) => {
            *heard = Some(Err(error));
            return false;
        }
    };
    let is_proven = |found: &Found| !matches!(found.finding, RecoveryFinding::Open(_));
    if let Some(FiledResult { id, outcome, finding: Some(finding), mismatch, .. }) = late
        && id == record.id()
        && !matches!(heard, Some(Ok(found)) if is_proven(found))
    {
        *heard = Some(Ok(Found { finding, evidence: Evidence::LateResult(outcome), mismatch }));
    }
    true
}

/// Writes what was found, if that is something and is not written yet.
fn settle(
    journal: &mut dyn Journal,
    lock: &TerminalLock,
    id: &TransactionId,
    finding: RecoveryFinding,
    evidence: &Evidence,
) -> Result<(), JournalError> {
    let Some(decision) = decision(finding, evidence) else { return Ok(()) };
    if journal.find(id)?.is_some_and(|record| record.decision().is_some()) {
        return Ok(());
    }
    journal.resolve(lock, id, &decision, WallTime::now())
}

/// What is written of a finding; nothing where there is none.
fn decision(finding: RecoveryFinding, evidence: &Evidence) -> Option<Decision> {
    let paid = finding.paid()?;
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
