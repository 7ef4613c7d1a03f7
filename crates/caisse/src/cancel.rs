//! A way to ask for a stop from another thread or a signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const NOTHING: u8 = 0;
const CANCEL: u8 = 1;
const GIVE_UP: u8 = 2;

/// Asks the payment that runs on a till, or the next one, to stop. It is a request and never an outcome: what happened
/// is what `pay` returns. When a payment ends, whatever was asked until then is forgotten.
#[derive(Clone, Debug, Default)]
pub struct CancelHandle {
    wish: Arc<AtomicU8>,
}

/// What the application wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StopRequest {
    Nothing,
    Cancel,
    GiveUp,
}

impl CancelHandle {
    /// Asks to stop. Before the request has left, the payment ends as not sent. After that nothing can be done from the
    /// till: the event [`PressRedButton`](crate::Event::PressRedButton) says so, and the wait goes on.
    pub fn cancel(&self) {
        self.wish.fetch_max(CANCEL, Ordering::Relaxed);
    }

    /// Stops waiting. After the request has left that leaves the outcome unknown and the terminal blocked until the
    /// payment is resolved: for the end of the program, not for the cashier.
    pub fn give_up(&self) {
        self.wish.fetch_max(GIVE_UP, Ordering::Relaxed);
    }

    /// Whether a stop was asked for and the payment has not ended since.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.wish() != StopRequest::Nothing
    }

    pub(crate) fn wish(&self) -> StopRequest {
        match self.wish.load(Ordering::Relaxed) {
            NOTHING => StopRequest::Nothing,
            CANCEL => StopRequest::Cancel,
            _ => StopRequest::GiveUp,
        }
    }

    /// At the end of a payment: the wish was for that one.
    pub(crate) fn clear(&self) {
        self.wish.store(NOTHING, Ordering::Relaxed);
    }
}
