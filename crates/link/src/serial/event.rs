//! What a session tells its owner.

use crate::frame::Fault;

/// Something that happened on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The peer granted our session: it is alive.
    Opened,
    /// An attempt to open a session failed; another may follow.
    AttemptFailed(AttemptFailure),
    /// The system has accepted every byte of our message.
    Emitted,
    /// The system accepts no more of our message and has accepted some, or nobody knows. The terminal may act on it all
    /// the same.
    SendBroken,
    /// The last byte of our message has left the machine; its acknowledgement is due.
    Drained,
    /// The peer acknowledged our message. The errand is over; an answer comes in a session of the peer's.
    ///
    /// An acknowledgement carries no name: that of an enquiry, late by seconds, looks the same. No outcome may rest on it.
    Delivered,
    /// The peer refused our message (NAK). It may act on it all the same.
    Refused,
    /// Something else than a word on our message came, or nothing.
    Unacknowledged(Instead),
    /// No further try is made, and nothing acknowledged our message. The owner goes on listening unless nothing was sent.
    GaveUp {
        /// What is proven of the message. [`Proof::NothingSent`]: no byte of it has left.
        proof: Proof,
    },
    /// The peer asks for the line.
    Called {
        /// Whether we were asking too.
        contention: bool,
    },
    /// The peer asks for the line and gets no answer to this: we are not ready, or in the middle of our own session.
    Unanswered,
    /// The peer took its enquiry back before it was answered: it tries anew or has given up.
    CalledOff,
    /// A message came whose check byte is right: [`Session::body`](super::Session::body) until the next input.
    Received {
        /// What it can be an answer to.
        standing: Standing,
        /// Whether it is not the first one of its session: the peer says it again because our acknowledgement was lost,
        /// or goes on.
        again: bool,
    },
    /// A frame came that is none; or, without a fault, the line fell silent inside one.
    BadFrame(Option<Fault>),
    /// A session of ours or of the peer's is over. Unless we have something to say, the line is idle.
    Ended(SessionEnd),
    /// A control character, or a message, that means nothing where it came. Never an answer.
    Ignored,
    /// A byte that means nothing anywhere. Never an answer.
    Stray,
    /// The line is gone.
    Closed,
}

/// Why an attempt to open a session failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptFailure {
    /// Nothing came in time: the terminal is busy, off, or does not speak on this port.
    Silence,
    /// NAK: the terminal is there and busy.
    Refused,
    /// The peer granted the session and ended it before our message.
    Ended,
    /// The system did not accept the enquiry.
    SendFailed,
}

/// What came instead of a word on our message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instead {
    /// Nothing, in time.
    Silence,
    /// The peer ended our session.
    EndOfSession,
    /// The peer asks for the line: perhaps with our answer.
    Enquiry,
    /// A message.
    Message,
}

/// How far our message got. In order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// No byte of it was accepted by the system.
    NothingSent,
    /// Some of it, or all, may have reached the peer.
    PerhapsSent,
    /// The peer acknowledged it.
    Delivered,
}

/// What a received message can be an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Our own message was not on the line when the peer began: it belongs to an earlier one.
    Earlier,
    /// Our own message was on the line, but so was something earlier: the peer had called or told a result before, and its
    /// copy can come again when our acknowledgement was lost; or the message before ours was never answered. It is our
    /// answer only if it can be told apart from that one.
    Doubtful,
    /// Our own message was on the line, and nothing earlier was seen.
    After,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionEnd {
    /// By us, and it was ours.
    Own,
    /// By the peer's EOT.
    Peer,
    /// The peer's, without its EOT: after a message that changes nothing, before one the peer has fallen silent.
    Silence,
    /// The peer's, by us: its frames were refused often enough, or a rule says so.
    Dropped,
}

/// How often things happened, since the session was made. For diagnosis; each stays at its highest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Enquiries that we sent.
    pub enquiries: u32,
    /// Our messages that were handed out.
    pub messages: u32,
    /// Enquiries of the peer.
    pub called: u32,
    /// Those among them that met a session of ours, and were given way.
    pub contentions: u32,
    /// Messages received.
    pub received: u32,
    /// Frames that were none.
    pub bad_frames: u32,
    /// Control characters and messages that meant nothing where they came.
    pub ignored: u32,
    /// Bytes that mean nothing anywhere.
    pub stray: u32,
}

impl Counters {
    pub(super) const ZERO: Self = Self {
        enquiries: 0,
        messages: 0,
        called: 0,
        contentions: 0,
        received: 0,
        bad_frames: 0,
        ignored: 0,
        stray: 0,
    };

    pub(super) fn count(&mut self, event: Event) {
        let counter = match event {
            Event::Called { contention: true } => {
                add_one(&mut self.contentions);
                &mut self.called
            }
            Event::Called { contention: false } | Event::Unanswered => &mut self.called,
            Event::Received { .. } => &mut self.received,
            Event::BadFrame(_) => &mut self.bad_frames,
            Event::Ignored => &mut self.ignored,
            Event::Stray => &mut self.stray,
            _ => return,
        };
        add_one(counter);
    }
}

pub(super) fn add_one(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}
