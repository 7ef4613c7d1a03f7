//! What goes out, one thing after the other, and how far the first of it is.

use arrayvec::ArrayVec;

use super::LineSettings;
use crate::Instant;
use crate::frame::Control;
use core::time::Duration;

/// More than one step sends.
const MOST: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outgoing<M> {
    Control(Control),
    Message(M),
}

impl<M> Outgoing<M> {
    /// Whether the transition function wants to know when it has left.
    pub(super) const fn is_awaited(&self) -> bool {
        matches!(self, Self::Control(Control::Enquiry) | Self::Message(_))
    }
}

/// Where the first of what goes out is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flight {
    /// With us.
    Waiting,
    /// With the driver.
    Handed,
    /// Accepted by the system, to the last byte.
    Accepted,
}

/// What became of bytes that the driver was handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// A part of the message was accepted, or all of it.
    Message { all: bool },
    /// Nothing that matters.
    None,
}

#[derive(Debug)]
pub(super) struct Outbox<M> {
    queue: ArrayVec<Outgoing<M>, MOST>,
    flight: Flight,
    deadline: Option<Instant>,
    /// Of the message's frame, in bytes.
    length: usize,
    /// How much of it the system has accepted.
    accepted: usize,
}

impl<M: Copy> Outbox<M> {
    pub(super) const fn new() -> Self {
        Self { queue: ArrayVec::new_const(), flight: Flight::Waiting, deadline: None, length: 0, accepted: 0 }
    }

    pub(super) const fn set_length(&mut self, length: usize) {
        self.length = length;
    }

    /// Nothing is ever lost here when `poll` is drained as it asks to be; otherwise it is as if the line had lost it.
    pub(super) fn push(&mut self, outgoing: Outgoing<M>) {
        if let Outgoing::Message(_) = outgoing {
            self.accepted = 0;
        }
        let _ = self.queue.try_push(outgoing);
    }

    /// What the driver is to be handed now, and from which byte on.
    pub(super) fn hand_out(
        &mut self,
        now: Instant,
        line: LineSettings,
        slack: Duration,
    ) -> Option<(Outgoing<M>, usize)> {
        let first = *self.queue.first().filter(|_| self.flight == Flight::Waiting)?;
        let (bytes, from) = match first {
            Outgoing::Control(_) => (1, 0),
            Outgoing::Message(_) => (self.length, self.accepted),
        };
        self.flight = Flight::Handed;
        // What is left of a message has no more time than the whole.
        self.deadline = self.deadline.or(Some(now.after(line.time_of(bytes).saturating_add(slack))));
        Some((first, from))
    }

    pub(super) fn sent(&mut self, accepted: usize) -> Progress {
        if self.flight != Flight::Handed || accepted == 0 {
            return Progress::None;
        }
        let Some(Outgoing::Message(_)) = self.queue.first() else {
            self.flight = Flight::Accepted;
            return Progress::None;
        };
        self.accepted = self.accepted.saturating_add(accepted).min(self.length);
        let all = self.accepted == self.length;
        self.flight = if all { Flight::Accepted } else { Flight::Waiting };
        Progress::Message { all }
    }

    /// Whether the first is no longer with us.
    pub(super) fn is_handed(&self) -> bool {
        self.flight != Flight::Waiting
    }

    /// Whether the system has accepted the first, to its last byte.
    pub(super) fn is_accepted(&self) -> bool {
        self.flight == Flight::Accepted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// When the system has had its time with the first.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The first is done with.
    pub(super) fn land(&mut self) -> Option<Outgoing<M>> {
        (self.flight, self.deadline) = (Flight::Waiting, None);
        self.queue.pop_at(0)
    }

    /// Takes back a message that waits to be handed out; says whether there was one.
    pub(super) fn take_back(&mut self) -> bool {
        let message = matches!(self.queue.first(), Some(Outgoing::Message(_)));
        let waiting = message && self.flight == Flight::Waiting && self.accepted == 0;
        if waiting {
            self.queue.clear();
        }
        waiting
    }

    /// The line is no longer ours to ask for: an enquiry that has not been handed out stays here.
    pub(super) fn forget_enquiry(&mut self) {
        let handed = usize::from(self.is_handed());
        let enquiry = |outgoing: &Outgoing<M>| matches!(outgoing, Outgoing::Control(Control::Enquiry));
        let position = self.queue.iter().skip(handed).position(enquiry);
        if let Some(index) = position.and_then(|index| index.checked_add(handed)) {
            self.queue.pop_at(index);
        }
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        (self.flight, self.deadline) = (Flight::Waiting, None);
    }
}
