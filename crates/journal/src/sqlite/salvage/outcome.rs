//! What a salvage recovers, and what it holds back.

use std::ops::RangeInclusive;

use caisse_payment::{TerminalId, TransactionId};

/// What [`SqliteJournal::salvage`](crate::SqliteJournal::salvage) made of a damaged file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what is held back needs a person"]
pub struct Salvaged {
    /// How many transactions of the damaged file are in the new journal.
    pub transactions: u64,
    /// How many events of theirs: each is as it was written.
    pub events: u64,
    /// How many of these events were lost, and follow from the rows of their transactions. The hash of a later event proves each.
    pub rebuilt_events: u64,
    /// The numbers of the events that are lost, in the damaged file. A row about older copies that were accepted is none.
    pub lost_events: Vec<RangeInclusive<u64>>,
    /// The numbers of the events that verify and are not in the new journal, because they cannot follow what is left of their
    /// transactions: a contradiction of an outcome that is lost. They are among what is [`readable`](HeldBack::readable).
    pub unplaced_events: Vec<u64>,
    /// Whether events may be missing of which nothing is left, neither an id nor a number. **A transaction that is missing with them
    /// is not in the new journal, and its id is new again.** Every terminal that the file names is held back then.
    pub may_miss_transactions: bool,
    /// Whether the folder `NAME.locks` is missing beside the damaged journal, so that nothing shows whether the file has the newest
    /// payments. Every terminal that the file names is held back then.
    pub is_alone: bool,
    /// The transactions and terminals that a person has to look at.
    pub held_back: Vec<HeldBack>,
    /// Whether the new file is a backup, as the damaged one was: no payment is recorded in it before it is restored.
    pub is_backup: bool,
    /// Whether the row that says how many transactions were forgotten is lost. No payment depends on it.
    pub lost_forgotten: bool,
    /// How many rows about older copies that persons accepted are lost. No payment depends on them.
    pub lost_acceptances: u64,
}

/// A transaction of the new journal that is open until a person has looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Its id.
    pub id: TransactionId,
    /// Why it is held back.
    pub why: HeldBackReason,
    /// The name of its terminal, where it is known.
    pub terminal: Option<TerminalId>,
    /// The address of its terminal, where it is known.
    pub address: Option<TerminalId>,
    /// The numbers of its events that are lost, as far as they are known.
    pub lost_events: Vec<u64>,
    /// What can be read about it in the damaged file and is not in the new journal: one line in English each. It is not verified,
    /// except for the [`unplaced_events`](Salvaged::unplaced_events). For a person to compare with
    /// the terminal, and never for a decision by a program.
    pub readable: Vec<String>,
}

/// Why a transaction is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldBackReason {
    /// Events of it are lost, or may be.
    Incomplete,
    /// The event that began it is lost. What it asks for was read from its row, which nothing verifies.
    StartNotVerified,
    /// The event that began it is lost, and what it asked for with it: in the new journal the amount is 0, and the terminal has no
    /// known name.
    StartLost,
    /// It was never asked for. It holds its terminal back, because events may be missing of which nothing is left.
    Terminal,
}

impl HeldBackReason {
    /// Returns the stable code: `incomplete`, `start_not_verified`, `start_lost` or `terminal`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::StartNotVerified => "start_not_verified",
            Self::StartLost => "start_lost",
            Self::Terminal => "terminal",
        }
    }
}
