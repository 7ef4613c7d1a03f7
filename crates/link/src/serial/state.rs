//! Where a session stands.

use super::{Proof, Standing};

/// Where a session stands. A message that may still be emitted is a permit `M` inside the state: a state without one can
/// emit nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State<M> {
    /// Nobody speaks, and we have nothing to say.
    Idle(Past),
    /// We have something to say and ask for the line.
    Opening {
        /// What for.
        call: Call<M>,
        /// How far we are.
        phase: Opening,
    },
    /// The line is ours, and our message on it.
    Speaking {
        /// What is left of the errand.
        spent: Spent<M>,
        /// How far we are.
        phase: Speaking,
    },
    /// We say nothing but ACK, NAK and EOT.
    Listening {
        /// What we have to say afterwards.
        own: Own<M>,
        /// How far we are.
        phase: Listening,
    },
    /// The line is gone.
    Closed,
}

/// How far we are with asking for the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opening {
    /// What lies on the line is read first.
    Clearing,
    /// An attempt has failed; the next one waits.
    Pausing,
    /// We have asked (ENQ).
    Calling {
        /// Whether the enquiry has left the machine: before that, nothing answers it.
        drained: bool,
    },
    /// The peer has granted us the line (ACK); turning round before we use it.
    Granted,
}

/// How far we are with our message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaking {
    /// It is in the hands of the system.
    Emitting {
        /// Whether the system has accepted any byte of it.
        begun: bool,
    },
    /// It is out, in whole or in part; its acknowledgement is awaited.
    AwaitingReceipt {
        /// Whether it has left the machine: before that, nothing answers it.
        drained: bool,
    },
}

/// How far a session is in which we only answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listening {
    /// Turning round before we end our own session (EOT).
    Closing,
    /// The peer has asked for the line (ENQ); turning round before it is answered.
    Called {
        /// Whether it is granted (ACK) or refused (NAK).
        grant: bool,
    },
    /// The peer has the line; its message is awaited.
    Receiving {
        /// How many of its frames were refused in this session.
        refused: u8,
    },
    /// The peer's frame is there; turning round before it is answered.
    Judging {
        /// How many of its frames were refused in this session.
        refused: u8,
        /// Whether it is a message.
        good: bool,
    },
    /// The peer's message was acknowledged; its EOT is awaited.
    Ending,
}

/// What we have to say, and what we have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Own<M> {
    /// Nothing is left to be said.
    Past(Past),
    /// Something is, once the line is free.
    Wanted(Call<M>),
}

/// What of ours was on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Past {
    /// No message.
    Nothing,
    /// Our message.
    Spoken {
        /// Whether something earlier than an answer to it can still come: see [`Standing::Doubtful`].
        doubt: bool,
        /// Whether a message of the peer's has come since.
        answered: bool,
    },
}

/// An errand for which the line is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call<M> {
    /// What is done with the line.
    pub errand: Errand<M>,
    /// How often it was asked for.
    pub attempt: u8,
    /// Whether something earlier than an answer can still come once we have spoken.
    pub doubt: bool,
    /// Whether a copy of the message was on the line already.
    pub spoken: bool,
}

/// What is done with the line once it is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errand<M> {
    /// It is given back at once: the peer is alive. No message is involved.
    Ping,
    /// A message is put on it.
    Say(M),
}

/// An errand whose message is on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spent<M> {
    /// The permit for another copy, if there is one. For a request there is none.
    pub spare: Option<M>,
    /// How often the line was asked for.
    pub attempt: u8,
    /// Whether something earlier than an answer can still come.
    pub doubt: bool,
    /// Whether an earlier copy was on the line.
    pub spoken: bool,
}

/// A timer of the machine. At most one runs: the one of the [state](State::timer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Before our first enquiry, and after a session of the peer's.
    Clear,
    /// After a failed attempt.
    Pause,
    /// For the acknowledgement of our enquiry.
    Enquiry,
    /// For the acknowledgement of our message.
    Receipt,
    /// For the peer's message.
    Message,
    /// For the peer's EOT.
    End,
    /// Before we answer.
    TurnRound,
}

impl<M> State<M> {
    /// Nobody speaks, and nothing was said.
    pub const START: Self = Self::Idle(Past::Nothing);

    /// The timer that runs in this state.
    #[must_use]
    pub const fn timer(&self) -> Option<Timer> {
        Some(match self {
            Self::Opening { phase, .. } => match phase {
                Opening::Clearing => Timer::Clear,
                Opening::Pausing => Timer::Pause,
                Opening::Calling { drained: true } => Timer::Enquiry,
                Opening::Calling { drained: false } => return None,
                Opening::Granted => Timer::TurnRound,
            },
            Self::Speaking { phase: Speaking::AwaitingReceipt { drained: true }, .. } => Timer::Receipt,
            Self::Listening { phase, .. } => match phase {
                Listening::Closing | Listening::Called { .. } | Listening::Judging { .. } => Timer::TurnRound,
                Listening::Receiving { .. } => Timer::Message,
                Listening::Ending => Timer::End,
            },
            Self::Idle(_) | Self::Speaking { .. } | Self::Closed => return None,
        })
    }

    /// Whether a timer that runs in one state runs on in the other.
    pub(super) fn has_phase_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Opening { phase, .. }, Self::Opening { phase: other, .. }) => phase == other,
            (Self::Speaking { phase, .. }, Self::Speaking { phase: other, .. }) => phase == other,
            (Self::Listening { phase, .. }, Self::Listening { phase: other, .. }) => phase == other,
            _ => false,
        }
    }

    /// Whether our enquiry is out.
    pub(super) const fn is_calling(&self) -> bool {
        matches!(self, Self::Opening { phase: Opening::Calling { .. }, .. })
    }

    /// The errand whose message is not on the line, if there is one: it can be taken back, and no other can begin.
    #[must_use]
    pub const fn call(&self) -> Option<&Call<M>> {
        match self {
            Self::Opening { call, .. } | Self::Listening { own: Own::Wanted(call), .. } => Some(call),
            _ => None,
        }
    }
}

impl<M> Own<M> {
    /// What a message that comes now can be an answer to.
    pub(super) const fn standing(&self) -> Standing {
        match self {
            Self::Past(Past::Nothing) => Standing::Earlier,
            Self::Past(Past::Spoken { doubt, .. }) => standing(true, *doubt),
            Self::Wanted(call) => standing(call.spoken, call.doubt),
        }
    }

    /// What is known after the peer has called: if we speak later, something earlier can still come.
    pub(super) fn called(self) -> Self {
        match self {
            Self::Past(past) => Self::Past(past),
            Self::Wanted(call) => Self::Wanted(Call { doubt: true, ..call }),
        }
    }

    /// What is known after a message of the peer's has come.
    pub(super) fn answered(self) -> Self {
        match self {
            Self::Past(Past::Spoken { doubt, .. }) => Self::Past(Past::Spoken { doubt, answered: true }),
            own => own,
        }
    }
}

impl Past {
    /// Whether an answer to what was said is still outstanding.
    pub(super) const fn owes(self) -> bool {
        matches!(self, Self::Spoken { answered: false, .. })
    }
}

impl<M> Call<M> {
    /// What is proven as long as this call's message is not emitted.
    #[must_use]
    pub const fn proof(&self) -> Proof {
        if self.spoken { Proof::PerhapsSent } else { Proof::NothingSent }
    }

    /// What of ours was on the line if the call is given up.
    pub(super) const fn past(&self) -> Past {
        if self.spoken { Past::Spoken { doubt: self.doubt, answered: false } } else { Past::Nothing }
    }
}

impl<M> Spent<M> {
    /// What a message that comes before ours has left entirely can be an answer to.
    pub(super) const fn standing(&self) -> Standing {
        standing(self.spoken, self.doubt)
    }

    /// What of ours was on the line.
    pub(super) const fn past(&self) -> Past {
        Past::Spoken { doubt: self.doubt, answered: false }
    }

    /// The errand with the message that is left for it, if there is one.
    pub(super) fn again(self) -> Result<Call<M>, Past> {
        let past = self.past();
        let Self { spare, attempt, doubt, .. } = self;
        spare.map(|message| Call { errand: Errand::Say(message), attempt, doubt, spoken: true }).ok_or(past)
    }
}

const fn standing(spoken: bool, doubt: bool) -> Standing {
    match (spoken, doubt) {
        (false, _) => Standing::Earlier,
        (true, true) => Standing::Doubtful,
        (true, false) => Standing::After,
    }
}
