//! Messages of 3.x.

use core::hint::black_box;

use caisse_codec::{
    Action, Answer, AnswerComplement, CardFields, ChequeFields, Complement, Copies, DebitRequest,
    DuplicataRequest, Encoder, Extra, FieldScanner, IdentificationRequest, LongComplement, Message,
    MoneyOperation, MoneyRequest, Options, PrintRequest, ReadingMode, ReceivedRequest, RequestHeader, Status,
    Tag, TerminalAnswer, TicketRequest, TransactionStatusRequest, check, dictionary, encode_ticket,
    encode_tickets, value,
};
use caisse_payment::{Amount, AuthorisationNumber, ContractNumber, Currency, Register, Sensitive};

pub fn read(bytes: &[u8]) {
    let _ = black_box(Message::read(bytes));
    if let Ok(message) = Message::decode(bytes) {
        let _ = black_box(message.get(black_box(Tag::AE)));
        for field in message.fields() {
            black_box((field.tag(), field.offset(), field.value(), field.shown()));
            black_box(dictionary::find(field.tag()));
        }
        check::faults(message).for_each(|fault| _ = black_box(fault));
        black_box(check::first_fault_of_order(message));
        look_up(&Answer::new(message));
    }
    if let Ok(answer) = Answer::decode(bytes) {
        look_up(&answer);
    }
    let mut scanner = FieldScanner::new();
    let mut input = bytes;
    while let Some(piece) = scanner.next(&mut input) {
        let _ = black_box(piece);
    }
    black_box((scanner.at_boundary(), scanner.offset(), scanner.open_tag(), scanner.need_more()));
    black_box((value::number(bytes), value::LongComplement::from_value(bytes)));
    reached!(tlv_read);
}

fn look_up(answer: &Answer<'_>) {
    black_box(answer.is_documented(black_box(Tag::CB)));
    black_box(answer.is_all_documented());
    black_box((answer.version(), answer.status(), answer.complement(), answer.amount_minor()));
    black_box((answer.authorisation(), answer.contract(), answer.application(), answer.reading_mode()));
    black_box((
        answer.register(),
        answer.identifier(),
        answer.action(),
        answer.currency(),
        answer.immediate(),
    ));
    black_box((answer.long_complement(), answer.expiry(), answer.aid(), answer.reference()));
    black_box((answer.transaction_id(), answer.date(), answer.serial_number(), answer.private()));
    black_box((answer.cheque_track(), answer.cheque_file(), answer.cheque_guarantee()));
    black_box((answer.phone(), answer.email()));
    black_box(answer.card().as_ref().map(|card| (card.masked(), card.last_four())));
    black_box((answer.tickets().customer(), answer.tickets().merchant()));
    for ticket in answer.tickets() {
        black_box((ticket.kind(), ticket.base64()));
        let _ = black_box(ticket.decode(black_box(&mut [0; 8])));
    }
    let refusal = answer.complement().and_then(Complement::refusal);
    black_box(refusal.map(Complement::from_refusal));
    black_box(answer.application().as_ref().and_then(|application| application.known()));
    black_box(answer.action().and_then(Action::text));
    reached!(tlv_answer_looked_up);
}

pub fn read_request(bytes: &[u8]) {
    if let Ok(message) = Message::decode(bytes) {
        let _ = black_box(DebitRequest::read(&message));
        let received = ReceivedRequest::read(&message);
        if let Ok(ReceivedRequest::Print(print)) = &received {
            print.tickets().for_each(|ticket| _ = black_box(ticket));
            reached!(tlv_print_request_read);
        }
        let _ = black_box(received.map(|request| request.header()));
        reached!(tlv_request_read);
    }
}

/// Something of this form, or nothing to go on with.
macro_rules! hidden {
    ($value:expr) => {
        match black_box($value) {
            Some(value) => value,
            None => return,
        }
    };
}

pub fn write(bytes: &[u8], buffer: &mut [u8]) {
    let text = hidden!(core::str::from_utf8(bytes).ok());
    let header = RequestHeader {
        version: hidden!(text.parse().ok()),
        identifier: hidden!(text.parse().ok()),
        register: hidden!(Register::new(black_box(7))),
    };
    let currency = hidden!(Currency::from_numeric(black_box(978)));
    let amount = Amount::from_minor(black_box(u64::MAX), currency);
    let kind = TicketRequest { copies: black_box(Copies::Both), html: black_box(true) };
    let secret = Sensitive::new(bytes);
    let fields = [(black_box(Tag::AA), bytes)];
    let extra = Extra::new(black_box(fields.as_slice()));
    let options = black_box(Options {
        force_authorisation: Some(black_box(true)),
        partial: Some(black_box(true)),
        application: value::Application::from_value(bytes),
        private: Some(secret),
        reference: Some(secret),
        reading_mode: ReadingMode::from_value(bytes),
        ticket: Some(kind),
        phone: Some(secret),
        email: Some(secret),
    });

    let RequestHeader { version, identifier, register } = header;
    let (partial, application, ticket) = (options.partial, options.application, options.ticket);
    let debit = DebitRequest { version, identifier, register, amount, partial, application, ticket };
    let _ = black_box(black_box(debit).encode(buffer));
    reached!(tlv_debit_written);
    let _ = black_box(MoneyRequest::from(debit).encode(buffer));
    let operation = black_box(MoneyOperation::LinkedCredit { original: secret });
    let _ = black_box(black_box(MoneyRequest { header, operation, amount, options, extra }).encode(buffer));
    let duplicata = DuplicataRequest { header, amount: black_box(Some(amount)), ticket, extra };
    let _ = black_box(black_box(duplicata).encode(buffer));
    let _ = black_box(black_box(IdentificationRequest { header }).encode(buffer));
    let _ = black_box(black_box(PrintRequest { header, kind, text: secret, extra }).encode(buffer));
    let _ = black_box(black_box(TransactionStatusRequest { header, extra }).encode(buffer));

    let long = LongComplement::from_value(bytes).map(AnswerComplement::Long);
    let tickets = black_box([(kind, bytes), (kind, bytes)]);
    let answer = TerminalAnswer {
        identifier: black_box(Some(identifier)),
        action: black_box(Some(Action::DEBIT)),
        amount: black_box(Some(amount)),
        complement: black_box(Complement::from_value(bytes).map(AnswerComplement::Short).or(long)),
        card: black_box(Some(CardFields {
            number: text,
            expiry: text,
            authorisation: text.parse::<AuthorisationNumber>().ok(),
            aid: text,
            application: hidden!(application),
            reading_mode: hidden!(options.reading_mode),
        })),
        contract: text.parse::<ContractNumber>().ok(),
        cheque: black_box(Some(ChequeFields {
            track: Some(secret),
            file: Some(secret),
            guarantee: Some(secret),
        })),
        private: black_box(Some(secret)),
        reference: black_box(Some(text)),
        transaction_id: black_box(Some(text)),
        serial_number: black_box(Some(text)),
        tickets: &tickets,
        ..TerminalAnswer::new(version, register, hidden!(Status::from_value(bytes)))
    };
    let _ = black_box(black_box(answer).encode(buffer));

    let mut encoder = Encoder::new(buffer);
    let _ = black_box(encoder.raw(black_box(Tag::CF), bytes));
    let _ = black_box(encoder.field(black_box(Tag::CF), bytes));
    let _ = black_box(encoder.number(black_box(Tag::CB), black_box(7), black_box(3)));
    let _ = black_box(encode_ticket(&mut encoder, kind, bytes));
    let _ = black_box(encode_tickets(&mut encoder, &tickets));
    black_box(encoder.as_bytes());
    black_box(encoder.finish());
    reached!(tlv_written);
}
