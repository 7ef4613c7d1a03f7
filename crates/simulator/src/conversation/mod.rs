//! One line as the terminal lives it: bytes in, bytes out, with the terminal behind. Pure: whoever drives it owns the
//! line and the clock.

mod framed;
mod plain;
mod tracker;

use caisse_hal::Instant;

pub(crate) use framed::Framed;
pub(crate) use plain::Plain;

use crate::fault::{Leaves, Pipe};
use crate::terminal::Terminal;

/// A line as a driver sees it.
pub(crate) trait Conversation {
    /// Bytes came.
    fn handle_input(&mut self, now: Instant, bytes: &[u8], terminal: &mut Terminal);

    /// The till closed the line, or it broke.
    fn handle_closed(&mut self, now: Instant, terminal: &mut Terminal);

    /// Time has passed, or something happened at the terminal.
    fn advance(&mut self, now: Instant, terminal: &mut Terminal);

    /// What leaves now, and until when to wait. To be called until it says `Wait`.
    fn poll(&mut self, now: Instant, terminal: &mut Terminal) -> Leaves;

    /// Nothing more will come of this line, and nobody waits for it.
    fn is_over(&self, now: Instant) -> bool;

    /// The terminal forgets the line.
    fn close(&self, terminal: &mut Terminal);
}

/// The earlier of two moments.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Tells the terminal's log which faults have happened.
pub(crate) fn note_faults(now: Instant, pipe: &mut Pipe, terminal: &mut Terminal) {
    for fault in pipe.take_happened() {
        terminal.note_fault(now, fault);
    }
}
