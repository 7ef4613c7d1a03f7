//! The journal file within a process: all its tills share one connection, and what they write at the same time becomes durable
//! with one sync.
//!
//! Each caller does its own work on its own thread. Whoever has the pen writes; whoever finds that others wait leaves the batch
//! open for them, and the last one makes the whole batch durable. No one is told that a write succeeded before the sync that
//! contains it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::identity::{FileIdentity, FileState};
use super::keeper::Keeper;
use super::location::Location;
use super::open::{self, Purpose, Site};
use super::pen::{Outcome, Pen};
use super::state::Current;
use super::turn::Turn;
use super::writing::Writer;
use crate::patience::Wait;
use crate::{Care, JournalError, Patience};

/// How often a waiting caller looks whether its patience has ended.
const SLICE: Duration = Duration::from_millis(10);
/// How long closing a journal waits for a process that writes.
const CLOSING: Duration = Duration::from_secs(2);
/// How long after a write the log is written into the file, unless it was set otherwise.
const CHECKPOINT_DELAY: Duration = Duration::from_millis(100);

/// A journal file that this process has open, shared by all its handles.
pub(super) struct Engine {
    pub(super) site: Site,
    gate: Mutex<Gate>,
    changed: Condvar,
    /// Wakes the keeper: for the first write that it has not seen, and for the end.
    keeper: Condvar,
}

/// Who may write.
struct Gate {
    /// Nothing while somebody has it.
    pen: Option<Box<Pen>>,
    /// Whether somebody waits for the turn of this process, or has it: until the batch is closed.
    has_turn: bool,
    /// The callers that wait to add to a batch.
    writers: usize,
    /// The callers that wait to be alone. They come before the next batch.
    visitors: usize,
    /// Why nothing can be read or written any more.
    lost: Option<JournalError>,
    /// Why no payment may begin any more.
    damaged: Option<JournalError>,
    /// The callers that sleep until something has changed.
    sleepers: usize,
    /// When the last batch was closed, if the keeper has not been here since.
    written_at: Option<Instant>,
    /// How long after a write the log is written into the file.
    checkpoint_delay: Duration,
    /// Whether the keeper has to end.
    is_closing: bool,
}

impl Engine {
    fn new(site: Site, pen: Pen) -> Self {
        let gate = Gate {
            pen: Some(Box::new(pen)),
            has_turn: false,
            writers: 0,
            visitors: 0,
            lost: None,
            damaged: None,
            sleepers: 0,
            written_at: None,
            checkpoint_delay: CHECKPOINT_DELAY,
            is_closing: false,
        };
        Self { site, gate: Mutex::new(gate), changed: Condvar::new(), keeper: Condvar::new() }
    }

    /// Reads in one snapshot. No other caller uses the pen meanwhile: `read` returns soon, and calls no code of the caller's.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection, &mut Option<Current>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut gate = self.gate();
        loop {
            if let Some(pen) = gate.pen.take_if(|pen| !pen.has_batch()) {
                drop(gate);
                let mut held = Held { engine: self, pen: Some(pen) };
                return held.pen().and_then(|pen| pen.read(read));
            }
            gate.check()?;
            gate = self.wait(gate);
        }
    }

    /// Checks and writes, together with what others write at the same time, and returns once it is durable.
    pub(super) fn write<T>(
        &self,
        patience: &Patience,
        care: Care,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut held = self.join(patience.wait(), care)?;
        let pen = held.pen()?;
        let written = pen.add(&self.site, care, write);
        let outcome = pen.outcome();
        if pen.is_empty() {
            pen.abandon();
            self.gate().has_turn = false;
            return written;
        }
        held.leave();
        match (written, outcome) {
            (Ok(value), Some(outcome)) => self.outcome(&outcome).map(|()| value),
            (written, _) => written,
        }
    }

    /// Waits for the pen with an open batch.
    fn join(&self, wait: Wait<'_>, care: Care) -> Result<Held<'_>, JournalError> {
        let mut gate = self.gate();
        gate.writers = gate.writers.saturating_add(1);
        let joined = loop {
            if let Err(error) = gate.check().and_then(|()| gate.check_care(care)) {
                break Err(error);
            }
            // A batch that rests here has room: whoever fills one closes it.
            if let Some(pen) = gate.pen.take_if(|pen| pen.has_batch()) {
                break Ok(Held { engine: self, pen: Some(pen) });
            }
            if wait.is_over() {
                break Err(JournalError::Locked);
            }
            if gate.has_turn || gate.visitors > 0 {
                gate = self.wait(gate);
                continue;
            }
            gate.has_turn = true;
            drop(gate);
            let begun = self.with_turn(wait, |pen, turn| pen.begin(&self.site, turn, care));
            gate = self.gate();
            if begun.is_err() {
                gate.has_turn = false;
                self.wake(&gate);
            }
            break begun;
        };
        gate.writers = gate.writers.saturating_sub(1);
        if joined.is_err() && gate.writers == 0 {
            // The others of a batch may have waited for this one.
            if let Some(pen) = gate.pen.take_if(|pen| pen.has_batch()) {
                drop(gate);
                Held { engine: self, pen: Some(pen) }.leave();
            }
        }
        joined
    }

    /// Waits for the turn of this process, and then for the pen. Tries again while another program writes to the file.
    fn with_turn(
        &self,
        wait: Wait<'_>,
        mut begin: impl FnMut(&mut Pen, Turn) -> Result<(), JournalError>,
    ) -> Result<Held<'_>, JournalError> {
        loop {
            let turn = Turn::take(&self.site.file, wait)?;
            let mut gate = self.gate();
            let pen = loop {
                // Nobody else opens a batch now.
                if let Some(pen) = gate.pen.take() {
                    break pen;
                }
                gate.check()?;
                gate = self.wait(gate);
            };
            drop(gate);
            let mut held = Held { engine: self, pen: Some(pen) };
            match begin(held.pen()?, turn) {
                Ok(()) => return Ok(held),
                Err(JournalError::Locked) if !wait.is_over() => {}
                Err(error) => return Err(error),
            }
            drop(held);
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Does something with the pen while no other process writes, and outside of any batch.
    pub(super) fn alone<T>(
        &self,
        wait: Wait<'_>,
        mut act: impl FnMut(&mut Pen) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut gate = self.gate();
        gate.visitors = gate.visitors.saturating_add(1);
        let free = loop {
            if let Err(error) = gate.check() {
                break Err(error);
            }
            if !gate.has_turn {
                break Ok(());
            }
            if wait.is_over() {
                break Err(JournalError::Locked);
            }
            gate = self.wait(gate);
        };
        gate.visitors = gate.visitors.saturating_sub(1);
        gate.has_turn |= free.is_ok();
        drop(gate);
        free?;
        let mut value = None;
        let done = self.with_turn(wait, |pen, _turn| {
            value = Some(act(pen)?);
            Ok(())
        });
        self.gate().has_turn = false;
        // The pen goes back.
        drop(done?);
        value.ok_or(JournalError::Locked)
    }

    /// Waits until it is known what became of a batch.
    fn outcome(&self, outcome: &Outcome) -> Result<(), JournalError> {
        let mut gate = self.gate();
        loop {
            if let Some(known) = outcome.get() {
                return known.clone();
            }
            gate.check()?;
            gate = self.wait(gate);
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // No code between two locks of the gate leaves it half changed.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, mut gate: MutexGuard<'g, Gate>) -> MutexGuard<'g, Gate> {
        gate.sleepers = gate.sleepers.saturating_add(1);
        let waited = self.changed.wait_timeout(gate, SLICE);
        let mut gate = waited.unwrap_or_else(PoisonError::into_inner).0;
        gate.sleepers = gate.sleepers.saturating_sub(1);
        gate
    }

    /// Wakes those that wait for a change. Waking nobody would be a call of the system too.
    fn wake(&self, gate: &Gate) {
        if gate.sleepers > 0 {
            self.changed.notify_all();
        }
    }

    /// Waits until the log has to be written into the file, until nothing was written for this long, or until the journal is
    /// closed.
    pub(super) fn wait_for_idleness(&self, idle: Duration) -> Idleness {
        let began = Instant::now();
        let mut gate = self.gate();
        loop {
            if gate.is_closing || gate.lost.is_some() {
                return Idleness::Closing;
            }
            let left = match gate.written_at {
                Some(at) if at.elapsed() >= gate.checkpoint_delay => {
                    gate.written_at = None;
                    return Idleness::Written;
                }
                Some(at) => gate.checkpoint_delay.saturating_sub(at.elapsed()),
                None if began.elapsed() >= idle => return Idleness::Idle,
                None => idle.saturating_sub(began.elapsed()),
            };
            let waited = self.keeper.wait_timeout(gate, left.max(Duration::from_millis(1)));
            gate = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Sets how long after a write the log is written into the file.
    pub(super) fn set_checkpoint_delay(&self, delay: Duration) {
        self.gate().checkpoint_delay = delay;
        self.keeper.notify_all();
    }

    /// Lets no further payment begin, in this process or after the next opening: the journal is damaged.
    pub(super) fn refuse_payments(&self, error: JournalError) {
        let mut gate = self.gate();
        if let Some(pen) = &gate.pen {
            pen.unseal(&self.site);
        }
        gate.damaged.get_or_insert(error);
    }

    fn end_keeper(&self) {
        self.gate().is_closing = true;
        self.keeper.notify_all();
    }
}

/// What the keeper finds when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idleness {
    /// Something was written a while ago.
    Written,
    /// Nothing was written for long.
    Idle,
    /// The journal is being closed.
    Closing,
}

impl Gate {
    fn check(&self) -> Result<(), JournalError> {
        self.lost.clone().map_or(Ok(()), Err)
    }

    fn check_care(&self, care: Care) -> Result<(), JournalError> {
        self.damaged.clone().filter(|_| care == Care::Strict).map_or(Ok(()), Err)
    }
}

/// The pen in somebody's hand. It goes back when this drops; if that is because of a program error, nothing is written by this
/// process any more, and what the batch contained is unknown to those that wait for it.
struct Held<'e> {
    engine: &'e Engine,
    pen: Option<Box<Pen>>,
}

impl Held<'_> {
    fn pen(&mut self) -> Result<&mut Pen, JournalError> {
        self.pen.as_deref_mut().ok_or(JournalError::Locked)
    }

    /// Leaves the open batch to those that wait to add to it, or makes it durable if there is nobody.
    fn leave(mut self) {
        let is_last = self.engine.gate().writers == 0;
        if let Some(pen) = self.pen.as_deref_mut()
            && (is_last || !pen.has_room())
        {
            pen.close(&self.engine.site);
            let mut gate = self.engine.gate();
            gate.has_turn = false;
            if gate.written_at.replace(Instant::now()).is_none() {
                self.engine.keeper.notify_all();
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut gate = self.engine.gate();
        if thread::panicking() {
            let what = "a program error while it was written; restart the program";
            gate.lost.get_or_insert(JournalError::unwritable(what));
            // Closing its connection rolls back what it has written.
            self.pen = None;
        } else {
            gate.pen = self.pen.take();
        }
        self.engine.wake(&gate);
    }
}

/// The engines of this process, by file and by path.
static ENGINES: LazyLock<Mutex<Engines>> = LazyLock::new(Mutex::default);

/// The engines of a process.
type Engines = HashMap<(FileIdentity, PathBuf), Weak<Shared>>;

/// An engine and its keeper. The last handle that drops closes the file.
pub(super) struct Shared {
    pub(super) engine: Arc<Engine>,
    keeper: Keeper,
}

impl Shared {
    /// Opens a journal for payments, or joins those that have it open in this process.
    pub(super) fn open(location: Location, patience: &Patience) -> Result<Arc<Self>, JournalError> {
        let key = |location: &Location| {
            let state = FileState::at(&location.real).ok()?;
            Some((state.identity, location.file.clone()))
        };
        let known = key(&location).and_then(|key| engines().get(&key).and_then(Weak::upgrade));
        if let Some(shared) = known {
            location.check_not_lost()?;
            let site = &shared.engine.site;
            shared.engine.alone(patience.wait(), |pen| {
                pen.examine(site, Care::Strict)?;
                pen.mark(site);
                Ok(())
            })?;
            return Ok(shared);
        }
        let opened = open::open(location, Purpose::Use, patience)?;
        let shared = Arc::new(Self::new(opened));
        if let Some(key) = key(&shared.engine.site.location) {
            let mut engines = engines();
            engines.retain(|_, shared| shared.strong_count() > 0);
            // Another thread may have opened it meanwhile: both write in turn.
            engines.entry(key).or_insert_with(|| Arc::downgrade(&shared));
        }
        Ok(shared)
    }

    /// An engine of its own for what was opened.
    pub(super) fn new(opened: open::Opened) -> Self {
        let site = opened.site.clone();
        let engine = Arc::new(Engine::new(site, Pen::from(opened)));
        Self { engine, keeper: Keeper::default() }
    }

    /// Lets the keeper look after the file from the first write on.
    pub(super) fn keep(&self) {
        self.keeper.start(&self.engine);
    }
}

fn engines() -> MutexGuard<'static, Engines> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.engine.end_keeper();
        self.keeper.end();
        let site = &self.engine.site;
        let Some(pen) = self.engine.gate().pen.take() else { return };
        if site.reads_only {
            return;
        }
        // Without the turn the connection just closes.
        let Ok(_turn) = Turn::take(&site.file, Patience::new(CLOSING).wait()) else { return };
        pen.close_file(site);
    }
}
