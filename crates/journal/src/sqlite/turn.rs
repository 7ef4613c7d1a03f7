//! The turn to write: one process after the other, in the order in which they came.
//!
//! The database's own lock goes to whoever tries at the right moment, so that a process may try for ever. Here processes queue
//! along a row of bytes of the database file: whoever has the first one writes. A process goes forward only to the byte before its
//! own, and gives its own back once it has that one, so that no one that waits overtakes another. A process that arrives while the
//! others move up may come before some of them. Locks of bytes end with the process that holds them.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::byte_locks::{self, ByteLock};
use super::registry::{OpenFile, TurnInProcess};
use crate::JournalError;
use crate::patience::Wait;

/// The number of processes that wait in order. Others wait for the last place, in no order.
const PLACES: u64 = 16;

/// How long a process sleeps before it tries again.
const PAUSE: Duration = Duration::from_micros(500);
/// The same once it has waited for [`LONG`].
const LONG_PAUSE: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_millis(100);

/// The turn, until it drops.
#[derive(Debug)]
pub(super) struct Turn {
    _first: ByteLock,
    // Given back after the byte: the next one in this process finds the byte free.
    _in_process: TurnInProcess,
}

impl Turn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// [`Locked`](JournalError::Locked) when the wait is over first.
    pub(super) fn take(file: &Arc<OpenFile>, wait: Wait<'_>) -> Result<Self, JournalError> {
        let began = Instant::now();
        let pause = || {
            if wait.is_over() {
                return Err(JournalError::Locked);
            }
            thread::sleep(if began.elapsed() < LONG { PAUSE } else { LONG_PAUSE });
            Ok(())
        };
        let in_process = loop {
            match file.turn_in_process() {
                Some(turn) => break turn,
                None => pause()?,
            }
        };
        let try_lock = |place| {
            byte_locks::try_lock_place(file.file(), place)
                .map_err(|error| JournalError::NoLocks { what: error.to_string() })
        };
        // Where nobody waits, the second place is free and leads to the first one.
        let (mut place, mut held) = match try_lock(1)? {
            Some(second) => (1, Some(second)),
            None => (PLACES, None),
        };
        while let Some(next) = place.checked_sub(1) {
            match try_lock(next)? {
                // The place behind is given back now.
                Some(lock) => (place, held) = (next, Some(lock)),
                None => pause()?,
            }
        }
        match held {
            Some(first) => Ok(Self { _first: first, _in_process: in_process }),
            None => Err(JournalError::Locked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Patience;

    #[test]
    fn one_has_the_turn_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = OpenFile::open(&folder.path().join("journal.db")).unwrap();
        let none = Patience::new(Duration::ZERO);
        let turn = Turn::take(&file, none.wait()).unwrap();
        assert_eq!(Turn::take(&file, none.wait()).unwrap_err(), JournalError::Locked);
        drop(turn);
        drop(Turn::take(&file, none.wait()).unwrap());
    }
}
