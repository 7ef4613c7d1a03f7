//! What the terminal charged, in its own words. This module uses neither the codec nor the state machine: a mistake
//! that both ends of a line share still shows here.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How many movements a terminal keeps before it takes no more money: a memory that is full asks for a telecollection.
pub const MOST_MOVEMENTS: usize = 200_000;

/// Longer references are not kept: no test looks for them, and a till could fill the memory with them.
const LONGEST_LABEL: usize = 256;

/// Which way the money went, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A card paid.
    #[default]
    Debit,
    /// A cheque was taken.
    Cheque,
    /// Money went back to a card.
    Credit,
    /// An earlier debit was undone.
    Cancellation,
}

impl Kind {
    /// Whether the customer pays.
    #[must_use]
    pub const fn is_charge(self) -> bool {
        matches!(self, Self::Debit | Self::Cheque)
    }

    /// The word in JSON and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Cheque => "cheque",
            Self::Credit => "credit",
            Self::Cancellation => "cancellation",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One movement of money: a charge of a card, or money that went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// 1 for the first movement of the ledger.
    pub number: u64,
    /// Which way the money went.
    pub kind: Kind,
    /// How much, in minor units.
    pub amount_minor: u64,
    /// The currency's number of ISO 4217.
    pub currency: u16,
    /// The register that asked, 0 to 99.
    pub register: u8,
    /// The number of the movement that a credit or a cancellation gives back, where it names one.
    pub original: Option<u64>,
    /// When.
    pub at: SystemTime,
}

/// A movement to write down.
#[derive(Clone, Copy, Default)]
pub struct Booking<'a> {
    /// Which way the money goes.
    pub kind: Kind,
    /// How much, in minor units.
    pub amount_minor: u64,
    /// The currency's number of ISO 4217.
    pub currency: u16,
    /// The register that asked, 0 to 99.
    pub register: u8,
    /// The number of the movement that this one gives back.
    pub original: Option<u64>,
    /// The till's own reference, by which a test finds the movement again: at most 256 bytes, a longer one is not kept.
    pub label: Option<&'a str>,
}

impl fmt::Debug for Booking<'_> {
    /// Without the label: tills put more into it than a log should hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} in {} at {:02}", self.kind, self.amount_minor, self.currency, self.register)
    }
}

#[derive(Default)]
struct Book {
    movements: Vec<Charge>,
    labels: Vec<(u64, Box<str>)>,
    charges: usize,
}

/// The movements of one terminal, shared between the terminal and those who watch it.
#[derive(Clone, Default)]
pub struct Ledger {
    shared: Arc<(Mutex<Book>, Condvar)>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.locked().movements).finish()
    }
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn locked(&self) -> MutexGuard<'_, Book> {
        // A push cannot leave the list half written.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a movement down: from here on the money has moved, whatever becomes of the answer.
    pub fn book(&self, booking: &Booking<'_>) -> Charge {
        let mut book = self.locked();
        let number = u64::try_from(book.movements.len()).unwrap_or(u64::MAX).saturating_add(1);
        let Booking { kind, amount_minor, currency, register, original, label } = *booking;
        let charge =
            Charge { number, kind, amount_minor, currency, register, original, at: SystemTime::now() };
        book.movements.push(charge);
        book.charges += usize::from(kind.is_charge());
        let label = label.filter(|label| label.len() <= LONGEST_LABEL);
        book.labels.extend(label.map(|label| (number, label.into())));
        self.shared.1.notify_all();
        charge
    }

    /// Charges a card.
    pub fn charge(&self, amount_minor: u64, currency: u16, register: u8) -> Charge {
        self.book(&Booking { amount_minor, currency, register, ..Booking::default() })
    }

    /// Every movement so far, in order.
    #[must_use]
    pub fn movements(&self) -> Vec<Charge> {
        self.locked().movements.clone()
    }

    /// Every charge so far, in order: what customers paid, not what went back.
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        self.filtered(|charge| charge.kind.is_charge())
    }

    /// Every credit so far, in order.
    #[must_use]
    pub fn credits(&self) -> Vec<Charge> {
        self.filtered(|charge| charge.kind == Kind::Credit)
    }

    /// Every cancellation so far, in order.
    #[must_use]
    pub fn cancellations(&self) -> Vec<Charge> {
        self.filtered(|charge| charge.kind == Kind::Cancellation)
    }

    /// The movement of this number.
    #[must_use]
    pub fn movement(&self, number: u64) -> Option<Charge> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.locked().movements.get(index).copied()
    }

    /// The movements that carry this reference of the till.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Vec<Charge> {
        let book = self.locked();
        let numbers = book.labels.iter().filter(|(_, it)| **it == *label).map(|(number, _)| *number);
        let indices = numbers.filter_map(|number| usize::try_from(number.checked_sub(1)?).ok());
        indices.filter_map(|index| book.movements.get(index).copied()).collect()
    }

    fn filtered(&self, wanted: impl Fn(&Charge) -> bool) -> Vec<Charge> {
        self.locked().movements.iter().copied().filter(wanted).collect()
    }

    /// What has come in less what went back, in minor units of this currency.
    #[must_use]
    pub fn balance(&self, currency: u16) -> i128 {
        let movements = self.filtered(|charge| charge.currency == currency);
        let signed = movements.into_iter().map(|charge| {
            let amount = i128::from(charge.amount_minor);
            if charge.kind.is_charge() { amount } else { -amount }
        });
        signed.sum()
    }

    /// How many charges there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locked().charges
    }

    /// Whether nothing was charged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room for more movements.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.locked().movements.len() >= MOST_MOVEMENTS
    }

    /// Forgets everything, as a terminal does that is reset for the next test.
    pub fn clear(&self) {
        *self.locked() = Book::default();
    }

    /// Waits until there are this many charges; says whether they came within the time.
    #[must_use]
    pub fn wait_for(&self, count: usize, within: Duration) -> bool {
        let started = Instant::now();
        let mut book = self.locked();
        loop {
            let left = within.saturating_sub(started.elapsed());
            if book.charges >= count || left.is_zero() {
                return book.charges >= count;
            }
            let waited = self.shared.1.wait_timeout(book, left);
            book = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
