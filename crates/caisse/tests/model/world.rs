//! A shop: a till that may die at any moment, its journal, a terminal and a line, and a cashier.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use caisse::{Dialect, LinkKind};
use caisse_journal::Admitted;
use caisse_payment::evidence::LastTransaction;
use caisse_payment::{AuthorisationNumber, Outcome, Proof, Verdict};
use caisse_settlement::weigh::{Knowledge, LateResult, RecoveryFinding};

use crate::promise;
use crate::till::{self, Answer, Demand, Note, Op, Till};

/// A transaction: [`BEFORE`], or one of the two that the model is about.
pub type Slot = usize;

/// A sale that went well before the model begins: its number is the last that the journal knows.
pub const BEFORE: Slot = 0;
pub const OURS: [Slot; 2] = [1, 2];

/// What goes wrong, how often at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Troubles {
    /// The till dies.
    pub crashes: u8,
    /// Something on the line does not arrive, or the line goes.
    pub losses: u8,
    /// The journal cannot write.
    pub write_failures: u8,
    /// The system does not take all of a message, or does not say what it took.
    pub send_failures: u8,
    /// The terminal says something twice, or something else's answer.
    pub strays: u8,
    /// Somebody presses cancel, or gives up.
    pub wishes: u8,
    /// Another till, with another journal, takes a payment at the terminal.
    pub strangers: u8,
    /// The terminal keeps its connection open after its answer, or the till is stopped while the answer arrives.
    pub open: u8,
}

/// Which transactions are for the same amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amounts {
    Distinct,
    OursAlike,
    AllAlike,
}

/// The parts of the system, or ones with a mistake in them.
#[derive(Clone, Copy)]
pub struct Parts {
    pub till: Till,
    pub admit: fn(&Setup, &[Note], Slot) -> Admitted,
    pub knowledge: fn(&Setup, &[Note], Slot, Option<AuthorisationNumber>, bool) -> Knowledge,
    pub weigh: fn(&LastTransaction, &Knowledge) -> RecoveryFinding,
    pub weigh_result: fn(&LateResult) -> RecoveryFinding,
    /// What the disk holds after a crash of what it had confirmed.
    pub disk: fn(Vec<Note>) -> Vec<Note>,
}

pub const REAL: Parts = Parts {
    till: till::real,
    admit: crate::journal::admit,
    knowledge: crate::journal::knowledge,
    weigh: caisse_settlement::weigh::weigh,
    weigh_result: caisse_settlement::weigh::weigh_result,
    disk: |notes| notes,
};

#[derive(Clone)]
pub struct Setup {
    pub kind: LinkKind,
    pub dialect: Dialect,
    pub exclusive: bool,
    pub amounts: Amounts,
    /// The second transaction is the first customer's second attempt, made only when the first is told to have ended
    /// without payment. Otherwise it is the next customer's, and the cashier tries it whenever he likes.
    pub same_sale: bool,
    /// Whether a person decides what nobody else can.
    pub operator: bool,
    /// How often each transaction is asked for.
    pub attempts: u8,
    pub troubles: Troubles,
    pub parts: Parts,
}

/// What the terminal said its last transaction was, if asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Last {
    Completed { of: Slot, charge: u8 },
    NotCompleted,
}

/// How far the terminal is with telling a result in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Telling {
    Called,
    Said,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terminal {
    /// The request that it is at: the card holder has not decided.
    pub work: Option<Slot>,
    /// What came of the last one, if nobody has been told yet.
    pub result: Option<Answer>,
    pub telling: Option<Telling>,
    /// How often it will still call to tell it.
    pub calls: u8,
    pub last: Last,
    /// The number of the last charge.
    pub number: u8,
}

/// A payment that a till is running.
#[derive(Clone, Debug)]
pub struct Running {
    pub slot: Slot,
    pub history: Vec<Op>,
    /// Whether any of the request may have left.
    pub handed: bool,
    /// The cashier has been told.
    pub told: bool,
    pub demand: Demand,
}

impl PartialEq for Running {
    /// The demand follows from the history.
    fn eq(&self, other: &Self) -> bool {
        (self.slot, &self.history, self.handed) == (other.slot, &other.history, other.handed)
    }
}

impl Eq for Running {}

impl Hash for Running {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.slot, &self.history, self.handed).hash(state);
    }
}

/// What has become of one of the transactions, kept by nobody who takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    pub charges: u8,
    /// How often any of its request may have left.
    pub handed: u8,
    /// How often the cashier has asked for it.
    pub asked: u8,
    /// The cashier was told that nothing was paid.
    pub told_unpaid: bool,
    /// The cashier was told that it may be tried again under another id.
    pub told_over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// What the disk holds.
    pub notes: Vec<Note>,
    pub running: Option<Running>,
    /// The transaction whose connection is still open at the till although it has ended.
    pub listening: Option<Slot>,
    /// A request on its way to the terminal.
    pub transit: Option<Slot>,
    pub terminal: Terminal,
    pub truth: [Truth; 3],
    /// The longest transaction's time has passed since the last request, and since the till was started.
    pub waited: bool,
    /// The transaction whose answer the terminal may still contradict, on the connection that it keeps open.
    pub may_contradict: Option<Slot>,
    /// The transaction whose answer it has contradicted.
    pub contradicted: Option<Slot>,
    pub left: Troubles,
    pub broken: BTreeSet<&'static str>,
}

impl World {
    pub fn new(setup: &Setup) -> Self {
        let approved = Outcome::Approved { amount: till::amount(setup, BEFORE) };
        let verdict = Verdict { outcome: approved, proof: Proof::Answered };
        Self {
            notes: vec![Note::Start(BEFORE), Note::End(BEFORE, verdict, Some(1))],
            running: None,
            listening: None,
            transit: None,
            terminal: Terminal {
                work: None,
                result: None,
                telling: None,
                calls: 0,
                last: Last::Completed { of: BEFORE, charge: 1 },
                number: 1,
            },
            truth: [
                Truth { charges: 1, handed: 1, asked: 1, ..Truth::default() },
                Truth::default(),
                Truth::default(),
            ],
            waited: false,
            may_contradict: None,
            contradicted: None,
            left: setup.troubles,
            broken: BTreeSet::new(),
        }
    }

    pub fn breaks(&mut self, promise: &'static str) {
        self.broken.insert(promise);
    }

    /// The cashier is told how a transaction ended.
    pub fn tell(&mut self, setup: &Setup, slot: Slot, outcome: Outcome) {
        let charges = self.truth[slot].charges;
        match outcome {
            Outcome::Approved { amount } => {
                if charges == 0 || amount != till::amount(setup, slot) {
                    self.breaks(promise::NO_FALSE_APPROVAL);
                }
            }
            Outcome::PartiallyApproved { .. } => self.breaks(promise::NO_FALSE_APPROVAL),
            Outcome::Unknown { .. } => {}
            Outcome::Declined { .. }
            | Outcome::Cancelled { .. }
            | Outcome::NotSent { .. }
            | Outcome::Blocked { .. } => {
                if charges > 0 {
                    self.breaks(promise::NO_LOST_APPROVAL);
                }
                self.truth[slot].told_unpaid = true;
                self.truth[slot].told_over = !matches!(outcome, Outcome::Blocked { .. });
            }
        }
    }

    /// The terminal moves the money.
    pub fn charge(&mut self, setup: &Setup, slot: Slot) {
        let truth = &mut self.truth[slot];
        truth.charges += 1;
        if truth.charges > 1 {
            self.broken.insert(promise::ONE_CHARGE);
        }
        if truth.told_unpaid {
            self.broken.insert(promise::NO_LOST_APPROVAL);
        }
        if setup.same_sale && OURS.iter().map(|ours| self.truth[*ours].charges).sum::<u8>() > 1 {
            self.broken.insert(promise::ONE_CUSTOMER);
        }
        self.terminal.number += 1;
        self.terminal.last = Last::Completed { of: slot, charge: self.terminal.number };
    }
}
