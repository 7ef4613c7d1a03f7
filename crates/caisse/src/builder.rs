//! Setting a till up.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use caisse_codec::Identifier;
use caisse_hal::serial::{SerialAddress, SerialLink};
use caisse_hal::tcp::{TcpAddress, TcpLink};
use caisse_hal::{Address, AddressError, Clock, Link, SystemClock};
use caisse_journal::{Journal, TerminalKey};
use caisse_payment::{IdentifierError, Register, TerminalId};
use caisse_transaction::{Config, Dialect, LinkKind};

use crate::configuration::ConfiguredTerminal;
use crate::late::SettlementDelay;
use crate::recovery::RecoveryState;
use crate::{CancelHandle, Till};

/// Sets up a [`Till`]. A terminal and a journal are needed; there is no journal in memory by default, because a payment
/// that is not recorded can be lost.
#[derive(Default)]
#[must_use]
pub struct Builder {
    link: Option<Box<dyn Link + Send>>,
    address: Option<Address>,
    kind: Option<LinkKind>,
    exclusive: bool,
    at_new_address: bool,
    clock: Option<Box<dyn Clock + Send + Sync>>,
    journal: Option<Box<dyn Journal>>,
    terminal: Option<TerminalId>,
    register: Option<Register>,
    dialect: Option<Dialect>,
    identifier: Option<Identifier>,
    answer_timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    resolved: Option<Vec<SocketAddr>>,
    cancel: Option<CancelHandle>,
    problem: Option<BuildError>,
}

/// Why a till cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// No terminal was named.
    #[error("no terminal: call Builder::address or Builder::link")]
    NoTerminal,
    /// The terminal has no id, and its link has no address to make one of.
    #[error("no terminal id: call Builder::terminal_id")]
    NoTerminalId,
    /// No journal was given.
    #[error("no journal: call Builder::journal; without a record a payment can be lost")]
    NoJournal,
    /// The address of the terminal is not one.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name of the terminal is not one.
    #[error("the terminal needs an id of its own (Builder::terminal_id, --terminal-id): {0}")]
    TerminalId(IdentifierError),
    /// The register is not two digits.
    #[error("the register: {0}")]
    Register(IdentifierError),
    /// The identifier of the till's editor is not twelve digits.
    #[error("the identifier (IPC): expected twelve digits")]
    Identifier,
}

impl Builder {
    /// The terminal is at `tcp://HOST:PORT` or at `serial:PATH?baud=9600&line=7e1`. Unless
    /// [`terminal_id`](Self::terminal_id) says otherwise, its id is made of the address.
    pub fn address(self, address: &str) -> Self {
        self.at(address.parse())
    }

    /// The same as [`address`](Self::address), for `tcp://HOST:PORT` and nothing else.
    pub fn tcp(self, address: &str) -> Self {
        self.at(address.parse::<TcpAddress>().map(Address::Tcp).map_err(AddressError::from))
    }

    /// The same as [`address`](Self::address), for `serial:PATH` and nothing else.
    pub fn serial(self, address: &str) -> Self {
        self.at(address.parse::<SerialAddress>().map(Address::Serial).map_err(AddressError::from))
    }

    fn at(mut self, address: Result<Address, AddressError>) -> Self {
        match address {
            Ok(address) => (self.address, self.link) = (Some(address), None),
            Err(error) => self.problem = Some(error.into()),
        }
        self
    }

    /// The terminal is one of a shop's: address, id, dialect, and whether it is exclusive; register and identifier if its
    /// file says them. What is said later wins.
    pub fn configured(mut self, terminal: &ConfiguredTerminal) -> Self {
        (self.address, self.link) = (Some(terminal.address.clone()), None);
        self.terminal = Some(terminal.id);
        self.dialect = Some(terminal.dialect);
        self.exclusive = terminal.exclusive;
        self.register = terminal.register.or(self.register);
        self.identifier = terminal.identifier.or(self.identifier);
        self
    }

    /// The terminal is reached through this link, which is a connection for each transaction
    /// ([`LinkKind::Stream`]) or a line that was there before ([`LinkKind::Serial`]).
    pub fn link(mut self, link: impl Link + Send + 'static, kind: LinkKind) -> Self {
        self.link = Some(Box::new(link));
        (self.kind, self.address) = (Some(kind), None);
        self
    }

    /// The terminal at the address that was given before is reached through this link: a link of your own that wraps the usual
    /// one, or leads to the same place in another way. The transaction is recorded with the address, and the kind of the
    /// link is that of the address.
    ///
    /// ```
    /// use caisse::{Address, Amount, Currency, Journal, MemoryJournal, PaymentRequest, TcpLink, Till};
    ///
    /// # let terminal = caisse_simulator::VirtualTerminal::start()?;
    /// let address = terminal.address().clone();
    /// let Address::Tcp(tcp) = &address else { panic!() };
    /// let mut till = Till::builder()
    ///     .address(&address.to_string())
    ///     .through(TcpLink::new(tcp.clone()))
    ///     .journal(MemoryJournal::new())
    ///     .build()?;
    /// let payment = till.pay(PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?))?;
    /// assert!(till.journal().find(&payment.id)?.unwrap().transaction().address.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn through(mut self, link: impl Link + Send + 'static) -> Self {
        self.link = Some(Box::new(link));
        self
    }

    /// What kind of link an asynchronous till is given.
    #[cfg(feature = "tokio")]
    pub(crate) fn kind(mut self, kind: LinkKind) -> Self {
        (self.kind, self.address) = (Some(kind), None);
        self
    }

    /// Nobody but the tills of this journal uses the terminal. Not assumed: only then the terminal's last transaction is
    /// certainly the one that this journal knows as its last.
    pub const fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = exclusive;
        self
    }

    /// A person wants to see what the terminal reports about an unresolved transaction, although the journal does not know the
    /// terminal's address. Recovery then asks the terminal and shows its report. The report proves nothing: the terminal may be
    /// another one, and the transaction stays open.
    pub const fn ask_at_new_address(mut self, ask: bool) -> Self {
        self.at_new_address = ask;
        self
    }

    /// The name under which the shop knows the terminal, whatever its address. It is the terminal that is locked and
    /// blocked, so two terminals must not share an id, and a terminal should keep its own when it moves.
    pub fn terminal_id(mut self, id: &str) -> Self {
        match id.parse() {
            Ok(id) => self.terminal = Some(id),
            Err(error) => self.problem = Some(BuildError::TerminalId(error)),
        }
        self
    }

    /// Where transactions are recorded.
    pub fn journal(mut self, journal: impl Journal + 'static) -> Self {
        self.journal = Some(Box::new(journal));
        self
    }

    /// How the terminal is spoken to; PayXpress unless told otherwise.
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// The register number (CA), two digits; `01` unless told otherwise.
    pub fn register(mut self, register: &str) -> Self {
        match register.parse() {
            Ok(register) => self.register = Some(register),
            Err(error) => self.problem = Some(BuildError::Register(error)),
        }
        self
    }

    /// The identifier that the association gave to the till's editor (CJ, "IPC"): twelve digits. Unless told otherwise
    /// the one that most published tills send.
    pub fn identifier(mut self, identifier: &str) -> Self {
        match identifier.parse() {
            Ok(identifier) => self.identifier = Some(identifier),
            Err(_) => self.problem = Some(BuildError::Identifier),
        }
        self
    }

    /// The longest wait for the answer, from the last byte sent; the dialect's longest transaction, 300 s, unless
    /// told otherwise. Shorter waits leave more
    /// payments unknown: a card holder may take two minutes.
    pub const fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = Some(timeout);
        self
    }

    /// The longest wait for the connection; 10 s unless told otherwise.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// The socket addresses that the host of the terminal was resolved to. The till connects to these, and never resolves the
    /// host again. On a serial line they mean nothing.
    pub fn resolved(mut self, addresses: Vec<SocketAddr>) -> Self {
        self.resolved = Some(addresses);
        self
    }

    /// The handle that stops the till's payments; one that was made before the till. An asynchronous till has handles of its
    /// own.
    pub fn cancel_handle(mut self, cancel: CancelHandle) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// The till. Nothing is opened yet; the journal is asked what is open.
    ///
    /// # Errors
    /// When the terminal or the journal is missing, or a name is not of its form.
    pub fn build(mut self) -> Result<Till, BuildError> {
        let link = self.link.take();
        let cancel = self.cancel.take().unwrap_or_default();
        let parts = self.parts()?;
        let link = link.or_else(|| {
            Some(match parts.address.clone()? {
                Address::Tcp(address) => Box::new(match parts.resolved {
                    Some(addresses) => TcpLink::with_resolved(address, addresses),
                    None => TcpLink::new(address),
                }) as Box<dyn Link + Send>,
                Address::Serial(address) => Box::new(SerialLink::new(address)),
            })
        });
        let at = parts.address;
        let built_at = parts.clock.now();
        let memory = RecoveryState::new(&*parts.journal, &parts.key, built_at);
        Ok(Till {
            link: link.ok_or(BuildError::NoTerminal)?,
            clock: parts.clock,
            journal: parts.journal,
            key: parts.key,
            register: parts.register,
            config: parts.config,
            exclusive: parts.exclusive,
            at_new_address: parts.at_new_address,
            at,
            cancel,
            memory,
            delay: SettlementDelay::new(built_at),
        })
    }

    /// What every kind of till is made of.
    pub(crate) fn parts(self) -> Result<Parts, BuildError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if self.address.is_none() && self.kind.is_none() {
            return Err(BuildError::NoTerminal);
        }
        let terminal = match (self.terminal, &self.address) {
            (Some(terminal), _) => terminal,
            (None, Some(address)) => name_of(address).parse().map_err(BuildError::TerminalId)?,
            (None, None) => return Err(BuildError::NoTerminalId),
        };
        let mut dialect = self.dialect.unwrap_or(Dialect::PAYXPRESS);
        let address = match self.address {
            Some(Address::Serial(address)) => Some(address.with_usual_line(dialect.session.line).into()),
            other => other,
        };
        let link = match &address {
            Some(Address::Tcp(_)) => LinkKind::Stream,
            Some(Address::Serial(address)) => {
                dialect.session.line = address.line();
                LinkKind::Serial
            }
            None => self.kind.unwrap_or(LinkKind::Stream),
        };
        let identifier = self.identifier.unwrap_or(Identifier::COMMON);
        let mut config = Config { link, ..Config::new(dialect, identifier) };
        config.answer_timeout = self.answer_timeout.unwrap_or(config.answer_timeout);
        config.connect_timeout = self.connect_timeout.unwrap_or(config.connect_timeout);
        let key = TerminalKey { terminal, address: address.as_ref().and_then(address_name) };
        Ok(Parts {
            address,
            resolved: self.resolved,
            clock: self.clock.unwrap_or_else(|| Box::new(SystemClock::new())),
            journal: self.journal.ok_or(BuildError::NoJournal)?,
            key,
            register: self.register.unwrap_or(Register::FIRST),
            config,
            exclusive: self.exclusive,
            at_new_address: self.at_new_address,
        })
    }
}

/// What a till is made of, beside its link.
pub(crate) struct Parts {
    pub(crate) address: Option<Address>,
    /// The addresses of its host, if they are not to be resolved.
    pub(crate) resolved: Option<Vec<SocketAddr>>,
    pub(crate) clock: Box<dyn Clock + Send + Sync>,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) key: TerminalKey,
    pub(crate) register: Register,
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    pub(crate) at_new_address: bool,
}

/// What a terminal is called that has no id of its own.
pub(crate) fn name_of(address: &Address) -> String {
    match address {
        // Names of hosts know no case.
        Address::Tcp(address) => format!("tcp:{}:{}", address.host().to_ascii_lowercase(), address.port()),
        Address::Serial(address) => format!("serial:{}", plain(address.path())),
    }
}

/// An address in the form of a name: what tells that two names are one terminal. The same for each way to write it that can
/// be known here: the letters of a host, the names of the loopback, links to a port.
pub(crate) fn address_name(address: &Address) -> Option<TerminalId> {
    let name = match address {
        Address::Tcp(address) => tcp_name(address),
        Address::Serial(address) => match std::fs::canonicalize(address.path()) {
            Ok(path) => format!("serial:{}", plain(&path.to_string_lossy())),
            Err(_) => name_of(&Address::Serial(address.clone())),
        },
    };
    // Two long ones may become one: then one terminal waits for the other, and nothing worse.
    let name = plain(&name);
    name.get(name.len().saturating_sub(LONGEST_NAME)..)?.parse().ok()
}

/// The address that was connected, in the form of a name.
pub(crate) fn peer_name(peer: SocketAddr) -> Option<TerminalId> {
    plain(&tcp_name(&TcpAddress::new(&peer.ip().to_string(), peer.port()))).parse().ok()
}

/// A host as a name: a number in its usual form, and one name for the loopback. An IPv4 address may be written as an IPv6
/// address too.
fn tcp_name(address: &TcpAddress) -> String {
    let number = address.number().map(|number| number.ip().to_canonical());
    let is_local =
        number.is_some_and(|number| number == Ipv4Addr::LOCALHOST || number == Ipv6Addr::LOCALHOST);
    match number {
        _ if is_local || address.host().eq_ignore_ascii_case("localhost") => {
            format!("tcp:localhost:{}", address.port())
        }
        Some(number) => format!("tcp:{number}:{}", address.port()),
        None => name_of(&Address::Tcp(address.clone())),
    }
}

/// A text as the name of a terminal, whose characters are fewer.
pub(crate) fn plain(text: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() || "-_.".contains(it) { it } else { ':' };
    text.chars().map(plain).collect()
}

/// The longest name of a terminal, in bytes.
const LONGEST_NAME: usize = 64;

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}
