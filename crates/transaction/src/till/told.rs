//! What a message that nobody asked for says of a transaction.

use caisse_link::frame::LONGEST_BODY;
use caisse_payment::entry::Content;
use caisse_payment::{AuthorisationNumber, Outcome};

use super::reader::Reader;
use crate::Dialect;
use crate::request::nonce;

/// What a message on a line with sessions says of one transaction. The line was there before and will be there afterwards,
/// so that the message may be any transaction's: it says something only of one whose register, amount, action and currency
/// it repeats.
///
/// ```
/// use caisse_payment::entry::Content;
/// use caisse_payment::{Amount, Currency, Operation, Outcome, Register};
/// use caisse_transaction::Dialect;
/// use caisse_transaction::till::Told;
///
/// let amount = Amount::from_minor(999, Currency::EUR);
/// let asked = Content {
///     operation: Operation::Debit,
///     original: None,
///     amount,
///     allow_partial: false,
///     terminal: "counter".parse()?,
///     register: Register::FIRST,
///     reference: None,
/// };
/// let told = Told::read(&Dialect::CONCERT_E_PLUS, &asked, b"010000009991978          ");
/// assert_eq!(told.outcome, Outcome::Approved { amount });
/// let of_another = Told::read(&Dialect::CONCERT_E_PLUS, &asked, b"010000010001978          ");
/// assert!(of_another.outcome.is_unknown());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its outcome by this message; unknown where the message says nothing of it.
    pub outcome: Outcome,
    /// The authorisation number in the message (AC).
    pub authorisation: Option<AuthorisationNumber>,
    /// Whether the message gives back the reference of the transaction, in a dialect in which it does.
    pub has_reference: bool,
}

impl Told {
    /// Reads the body of a frame for this transaction.
    #[must_use]
    pub fn read(dialect: &Dialect, asked: &Content, body: &[u8]) -> Self {
        let mut storage = [0; LONGEST_BODY];
        let mut reader = Reader::new(dialect, false, &mut storage);
        reader.ask(false, nonce(asked, dialect));
        let outcome = reader.take_body(body, asked);
        Self { outcome, authorisation: reader.authorisation(), has_reference: reader.has_our_reference() }
    }
}
