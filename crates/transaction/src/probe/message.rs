//! The messages of a probe: a closed list.

use caisse_codec::wire::Generation;
use caisse_codec::{
    Action, DuplicataRequest, Extra, IdentificationRequest, LONGEST_REQUEST, RequestHeader, TicketRequest,
};
use caisse_payment::{Amount, Currency};

use super::{ProbeConfig, QuestionError};
use crate::channel;
use crate::dialect::Duplicata;
use crate::till::LinkKind;

/// What a probe asks. There is nothing else that it could ask.
///
/// ```
/// use caisse_transaction::Dialect;
/// use caisse_transaction::probe::{ProbeConfig, ProbeMachine, Question};
///
/// let mut storage = [0; 1024];
/// let config = ProbeConfig::new(Dialect::PAYXPRESS, "012345678901".parse()?);
/// let probe = ProbeMachine::new(config, Question::Identification, &mut storage);
/// assert!(probe.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The same with a payment does not compile: neither as a question that there is,
///
/// ```compile_fail
/// use caisse_transaction::Dialect;
/// use caisse_transaction::probe::{ProbeConfig, ProbeMachine, Question};
///
/// let mut storage = [0; 1024];
/// let config = ProbeConfig::new(Dialect::PAYXPRESS, "012345678901".parse()?);
/// let probe = ProbeMachine::new(config, Question::Debit, &mut storage);
/// assert!(probe.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// nor as a request of the codec's that moves money,
///
/// ```compile_fail
/// use caisse_codec::MoneyRequest;
/// use caisse_transaction::probe::Question;
///
/// fn smuggle(request: MoneyRequest<'static>) -> Question {
///     request.into()
/// }
/// ```
///
/// nor as a request of the till's.
///
/// ```compile_fail
/// use caisse_transaction::probe::ProbeMachine;
/// use caisse_transaction::{Instant, Request};
///
/// fn smuggle(probe: &mut ProbeMachine<'_>, request: Request) {
///     probe.start(Instant::from_millis(0), request);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Is somebody there? Where there are sessions, ENQ and EOT; on a stream of 3.x the connection alone.
    Presence,
    /// Who is there (CD=I)? 3.x only.
    Identification,
    /// A copy of the last ticket (CD=3), on the terminal's paper or sent. 3.x only.
    Duplicata {
        /// Whether the customer's ticket is to be sent (CK) instead of printed by the terminal.
        ticket: bool,
    },
}

impl Question {
    /// The type of action (CD) that its message asks for.
    pub(super) const fn action(self) -> Option<Action> {
        match self {
            Self::Presence => None,
            Self::Identification => Some(Action::IDENTIFICATION),
            Self::Duplicata { .. } => Some(Action::DUPLICATA),
        }
    }
}

/// A message without money.
enum Message {
    Identification(IdentificationRequest),
    Duplicata(DuplicataRequest<'static>),
}

/// The amount of HiPay's form, which the terminal ignores: the smallest that there is.
const IGNORED: Amount = Amount::from_minor(1, Currency::EUR);

/// The bytes that ask it; none where ENQ, or the connection, asks it.
pub(super) fn encode(config: &ProbeConfig, question: Question) -> Result<channel::Message, QuestionError> {
    let Some(message) = message(config, question)? else { return Ok(channel::Message::new_const()) };
    let mut body = [0; LONGEST_REQUEST];
    let body = match message {
        Message::Identification(request) => request.encode(&mut body),
        Message::Duplicata(request) => request.encode(&mut body),
    };
    let body = body.map_err(|_| QuestionError::TooLong)?;
    channel::message(body, config.has_sessions(), config.dialect.trailer).ok_or(QuestionError::TooLong)
}

fn message(config: &ProbeConfig, question: Question) -> Result<Option<Message>, QuestionError> {
    if question == Question::Presence {
        return Ok(None);
    }
    let dialect = &config.dialect;
    if dialect.generation != Generation::Concert3 {
        return Err(QuestionError::OlderGeneration);
    }
    if config.link == LinkKind::Serial && !config.named {
        return Err(QuestionError::DialectNotNamed);
    }
    let header =
        RequestHeader { version: dialect.version, identifier: config.identifier, register: config.register };
    Ok(Some(match question {
        Question::Presence => return Ok(None),
        Question::Identification => Message::Identification(IdentificationRequest { header }),
        Question::Duplicata { ticket } => {
            let amount = match dialect.duplicata {
                Duplicata::Nothing => return Err(QuestionError::NoDuplicata),
                Duplicata::Fields => Some(IGNORED),
                Duplicata::TicketOnly | Duplicata::Unverified => None,
            };
            if ticket && !dialect.optional.ticket {
                return Err(QuestionError::NoTicket);
            }
            let ticket = ticket.then_some(TicketRequest::CUSTOMER_TEXT);
            Message::Duplicata(DuplicataRequest { header, amount, ticket, extra: Extra::NONE })
        }
    }))
}
