//! What a terminal reports about transactions outside an answer of their own: plain data, which `caisse-settlement` weighs.

use crate::{AuthorisationNumber, ContractNumber, Outcome, SerialNumber};

/// The report of a terminal about its last transaction, given when it was asked for a duplicate receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTransaction {
    /// It was completed.
    Completed {
        /// Its amount (CB) in minor units.
        minor: Option<u64>,
        /// The number of its currency (CE).
        currency: Option<u16>,
        /// Its authorisation number (AC).
        authorisation: Option<AuthorisationNumber>,
        /// Its reference (CF), compared with ours.
        reference: Echoed,
    },
    /// It was not: abandoned, refused, cut off (AE=01, AF=07, "dernière transaction non aboutie").
    NotCompleted,
    /// Nothing that can be used: the terminal is busy, has none since its telecollection, or does not understand.
    Unclear,
}

/// The reference in a report, compared with the one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Echoed {
    /// None came, or none was sent.
    Absent,
    /// It is ours.
    Ours,
    /// It is another one.
    Another,
    /// Ours in another form: with other blanks, zeros or capitals. This proves nothing in either direction.
    Unclear,
}

/// The identities that a terminal shows in a message. An absent one says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownIdentity {
    /// The merchant contract (CG).
    pub contract: Option<ContractNumber>,
    /// The serial number of the terminal (AQ).
    pub serial_number: Option<SerialNumber>,
}

/// A message that no request of the moment asked for, read as the result of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributedResult {
    /// The outcome of the transaction by this message; unknown where the message cannot be about the transaction.
    pub outcome: Outcome,
    /// The authorisation number in the message (AC).
    pub authorisation: Option<AuthorisationNumber>,
    /// Whether the message repeats the reference of the transaction, in a dialect in which terminals do so.
    pub has_reference: bool,
    /// The identities of the terminal in the message.
    pub shown: ShownIdentity,
}
