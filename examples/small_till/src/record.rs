//! The one record: the last payment, and how it stands.

use caisse_payment::{Amount, Currency, Doubt, NotSent, Outcome, Proof, Refusal, Verdict};

/// How many bytes a record takes.
pub const RECORD_BYTES: usize = 32;

/// The first byte of a record: another form gets another one.
const FORM: u8 = 1;

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was begun, and nobody knows its end. While a record is open the till takes no payment.
    Open,
    /// The terminal said that the customer paid.
    Paid,
    /// The terminal said that the customer did not pay.
    NotPaid,
    /// Nothing of it ever left the till: it may be tried again under its number.
    NothingSent,
    /// Its end was unknown, and a person has found out that the customer paid.
    SettledPaid,
    /// Its end was unknown, and a person has found out that the customer did not pay.
    SettledNotPaid,
}

impl Standing {
    const ALL: [Self; 6] =
        [Self::Open, Self::Paid, Self::NotPaid, Self::NothingSent, Self::SettledPaid, Self::SettledNotPaid];

    const fn code(self) -> u8 {
        match self {
            Self::Open => b'O',
            Self::Paid => b'P',
            Self::NotPaid => b'N',
            Self::NothingSent => b'-',
            Self::SettledPaid => b'p',
            Self::SettledNotPaid => b'n',
        }
    }

    /// What an outcome leaves behind. What is not proven stays open; so does a part that nobody asked for.
    #[must_use]
    pub const fn after(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved { .. } => Self::Paid,
            Outcome::Declined { .. } | Outcome::Cancelled { .. } => Self::NotPaid,
            Outcome::NotSent { .. } => Self::NothingSent,
            Outcome::Unknown { .. } | Outcome::PartiallyApproved { .. } | Outcome::Blocked { .. } => {
                Self::Open
            }
        }
    }

    /// Whether a person has decided how it ended.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::SettledPaid | Self::SettledNotPaid)
    }
}

/// The last payment. Nothing of the card is kept.
///
/// ```
/// use caisse_payment::{Amount, Currency};
/// use caisse_small_till::{Record, Standing};
///
/// let record = Record { number: 7, amount: Amount::from_minor(2500, Currency::EUR), standing: Standing::Open };
/// let mut bytes = record.to_bytes();
/// assert_eq!(Record::from_bytes(&bytes), Some(record));
/// bytes[9] ^= 1; // one bit of the amount
/// assert_eq!(Record::from_bytes(&bytes), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The number of the payment: the next one has a higher number.
    pub number: u32,
    /// How much was asked for.
    pub amount: Amount,
    /// How it stands.
    pub standing: Standing,
}

impl Record {
    /// The record of a till that has never taken a payment. To be written once, in the workshop.
    pub const NEVER: Self =
        Self { number: 0, amount: Amount::from_minor(0, Currency::EUR), standing: Standing::NothingSent };

    /// The record as bytes: form, standing, currency, number and amount, then the complement of all these.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let [c0, c1] = self.amount.currency().numeric().to_be_bytes();
        let [n0, n1, n2, n3] = self.number.to_be_bytes();
        let [a0, a1, a2, a3, a4, a5, a6, a7] = self.amount.minor().to_be_bytes();
        let half = [FORM, self.standing.code(), c0, c1, n0, n1, n2, n3, a0, a1, a2, a3, a4, a5, a6, a7];
        let mut bytes = [0; RECORD_BYTES];
        let written = half.into_iter().chain(half.map(|byte| !byte));
        bytes.iter_mut().zip(written).for_each(|(place, byte)| *place = byte);
        bytes
    }

    /// The record that these bytes are; nothing when they are none. No single byte can change one into another.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let (half, complement) = bytes.split_first_chunk::<16>()?;
        let [form, code, c0, c1, n0, n1, n2, n3, a0, a1, a2, a3, a4, a5, a6, a7] = *half;
        if form != FORM || *complement != half.map(|byte| !byte) {
            return None;
        }
        let currency = Currency::from_numeric(u16::from_be_bytes([c0, c1]))?;
        let minor = u64::from_be_bytes([a0, a1, a2, a3, a4, a5, a6, a7]);
        Some(Self {
            number: u32::from_be_bytes([n0, n1, n2, n3]),
            amount: Amount::from_minor(minor, currency),
            standing: Standing::ALL.into_iter().find(|standing| standing.code() == code)?,
        })
    }

    /// What it proves. The reason of a refusal is not kept.
    pub(crate) const fn verdict(&self) -> Verdict {
        let (outcome, proof) = match self.standing {
            Standing::Open => (Outcome::Unknown { doubt: Doubt::Interrupted }, Proof::PerhapsSent),
            Standing::Paid => (Outcome::Approved { amount: self.amount }, Proof::Answered),
            Standing::NotPaid => (Outcome::Declined { refusal: Refusal::Unspecified }, Proof::Answered),
            Standing::NothingSent => (Outcome::NotSent { reason: NotSent::Cancelled }, Proof::NothingSent),
            Standing::SettledPaid => (Outcome::Approved { amount: self.amount }, Proof::PerhapsSent),
            Standing::SettledNotPaid => {
                (Outcome::Declined { refusal: Refusal::Unspecified }, Proof::PerhapsSent)
            }
        };
        Verdict { outcome, proof }
    }
}
