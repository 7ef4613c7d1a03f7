//! Drives the machine without blocking: the same calls as the blocking driver, in the same order.

use std::sync::Arc;
use std::time::Duration;

use caisse_hal::{Clock, ConnectError, Instant, ReceiveError, Received};
use caisse_journal::{Event, FiledResult, OperatorOverride, TerminalLock};
use caisse_payment::{Blocked, TerminalId, TransactionId};
use caisse_transaction::till::Contradiction;
use caisse_transaction::{Action, TillMachine, WriteError};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;

use super::journal::SharedJournal;
use super::link::AnyLink;
use super::running::Told;
use crate::CancelHandle;
use crate::builder::peer_name;
use crate::cancel::StopRequest;
use crate::driver::{contradicts, dispute, heed, record};
use crate::late::LateResultFiler;

/// What the machine is driven with.
pub(super) struct Driver<'d> {
    pub(super) link: &'d mut dyn AnyLink,
    pub(super) clock: &'d (dyn Clock + Send + Sync),
    pub(super) journal: &'d SharedJournal,
    pub(super) operator_override: Option<OperatorOverride>,
    /// The terminal, held.
    pub(super) lock: &'d Arc<TerminalLock>,
    /// Stores the results that belong to other transactions.
    pub(super) filer: LateResultFiler,
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
        let (mut heeded, mut buffer) = (StopRequest::Nothing, [0; 2048]);
        loop {
            heed(self.cancel, self.clock, machine, &mut heeded);
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Connect => {
                    let opened = self.connect(deadline).await;
                    machine.handle_connected(self.clock.now(), opened);
                }
                Action::RecordStart(transaction) => {
                    self.record(machine, transaction.id, Event::Started(transaction)).await;
                }
                Action::RecordEnd(id, conclusion) => {
                    self.record(machine, id, Event::Ended(conclusion)).await;
                }
                Action::RecordNeverSent(transaction, conclusion) => {
                    self.record(machine, transaction.id, Event::NeverSent(transaction, conclusion)).await;
                }
                Action::Dispute(contradiction) => {
                    let written = write_dispute(self.journal.clone(), contradiction).await;
                    machine.handle_written(self.clock.now(), written);
                }
                Action::Persist(body) => match self.file(body.to_vec()).await {
                    Ok(filed) if contradicts(filed) => machine.handle_contradiction(self.clock.now()),
                    Ok(_) => machine.handle_persisted(self.clock.now()),
                    Err(NotFiled) => machine.handle_persist_failed(self.clock.now()),
                },
                Action::Look => {
                    let received = self.link.receive(&mut buffer, Duration::ZERO).await;
                    machine.handle_received(self.clock.now(), received, &buffer);
                }
                Action::Send(bytes) => {
                    let sent = self.link.send(bytes, self.left(deadline)).await;
                    machine.handle_sent(self.clock.now(), sent);
                }
                Action::Drain => {
                    let drained = self.link.drain(self.left(deadline)).await;
                    machine.handle_drained(self.clock.now(), drained);
                }
                Action::Close => self.link.close().await,
                Action::Abort => self.link.abort().await,
                Action::Event(event) => self.told.send_modify(|told| told.events.push(event)),
                Action::Verdict(_) => on_verdict(machine),
                Action::Wait { until } => {
                    let received = self.receive(&mut buffer, self.left(until)).await;
                    machine.handle_received(self.clock.now(), received, &buffer);
                    machine.handle_timeout(self.clock.now());
                }
                Action::Done(_) => return,
            }
        }
    }

    /// Writes an event on a thread that may block.
    async fn record(&mut self, machine: &mut TillMachine<'_>, id: TransactionId, event: Event) {
        let (mut journal, cancel) = (self.journal.clone(), self.cancel.clone());
        let operator_override = self.operator_override.clone();
        let write = move || record(&mut journal, &id, &event, operator_override.as_ref(), &cancel);
        // A write that panicked may have happened, and may not.
        let panicked = Err(WriteError::Failed(Blocked::JournalUnavailable));
        let written = spawn_blocking(write).await.unwrap_or(panicked);
        machine.handle_written(self.clock.now(), written);
    }

    /// Connects, unless a stop is requested first; returns the address, if it is known.
    async fn connect(&mut self, deadline: Option<Instant>) -> Result<Option<TerminalId>, ConnectError> {
        let timeout = self.left(deadline);
        let is_stopped = async {
            while !self.cancel.is_requested() {
                self.wake.notified().await;
            }
        };
        tokio::select! {
            result = self.link.connect(timeout) => result?,
            // The attempt is aborted with its future.
            () = is_stopped => return Err(ConnectError::Cancelled),
        }
        let address = self.link.peer().and_then(peer_name);
        self.filer.terminal.address = address.or(self.filer.terminal.address);
        Ok(address)
    }

    /// Takes what comes within this time. A wish ends the wait.
    async fn receive(&mut self, buffer: &mut [u8], timeout: Duration) -> Result<Received, ReceiveError> {
        tokio::select! {
            biased;
            received = self.link.receive(buffer, timeout) => received,
            // No byte is lost: the next call gives it.
            () = self.wake.notified() => Ok(Received::Nothing),
        }
    }

    /// Files a message on a thread that may block.
    async fn file(&mut self, body: Vec<u8>) -> Result<Option<FiledResult>, NotFiled> {
        let (filer, mut journal, lock) = (self.filer, self.journal.clone(), Arc::clone(self.lock));
        let filed = spawn_blocking(move || filer.file(&mut journal, &lock, &body)).await;
        filed.map_err(|_| NotFiled)?.map_err(|_| NotFiled)
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(LONG, |deadline| deadline.since(self.clock.now()))
    }
}

/// A message could not be filed.
struct NotFiled;

/// Writes a dispute on a thread that may block.
async fn write_dispute(mut journal: SharedJournal, contradiction: Contradiction) -> Result<(), WriteError> {
    let write = move || dispute(&mut journal, &contradiction);
    spawn_blocking(write).await.unwrap_or(Err(WriteError::Failed(Blocked::JournalUnavailable)))
}
