//! How long a call waits for a journal that others are writing to.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a write waits for a journal that other tills are writing to, and what ends the wait early.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::time::Duration;
/// use caisse_journal::{Journal, Patience, SqliteJournal};
///
/// let folder = tempfile::tempdir()?;
/// let mut journal = SqliteJournal::open(folder.path().join("journal.db"))?;
/// let cancelled = Arc::new(AtomicBool::new(false));
/// let flag = Arc::clone(&cancelled);
/// journal.set_patience(Patience::new(Duration::from_secs(10)).unless(move || flag.load(Ordering::Relaxed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Patience {
    max: Duration,
    ends: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Patience {
    /// Waits for at most this time.
    #[must_use]
    pub const fn new(max: Duration) -> Self {
        Self { max, ends: None }
    }

    /// Ends the wait early once `ends` returns true. It is asked every few milliseconds while a write waits.
    #[must_use]
    pub fn unless(self, ends: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { ends: Some(Arc::new(ends)), ..self }
    }

    /// Begins a wait.
    pub(crate) fn wait(&self) -> Wait<'_> {
        Wait { patience: self, until: Instant::now().checked_add(self.max) }
    }
}

/// Waits for 30 seconds.
impl Default for Patience {
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").field("max", &self.max).finish_non_exhaustive()
    }
}

/// One wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<'p> {
    patience: &'p Patience,
    /// Never, for a time that the clock cannot name.
    until: Option<Instant>,
}

impl Wait<'_> {
    /// Whether the wait is over without success.
    pub(crate) fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
            || self.patience.ends.as_ref().is_some_and(|ends| ends())
    }
}
