//! What the terminal says at the end, whatever the protocol.

use caisse_payment::Amount;

use super::Operation;
use crate::ticket::TicketContent;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done. Of a request for money: the money has moved.
    Performed,
    /// Not done, and the two digits of the reason (AF).
    NotPerformed([u8; 2]),
    /// Taken: an immediate answer, which says nothing of the end.
    Taken,
}

/// The terminal's answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What was asked for.
    pub operation: Operation,
    /// How it went.
    pub verdict: Verdict,
    /// How much, where the answer tells it.
    pub amount: Option<Amount>,
    /// Whether a card (or a cheque) was there.
    pub read: bool,
    /// The authorisation number.
    pub authorisation: Option<String>,
    /// The terminal's id of the transaction, which a linked credit names.
    pub transaction: Option<String>,
    /// What a ticket says, if the till asked for one.
    pub ticket: Option<TicketContent>,
    /// The till's reference of the transaction that a duplicata tells of.
    pub label: Option<caisse_payment::Sensitive<String>>,
    /// The amount is left out, as some terminals do after the red button.
    pub without_amount: bool,
}

impl Reply {
    /// A refusal before any card was read.
    #[must_use]
    pub const fn refused(operation: Operation, amount: Option<Amount>, code: [u8; 2]) -> Self {
        Self {
            operation,
            verdict: Verdict::NotPerformed(code),
            amount,
            read: false,
            authorisation: None,
            transaction: None,
            ticket: None,
            label: None,
            without_amount: false,
        }
    }

    /// Something without money was done.
    #[must_use]
    pub fn performed(operation: Operation) -> Self {
        Self { verdict: Verdict::Performed, ..Self::refused(operation, None, *b"00") }
    }
}

/// What became of a request, for the line on which it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Pending,
    /// The terminal will never answer.
    Silent,
    /// The terminal forgot everything: it was rebooted.
    Lost,
    /// The answer.
    Reply(Box<Reply>),
}
