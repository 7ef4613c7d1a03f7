//! Which fields an operation has, in its request and in its answer.

use Presence::{Absent, Conditional, Mandatory, Optional, Unknown};

use crate::Tag;
use crate::explain::Direction;
use crate::value::Action;

/// Whether a message has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Always. A refusal may yet lack all but CZ and AE: real terminals do that.
    Mandatory,
    /// As the sender likes.
    Optional,
    /// Under a condition: AL with AA, ZT when a ticket was asked for.
    Conditional,
    /// No document has it there.
    Absent,
    /// No public document says.
    Unknown,
}

/// An operation as a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// The customer pays.
    Debit,
    /// Money goes back, without a link to the debit.
    Credit,
    /// Money of one debit goes back (PayXpert).
    LinkedCredit,
    /// A debit is undone.
    Cancellation,
    /// A copy of the last ticket, in PayXpert's form.
    Duplicata,
    /// A copy of the last ticket, in HiPay's form.
    DuplicataWithAmount,
    /// An amount is reserved.
    Preauthorisation,
    /// A debit that the bank takes later.
    DeferredDebit,
    /// The customer pays by cheque.
    Cheque,
    /// Who is there.
    Identification,
    /// A text of the till's is printed.
    Print,
    /// What became of a transaction.
    TransactionStatus,
}

impl Exchange {
    /// Every one of them.
    pub const ALL: [Self; 12] = [
        Self::Debit,
        Self::Credit,
        Self::LinkedCredit,
        Self::Cancellation,
        Self::Duplicata,
        Self::DuplicataWithAmount,
        Self::Preauthorisation,
        Self::DeferredDebit,
        Self::Cheque,
        Self::Identification,
        Self::Print,
        Self::TransactionStatus,
    ];

    /// The type of action (CD).
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Debit | Self::Cheque => Action::DEBIT,
            Self::Credit | Self::LinkedCredit => Action::CREDIT,
            Self::Cancellation => Action::CANCELLATION,
            Self::Duplicata | Self::DuplicataWithAmount => Action::DUPLICATA,
            Self::Preauthorisation => Action::PREAUTHORISATION,
            Self::DeferredDebit => Action::DEFERRED_DEBIT,
            Self::Identification => Action::IDENTIFICATION,
            Self::Print => Action::PRINT,
            Self::TransactionStatus => Action::TRANSACTION_STATUS,
        }
    }

    /// Whether its request or its answer has a field of this tag. Of a tag that nobody documents nothing is
    /// known. Where sources disagree the milder word stands: CC is mandatory in HiPay's answers and optional in
    /// everybody's samples.
    ///
    /// ```
    /// use caisse_codec::Tag;
    /// use caisse_codec::dictionary::{Exchange, Presence};
    /// use caisse_codec::explain::Direction;
    ///
    /// assert_eq!(Exchange::Debit.presence(Tag::CB, Direction::Request), Presence::Mandatory);
    /// assert_eq!(Exchange::Duplicata.presence(Tag::CB, Direction::Request), Presence::Absent);
    /// assert_eq!(Exchange::TransactionStatus.presence(Tag::CB, Direction::Request), Presence::Unknown);
    /// ```
    #[must_use]
    pub fn presence(self, tag: Tag, direction: Direction) -> Presence {
        if super::find(tag).is_none() {
            return Unknown;
        }
        let (own, common, others) = match direction {
            Direction::Request => self.request(),
            Direction::Answer => self.answer(),
        };
        let of = |rows: Rows| rows.iter().find(|row| row.0 == tag).map(|row| row.1);
        of(own).or_else(|| of(common)).or_else(|| of(HEADER)).unwrap_or(others)
    }

    /// The fields of the request: its own, those it shares, and what holds of all others.
    const fn request(self) -> (Rows, Rows, Presence) {
        match self {
            Self::Debit | Self::Credit | Self::Cancellation => (NONE, MONEY_REQUEST, Absent),
            Self::LinkedCredit => (&[(Tag::IM, Mandatory)], MONEY_REQUEST, Absent),
            Self::Cheque => (&[(Tag::CC, Mandatory)], MONEY_REQUEST, Absent),
            Self::Duplicata => (&[(Tag::CK, Optional)], NONE, Absent),
            Self::DuplicataWithAmount => (&[(Tag::CK, Optional)], AMOUNT, Unknown),
            // The dictionary asks for an amount in every operation on money.
            Self::Preauthorisation | Self::DeferredDebit => (NONE, AMOUNT, Unknown),
            Self::Identification => (NONE, NONE, Absent),
            Self::Print => (&[(Tag::ZT, Mandatory)], NO_ANSWER, Unknown),
            Self::TransactionStatus => (NONE, NO_ANSWER, Unknown),
        }
    }

    /// The fields of the answer: its own, those it shares, and what holds of all others.
    const fn answer(self) -> (Rows, Rows, Presence) {
        match self {
            Self::Debit | Self::Credit | Self::Cancellation => (NONE, MONEY_ANSWER, Absent),
            Self::Cheque => (CHEQUE_ANSWER, MONEY_ANSWER, Absent),
            Self::Duplicata => (DUPLICATA_ANSWER, NONE, Absent),
            Self::Identification
            | Self::LinkedCredit
            | Self::DuplicataWithAmount
            | Self::Preauthorisation
            | Self::DeferredDebit
            | Self::Print
            | Self::TransactionStatus => (&[(Tag::AE, Mandatory)], NONE, Unknown),
        }
    }
}

/// Tags and whether a message has them.
type Rows = &'static [(Tag, Presence)];

const NONE: Rows = &[];

/// A status would make an answer of it.
const NO_ANSWER: Rows = &[(Tag::AE, Absent)];

const AMOUNT: Rows = &[(Tag::AE, Absent), (Tag::CB, Mandatory), (Tag::CE, Mandatory)];

/// A cheque's own fields; Fidecoin's document alone.
const CHEQUE_ANSWER: Rows = &[(Tag::AD, Conditional), (Tag::AG, Conditional), (Tag::AH, Conditional)];

/// What every message has unless its own table says otherwise.
const HEADER: Rows =
    &[(Tag::CA, Mandatory), (Tag::CD, Mandatory), (Tag::CJ, Mandatory), (Tag::CZ, Mandatory)];

const MONEY_REQUEST: Rows = &[
    (Tag::BA, Optional),
    (Tag::BB, Optional),
    (Tag::BF, Optional),
    (Tag::BH, Optional),
    (Tag::BI, Optional),
    (Tag::CB, Mandatory),
    (Tag::CC, Optional),
    (Tag::CE, Mandatory),
    (Tag::CF, Optional),
    (Tag::CH, Optional),
    (Tag::CI, Optional),
    (Tag::CK, Optional),
];

const MONEY_ANSWER: Rows = &[
    (Tag::AA, Optional),
    (Tag::AB, Optional),
    (Tag::AC, Optional),
    (Tag::AE, Mandatory),
    (Tag::AF, Optional),
    (Tag::AI, Optional),
    (Tag::AL, Conditional),
    (Tag::AM, Optional),
    (Tag::AN, Optional),
    (Tag::AP, Unknown),
    (Tag::AQ, Unknown),
    // One simulator echoes it.
    (Tag::BA, Optional),
    (Tag::CB, Mandatory),
    (Tag::CC, Optional),
    (Tag::CE, Mandatory),
    (Tag::CF, Optional),
    (Tag::CG, Optional),
    (Tag::CH, Unknown),
    (Tag::CI, Optional),
    (Tag::ID, Optional),
    (Tag::ZT, Conditional),
];

/// PayXpert's: CZ, CJ, CA, AE and ZT, and no CD.
const DUPLICATA_ANSWER: Rows =
    &[(Tag::AE, Mandatory), (Tag::AF, Optional), (Tag::CD, Absent), (Tag::ZT, Conditional)];
