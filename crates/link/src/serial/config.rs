//! Every timer, count and choice of a session, each with its source.
//!
//! No public text gives official values. The only timer that tills attribute to the official text is the 3 s for the
//! check byte; the others are what tills in the field use. Names in brackets are the source keys of section 13 of
//! `docs/protocol.en.md`.

use core::time::Duration;

use super::LineSettings;
use crate::frame::Tolerance;

/// How an end of the line behaves. Plain data: a dialect holds one for the till, a virtual terminal one for itself.
///
/// ```
/// use caisse_link::serial::{LineSettings, SerialConfig};
///
/// let usb = SerialConfig { line: LineSettings::USB, ..SerialConfig::TILL };
/// assert_eq!(usb.rules.attempts, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialConfig {
    /// Speed and form of a character; the session takes from it how long a message is on the line.
    pub line: LineSettings,
    /// What the frames of the peer are forgiven.
    pub tolerance: Tolerance,
    /// What is done in which case, and how often.
    pub rules: Rules,
    /// How long what may take.
    pub timers: Timers,
}

impl SerialConfig {
    /// A till. What tills of the field do otherwise is a change of a copy: \[PYT\] asks once, waits 1 s and does not end a
    /// refused message (`attempts: 1, ends_undelivered: false`); \[TPES\] waits 500 ms for each acknowledgement; \[KIO\] does not
    /// end a delivered one (`ends_delivered: false`) and takes line feeds in an answer (`line_feeds: true`); a line of seven
    /// bits that is read as eight needs `parity_bits: true`.
    pub const TILL: Self = Self {
        line: LineSettings::RS232,
        tolerance: Tolerance { parity_bits: false, line_feeds: false },
        rules: Rules::TILL,
        timers: Timers::USUAL,
    };

    /// A terminal: three tries to tell its result \[PYT, TPES\], and it insists where a till gives way.
    pub const TERMINAL: Self = Self { rules: Rules::TERMINAL, ..Self::TILL };
}

/// What is done in which case, and how often. The pure part of the configuration: [`step`](super::step) reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// How often the line is asked for (ENQ) before a message is given up. 3 \[OCA8, OCA12, TPES; a terminal's own tries:
    /// PYT, TPES\]; 1 \[PYT, NM, EVE, OC\]; 2 \[PYP\].
    pub attempts: u8,
    /// How many frames of one session are refused (NAK) before it is dropped. 3, ours: the sources say "stay in the
    /// session" \[EPT\] and give no bound.
    pub bad_frames: u8,
    /// Who gives way when both ask for the line.
    pub contention: Contention,
    /// Whether the peer is granted the line. The owner changes it as it goes.
    pub readiness: Readiness,
    /// What a message is answered with. Others than an acknowledgement are for virtual terminals.
    pub on_message: Reaction,
    /// What a bad frame is answered with. NAK \[PXser: "negative reception acknowledge"; EPT\]; others ACK it all the same
    /// \[PYP, NM\] or say nothing \[PYT, TPES\].
    pub on_bad_frame: Reaction,
    /// Whether a message without a session around it is taken. A till does: it may come after a lost enquiry, and it may
    /// be the answer to a payment. A terminal does not \[EPT\].
    pub takes_bare_messages: bool,
    /// Whether an unanswered or refused enquiry is followed by EOT. Yes \[PYP, OCA8, OCA12, TPES after a recommendation of
    /// Datacod, EPT\].
    pub ends_failed_attempts: bool,
    /// Whether our session is ended (EOT) after our message. Yes \[all\]; no on the Spire gateway \[KIO\].
    pub ends_delivered: bool,
    /// The same when the message was refused (NAK) or not acknowledged. Yes \[EPT, PYP\]; no after NAK \[PYT\].
    pub ends_undelivered: bool,
}

impl Rules {
    /// A till.
    pub const TILL: Self = Self {
        attempts: 3,
        bad_frames: 3,
        contention: Contention::Yield,
        readiness: Readiness::Ready,
        on_message: Reaction::Acknowledge,
        on_bad_frame: Reaction::Refuse,
        takes_bare_messages: true,
        ends_failed_attempts: true,
        ends_delivered: true,
        ends_undelivered: true,
    };

    /// A terminal.
    pub const TERMINAL: Self =
        Self { contention: Contention::Insist, takes_bare_messages: false, ..Self::TILL };
}

/// Who gives way when both ask for the line. No source knows an official rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contention {
    /// We do, and ask again later \[TPES, KD\]. A till: what a terminal wants to say is the result of a payment.
    Yield,
    /// The peer does; its enquiry is not answered. A terminal.
    Insist,
}

/// Whether the peer is granted the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// Yes (ACK).
    Ready,
    /// No (NAK) \[EPT\].
    Busy,
    /// No, and it is not told: a terminal that is busy, off or without the protocol \[PYP\].
    Mute,
}

impl Readiness {
    /// The answer to the peer's enquiry: granted, refused, or none.
    pub(super) const fn grant(self) -> Option<bool> {
        match self {
            Self::Ready => Some(true),
            Self::Busy => Some(false),
            Self::Mute => None,
        }
    }
}

/// What a frame is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// ACK.
    Acknowledge,
    /// NAK, and the session goes on. Pinpads of the iPP3xx series refuse every message so \[PYT issue 2\].
    Refuse,
    /// EOT \[KD\].
    EndSession,
    /// ENQ and EOT \[KD\].
    AskAndEnd,
    /// Nothing.
    Silence,
}

/// How long what may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// The silence before our first enquiry, in which bytes that lie on the line are read: 30 ms after opening the port
    /// \[TPES\]; 300 ms \[PYT\].
    pub clear: Duration,
    /// From our enquiry (ENQ, drained) to its acknowledgement: 3 s \[PYP, OCA8, OCA12, ODOO\]; 1 s \[PYT\], 500 ms \[TPES\],
    /// 5 s \[NM\].
    pub enquiry: Duration,
    /// From a failed enquiry to the next: 1 s \[PYP, OCA8, OCA12, ODOO, TPES\].
    pub pause: Duration,
    /// From our message (drained) to its acknowledgement: 3 s \[PYP, OCA8, OCA12, ODOO\]; 1 s \[PYT\], 500 ms \[TPES\], 5 s
    /// \[NM\].
    pub receipt: Duration,
    /// From our acknowledgement of the peer's enquiry, or our refusal of its frame, to its message: 3 s, the time for the
    /// check byte.
    pub message: Duration,
    /// Between two bytes of a frame, the check byte included: 3 s ("Telium spec: wait up to 3 s for the LRC") \[PYP, OCA8,
    /// OCA12, ODOO\].
    pub frame: Duration,
    /// From our acknowledgement of the peer's message to its EOT, which is not required: 3 s \[PYP, OCA8, OCA12\].
    pub end: Duration,
    /// From what the peer sent to what we answer, on a line for one speaker at a time: 10 ms before each ACK and EOT, raised
    /// from 1 ms after trouble in the field \[TPES\]. Also before our message, where 1 ms was enough \[TPES\]: what comes
    /// right behind a granting ACK takes it back.
    pub turn_round: Duration,
    /// How long the system may take to let bytes leave, above their time on the line: 1 s \[ODOO's write time-out\].
    pub send: Duration,
    /// From the wish to speak to our message on the line, whatever the peer does meanwhile: 30 s, ours. Three attempts and
    /// three pauses take 12 s, a result of an earlier transaction a few more.
    pub opening: Duration,
}

impl Timers {
    /// What most tills in the field use.
    pub const USUAL: Self = Self {
        clear: Duration::from_millis(30),
        enquiry: Duration::from_secs(3),
        pause: Duration::from_secs(1),
        receipt: Duration::from_secs(3),
        message: Duration::from_secs(3),
        frame: Duration::from_secs(3),
        end: Duration::from_secs(3),
        turn_round: Duration::from_millis(10),
        send: Duration::from_secs(1),
        opening: Duration::from_secs(30),
    };
}
