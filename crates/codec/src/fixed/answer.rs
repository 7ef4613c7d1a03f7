//! What the terminal answers in E and E+.

use caisse_payment::{Amount, Card, Currency};

use super::body::ANSWER_LENGTHS;
use super::layout::Expected;
use super::request::{digits, write_checked};
use super::{
    Body, EncodeError, Fault, FieldName, Layout, Mode, Private, ReceiptText, RegisterCode, Report, Stat,
    Tolerance,
};

/// The most characters that an answer takes: what the body of a frame holds.
pub const LONGEST_ANSWER: usize = 512;

/// The most characters of the receipt behind an answer of 80.
pub const LONGEST_RECEIPT: usize = 432;

/// An answer, read by the till and written by a terminal. Whether it proves anything is for `caisse-transaction` to
/// say: register, amount and currency are an echo that must be compared.
///
/// ```
/// use caisse_codec::fixed::{Answer, Stat, Tolerance};
///
/// assert!(Answer::decode(b"01000001 42B978          ", Tolerance::default()).is_err()); // a blank in the amount
///
/// let answer = Answer::decode(b"01000001242B978          ", Tolerance::default())?;
/// assert_eq!(answer.stat, Stat::Accepted);
/// assert_eq!(answer.amount().map(|amount| amount.to_string()).as_deref(), Some("12.42 EUR"));
/// assert_eq!(answer.card(), None);
/// # Ok::<(), caisse_codec::fixed::Fault>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The register (POS), as in the request.
    pub register: RegisterCode,
    /// The result (STAT).
    pub stat: Stat,
    /// The amount (MNT) in minor units: 0 to 99 999 999.
    pub minor: u32,
    /// How the customer paid (MODE); nothing when the field is blank. Contactless has been seen as `B`, a refusal
    /// as `0`.
    pub mode: Option<Mode>,
    /// The report of the application (REP): there in answers of 80 characters.
    pub report: Option<Report<'a>>,
    /// The currency (DEV) by its number, 0 to 999: it need not be a known one.
    pub currency: u16,
    /// Private data (PRIV).
    pub private: Private,
    /// The text of the receipt, behind a report only.
    pub receipt: Option<ReceiptText<'a>>,
}

impl<'a> Answer<'a> {
    /// Reads an answer of 25 or 80 characters, or of 81 to 512 where a receipt is tolerated. STAT and MODE are kept
    /// whatever they are.
    ///
    /// # Errors
    /// Says that the length is none of these, or which field is not of its characters and where.
    pub fn decode(bytes: &'a [u8], tolerance: Tolerance) -> Result<Self, Fault> {
        let body = Body::expect(bytes, tolerance, ANSWER_LENGTHS, |layout| !layout.is_request())?;
        let [stat] = *body.characters(FieldName::Stat)?;
        let [mode] = *body.characters(FieldName::Mode)?;
        let fault = |field, offset, expected| Fault::Field { field, offset, expected };
        let register = RegisterCode::new(*body.characters(FieldName::Register)?);
        let long = body.layout() != Layout::AnswerShort;
        Ok(Self {
            register: register.ok_or_else(|| fault(FieldName::Register, 0, Expected::Register))?,
            stat: Stat::from_character(stat).ok_or_else(|| fault(FieldName::Stat, 2, Expected::Printable))?,
            minor: body.number::<8>(FieldName::Amount)?,
            mode: Mode::new(mode),
            report: if long { Some(Report::from_body(body.characters(FieldName::Report)?)) } else { None },
            currency: u16::try_from(body.number::<3>(FieldName::Currency)?).unwrap_or(u16::MAX),
            private: Private::from_body(body.characters(FieldName::Private)?),
            receipt: body.get(FieldName::ReceiptText).map(|field| ReceiptText::from_body(field.value())),
        })
    }

    /// The amount, if its currency is known.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        let currency = Currency::from_numeric(self.currency)?;
        Some(Amount::from_minor(u64::from(self.minor), currency))
    }

    /// The card, masked whatever the terminal sent; nothing without a report, and nothing of a cheque.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        self.report.filter(|_| self.mode != Some(Mode::CHEQUE)).and_then(|report| report.card())
    }

    /// Writes the answer into the caller's buffer; [`LONGEST_ANSWER`] bytes are always enough.
    ///
    /// # Errors
    /// When the amount or the currency has more digits than its field, STAT is not a printable character or is a
    /// [`Stat::Other`] that has a name, a receipt comes without a report, or the buffer is too small. The buffer is
    /// untouched then.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        let amount = digits::<8>(u64::from(self.minor)).ok_or(EncodeError::TooLarge(FieldName::Amount))?;
        let currency =
            digits::<3>(u64::from(self.currency)).ok_or(EncodeError::TooLarge(FieldName::Currency))?;
        if self.receipt.is_some() && self.report.is_none() {
            return Err(EncodeError::ReceiptWithoutReport);
        }
        let stat = [self.stat.character()];
        // An unknown result must not become a known one on the way.
        if Stat::from_character(self.stat.character()) != Some(self.stat) {
            let (field, expected) = (FieldName::Stat, Expected::Printable);
            return Err(EncodeError::Character(Fault::Field { field, offset: 2, expected }));
        }
        let mode = [self.mode.map_or(b' ', Mode::character)];
        let report = self.report.map_or(b"".as_slice(), |report| report.reveal());
        let receipt = self.receipt.map_or(b"".as_slice(), |receipt| receipt.reveal());
        let parts = [
            self.register.characters().as_slice(),
            &stat,
            &amount,
            &mode,
            report,
            &currency,
            self.private.reveal(),
            receipt,
        ];
        write_checked::<LONGEST_ANSWER>(&parts, buffer, |layout| !layout.is_request())
    }
}
