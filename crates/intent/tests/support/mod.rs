//! A result as the tests write it, field by field.

#![allow(dead_code, reason = "each test file uses its own part")]

use caisse_intent::{ActivityResult, Asked, OtherPayments, interpret};
use caisse_payment::{Amount, Currency, Operation, Outcome, Verdict};
use serde_json::{Map, Value, json};

pub const OK: i32 = -1;
pub const CANCELED: i32 = 0;

pub fn asked(operation: Operation) -> Asked {
    Asked {
        operation,
        amount: Amount::from_minor(1500, Currency::EUR),
        reference: "order-7".parse().unwrap(),
    }
}

pub fn approved() -> Outcome {
    Outcome::Approved { amount: Amount::from_minor(1500, Currency::EUR) }
}

/// A result of the newest generation, accepted, for [`asked`]'s debit.
#[derive(Clone)]
pub struct Result {
    pub status: Option<Value>,
    pub transaction: Option<Map<String, Value>>,
    pub more: Map<String, Value>,
}

impl Result {
    pub fn new() -> Self {
        let transaction = json!({
            "id": "1p5jiofow7-1duh", "transactionType": 0, "mode": 1, "date": 1_710_172_393_000_u64,
            "reference": "order-7", "amount": 1500, "currency": "EUR", "error": 0,
        });
        let Value::Object(transaction) = transaction else { unreachable!() };
        Self { status: Some(json!(0)), transaction: Some(transaction), more: Map::new() }
    }

    /// A result of August 2024.
    pub fn first_names() -> Self {
        let mut result = Self::new();
        for (newest, oldest) in [
            ("id", "transactionId"),
            ("mode", "paymentMethod"),
            ("reference", "externalReference"),
            ("error", "resultCode"),
        ] {
            let value = result.transaction.as_mut().unwrap().remove(newest).unwrap();
            result = result.with(oldest, value);
        }
        result.with("transactionType", 1)
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.transaction.as_mut().unwrap().insert(name.to_owned(), value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        assert!(self.transaction.as_mut().unwrap().remove(name).is_some(), "{name}");
        self
    }

    pub fn with_status(mut self, status: impl Into<Value>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Status 1 with this error.
    pub fn refused(self, error: i64) -> Self {
        let name =
            if self.transaction.as_ref().unwrap().contains_key("error") { "error" } else { "resultCode" };
        self.with_status(1).with(name, error)
    }

    pub fn text(&self) -> String {
        let mut object = self.more.clone();
        object.extend(self.status.clone().map(|status| ("status".to_owned(), status)));
        object.extend(self.transaction.clone().map(|it| ("transaction".to_owned(), Value::Object(it))));
        Value::Object(object).to_string()
    }

    pub fn verdict(&self) -> Verdict {
        verdict(&self.text())
    }

    pub fn outcome(&self) -> Outcome {
        self.verdict().outcome
    }
}

pub fn verdict(text: &str) -> Verdict {
    interpret(&asked(Operation::Debit), &ActivityResult::new(OK, Some(text)), OtherPayments::None).0
}

pub fn outcome(text: &str) -> Outcome {
    verdict(text).outcome
}

/// The code of the doubt of an unknown outcome.
#[track_caller]
pub fn doubt(outcome: Outcome) -> &'static str {
    assert!(outcome.is_unknown(), "{outcome:?}");
    outcome.reason_code().unwrap()
}
