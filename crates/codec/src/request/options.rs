//! The optional fields of a request for money.

use caisse_payment::Sensitive;

use crate::value::{Application, ReadingMode, TicketRequest};
use crate::{EncodeError, Encoder, Tag};

/// What a till may add to a request for money. Which of them a terminal takes is its dialect's to say: some
/// refuse a request that carries CF or BF.
///
/// ```
/// use caisse_codec::{Options, TicketRequest};
/// use caisse_payment::Sensitive;
///
/// let options = Options {
///     email: Some(Sensitive::new(b"test@example.com")),
///     ticket: Some(TicketRequest::CUSTOMER_TEXT),
///     ..Options::NONE
/// };
/// assert!(!format!("{options:?}").contains("example.com"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// Whether the bank must be asked (BB). Documented by HiPay and Fidecoin.
    pub force_authorisation: Option<bool>,
    /// Whether a part of the amount may be approved (BF). Newer Ingenico software fails when it is sent.
    pub partial: Option<bool>,
    /// The application to force (CC): three letters or digits.
    pub application: Option<Application>,
    /// The till's own data (CF): 1 to 99 printable characters, echoed by PayXpert and HiPay. A real Ingenico
    /// Desk/5000 answered AF=09 to a request that carried it.
    pub private: Option<Sensitive<&'a [u8]>>,
    /// The till's reference of the transaction (CH): 1 to 99 printable characters.
    pub reference: Option<Sensitive<&'a [u8]>>,
    /// How the card is to be read (CI): one digit.
    pub reading_mode: Option<ReadingMode>,
    /// The tickets to send for printing (CK).
    pub ticket: Option<TicketRequest>,
    /// The customer's telephone (BH): 8 to 20 digits.
    pub phone: Option<Sensitive<&'a [u8]>>,
    /// The customer's e-mail address (BI): 6 to 256 printable characters.
    pub email: Option<Sensitive<&'a [u8]>>,
}

impl Options<'_> {
    /// None of them.
    pub const NONE: Self = Self {
        force_authorisation: None,
        partial: None,
        application: None,
        private: None,
        reference: None,
        reading_mode: None,
        ticket: None,
        phone: None,
        email: None,
    };

    /// Writes those that are set: BB, BF, CC, CF, CH, CI, CK, BH, BI. The order is that of HiPay's sample and
    /// means nothing.
    pub(super) fn encode(&self, out: &mut Encoder<'_>) -> Result<(), EncodeError> {
        let flag = |set: bool| if set { b"1" } else { b"0" };
        if let Some(force) = self.force_authorisation {
            out.field(Tag::BB, flag(force))?;
        }
        if let Some(partial) = self.partial {
            out.field(Tag::BF, flag(partial))?;
        }
        if let Some(application) = &self.application {
            out.field(Tag::CC, application.as_bytes())?;
        }
        if let Some(private) = &self.private {
            out.field(Tag::CF, private.reveal())?;
        }
        if let Some(reference) = &self.reference {
            out.field(Tag::CH, reference.reveal())?;
        }
        if let Some(mode) = self.reading_mode {
            out.field(Tag::CI, &[mode.value()])?;
        }
        if let Some(ticket) = self.ticket {
            out.field(Tag::CK, &ticket.value())?;
        }
        if let Some(phone) = &self.phone {
            out.field(Tag::BH, phone.reveal())?;
        }
        if let Some(email) = &self.email {
            out.field(Tag::BI, email.reveal())?;
        }
        Ok(())
    }
}
