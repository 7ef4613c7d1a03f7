//! The fields of an answer that decide, and what they prove.

use caisse_codec::{Action, Complement, Status, Tag, value};
use caisse_payment::{Amount, Doubt, Outcome, RawStatus, Refusal, Transaction};

/// The most bytes of a value that are looked at: an amount padded with zeros beyond any sense still fits.
pub(crate) const LONGEST: usize = 24;

/// The largest amount that is shown and stored although it could not be accepted: twelve digits, as in the protocol. A longer
/// number may be that of a card.
const MAX_REPORTED_MINOR: u64 = 999_999_999_999;

/// A field that may come once. An empty value counts as an absent field: a Desk/5000 sends an empty CB after a red
/// button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen<T> {
    Absent,
    /// Present, and not of its form.
    Unreadable,
    Value(T),
}

impl<T: Copy + PartialEq> Seen<T> {
    /// Takes a value; false when another one stood there before.
    fn take(&mut self, value: Option<T>) -> bool {
        let new = value.map_or(Self::Unreadable, Self::Value);
        let agrees = match *self {
            Self::Absent => true,
            Self::Unreadable => false,
            Self::Value(_) => *self == new,
        };
        *self = new;
        agrees
    }

    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    fn is(&self, expected: T) -> bool {
        *self == Self::Value(expected)
    }
}

/// What a refusal has to repeat of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// Nothing: the connection was opened for this transaction, and only its answer can come on it.
    MayLack,
    /// Register, amount, action and currency: the line was there before, and an earlier transaction's answer can come.
    Whole,
}

/// What an answer lacks so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A field without which nothing is decided: AE, the echo of an approval, AF of a refusal.
    Deciding,
    /// A field that should come and decides nothing by its absence: a ticket that was asked for, the echo of a refusal. So
    /// it is after a contradiction, which nothing decides any more.
    Optional,
    /// Nothing.
    Nothing,
}

/// What the deciding fields of an answer said so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deciding {
    status: Seen<Status>,
    complement: Seen<Complement>,
    register: Seen<u64>,
    amount: Seen<u64>,
    action: Seen<Action>,
    currency: Seen<u64>,
    /// BA says something other than "answer at the end".
    immediate: Seen<bool>,
    ticket: bool,
    /// Whether CF is the reference that was sent, where the dialect knows that it comes back as it went.
    reference: Seen<bool>,
    contradiction: bool,
    complement_contradicts: bool,
}

impl Deciding {
    /// Nothing seen yet.
    pub(crate) const NONE: Self = Self {
        status: Seen::Absent,
        complement: Seen::Absent,
        register: Seen::Absent,
        amount: Seen::Absent,
        action: Seen::Absent,
        currency: Seen::Absent,
        immediate: Seen::Absent,
        ticket: false,
        reference: Seen::Absent,
        contradiction: false,
        complement_contradicts: false,
    };

    /// Takes a field. `value` holds its first [`LONGEST`] bytes, `length` is how many it had.
    pub(crate) fn take(&mut self, tag: Tag, value: &[u8], length: usize) {
        if length == 0 {
            return;
        }
        let whole = Some(value).filter(|value| value.len() == length);
        let number = whole.and_then(value::number);
        let agrees = match tag {
            Tag::AE => self.status.take(whole.and_then(Status::from_value)),
            Tag::CA => self.register.take(number.filter(|_| length <= 2)),
            Tag::CB => self.amount.take(number),
            Tag::CD => self.action.take(whole.and_then(Action::from_value)),
            Tag::CE => self.currency.take(number.filter(|_| length == 3)),
            Tag::BA => self.immediate.take(Some(whole != Some(b"0"))),
            Tag::AF => {
                // Only the first two characters count, and only for a refusal.
                self.complement_contradicts |= !self.complement.take(Complement::from_value(value));
                true
            }
            Tag::ZT => {
                self.ticket = true;
                true
            }
            _ => true,
        };
        self.contradiction |= !agrees;
    }

    /// Takes the reference (CF): whether it is the one that was sent.
    pub(crate) fn take_reference(&mut self, ours: bool) {
        self.contradiction |= !self.reference.take(Some(ours));
    }

    /// Whether a reference has come, whichever.
    pub(crate) fn has_reference(&self) -> bool {
        !self.reference.is_absent()
    }

    /// Whether the answer carries the reference that was sent: then it is nobody else's.
    pub(crate) fn has_our_reference(&self) -> bool {
        self.reference.is(true)
    }

    /// Whether a field that is cut in the middle could still change the outcome.
    pub(crate) fn depends_on(&self, tag: Tag) -> bool {
        match tag {
            Tag::AE | Tag::CA | Tag::CB | Tag::CD | Tag::CE | Tag::BA => true,
            Tag::AF => !self.status.is(Status::Performed),
            _ => false,
        }
    }

    /// Whether a field of which only the first letter came could be one that decides and has not come yet. Without a status,
    /// or without the complement of a refusal, nothing is decided anyway.
    pub(crate) fn may_begin_with(&self, letter: u8) -> bool {
        match letter {
            b'B' => self.immediate.is_absent(),
            b'C' => !self.is_echoed(),
            _ => false,
        }
    }

    /// Whether register, amount, action and currency are all there, right or wrong.
    fn is_echoed(&self) -> bool {
        !self.register.is_absent()
            && !self.amount.is_absent()
            && !self.action.is_absent()
            && !self.currency.is_absent()
    }

    /// What is still to be waited for at the end of a field.
    pub(crate) fn missing(&self, ticket_asked: bool) -> Missing {
        if self.contradiction {
            return Missing::Optional;
        }
        match self.status {
            Seen::Absent => Missing::Deciding,
            Seen::Value(Status::Performed) if !self.is_echoed() => Missing::Deciding,
            Seen::Value(Status::Performed) if ticket_asked && !self.ticket => Missing::Optional,
            Seen::Value(Status::NotPerformed) if self.complement.is_absent() => Missing::Deciding,
            // A refusal need not echo anything, but an echo that still comes may say that it is another's.
            Seen::Value(Status::NotPerformed) if !self.is_echoed() => Missing::Optional,
            _ => Missing::Nothing,
        }
    }

    /// Whether the answer has a ticket.
    pub(crate) const fn has_ticket(&self) -> bool {
        self.ticket
    }

    /// Whether the answer has a status, readable or not.
    pub(crate) fn has_status(&self) -> bool {
        !self.status.is_absent()
    }

    /// The status as it stood on the wire.
    pub(crate) fn raw_status(&self) -> RawStatus {
        let status = match self.status {
            Seen::Value(status) => Some(status.value()),
            _ => None,
        };
        let complement = match self.complement {
            Seen::Value(complement) => Some(complement.code()),
            _ => None,
        };
        RawStatus { status, complement, stat: None }
    }

    /// What the answer proves about the request: the table of outcomes, row by row.
    pub(crate) fn outcome(&self, asked: &Transaction, echo: Echo) -> Outcome {
        self.proves(asked, echo).unwrap_or_else(|doubt| Outcome::Unknown { doubt })
    }

    fn proves(&self, asked: &Transaction, echo: Echo) -> Result<Outcome, Doubt> {
        if self.contradiction {
            return Err(Doubt::Contradiction);
        }
        match self.status {
            Seen::Absent => Err(Doubt::StatusMissing),
            Seen::Unreadable | Seen::Value(Status::Other(_)) => Err(Doubt::StatusUnknown),
            Seen::Value(Status::Taken) => Err(Doubt::Taken),
            // With an immediate answer the status tells that the request arrived, not how the payment ended.
            Seen::Value(_) if !self.immediate.is_absent() && !self.immediate.is(false) => Err(Doubt::Taken),
            Seen::Value(Status::Performed) => self.approval(asked),
            Seen::Value(Status::NotPerformed) => self.refusal(asked, echo),
        }
    }

    fn approval(&self, asked: &Transaction) -> Result<Outcome, Doubt> {
        if !self.is_echoed() {
            return Err(Doubt::EchoMissing);
        }
        self.compare_labels(asked)?;
        let Seen::Value(minor) = self.amount else {
            return Err(Doubt::AmountDiffers);
        };
        let approved = Amount::from_minor(minor, asked.amount.currency());
        match asked.amount.checked_sub(approved) {
            None if asked.tip(approved).is_some() => Ok(Outcome::Approved { amount: approved }),
            None => Err(Doubt::AmountHigher),
            Some(due) if due.is_zero() => Ok(Outcome::Approved { amount: approved }),
            Some(_) if approved.is_zero() => Err(Doubt::AmountZero),
            Some(due) if asked.allow_partial => Ok(Outcome::PartiallyApproved { approved, due }),
            Some(_) => Err(Doubt::PartialNotAllowed),
        }
    }

    /// The amount of an approval, if it is another one than the amount asked for and in the same currency.
    pub(crate) fn reported_amount(&self, asked: &Transaction) -> Option<Amount> {
        let currency = asked.amount.currency();
        let is_approval =
            self.status.is(Status::Performed) && self.currency.is(u64::from(currency.numeric()));
        match self.amount {
            Seen::Value(minor) if is_approval && minor <= MAX_REPORTED_MINOR => {
                Some(Amount::from_minor(minor, currency)).filter(|amount| *amount != asked.amount)
            }
            _ => None,
        }
    }

    /// A refusal may echo little on a connection of its own; what it echoes must be ours.
    fn refusal(&self, asked: &Transaction, echo: Echo) -> Result<Outcome, Doubt> {
        self.compare_labels(asked)?;
        if echo == Echo::Whole && !self.is_echoed() {
            return Err(Doubt::EchoMissing);
        }
        if !self.amount.is_absent() && !self.amount.is(asked.amount.minor()) {
            return Err(Doubt::AmountDiffers);
        }
        if self.complement_contradicts {
            return Err(Doubt::Contradiction);
        }
        let Seen::Value(complement) = self.complement else {
            return Err(Doubt::RefusalWithoutReason);
        };
        match complement.refusal() {
            None => Err(Doubt::RefusedYetAuthorised),
            Some(refusal @ (Refusal::Abandoned | Refusal::OperatorAbandoned)) => {
                Ok(Outcome::Cancelled { refusal })
            }
            Some(refusal) => Ok(Outcome::Declined { refusal }),
        }
    }

    fn compare_labels(&self, asked: &Transaction) -> Result<(), Doubt> {
        let Transaction { operation, amount, register, .. } = asked;
        if !self.register.is_absent() && !self.register.is(u64::from(register.number())) {
            return Err(Doubt::RegisterDiffers);
        }
        if !self.action.is_absent() && !self.action.is(Action::of(*operation)) {
            return Err(Doubt::OperationDiffers);
        }
        if !self.currency.is_absent() && !self.currency.is(u64::from(amount.currency().numeric())) {
            return Err(Doubt::CurrencyDiffers);
        }
        if self.reference.is(false) {
            return Err(Doubt::ReferenceDiffers);
        }
        Ok(())
    }
}
