//! What a till asked, whatever the protocol.

use caisse_codec::TicketRequest;
use caisse_payment::{Amount, Refusal, Sensitive};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A card pays.
    Debit,
    /// A cheque pays.
    Cheque,
    /// Money goes back to a card, without a link to a debit.
    Credit,
    /// Money of one debit goes back.
    LinkedCredit,
    /// The last debit is undone.
    Cancellation,
    /// A copy of the last ticket.
    Duplicata,
    /// Who is there.
    Identification,
    /// A text to print.
    Print,
    /// Something that this terminal does not do.
    Unknown,
}

impl Operation {
    /// The word in JSON and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Cheque => "cheque",
            Self::Credit => "credit",
            Self::LinkedCredit => "linked_credit",
            Self::Cancellation => "cancellation",
            Self::Duplicata => "duplicata",
            Self::Identification => "identification",
            Self::Print => "print",
            Self::Unknown => "unknown",
        }
    }

    /// Whether money is to move.
    #[must_use]
    pub const fn moves_money(self) -> bool {
        matches!(self, Self::Debit | Self::Cheque | Self::Credit | Self::LinkedCredit | Self::Cancellation)
    }
}

/// A request as the terminal understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is to be done.
    pub operation: Operation,
    /// How much, where money is to move.
    pub amount: Option<Amount>,
    /// The register, 0 to 99; 0 for a till of E or E+ that calls itself by letters.
    pub register: u8,
    /// The till's own reference: CH, else CF, else PRIV of E and E+.
    pub label: Option<Sensitive<String>>,
    /// The id of the debit that a linked credit gives back (IM).
    pub original: Option<Sensitive<String>>,
    /// The tickets to send.
    pub ticket: Option<TicketRequest>,
    /// Whether the till wants an answer at once (BA=1, A011), which says nothing of the end.
    pub immediate: bool,
    /// Whether a part of the amount may be approved.
    pub allows_partial: bool,
    /// Why the request cannot be served, whatever the terminal is told to answer.
    pub refusal: Option<Refusal>,
}

impl Asked {
    /// A request without any option.
    #[must_use]
    pub const fn new(operation: Operation, amount: Option<Amount>, register: u8) -> Self {
        Self {
            operation,
            amount,
            register,
            label: None,
            original: None,
            ticket: None,
            immediate: false,
            allows_partial: false,
            refusal: None,
        }
    }
}
