//! What a terminal remembers of its transactions.

use std::collections::{BTreeMap, VecDeque};

use caisse_payment::{Amount, Refusal, Sensitive};
use serde::Serialize;

use super::{Asked, Operation};
use crate::ledger::{Booking, Charge, Kind, Ledger};

/// How many debits can be given back by their id.
const KEPT: usize = 1_000;

/// The last transaction, as a duplicata tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) operation: Operation,
    pub(crate) completed: bool,
    pub(crate) amount: Amount,
    pub(crate) authorisation: Option<String>,
    pub(crate) transaction: Option<String>,
    pub(crate) label: Option<Sensitive<String>>,
}

/// A debit that may be given back.
#[derive(Clone, Copy, Debug)]
struct Debit {
    number: u64,
    amount: Amount,
    /// What went back of it, in minor units.
    given_back: u64,
}

/// What has come in and gone out in one currency since the last telecollection. Internal: no message asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Charges.
    pub charges: u64,
    /// Their sum in minor units.
    pub charged_minor: u64,
    /// Credits and cancellations.
    pub refunds: u64,
    /// Their sum in minor units.
    pub refunded_minor: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    last: Option<Last>,
    debits: VecDeque<Debit>,
    /// Whether the last movement is a debit that a cancellation may undo.
    last_is_open_debit: bool,
    totals: BTreeMap<u16, Totals>,
}

/// The id of a movement as the terminal tells it (ID).
pub(crate) fn id_of(number: u64) -> String {
    format!("VT{number:08}")
}

impl Memory {
    pub(crate) const fn last(&self) -> Option<&Last> {
        self.last.as_ref()
    }

    pub(crate) const fn totals(&self) -> &BTreeMap<u16, Totals> {
        &self.totals
    }

    /// Why a request to give money back cannot be served, before any card is asked for.
    pub(crate) fn refusal(&self, asked: &Asked) -> Option<Refusal> {
        let amount = asked.amount?;
        let possible = match asked.operation {
            // A cancellation is of the last debit, in full.
            Operation::Cancellation => self.cancellable(amount).is_some(),
            Operation::LinkedCredit => self.linked(asked).is_some_and(|debit| {
                let left = debit.amount.minor().saturating_sub(debit.given_back);
                debit.amount.currency() == amount.currency() && amount.minor() <= left
            }),
            _ => true,
        };
        // Which code a real terminal sends is not public.
        (!possible).then_some(Refusal::NotCompleted)
    }

    fn cancellable(&self, amount: Amount) -> Option<&Debit> {
        let debit = self.debits.back().filter(|_| self.last_is_open_debit)?;
        Some(debit).filter(|debit| debit.amount == amount)
    }

    fn linked(&self, asked: &Asked) -> Option<&Debit> {
        let id = asked.original.as_ref()?.reveal();
        self.debits.iter().find(|debit| id_of(debit.number) == *id)
    }

    fn original(&self, asked: &Asked, amount: Amount) -> Option<u64> {
        match asked.operation {
            Operation::Cancellation => self.cancellable(amount).map(|debit| debit.number),
            Operation::LinkedCredit => self.linked(asked).map(|debit| debit.number),
            _ => None,
        }
    }

    /// The money moves: here, before a byte of the answer exists.
    pub(crate) fn book(&mut self, ledger: &Ledger, asked: &Asked, amount: Amount) -> Charge {
        let kind = match asked.operation {
            Operation::Cheque => Kind::Cheque,
            Operation::Credit | Operation::LinkedCredit => Kind::Credit,
            Operation::Cancellation => Kind::Cancellation,
            _ => Kind::Debit,
        };
        let original = self.original(asked, amount);
        let charge = ledger.book(&Booking {
            kind,
            amount_minor: amount.minor(),
            currency: amount.currency().numeric(),
            register: asked.register,
            original,
            label: asked.label.as_ref().map(|label| label.reveal().as_str()),
        });
        if let Some(debit) = self.debits.iter_mut().find(|debit| Some(debit.number) == original) {
            debit.given_back = debit.given_back.saturating_add(amount.minor());
        }
        if kind.is_charge() {
            if self.debits.len() >= KEPT {
                self.debits.pop_front();
            }
            self.debits.push_back(Debit { number: charge.number, amount, given_back: 0 });
        }
        self.last_is_open_debit = kind == Kind::Debit;
        let totals = self.totals.entry(charge.currency).or_default();
        let (count, sum) = if kind.is_charge() {
            (&mut totals.charges, &mut totals.charged_minor)
        } else {
            (&mut totals.refunds, &mut totals.refunded_minor)
        };
        *count = count.saturating_add(1);
        *sum = sum.saturating_add(amount.minor());
        charge
    }

    /// A transaction is over, completed or not.
    pub(crate) fn remember(&mut self, last: Last) {
        self.last = Some(last);
    }

    pub(crate) fn telecollect(&mut self) {
        *self = Self::default();
    }
}
