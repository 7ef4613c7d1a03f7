//! The transition function of the till: pure, small, and the one that is model-checked.

use arrayvec::ArrayVec;
use caisse_payment::{Blocked, Doubt, NotSent, Outcome, Proof, Verdict};

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Idle,
    /// The connection is being opened; nothing is recorded.
    Connecting,
    /// Connected; the start of the transaction is being recorded. What has happened meanwhile means that nothing is to
    /// be sent any more.
    RecordingStart {
        /// Why nothing is to be sent.
        stopped: Option<NotSent>,
    },
    /// The message has been handed to the link.
    Sending {
        /// Whether the system has accepted any byte of it.
        begun: bool,
    },
    /// The message is out, in whole or in part; the terminal has the word.
    Waiting {
        /// Whether a byte of an answer has come.
        delivered: bool,
    },
    /// The end is being recorded.
    RecordingEnd(Verdict),
    /// The journal was busy; the end is recorded in a moment.
    AwaitingJournal(Verdict),
    /// The verdict is reported to the application. The till still reads the line, since bytes after an early verdict may
    /// contradict it.
    Reported {
        /// How the transaction ended.
        verdict: Verdict,
        /// Whether the end is stored in the journal.
        journaled: bool,
        /// What became of a contradiction.
        dispute: Dispute,
    },
    /// The transaction is over, and the terminal is free.
    Done {
        /// How the transaction ended.
        verdict: Verdict,
        /// Whether the end is stored in the journal.
        journaled: bool,
        /// What became of a contradiction.
        dispute: Dispute,
    },
}

/// What became of bytes that contradict the reported verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dispute {
    /// No byte contradicts the verdict.
    None,
    /// The dispute is being recorded.
    Recording,
    /// The journal was busy; the dispute is recorded in a moment.
    AwaitingJournal,
    /// The dispute is stored in the journal.
    Recorded,
    /// The dispute could not be stored.
    Unrecorded,
}

impl Dispute {
    /// Whether the dispute is still to be written.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Recording | Self::AwaitingJournal)
    }
}

/// What can happen to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The application wants it.
    Start,
    /// The connection is open.
    Connected,
    /// The connection cannot be opened, or closed before the message left.
    Disconnected(NotSent),
    /// The journal confirms a write.
    Journaled,
    /// The journal refuses a write.
    JournalFailed(Blocked),
    /// Another process keeps the journal busy: nothing was written, and a later attempt may succeed.
    JournalBusy,
    /// The system accepted some bytes of the message, or all that were left.
    Sent {
        /// Whether nothing of it is left.
        all: bool,
    },
    /// The system accepts no more of the message; what it has accepted was told.
    SendFailed,
    /// The sending ended, and some of the message may have been accepted.
    SendUncertain,
    /// The message is taken back, or the line for it was not to be had: it has not even been handed to the link yet.
    Withdrawn(NotSent),
    /// The terminal has acknowledged the message, on a line where it does.
    Acknowledged,
    /// A byte of an answer has come.
    AnswerBegan,
    /// The answer has ended, or the wait for one.
    AnswerEnded {
        /// What it proves.
        outcome: Outcome,
        /// Whether it said how the transaction ended.
        answered: bool,
    },
    /// A timer has fired.
    Expired(Timer),
    /// The application would like to stop.
    CancelRequested,
    /// The application stops waiting, whatever that leaves open.
    GivenUp,
    /// Bytes after the verdict contradict it.
    Contradicted,
    /// Nothing more is to be read on the line.
    Released,
}

/// A timer of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// For the connection.
    Connect,
    /// For the system to accept the message.
    Send,
    /// Until the next attempt to write what a busy journal did not take.
    Journal,
}

/// What the application may want to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The connection is being opened.
    Connecting,
    /// The connection is open.
    Connected,
    /// The transaction stands in the journal.
    Recorded,
    /// The request has left.
    Sent,
    /// The terminal has the word: the card holder presents the card and types the PIN.
    Waiting,
    /// A cancel came too late for the till: only the red button of the terminal can stop the payment now.
    PressRedButton,
    /// An answer is coming in.
    Answer,
    /// A message came that is an earlier transaction's: it changes nothing here.
    LateAnswer,
    /// The end of an earlier transaction, or of the one that is asked for again, is not known: the terminal is asked first. Shown by drivers.
    Recovering,
}

/// What a step makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open the connection.
    Connect,
    /// Record the start.
    RecordStart,
    /// Record the end.
    RecordEnd(Verdict),
    /// Record start and end in one write: nothing was sent.
    RecordNeverSent(Verdict),
    /// Hand what is left of the message to the link.
    Send,
    /// Report the verdict to the application.
    Report(Verdict),
    /// Record that bytes after the verdict contradict it.
    RecordDispute,
    /// Close the connection.
    Close,
    /// Show something.
    Show(Event),
    /// Start a timer.
    Arm(Timer),
    /// Start to wait for the answer: its time is absolute, bytes do not extend it.
    AwaitAnswer,
}

/// The effects of one step, in order.
pub type Effects = ArrayVec<Effect, 4>;

/// One transition. An input that means nothing in a state changes nothing.
#[must_use]
pub fn step(state: State, input: Input) -> (State, Effects) {
    use Effect as E;
    let (next, effects): (State, &[Effect]) = match (state, input) {
        (State::Idle, Input::Start) => {
            (State::Connecting, &[E::Show(Event::Connecting), E::Connect, E::Arm(Timer::Connect)])
        }

        (State::Connecting, Input::Connected) => {
            (State::RecordingStart { stopped: None }, &[E::Show(Event::Connected), E::RecordStart])
        }
        (State::Connecting, Input::Disconnected(reason)) => return never_sent(reason),
        (State::Connecting, Input::Expired(Timer::Connect)) => return never_sent(NotSent::ConnectTimedOut),
        (State::Connecting, Input::CancelRequested | Input::GivenUp) => {
            return never_sent(NotSent::Cancelled);
        }

        (State::RecordingStart { stopped: None }, Input::Journaled) => {
            (State::Sending { begun: false }, &[E::Show(Event::Recorded), E::Send, E::Arm(Timer::Send)])
        }
        (State::RecordingStart { stopped: Some(reason) }, Input::Journaled) => {
            return end(Verdict::nothing_sent(Outcome::NotSent { reason }));
        }
        (State::RecordingStart { .. }, Input::JournalFailed(reason)) => {
            return report(Verdict::nothing_sent(Outcome::Blocked { reason }), false);
        }
        (State::RecordingStart { stopped: None }, Input::Disconnected(reason)) => {
            (State::RecordingStart { stopped: Some(reason) }, &[])
        }
        (State::RecordingStart { stopped: None }, Input::CancelRequested | Input::GivenUp) => {
            (State::RecordingStart { stopped: Some(NotSent::Cancelled) }, &[])
        }

        (State::Sending { .. }, Input::Sent { all: false }) => (State::Sending { begun: true }, &[E::Send]),
        (State::Sending { .. }, Input::Sent { all: true }) => (
            State::Waiting { delivered: false },
            &[E::Show(Event::Sent), E::Show(Event::Waiting), E::AwaitAnswer],
        ),
        // Not a byte was accepted: proven.
        (State::Sending { begun: false }, Input::SendFailed) => {
            return end(Verdict::nothing_sent(Outcome::NotSent { reason: NotSent::SendFailed }));
        }
        // The link has not seen it: proven too.
        (State::Sending { begun: false }, Input::Withdrawn(reason)) => {
            return end(Verdict::nothing_sent(Outcome::NotSent { reason }));
        }
        // A part may be with the terminal, which may even act on it: its answer is still welcome.
        // The same when nobody knows how many bytes were accepted.
        (State::Sending { begun: true }, Input::SendFailed)
        | (State::Sending { .. }, Input::SendUncertain | Input::Expired(Timer::Send)) => {
            (State::Waiting { delivered: false }, &[E::AwaitAnswer])
        }
        (State::Sending { .. }, Input::AnswerBegan) => {
            (State::Waiting { delivered: true }, &[E::Show(Event::Answer), E::AwaitAnswer])
        }
        (State::Sending { .. }, Input::Disconnected(_)) => {
            return unknown(Doubt::SendBroken, Proof::PerhapsSent);
        }

        (State::Waiting { .. }, Input::Acknowledged) => (State::Waiting { delivered: true }, &[]),
        (State::Waiting { delivered: false }, Input::AnswerBegan) => {
            (State::Waiting { delivered: true }, &[E::Show(Event::Answer)])
        }
        (State::Waiting { delivered }, Input::AnswerEnded { outcome, answered }) => {
            let proof = match (delivered, answered) {
                (_, true) => Proof::Answered,
                (true, false) => Proof::Delivered,
                (false, false) => Proof::PerhapsSent,
            };
            return end(Verdict { outcome, proof });
        }

        (State::Sending { .. } | State::Waiting { .. }, Input::CancelRequested) => {
            (state, &[E::Show(Event::PressRedButton)])
        }
        (State::Sending { .. } | State::Waiting { delivered: false }, Input::GivenUp) => {
            return unknown(Doubt::GivenUp, Proof::PerhapsSent);
        }
        (State::Waiting { delivered: true }, Input::GivenUp) => {
            return unknown(Doubt::GivenUp, Proof::Delivered);
        }

        (State::RecordingEnd(verdict), Input::Journaled) => return report(verdict, true),
        (State::RecordingEnd(verdict), Input::JournalFailed(_))
        | (State::AwaitingJournal(verdict), Input::GivenUp) => return report(verdict, false),
        (State::RecordingEnd(verdict), Input::JournalBusy) => {
            (State::AwaitingJournal(verdict), &[E::Arm(Timer::Journal)])
        }
        (State::AwaitingJournal(verdict), Input::Expired(Timer::Journal)) => return end(verdict),

        (State::Reported { verdict, journaled, dispute }, input) => {
            return after_the_verdict(verdict, journaled, dispute, input);
        }

        _ => (state, &[]),
    };
    (next, effects.iter().copied().collect())
}

/// Reads on after the verdict: a contradiction is recorded once, and the terminal is free after it.
fn after_the_verdict(verdict: Verdict, journaled: bool, dispute: Dispute, input: Input) -> (State, Effects) {
    use Effect as E;
    let (dispute, effects): (Dispute, &[Effect]) = match (dispute, input) {
        (Dispute::None, Input::Contradicted) => (Dispute::Recording, &[E::RecordDispute]),
        (Dispute::Recording, Input::Journaled) => (Dispute::Recorded, &[]),
        (Dispute::Recording, Input::JournalFailed(_)) | (Dispute::AwaitingJournal, Input::GivenUp) => {
            (Dispute::Unrecorded, &[])
        }
        (Dispute::Recording, Input::JournalBusy) => (Dispute::AwaitingJournal, &[E::Arm(Timer::Journal)]),
        (Dispute::AwaitingJournal, Input::Expired(Timer::Journal)) => {
            (Dispute::Recording, &[E::RecordDispute])
        }
        (dispute, Input::Released) if !dispute.is_pending() => {
            let state = State::Done { verdict, journaled, dispute };
            return (state, [E::Close].into_iter().collect());
        }
        (dispute, _) => (dispute, &[]),
    };
    (State::Reported { verdict, journaled, dispute }, effects.iter().copied().collect())
}

/// Reports the verdict, which is durable or cannot be made so.
fn report(verdict: Verdict, journaled: bool) -> (State, Effects) {
    let state = State::Reported { verdict, journaled, dispute: Dispute::None };
    (state, [Effect::Report(verdict)].into_iter().collect())
}

/// Ends before the start was recorded.
fn never_sent(reason: NotSent) -> (State, Effects) {
    let verdict = Verdict::nothing_sent(Outcome::NotSent { reason });
    (State::RecordingEnd(verdict), [Effect::RecordNeverSent(verdict)].into_iter().collect())
}

/// Ends after the start was recorded.
fn end(verdict: Verdict) -> (State, Effects) {
    (State::RecordingEnd(verdict), [Effect::RecordEnd(verdict)].into_iter().collect())
}

fn unknown(doubt: Doubt, proof: Proof) -> (State, Effects) {
    end(Verdict { outcome: Outcome::Unknown { doubt }, proof })
}
