//! What a payment app gives back, and what it proves.

mod answer;
mod fields;
mod outcome;
mod print;
mod tickets;
mod unknown;

use std::fmt;

use caisse_android_intent::{Intent, Value};
use caisse_payment::{Doubt, Outcome, Proof, Verdict};

pub use answer::{Answer, ReadingMode, Timestamp};
pub use fields::Malformed;
pub use outcome::{Asked, OtherPayments};
pub use print::{PrintAnswer, PrintOutcome};
pub use unknown::Unknown;

use crate::definition::outcome::RESULT;

/// What Android hands to the till when the payment app has finished: the result code, and the extra `result`.
///
/// The code is evidence and decides nothing: Android gives `RESULT_CANCELED` without data for an app that crashed after the
/// payment, and which code the app sets for which outcome is not documented. What the app itself says stands in the extra.
#[derive(Clone, PartialEq, Eq)]
pub struct ActivityResult {
    code: i32,
    data: Data,
}

#[derive(Clone, PartialEq, Eq)]
enum Data {
    /// No intent.
    Null,
    /// An intent without the extra.
    WithoutResult,
    /// The extra is there and is no text.
    NotText,
    Text(String),
}

impl ActivityResult {
    /// A result by its code and the text of the extra `result`; `None` when Android's intent was null.
    #[must_use]
    pub fn new(code: i32, result: Option<&str>) -> Self {
        let data = result.map_or(Data::Null, |text| Data::Text(text.to_owned()));
        Self { code, data }
    }

    /// A result as `onActivityResult` has it.
    #[must_use]
    pub fn from_intent(code: i32, data: Option<&Intent>) -> Self {
        let data = match data.map(|intent| intent.extra(RESULT)) {
            None => Data::Null,
            Some(None | Some(Value::Null)) => Data::WithoutResult,
            Some(Some(value)) => {
                value.as_string().and_then(|text| text.to_utf8().ok()).map_or(Data::NotText, Data::Text)
            }
        };
        Self { code, data }
    }

    /// Android's code: -1 is `RESULT_OK`, 0 is `RESULT_CANCELED`.
    #[must_use]
    pub const fn code(&self) -> i32 {
        self.code
    }

    /// What the app says, if it says anything that can be read.
    ///
    /// # Errors
    /// What was seen instead.
    pub fn answer(&self) -> Result<Answer, Doubt> {
        match &self.data {
            Data::Null | Data::WithoutResult => Err(Doubt::NoResult),
            Data::NotText => Err(Doubt::AnswerMalformed),
            Data::Text(text) if text.len() > Answer::LONGEST => Err(Doubt::AnswerTooLong),
            Data::Text(text) => Answer::read(text).map_err(|_| Doubt::AnswerMalformed),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    const fn proof(&self, answered: bool) -> Proof {
        match self.data {
            Data::Null => Proof::PerhapsSent,
            // Only an activity that ran gives data back.
            _ if !answered => Proof::Delivered,
            _ => Proof::Answered,
        }
    }
}

impl fmt::Debug for ActivityResult {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = match &self.data {
            Data::Null => "null".to_owned(),
            Data::WithoutResult => "without result".to_owned(),
            Data::NotText => "not text".to_owned(),
            Data::Text(text) => format!("{} bytes", text.len()),
        };
        write!(f, "ActivityResult({}, {data})", self.code)
    }
}

/// What the result of a PayXpress V4 transaction proves, and the answer itself if it could be read.
///
/// ```
/// use caisse_intent::{ActivityResult, Asked, OtherPayments, interpret};
/// use caisse_payment::{Amount, Currency, Operation};
///
/// let asked = Asked {
///     operation: Operation::Debit,
///     amount: Amount::from_minor(1500, Currency::EUR),
///     reference: "order-7".parse()?,
/// };
/// let json = r#"{"status": 0, "transaction": {"id": "1", "transactionType": 0, "reference": "order-7",
///                "amount": 1500, "currency": "EUR", "error": 0}}"#;
/// let (verdict, _) = interpret(&asked, &ActivityResult::new(-1, Some(json)), OtherPayments::None);
/// assert_eq!(verdict.outcome.name(), "approved");
///
/// // The customer may have paid before the app came back empty-handed.
/// let (verdict, _) = interpret(&asked, &ActivityResult::new(0, None), OtherPayments::None);
/// assert_eq!(verdict.outcome.name(), "unknown");
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
pub fn interpret(asked: &Asked, result: &ActivityResult, others: OtherPayments) -> (Verdict, Option<Answer>) {
    match result.answer() {
        Ok(answer) => {
            let verdict =
                Verdict { outcome: answer.outcome(asked, others), proof: result.proof(answer.has_status()) };
            (verdict, Some(answer))
        }
        Err(doubt) => (Verdict { outcome: Outcome::Unknown { doubt }, proof: result.proof(false) }, None),
    }
}
