//! Requests that move money, with every optional field.

use caisse_payment::{Amount, Sensitive};

use super::{AMOUNT_DIGITS, DebitRequest, Extra, Options, RequestError, RequestHeader};
use crate::value::{Action, Application};
use crate::{Encoder, Tag};

/// The most bytes that a [`MoneyRequest`] without extra fields takes.
pub const LONGEST_MONEY_REQUEST: usize = 1596;

/// The tags that have a place in [`Options`] or in [`MoneyOperation`].
const TYPED: [Tag; 10] =
    [Tag::BB, Tag::BF, Tag::BH, Tag::BI, Tag::CC, Tag::CF, Tag::CH, Tag::CI, Tag::CK, Tag::IM];

/// What is to happen with the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyOperation<'a> {
    /// The customer pays (CD=0).
    Debit,
    /// The customer pays by cheque: a debit with the application 00C. Seen in akretion's and OCA's clients.
    Cheque,
    /// Money goes back to the card, without any link to the debit (CD=1).
    Credit,
    /// Money of one debit goes back (CD=1 with IM). PayXpert's own; under which conditions is not public.
    LinkedCredit {
        /// The id that the terminal gave with the debit (tag ID of its answer): 1 to 999 printable characters.
        original: Sensitive<&'a [u8]>,
    },
    /// A debit is undone in full (CD=2). How the terminal knows which one is not public: probably it is the
    /// last one. HiPay does not have it.
    Cancellation,
    /// An amount is reserved (CD=4). Only the action's number is public; CB and CE stand here because the
    /// dictionary asks for them in every operation on money. What else a terminal wants is unknown.
    Preauthorisation,
    /// A debit that the bank takes later (CD=7). PayXpert names the action, Fidecoin calls it a transfer; no
    /// document shows a request, so the same holds as for the pre-authorisation.
    DeferredDebit,
}

impl MoneyOperation<'_> {
    /// The type of action (CD).
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::Debit | Self::Cheque => Action::DEBIT,
            Self::Credit | Self::LinkedCredit { .. } => Action::CREDIT,
            Self::Cancellation => Action::CANCELLATION,
            Self::Preauthorisation => Action::PREAUTHORISATION,
            Self::DeferredDebit => Action::DEFERRED_DEBIT,
        }
    }
}

/// A request that moves money. The answer always comes at the end of the transaction: there is no way to ask
/// for an immediate one (BA=1), because that answer does not say how the payment ended.
///
/// ```
/// use caisse_codec::{Extra, MoneyOperation, MoneyRequest, Options, RequestHeader, Version};
/// use caisse_payment::{Amount, Currency, Register, Sensitive};
///
/// let header =
///     RequestHeader { version: Version::V3_20, identifier: "323540032810".parse()?, register: Register::FIRST };
/// let request = MoneyRequest {
///     header,
///     operation: MoneyOperation::LinkedCredit { original: Sensitive::new(b"T-2897") },
///     amount: Amount::from_minor(2500, Currency::EUR),
///     options: Options::NONE,
///     extra: Extra::NONE,
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_MONEY_REQUEST];
/// let wire = request.encode(&mut buffer)?;
/// assert_eq!(wire, b"CZ0040320CJ012323540032810CA00201CB0042500CD0011CE003978IM006T-2897");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyRequest<'a> {
    /// CZ, CJ and CA.
    pub header: RequestHeader,
    /// What is to happen (CD, and CC of a cheque, IM of a linked credit).
    pub operation: MoneyOperation<'a>,
    /// How much (CB and CE): 1 to 999 999 999 999 minor units.
    pub amount: Amount,
    /// The optional fields.
    pub options: Options<'a>,
    /// Fields without a place of their own.
    pub extra: Extra<'a>,
}

impl MoneyRequest<'_> {
    /// Writes the request into the caller's buffer, CZ first; [`LONGEST_MONEY_REQUEST`] bytes are enough when
    /// there are no extra fields.
    ///
    /// # Errors
    /// When the amount is zero or has more than twelve digits, a value is not within the bounds of its tag, an
    /// extra field may not stand there, or the buffer is too small. The application 00C makes a cheque of a
    /// debit: a debit may not force it and a cheque may force no other.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        self.encode_wide(AMOUNT_DIGITS, buffer)
    }

    /// The same with zeros in front of CB, up to so many digits.
    pub(crate) fn encode_wide<'b>(
        &self,
        amount_digits: usize,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], RequestError> {
        let mut out = Encoder::new(buffer);
        let mut options = self.options;
        let forced = options.application;
        match self.operation {
            MoneyOperation::Cheque if forced.is_none_or(|forced| forced == Application::CHEQUE) => {
                options.application = Some(Application::CHEQUE);
            }
            MoneyOperation::Cheque => return Err(RequestError::NotAllowed(Tag::CC)),
            MoneyOperation::Debit if forced == Some(Application::CHEQUE) => {
                return Err(RequestError::NotAllowed(Tag::CC));
            }
            _ => {}
        }
        self.header.encode_wide(self.operation.action(), Some(self.amount), amount_digits, &mut out)?;
        options.encode(&mut out)?;
        if let MoneyOperation::LinkedCredit { original } = &self.operation {
            out.field(Tag::IM, original.reveal())?;
        }
        self.extra.encode(&TYPED, &mut out)?;
        Ok(out.finish())
    }
}

impl From<DebitRequest> for MoneyRequest<'_> {
    /// The same bytes: a debit that forces the application 00C is a cheque.
    fn from(debit: DebitRequest) -> Self {
        let DebitRequest { version, identifier, register, amount, partial, application, ticket } = debit;
        let cheque = application == Some(Application::CHEQUE);
        Self {
            header: RequestHeader { version, identifier, register },
            operation: if cheque { MoneyOperation::Cheque } else { MoneyOperation::Debit },
            amount,
            options: Options {
                partial,
                application: application.filter(|_| !cheque),
                ticket,
                ..Options::NONE
            },
            extra: Extra::NONE,
        }
    }
}
