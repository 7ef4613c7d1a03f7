//! Each sensitive field of each type holds a canary, and nothing prints it: requests, answers, both generations.

mod support;

use caisse_codec::wire::{self, Format};
use caisse_codec::{
    Answer, CardFields, ChequeFields, Complement, DuplicataRequest, Extra, LONGEST_ANSWER,
    LONGEST_MONEY_REQUEST, LONGEST_PRINT_REQUEST, LongComplement, Message, MoneyOperation, MoneyRequest,
    Options, PrintRequest, ReadingMode, ReceivedRequest, RequestHeader, Status, Tag, TerminalAnswer,
    TicketRequest, TransactionStatusRequest, Version,
};
use caisse_payment::{Amount, Currency, Register, Sensitive};
use support::canary::Printed;

const PAN: &str = "4970101234123457";
const EMAIL: &str = "jean.dupont@example.com";
const PHONE: &str = "33698765432";
const PRIVATE: &str = "client-7788-dossier";
const SHORT: &str = "jean.dupon";
const REFERENCE: &str = "sejour-Mme-Durand";
const TRACK: &str = "0416926031017807908011519431044";
const FILE: &str = "fnci-0935-x";
const GUARANTEE: &str = "garantie-Axqzvk";
const BANK: &str = "HOLDER INVALID NAME";
const TEXT: &str = "TICKET de Monsieur Dupont";
const CANARIES: &[&str] = &[PAN, EMAIL, PHONE, PRIVATE, SHORT, REFERENCE, TRACK, FILE, GUARANTEE, BANK, TEXT];

fn header() -> RequestHeader {
    RequestHeader {
        version: Version::V3_20,
        identifier: "323540032810".parse().unwrap(),
        register: Register::FIRST,
    }
}

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn options() -> Options<'static> {
    Options {
        private: Some(Sensitive::new(PRIVATE.as_bytes())),
        reference: Some(Sensitive::new(REFERENCE.as_bytes())),
        phone: Some(Sensitive::new(PHONE.as_bytes())),
        email: Some(Sensitive::new(EMAIL.as_bytes())),
        ..Options::NONE
    }
}

fn long_complement() -> String {
    format!("0414{BANK:<21}    ")
}

#[test]
fn requests_hide_them() {
    let mut printed = Printed::new(CANARIES);
    let label = [(Tag::new(*b"LB").unwrap(), EMAIL.as_bytes())];
    let operation = MoneyOperation::LinkedCredit { original: Sensitive::new(PAN.as_bytes()) };
    let request = MoneyRequest {
        header: header(),
        operation,
        amount: euros(2500),
        options: options(),
        extra: Extra::new(&label),
    };
    printed.debug("MoneyRequest", request);
    printed.debug("Options", options());
    let mut buffer = [0; LONGEST_MONEY_REQUEST + 64];
    let wire = request.encode(&mut buffer).unwrap();
    let received = ReceivedRequest::read(&Message::decode(wire).unwrap()).unwrap();
    printed.debug("ReceivedRequest", received);
    for size in 0..wire.len() {
        printed.error("RequestError", request.encode(&mut vec![0; size]).unwrap_err());
    }
    printed.error("NotAllowed", {
        let twice = [(Tag::CF, PRIVATE.as_bytes())];
        MoneyRequest { extra: Extra::new(&twice), ..request }.encode(&mut [0; 2048]).unwrap_err()
    });
    for options in [
        Options { phone: Some(Sensitive::new(EMAIL.as_bytes())), ..Options::NONE },
        Options { private: Some(Sensitive::new("client-7788-dossier\u{e9}".as_bytes())), ..Options::NONE },
    ] {
        printed
            .error("RequestError", MoneyRequest { options, ..request }.encode(&mut [0; 2048]).unwrap_err());
    }

    let print = PrintRequest {
        header: header(),
        kind: TicketRequest::CUSTOMER_TEXT,
        text: Sensitive::new(TEXT.as_bytes()),
        extra: Extra::NONE,
    };
    printed.debug("PrintRequest", print);
    let mut buffer = [0; LONGEST_PRINT_REQUEST];
    let wire = print.encode(&mut buffer).unwrap();
    let ReceivedRequest::Print(received) = ReceivedRequest::read(&Message::decode(wire).unwrap()).unwrap()
    else {
        panic!("a print request");
    };
    printed.debug("ReceivedPrint", received);
    printed.debug("its tickets", received.tickets().collect::<Vec<_>>());

    let extra = Extra::new(&label);
    printed.debug("Extra", extra);
    printed.debug("TransactionStatusRequest", TransactionStatusRequest { header: header(), extra });
    printed
        .debug("DuplicataRequest", DuplicataRequest { header: header(), amount: None, ticket: None, extra });
    printed.check();
}

#[test]
fn answers_and_their_accessors_hide_them() {
    let long = long_complement();
    let complement = LongComplement::from_value(long.as_bytes()).unwrap();
    let written = TerminalAnswer {
        amount: Some(euros(2500)),
        complement: Some(caisse_codec::AnswerComplement::Long(complement)),
        card: Some(CardFields {
            number: PAN,
            expiry: "2612",
            authorisation: None,
            aid: "A0000000041010",
            application: "00B".parse().unwrap(),
            reading_mode: ReadingMode::Contact,
        }),
        cheque: Some(ChequeFields {
            track: Some(Sensitive::new(TRACK.as_bytes())),
            file: Some(Sensitive::new(FILE.as_bytes())),
            guarantee: Some(Sensitive::new(GUARANTEE.as_bytes())),
        }),
        private: Some(Sensitive::new(PRIVATE.as_bytes())),
        tickets: &[(TicketRequest::CUSTOMER_TEXT, TEXT.as_bytes())],
        ..TerminalAnswer::new(Version::V3_20, Register::FIRST, Status::NotPerformed)
    };
    let mut printed = Printed::new(CANARIES);
    printed.debug("TerminalAnswer", written);
    printed.debug("ChequeFields", written.cheque);
    printed.debug("LongComplement", complement);
    let mut buffer = [0; LONGEST_ANSWER];
    let wire = written.encode(&mut buffer).unwrap();
    let customer = format!("AM011{PHONE}AN023{EMAIL}");
    let wire = [wire, customer.as_bytes()].concat();
    let answer = Answer::decode(&wire).unwrap();
    let present = [
        ("CF", answer.private().map(Sensitive::into_revealed), PRIVATE),
        ("AD", answer.cheque_track().map(Sensitive::into_revealed), TRACK),
        ("AG", answer.cheque_file().map(Sensitive::into_revealed), FILE),
        ("AH", answer.cheque_guarantee().map(Sensitive::into_revealed), GUARANTEE),
        ("AM", answer.phone().map(Sensitive::into_revealed), PHONE),
        ("AN", answer.email().map(Sensitive::into_revealed), EMAIL),
    ];
    for (tag, value, canary) in present {
        assert_eq!(value, Some(canary.as_bytes()), "{tag} is read");
    }
    printed.debug("accessors", (answer.private(), answer.cheque_track(), answer.cheque_file()));
    printed.debug("accessors", (answer.cheque_guarantee(), answer.phone(), answer.email()));
    printed.debug("accessors", (answer.expiry(), answer.card(), answer.complement()));
    printed.debug("accessors", answer.long_complement());
    printed.debug("Answer", answer);
    for size in 0..wire.len() - customer.len() {
        printed.error("EncodeError", written.encode(&mut vec![0; size]).unwrap_err());
    }
    #[cfg(feature = "serde")]
    {
        printed.serialised("private", answer.private());
        printed.serialised("cheque", answer.cheque_track());
        printed.serialised("message", answer.message());
    }
    printed.check();
}

#[test]
fn both_generations_hide_them() {
    let mut printed = Printed::new(CANARIES);
    let concert3 = Format::Concert3 {
        version: Version::V3_00,
        identifier: "323540032810".parse().unwrap(),
        amount_digits: 2,
    };
    let formats = [concert3, Format::E { receipt: true, report: true }, Format::EPlus { report: true }];
    let short = Options { private: Some(Sensitive::new(SHORT.as_bytes())), ..Options::NONE };
    let with_ticket = Options { ticket: Some(TicketRequest::CUSTOMER_TEXT), ..short };
    let linked = MoneyOperation::LinkedCredit { original: Sensitive::new(PAN.as_bytes()) };
    let (mut receipts, mut tickets) = (0, 0);
    for options in [options(), short, with_ticket, Options::NONE] {
        for (format, operation) in formats
            .iter()
            .flat_map(|format| [MoneyOperation::Debit, MoneyOperation::Cheque, linked].map(|it| (format, it)))
        {
            let request =
                wire::Request { register: Register::FIRST, operation, amount: euros(2500), options };
            printed.debug("wire::Request", request);
            let mut buffer = [0; wire::LONGEST_REQUEST];
            let body = match request.encode(format, &mut buffer) {
                Ok(body) => body,
                Err(error) => {
                    printed.error("wire::RequestError", error);
                    continue;
                }
            };
            for end in 0..body.len() {
                if let Err(fault) = wire::Received::read(&body[..end]) {
                    printed.error("wire::ReceiveFault", fault);
                }
            }
            let received = wire::Received::read(body).unwrap();
            printed.debug("wire::Received", received);
            printed.debug("its operation", received.operation());
            let card = CardFields {
                number: PAN,
                expiry: "2612",
                authorisation: None,
                aid: "A0000000041010",
                application: "00B".parse().unwrap(),
                reading_mode: ReadingMode::Contact,
            };
            let of_a_cheque = operation == MoneyOperation::Cheque;
            let track = Some(Sensitive::new(TRACK.as_bytes()));
            let written = TerminalAnswer {
                action: Some(caisse_codec::Action::DEBIT),
                amount: Some(euros(2500)),
                complement: Some(Complement::AUTHORISED.into()),
                card: (!of_a_cheque).then_some(card),
                cheque: of_a_cheque.then_some(ChequeFields { track, ..ChequeFields::default() }),
                private: options.private,
                tickets: &[(TicketRequest::CUSTOMER_TEXT, TEXT.as_bytes())],
                ..TerminalAnswer::new(Version::V3_00, Register::FIRST, Status::Performed)
            };
            printed.debug("TerminalAnswer", written);
            let mut buffer = [0; LONGEST_ANSWER];
            let body = received.encode_answer(&written, &mut buffer).unwrap();
            for end in 0..body.len() {
                if let Err(error) = wire::Answer::decode(&body[..end], format) {
                    printed.error("wire::AnswerError", error);
                }
                printed.error(
                    "wire::ReplyError",
                    received.encode_answer(&written, &mut vec![0; end]).unwrap_err(),
                );
            }
            let answer = wire::Answer::decode(body, format).unwrap();
            printed.debug("wire::Answer", answer);
            printed.debug("its card", answer.card());
            printed.debug("its receipt", answer.receipt_text());
            printed.debug("its tickets", answer.tickets().collect::<Vec<_>>());
            printed.debug("the rest", (answer.standing(), answer.authorisation(), answer.action()));
            receipts += usize::from(answer.receipt_text().is_some_and(|it| it.reveal() == TEXT.as_bytes()));
            tickets += answer.tickets().count();
            if !of_a_cheque {
                assert_eq!(answer.card().unwrap().last_four(), Some("3457"));
            }
        }
    }
    assert!(receipts > 0 && tickets > 0, "{receipts} receipts, {tickets} tickets");
    let unknown = TerminalAnswer::new(Version::V3_00, Register::FIRST, Status::Other(*b"42"));
    let answer = TerminalAnswer { private: Some(Sensitive::new(PRIVATE.as_bytes())), ..unknown };
    let request = format!("0100002500010978{SHORT}T012");
    let received = wire::Received::read(request.as_bytes()).unwrap();
    printed.error("wire::ReplyError", received.encode_answer(&answer, &mut [0; 512]).unwrap_err());
    // A receipt that E cannot carry.
    let text = [TEXT.as_bytes(), b"\xe9"].concat();
    let answer = TerminalAnswer {
        amount: Some(euros(2500)),
        tickets: &[(TicketRequest::CUSTOMER_TEXT, &text)],
        ..TerminalAnswer::new(Version::V3_00, Register::FIRST, Status::Performed)
    };
    printed.error("wire::ReplyError", received.encode_answer(&answer, &mut [0; 512]).unwrap_err());
    printed.check();
}

#[test]
fn a_card_number_hides_what_could_be_shown() {
    let written = TerminalAnswer {
        reference: Some(PAN),
        transaction_id: Some("a 4970 1012 3412 3457"),
        serial_number: Some(PAN),
        ..TerminalAnswer::new(Version::V3_20, Register::FIRST, Status::Performed)
    };
    let mut printed = Printed::new(&[PAN, "4970 1012 3412 3457"]);
    printed.debug("TerminalAnswer", written);
    printed.check();
    let shown = format!("{:?}", TerminalAnswer { reference: Some("order 7"), ..written });
    assert!(shown.contains("order 7"), "{shown}");
}

/// What a careless caller's panic says is what `Debug` says of the error or of the value.
#[test]
fn panics_hide_them() {
    fn said(panic: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = std::panic::catch_unwind(panic).expect_err("it panics");
        payload.downcast_ref::<String>().expect("a formatted message").clone()
    }
    let mut printed = Printed::new(CANARIES);
    let wire = format!("CZ0040320CF019{PRIVATE}BI023{EMAIL}AA016{PAN}");
    let text = |text: String| move || panic!("{text}");
    assert!(said(text(PRIVATE.to_owned())).contains(PRIVATE), "a panic is heard");
    printed.text("a cut message", said(|| _ = Message::decode(&wire.as_bytes()[..20]).unwrap()));
    printed.text("a lying length", {
        let lying = wire.replace("CF019", "CF009");
        said(move || _ = Message::decode(lying.as_bytes()).unwrap())
    });
    let message = Message::decode(wire.as_bytes()).unwrap();
    printed.text("no request", said(move || _ = ReceivedRequest::read(&message).unwrap()));
    printed.text("two messages", said(move || assert_ne!(message, message)));
    let answer = Answer::new(message);
    printed.text("two answers", said(move || assert_eq!((answer.private(), answer.email()), (None, None))));
    printed.text("an answer", said(move || panic!("{answer:?}")));
    let body = format!("0100002500010978{SHORT}T012");
    let fixed = body.clone();
    printed.text("a body", said(move || _ = wire::Answer::decode(fixed.as_bytes(), &E).unwrap()));
    printed.text("a request", said(move || panic!("{:?}", wire::Received::read(body.as_bytes()))));
    printed.text(
        "a field",
        said(|| {
            let mut buffer = [0; 64];
            caisse_codec::Encoder::new(&mut buffer).field(Tag::CB, EMAIL.as_bytes()).unwrap();
        }),
    );
    printed.text("options", said(|| assert_eq!(options(), Options::NONE)));
    printed.check();
}

const E: Format = Format::E { receipt: true, report: true };
