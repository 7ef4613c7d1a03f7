//! The two numberings of transaction types. In one 1 is a debit, in the other it is a refund.

use caisse_payment::Operation;

/// By which table a number of a transaction type is read.
///
/// ```
/// use caisse_intent::Numbering;
/// use caisse_payment::Operation;
///
/// assert_eq!(Numbering::First.operation(1), Some(Operation::Debit));
/// assert_eq!(Numbering::Second.operation(1), Some(Operation::Credit));
/// assert_eq!(Numbering::Second.number(Operation::DeferredDebit), Some(8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Numbering {
    /// 1 debit, 2 cancellation, 3 refund, 4 deferred debit: requests of every version, and results of August 2024, which
    /// name their transaction `transactionId`.
    First,
    /// 0 debit, 1 refund, 2 cancellation, 8 deferred debit: later results, which name their transaction `id`. As the tag
    /// CD of Caisse-AP for the first three.
    Second,
}

impl Numbering {
    /// Both.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// The operations that have a number, in the order of the first numbering. A refund is called a credit here.
    pub const OPERATIONS: [Operation; 4] =
        [Operation::Debit, Operation::Cancellation, Operation::Credit, Operation::DeferredDebit];

    /// The number of an operation; nothing for a cheque, which the app does not take.
    #[must_use]
    pub const fn number(self, operation: Operation) -> Option<i32> {
        match (self, operation) {
            (Self::First, Operation::Debit) => Some(1),
            (Self::First, Operation::Cancellation) => Some(2),
            (Self::First, Operation::Credit) => Some(3),
            (Self::First, Operation::DeferredDebit) => Some(4),
            (Self::Second, Operation::Debit) => Some(0),
            (Self::Second, Operation::Credit) => Some(1),
            (Self::Second, Operation::Cancellation) => Some(2),
            (Self::Second, Operation::DeferredDebit) => Some(8),
            (_, Operation::Cheque) => None,
        }
    }

    /// The operation of a number.
    #[must_use]
    pub fn operation(self, number: i64) -> Option<Operation> {
        Self::OPERATIONS.into_iter().find(|&it| self.number(it).map(i64::from) == Some(number))
    }
}
