//! Drives the machine: the only place that waits.

use std::time::Duration;

use caisse_hal::{Clock, Instant, Link};
use caisse_journal::{Dispute, Journal, JournalError, Order, Paid, TerminalLock, WallTime};
use caisse_payment::entry::{End, Entry, RawStatus};
use caisse_payment::{Blocked, NotSent, Outcome, TransactionId, Verdict};
use caisse_transaction::till::Contradiction;
use caisse_transaction::{Action, Event, TillMachine, WriteError};

use crate::builder::peer_name;
use crate::cancel::{CancelHandle, Wish};
use crate::late::Ear;

/// How often a wait looks for a wish to cancel.
const GLANCE: Duration = Duration::from_millis(50);

/// What the machine is driven with.
pub(crate) struct Driver<'d> {
    pub(crate) link: &'d mut dyn Link,
    pub(crate) clock: &'d dyn Clock,
    pub(crate) journal: &'d mut dyn Journal,
    pub(crate) cancel: &'d CancelHandle,
    /// Who took responsibility for the transaction, to be written before it leaves.
    pub(crate) order: Option<&'d Order>,
    /// The terminal, held.
    pub(crate) lock: &'d TerminalLock,
    /// Who hears what is not for this payment.
    pub(crate) ear: Ear,
}

impl Driver<'_> {
    /// Runs a started machine to its end. `on_verdict` is called as soon as there is a report.
    pub(crate) fn run(
        &mut self,
        machine: &mut TillMachine<'_>,
        on_event: &mut dyn FnMut(Event),
        on_verdict: &mut dyn FnMut(&TillMachine<'_>),
    ) {
        let mut told = Wish::Nothing;
        let mut buffer = [0; 2048];
        loop {
            let wish = self.cancel.wish();
            if wish > told {
                told = wish;
                let now = self.clock.now();
                if wish == Wish::GiveUp { machine.give_up(now) } else { machine.request_cancel(now) }
            }
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Done(_) => return,
                Action::Event(event) => on_event(event),
                Action::Persist(body) => {
                    let filed = self.ear.file(self.journal, self.lock, body);
                    let now = self.clock.now();
                    match filed {
                        Ok(_) => machine.handle_persisted(now),
                        Err(_) => machine.handle_persist_failed(now),
                    }
                }
                Action::Close => self.link.close(),
                Action::Verdict(_) => on_verdict(machine),
                Action::Abort => self.link.abort(),
                Action::Record(entry) => {
                    let written = record(self.journal, &entry, self.order);
                    machine.handle_written(self.clock.now(), written);
                }
                Action::Dispute(contradiction) => {
                    let written = dispute(self.journal, &contradiction);
                    machine.handle_written(self.clock.now(), written);
                }
                Action::Look => self.listen(machine, &mut buffer, Duration::ZERO),
                Action::Connect => {
                    let is_stopped = || self.cancel.is_requested();
                    let opened = self.link.connect_unless(self.left(deadline), &is_stopped);
                    let address = opened.map(|()| self.link.peer().and_then(peer_name));
                    self.ear.terminal.address = address.ok().flatten().or(self.ear.terminal.address);
                    machine.handle_connected(self.clock.now(), address);
                }
                Action::Send(bytes) => {
                    let length = bytes.len();
                    let sent = self.link.send(bytes, self.left(deadline));
                    machine.handle_sent(self.clock.now(), sent);
                    if sent == Ok(length) {
                        self.drain(machine);
                    }
                }
                Action::Wait { until } => {
                    let timeout = self.left(until).min(GLANCE);
                    self.listen(machine, &mut buffer, timeout);
                    machine.handle_timeout(self.clock.now());
                }
            }
        }
    }

    /// Reports to the machine what comes within this time.
    fn listen(&mut self, machine: &mut TillMachine<'_>, buffer: &mut [u8], timeout: Duration) {
        let received = self.link.receive(buffer, timeout);
        machine.handle_received(self.clock.now(), received, buffer);
    }

    /// Waits until what was accepted has left: the timers of an acknowledgement start there.
    fn drain(&mut self, machine: &mut TillMachine<'_>) {
        let within = self.left(machine.deadline());
        let drained = self.link.drain(within);
        machine.handle_drained(self.clock.now(), drained);
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(GLANCE, |deadline| deadline.since(self.clock.now()))
    }
}

/// Writes an entry, and with a start the order behind it. A start whose order cannot be written has ended: the error says
/// that nothing may leave.
pub(crate) fn record(
    journal: &mut dyn Journal,
    entry: &Entry,
    order: Option<&Order>,
) -> Result<(), WriteError> {
    append(journal, entry, order).map_err(|error| match error {
        JournalError::Locked => WriteError::Busy,
        // Somebody used the id, or the terminal, since the journal was asked.
        JournalError::Conflict if matches!(journal.find(&entry.id()), Ok(None)) => {
            WriteError::Failed(Blocked::Unresolved)
        }
        JournalError::Conflict => WriteError::Failed(Blocked::IdConflict),
        error => WriteError::Failed(error.blocks()),
    })
}

fn append(journal: &mut dyn Journal, entry: &Entry, order: Option<&Order>) -> Result<(), JournalError> {
    match journal.append(entry, WallTime::now()) {
        Err(JournalError::Conflict) if is_recorded(journal, entry) => {}
        written => written?,
    }
    let (Entry::Started(start), Some(order)) = (entry, order) else { return Ok(()) };
    journal.order(&start.id, order, WallTime::now()).inspect_err(|_| {
        // If this cannot be written either, the start blocks until a person has decided.
        let _ = journal.append(&Entry::Ended(nothing_sent(start.id)), WallTime::now());
    })
}

/// Writes that later bytes contradict the recorded end.
pub(crate) fn dispute(journal: &mut dyn Journal, contradiction: &Contradiction) -> Result<(), WriteError> {
    let paid = contradiction.paid().map_or(Paid::NotPaid, Paid::Paid);
    // The words are ours, and no transaction is of nothing: this is always a dispute.
    let Ok(dispute) = Dispute::new(paid, contradiction.because()) else { return Ok(()) };
    journal.dispute(&contradiction.id, &dispute, WallTime::now()).map_err(|error| match error {
        JournalError::Locked => WriteError::Busy,
        _ => WriteError::Failed(Blocked::JournalUnavailable),
    })
}

/// Whether the journal already holds the outcome of this end.
fn is_recorded(journal: &dyn Journal, entry: &Entry) -> bool {
    let Entry::Ended(end) = entry else { return false };
    let known = journal.find(&end.id).ok().flatten().and_then(|record| record.end);
    known.is_some_and(|known| known.verdict.outcome == end.verdict.outcome)
}

/// The end of what was given up before anything was sent.
fn nothing_sent(id: TransactionId) -> End {
    End {
        id,
        verdict: Verdict::nothing_sent(Outcome::NotSent { reason: NotSent::Cancelled }),
        authorisation: None,
        contract: None,
        serial_number: None,
        reported_amount: None,
        last_four: None,
        status: RawStatus::default(),
    }
}
