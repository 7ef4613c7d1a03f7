//! Results that may still come on a line with sessions, after the till has stopped waiting or a person has decided.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caisse_journal::{
    FiledResult, Journal, JournalError, RecordedEvent, Reporter, TerminalLock, WallTime, file_result,
};
use caisse_payment::{Transaction, TransactionId};
use caisse_settlement::TerminalIdentity;
use caisse_settlement::late::{Clocks, may_still_come};
use caisse_transaction::till::read_result;
use caisse_transaction::{Dialect, Instant};

/// Since when a till has waited for the results of transactions that were decided without them.
#[derive(Clone, Debug)]
pub(crate) struct SettlementDelay {
    /// When the till was set up, by both clocks.
    set_up: (Instant, WallTime),
    /// The transactions that were asked about, and when they first were.
    watched: Arc<Mutex<HashMap<TransactionId, Instant>>>,
}

impl SettlementDelay {
    pub(crate) fn new(now: Instant) -> Self {
        Self { set_up: (now, WallTime::now()), watched: Arc::default() }
    }

    /// Whether the terminal may still be processing a transaction of which these events were written.
    pub(crate) fn may_still_come(
        &self,
        id: &TransactionId,
        events: &[RecordedEvent],
        longest: Duration,
        now: Instant,
    ) -> bool {
        let (set_up, wall_at_setup) = self.set_up;
        let clocks = Clocks { wall: WallTime::now(), wall_at_setup, since_setup: now.since(set_up) };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *watched.entry(*id).or_insert(now);
        may_still_come(events, longest, &clocks, now.since(first))
    }
}

/// Files what a terminal reports on its line beside the answer to the transaction that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LateResultFiler {
    /// The terminal, as it is reached now.
    pub(crate) terminal: TerminalIdentity,
    pub(crate) dialect: Dialect,
    pub(crate) exclusive: bool,
    /// The transaction that runs.
    pub(crate) running: Option<TransactionId>,
}

impl LateResultFiler {
    /// Files a message before it is acknowledged. Nothing when it is about no transaction of the journal.
    pub(crate) fn file(
        &self,
        journal: &mut dyn Journal,
        lock: &TerminalLock,
        body: &[u8],
    ) -> Result<Option<FiledResult>, JournalError> {
        let Self { terminal, dialect, exclusive, running } = *self;
        let read = |asked: &Transaction| read_result(&dialect, asked, body);
        file_result(journal, lock, &Reporter { terminal, exclusive, running }, read)
    }
}
