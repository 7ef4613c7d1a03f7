//! The long form of the complement (AF), which carries fields of the CB2A protocol between terminal and bank.

use caisse_payment::Sensitive;

use super::Complement;

/// The characters of the long form.
const LENGTH: usize = 29;

/// The complement of a CB or EMV card (AF): exactly 29 characters, as HiPay's page lays them out. 2 for the
/// code, then CB2A fields: 2 of field 39, 21 of field 44, 2 of field 55 (DF70) and 2 of field 58 (FF50). What a
/// field does not say is blank.
///
/// Field 44 is the bank's free text and may name the card holder: it does not print.
///
/// ```
/// use caisse_codec::value::LongComplement;
///
/// let long = LongComplement::from_value(b"04148HOLDER INVALID          ").expect("29 characters");
/// assert_eq!(long.complement().code(), *b"04");
/// assert_eq!(long.bank_answer(), Some("14"));
/// assert_eq!(long.bank_text().map(|text| *text.reveal()), Some("8HOLDER INVALID"));
/// assert_eq!((long.acceptance_checks(), long.reason()), (None, None));
/// assert!(!format!("{long:?}").contains("HOLDER"));
/// assert_eq!(LongComplement::from_value(b"04"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongComplement<'a> {
    complement: Complement,
    bank_answer: Option<&'a str>,
    bank_text: Option<Sensitive<&'a str>>,
    acceptance_checks: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> LongComplement<'a> {
    /// Reads the value of AF: nothing unless it has 29 printable characters, begins with two digits and its
    /// codes are two letters or digits, or blank.
    #[must_use]
    pub fn from_value(value: &'a [u8]) -> Option<Self> {
        let printable = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
        let value: &[u8; LENGTH] = value.try_into().ok().filter(|_| printable)?;
        let (status, rest) = value.split_first_chunk::<2>()?;
        let (answer, rest) = rest.split_first_chunk::<2>()?;
        let (text, rest) = rest.split_first_chunk::<21>()?;
        let (checks, rest) = rest.split_first_chunk::<2>()?;
        let text = core::str::from_utf8(text).ok()?.trim_end_matches(' ');
        Some(Self {
            complement: Complement::from_value(status)?,
            bank_answer: code(answer)?,
            bank_text: (!text.is_empty()).then(|| Sensitive::new(text)),
            acceptance_checks: code(checks)?,
            reason: code(rest.try_into().ok()?)?,
        })
    }

    /// The value of AF: what [`from_value`](Self::from_value) read, its blanks included.
    #[must_use]
    pub fn value(&self) -> [u8; LENGTH] {
        let mut value = [b' '; LENGTH];
        let code = self.complement.code();
        let text = self.bank_text.map_or("", Sensitive::into_revealed);
        let (answer, checks, reason) = (self.bank_answer, self.acceptance_checks, self.reason);
        let parts: [(usize, &[u8]); 5] = [
            (0, &code),
            (2, answer.unwrap_or_default().as_bytes()),
            (4, text.as_bytes()),
            (25, checks.unwrap_or_default().as_bytes()),
            (27, reason.unwrap_or_default().as_bytes()),
        ];
        for (offset, part) in parts {
            for (slot, byte) in value.iter_mut().skip(offset).zip(part) {
                *slot = *byte;
            }
        }
        value
    }

    /// The code that stands in front, as in the short form.
    #[must_use]
    pub const fn complement(&self) -> Complement {
        self.complement
    }

    /// The bank's answer (CB2A field 39): two letters or digits.
    #[must_use]
    pub const fn bank_answer(&self) -> Option<&'a str> {
        self.bank_answer
    }

    /// The bank's text (CB2A field 44, type BC): up to 21 characters, without the blanks behind it. How it
    /// divides is not public.
    #[must_use]
    pub const fn bank_text(&self) -> Option<Sensitive<&'a str>> {
        self.bank_text
    }

    /// The checks of the acceptance (CB2A field 55, DF70): two letters or digits.
    #[must_use]
    pub const fn acceptance_checks(&self) -> Option<&'a str> {
        self.acceptance_checks
    }

    /// Why the transaction was not completed (CB2A field 58, FF50): two letters or digits.
    #[must_use]
    pub const fn reason(&self) -> Option<&'a str> {
        self.reason
    }
}

/// Two letters or digits, or blank; nothing for anything else.
fn code(value: &[u8; 2]) -> Option<Option<&str>> {
    match value {
        b"  " => Some(None),
        _ if value.iter().all(u8::is_ascii_alphanumeric) => core::str::from_utf8(value).ok().map(Some),
        _ => None,
    }
}
