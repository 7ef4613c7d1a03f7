//! Drives the machine: the only place that waits.

use std::time::Duration;

use caisse_hal::{Clock, ConnectError, Instant, Link};
use caisse_journal::{
    Dispute, Event, FiledResult, Filing, Journal, JournalError, OperatorOverride, Paid, Patience,
    TerminalLock, WallTime,
};
use caisse_payment::{Blocked, NotSent, Outcome, TerminalId, TransactionId, Verdict};
use caisse_transaction::till::Contradiction;
use caisse_transaction::{Action, TillMachine, WriteError};

use crate::builder::peer_name;
use crate::cancel::{CancelHandle, StopRequest};
use crate::late::LateResultFiler;

/// How long one attempt to write what has happened waits for a busy journal.
const AGAIN: Duration = Duration::from_secs(5);

/// How often a wait looks for a wish to cancel.
const GLANCE: Duration = Duration::from_millis(50);

/// What the machine is driven with.
pub(crate) struct Driver<'d> {
    pub(crate) link: &'d mut dyn Link,
    pub(crate) clock: &'d dyn Clock,
    pub(crate) journal: &'d mut dyn Journal,
    pub(crate) cancel: &'d CancelHandle,
    /// Who took responsibility for the transaction, to be written before it leaves.
    pub(crate) operator_override: Option<&'d OperatorOverride>,
    /// The terminal, held.
    pub(crate) lock: &'d TerminalLock,
    /// Stores the results that belong to other transactions.
    pub(crate) filer: LateResultFiler,
}

impl Driver<'_> {
    /// Runs a started machine to its end. `on_verdict` is called as soon as there is a report.
    pub(crate) fn run(
        &mut self,
        machine: &mut TillMachine<'_>,
        on_event: &mut dyn FnMut(caisse_transaction::Event),
        on_verdict: &mut dyn FnMut(&TillMachine<'_>),
    ) {
        let (mut heeded, mut buffer) = (StopRequest::Nothing, [0; 2048]);
        loop {
            heed(self.cancel, self.clock, machine, &mut heeded);
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Connect => {
                    let opened = self.connect(deadline);
                    machine.handle_connected(self.clock.now(), opened);
                }
                Action::RecordStart(transaction) => {
                    let start = Event::Started(transaction);
                    self.record(machine, &transaction.id, &start);
                }
                Action::RecordEnd(id, conclusion) => self.record(machine, &id, &Event::Ended(conclusion)),
                Action::RecordNeverSent(transaction, conclusion) => {
                    let never_sent = Event::NeverSent(transaction, conclusion);
                    self.record(machine, &transaction.id, &never_sent);
                }
                Action::Dispute(contradiction) => {
                    let written = dispute(self.journal, &contradiction);
                    machine.handle_written(self.clock.now(), written);
                }
                Action::Persist(body) => match self.filer.file(self.journal, self.lock, body) {
                    Ok(filed) if contradicts(filed) => machine.handle_contradiction(self.clock.now()),
                    Ok(_) => machine.handle_persisted(self.clock.now()),
                    Err(_) => machine.handle_persist_failed(self.clock.now()),
                },
                Action::Look => {
                    let received = self.link.receive(&mut buffer, Duration::ZERO);
                    machine.handle_received(self.clock.now(), received, &buffer);
                }
                Action::Send(bytes) => {
                    let sent = self.link.send(bytes, self.left(deadline));
                    machine.handle_sent(self.clock.now(), sent);
                }
                Action::Drain => {
                    let drained = self.link.drain(self.left(deadline));
                    machine.handle_drained(self.clock.now(), drained);
                }
                Action::Close => self.link.close(),
                Action::Abort => self.link.abort(),
                Action::Event(event) => on_event(event),
                Action::Verdict(_) => on_verdict(machine),
                Action::Wait { until } => {
                    let received = self.link.receive(&mut buffer, self.left(until).min(GLANCE));
                    machine.handle_received(self.clock.now(), received, &buffer);
                    machine.handle_timeout(self.clock.now());
                }
                Action::Done(_) => return,
            }
        }
    }

    fn record(&mut self, machine: &mut TillMachine<'_>, id: &TransactionId, event: &Event) {
        let written = record(self.journal, id, event, self.operator_override, self.cancel);
        machine.handle_written(self.clock.now(), written);
    }

    /// Connects; returns the address, if it is known.
    fn connect(&mut self, deadline: Option<Instant>) -> Result<Option<TerminalId>, ConnectError> {
        self.link.connect_unless(self.left(deadline), &|| self.cancel.is_requested())?;
        let address = self.link.peer().and_then(peer_name);
        self.filer.terminal.address = address.or(self.filer.terminal.address);
        Ok(address)
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(GLANCE, |deadline| deadline.since(self.clock.now()))
    }
}

/// Passes a wish to stop on to the machine, once.
pub(crate) fn heed(
    cancel: &CancelHandle,
    clock: &dyn Clock,
    machine: &mut TillMachine<'_>,
    heeded: &mut StopRequest,
) {
    let wish = cancel.wish();
    if wish > *heeded {
        *heeded = wish;
        let now = clock.now();
        if wish == StopRequest::GiveUp { machine.give_up(now) } else { machine.request_cancel(now) }
    }
}

/// Writes an event, and after a start the operator's override. A start whose override cannot be written has ended: the error
/// says that nothing may leave.
pub(crate) fn record(
    journal: &mut dyn Journal,
    id: &TransactionId,
    event: &Event,
    operator_override: Option<&OperatorOverride>,
    cancel: &CancelHandle,
) -> Result<(), WriteError> {
    journal.set_patience(patience(event, cancel.clone()));
    append(journal, id, event, operator_override).map_err(|error| match error {
        JournalError::Locked => WriteError::Busy,
        // Somebody used the id, or the terminal, since the journal was asked.
        JournalError::Conflict if matches!(journal.find(id), Ok(None)) => {
            WriteError::Failed(Blocked::Unresolved)
        }
        JournalError::Conflict => WriteError::Failed(Blocked::IdConflict),
        error => WriteError::Failed(error.blocks()),
    })
}

/// How long a write waits for a journal that other tills are writing to. A payment that has not begun waits its turn, and can be
/// cancelled meanwhile. What has happened is written again and again by the machine, for longer than this.
fn patience(event: &Event, cancel: CancelHandle) -> Patience {
    match event {
        Event::Started(_) | Event::NeverSent(..) => Patience::default().unless(move || cancel.is_requested()),
        _ => Patience::new(AGAIN).unless(move || cancel.wish() == StopRequest::GiveUp),
    }
}

fn append(
    journal: &mut dyn Journal,
    id: &TransactionId,
    event: &Event,
    operator_override: Option<&OperatorOverride>,
) -> Result<(), JournalError> {
    match journal.append(id, event, WallTime::now()) {
        Err(JournalError::Conflict) if is_recorded(journal, id, event) => {}
        written => written?,
    }
    let (Event::Started(_), Some(person)) = (event, operator_override) else { return Ok(()) };
    journal.append(id, &Event::Overridden(person.clone()), WallTime::now()).inspect_err(|_| {
        // If this cannot be written either, the start blocks until a person has decided.
        let nothing_sent = Verdict::nothing_sent(Outcome::NotSent { reason: NotSent::Cancelled });
        let _ = journal.append(id, &Event::Ended(nothing_sent.into()), WallTime::now());
    })
}

/// Writes that later bytes contradict the recorded end.
pub(crate) fn dispute(journal: &mut dyn Journal, contradiction: &Contradiction) -> Result<(), WriteError> {
    let paid = contradiction.paid().map_or(Paid::NotPaid, Paid::Paid);
    // The words are ours, and no transaction is of nothing: this is always a dispute.
    let Ok(dispute) = Dispute::new(paid, contradiction.because()) else { return Ok(()) };
    journal.append(&contradiction.id, &Event::Disputed(dispute), WallTime::now()).map_err(|error| match error
    {
        JournalError::Locked => WriteError::Busy,
        _ => WriteError::Failed(Blocked::JournalUnavailable),
    })
}

/// Whether the journal already holds the outcome of this end.
fn is_recorded(journal: &dyn Journal, id: &TransactionId, event: &Event) -> bool {
    let Event::Ended(end) = event else { return false };
    let known = journal.find(id).ok().flatten();
    known
        .and_then(|record| record.conclusion().copied())
        .is_some_and(|known| known.verdict.outcome == end.verdict.outcome)
}

/// Whether a result that was filed contradicts the record of its transaction.
pub(crate) fn contradicts(filed: Option<FiledResult>) -> bool {
    filed.is_some_and(|filed| filed.filing == Filing::Disputed)
}
