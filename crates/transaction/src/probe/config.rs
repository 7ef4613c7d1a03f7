//! How a probe is set up, and what it cannot ask.

use core::time::Duration;

use caisse_codec::Identifier;
use caisse_codec::wire::Generation;
use caisse_payment::Register;

use crate::Dialect;
use crate::till::LinkKind;

/// How a probe is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeConfig {
    /// How the terminal is spoken to.
    pub dialect: Dialect,
    /// Whether somebody has named this dialect. On a serial line where nobody has, the terminal may be one of E or E+,
    /// and only its presence is asked for.
    pub named: bool,
    /// The identifier of the till's editor (CJ).
    pub identifier: Identifier,
    /// The register (CA).
    pub register: Register,
    /// What leads to the terminal.
    pub link: LinkKind,
    /// The longest wait for the connection.
    pub connect_timeout: Duration,
    /// The longest wait for the end of the answer, from the last byte sent.
    pub answer_timeout: Duration,
    /// How much longer the line is listened to after ENQ and EOT, where its characters have eight bits: a terminal that is
    /// set to seven and parity may only then say something that shows it. No time unless somebody looks for faults.
    pub listen: Duration,
}

impl ProbeConfig {
    /// A probe on TCP, of register 01. Connecting may take 10 s, as for a payment; 10 s for the answer are ours, since
    /// nobody has to type anything.
    #[must_use]
    pub const fn new(dialect: Dialect, identifier: Identifier) -> Self {
        Self {
            dialect,
            named: true,
            identifier,
            register: Register::FIRST,
            link: LinkKind::Stream,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
            listen: Duration::ZERO,
        }
    }

    /// Whether messages stand in frames and sessions, as for a [`till`](crate::Config::has_sessions).
    #[must_use]
    pub const fn has_sessions(&self) -> bool {
        matches!(self.link, LinkKind::Serial) || !matches!(self.dialect.generation, Generation::Concert3)
    }
}

/// Why a question cannot be asked. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// E and E+ have no message that carries no money.
    #[error(
        "E and E+ know no identification and no duplicata: only whether the terminal is there can be asked"
    )]
    OlderGeneration,
    /// Nobody has said that the terminal on this serial line speaks 3.x.
    #[error("on a serial line only a named 3.x dialect can be asked this: name the dialect")]
    DialectNotNamed,
    /// The dialect has no duplicata.
    #[error("this dialect has no duplicata")]
    NoDuplicata,
    /// The dialect sends no tickets.
    #[error("this dialect does not send tickets")]
    NoTicket,
    /// The message is longer than any that is known.
    #[error("the message is too long")]
    TooLong,
}
