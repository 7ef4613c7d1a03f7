//! How a till is set up.

use core::time::Duration;

use caisse_codec::Identifier;
use caisse_codec::wire::Generation;

use crate::Dialect;

/// What kind of line leads to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// TCP: a connection for each transaction, which nobody else uses.
    Stream,
    /// A serial or USB line: it was there before the transaction, and is shared with what came before.
    Serial,
}

/// How the till is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How the terminal is spoken to.
    pub dialect: Dialect,
    /// The identifier of the till's editor (CJ).
    pub identifier: Identifier,
    /// What leads to the terminal.
    pub link: LinkKind,
    /// The longest wait for the connection.
    pub connect_timeout: Duration,
    /// The longest wait for the system to accept the message, where no session has limits of its own.
    pub send_timeout: Duration,
    /// The longest wait for the end of the answer, from the last byte sent.
    pub answer_timeout: Duration,
}

impl Config {
    /// A till on TCP, with times that tills in the field use: 10 s to connect; 10 s to send is ours. The answer has the
    /// time of the dialect's longest transaction.
    #[must_use]
    pub const fn new(dialect: Dialect, identifier: Identifier) -> Self {
        Self {
            dialect,
            identifier,
            link: LinkKind::Stream,
            connect_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(10),
            answer_timeout: dialect.longest_transaction,
        }
    }

    /// Whether messages stand in frames and sessions: on a serial line always, and of E and E+ on TCP too, where one till
    /// that talks to Nepting on a PAX A920 sends the same bytes as on the serial line.
    #[must_use]
    pub const fn has_sessions(&self) -> bool {
        matches!(self.link, LinkKind::Serial) || !matches!(self.dialect.generation, Generation::Concert3)
    }
}
