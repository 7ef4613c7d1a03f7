//! Asks a terminal what carries no money: whether it is there, who it is, a copy of its last ticket.

use std::fmt;
use std::time::Duration;

use caisse_codec::{Identifier, Status, Version};
use caisse_hal::serial::SerialLink;
use caisse_hal::tcp::TcpLink;
use caisse_hal::{Address, Clock, Link, SystemClock};
use caisse_journal::{FiledResult, Journal, LockError, TerminalKey, TerminalLock};
use caisse_payment::{IdentifierError, Outcome, Receipt, Refusal, Register, TerminalId, TransactionId};
use caisse_transaction::probe::{ProbeConfig, ProbeMachine};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Dialect, LinkKind};

pub use caisse_journal::Filing;
pub use caisse_transaction::probe::{Finding, Question, QuestionError, Voice};

use crate::CancelHandle;
use crate::asking::{Limits, ask};
use crate::builder::{address_name, name_of};
use crate::late::LateResultFiler;
use crate::reach::Reach;

/// A terminal that can be asked what carries no money. It needs the terminal's lock, so that it never disturbs a payment.
///
/// ```
/// use caisse::MemoryJournal;
/// use caisse::probe::{Finding, Probe};
///
/// let mut journal = MemoryJournal::new();
/// let mut probe = Probe::new("tcp://127.0.0.1:1".parse()?)?;
/// let lock = probe.lock(&journal)?;
/// let greeting = probe.greeting(&journal);
/// let reply = probe.ask(&mut journal, &lock, greeting)?;
/// assert!(matches!(reply.finding, Finding::NotOpened(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Probe {
    address: Address,
    link: Box<dyn Link + Send>,
    clock: Box<dyn Clock + Send + Sync>,
    terminal: TerminalId,
    config: ProbeConfig,
    cancel: CancelHandle,
}

/// Why a question was not put. Nothing was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The dialect has no such message, or may not be asked it on this line.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The lock is another terminal's.
    #[error("the lock that is held belongs to another terminal")]
    WrongLock,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What was found out.
    pub finding: Finding,
    /// Who was heard, told by the first bytes that came.
    pub voice: Option<Voice>,
    /// Whether a frame stood around an answer on TCP, where none belongs.
    pub framed: bool,
    /// Whether the terminal asked for the line itself: it has a result to tell.
    pub called: bool,
    /// Messages that came and were no answer to the question: perhaps results of earlier transactions.
    pub late: u8,
    /// What one of them says of the last payment of this journal on the terminal.
    pub earlier: Option<Earlier>,
    /// The protocol version of the terminal (CZ).
    pub version: Option<Version>,
    /// The identifier that it answered with (CJ): the till's, or its own.
    pub identifier: Option<Identifier>,
    /// Its serial number (AQ), which PayXpert's terminals may tell.
    pub serial_number: Option<String>,
    /// Its merchant contract (CG).
    pub contract: Option<String>,
    /// Why it says no (AF), if it says so.
    pub refusal: Option<Refusal>,
    /// The tickets that it sent.
    pub receipts: Vec<Receipt>,
}

/// A result of an earlier payment, which came where it was not asked for. The terminal does not tell it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The payment.
    pub id: TransactionId,
    /// Its outcome by this result.
    pub outcome: Outcome,
    /// What the journal makes of it.
    pub filing: Filing,
}

impl Probe {
    /// A probe of the terminal at this address, whose dialect nobody has named: on TCP it is taken for PayXpress, on a
    /// serial line only its presence can be asked for. Its id is made of the address, as for a [`Till`](crate::Till).
    ///
    /// # Errors
    /// When the address is too long for an id: then the terminal needs one of its own, with [`at`](Self::at).
    pub fn new(address: Address) -> Result<Self, IdentifierError> {
        let terminal = name_of(&address).parse()?;
        Ok(Self::at(address, terminal))
    }

    /// A probe of the terminal that the shop knows under this id.
    #[must_use]
    pub fn at(address: Address, terminal: TerminalId) -> Self {
        let config = ProbeConfig { named: false, ..ProbeConfig::new(Dialect::PAYXPRESS, Identifier::COMMON) };
        Self::with(address, terminal, config)
    }

    fn with(address: Address, terminal: TerminalId, mut config: ProbeConfig) -> Self {
        let link: Box<dyn Link + Send> = match &address {
            Address::Tcp(tcp) => {
                config.link = LinkKind::Stream;
                Box::new(TcpLink::new(tcp.clone()))
            }
            Address::Serial(serial) => {
                let serial = serial.clone().with_usual_line(config.dialect.session.line);
                config.link = LinkKind::Serial;
                config.dialect.session.line = serial.line();
                Box::new(SerialLink::new(serial))
            }
        };
        let cancel = CancelHandle::default();
        Self { address, link, clock: Box::new(SystemClock::new()), terminal, config, cancel }
    }

    /// The same terminal, spoken to in this dialect.
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        let config = ProbeConfig { dialect, named: true, ..self.config };
        Self { cancel: self.cancel, ..Self::with(self.address, self.terminal, config) }
    }

    /// The number of the register (CA); 01 unless told otherwise.
    #[must_use]
    pub const fn register(mut self, register: Register) -> Self {
        self.config.register = register;
        self
    }

    /// The identifier of the till's editor (CJ).
    #[must_use]
    pub const fn identifier(mut self, identifier: Identifier) -> Self {
        self.config.identifier = identifier;
        self
    }

    /// The longest wait for the connection, and for the answer; 10 s each unless told otherwise. Asking for a line with
    /// ENQ has limits of its own.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        (self.config.connect_timeout, self.config.answer_timeout) = (timeout, timeout);
        self
    }

    /// How much longer a line of eight bits is listened to: see [`ProbeConfig::listen`].
    pub(crate) const fn listen(mut self, listen: Duration) -> Self {
        self.config.listen = listen;
        self
    }

    /// Another copy of it, at another address of the same terminal.
    pub(crate) fn moved(&self, address: Address) -> Self {
        Self { cancel: self.cancel.clone(), ..Self::with(address, self.terminal, self.config) }
    }

    /// The same with one short enquiry instead of several.
    pub(crate) const fn in_haste(mut self, wait: Duration) -> Self {
        self.config.dialect.session.rules.attempts = 1;
        self.config.dialect.session.timers.enquiry = wait;
        self
    }

    /// Returns a handle with which another thread, or the handler of a signal, stops this question and those after it. The
    /// answer is [`Finding::GivenUp`] then, unless one has come.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.cancel.is_requested()
    }

    /// Where the terminal is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// How it is set up.
    #[must_use]
    pub const fn config(&self) -> &ProbeConfig {
        &self.config
    }

    /// Its id.
    #[must_use]
    pub const fn terminal(&self) -> TerminalId {
        self.terminal
    }

    pub(crate) fn place(&self) -> TerminalKey {
        TerminalKey { terminal: self.terminal, address: address_name(&self.address) }
    }

    /// Takes the terminal's lock, which a running payment holds.
    ///
    /// # Errors
    /// [`LockError::Busy`] when a payment, or another probe, is under way.
    pub fn lock(&self, journal: &dyn Journal) -> Result<TerminalLock, LockError> {
        journal.lock_terminal(&self.place())
    }

    /// The most that may be asked of this terminal to find out whether it is there: its identification where that has a
    /// message and the line may carry it, otherwise its presence. A line with sessions whose journal has something
    /// unresolved, or cannot say, is asked with ENQ alone: what the terminal wants to tell there is for the till that
    /// files it.
    #[must_use]
    pub fn greeting(&self, journal: &dyn Journal) -> Question {
        let settled = journal.unresolved_at(&self.place()).is_ok_and(|open| open.is_empty());
        let possible = self.check(Question::Identification).is_ok();
        if possible && (settled || !self.config.has_sessions()) {
            Question::Identification
        } else {
            Question::Presence
        }
    }

    /// Whether a question can be put to such a terminal. Nothing is opened.
    ///
    /// # Errors
    /// When the dialect has no such message, or may not be asked it on this line.
    pub fn check(&self, question: Question) -> Result<(), QuestionError> {
        ProbeMachine::new(self.config, question, &mut []).map(|_| ())
    }

    /// Asks, and waits for the answer. Where the terminal tells the result of the last payment instead, on a line with
    /// sessions, that is written in the journal as far as it contradicts what stands there; an open payment stays open, and
    /// [`Reply::earlier`] says what was told.
    ///
    /// # Errors
    /// When the question cannot be put to such a terminal, or the lock is another's. Nothing was opened then.
    pub fn ask(
        &mut self,
        journal: &mut dyn Journal,
        lock: &TerminalLock,
        question: Question,
    ) -> Result<Reply, AskError> {
        let filer = self.filer();
        let mut earlier = None;
        let reply = self.put(lock, question, |body| match filer.file(journal, lock, body) {
            Ok(late) => {
                let told =
                    late.map(|FiledResult { id, outcome, filing, .. }| Earlier { id, outcome, filing });
                earlier = told.or(earlier);
                true
            }
            Err(_) => false,
        })?;
        Ok(Reply { earlier, ..reply })
    }

    fn filer(&self) -> LateResultFiler {
        let terminal = Reach { key: self.place(), at: Some(&self.address) }.identity();
        LateResultFiler { terminal, dialect: self.config.dialect, exclusive: false, running: None }
    }

    /// Asks with ENQ and EOT alone, where the terminal can tell nothing.
    pub(crate) fn ask_presence(&mut self, lock: &TerminalLock) -> Result<Reply, AskError> {
        self.put(lock, Question::Presence, |_| false)
    }

    fn put(
        &mut self,
        lock: &TerminalLock,
        question: Question,
        store: impl FnMut(&[u8]) -> bool,
    ) -> Result<Reply, AskError> {
        if *lock.terminal() != self.terminal {
            return Err(AskError::WrongLock);
        }
        let mut storage = [0; MOST_STORAGE];
        let mut machine = ProbeMachine::new(self.config, question, &mut storage)?;
        let limits = Limits::new(&self.config, &self.cancel);
        ask(&mut *self.link, &*self.clock, &mut machine, &limits, store);
        let Some(report) = machine.report() else {
            // The driver returns at the end, where there is a report.
            return Ok(Reply::empty(Finding::GivenUp));
        };
        let mut reply = Reply {
            voice: report.voice(),
            framed: report.framed(),
            called: report.calls() > 0,
            late: report.late(),
            ..Reply::empty(report.finding())
        };
        if let Some(answer) = report.answer() {
            reply.version = answer.version();
            reply.identifier = answer.identifier();
            reply.serial_number = answer.serial_number().map(str::to_owned);
            reply.contract = answer.contract().map(|contract| contract.as_str().to_owned());
            reply.refusal = answer.complement().and_then(|complement| complement.refusal());
            reply.receipts = answer.tickets().filter_map(|ticket| ticket.receipt().ok()).collect();
        }
        Ok(reply)
    }
}

impl Reply {
    const fn empty(finding: Finding) -> Self {
        Self {
            finding,
            voice: None,
            framed: false,
            called: false,
            late: 0,
            earlier: None,
            version: None,
            identifier: None,
            serial_number: None,
            contract: None,
            refusal: None,
            receipts: Vec::new(),
        }
    }

    /// Whether the terminal is certainly there: it answered, or acknowledged, refused or asked for the line.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        matches!(
            self.finding,
            Finding::Granted
                | Finding::LineRefused
                | Finding::Calling
                | Finding::Answered(Status::Performed | Status::NotPerformed | Status::Taken)
                | Finding::MessageRefused
        )
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("address", &self.address)
            .field("terminal", &self.terminal)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
