//! What a probe wants of its driver, and what it found out.

use core::fmt;

use caisse_codec::{Answer, Status};
use caisse_link::Instant;
use caisse_payment::NotSent;

use super::voice::Voice;

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ProbeAction<'m> {
    /// Open the connection, then call [`handle_connected`](super::ProbeMachine::handle_connected).
    Connect,
    /// Take what has come on the line, without waiting, then call
    /// [`handle_received`](super::ProbeMachine::handle_received). Asked for before a time-out counts.
    Look,
    /// Hand these bytes to the link, then call [`handle_sent`](super::ProbeMachine::handle_sent).
    Send(&'m [u8]),
    /// Wait until what the system has accepted has left the machine, then call
    /// [`handle_drained`](super::ProbeMachine::handle_drained). Asked for on a line with sessions.
    Drain,
    /// Store this body of a message durably: it is no answer to the question, perhaps the result of a payment. Then call
    /// [`handle_persisted`](super::ProbeMachine::handle_persisted) or
    /// [`handle_persist_failed`](super::ProbeMachine::handle_persist_failed); until then nothing else is asked for. The
    /// terminal discards its copy when the message is acknowledged.
    Persist(&'m [u8]),
    /// Close the connection in order: the terminal has received what was sent.
    Close,
    /// Abort the connection, so that nothing of the question can still leave this machine.
    Abort,
    /// Do nothing until something happens or this moment comes; then call the matching `handle_` method.
    Wait {
        /// When to call [`handle_timeout`](super::ProbeMachine::handle_timeout) at the latest.
        until: Option<Instant>,
    },
    /// It is over.
    Done(Finding),
}

impl fmt::Debug for ProbeAction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("Connect"),
            Self::Look => f.write_str("Look"),
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Drain => f.write_str("Drain"),
            Self::Persist(body) => write!(f, "Persist({} bytes)", body.len()),
            Self::Close => f.write_str("Close"),
            Self::Abort => f.write_str("Abort"),
            Self::Wait { until } => f.debug_struct("Wait").field("until", until).finish(),
            Self::Done(finding) => f.debug_tuple("Done").field(finding).finish(),
        }
    }
}

/// What came of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// The connection did not open.
    NotOpened(NotSent),
    /// It opened, and no more was asked.
    Connected,
    /// ENQ was acknowledged: the terminal is there and ready.
    Granted,
    /// ENQ was refused (NAK), or the session ended at once: the terminal is there and busy.
    LineRefused,
    /// Nothing answered ENQ: the terminal is off, busy, or does not speak on this line.
    EnquiryUnanswered,
    /// The terminal asked for the line itself: it has a result to tell, which a probe leaves for the till that files it.
    Calling,
    /// The system did not take what was to be sent.
    SendFailed,
    /// The message was refused (NAK).
    MessageRefused,
    /// The message was not acknowledged, and nothing answered it.
    MessageUnacknowledged,
    /// An answer to the question.
    Answered(Status),
    /// An answer that is not to this question.
    OtherAnswer,
    /// An answer that broke off.
    AnswerCut,
    /// Something else than an answer.
    Strange(Voice),
    /// Nothing.
    Silence,
    /// The terminal closed the connection, or the line was lost, before an answer.
    Closed,
    /// The caller gave up.
    GivenUp,
}

/// What is known at the end.
#[derive(Clone, Copy, Debug)]
pub struct ProbeReport<'m> {
    pub(super) finding: Finding,
    pub(super) answer: Option<Answer<'m>>,
    pub(super) framed: bool,
    pub(super) voice: Option<Voice>,
    pub(super) calls: u8,
    pub(super) late: u8,
}

impl<'m> ProbeReport<'m> {
    /// What came of the question.
    #[must_use]
    pub const fn finding(&self) -> Finding {
        self.finding
    }

    /// The answer, if the terminal gave one to this question.
    #[must_use]
    pub const fn answer(&self) -> Option<Answer<'m>> {
        self.answer
    }

    /// Whether a frame stood around the answer on a stream, where none belongs.
    #[must_use]
    pub const fn framed(&self) -> bool {
        self.framed
    }

    /// Who was heard, told by the first bytes that came.
    #[must_use]
    pub const fn voice(&self) -> Option<Voice> {
        self.voice
    }

    /// How often the terminal asked for the line before anything was said: it has a result to tell.
    #[must_use]
    pub const fn calls(&self) -> u8 {
        self.calls
    }

    /// How many messages came that are no answer to the question: perhaps results of earlier transactions.
    #[must_use]
    pub const fn late(&self) -> u8 {
        self.late
    }
}
