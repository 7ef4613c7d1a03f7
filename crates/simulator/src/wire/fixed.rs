//! E and E+: fixed bodies.

use caisse_codec::fixed::{
    Answer, AnswerFlag, Delay, Mode, Private, ReceiptText, Received, ReceivedForm, Report, Stat, Tolerance,
    TransactionType,
};
use caisse_payment::Sensitive;

use crate::persona::{Generation, Persona};
use crate::terminal::{Asked, Operation, Reply, Verdict};
use crate::ticket::CARD;

/// A request and what it means; nothing when it is not one that this terminal takes.
pub(crate) fn read(body: &[u8], persona: &Persona) -> Option<(Received, Asked)> {
    let request = Received::decode(body, Tolerance { register_letters: true, receipt: false }).ok()?;
    let immediate = match request.form {
        ReceivedForm::EPlus { delay, .. } if persona.generation == Generation::EPlus => {
            delay == Delay::Immediate
        }
        // A terminal of E does not know 34 characters.
        ReceivedForm::EPlus { .. } => return None,
        ReceivedForm::E | ReceivedForm::EWithReceipt => false,
    };
    let operation = match request.transaction {
        TransactionType::Debit if request.mode == Mode::CHEQUE => Operation::Cheque,
        TransactionType::Debit => Operation::Debit,
        TransactionType::Credit => Operation::Credit,
        TransactionType::Cancellation => Operation::Cancellation,
        _ => Operation::Unknown,
    };
    let register = request.register.register().map_or(0, |register| register.number());
    let label = std::str::from_utf8(request.private.reveal()).ok().map(str::trim_end);
    let label = label.filter(|label| !label.is_empty()).map(|label| Sensitive::new(label.to_owned()));
    let asked = Asked { label, immediate, ..Asked::new(operation, Some(request.amount), register) };
    Some((request, asked))
}

/// The answer's body.
pub(crate) fn write(request: &Received, reply: &Reply) -> Vec<u8> {
    let performed = reply.verdict == Verdict::Performed;
    let cheque = reply.operation == Operation::Cheque;
    let amount = reply.amount.unwrap_or(request.amount);
    let mut characters = [b' '; 55];
    let shown: &[u8] = if cheque { b"D0416926D031017807908F011519431044B" } else { CARD.as_bytes() };
    for (slot, byte) in characters.iter_mut().zip(shown) {
        *slot = *byte;
    }
    let receipt = reply.ticket.as_ref().map(crate::ticket::TicketContent::receipt).unwrap_or_default();
    let wants_receipt = matches!(request.form, ReceivedForm::EWithReceipt);
    let has_report = reply.read && (request.flag == AnswerFlag::WithReport || wants_receipt);
    let report = Report::new(&characters).ok().filter(|_| has_report);
    let answer = Answer {
        register: request.register,
        stat: match reply.verdict {
            Verdict::Performed => Stat::Accepted,
            Verdict::NotPerformed(_) => Stat::Refused,
            Verdict::Taken => Stat::Taken,
        },
        minor: u32::try_from(amount.minor()).unwrap_or(0),
        // `0` has been seen on a refusal, `B` for a card without contact.
        mode: match performed {
            true if cheque => Some(Mode::CHEQUE),
            true => Mode::new(b'B'),
            false => Mode::new(b'0'),
        },
        report,
        currency: amount.currency().numeric(),
        private: if performed { request.private } else { Private::EMPTY },
        receipt: ReceiptText::new(&receipt).ok().filter(|_| wants_receipt && report.is_some()),
    };
    let mut buffer = [0; caisse_codec::fixed::LONGEST_ANSWER];
    answer.encode(&mut buffer).map(<[u8]>::to_vec).unwrap_or_default()
}
