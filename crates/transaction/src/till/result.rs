//! What a message that nobody asked for says of a transaction.

use caisse_link::frame::LONGEST_BODY;
use caisse_payment::Transaction;
use caisse_payment::evidence::AttributedResult;

use super::reader::Reader;
use crate::Dialect;
use crate::request::nonce;

/// Reads the body of a frame as the result of one transaction. A line with sessions outlives a transaction, so the message
/// may be the result of any: it is a result of this one only if it repeats its register, amount, action and currency.
///
/// ```
/// use caisse_payment::{Amount, Currency, Operation, Outcome, Transaction};
/// use caisse_transaction::Dialect;
/// use caisse_transaction::till::read_result;
///
/// let amount = Amount::from_minor(999, Currency::EUR);
/// let (id, terminal, dialect) = ("sale-1".parse()?, "counter".parse()?, "concert-e-plus".parse()?);
/// let asked = Transaction::new(id, Operation::Debit, amount, terminal, dialect);
/// let told = read_result(&Dialect::CONCERT_E_PLUS, &asked, b"010000009991978          ");
/// assert_eq!(told.outcome, Outcome::Approved { amount });
/// let of_another = read_result(&Dialect::CONCERT_E_PLUS, &asked, b"010000010001978          ");
/// assert!(of_another.outcome.is_unknown());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read_result(dialect: &Dialect, asked: &Transaction, body: &[u8]) -> AttributedResult {
    let mut storage = [0; LONGEST_BODY];
    let mut reader = Reader::new(dialect, false, &mut storage);
    reader.ask(false, nonce(asked, dialect));
    let outcome = reader.take_body(body, asked);
    AttributedResult {
        outcome,
        authorisation: reader.authorisation(),
        has_reference: reader.has_our_reference(),
        shown: reader.shown(),
    }
}
