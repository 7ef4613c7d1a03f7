//! The end of a wait.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::ConnectError;

/// How often a wait looks whether it is to be stopped.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// The moment at which a call must return; none when it lies beyond what the system can count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(within: Duration) -> Self {
        Self(Instant::now().checked_add(within))
    }

    pub(crate) fn left(self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// Waits for what another thread sends.
    pub(crate) fn receive<T>(
        self,
        receiver: &Receiver<T>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<T, ConnectError> {
        loop {
            if is_stopped() {
                return Err(ConnectError::Cancelled);
            }
            match receiver.recv_timeout(GLANCE.min(self.left())) {
                Ok(sent) => return Ok(sent),
                Err(RecvTimeoutError::Disconnected) => return Err(ConnectError::Other),
                Err(RecvTimeoutError::Timeout) if self.is_over() => return Err(ConnectError::TimedOut),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
