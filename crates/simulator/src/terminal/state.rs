//! Where in its life a terminal is.

use caisse_hal::Instant;

use super::{Asked, Reply};
use crate::script::Turn;

/// Names a line: a connection, or a session on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub(crate) u64);

/// One transaction on its way.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) line: LineId,
    pub(crate) transaction: u64,
    pub(crate) asked: Asked,
    pub(crate) turn: Turn,
    /// Whether the till has its answer already, because it asked for one at once.
    pub(crate) answered: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    Idle,
    /// Until when the card holder takes; nothing while a test holds the card.
    WaitingForCard(Box<Work>, Option<Instant>),
    Authorising(Box<Work>, Instant),
    Printing(Box<Work>, Box<Reply>, Instant),
    Busy,
    Asleep,
    Background,
    Rebooting(Instant),
}

impl State {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::WaitingForCard(..) => "waiting_for_card",
            Self::Authorising(..) => "authorising",
            Self::Printing(..) => "printing",
            Self::Busy => "busy",
            Self::Asleep => "asleep",
            Self::Background => "background",
            Self::Rebooting(_) => "rebooting",
        }
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::WaitingForCard(_, until) => *until,
            Self::Authorising(_, until) | Self::Printing(_, _, until) | Self::Rebooting(until) => {
                Some(*until)
            }
            Self::Idle | Self::Busy | Self::Asleep | Self::Background => None,
        }
    }

    pub(crate) const fn work(&self) -> Option<&Work> {
        match self {
            Self::WaitingForCard(work, _) | Self::Authorising(work, _) | Self::Printing(work, ..) => {
                Some(work)
            }
            _ => None,
        }
    }
}
