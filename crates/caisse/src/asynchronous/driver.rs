//! Drives the machine without blocking: the same calls as the blocking driver, in the same order.

use std::sync::Arc;
use std::time::Duration;

use caisse_hal::{Clock, ConnectError, Instant, Received};
use caisse_journal::{Order, TerminalLock};
use caisse_payment::Blocked;
use caisse_payment::entry::Entry;
use caisse_transaction::till::Contradiction;
use caisse_transaction::{Action, TillMachine, WriteError};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;

use super::journal::SharedJournal;
use super::link::AnyLink;
use super::running::Told;
use crate::CancelHandle;
use crate::builder::peer_name;
use crate::cancel::Wish;
use crate::driver::{dispute, record};
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
                    machine.handle_written(self.clock.now(), written);
                }
                Action::Dispute(contradiction) => {
                    let written = write_dispute(self.journal.clone(), contradiction).await;
                    machine.handle_written(self.clock.now(), written);
                }
                Action::Look => self.listen(machine, &mut buffer, Duration::ZERO).await,
                Action::Connect => {
                    let opened = self.connect(self.left(deadline)).await;
                    let address = opened.map(|()| self.link.peer().and_then(peer_name));
                    self.ear.terminal.address = address.ok().flatten().or(self.ear.terminal.address);
                    machine.handle_connected(self.clock.now(), address);
                }
                Action::Send(bytes) => {
                    let length = bytes.len();
                    let sent = self.link.send(bytes, self.left(deadline)).await;
                    machine.handle_sent(self.clock.now(), sent);
                    if sent == Ok(length) {
                        self.drain(machine).await;
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

    /// Reports to the machine what comes within this time. A wish ends the wait.
    async fn listen(&mut self, machine: &mut TillMachine<'_>, buffer: &mut [u8], timeout: Duration) {
        let received = tokio::select! {
            biased;
            received = self.link.receive(buffer, timeout) => received,
            // No byte is lost: the next call gives it.
            () = self.wake.notified(), if !timeout.is_zero() => Ok(Received::Nothing),
        };
        machine.handle_received(self.clock.now(), received, buffer);
    }

    async fn drain(&mut self, machine: &mut TillMachine<'_>) {
        let drained = self.link.drain(self.left(machine.deadline())).await;
        machine.handle_drained(self.clock.now(), drained);
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(LONG, |deadline| deadline.since(self.clock.now()))
    }
}

/// Files a message on a thread that may block; says whether that went well.
async fn file(ear: Ear, mut journal: SharedJournal, lock: Arc<TerminalLock>, body: Vec<u8>) -> bool {
    spawn_blocking(move || ear.file(&mut journal, &lock, &body).is_ok()).await.unwrap_or(false)
}

/// Writes on a thread that may block.
async fn write(mut journal: SharedJournal, entry: Entry, order: Option<Order>) -> Result<(), WriteError> {
    let write = move || record(&mut journal, &entry, order.as_ref());
    // A write that panicked may have happened, and may not.
    spawn_blocking(write).await.unwrap_or(Err(WriteError::Failed(Blocked::JournalUnavailable)))
}

/// Writes a dispute on a thread that may block.
async fn write_dispute(mut journal: SharedJournal, contradiction: Contradiction) -> Result<(), WriteError> {
    let write = move || dispute(&mut journal, &contradiction);
    spawn_blocking(write).await.unwrap_or(Err(WriteError::Failed(Blocked::JournalUnavailable)))
}
