//! What comes from the card: the report of the application and the text of the receipt.

use core::fmt;

use caisse_payment::{Card, REDACTED, holds_card_number};

use super::values::redacted;
use super::{Fault, FieldName, LONGEST_RECEIPT, layout::Expected};

/// The report of the payment application (REP): 55 characters 0x20 to 0x7F, as they came. What they are made of (a card
/// number, a track, the line of a cheque) is not public, so nothing here takes them apart but [`card`](Self::card).
/// `Debug`, `Display` and serde show nothing of it.
///
/// ```
/// use caisse_codec::fixed::Report;
///
/// let characters = b"4711690463168807                                       ";
/// let report = Report::new(characters)?;
/// assert_eq!(report.card().map(|card| card.masked().to_owned()).as_deref(), Some("471169******8807"));
/// assert_eq!(format!("{report:?} {report}"), "[redacted] [redacted]");
/// # Ok::<(), caisse_codec::fixed::Fault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Report<'a>(&'a [u8; 55]);

/// Lengths of a card number when no blank ends it, the commonest first: digits that are only filler may follow.
const LIKELY_LENGTHS: [usize; 7] = [16, 15, 19, 18, 17, 14, 13];

impl<'a> Report<'a> {
    /// A report by its characters.
    ///
    /// # Errors
    /// Says where a character stands that the line cannot carry (offset into the report).
    pub fn new(characters: &'a [u8; 55]) -> Result<Self, Fault> {
        check(characters, FieldName::Report, Expected::Line)?;
        Ok(Self(characters))
    }

    pub(super) const fn from_body(characters: &'a [u8; 55]) -> Self {
        Self(characters)
    }

    /// The 55 characters in clear.
    #[must_use]
    pub const fn reveal(&self) -> &'a [u8; 55] {
        self.0
    }

    /// The card, masked: what stands before the first blank if that is 13 to 19 digits (or digits and signs of a
    /// mask), else the digits at the start that satisfy Luhn's check. Zeros alone are filler. The line of a cheque can
    /// look like a card number too: whether it is one, MODE says ([`Answer::card`](super::Answer::card)).
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        let start = self.0.split(|byte| *byte == b' ').next()?;
        let digits = start.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#' | b'X' | b'x');
        let whole = (13..=19).contains(&start.len()) && start.iter().all(is_number);
        let number = if whole {
            start
        } else {
            // Other characters may end the number as well as a blank does, as in a track.
            let lengths = [digits].into_iter().chain(LIKELY_LENGTHS).filter(|length| *length <= digits);
            let mut candidates = lengths.filter_map(|length| start.get(..length));
            candidates.find(|number| core::str::from_utf8(number).is_ok_and(holds_card_number))?
        };
        number.iter().any(|byte| *byte != b'0').then(|| Card::from_raw(number))
    }
}

/// The text of a receipt behind an answer of 80 characters: 1 to 432 characters 0x20 to 0x7F, each line ended by a line
/// feed. Nothing else of its form is public; one till drops the first three lines and the last. `Debug`, `Display` and
/// serde show nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReceiptText<'a>(&'a [u8]);

impl<'a> ReceiptText<'a> {
    /// A receipt by its text.
    ///
    /// # Errors
    /// When it is empty or longer than 432 characters, or says where a character stands that cannot be in it (offset
    /// into the text).
    ///
    /// ```
    /// use caisse_codec::fixed::ReceiptText;
    ///
    /// assert!(ReceiptText::new(b"CARTE BANCAIRE\n12,34 EUR\n").is_ok());
    /// assert!(ReceiptText::new("REÇU\n".as_bytes()).is_err());
    /// ```
    pub fn new(text: &'a [u8]) -> Result<Self, Fault> {
        if text.is_empty() || text.len() > LONGEST_RECEIPT {
            let expected = "1 to 432 (a receipt)";
            return Err(Fault::Length { expected, length: text.len() });
        }
        check(text, FieldName::ReceiptText, Expected::Lines)?;
        Ok(Self(text))
    }

    pub(super) const fn from_body(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// The text in clear, line feeds included.
    #[must_use]
    pub const fn reveal(&self) -> &'a [u8] {
        self.0
    }
}

fn check(characters: &[u8], field: FieldName, expected: Expected) -> Result<(), Fault> {
    match expected.stranger(characters, false) {
        None => Ok(()),
        Some(offset) => Err(Fault::Field { field, offset, expected }),
    }
}

redacted!(Report<'_> ReceiptText<'_>);
