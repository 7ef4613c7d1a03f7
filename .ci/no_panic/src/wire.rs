//! One request and one answer over both generations.

use core::hint::black_box;

use caisse_codec::wire::{Answer, Format, Received, Request};
use caisse_codec::{
    Action, Application, CardFields, ChequeFields, Copies, MoneyOperation, Options, ReadingMode, Status,
    TerminalAnswer, TicketRequest, Version,
};
use caisse_payment::{Amount, AuthorisationNumber, Currency, Register, Sensitive};

/// The same bytes, of which the compiler knows no more what they have been before: a value of three bytes and one of two
/// would else never meet.
fn other(bytes: &[u8]) -> &[u8] {
    black_box(bytes)
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(other(bytes)).unwrap_or_default()
}

/// Any format: the compiler does not know which.
fn format(bytes: &[u8]) -> Option<Format> {
    let concert3 = Format::Concert3 {
        version: text(bytes).parse().ok()?,
        identifier: text(bytes).parse().ok()?,
        amount_digits: black_box(u8::MAX),
    };
    let e = Format::E { receipt: black_box(true), report: black_box(true) };
    let formats = black_box([concert3, e, Format::EPlus { report: black_box(true) }]);
    formats.get(black_box(1)).copied()
}

pub fn read(bytes: &[u8]) {
    let Some(format) = format(bytes) else { return };
    black_box((format.generation().name(), format.largest_amount()));
    if let Ok(answer) = Answer::decode(bytes, &format) {
        black_box((answer.standing(), answer.register(), answer.amount_minor(), answer.currency_number()));
        black_box((answer.action(), answer.card(), answer.authorisation()));
        black_box(answer.receipt_text().map(|receipt| receipt.reveal()));
        answer.tickets().for_each(|ticket| _ = black_box(ticket));
        reached!(wire_answer_read);
    }
}

pub fn write(bytes: &[u8], buffer: &mut [u8]) {
    let Some(format) = format(bytes) else { return };
    let Some(register) = Register::new(black_box(7)) else { return };
    let Some(currency) = Currency::from_numeric(black_box(978)) else { return };
    let amount = Amount::from_minor(black_box(u64::MAX), currency);
    let secret = Sensitive::new(other(bytes));
    let operations = black_box([
        MoneyOperation::Debit,
        MoneyOperation::Credit,
        MoneyOperation::LinkedCredit { original: secret },
        MoneyOperation::Cancellation,
        MoneyOperation::Preauthorisation,
        MoneyOperation::DeferredDebit,
        MoneyOperation::Cheque,
    ]);
    let Some(operation) = operations.get(black_box(1)).copied() else { return };
    let ticket = TicketRequest { copies: black_box(Copies::Both), html: black_box(true) };
    let options = Options {
        force_authorisation: black_box(Some(true)),
        partial: black_box(Some(true)),
        application: Application::from_value(other(bytes)),
        private: black_box(Some(secret)),
        reference: black_box(Some(secret)),
        reading_mode: ReadingMode::from_value(other(bytes)),
        ticket: black_box(Some(ticket)),
        phone: black_box(Some(secret)),
        email: black_box(Some(secret)),
    };
    let options = black_box([options, Options::NONE]);
    let Some(options) = options.get(black_box(1)).copied() else { return };
    let _ = black_box(black_box(Request { register, operation, amount, options }).encode(&format, buffer));
    reached!(wire_request_written);
}

pub fn reply(bytes: &[u8], buffer: &mut [u8]) {
    let Ok(received) = Received::read(bytes) else { return };
    black_box((received.generation(), received.register(), received.operation()));
    black_box((received.amount(), received.immediate()));

    let (Some(status), Some(register)) = (Status::from_value(other(bytes)), Register::new(black_box(7)))
    else {
        return;
    };
    let (Some(application), Some(reading_mode)) =
        (Application::from_value(other(bytes)), ReadingMode::from_value(other(bytes)))
    else {
        return;
    };
    let kind = TicketRequest { copies: black_box(Copies::Both), html: black_box(true) };
    let tickets = black_box([(kind, other(bytes)), (kind, other(bytes))]);
    let answer = TerminalAnswer {
        action: black_box(Some(Action::DEBIT)),
        amount: black_box(received.amount()),
        card: black_box(Some(CardFields {
            number: text(bytes),
            expiry: text(bytes),
            authorisation: text(bytes).parse::<AuthorisationNumber>().ok(),
            aid: text(bytes),
            application,
            reading_mode,
        })),
        cheque: black_box(Some(ChequeFields {
            track: Some(Sensitive::new(other(bytes))),
            ..ChequeFields::default()
        })),
        tickets: black_box(&tickets),
        ..TerminalAnswer::new(Version::V3_00, register, status)
    };
    let _ = black_box(received.encode_answer(&black_box(answer), buffer));
    reached!(wire_answer_written);
}
