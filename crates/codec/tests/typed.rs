//! Requests and answers: the bytes they make, and what they say of bytes that others made.

mod support;

use caisse_codec::{
    Action, Answer, CardFields, Complement, DebitRequest, EncodeError, FaultKind, LARGEST_AMOUNT,
    LONGEST_ANSWER, LONGEST_REQUEST, LONGEST_TEXT, Message, ReadingMode, Received, RequestFault, Status, Tag,
    TerminalAnswer, TicketRequest, Version, dictionary,
};
use caisse_payment::{Amount, Currency, Refusal, Register};
use support::vectors::{all, bytes};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn request(version: &str, identifier: &str, minor: u64) -> DebitRequest {
    DebitRequest {
        version: version.parse().unwrap(),
        identifier: identifier.parse().unwrap(),
        register: Register::FIRST,
        amount: euros(minor),
        partial: None,
        application: None,
        ticket: None,
    }
}

fn requests() -> Vec<(DebitRequest, &'static str)> {
    let base = request("0300", "247300123456", 2500);
    let ticket = |html, copies| Some(TicketRequest { copies, html });
    use caisse_codec::Copies::{Both, Customer, Merchant};
    vec![
        (request("0300", "247300123456", 12345), "CZ0040300CJ012247300123456CA00201CB00512345CD0010CE003978"),
        (request("0320", "323540032810", 2500), "CZ0040320CJ012323540032810CA00201CB0042500CD0010CE003978"),
        (request("0300", "000000000000", 100), "CZ0040300CJ012000000000000CA00201CB003100CD0010CE003978"),
        (request("0300", "000000000001", 250), "CZ0040300CJ012000000000001CA00201CB003250CD0010CE003978"),
        (request("0300", "012345678901", 1), "CZ0040300CJ012012345678901CA00201CB00201CD0010CE003978"),
        (request("0300", "012345678901", 5), "CZ0040300CJ012012345678901CA00201CB00205CD0010CE003978"),
        (
            request("0300", "012345678901", LARGEST_AMOUNT),
            "CZ0040300CJ012012345678901CA00201CB012999999999999CD0010CE003978",
        ),
        (
            DebitRequest { register: Register::new(0).unwrap(), ..base },
            "CZ0040300CJ012247300123456CA00200CB0042500CD0010CE003978",
        ),
        (
            DebitRequest { register: Register::new(99).unwrap(), ..base },
            "CZ0040300CJ012247300123456CA00299CB0042500CD0010CE003978",
        ),
        (
            // A currency with a number below 100 still takes three digits.
            DebitRequest { amount: Amount::from_minor(1500, Currency::from_code("AUD").unwrap()), ..base },
            "CZ0040300CJ012247300123456CA00201CB0041500CD0010CE003036",
        ),
        (
            DebitRequest { amount: Amount::from_minor(1500, Currency::from_code("JPY").unwrap()), ..base },
            "CZ0040300CJ012247300123456CA00201CB0041500CD0010CE003392",
        ),
        (
            DebitRequest { partial: Some(false), ..base },
            "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978BF0010",
        ),
        (
            DebitRequest { partial: Some(true), ..base },
            "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978BF0011",
        ),
        (
            DebitRequest { application: Some("00C".parse().unwrap()), ..base },
            "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978CC00300C",
        ),
        (
            DebitRequest { ticket: ticket(false, Customer), ..base },
            "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978CK003100",
        ),
        (
            DebitRequest { ticket: ticket(true, Both), ..base },
            "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978CK003121",
        ),
        (
            DebitRequest {
                partial: Some(true),
                application: Some("001".parse().unwrap()),
                ticket: ticket(false, Merchant),
                ..base
            },
            "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978BF0011CC003001CK003110",
        ),
    ]
}

fn received(request: &DebitRequest) -> Received {
    Received {
        version: request.version,
        identifier: Some(request.identifier),
        register: request.register,
        amount: request.amount,
        immediate: false,
        partial: request.partial,
        application: request.application,
        ticket: request.ticket,
    }
}

fn read(wire: impl AsRef<[u8]>) -> Result<Received, RequestFault> {
    DebitRequest::read(&Message::decode(wire.as_ref()).expect("whole fields"))
}

#[test]
fn requests_make_the_documented_bytes_and_are_read_back() {
    for (request, wire) in requests() {
        let mut buffer = [0; LONGEST_REQUEST];
        let written = request.encode(&mut buffer).unwrap();
        assert_eq!(std::str::from_utf8(written).unwrap(), wire);
        assert_eq!(read(wire), Ok(received(&request)), "{wire}");
    }
    assert_eq!(bytes("msg.hipay.request.debit.minimal"), requests()[0].1.as_bytes());
    assert_eq!(bytes("msg.payxpert.request.debit.ca2.corrected"), requests()[1].1.as_bytes());
    assert_eq!(bytes("msg.mgit74.request.debit"), requests()[2].1.as_bytes());
    assert_eq!(bytes("msg.kadem9.request.accepted"), requests()[3].1.as_bytes());
}

#[cfg(feature = "bytes")]
#[test]
fn requests_are_written_behind_what_a_growing_buffer_holds() {
    let mut buffer = bytes::BytesMut::from(b"\x02".as_slice());
    let (request, wire) = &requests()[0];
    request.encode_to(&mut buffer).unwrap();
    assert_eq!(buffer, format!("\u{2}{wire}").as_bytes());
    let zero = DebitRequest { amount: euros(0), ..*request };
    assert_eq!(zero.encode_to(&mut buffer), Err(EncodeError::ZeroAmount));
    assert_eq!(buffer.len(), 1 + wire.len());
}

#[test]
fn an_amount_of_nothing_or_of_thirteen_digits_is_refused() {
    let mut buffer = [0; LONGEST_REQUEST];
    let mut encode = |minor| request("0300", "247300123456", minor).encode(&mut buffer).map(<[u8]>::len);
    assert_eq!(encode(0), Err(EncodeError::ZeroAmount));
    assert_eq!(encode(1), Ok(54));
    assert_eq!(encode(LARGEST_AMOUNT), Ok(64));
    assert_eq!(encode(LARGEST_AMOUNT + 1), Err(EncodeError::TooLarge(Tag::CB)));
    assert_eq!(encode(u64::MAX), Err(EncodeError::TooLarge(Tag::CB)));
    assert_eq!(LARGEST_AMOUNT, 999_999_999_999);
}

#[test]
fn a_request_fits_its_buffer_or_is_refused_at_every_size() {
    let (longest, wire) = requests().pop().unwrap();
    let longest = DebitRequest { amount: euros(LARGEST_AMOUNT), ..longest };
    let length = wire.len() + 8;
    assert_eq!(length, 86);
    for size in 0..=LONGEST_REQUEST {
        let mut buffer = vec![0; size];
        let result = longest.encode(&mut buffer);
        match result {
            Ok(written) => assert_eq!((written.len(), size >= length), (length, true)),
            Err(EncodeError::NoRoom(_)) => assert!(size < length, "{size}"),
            Err(error) => panic!("{size}: {error}"),
        }
    }
}

#[test]
fn published_requests_read_as_a_terminal_reads_them() {
    let fault = |tag, kind| Err(RequestFault { tag, kind });
    let mut seen = 0;
    for vector in all() {
        let is_request = vector.layer == "message" && vector.direction == "pos_to_terminal";
        if !is_request || vector.structure.as_deref() != Some("ok") {
            continue;
        }
        seen += 1;
        let result = read(&vector.bytes).map(|received| received.amount.minor());
        let expected = match vector.name.trim_start_matches("msg.") {
            "payxpert.request.refund.assembled"
            | "payxpert.request.cancellation.assembled"
            | "payxpert.request.duplicata-with-amount.assembled"
            | "payxpert.request.duplicata.assembled"
            | "hipay.request.credit.all-fields.reconstructed"
            | "fidecoin.request.credit"
            | "akretion.request.identification.assembled" => fault(Tag::CD, FaultKind::NotADebit),
            "tests.request.short" | "tests.request.short-ce" => fault(Tag::CD, FaultKind::Missing),
            "hipay.request.debit.minimal" | "oca.request.debit" => Ok(12345),
            "akretion.request.debit.default" | "akretion.request.cheque" => Ok(11245),
            "superjumper.request.0300" | "superjumper.request.0320" => Ok(1590),
            "viva.request.debit.json-in-cf" | "kantmad.request.refused-af09.assembled" => Ok(1000),
            "oca.request.debit.one-digit-bug" => Ok(5),
            "mgit74.request.debit" => Ok(100),
            "kadem9.request.refused-af09" | "kadem9.request.accepted" => Ok(250),
            "payxpert.request.debit.assembled"
            | "payxpert.request.debit.ca2.corrected"
            | "payxpert.request.debit-customer-ticket.assembled"
            | "common.request.debit-25"
            | "neo52000.request.debit"
            | "delphi.request.card"
            | "delphi.request.cheque" => Ok(2500),
            stranger => panic!("say what {stranger} is: {result:?}"),
        };
        assert_eq!(result, expected, "{}", vector.name);
    }
    assert!(seen >= 28, "{seen}");
}

#[test]
fn what_a_request_asks_for_beside_money_is_read() {
    let cheque = read(bytes("msg.akretion.request.cheque")).unwrap();
    assert_eq!(cheque.application, Some("00C".parse().unwrap()));
    assert_eq!(cheque.identifier, Some("012345678901".parse().unwrap()));
    assert!(!cheque.immediate);
    let plain = "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978";
    assert!(read(format!("{plain}BA0011")).unwrap().immediate);
    assert!(!read(format!("{plain}BA0010")).unwrap().immediate);
    assert_eq!(read(format!("{plain}BF0011")).unwrap().partial, Some(true));
    assert_eq!(read(format!("{plain}BF0010")).unwrap().partial, Some(false));
}

#[test]
fn each_fault_of_a_request_is_named() {
    use FaultKind::{Contradictory, Currency, Form, Missing, NotADebit};
    let plain = "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978";
    let fields = ["CZ0040300", "CA00201", "CB0042500", "CD0010", "CE003978"];
    for field in fields {
        let tag = Tag::new([field.as_bytes()[0], field.as_bytes()[1]]).unwrap();
        let without = plain.replacen(field, "", 1);
        assert_eq!(read(without), Err(RequestFault { tag, kind: Missing }), "{field}");
        let mut twice = field.to_owned();
        let last = if twice.pop() == Some('1') { '2' } else { '1' };
        twice.push(last);
        assert_eq!(
            read(format!("{plain}{twice}")),
            Err(RequestFault { tag, kind: Contradictory }),
            "{twice}"
        );
    }
    for (was, is, tag, kind) in [
        ("CZ0040300", "CZ003030", Tag::CZ, Form),
        ("CZ0040300", "CZ004030A", Tag::CZ, Form),
        ("CA00201", "CA000", Tag::CA, Form),
        ("CA00201", "CA003001", Tag::CA, Form),
        ("CA00201", "CA0020A", Tag::CA, Form),
        ("CB0042500", "CB000", Tag::CB, Form),
        ("CB0042500", "CB00200", Tag::CB, Form),
        ("CB0042500", "CB0131000000000000", Tag::CB, Form),
        ("CB0042500", "CB005+2500", Tag::CB, Form),
        ("CB0042500", "CB00525.00", Tag::CB, Form),
        ("CD0010", "CD000", Tag::CD, Form),
        ("CD0010", "CD00200", Tag::CD, Form),
        ("CD0010", "CD001-", Tag::CD, Form),
        ("CD0010", "CD0011", Tag::CD, NotADebit),
        ("CD0010", "CD001I", Tag::CD, NotADebit),
        ("CE003978", "CE003EUR", Tag::CE, Form),
        ("CE003978", "CE0040978", Tag::CE, Form),
        ("CE003978", "CE000", Tag::CE, Form),
        ("CE003978", "CE003000", Tag::CE, Currency),
        ("CE003978", "CE003999", Tag::CE, Currency),
        ("CE003978", "CE003978BA0012", Tag::BA, Form),
        ("CE003978", "CE003978BA000", Tag::BA, Form),
        ("CE003978", "CE003978BF0012", Tag::BF, Form),
        ("CE003978", "CE003978BF000", Tag::BF, Form),
        ("CE003978", "CE003978CC0020C", Tag::CC, Form),
        ("CE003978", "CE003978CC0030-C", Tag::CC, Form),
        ("CE003978", "CE003978CK003200", Tag::CK, Form),
        ("CE003978", "CE003978CK003103", Tag::CK, Form),
        ("CE003978", "CE003978BA0010BA0011", Tag::BA, Contradictory),
        ("CE003978", "CE003978BF0010BF0011", Tag::BF, Contradictory),
        ("CE003978", "CE003978CC003001CC00300C", Tag::CC, Contradictory),
        ("CE003978", "CE003978CK003100CK003000", Tag::CK, Contradictory),
        ("CE003978", "CE003978CJ012247300123457", Tag::CJ, Contradictory),
    ] {
        assert_eq!(read(plain.replacen(was, is, 1)), Err(RequestFault { tag, kind }), "{is}");
    }
    for (kind, text) in [
        (Missing, "field CB: missing"),
        (Contradictory, "field CB: repeated with another value"),
        (Form, "field CB: not of its form"),
        (NotADebit, "field CB: not a debit"),
        (Currency, "field CB: not a known currency"),
    ] {
        assert_eq!(RequestFault { tag: Tag::CB, kind }.to_string(), text);
    }
}

fn card() -> CardFields<'static> {
    CardFields {
        number: "497010######1234",
        expiry: "2612",
        authorisation: Some("123456".parse().unwrap()),
        aid: "A0000000041010",
        application: "00B".parse().unwrap(),
        reading_mode: ReadingMode::Contactless,
    }
}

fn approved() -> TerminalAnswer<'static> {
    TerminalAnswer {
        identifier: Some("323540032810".parse().unwrap()),
        action: Some(Action::DEBIT),
        amount: Some(euros(2500)),
        complement: Some(Complement::AUTHORISED.into()),
        card: Some(card()),
        contract: Some("424242".parse().unwrap()),
        tickets: &[(TicketRequest::CUSTOMER_TEXT, b"Bonjour")],
        ..TerminalAnswer::new(Version::V3_20, Register::FIRST, Status::Performed)
    }
}

#[test]
fn an_answer_makes_the_documented_bytes_and_is_read_back() {
    let mut buffer = [0; LONGEST_ANSWER];
    let wire = approved().encode(&mut buffer).unwrap();
    assert_eq!(
        std::str::from_utf8(wire).unwrap(),
        "CZ0040320CJ012323540032810CA00201CB0042500CD0010CE003978AA016497010######1234AB0042612AC006123456\
         AI014A0000000041010CC00300BCI0012AE00210AF00201CG006424242ZT025CK003100AK012Qm9uam91cg=="
    );
    let answer = Answer::new(Message::decode(wire).unwrap());
    assert_eq!(answer.version(), Some(Version::V3_20));
    assert_eq!(answer.status(), Some(Status::Performed));
    assert_eq!(answer.complement(), Some(Complement::AUTHORISED));
    assert_eq!(answer.amount_minor(), Some(2500));
    assert_eq!(answer.card().unwrap().masked(), "497010######1234");
    assert_eq!(answer.authorisation().unwrap().as_str(), "123456");
    assert_eq!(answer.contract().unwrap().as_str(), "424242");
    assert_eq!(answer.application().unwrap().to_string(), "00B");
    assert_eq!(answer.reading_mode(), Some(ReadingMode::Contactless));
    let tickets: Vec<_> = answer.tickets().collect();
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].kind(), Some(TicketRequest::CUSTOMER_TEXT));
    assert_eq!(tickets[0].decode(&mut [0; 7]).unwrap(), b"Bonjour");
    assert_eq!(answer.message().as_bytes(), wire);
}

#[test]
fn what_an_answer_does_not_have_is_left_out() {
    let refused = TerminalAnswer {
        version: Version::V3_00,
        identifier: None,
        status: Status::NotPerformed,
        complement: Some(Complement::from_refusal(Refusal::Refused).into()),
        card: None,
        contract: None,
        tickets: &[],
        ..approved()
    };
    let mut buffer = [0; 64];
    let wire = refused.encode(&mut buffer).unwrap();
    assert_eq!(wire, b"CZ0040300CA00201CB0042500CD0010CE003978AE00201AF00204");
    let bare = TerminalAnswer { complement: None, status: Status::Taken, ..refused };
    let mut buffer = [0; 64];
    assert_eq!(bare.encode(&mut buffer).unwrap(), b"CZ0040300CA00201CB0042500CD0010CE003978AE00211");
    let without_number = CardFields { authorisation: None, ..card() };
    let mut buffer = [0; LONGEST_ANSWER];
    let wire = TerminalAnswer { card: Some(without_number), ..approved() }.encode(&mut buffer).unwrap();
    assert_eq!(Message::decode(wire).unwrap().get(Tag::AC), None);
}

#[test]
fn values_that_the_protocol_does_not_allow_are_refused() {
    let length = |tag, least, most, length| EncodeError::Length { tag, least, most, length };
    let with = |card| TerminalAnswer { card: Some(card), ..approved() };
    let long = "7".repeat(65);
    for (answer, error) in [
        (with(CardFields { number: "", ..card() }), length(Tag::AA, 1, 64, 0)),
        (with(CardFields { number: &long, ..card() }), length(Tag::AA, 1, 64, 65)),
        (
            with(CardFields { number: "49\u{e9}", ..card() }),
            EncodeError::Character { tag: Tag::AA, offset: 2 },
        ),
        (with(CardFields { expiry: "261", ..card() }), length(Tag::AB, 4, 4, 3)),
        (with(CardFields { expiry: "26-1", ..card() }), EncodeError::Character { tag: Tag::AB, offset: 2 }),
        (with(CardFields { aid: &long[..33], ..card() }), length(Tag::AI, 1, 32, 33)),
        (
            with(CardFields { authorisation: Some("12 456".parse().unwrap()), ..card() }),
            EncodeError::Character { tag: Tag::AC, offset: 2 },
        ),
        (
            TerminalAnswer { amount: Some(euros(LARGEST_AMOUNT + 1)), ..approved() },
            EncodeError::TooLarge(Tag::CB),
        ),
        (
            TerminalAnswer { status: Status::Other(*b"1A"), ..approved() },
            EncodeError::Character { tag: Tag::AE, offset: 1 },
        ),
        (
            TerminalAnswer { tickets: &[(TicketRequest::CUSTOMER_TEXT, b"")], ..approved() },
            length(Tag::AK, 1, 675, 0),
        ),
        (
            TerminalAnswer { tickets: &[(TicketRequest::CUSTOMER_TEXT, &[b'x'; 676])], ..approved() },
            length(Tag::AK, 1, 675, 676),
        ),
    ] {
        let mut buffer = [0; LONGEST_ANSWER];
        assert_eq!(answer.encode(&mut buffer), Err(error));
    }
}

#[test]
fn an_answer_fits_its_buffer_or_is_refused_at_every_size() {
    let (number, aid) = ("#".repeat(64), "A".repeat(32));
    let largest = TerminalAnswer {
        amount: Some(euros(LARGEST_AMOUNT)),
        card: Some(CardFields {
            number: &number,
            aid: &aid,
            authorisation: Some("1234567890".parse().unwrap()),
            ..card()
        }),
        contract: Some("1234567890".parse().unwrap()),
        tickets: &[(TicketRequest::CUSTOMER_TEXT, &[b'x'; LONGEST_TEXT])],
        ..approved()
    };
    // Header and longest value of each field that the answer can have, in its order.
    let length: usize = [4, 12, 2, 12, 1, 3, 64, 4, 10, 32, 3, 1, 2, 2, 10, 8 + 5 + 900]
        .iter()
        .map(|value: &usize| 5 + value)
        .sum();
    assert!(length <= LONGEST_ANSWER);
    for size in 0..=LONGEST_ANSWER {
        let mut buffer = vec![0; size];
        match largest.encode(&mut buffer) {
            Ok(written) => assert_eq!((written.len(), size >= length), (length, true)),
            Err(EncodeError::NoRoom(_)) => assert!(size < length, "{size}"),
            Err(error) => panic!("{size}: {error}"),
        }
    }
}

#[test]
fn published_answers_say_what_was_published() {
    use Status::{NotPerformed, Performed, Taken};
    for (name, status, refusal, minor) in [
        ("hipay.response.success.reconstructed", Performed, None, Some(12345)),
        ("hipay.response.failure.reconstructed", NotPerformed, Some(Refusal::Refused), Some(12345)),
        ("hipay.response.rejected", NotPerformed, Some(Refusal::MessageFormat), Some(12345)),
        ("payxpert.response.debit.v2.reconstructed", Performed, None, Some(2500)),
        ("payxpert.response.duplicata.reconstructed", Performed, None, None),
        ("payxpert.response.debit.no-ticket.assembled", Performed, None, Some(2500)),
        ("fidecoin.response.debit.no-ticket", Performed, None, Some(2500)),
        ("akretion.response.identification.real", Performed, None, None),
        ("akretion.response.success.simulated", Performed, None, Some(11245)),
        ("akretion.response.immediate.simulated", Taken, None, Some(11245)),
        ("akretion.response.missing-tag.simulated", NotPerformed, Some(Refusal::MessageFormat), Some(11245)),
        ("oca.response.success", Performed, None, Some(5)),
        ("oca.response.amount-padded", Performed, None, Some(5)),
        ("oca.response.failure-minimal", NotPerformed, Some(Refusal::Abandoned), None),
        ("superjumper.response.unknown-tag", Performed, None, Some(1590)),
        ("superjumper.response.refused", NotPerformed, Some(Refusal::Refused), None),
        ("neo52000.response.success", Performed, None, Some(2500)),
    ] {
        let wire = bytes(&format!("msg.{name}"));
        let answer = Answer::new(Message::decode(&wire).unwrap());
        assert_eq!(answer.status(), Some(status), "{name}");
        assert_eq!(answer.complement().and_then(Complement::refusal), refusal, "{name}");
        assert_eq!(answer.amount_minor(), minor, "{name}");
    }
    let wire = bytes("msg.payxpert.response.debit.v2.reconstructed");
    let answer = Answer::new(Message::decode(&wire).unwrap());
    assert_eq!(answer.card().unwrap().masked(), "************0674");
    assert_eq!(answer.card().unwrap().last_four(), Some("0674"));
    assert_eq!(answer.authorisation().unwrap().as_str(), "A00395");
    assert_eq!(answer.reading_mode(), Some(ReadingMode::Contactless));
    assert_eq!(answer.complement(), Some(Complement::AUTHORISED));
    assert_eq!((answer.contract(), answer.application()), (None, None));
    let wire = bytes("msg.akretion.response.identification.real");
    let answer = Answer::new(Message::decode(&wire).unwrap());
    assert_eq!(answer.version().unwrap().to_string(), "0301");
}

#[test]
fn what_is_not_of_its_form_is_not_there() {
    let wire = b"CZ003300AE0011AF001ACB000AA000AC01112345678901CG000CC0020BCI0019ZT003CK0";
    let answer = Answer::new(Message::decode(wire).unwrap());
    assert_eq!(answer.version(), None);
    assert_eq!(answer.status(), None);
    assert_eq!(answer.complement(), None);
    assert_eq!(answer.amount_minor(), None);
    assert!(answer.card().is_none());
    assert_eq!(answer.authorisation(), None);
    assert_eq!(answer.contract(), None);
    assert_eq!(answer.application(), None);
    assert_eq!(answer.reading_mode(), None);
    assert_eq!(answer.tickets().count(), 0);
    // The first of two is what is looked at.
    let wire = b"CB00210CB00220AE00299";
    let answer = Answer::new(Message::decode(wire).unwrap());
    assert_eq!(answer.amount_minor(), Some(10));
    assert_eq!(answer.status(), Some(Status::Other(*b"99")));
    // A card number in clear is masked on the way.
    let answer = Answer::new(Message::decode(b"AA0165017677122000674").unwrap());
    assert_eq!(answer.card().unwrap().masked(), "501767******0674");
}

/// The fast reading and the slow one agree on every field, whatever stands before it, and wherever a byte is wrong.
#[test]
fn an_answer_is_indexed_as_its_fields_say() {
    let plain =
        b"CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CB00511245AE00210CC00300BCI0012AC006123456\
        AA016497010######1234AI014A0000000041010AB0042612CF0101010000000CG006424242";
    // The same with a last field that is shorter than a word.
    let (before, behind) = plain.split_at(plain.windows(2).position(|letters| letters == b"CB").unwrap());
    let short_end = [behind, before].concat();
    assert!(short_end.ends_with(b"BA0010CD0010"));
    let counts = [plain.as_slice(), &short_end].map(indexed_as_the_fields_say);
    let length = plain.len();
    assert_eq!(counts.map(|counts| counts.messages), [1 + length * 21 + length + 4 * 16 * 5; 2]);
    for Counts { whole, broken, departing, .. } in counts {
        assert!(whole > 1900 && broken > 1400 && departing > 900, "{whole} {broken} {departing}");
    }
}

/// What came of the messages made of one.
#[derive(Clone, Copy)]
struct Counts {
    messages: usize,
    whole: usize,
    broken: usize,
    departing: usize,
}

fn indexed_as_the_fields_say(plain: &[u8]) -> Counts {
    let mut messages = vec![plain.to_vec()];
    messages.extend((0..plain.len()).map(|length| plain[..length].to_vec()));
    // Every byte of every value and header replaced by what could confuse a check of several bytes at once.
    for place in 0..plain.len() {
        for byte in [
            0x00, 0x0A, 0x1F, 0x20, 0x2F, 0x30, 0x39, 0x3A, 0x40, 0x41, 0x5A, 0x5B, 0x60, 0x7A, 0x7B, 0x7E,
            0x7F, 0x80, 0xB0, 0xC1, 0xFF,
        ] {
            let mut changed = plain.to_vec();
            changed[place] = byte;
            messages.push(changed);
        }
    }
    // An undocumented field of bytes that carry, before each field; and each field cut short, empty, twice or last.
    for stranger in
        [&b"XY001\xFF"[..], b"XY002\xFF\xFF", b"XY009\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", b"XY000"]
    {
        for field in Message::decode(plain).unwrap().fields() {
            let (before, behind) = plain.split_at(field.offset());
            messages.push([before, stranger, behind].concat());
            messages.push(before.to_vec());
            messages.push([behind, before].concat());
            messages.push([behind, plain].concat());
            messages.push([before, field.tag().to_string().as_bytes(), b"000", behind].concat());
        }
    }
    let (mut whole, mut broken, mut departing) = (0, 0, 0);
    for bytes in &messages {
        let message = Message::decode(bytes);
        assert_eq!(Answer::decode(bytes).map(|answer| answer.message()), message);
        let Ok(message) = message else {
            broken += 1;
            continue;
        };
        whole += 1;
        let (fast, slow) = (Answer::decode(bytes).unwrap(), Answer::new(message));
        let mut all_documented = true;
        for definition in dictionary::DEFINITIONS {
            let value = message.get(definition.tag).map(|field| field.value());
            let documented = value.map(|value| {
                definition.lengths().contains(&value.len())
                    && value.iter().all(|byte| definition.charset.contains(*byte))
            });
            departing += usize::from(documented == Some(false));
            all_documented &= documented != Some(false);
            assert_eq!(fast.is_documented(definition.tag), documented, "{:?} in {message:?}", definition.tag);
            assert_eq!(slow.is_documented(definition.tag), documented, "{:?} in {message:?}", definition.tag);
        }
        let all = [fast, slow].map(|answer| answer.is_all_documented());
        assert_eq!(all, [all_documented; 2], "{message:?}");
        assert_eq!(fast, slow);
        assert_eq!(
            fast.private().map(|value| value.reveal().to_vec()),
            message.get(Tag::CF).map(|field| field.value().to_vec()).filter(|value| !value.is_empty())
        );
        assert_eq!(
            slow.private().map(|value| value.reveal().to_vec()),
            fast.private().map(|value| value.reveal().to_vec())
        );
    }
    assert_eq!(whole + broken, messages.len());
    Counts { messages: messages.len(), whole, broken, departing }
}

#[test]
fn what_begins_behind_64_kib_is_not_looked_at() {
    // Where a place is cut to 16 bits, something stands that looks like the status.
    let filler = [b"CF995".as_slice(), &b"00210".repeat(199)].concat();
    // The length of the last field stands two bytes behind its begin.
    for (begin, found) in [(65_533, true), (65_534, false), (65_535, false), (65_999, false), (70_005, false)]
    {
        let mut bytes = filler.repeat(begin / filler.len());
        let left = begin - bytes.len();
        bytes.extend(format!("XY{:03}", left - 5).bytes().chain(std::iter::repeat_n(b'x', left - 5)));
        bytes.extend(b"AE00210");
        let answer = Answer::decode(&bytes).unwrap();
        assert_eq!(answer.status(), found.then_some(Status::Performed), "{begin}");
        assert_eq!(Answer::new(Message::decode(&bytes).unwrap()).status(), answer.status(), "{begin}");
        assert!(answer.private().is_some());
        assert!(!answer.is_all_documented());
    }
}

#[test]
fn answers_are_equal_as_their_messages_are_however_they_were_made() {
    let bytes = b"CZ0040300AE00210CB00205";
    let answer = Answer::decode(bytes).unwrap();
    assert_eq!(answer, Answer::new(Message::decode(bytes).unwrap()));
    assert_ne!(answer, Answer::decode(b"CZ0040300AE00210CB00206").unwrap());
    let shown = "Answer { message: [CZ@0[4]=0300, AE@9[2]=10, CB@16[2]=05] }";
    assert_eq!(format!("{answer:?}"), shown);
    for (value, immediate) in [("0", Some(false)), ("1", Some(true)), ("2", None), ("01", None), ("", None)] {
        let wire = format!("CZ0040300BA{:03}{value}AE00210", value.len());
        assert_eq!(Answer::decode(wire.as_bytes()).unwrap().immediate(), immediate, "{value}");
    }
}
