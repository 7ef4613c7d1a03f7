//! Every answer there is, as a table: the grammar, the documentation and the tests are made from it.

use super::{Answer, Script};

/// One answer as the table has it.
#[derive(Debug)]
pub struct AnswerDescription {
    /// How it begins.
    pub name: &'static str,
    /// A whole example.
    pub example: &'static str,
    /// What happens.
    pub text: &'static str,
    pub(crate) read: Read,
}

/// How the table's line is read.
#[derive(Debug)]
pub(crate) enum Read {
    /// One transaction, from what stands behind the colon.
    One(fn(Option<&str>) -> Option<Answer>),
    /// The whole script: it stands alone.
    Alone(fn() -> Script),
}

/// Every answer, in the order of the documentation.
pub const ANSWERS: &[AnswerDescription] = &[
    AnswerDescription {
        name: "approve",
        example: "approve",
        text: "the money moves",
        read: Read::One(|value| value.is_none().then_some(Answer::Approve)),
    },
    AnswerDescription {
        name: "partial",
        example: "partial:20.00",
        text: "the card is charged for less (3.x only; E and E+ have no partial approval and decline)",
        read: Read::One(|value| decimal(value?).map(Answer::Partial)),
    },
    AnswerDescription {
        name: "tip",
        example: "tip:2.00",
        text: "the card is charged for this much more, as after a tip (debits of 3.x only; others are declined)",
        read: Read::One(|value| decimal(value?).map(Answer::Tip)),
    },
    AnswerDescription {
        name: "decline",
        example: "decline:04",
        text: "no money moves, with these two digits for the reason (AF; in E and E+ STAT 7)",
        read: Read::One(|value| value.and_then(decline)),
    },
    AnswerDescription {
        name: "cancel",
        example: "cancel",
        text: "the card holder presses the red button (06)",
        read: Read::One(|value| value.is_none().then_some(Answer::Cancel)),
    },
    AnswerDescription {
        name: "timeout",
        example: "timeout",
        text: "the request is taken and never answered; no money moves",
        read: Read::One(|value| value.is_none().then_some(Answer::Timeout)),
    },
    AnswerDescription {
        name: "by-amount",
        example: "by-amount",
        text: "alone: the last two digits of the amount choose, see below",
        read: Read::Alone(Script::by_amount),
    },
    AnswerDescription {
        name: "random",
        example: "random",
        text: "alone: chance chooses, from `--seed`",
        read: Read::Alone(Script::random),
    },
];

/// Whether the amount fits the currency shows when a request comes.
fn decimal(amount: &str) -> Option<String> {
    let decimal = !amount.is_empty() && amount.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    decimal.then(|| amount.to_owned())
}

/// 01 means that nothing has ended yet.
fn decline(code: &str) -> Option<Answer> {
    match code.as_bytes() {
        [first @ b'0'..=b'9', second @ b'0'..=b'9'] if code != "01" => {
            Some(Answer::Decline([*first, *second]))
        }
        _ => None,
    }
}
