//! A shop: two tills, two terminals and a payment app, the wiring between them, a journal, and what really happened.

use std::collections::BTreeSet;
use std::sync::Arc;

use caisse_journal::Event;
use caisse_payment::evidence::ShownIdentity;
use caisse_payment::{
    Amount, AuthorisationNumber, Conclusion, Currency, Doubt, Operation, Outcome, Proof, Reference, Refusal,
    Retry, Transaction, TransactionId, Verdict,
};
use caisse_settlement::TerminalKey;

use crate::app::Launch;
use crate::history::{EMPTY, JournalNumber, Journals, Write};
use crate::promise;
use crate::rules::Rules;

/// The number of a sale in the setup.
pub type Slot = usize;
/// The most sales of a setup.
pub const MAX_SALES: usize = 5;

/// A till: one process, or the payment app's.
pub type TillNumber = usize;
pub const A: TillNumber = 0;
pub const B: TillNumber = 1;

/// A physical terminal, or the payment app.
pub type Device = usize;
pub const FIRST: Device = 0;
pub const SECOND: Device = 1;
pub const APP: Device = 2;

/// The process in which a person decides.
pub const PERSON: TillNumber = 3;

/// A name and an address at which a till reaches a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    pub name: &'static str,
    /// The number of the address.
    pub address: usize,
}

const ADDRESSES: [&str; 3] = ["tcp:192.0.2.7:8888", "tcp:192.0.2.8:8888", "tcp:192.0.2.9:8888"];

/// Who takes a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One of these tills.
    Tills(&'static [TillNumber]),
    /// The payment app, on a device of this name.
    App(&'static str),
}

/// A sale that is, or was, to be paid by card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    pub by: By,
    pub minor: u64,
    /// The reference of the sale, where the terminals repeat references.
    pub reference: Option<&'static str>,
    /// The terminal at which it was paid before the model begins.
    pub paid_at: Option<Device>,
    /// The sale of which this is the customer's second attempt, made only when the first is told to have ended without payment.
    pub again: Option<Slot>,
}

/// A change of the wiring or of a till's configuration. Each happens once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The terminals at the first two addresses are swapped.
    Swap,
    /// This terminal gets this address; the one that was there is taken away.
    PutAt(Device, usize),
    /// A terminal moves from one address to another.
    Move { from: usize, to: usize },
    /// A till is started again with another name or address.
    Configure(TillNumber, View),
}

/// What goes wrong, how often at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Troubles {
    /// A till dies.
    pub crashes: u8,
    /// Something on the line does not arrive, or the line goes.
    pub losses: u8,
    /// A request waits in a queue.
    pub delays: u8,
    /// The journal cannot write.
    pub write_failures: u8,
    /// A till stands still for longer than a transaction can take.
    pub stalls: u8,
    /// A person decides what is not so.
    pub mistakes: u8,
    /// The file of the journal is replaced by a copy of itself.
    pub replacements: u8,
    /// A terminal does not get the acknowledgement of its result, and keeps it to report it again.
    pub copies: u8,
    /// Another shop's till takes a payment at a terminal.
    pub strangers: u8,
}

#[derive(Clone)]
pub struct Setup {
    /// Whether the terminals are at serial lines, where they report a result until somebody has it.
    pub sessions: bool,
    /// Whether the terminals show their serial numbers.
    pub shows: bool,
    /// Whether the terminals repeat references.
    pub references: bool,
    pub exclusive: bool,
    /// Whether a person decides what nobody else can.
    pub person: bool,
    /// Whether a terminal may forget that it refused, and then reports the transaction before.
    pub forgets: bool,
    /// Whether something may happen between the connection and the write of the start.
    pub step_by_step: bool,
    pub tills: [View; 2],
    /// The terminal at each address.
    pub wiring: [Option<Device>; 3],
    pub changes: &'static [Change],
    pub sales: &'static [Sale],
    /// How often each sale is begun.
    pub attempts: u8,
    pub troubles: Troubles,
    pub rules: Rules,
}

/// Since when a till is certain that a request was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Since {
    #[default]
    Never,
    Lately,
    /// Longer than a transaction can take.
    LongAgo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Admitted,
    Connected,
    Written,
    Sent,
}

/// A payment that a till is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    pub slot: Slot,
    pub phase: Phase,
    /// The terminal at the other end of the connection.
    pub device: Option<Device>,
}

/// A connection that is left open because the answer may still come on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    pub slot: Slot,
    pub device: Device,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Till {
    pub view: View,
    pub run: Option<Run>,
    pub known: [Since; MAX_SALES],
    pub pending: Option<Pending>,
    /// Whether its journal is not the file at the path any more.
    pub is_stale: bool,
}

impl Till {
    pub const fn new(view: View) -> Self {
        Self { view, run: None, known: [Since::Never; MAX_SALES], pending: None, is_stale: false }
    }
}

/// The last transaction of a terminal, as it would report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Last {
    Completed { of: Slot, number: u8 },
    NotCompleted,
}

/// What came of a request at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    pub of: Slot,
    /// The number of the charge; nothing after a refusal.
    pub charged: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terminal {
    /// The request that it has: in its queue, or with the card holder.
    pub work: Option<Slot>,
    /// What came of the last one, while somebody may still be told.
    pub result: Option<Done>,
    pub last: Last,
    /// How often it has charged.
    pub number: u8,
}

/// A request that waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Queued {
    pub till: TillNumber,
    pub slot: Slot,
    pub device: Device,
    pub queue: Queue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {
    /// That of the system on which the till runs. An abort empties it.
    OfTheTill,
    /// That of the terminal, which reads it within the time of a transaction.
    OfTheTerminal,
}

/// What has become of a sale, kept by nobody who takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    pub charges: u8,
    /// How often it was begun.
    pub asked: u8,
    /// The terminal to which a request was sent.
    pub sent_to: Option<Device>,
    /// The customer was told that nothing was paid.
    pub told_unpaid: bool,
    /// The customer was told that it may be tried again under another id.
    pub told_over: bool,
    /// A person has decided what is not so, and neither has a person corrected that nor a till stored the terminal's approval.
    pub is_mistaken: bool,
    /// The first attempt of this customer was told to be over by a person's mistake.
    pub is_excused: bool,
    /// The longest transaction's time has passed since it was sent.
    pub is_long_ago: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The file at the path.
    pub journal: JournalNumber,
    /// The file that was replaced.
    pub old_journal: Option<JournalNumber>,
    pub tills: [Till; 2],
    pub app: Option<Launch>,
    pub wiring: [Option<Device>; 3],
    /// The changes that have not happened.
    pub changes: Vec<bool>,
    pub terminals: [Terminal; 3],
    pub queue: Vec<Queued>,
    /// The last sale whose request was sent to each address.
    pub newest: [Option<Slot>; 3],
    pub truth: [Truth; MAX_SALES],
    pub left: Troubles,
    pub broken: BTreeSet<&'static str>,
}

/// The shop as a model: the setup, and the journals that its runs have written.
#[derive(Clone)]
pub struct Shop {
    pub setup: Setup,
    pub journals: Arc<Journals>,
}

pub fn id(slot: Slot) -> TransactionId {
    ["sale-1", "sale-2", "sale-3", "sale-4", "sale-5"][slot].parse().unwrap()
}

pub fn slot_of(id: &TransactionId) -> Slot {
    (0..MAX_SALES).find(|slot| self::id(*slot) == *id).unwrap()
}

/// The authorisation number of a charge: no two terminals share one.
pub fn authorisation(device: Device, number: u8) -> AuthorisationNumber {
    format!("{:06}", (device + 1) * 1000 + usize::from(number)).parse().unwrap()
}

impl Setup {
    pub fn amount(&self, slot: Slot) -> Amount {
        Amount::from_minor(self.sales[slot].minor, Currency::EUR)
    }

    pub fn key(&self, view: View) -> TerminalKey {
        let address = ADDRESSES[view.address].parse().ok().filter(|_| self.rules.knows_addresses);
        TerminalKey { terminal: view.name.parse().unwrap(), address }
    }

    pub fn reference(&self, slot: Slot) -> Option<Reference> {
        self.sales[slot].reference.map(|reference| reference.parse().unwrap())
    }

    /// A sale at a terminal whose name alone is known.
    pub fn transaction_at(&self, slot: Slot, name: &str) -> Transaction {
        let (amount, dialect) = (self.amount(slot), "nepting".parse().unwrap());
        Transaction {
            reference: self.reference(slot),
            ..Transaction::new(id(slot), Operation::Debit, amount, name.parse().unwrap(), dialect)
        }
    }

    /// A sale of a till.
    pub fn transaction(&self, slot: Slot, view: View) -> Transaction {
        Transaction { address: self.key(view).address, ..self.transaction_at(slot, view.name) }
    }

    /// The identities in the messages of a terminal.
    pub fn shown(&self, device: Device) -> ShownIdentity {
        let serial_number = self.shows.then(|| format!("1400000{device}").parse().unwrap());
        ShownIdentity { contract: None, serial_number }
    }

    /// The outcome that an answer proves.
    pub fn outcome(&self, done: Done) -> Outcome {
        match done.charged {
            Some(_) => Outcome::Approved { amount: self.amount(done.of) },
            None => Outcome::Declined { refusal: Refusal::Refused },
        }
    }
}

/// The end of a transaction without an answer.
pub fn end(outcome: Outcome, proof: Proof) -> Conclusion {
    Verdict { outcome, proof }.into()
}

/// The end of a transaction whose answer did not come.
pub fn unknown(doubt: Doubt) -> Conclusion {
    end(Outcome::Unknown { doubt }, Proof::PerhapsSent)
}

/// The end of a transaction by the answer of a terminal.
pub fn answered(setup: &Setup, device: Device, done: Done) -> Conclusion {
    Conclusion {
        authorisation: done.charged.map(|number| authorisation(device, number)),
        serial_number: setup.shown(device).serial_number,
        ..end(setup.outcome(done), Proof::Answered)
    }
}

impl Shop {
    pub fn first(&self) -> World {
        let setup = &self.setup;
        // What a terminal did before, nobody in this shop knows; the worst is what may pass for the end of a payment here.
        let idle = Terminal { work: None, result: None, last: Last::NotCompleted, number: 0 };
        let mut world = World {
            journal: EMPTY,
            old_journal: None,
            tills: setup.tills.map(Till::new),
            app: None,
            wiring: setup.wiring,
            changes: vec![true; setup.changes.len()],
            terminals: [idle.clone(), idle.clone(), idle],
            queue: vec![],
            newest: [None; 3],
            truth: [Truth::default(); MAX_SALES],
            left: setup.troubles,
            broken: BTreeSet::new(),
        };
        for (slot, sale) in setup.sales.iter().enumerate() {
            let (Some(device), By::Tills(tills)) = (sale.paid_at, sale.by) else { continue };
            let terminal = &mut world.terminals[device];
            terminal.number += 1;
            terminal.last = Last::Completed { of: slot, number: terminal.number };
            let done = Done { of: slot, charged: Some(terminal.number) };
            world.truth[slot] =
                Truth { charges: 1, asked: setup.attempts, sent_to: Some(device), ..Truth::default() };
            let start = setup.transaction(slot, setup.tills[tills[0]]);
            for event in [Event::Started(start), Event::Ended(answered(setup, device, done))] {
                let write = Write::Append(id(slot), Box::new(event));
                world.journal = self.journals.write(world.journal, write, crate::history::store).unwrap();
            }
        }
        world
    }
}

impl World {
    pub fn breaks(&mut self, promise: &'static str) {
        self.broken.insert(promise);
    }

    /// The journal that a till has open.
    pub fn journal_of(&self, till: TillNumber) -> JournalNumber {
        self.old_journal.filter(|_| self.tills[till].is_stale).unwrap_or(self.journal)
    }

    /// The cashier and the customer are told how a sale ended.
    pub fn tell(&mut self, setup: &Setup, slot: Slot, outcome: Outcome) {
        let truth = &mut self.truth[slot];
        match outcome {
            Outcome::Approved { amount } => {
                if !truth.is_mistaken && (truth.charges == 0 || amount != setup.amount(slot)) {
                    self.breaks(promise::NO_FALSE_APPROVAL);
                }
                self.truth[slot].told_unpaid = false;
                self.truth[slot].told_over = false;
            }
            Outcome::PartiallyApproved { .. } => self.breaks(promise::NO_FALSE_APPROVAL),
            Outcome::Unknown { .. } | Outcome::Blocked { .. } => {}
            Outcome::Declined { .. } | Outcome::Cancelled { .. } | Outcome::NotSent { .. } => {
                truth.told_unpaid = true;
                truth.told_over = outcome.retry() == Retry::NewId;
                if truth.charges > 0 && !truth.is_mistaken {
                    self.breaks(promise::NO_LOST_APPROVAL);
                }
            }
        }
    }

    /// A terminal moves the money.
    pub fn charge(&mut self, setup: &Setup, device: Device) {
        let terminal = &mut self.terminals[device];
        let Some(slot) = terminal.work.take() else { return };
        terminal.number += 1;
        terminal.last = Last::Completed { of: slot, number: terminal.number };
        terminal.result = Some(Done { of: slot, charged: Some(terminal.number) });
        let truth = &mut self.truth[slot];
        truth.charges += 1;
        let Truth { charges, told_unpaid, is_mistaken, .. } = *truth;
        if charges > 1 {
            self.breaks(promise::ONE_CHARGE);
        }
        if told_unpaid && !is_mistaken {
            self.breaks(promise::NO_LOST_APPROVAL);
        }
        for (again, sale) in setup.sales.iter().enumerate() {
            let both = sale.again.is_some_and(|first| {
                [first, again].contains(&slot)
                    && self.truth[first].charges > 0
                    && self.truth[again].charges > 0
            });
            if both && !self.truth[again].is_excused {
                self.breaks(promise::ONE_CUSTOMER);
            }
        }
        self.forget_unheard(setup);
    }

    /// A terminal refuses. `is_remembered`: it reports a transaction that was not completed.
    pub fn refuse(&mut self, setup: &Setup, device: Device, is_remembered: bool) {
        let terminal = &mut self.terminals[device];
        let Some(slot) = terminal.work.take() else { return };
        if is_remembered {
            terminal.last = Last::NotCompleted;
        }
        terminal.result = Some(Done { of: slot, charged: None });
        self.forget_unheard(setup);
    }

    /// On a network nobody is told an answer whose connection is gone.
    pub fn forget_unheard(&mut self, setup: &Setup) {
        if setup.sessions {
            return;
        }
        for device in [FIRST, SECOND] {
            let Some(Done { of, .. }) = self.terminals[device].result else { continue };
            let is_heard = |till: &Till| {
                till.run.is_some_and(|run| (run.slot, run.device) == (of, Some(device)))
                    || till.pending == Some(Pending { slot: of, device })
            };
            if !self.tills.iter().any(is_heard) {
                self.terminals[device].result = None;
            }
        }
    }

    /// A connection of a till is given up. What waits in the system's queue is thrown away with an abort, and leaves later
    /// without one.
    pub fn give_up(&mut self, setup: &Setup, till: TillNumber, slot: Slot) {
        if setup.rules.aborts {
            let aborted = |it: &Queued| (it.till, it.slot, it.queue) == (till, slot, Queue::OfTheTill);
            self.queue.retain(|queued| !aborted(queued));
        }
        self.forget_unheard(setup);
    }

    /// Whether a till gets a connection to the terminal at its address: a terminal serves one connection, and none while it works.
    pub fn connects(&self, till: TillNumber) -> bool {
        let Some(device) = self.wiring[self.tills[till].view.address] else { return false };
        let is_served =
            self.tills.iter().any(|other| other.run.is_some_and(|run| run.device == Some(device)));
        self.terminals[device].work.is_none() && !is_served
    }

    /// Whether a request still waits in the queue of the till's system.
    pub fn is_queued(&self, till: TillNumber, slot: Slot) -> bool {
        self.queue.iter().any(|it| (it.till, it.slot, it.queue) == (till, slot, Queue::OfTheTill))
    }

    /// Whether a terminal may say nothing for as long as a till waits. Before that, the system gives up a connection on which
    /// the request is not acknowledged.
    pub fn can_be_silent(&self, shop: &Shop, till: TillNumber, run: Run) -> bool {
        let is_queued = shop.setup.rules.system_gives_up && self.is_queued(till, run.slot);
        !is_queued && (self.is_lost(run) || self.left.losses > 0)
    }

    /// Whether the request of a payment is neither at the terminal nor answered.
    pub fn is_lost(&self, run: Run) -> bool {
        let is_there = |device: Device| {
            let terminal = &self.terminals[device];
            terminal.work == Some(run.slot) || terminal.result.is_some_and(|done| done.of == run.slot)
        };
        !run.device.is_some_and(is_there)
    }

    /// Whether a terminal has a request of this sale.
    pub fn is_at_work(&self, slot: Slot) -> bool {
        self.terminals.iter().any(|terminal| terminal.work == Some(slot))
            || self.queue.iter().any(|it| (it.slot, it.queue) == (slot, Queue::OfTheTerminal))
    }

    /// Whether no terminal has a request.
    pub fn is_quiet(&self) -> bool {
        self.terminals.iter().all(|terminal| terminal.work.is_none())
            && self.queue.iter().all(|queued| queued.queue == Queue::OfTheTill)
    }
}
