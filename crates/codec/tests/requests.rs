//! Every request: the bytes it makes, what it refuses, and how a terminal reads it.

mod support;

use caisse_codec::dictionary::{self, DEFINITIONS, Directions, Exchange, Presence};
use caisse_codec::explain::Direction;
use caisse_codec::value::APPLICATIONS;
use caisse_codec::{
    Action, Application, DebitRequest, DuplicataRequest, EncodeError, Extra, FaultKind,
    IdentificationRequest, LARGEST_AMOUNT, LONGEST_MONEY_REQUEST, LONGEST_PRINT_REQUEST, LONGEST_REQUEST,
    LONGEST_TEXT, LongComplement, Message, MoneyOperation, MoneyRequest, Options, PrintRequest, ReadingMode,
    ReceivedRequest, RequestError, RequestFault, RequestHeader, Tag, TicketRequest, TransactionStatusRequest,
    Version, check,
};
use caisse_payment::{Amount, Currency, Register, Sensitive};
use support::vectors::bytes;

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

fn money(operation: MoneyOperation<'_>) -> MoneyRequest<'_> {
    let (options, extra) = (Options::NONE, Extra::NONE);
    MoneyRequest { header: header(), operation, amount: euros(2500), options, extra }
}

fn full() -> Options<'static> {
    Options {
        force_authorisation: Some(true),
        partial: Some(false),
        application: Some("001".parse().unwrap()),
        private: Some(Sensitive::new(b"2023-05-04-010|custom data")),
        reference: Some(Sensitive::new(b"order 7")),
        reading_mode: Some(ReadingMode::Contactless),
        ticket: Some(TicketRequest::CUSTOMER_TEXT),
        phone: Some(Sensitive::new(b"0606060606")),
        email: Some(Sensitive::new(b"test@example.com")),
    }
}

const LINKED: MoneyOperation<'static> = MoneyOperation::LinkedCredit { original: Sensitive::new(b"T-2897") };

fn read(wire: &[u8]) -> Result<ReceivedRequest<'_>, RequestFault> {
    ReceivedRequest::read(&Message::decode(wire).expect("whole fields"))
}

#[test]
fn each_operation_on_money_makes_its_bytes_and_is_read_back() {
    use MoneyOperation::{Cancellation, Cheque, Credit, Debit, DeferredDebit, Preauthorisation};
    let start = "CZ0040320CJ012323540032810CA00201CB0042500";
    let all = "BB0011BF0010CC003001CF0262023-05-04-010|custom dataCH007order 7CI0012CK003100BH0100606060606\
               BI016test@example.com";
    let cheque = all.replace("CC003001", "CC00300C");
    for (operation, end, with_options) in [
        (Debit, "CD0010CE003978", all.to_owned()),
        (Cheque, "CD0010CE003978", cheque),
        (Credit, "CD0011CE003978", all.to_owned()),
        (LINKED, "CD0011CE003978", format!("{all}IM006T-2897")),
        (Cancellation, "CD0012CE003978", all.to_owned()),
        (Preauthorisation, "CD0014CE003978", all.to_owned()),
        (DeferredDebit, "CD0017CE003978", all.to_owned()),
    ] {
        let own = match operation {
            Cheque => "CC00300C",
            MoneyOperation::LinkedCredit { .. } => "IM006T-2897",
            _ => "",
        };
        let application = if operation == Cheque { None } else { full().application };
        let options = Options { application, ..full() };
        for (options, wire) in
            [(Options::NONE, format!("{start}{end}{own}")), (options, format!("{start}{end}{with_options}"))]
        {
            let request = MoneyRequest { options, ..money(operation) };
            let mut buffer = [0; LONGEST_MONEY_REQUEST];
            let written = request.encode(&mut buffer).unwrap();
            assert_eq!(std::str::from_utf8(written).unwrap(), wire);
            assert_eq!(check::faults(Message::decode(written).unwrap()).count(), 0);
            let Ok(ReceivedRequest::Money(received)) = read(written) else { panic!("{wire}") };
            assert_eq!((received.operation, received.amount), (operation, request.amount), "{wire}");
            assert_eq!(received.options, options, "{wire}");
            assert_eq!(received.header.identifier, Some(header().identifier));
            assert!(!received.header.immediate);
        }
    }
}

#[test]
fn published_requests_are_made_to_the_byte() {
    let mut buffer = [0; LONGEST_MONEY_REQUEST];
    let hipay =
        RequestHeader { version: Version::V3_00, identifier: "247300123456".parse().unwrap(), ..header() };
    let options = Options { application: None, partial: None, reference: None, reading_mode: None, ..full() };
    let credit =
        MoneyRequest { header: hipay, amount: euros(6700), options, ..money(MoneyOperation::Credit) };
    let wire = bytes("msg.hipay.request.credit.all-fields.reconstructed");
    assert_eq!(credit.encode(&mut buffer).unwrap(), wire);
    let mut buffer = [0; LONGEST_REQUEST];
    let delphi = RequestHeader { identifier: "012345678901".parse().unwrap(), ..hipay };
    let who = IdentificationRequest { header: delphi };
    assert_eq!(who.encode(&mut buffer).unwrap(), bytes("msg.akretion.request.identification.assembled"));
    let debit = money(MoneyOperation::Debit);
    let mut buffer = [0; LONGEST_REQUEST];
    assert_eq!(debit.encode(&mut buffer).unwrap(), bytes("msg.payxpert.request.debit.ca2.corrected"));
}

#[test]
fn published_requests_of_every_kind_are_read() {
    let operation = |name: &str| match read(&bytes(&format!("msg.{name}"))) {
        Ok(ReceivedRequest::Money(request)) => format!("{:?} {}", request.operation, request.amount),
        Ok(ReceivedRequest::Duplicata(request)) => format!("Duplicata {:?}", request.amount),
        Ok(ReceivedRequest::Identification(_)) => "Identification".to_owned(),
        other => panic!("{name}: {other:?}"),
    };
    for (name, expected) in [
        ("payxpert.request.debit.assembled", "Debit 25.00 EUR"),
        ("payxpert.request.refund.assembled", "Credit 25.00 EUR"),
        ("payxpert.request.cancellation.assembled", "Cancellation 25.00 EUR"),
        ("payxpert.request.duplicata.assembled", "Duplicata None"),
        ("payxpert.request.duplicata-with-amount.assembled", "Duplicata Some(25.00 EUR)"),
        ("akretion.request.cheque", "Cheque 112.45 EUR"),
        ("akretion.request.identification.assembled", "Identification"),
        ("fidecoin.request.credit", "Credit 3.00 EUR"),
        ("viva.request.debit.json-in-cf", "Debit 10.00 EUR"),
        ("delphi.request.cheque", "Cheque 25.00 EUR"),
    ] {
        assert_eq!(operation(name), expected, "{name}");
    }
}

#[test]
fn requests_without_money_make_their_bytes_and_are_read_back() {
    let start = "CZ0040320CJ012323540032810CA00201";
    let text = |wire: Result<&[u8], RequestError>| String::from_utf8(wire.unwrap().to_vec()).unwrap();
    let mut buffer = [0; LONGEST_PRINT_REQUEST];
    let ticket = Some(TicketRequest::CUSTOMER_TEXT);
    for (amount, ticket, end) in [
        (None, ticket, "CD0013CK003100"),
        (None, None, "CD0013"),
        (Some(euros(2500)), None, "CB0042500CD0013CE003978"),
        (Some(euros(2500)), ticket, "CB0042500CD0013CE003978CK003100"),
    ] {
        let request = DuplicataRequest { header: header(), amount, ticket, extra: Extra::NONE };
        let wire = text(request.encode(&mut buffer));
        assert_eq!(wire, format!("{start}{end}"));
        let Ok(ReceivedRequest::Duplicata(received)) = read(wire.as_bytes()) else { panic!("{wire}") };
        assert_eq!((received.amount, received.ticket), (amount, ticket));
    }
    let wire = text(IdentificationRequest { header: header() }.encode(&mut buffer));
    assert_eq!(wire, format!("{start}CD001I"));
    assert!(matches!(read(wire.as_bytes()), Ok(ReceivedRequest::Identification(_))));
    let wire = text(TransactionStatusRequest { header: header(), extra: Extra::NONE }.encode(&mut buffer));
    assert_eq!(wire, format!("{start}CD001T"));
    assert!(matches!(read(wire.as_bytes()), Ok(ReceivedRequest::TransactionStatus(_))));
    let print = PrintRequest {
        header: header(),
        kind: TicketRequest::CUSTOMER_TEXT,
        text: Sensitive::new(b"Bonjour"),
        extra: Extra::NONE,
    };
    let wire = text(print.encode(&mut buffer));
    assert_eq!(wire, format!("{start}CD001PZT025CK003100AK012Qm9uam91cg=="));
    let Ok(ReceivedRequest::Print(received)) = read(wire.as_bytes()) else { panic!("{wire}") };
    let ticket = received.tickets().next().unwrap();
    assert_eq!(ticket.kind(), Some(TicketRequest::CUSTOMER_TEXT));
    assert_eq!(ticket.decode(&mut [0; 9]).unwrap(), b"Bonjour");
    for action in [b'5', b'6', b'B', b'C', b'R', b'Z'] {
        let wire = format!("{start}CD001{}", char::from(action));
        let other = read(wire.as_bytes()).unwrap();
        assert!(matches!(other, ReceivedRequest::Other { action: it, .. } if it.value() == action), "{wire}");
        assert_eq!(other.header().register, Register::FIRST);
    }
}

#[test]
fn a_debit_request_is_the_same_bytes_in_its_short_form() {
    for application in [None, Some(Application::CHEQUE), Some("001".parse().unwrap())] {
        let RequestHeader { version, identifier, register } = header();
        let ticket = Some(TicketRequest::CUSTOMER_TEXT);
        let partial = Some(true);
        let debit =
            DebitRequest { version, identifier, register, amount: euros(5), partial, application, ticket };
        let (mut short, mut long) = ([0; LONGEST_REQUEST], [0; LONGEST_REQUEST]);
        let request = MoneyRequest::from(debit);
        assert_eq!(request.encode(&mut long).unwrap(), debit.encode(&mut short).unwrap());
        assert_eq!(request.operation == MoneyOperation::Cheque, application == Some(Application::CHEQUE));
    }
}

#[test]
fn values_outside_their_bounds_are_refused() {
    let encode =
        |options| MoneyRequest { options, ..money(MoneyOperation::Debit) }.encode(&mut [0; 2048]).err();
    let length = |tag, least, most, length| {
        Some(RequestError::Encode(EncodeError::Length { tag, least, most, length }))
    };
    let long = [b'7'; 1000];
    let some = |count: usize| Some(Sensitive::new(&long[..count]));
    for (bad, tag, least, most) in [(7, Tag::BH, 8, 20), (21, Tag::BH, 8, 20)] {
        assert_eq!(encode(Options { phone: some(bad), ..full() }), length(tag, least, most, bad));
    }
    for bad in [5, 257] {
        assert_eq!(encode(Options { email: some(bad), ..full() }), length(Tag::BI, 6, 256, bad));
    }
    for bad in [0, 100] {
        assert_eq!(encode(Options { private: some(bad), ..full() }), length(Tag::CF, 1, 99, bad));
        assert_eq!(encode(Options { reference: some(bad), ..full() }), length(Tag::CH, 1, 99, bad));
    }
    for bad in [0, 1000] {
        let operation = MoneyOperation::LinkedCredit { original: Sensitive::new(&long[..bad]) };
        assert_eq!(money(operation).encode(&mut [0; 2048]).err(), length(Tag::IM, 1, 999, bad));
    }
    let accent = Options { private: Some(Sensitive::new(b"caf\xe9")), ..Options::NONE };
    let character = EncodeError::Character { tag: Tag::CF, offset: 3 };
    assert_eq!(encode(accent), Some(RequestError::Encode(character)));
    for (minor, error) in [(0, EncodeError::ZeroAmount), (LARGEST_AMOUNT + 1, EncodeError::TooLarge(Tag::CB))]
    {
        let request = MoneyRequest { amount: euros(minor), ..money(MoneyOperation::Credit) };
        assert_eq!(request.encode(&mut [0; 2048]), Err(RequestError::Encode(error)));
    }
    // What makes a cheque of a debit is its own operation.
    let with = |operation, application: &str| {
        let options = Options { application: Some(application.parse().unwrap()), ..Options::NONE };
        MoneyRequest { options, ..money(operation) }.encode(&mut [0; 2048]).err()
    };
    let refused = Some(RequestError::NotAllowed(Tag::CC));
    assert_eq!(with(MoneyOperation::Debit, "00C"), refused);
    assert_eq!(with(MoneyOperation::Cheque, "001"), refused);
    assert_eq!(with(MoneyOperation::Cheque, "00C"), None);
}

#[test]
fn the_longest_requests_fit_their_buffers_exactly() {
    let long = [b'7'; 999];
    let options = Options {
        private: Some(Sensitive::new(&long[..99])),
        reference: Some(Sensitive::new(&long[..99])),
        phone: Some(Sensitive::new(&long[..20])),
        email: Some(Sensitive::new(&long[..256])),
        ..full()
    };
    let operation = MoneyOperation::LinkedCredit { original: Sensitive::new(&long) };
    let request = MoneyRequest { amount: euros(LARGEST_AMOUNT), options, ..money(operation) };
    assert_eq!(request.encode(&mut [0; LONGEST_MONEY_REQUEST]).map(<[u8]>::len), Ok(LONGEST_MONEY_REQUEST));
    let no_room = |result: Result<&[u8], RequestError>| {
        matches!(result, Err(RequestError::Encode(EncodeError::NoRoom(_))))
    };
    for size in 0..LONGEST_MONEY_REQUEST {
        assert!(no_room(request.encode(&mut vec![0; size])), "{size}");
    }
    let text = Sensitive::new(&long[..LONGEST_TEXT]);
    let print =
        PrintRequest { header: header(), kind: TicketRequest::CUSTOMER_TEXT, text, extra: Extra::NONE };
    assert_eq!(print.encode(&mut [0; LONGEST_PRINT_REQUEST]).map(<[u8]>::len), Ok(LONGEST_PRINT_REQUEST));
    assert!(no_room(print.encode(&mut [0; LONGEST_PRINT_REQUEST - 1])));
}

#[test]
fn an_extra_field_cannot_take_the_place_of_a_typed_one() {
    let status = |fields: &[(Tag, &[u8])]| {
        let extra = Extra::new(fields);
        TransactionStatusRequest { header: header(), extra }.encode(&mut [0; 2048]).map(<[u8]>::to_vec)
    };
    let debit = |fields: &[(Tag, &[u8])]| {
        let extra = Extra::new(fields);
        MoneyRequest { extra, ..money(MoneyOperation::Debit) }.encode(&mut [0; 2048]).map(<[u8]>::to_vec)
    };
    for row in DEFINITIONS {
        let tag = row.tag;
        let value = vec![b'1'; row.least];
        let never = [Tag::AK, Tag::BA, Tag::CB, Tag::CE, Tag::ZT, Tag::CZ, Tag::CJ, Tag::CA, Tag::CD];
        let of_answers = row.directions == Directions::Answer && !row.vendor;
        let allowed = !never.contains(&tag) && !of_answers;
        assert_eq!(status(&[(tag, &value)]).is_ok(), allowed, "{tag}");
        // A request for money has a place for every other tag of a till's.
        assert_eq!(debit(&[(tag, &value)]).is_ok(), row.vendor && tag != Tag::IM, "{tag}");
    }
    for value in [b"0", b"1"] {
        assert_eq!(debit(&[(Tag::BA, value)]), Err(RequestError::NotAllowed(Tag::BA)));
    }
    let stranger = Tag::new(*b"TI").unwrap();
    assert!(debit(&[(stranger, b"0001")]).unwrap().ends_with(b"CE003978TI0040001"));
    assert_eq!(debit(&[(stranger, b"1"), (stranger, b"1")]), Err(RequestError::NotAllowed(stranger)));
    let empty = EncodeError::Length { tag: stranger, least: 1, most: 999, length: 0 };
    assert_eq!(debit(&[(stranger, b"")]), Err(RequestError::Encode(empty)));
    let character = EncodeError::Character { tag: stranger, offset: 1 };
    assert_eq!(debit(&[(stranger, b"1\n")]), Err(RequestError::Encode(character)));
    let long = EncodeError::Length { tag: Tag::CH, least: 1, most: 99, length: 100 };
    assert_eq!(status(&[(Tag::CH, &[b'x'; 100])]), Err(RequestError::Encode(long)));
    let refused = RequestError::NotAllowed(Tag::BA);
    assert_eq!(refused.to_string(), "field BA may not be added to this request");
}

#[test]
fn each_fault_of_a_received_request_is_named() {
    use FaultKind::{Contradictory, Form, Missing};
    let start = "CZ0040320CJ012323540032810CA00201";
    for (end, tag, kind) in [
        ("", Tag::CD, Missing),
        ("CD001-", Tag::CD, Form),
        ("CD0011CE003978", Tag::CB, Missing),
        ("CD0012CB0042500", Tag::CE, Missing),
        ("CD001P", Tag::ZT, Missing),
        ("CD001ICA00202", Tag::CA, Contradictory),
        ("CD001IBA0012", Tag::BA, Form),
        ("CD0013CK003200", Tag::CK, Form),
        // An empty id must not make an unlinked credit.
        ("CD0011CB0042500CE003978IM000", Tag::IM, Form),
        ("CD0011CB0042500CE003978IM0011IM0012", Tag::IM, Contradictory),
        ("CD0010CB0042500CE003978BB0012", Tag::BB, Form),
        ("CD0010CB0042500CE003978CI0015", Tag::CI, Form),
        ("CD0010CB0042500CE003978CF0011CF0012", Tag::CF, Contradictory),
    ] {
        let wire = format!("{start}{end}");
        assert_eq!(read(wire.as_bytes()), Err(RequestFault { tag, kind }), "{end}");
    }
    assert_eq!(read(b"CA00201CD001I"), Err(RequestFault { tag: Tag::CZ, kind: Missing }));
    let wire = format!("{start}CD001IBA0011");
    assert!(read(wire.as_bytes()).unwrap().header().immediate);
    // Empty texts are no texts.
    let wire = format!("{start}CD0010CB0042500CE003978CF000BH000BI000CH000");
    let Ok(ReceivedRequest::Money(request)) = read(wire.as_bytes()) else { panic!("{wire}") };
    assert_eq!(request.options, Options::NONE);
}

#[test]
fn what_is_printed_of_requests_hides_what_they_carry() {
    const CANARY: &[u8] = b"4970101234123457";
    let secret = Some(Sensitive::new(CANARY));
    let options = Options { private: secret, reference: secret, phone: secret, email: secret, ..full() };
    let stranger = [(Tag::new(*b"LB").unwrap(), CANARY)];
    let extra = Extra::new(&stranger);
    let operation = MoneyOperation::LinkedCredit { original: Sensitive::new(CANARY) };
    let request = MoneyRequest { options, extra, ..money(operation) };
    let print = PrintRequest {
        header: header(),
        kind: TicketRequest::CUSTOMER_TEXT,
        text: Sensitive::new(CANARY),
        extra,
    };
    let (mut money_wire, mut print_wire) = ([0; LONGEST_MONEY_REQUEST], [0; 2048]);
    let received = read(request.encode(&mut money_wire).unwrap());
    let printed = read(print.encode(&mut print_wire).unwrap());
    let status = TransactionStatusRequest { header: header(), extra };
    let mut shown = format!("{request:?} {print:?} {received:?} {printed:?} {status:?}");
    let answer = [Tag::AB, Tag::AD, Tag::AG, Tag::AH, Tag::AM, Tag::AN, Tag::CF].map(|tag| {
        let value = if tag == Tag::AB { "2612" } else { "4970101234123457" };
        format!("{tag}{:03}{value}", value.len())
    });
    let answer = answer.concat() + "AF0290414Jean DUPONT          " + "    ";
    let wire = answer.into_bytes();
    let answer = caisse_codec::Answer::new(Message::decode(&wire).unwrap());
    let fields = [
        answer.cheque_track(),
        answer.cheque_file(),
        answer.cheque_guarantee(),
        answer.phone(),
        answer.email(),
        answer.private(),
    ];
    assert_eq!(fields.map(|field| *field.unwrap().reveal()), [CANARY; 6]);
    assert_eq!(answer.expiry().map(|date| *date.reveal()), Some("2612"));
    let long = answer.long_complement().unwrap();
    assert_eq!(long.bank_text().map(|text| *text.reveal()), Some("Jean DUPONT"));
    shown += &format!("{fields:?} {:?} {long:?} {:?} {answer:?}", answer.expiry(), long.bank_text());
    shown += &format!("{fields:#?} {request:#?} {print:#?} {received:#?}");
    let numbers = format!("{CANARY:?}");
    for trace in ["4970101", "123457", "2612", "DUPONT", "34393730", numbers.trim_matches(['[', ']'])] {
        assert!(!shown.contains(trace), "{trace} in {shown}");
    }
}

#[test]
fn what_an_answer_says_beside_its_outcome_is_read() {
    let wire = b"CZ0040320CJ012330538600404CA0011CD0010CE003978AE00210BA0010AI014A0000000421010CH007order 7\
        ID006T-2897AP0131700000000000AQ0041234";
    let answer = caisse_codec::Answer::new(Message::decode(wire).unwrap());
    assert_eq!(answer.register(), Some(Register::FIRST));
    assert_eq!(answer.identifier().unwrap().to_string(), "330538600404");
    assert_eq!(answer.action(), Some(Action::DEBIT));
    assert_eq!(answer.currency(), Some(Currency::EUR));
    assert_eq!(answer.immediate(), Some(false));
    assert_eq!(answer.aid(), Some("A0000000421010"));
    assert_eq!(answer.reference(), Some("order 7"));
    assert_eq!(answer.transaction_id(), Some("T-2897"));
    assert_eq!(answer.date(), Some("1700000000000"));
    assert_eq!(answer.serial_number(), Some("1234"));
    let wire = b"CJ00212CA003001CD000CE003000BA0012AI001-CH000ID000AP00212AQ0011AB0031AAAD000CF000AF00204";
    let answer = caisse_codec::Answer::new(Message::decode(wire).unwrap());
    assert_eq!((answer.register(), answer.identifier(), answer.action()), (None, None, None));
    assert_eq!((answer.currency(), answer.immediate(), answer.aid()), (None, None, None));
    assert_eq!((answer.reference(), answer.transaction_id(), answer.date()), (None, None, None));
    assert_eq!((answer.serial_number(), answer.expiry(), answer.private()), (None, None, None));
    assert_eq!((answer.cheque_track(), answer.phone(), answer.long_complement()), (None, None, None));
}

#[test]
fn the_long_complement_has_one_length() {
    let form = "0414 HOLDER INVALID          ";
    assert_eq!(form.len(), 29);
    for length in 0..=50 {
        let value = format!("{form:<50}");
        let read = LongComplement::from_value(&value.as_bytes()[..length]);
        assert_eq!(read.is_some(), length == 29, "{length}");
    }
    for (place, byte) in [(0, b'A'), (1, b' '), (2, b' '), (3, b'-'), (10, b'\n'), (25, b'1'), (28, b'1')] {
        let mut value = form.as_bytes().to_vec();
        value[place] = byte;
        assert_eq!(LongComplement::from_value(&value), None, "{place}");
    }
}

#[test]
fn the_table_of_applications_is_sorted_and_found() {
    assert!(
        APPLICATIONS.is_sorted_by(|left, right| left.application.as_bytes() < right.application.as_bytes())
    );
    let disputed = APPLICATIONS.iter().filter(|row| row.disagreement.is_some());
    let disputed: Vec<_> = disputed.map(|row| row.application.to_string()).collect();
    assert_eq!(disputed, ["00E", "00G", "00S", "00U", "00V"]);
    for row in APPLICATIONS {
        assert_eq!(row.application.known(), Some(row));
        assert!(!row.label.fr.is_empty() && !row.label.en.is_empty());
    }
    let versions = Version::KNOWN.map(|version| version.to_string());
    assert_eq!(versions, ["0300", "0301", "0310", "0320"]);
}

#[test]
fn directions_and_presence_are_as_documented() {
    let tags = |keep: fn(&&dictionary::Definition) -> bool| {
        DEFINITIONS.iter().filter(keep).map(|row| row.tag.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(tags(|row| row.directions == Directions::Request), "BB BF BH BI CH IM");
    assert_eq!(tags(|row| row.directions == Directions::Both), "AK BA CA CB CC CD CE CF CI CJ CK CZ ZT");
    assert_eq!(tags(|row| row.vendor), "AD AG AH AM AN AP AQ ID IM");
    let present = |exchange: Exchange, direction, presence| {
        let rows = DEFINITIONS.iter().filter(|row| exchange.presence(row.tag, direction) == presence);
        rows.map(|row| row.tag.to_string()).collect::<Vec<_>>().join(" ")
    };
    use Direction::{Answer, Request};
    use Presence::{Conditional, Mandatory, Optional, Unknown};
    assert_eq!(present(Exchange::Debit, Request, Mandatory), "CA CB CD CE CJ CZ");
    assert_eq!(present(Exchange::Debit, Request, Optional), "BA BB BF BH BI CC CF CH CI CK");
    assert_eq!(present(Exchange::Debit, Request, Unknown), "");
    assert_eq!(present(Exchange::Debit, Answer, Mandatory), "AE CA CB CD CE CJ CZ");
    assert_eq!(present(Exchange::Debit, Answer, Optional), "AA AB AC AF AI AM AN BA CC CF CG CI ID");
    assert_eq!(present(Exchange::Debit, Answer, Conditional), "AL ZT");
    assert_eq!(present(Exchange::Cheque, Answer, Conditional), "AD AG AH AL ZT");
    assert_eq!(present(Exchange::Cheque, Request, Mandatory), "CA CB CC CD CE CJ CZ");
    assert_eq!(present(Exchange::LinkedCredit, Request, Mandatory), "CA CB CD CE CJ CZ IM");
    assert_eq!(present(Exchange::Duplicata, Request, Mandatory), "CA CD CJ CZ");
    assert_eq!(present(Exchange::Duplicata, Answer, Mandatory), "AE CA CJ CZ");
    assert_eq!(present(Exchange::DuplicataWithAmount, Request, Mandatory), "CA CB CD CE CJ CZ");
    assert_eq!(present(Exchange::Identification, Request, Mandatory), "CA CD CJ CZ");
    assert_eq!(present(Exchange::Print, Request, Mandatory), "CA CD CJ CZ ZT");
    for exchange in Exchange::ALL {
        assert_eq!(exchange.presence(Tag::AE, Answer), Mandatory, "{exchange:?}");
        assert_eq!(exchange.presence(Tag::AE, Request), Presence::Absent, "{exchange:?}");
        assert!(exchange.action().text().is_some());
        assert_eq!(exchange.presence(Tag::new(*b"XY").unwrap(), Answer), Unknown);
    }
}
