//! One request and one answer over both generations: the bytes are those of each generation's own types.

mod support;

use caisse_codec::wire::{
    Answer, Format, Generation, LONGEST_REQUEST, NotCarried, ReceiveFault, Received, ReplyError, Request,
    RequestError, Standing,
};
use caisse_codec::{
    Action, Application, CardFields, ChequeFields, Complement, Extra, LONGEST_ANSWER, Message,
    MoneyOperation, MoneyRequest, Options, ReadingMode, ReceivedRequest, RequestHeader, Status,
    TerminalAnswer, TicketRequest, Version, fixed,
};
use caisse_payment::{Amount, Currency, Refusal, Register, Sensitive};
use support::vectors;

const CONCERT3: fn() -> Format = || Format::Concert3 {
    version: Version::V3_00,
    identifier: "012345678901".parse().unwrap(),
    amount_digits: 2,
};
const E: Format = Format::E { receipt: false, report: false };
const NEPTING: Format = Format::E { receipt: true, report: false };
const E_PLUS: Format = Format::EPlus { report: false };

const LINKED: MoneyOperation<'static> = MoneyOperation::LinkedCredit { original: Sensitive::new(b"T-2897") };
const OPERATIONS: [MoneyOperation<'static>; 7] = [
    MoneyOperation::Debit,
    MoneyOperation::Cheque,
    MoneyOperation::Credit,
    LINKED,
    MoneyOperation::Cancellation,
    MoneyOperation::Preauthorisation,
    MoneyOperation::DeferredDebit,
];

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn request<'a>(operation: MoneyOperation<'a>, options: Options<'static>) -> Request<'a> {
    Request { register: Register::FIRST, operation, amount: euros(1242), options }
}

fn encoded(request: &Request<'_>, format: &Format) -> Result<String, RequestError> {
    let mut buffer = [0; LONGEST_REQUEST];
    request.encode(format, &mut buffer).map(|body| String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn every_operation_has_its_bytes_in_each_format() {
    let rows: [(MoneyOperation<'_>, &str, Result<&str, NotCarried>); 7] = [
        (OPERATIONS[0], "CD0010CE003978", Ok("010")),
        (OPERATIONS[1], "CD0010CE003978CC00300C", Ok("0C0")),
        (OPERATIONS[2], "CD0011CE003978", Ok("011")),
        (OPERATIONS[3], "CD0011CE003978IM006T-2897", Err(NotCarried::LinkedCredit)),
        (OPERATIONS[4], "CD0012CE003978", Ok("012")),
        (OPERATIONS[5], "CD0014CE003978", Ok("014")),
        (OPERATIONS[6], "CD0017CE003978", Err(NotCarried::DeferredDebit)),
    ];
    for (operation, concert3, fixed) in rows {
        let request = request(operation, Options::NONE);
        assert_eq!(
            encoded(&request, &CONCERT3()),
            Ok(format!("CZ0040300CJ012012345678901CA00201CB0041242{concert3}"))
        );
        let e = |flag_mode_type: &str| format!("0100001242{flag_mode_type}978          ");
        let expected = fixed.map_err(RequestError::NotCarried);
        assert_eq!(encoded(&request, &E), expected.map(e));
        assert_eq!(encoded(&request, &NEPTING), expected.map(e));
        assert_eq!(encoded(&request, &E_PLUS), expected.map(|it| e(it) + "A010B010"));
        let with_report = expected.map(|it| e(&it.replacen('0', "1", 1)));
        assert_eq!(encoded(&request, &Format::E { receipt: false, report: true }), with_report);
        assert_eq!(
            encoded(&request, &Format::EPlus { report: true }),
            with_report.map(|body| body + "A010B010")
        );
        for format in [CONCERT3(), E, E_PLUS] {
            let Ok(body) = encoded(&request, &format) else { continue };
            let received = Received::read(body.as_bytes()).unwrap();
            let expected = (format.generation(), Some(operation), Some(request.amount));
            assert_eq!((received.generation(), received.operation(), received.amount()), expected);
            assert!(!received.immediate());
        }
    }
}

#[test]
fn in_3_x_it_is_the_request_of_3_x() {
    let options = Options {
        force_authorisation: Some(true),
        partial: Some(true),
        application: Some("001".parse().unwrap()),
        private: Some(Sensitive::new(b"order 7")),
        reference: Some(Sensitive::new(b"R-7")),
        reading_mode: Some(ReadingMode::Contact),
        ticket: Some(TicketRequest::CUSTOMER_TEXT),
        phone: Some(Sensitive::new(b"0606060606")),
        email: Some(Sensitive::new(b"a@b.fr")),
    };
    let Format::Concert3 { version, identifier, .. } = CONCERT3() else { panic!("3.x") };
    for operation in OPERATIONS {
        let options = if operation == MoneyOperation::Cheque {
            Options { application: None, ..options }
        } else {
            options
        };
        let own = MoneyRequest {
            header: RequestHeader { version, identifier, register: Register::FIRST },
            operation,
            amount: euros(1242),
            options,
            extra: Extra::NONE,
        };
        let (mut left, mut right) = ([0; LONGEST_REQUEST], [0; LONGEST_REQUEST]);
        let own = own.encode(&mut left).unwrap();
        assert_eq!(request(operation, options).encode(&CONCERT3(), &mut right), Ok(own));
        let received = Received::read(own).unwrap();
        assert_eq!(received.generation(), Generation::Concert3);
        assert_eq!(received.operation(), Some(operation));
        assert_eq!(received.amount(), Some(euros(1242)));
        assert_eq!(received.register(), Some(Register::FIRST));
        assert!(!received.immediate());
    }
}

#[test]
fn what_a_format_does_not_carry_is_refused_and_never_dropped() {
    let set = |options: Options<'static>| request(MoneyOperation::Debit, options);
    let rows = [
        (Options { partial: Some(false), ..Options::NONE }, NotCarried::Partial),
        (Options { application: Some(Application::ANY), ..Options::NONE }, NotCarried::Application),
        (Options { reference: Some(Sensitive::new(b"R")), ..Options::NONE }, NotCarried::Reference),
        (Options { reading_mode: Some(ReadingMode::Contact), ..Options::NONE }, NotCarried::ReadingMode),
        (Options { phone: Some(Sensitive::new(b"0606060606")), ..Options::NONE }, NotCarried::Phone),
        (Options { email: Some(Sensitive::new(b"a@b.fr")), ..Options::NONE }, NotCarried::Email),
        (Options { private: Some(Sensitive::new(b"elevenchars")), ..Options::NONE }, NotCarried::PrivateData),
        (Options { private: Some(Sensitive::new(b"\xe9")), ..Options::NONE }, NotCarried::PrivateData),
        (Options { private: Some(Sensitive::new(b"\n")), ..Options::NONE }, NotCarried::PrivateData),
    ];
    for (options, what) in rows {
        for format in [E, NEPTING, E_PLUS] {
            let refused = encoded(&set(options), &format);
            assert_eq!(refused, Err(RequestError::NotCarried(what)), "{format:?}");
            assert!(refused.unwrap_err().to_string().starts_with("E and E+ do not carry "));
        }
    }
    let ticket = |ticket| set(Options { ticket: Some(ticket), ..Options::NONE });
    let html = TicketRequest { html: true, ..TicketRequest::CUSTOMER_TEXT };
    let not_carried = Err(RequestError::NotCarried(NotCarried::Ticket));
    assert_eq!(encoded(&ticket(TicketRequest::CUSTOMER_TEXT), &E), not_carried);
    assert_eq!(encoded(&ticket(TicketRequest::CUSTOMER_TEXT), &E_PLUS), not_carried);
    assert_eq!(encoded(&ticket(html), &NEPTING), not_carried);
    assert_eq!(
        encoded(&ticket(TicketRequest::CUSTOMER_TEXT), &NEPTING).as_deref(),
        Ok("0100001242110978          T012"),
        "the receipt stands behind a report, which is asked for with it"
    );
    let forced = |force| set(Options { force_authorisation: Some(force), ..Options::NONE });
    let not_carried = Err(RequestError::NotCarried(NotCarried::ForcedAuthorisation));
    assert_eq!(encoded(&forced(true), &E), not_carried);
    assert_eq!(encoded(&forced(false), &E).as_deref(), Ok("0100001242010978          "));
    assert_eq!(encoded(&forced(true), &E_PLUS).as_deref(), Ok("0100001242010978          A010B011"));
    assert_eq!(encoded(&forced(false), &E_PLUS).as_deref(), Ok("0100001242010978          A010B010"));
    let private = set(Options { private: Some(Sensitive::new(b"tencharact")), ..Options::NONE });
    assert_eq!(encoded(&private, &E).as_deref(), Ok("0100001242010978tencharact"));
}

#[test]
fn amounts_are_held_to_the_field_of_the_format() {
    for (format, largest) in [(CONCERT3(), 999_999_999_999), (E, 99_999_999), (E_PLUS, 99_999_999)] {
        assert_eq!(format.largest_amount(), largest);
        let with = |minor| Request { amount: euros(minor), ..request(MoneyOperation::Debit, Options::NONE) };
        assert!(encoded(&with(largest), &format).is_ok());
        assert!(encoded(&with(1), &format).is_ok());
        for wrong in [0, largest + 1] {
            assert!(
                matches!(
                    encoded(&with(wrong), &format),
                    Err(RequestError::Concert3(_) | RequestError::Fixed(_))
                ),
                "{wrong} in {format:?}"
            );
        }
    }
    let names: Vec<_> = Generation::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(names, ["concert-3", "concert-e", "concert-e-plus"]);
    assert_eq!([CONCERT3(), E, E_PLUS].map(|format| format.generation()), Generation::ALL);
}

/// Zeros in front of an amount are for a terminal that is one day found to want them; the amount stays.
#[test]
fn an_amount_of_3_x_can_be_padded() {
    let Format::Concert3 { version, identifier, .. } = CONCERT3() else { panic!("3.x") };
    let request = request(MoneyOperation::Debit, Options::NONE);
    for (amount_digits, field) in
        [(0, "CB0041242"), (2, "CB0041242"), (4, "CB0041242"), (5, "CB00501242"), (12, "CB012000000001242")]
    {
        let format = Format::Concert3 { version, identifier, amount_digits };
        let body = encoded(&request, &format).unwrap();
        assert_eq!(body, format!("CZ0040300CJ012012345678901CA00201{field}CD0010CE003978"));
        assert_eq!(Received::read(body.as_bytes()).unwrap().amount(), Some(euros(1242)));
    }
    let wide = Format::Concert3 { version, identifier, amount_digits: 13 };
    assert!(encoded(&request, &wide).is_err());
}

#[test]
fn a_buffer_that_is_too_small_is_an_error_at_every_size() {
    for format in [CONCERT3(), E, NEPTING, E_PLUS] {
        let request = request(MoneyOperation::Debit, Options::NONE);
        let whole = encoded(&request, &format).unwrap();
        for size in 0..=whole.len() {
            assert_eq!(request.encode(&format, &mut vec![0; size]).is_ok(), size == whole.len(), "{size}");
        }
    }
}

fn card() -> CardFields<'static> {
    CardFields {
        number: "497010######1234",
        expiry: "2612",
        authorisation: "123456".parse().ok(),
        aid: "A0000000041010",
        application: "00B".parse().unwrap(),
        reading_mode: ReadingMode::Contact,
    }
}

fn answer(status: Status) -> TerminalAnswer<'static> {
    TerminalAnswer {
        action: Some(Action::DEBIT),
        amount: Some(euros(1242)),
        ..TerminalAnswer::new(Version::V3_00, Register::FIRST, status)
    }
}

/// Writes the request in the format, reads it as a terminal, answers, and gives the answer's body.
fn exchange(
    request: &Request<'_>,
    format: &Format,
    answer: &TerminalAnswer<'_>,
) -> Result<Vec<u8>, ReplyError> {
    let body = encoded(request, format).unwrap();
    let received = Received::read(body.as_bytes()).unwrap();
    received.encode_answer(answer, &mut [0; LONGEST_ANSWER]).map(<[u8]>::to_vec)
}

#[test]
fn a_terminal_answers_in_the_generation_that_asked_and_the_till_reads_the_same() {
    let refusal = Complement::from_refusal(Refusal::Refused);
    let rows = [
        (Status::Performed, None, Standing::Performed, '0'),
        (Status::NotPerformed, Some(refusal), Standing::NotPerformed { complement: Some(refusal) }, '7'),
        (Status::NotPerformed, None, Standing::NotPerformed { complement: None }, '7'),
        (Status::Taken, None, Standing::Taken, '9'),
    ];
    for (status, complement, standing, stat) in rows {
        let written = TerminalAnswer { complement: complement.map(Into::into), ..answer(status) };
        let debit = request(MoneyOperation::Debit, Options::NONE);
        for format in [CONCERT3(), E, E_PLUS] {
            let body = exchange(&debit, &format, &written).unwrap();
            let read = Answer::decode(&body, &format).unwrap();
            let concert3 = format.generation() == Generation::Concert3;
            let expected = match standing {
                Standing::NotPerformed { .. } if !concert3 => Standing::NotPerformed { complement: None },
                standing => standing,
            };
            assert_eq!(read.standing(), Some(expected));
            assert_eq!(read.register(), Some(Register::FIRST));
            assert_eq!(read.amount_minor(), Some(1242));
            assert_eq!(read.currency_number(), Some(978));
            assert_eq!(read.action(), concert3.then_some(Action::DEBIT));
            assert_eq!(read.card(), None);
            if !concert3 {
                assert_eq!(body, format!("01{stat}000012421978          ").as_bytes());
            }
        }
    }
}

#[test]
fn a_report_is_written_only_when_it_was_asked_for_and_there_is_something_in_it() {
    let debit = request(MoneyOperation::Debit, Options::NONE);
    let with_card = TerminalAnswer { card: Some(card()), ..answer(Status::Performed) };
    let long = Format::EPlus { report: true };
    assert_eq!(exchange(&debit, &long, &answer(Status::Performed)).unwrap().len(), 25);
    assert_eq!(exchange(&debit, &E_PLUS, &with_card).unwrap().len(), 25);
    let body = exchange(&debit, &long, &with_card).unwrap();
    assert_eq!(body, format!("010000012421{:<55}978{:10}", "497010######1234", "").as_bytes());
    let read = Answer::decode(&body, &long).unwrap();
    assert_eq!(read.card().unwrap().last_four(), Some("1234"));
    assert_eq!((read.authorisation(), read.tickets().count()), (None, 0));

    // 3.x says more.
    let tickets = [(TicketRequest::CUSTOMER_TEXT, b"MERCI".as_slice())];
    let body = exchange(&debit, &CONCERT3(), &TerminalAnswer { tickets: &tickets, ..with_card }).unwrap();
    let read = Answer::decode(&body, &CONCERT3()).unwrap();
    assert_eq!(read.authorisation(), "123456".parse().ok());
    assert_eq!(read.card().unwrap().masked(), "497010######1234");
    assert_eq!((read.tickets().count(), read.receipt_text()), (1, None));

    let cheque = request(MoneyOperation::Cheque, Options::NONE);
    let track = ChequeFields { track: Some(Sensitive::new(b"D0416926031")), ..ChequeFields::default() };
    let body = exchange(&cheque, &long, &TerminalAnswer { cheque: Some(track), ..answer(Status::Performed) });
    assert_eq!(body.unwrap(), format!("01000001242C{:<55}978{:10}", "D0416926031", "").as_bytes());
}

#[test]
fn nepting_s_receipt_stands_behind_the_report() {
    let asked = request(
        MoneyOperation::Debit,
        Options { ticket: Some(TicketRequest::CUSTOMER_TEXT), ..Options::NONE },
    );
    let tickets = [(TicketRequest::CUSTOMER_TEXT, b"MERCI\n".as_slice())];
    let written = TerminalAnswer { tickets: &tickets, ..answer(Status::Performed) };
    let body = exchange(&asked, &NEPTING, &written).unwrap();
    assert_eq!(body, format!("010000012421{:55}978{:10}MERCI\n", "", "").as_bytes());
    let read = Answer::decode(&body, &NEPTING).unwrap();
    assert_eq!(read.receipt_text().unwrap().reveal(), b"MERCI\n");
    assert!(Answer::decode(&body, &E).is_err(), "only where one can be asked for");
    // Not asked for, not written; and what E cannot carry is an error.
    let plain = request(MoneyOperation::Debit, Options::NONE);
    assert_eq!(exchange(&plain, &NEPTING, &written).unwrap().len(), 25);
    let accents = [(TicketRequest::CUSTOMER_TEXT, b"\xc0 CONSERVER\n".as_slice())];
    let written = TerminalAnswer { tickets: &accents, ..written };
    assert_eq!(exchange(&asked, &NEPTING, &written), Err(ReplyError::NotCarried(NotCarried::Ticket)));
}

#[test]
fn an_answer_that_e_cannot_carry_is_refused() {
    let debit = request(MoneyOperation::Debit, Options::NONE);
    let refused = |written: &TerminalAnswer<'_>| exchange(&debit, &E, written).unwrap_err();
    let complete = answer(Status::Performed);
    assert_eq!(refused(&TerminalAnswer { amount: None, ..complete }), ReplyError::Incomplete);
    assert_eq!(refused(&answer(Status::Other(*b"77"))), ReplyError::Incomplete);
    for minor in [100_000_000, 1 << 40] {
        assert_eq!(
            refused(&TerminalAnswer { amount: Some(euros(minor)), ..complete }),
            ReplyError::Fixed(fixed::EncodeError::TooLarge(fixed::FieldName::Amount))
        );
    }
    let concert3 = exchange(&debit, &CONCERT3(), &TerminalAnswer { amount: None, ..complete }).unwrap();
    assert_eq!(concert3, b"CZ0040300CA00201CD0010AE00210", "3.x may leave it out");
}

/// With an immediate answer no status says how the payment ended.
#[test]
fn an_immediate_answer_of_3_x_is_taken_whatever_its_status() {
    for status in ["01", "10", "11"] {
        let body = format!("CZ0040300AE002{status}BA0011");
        let standing = Answer::decode(body.as_bytes(), &CONCERT3()).unwrap().standing();
        assert_eq!(standing, Some(Standing::Taken));
    }
    let standing = |body: &[u8]| Answer::decode(body, &CONCERT3()).unwrap().standing();
    assert_eq!(standing(b"CZ0040300AE00210BA0010"), Some(Standing::Performed));
    assert_eq!(standing(b"CZ0040300AE00277"), Some(Standing::Other));
    assert_eq!(standing(b"CZ0040300CA00201"), None);
    let e = Answer::decode(b"015000012421978          ", &E).unwrap();
    assert!(Answer::decode(b"01500001242978          ", &E).is_err(), "24 characters are no answer");
    assert_eq!(e.standing(), Some(Standing::Other));
}

/// What a till sends is of the generation that its first letters say, and is read as the codec of that generation does.
#[test]
fn published_requests_are_read_in_their_generation() {
    let mut read = 0;
    for vector in vectors::all() {
        if vector.direction != "pos_to_terminal" || vector.layer != "message" {
            continue;
        }
        let own = Message::decode(&vector.bytes).map(|message| ReceivedRequest::read(&message));
        match (Received::read(&vector.bytes), own) {
            (Ok(Received::Concert3(received)), Ok(Ok(own))) => {
                assert_eq!(received, own, "{}", vector.name);
                read += 1;
            }
            (Err(ReceiveFault::Message(fault)), Err(own)) => assert_eq!(fault, own, "{}", vector.name),
            (Err(ReceiveFault::Request(fault)), Ok(Err(own))) => assert_eq!(fault, own, "{}", vector.name),
            (Err(ReceiveFault::Fixed(_)), _) => assert!(!vector.bytes.starts_with(b"CZ"), "{}", vector.name),
            (received, own) => panic!("{}: {received:?} and {own:?}", vector.name),
        }
    }
    assert_eq!(read, 26);
    let immediate = Received::read(b"0100001242010978          A011B010").unwrap();
    assert!(immediate.immediate());
    let letters = Received::read(b"B800002690010978          ").unwrap();
    assert_eq!((letters.register(), letters.generation()), (None, Generation::E));
}

#[test]
fn what_is_not_carried_is_named() {
    let named: Vec<_> = NotCarried::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        [
            "a credit linked to a debit",
            "a deferred debit",
            "a forced authorisation (E+ does)",
            "a word on partial approvals",
            "a forced card application",
            "a reference",
            "a reading mode",
            "a request for this ticket",
            "a telephone number",
            "an e-mail address",
            "these private data (at most 10 printable characters)",
        ]
    );
    let refused = RequestError::NotCarried(NotCarried::Email);
    assert_eq!(refused.to_string(), "E and E+ do not carry an e-mail address");
    let names: Vec<_> = Generation::ALL.iter().map(|generation| generation.name()).collect();
    assert_eq!(names, ["concert-3", "concert-e", "concert-e-plus"]);
}
