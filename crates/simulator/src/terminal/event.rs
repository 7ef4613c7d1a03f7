//! What happens at the terminal, for those who watch.

use std::collections::VecDeque;

use caisse_hal::Instant;
use caisse_payment::{Amount, Currency};
use serde::Serialize;

use super::{Asked, Verdict};
use crate::ledger::{Charge, Kind};
use crate::script::Turn;

/// How many events are kept for those who come late.
const KEPT: usize = 1024;

/// A movement of money, as JSON tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Movement {
    /// Its number in the ledger.
    pub number: u64,
    /// debit, cheque, credit or cancellation.
    pub operation: &'static str,
    /// The amount in decimal digits.
    pub amount: String,
    /// The amount in minor units.
    pub amount_minor: u64,
    /// The code of ISO 4217.
    pub currency: String,
    /// The register, two digits.
    pub register: String,
    /// The number of the movement that is given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<u64>,
}

impl From<&Charge> for Movement {
    fn from(charge: &Charge) -> Self {
        let known = Currency::from_numeric(charge.currency);
        let amount = Amount::from_minor(charge.amount_minor, known.unwrap_or(Currency::EUR));
        Self {
            number: charge.number,
            operation: charge.kind.name(),
            amount: amount.decimal().to_string(),
            amount_minor: charge.amount_minor,
            currency: known.map_or_else(|| format!("{:03}", charge.currency), |it| it.code().to_owned()),
            register: format!("{:02}", charge.register),
            original: charge.original,
        }
    }
}

/// Something that happened. Nothing in it is a customer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The terminal came into another state.
    State {
        /// Its name.
        state: &'static str,
    },
    /// A request came.
    Asked {
        /// The number of the request.
        transaction: u64,
        /// What is to be done.
        operation: &'static str,
        /// The amount in decimal digits.
        amount: Option<String>,
        /// The code of ISO 4217.
        currency: Option<&'static str>,
        /// The register, two digits.
        register: String,
    },
    /// The script was asked: what this transaction will be, with nothing left to chance.
    Turn {
        /// The number of the request.
        transaction: u64,
        /// Answer and faults, as `--answer` takes them.
        turn: String,
    },
    /// A customer was charged.
    Charged(Movement),
    /// Money went back.
    Credited(Movement),
    /// A debit was undone.
    Cancelled(Movement),
    /// The terminal has decided.
    Decided {
        /// The number of the request.
        transaction: u64,
        /// performed, not_performed, taken or silent.
        verdict: &'static str,
        /// The two digits of the reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An answer has left to its last byte.
    Answered,
    /// The till went before it had its answer; the terminal goes on.
    TillGone {
        /// The number of the request.
        transaction: u64,
    },
    /// A fault happened on the line.
    Fault {
        /// Which one, with nothing left to chance.
        fault: String,
    },
    /// A ticket was printed on the terminal.
    Printed,
    /// The transactions were handed to the bank: there is nothing left to print again or to cancel.
    Telecollected,
    /// Everything was forgotten.
    Reset,
}

impl Event {
    pub(crate) fn movement(charge: &Charge) -> Self {
        let movement = Movement::from(charge);
        match charge.kind {
            Kind::Debit | Kind::Cheque => Self::Charged(movement),
            Kind::Credit => Self::Credited(movement),
            Kind::Cancellation => Self::Cancelled(movement),
        }
    }

    pub(crate) fn asked(transaction: u64, asked: &Asked) -> Self {
        Self::Asked {
            transaction,
            operation: asked.operation.name(),
            amount: asked.amount.map(|amount| amount.decimal().to_string()),
            currency: asked.amount.map(|amount| amount.currency().code()),
            register: format!("{:02}", asked.register),
        }
    }

    pub(crate) fn turn(transaction: u64, turn: &Turn) -> Self {
        Self::Turn { transaction, turn: turn.to_string() }
    }

    pub(crate) fn decided(transaction: u64, verdict: Option<Verdict>) -> Self {
        let (verdict, reason) = match verdict {
            None => ("silent", None),
            Some(Verdict::Performed) => ("performed", None),
            Some(Verdict::Taken) => ("taken", None),
            Some(Verdict::NotPerformed(code)) => {
                ("not_performed", Some(code.map(char::from).iter().collect()))
            }
        };
        Self::Decided { transaction, verdict, reason }
    }
}

/// An event with its number and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// 1 for the first event of the terminal. A movement of money has a `number` of its own in the ledger.
    #[serde(rename = "event_number")]
    pub number: u64,
    /// Milliseconds since the terminal was started.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The last events of a terminal.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    events: VecDeque<Happened>,
    count: u64,
}

impl EventLog {
    pub(crate) fn push(&mut self, now: Instant, event: Event) {
        self.count = self.count.saturating_add(1);
        if self.events.len() >= KEPT {
            self.events.pop_front();
        }
        self.events.push_back(Happened { number: self.count, at: now.millis(), event });
    }

    /// The events behind this number, as far as they are kept.
    pub(crate) fn since(&self, number: u64) -> Vec<Happened> {
        let first = self.events.front().map_or(0, |happened| happened.number);
        let skipped = usize::try_from(number.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.events.iter().skip(skipped).cloned().collect()
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
}
