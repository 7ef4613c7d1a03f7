//! A terminal's life, without I/O: states, time as the caller tells it, one customer at a time. What is on the wire, and
//! on which wire, is not known here.

mod event;
mod memory;
mod reply;
mod request;
mod state;
mod steering;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use caisse_hal::Instant;
use caisse_payment::{Currency, Refusal};

pub use event::{Event, Happened, Movement};
pub use memory::Totals;
pub use reply::{Outcome, Reply, Verdict};
pub use request::{Asked, Operation};
pub use state::LineId;
pub use steering::NotNow;

use crate::fault::{Fault, Lines, Name};
use crate::ledger::{Charge, Ledger};
use crate::persona::Persona;
use crate::random::Random;
use crate::script::{Script, Turn};
use event::EventLog;
use memory::Memory;
use state::State;

/// The contract in every answer (CG).
pub(crate) const CONTRACT: &str = "1234567";

/// The serial number of every virtual terminal (AQ).
pub(crate) const SERIAL_NUMBER: &str = "VIRTUAL0000001";

/// How many turns are kept for a replay.
const MOST_PLAYED: usize = 200;

/// How many turns may wait for their transactions.
const MOST_NEXT: usize = 10_000;

/// What a terminal is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which terminal is played.
    pub persona: Persona,
    /// What it answers.
    pub script: Script,
    /// What goes wrong in every transaction.
    pub faults: Vec<Fault>,
    /// Where chance begins.
    pub seed: u64,
    /// How long the card holder takes.
    pub latency: Duration,
    /// How long the bank takes.
    pub authorisation: Duration,
    /// How long the ticket takes to print.
    pub printing: Duration,
    /// Whether a card comes only when [`Terminal::present_card`] says so.
    pub manual_card: bool,
    /// How long it waits for such a card before it gives up with 08.
    pub card_timeout: Duration,
    /// The currencies that it takes; every one when empty.
    pub currencies: Vec<Currency>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            persona: Persona::default(),
            script: Script::default(),
            faults: Vec::new(),
            seed: 0,
            latency: Duration::ZERO,
            authorisation: Duration::ZERO,
            printing: Duration::ZERO,
            manual_card: false,
            card_timeout: Duration::from_secs(60),
            currencies: Vec::new(),
        }
    }
}

/// A terminal that lives as its owner's clock goes.
///
/// ```
/// use caisse_hal::Instant;
/// use caisse_payment::{Amount, Currency};
/// use caisse_simulator::Ledger;
/// use caisse_simulator::fault::Lines;
/// use caisse_simulator::terminal::{Asked, Operation, Outcome, Settings, Terminal, Verdict};
/// use std::time::Duration;
///
/// let settings = Settings { latency: Duration::from_secs(30), ..Settings::default() };
/// let mut terminal = Terminal::new(settings, Ledger::new());
/// let line = terminal.open(Lines::Any).line;
/// let asked = Asked::new(Operation::Debit, Some(Amount::from_minor(2_500, Currency::EUR)), 1);
/// terminal.ask(Instant::from_millis(0), line, asked);
/// assert_eq!((terminal.state(), terminal.take(line)), ("waiting_for_card", Outcome::Pending));
/// terminal.line_lost(Instant::from_millis(10), line); // the till goes, the card holder does not
/// terminal.advance(Instant::from_millis(30_000));
/// assert_eq!(terminal.ledger().len(), 1);
/// ```
#[derive(Debug)]
pub struct Terminal {
    settings: Settings,
    ledger: Ledger,
    script: Script,
    faults: Vec<Fault>,
    next: VecDeque<Turn>,
    /// How many turns of the script are over.
    turns: usize,
    /// How many requests there were.
    transactions: u64,
    lines: u64,
    /// What a line to this terminal is: it has one kind.
    kind: Lines,
    state: State,
    outcomes: BTreeMap<LineId, Outcome>,
    memory: Memory,
    log: EventLog,
    /// The turns so far, with nothing left to chance.
    played: Vec<String>,
    turns_played: usize,
    /// Bytes of the last answer that was made, for the fault of an earlier answer.
    answered: Option<Vec<u8>>,
    now: Instant,
}

/// A line that has just opened.
#[derive(Debug)]
pub struct Opened {
    /// Its name.
    pub line: LineId,
    /// The faults that are known before the request.
    pub(crate) faults: Vec<Fault>,
    pub(crate) random: Random,
}

impl Terminal {
    /// A terminal on its idle screen.
    #[must_use]
    pub fn new(settings: Settings, ledger: Ledger) -> Self {
        Self {
            script: settings.script.clone(),
            faults: settings.faults.clone(),
            settings,
            ledger,
            next: VecDeque::new(),
            turns: 0,
            transactions: 0,
            lines: 0,
            kind: Lines::Any,
            state: State::Idle,
            outcomes: BTreeMap::new(),
            memory: Memory::default(),
            log: EventLog::default(),
            played: Vec::new(),
            turns_played: 0,
            answered: None,
            now: Instant::default(),
        }
    }

    /// What it has charged.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Which terminal it plays.
    #[must_use]
    pub const fn persona(&self) -> &Persona {
        &self.settings.persona
    }

    /// The name of its state: idle, waiting_for_card, authorising, printing, busy, asleep, background or rebooting.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.state.name()
    }

    /// Whether it can be reached at all.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        !matches!(self.state, State::Asleep | State::Rebooting(_))
    }

    /// Whether it would take a transaction now.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// When something happens by itself next.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.state.deadline()
    }

    /// The totals since the last telecollection, by the currency's number.
    #[must_use]
    pub const fn totals(&self) -> &BTreeMap<u16, Totals> {
        self.memory.totals()
    }

    /// The events behind this number, as far as they are kept.
    #[must_use]
    pub fn events_since(&self, number: u64) -> Vec<Happened> {
        self.log.since(number)
    }

    /// How many events there were.
    #[must_use]
    pub const fn event_count(&self) -> u64 {
        self.log.count()
    }

    fn log(&mut self, event: Event) {
        self.log.push(self.now, event);
    }

    fn enter(&mut self, state: State) {
        let changed = state.name() != self.state.name();
        self.state = state;
        if changed {
            self.log(Event::State { state: self.state.name() });
        }
    }

    /// A till's line opens. Which kind it is says what can go wrong there.
    pub fn open(&mut self, lines: Lines) -> Opened {
        self.kind = lines;
        self.lines = self.lines.saturating_add(1);
        let line = LineId(self.lines);
        self.outcomes.insert(line, Outcome::Pending);
        let mut random = Random::of(self.settings.seed, self.transactions.saturating_add(1));
        let turn = self.next.front().cloned().or_else(|| self.script.ahead(self.turns)).unwrap_or_default();
        let faults = self.resolve(&turn.faults, &mut random);
        // What the line leaves to chance does not hang on what the script has left to it.
        let random = Random::of(!self.settings.seed, self.transactions.saturating_add(1));
        Opened { line, faults, random }
    }

    /// The faults of every transaction and those of this one, with nothing left to chance.
    fn resolve(&self, faults: &[Fault], random: &mut Random) -> Vec<Fault> {
        let all = self.faults.iter().chain(faults).copied();
        all.flat_map(|fault| match fault.name() {
            Name::Random => {
                crate::fault::by_chance(fault, self.kind, self.settings.persona.generation, random)
            }
            _ => Some(fault),
        })
        .collect()
    }

    /// A line is gone for good: whatever comes for it is dropped.
    pub fn close(&mut self, line: LineId) {
        self.outcomes.remove(&line);
    }

    /// The till went away. The terminal goes on: the card holder is still there.
    pub fn line_lost(&mut self, now: Instant, line: LineId) {
        self.advance(now);
        if let Some(transaction) =
            self.state.work().filter(|work| work.line == line).map(|work| work.transaction)
        {
            self.log(Event::TillGone { transaction });
        }
    }

    /// A turn of the script is over although no request came: one of its faults has happened before.
    pub(crate) fn spend_turn(&mut self, faults: &[Fault]) {
        self.transactions = self.transactions.saturating_add(1);
        let next = self.next.pop_front();
        let mut turn = match next {
            Some(turn) => turn,
            None => {
                let turn = self.script.ahead(self.turns).unwrap_or_default();
                self.turns = self.turns.saturating_add(1);
                turn
            }
        };
        turn.faults = faults.to_vec();
        self.log(Event::turn(self.transactions, &turn));
        self.note_turn(&turn);
    }

    /// What became of the request of this line; an outcome is given out once.
    pub fn take(&mut self, line: LineId) -> Outcome {
        match self.outcomes.get_mut(&line) {
            None => Outcome::Silent,
            Some(outcome) => std::mem::replace(outcome, Outcome::Pending),
        }
    }

    /// Whether this line's customer stands at the terminal.
    #[must_use]
    pub fn is_working_for(&self, line: LineId) -> bool {
        self.state.work().is_some_and(|work| work.line == line)
            || self.outcomes.get(&line).is_some_and(|outcome| *outcome != Outcome::Pending)
    }

    pub(crate) fn note_fault(&mut self, now: Instant, fault: Fault) {
        self.now = self.now.max(now);
        self.log(Event::Fault { fault: fault.to_string() });
    }

    /// An answer has left to its last byte.
    pub(crate) fn note_answered(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.log(Event::Answered);
    }

    /// An answer has been written down as bytes; gives back the one before it.
    pub(crate) fn note_answer(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.answered.replace(bytes.to_vec())
    }

    /// The answer of the last transaction, for an ENQ that comes late.
    pub(crate) fn last_answer(&self) -> Option<&[u8]> {
        self.answered.as_deref()
    }

    /// A charge that moves the ledger's books, told to those who watch.
    fn book(&mut self, asked: &Asked, amount: caisse_payment::Amount) -> Charge {
        let charge = self.memory.book(&self.ledger, asked, amount);
        self.log(Event::movement(&charge));
        charge
    }

    /// The command that does the same again, exactly: with this seed, and with every turn so far spelled out, nothing left
    /// to chance or to code. After two hundred turns, the command that starts such a terminal.
    #[must_use]
    pub fn replay(&self) -> String {
        let Settings { persona, seed, latency, .. } = &self.settings;
        let (name, latency) = (persona.name, latency.as_millis());
        let start = format!("caisse terminal --dialect {name} --seed {seed} --latency {latency}");
        if self.turns_played == self.played.len() && !self.played.is_empty() {
            return format!("{start} --answer {}", self.played.join(","));
        }
        let faults: String = self.faults.iter().map(|fault| format!(" --fault {fault}")).collect();
        format!("{start} --answer {}{faults}", self.script)
    }

    fn note_turn(&mut self, turn: &Turn) {
        self.turns_played = self.turns_played.saturating_add(1);
        if self.played.len() < MOST_PLAYED {
            self.played.push(turn.to_string());
        }
    }
}

/// The two digits of a refusal.
pub(crate) fn code_of(refusal: Refusal) -> [u8; 2] {
    caisse_codec::Complement::from_refusal(refusal).code()
}
