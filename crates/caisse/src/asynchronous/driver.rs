//! Drives the machine without blocking: the same calls as the blocking driver, in the same order.

use std::sync::Arc;
use std::time::Duration;

use caisse_hal::{Clock, ConnectError, Instant, Received, SendError};
use caisse_journal::{JournalError, Order, TerminalLock};
use caisse_payment::Blocked;
use caisse_payment::entry::Entry;
use caisse_transaction::till::{Closed, Contradiction};
use caisse_transaction::{Action, TillMachine};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;

use super::journal::SharedJournal;
use super::link::AnyLink;
use super::running::Told;
use crate::CancelHandle;
use crate::builder::peer_name;
use crate::cancel::Wish;
use crate::driver::{blocked_by, dispute, not_connected, record};
use crate::late::Ear;

/// What the machine is driven with.
pub(super) struct Driver<'d> {
    pub(super) link: &'d mut dyn AnyLink,
    pub(super) clock: &'d (dyn Clock + Send + Sync),
    pub(super) journal: &'d SharedJournal,
    pub(super) order: Option<Order>,
    /// The terminal, held.
    pub(super) lock: &'d Arc<TerminalLock>,
    /// Who hears what is not for this payment.
    pub(super) ear: Ear,
    pub(super) cancel: &'d CancelHandle,
    pub(super) wake: &'d Notify,
    pub(super) told: &'d watch::Sender<Told>,
}

/// A wait without an end is cut into these.
const LONG: Duration = Duration::from_secs(60);

impl Driver<'_> {
    /// Runs a started machine to its end. `on_verdict` is called as soon as there is a report.
    pub(super) async fn run(
        &mut self,
        machine: &mut TillMachine<'_>,
        on_verdict: &(dyn Fn(&TillMachine<'_>) + Sync),
    ) {
        let mut listened = Wish::Nothing;
        let mut buffer = [0; 2048];
        loop {
            let wish = self.cancel.wish();
            if wish > listened {
                listened = wish;
                let now = self.clock.now();
                if wish == Wish::GiveUp { machine.give_up(now) } else { machine.request_cancel(now) }
            }
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Done(_) => return,
                Action::Event(event) => self.told.send_modify(|told| told.events.push(event)),
                Action::Persist(body) => {
                    let body = body.to_vec();
                    let filed = file(self.ear, self.journal.clone(), Arc::clone(self.lock), body).await;
                    let now = self.clock.now();
                    if filed {
                        machine.handle_persisted(now);
                    } else {
                        machine.handle_persist_failed(now);
                    }
                }
                Action::Close => self.link.close().await,
                Action::Verdict(_) => on_verdict(machine),
                Action::Abort => self.link.abort().await,
                Action::Record(entry) => {
                    let written = write(self.journal.clone(), entry, self.order.clone()).await;
                    report_write(machine, self.clock.now(), written);
                }
                Action::Dispute(contradiction) => {
                    let written = write_dispute(self.journal.clone(), contradiction).await;
                    report_write(machine, self.clock.now(), written);
                }
                Action::Look => {
                    if !self.listen(machine, &mut buffer, Duration::ZERO).await {
                        machine.handle_idle(self.clock.now());
                    }
                }
                Action::Connect => {
                    let result = self.connect(self.left(deadline)).await;
                    let now = self.clock.now();
                    match result {
                        Ok(()) => {
                            let address = self.link.peer().and_then(peer_name);
                            self.ear.terminal.address = address.or(self.ear.terminal.address);
                            machine.handle_connected_at(now, address);
                        }
                        Err(error) => machine.handle_closed(now, Closed::NotOpened(not_connected(error))),
                    }
                }
                Action::Send(bytes) => {
                    let length = bytes.len();
                    let result = self.link.send(bytes, self.left(deadline)).await;
                    let now = self.clock.now();
                    match result {
                        Ok(accepted) => {
                            machine.handle_sent(now, accepted);
                            if accepted == length {
                                self.drain(machine).await;
                            }
                        }
                        Err(SendError::TimedOut | SendError::Closed) => machine.handle_send_failed(now, 0),
                        Err(SendError::Uncertain) => machine.handle_send_uncertain(now),
                    }
                }
                Action::Wait { until } => {
                    let timeout = self.left(until);
                    self.listen(machine, &mut buffer, timeout).await;
                    machine.handle_timeout(self.clock.now());
                }
            }
        }
    }

    /// Connects, unless a stop is requested first.
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        let is_stopped = async {
            while !self.cancel.is_requested() {
                self.wake.notified().await;
            }
        };
        tokio::select! {
            result = self.link.connect(within) => result,
            // The attempt is aborted with its future.
            () = is_stopped => Err(ConnectError::Cancelled),
        }
    }

    /// Reports to the machine what comes within this time; returns whether anything did. A wish ends the wait.
    async fn listen(&mut self, machine: &mut TillMachine<'_>, buffer: &mut [u8], timeout: Duration) -> bool {
        let result = tokio::select! {
            biased;
            result = self.link.receive(buffer, timeout) => result,
            // No byte is lost: the next call gives it.
            () = self.wake.notified(), if !timeout.is_zero() => return false,
        };
        let now = self.clock.now();
        match result {
            Ok(Received::Bytes(count)) => machine.handle_input(now, buffer.get(..count).unwrap_or_default()),
            Ok(Received::Nothing) => return false,
            Ok(Received::Closed) | Err(_) => machine.handle_closed(now, Closed::ByPeer),
        }
        true
    }

    async fn drain(&mut self, machine: &mut TillMachine<'_>) {
        let drained = self.link.drain(self.left(machine.deadline())).await;
        let now = self.clock.now();
        match drained {
            Ok(()) => machine.handle_drained(now),
            Err(_) => machine.handle_undrained(now),
        }
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(LONG, |deadline| deadline.since(self.clock.now()))
    }
}

/// Files a message on a thread that may block; says whether that went well.
async fn file(ear: Ear, mut journal: SharedJournal, lock: Arc<TerminalLock>, body: Vec<u8>) -> bool {
    spawn_blocking(move || ear.file(&mut journal, &lock, &body).is_ok()).await.unwrap_or(false)
}

/// Why an entry was not written.
enum NotWritten {
    /// Another process keeps the journal busy.
    Busy,
    Failed(Blocked),
}

fn report_write(machine: &mut TillMachine<'_>, now: Instant, written: Result<(), NotWritten>) {
    match written {
        Ok(()) => machine.handle_journaled(now),
        Err(NotWritten::Busy) => machine.handle_journal_busy(now),
        Err(NotWritten::Failed(why)) => machine.handle_journal_failed(now, why),
    }
}

/// Writes on a thread that may block.
async fn write(mut journal: SharedJournal, entry: Entry, order: Option<Order>) -> Result<(), NotWritten> {
    let write = move || {
        record(&mut journal, &entry, order.as_ref()).map_err(|error| match error {
            JournalError::Locked => NotWritten::Busy,
            error => NotWritten::Failed(blocked_by(&journal, &error, &entry)),
        })
    };
    // A write that panicked may have happened, and may not.
    spawn_blocking(write).await.unwrap_or(Err(NotWritten::Failed(Blocked::JournalUnavailable)))
}

/// Writes a dispute on a thread that may block.
async fn write_dispute(mut journal: SharedJournal, contradiction: Contradiction) -> Result<(), NotWritten> {
    let write = move || {
        dispute(&mut journal, &contradiction).map_err(|error| match error {
            JournalError::Locked => NotWritten::Busy,
            _ => NotWritten::Failed(Blocked::JournalUnavailable),
        })
    };
    spawn_blocking(write).await.unwrap_or(Err(NotWritten::Failed(Blocked::JournalUnavailable)))
}
