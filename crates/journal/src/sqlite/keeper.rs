//! Work for which no payment waits: a thread that writes the log into the database file once nothing was written for a moment,
//! and checks the whole journal in portions while the till is idle.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::check::FullCheck;
use super::check::Portion;
use super::engine::{Engine, Idleness};
use crate::{JournalError, Patience, WallTime};

/// How long the log waits for another process that writes.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long nothing is written before a portion is checked, and from one portion to the next.
const IDLE: Duration = Duration::from_secs(1);
/// How many rows a portion has.
const PORTION: usize = 200;
/// How old the last full check may be before the next one begins, in milliseconds: a day.
const CHECKED_FOR: u64 = 24 * 3600 * 1000;

/// The thread, once it runs.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    /// Starts the thread, unless it runs. Where the system gives none, the log is written into the file by payments.
    pub(super) fn start(&self, engine: &Arc<Engine>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let engine = Arc::clone(engine);
            let named = thread::Builder::new().name("caisse-journal".to_owned());
            *thread = named.spawn(move || keep(&engine)).ok();
        }
    }

    /// Waits for the thread to end, which it was told to.
    pub(super) fn end(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = thread.map(JoinHandle::join);
    }
}

fn keep(engine: &Engine) {
    let mut portion = None;
    loop {
        match engine.wait_for_idleness(IDLE) {
            Idleness::Closing => return,
            // What cannot be done now is done after the next write.
            Idleness::Written => {
                let patience = Patience::new(PATIENCE);
                let _ = engine.alone(patience.wait(), |pen| pen.tidy(&engine.site));
            }
            Idleness::Idle => {
                if let Err(error @ JournalError::Corrupt { .. }) = check(engine, &mut portion) {
                    engine.refuse_payments(error);
                }
            }
        }
    }
}

/// Checks a portion, if the last full check is old.
fn check(engine: &Engine, portion: &mut Option<Portion>) -> Result<(), JournalError> {
    let site = &engine.site;
    let is_recent = |check: FullCheck| {
        WallTime::now().millis().checked_sub(check.at.millis()).is_some_and(|age| age < CHECKED_FOR)
    };
    if portion.is_none() && FullCheck::read(&site.location).is_some_and(is_recent) {
        return Ok(());
    }
    let earlier = portion.take();
    let next = engine.read(|connection, _| Portion::go_on(earlier, connection, PORTION))?;
    match next.ended() {
        Some(checked) => checked.note(&site.location, &site.file),
        None => *portion = Some(next),
    }
    Ok(())
}
