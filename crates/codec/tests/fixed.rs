//! E and E+ to the letter: literal bodies, every refusal, every bound, every byte in every place.

use caisse_codec::explain::Language;
use caisse_codec::fixed::{
    Answer, AnswerFlag, Authorisation, Body, Delay, EncodeError, Expected, Explanation, Fault, FieldName,
    Form, Kind, LARGEST_AMOUNT, LONGEST_ANSWER, LONGEST_RECEIPT, LONGEST_REQUEST, Layout, Mode, Private,
    PrivateError, Reason, ReceiptText, Received, ReceivedForm, RegisterCode, Report, Request, Stat,
    Tolerance, TransactionType, recognise,
};
use caisse_payment::{Amount, Currency, Register};

const STRICT: Tolerance = Tolerance { receipt: false, register_letters: false };

const E: &[u8; 26] = b"01000012341109780123456789";
const E_RECEIPT: &[u8; 30] = b"01000012341109780123456789T012";
const E_PLUS: &[u8; 34] = b"0100001242010978          A010B010";
const SHORT: &[u8; 25] = b"01000001242B978          ";
const LONG: &[u8; 80] = b"0100000125014711690463168807                                       978order-7   ";
const TEXT: &[u8] = b"CARTE BANCAIRE\n12,50 EUR\nMERCI\n";

fn with_receipt() -> Vec<u8> {
    [LONG.as_slice(), TEXT].concat()
}

fn request(minor: u64, form: Form) -> Request {
    Request {
        register: Register::FIRST,
        amount: Amount::from_minor(minor, Currency::EUR),
        flag: AnswerFlag::WithoutReport,
        mode: Mode::CARD,
        transaction: TransactionType::Debit,
        private: Private::EMPTY,
        form,
    }
}

fn written(request: &Request) -> String {
    String::from_utf8(request.encode(&mut [0; LONGEST_REQUEST]).unwrap().to_vec()).unwrap()
}

fn answer(bytes: &[u8]) -> Answer<'_> {
    Answer::decode(bytes, STRICT).unwrap()
}

#[test]
fn requests_are_written_to_the_character() {
    let terminal = Form::EPlus(Authorisation::Terminal);
    let base = request(1242, terminal);
    let with_report = Request { flag: AnswerFlag::WithReport, ..base };
    let digits = Private::new("0123456789").unwrap();
    let usd = Amount::from_minor(66666, "USD".parse().unwrap());
    let twelve_fifty = Amount::from_minor(1250, Currency::EUR);
    // The names are those of the vectors.
    for (name, request, expected) in [
        ("eplus-card-12.42-A010", base, "0100001242010978          A010B010"),
        (
            "eplus-card-0.93-ind1-A010",
            Request { amount: Amount::from_minor(93, Currency::EUR), ..with_report },
            "0100000093110978          A010B010",
        ),
        (
            "eplus-pytelium-666.66-usd",
            Request { amount: usd, ..with_report },
            "0100066666110840          A010B010",
        ),
        (
            "eplus-pytelium-refund-12.50",
            Request { amount: twelve_fifty, transaction: TransactionType::Credit, ..with_report },
            "0100001250111978          A010B010",
        ),
        (
            "eplus-pytelium-cancel-12.50",
            Request { amount: twelve_fifty, transaction: TransactionType::Cancellation, ..with_report },
            "0100001250112978          A010B010",
        ),
        (
            "eplus-pytelium-force-auth",
            Request { amount: twelve_fifty, form: Form::EPlus(Authorisation::Forced), ..with_report },
            "0100001250110978          A010B011",
        ),
        (
            "e-eve-test-12.34",
            Request {
                amount: Amount::from_minor(1234, Currency::EUR),
                private: digits,
                form: Form::E,
                ..with_report
            },
            "01000012341109780123456789",
        ),
        (
            "nepting-kiosk-12.34-T012",
            Request {
                amount: Amount::from_minor(1234, Currency::EUR),
                private: digits,
                form: Form::EWithReceipt,
                ..with_report
            },
            "01000012341109780123456789T012",
        ),
        (
            "tpeserv-v2e-cheque-12.34",
            Request {
                amount: Amount::from_minor(1234, Currency::EUR),
                mode: Mode::CHEQUE,
                private: Private::new("0000000000").unwrap(),
                form: Form::E,
                ..with_report
            },
            "01000012341C09780000000000",
        ),
        (
            "e-nmind-50.22",
            Request {
                register: Register::new(88).unwrap(),
                amount: Amount::from_minor(5022, Currency::EUR),
                form: Form::E,
                ..with_report
            },
            "8800005022110978          ",
        ),
        (
            "a pre-authorisation, a report in fields, the undocumented option, a currency below 100",
            Request {
                amount: Amount::from_minor(7, Currency::from_numeric(36).unwrap()),
                flag: AnswerFlag::TaggedReport,
                transaction: TransactionType::PreAuthorisation,
                private: Private::new("a b").unwrap(),
                form: Form::EPlus(Authorisation::Undocumented),
                ..base
            },
            "0100000007214036a b       A010B012",
        ),
    ] {
        assert_eq!(written(&request), expected, "{name}");
        let received = Received::decode(expected.as_bytes(), STRICT).unwrap();
        assert_eq!(received.amount, request.amount, "{name}");
        assert_eq!(received.register.register(), Some(request.register), "{name}");
        assert_eq!((received.flag, received.mode), (request.flag, request.mode), "{name}");
        assert_eq!(received.transaction, request.transaction, "{name}");
        assert_eq!(received.private, request.private, "{name}");
    }
}

#[test]
fn no_request_asks_for_an_immediate_answer() {
    let received = Received::decode(b"0100001242010978          A011B010", STRICT).unwrap();
    let authorisation = Authorisation::Terminal;
    assert_eq!(received.form, ReceivedForm::EPlus { delay: Delay::Immediate, authorisation });
    for flag in AnswerFlag::ALL {
        for transaction in TransactionType::ALL {
            for form in [Form::E, Form::EWithReceipt]
                .into_iter()
                .chain(Authorisation::ALL.iter().map(|authorisation| Form::EPlus(*authorisation)))
            {
                for mode in (b'!'..=b'~').filter_map(Mode::new) {
                    let base = request(1, form);
                    let text = written(&Request { flag: *flag, transaction: *transaction, mode, ..base });
                    assert!(!text.contains("A011"), "{text}");
                }
            }
        }
    }
}

#[test]
fn amounts_have_two_bounds() {
    let form = Form::E;
    let mut buffer = [0x55; LONGEST_REQUEST];
    assert_eq!(request(0, form).encode(&mut buffer), Err(EncodeError::ZeroAmount));
    assert_eq!(written(&request(1, form)), "0100000001010978          ");
    assert_eq!(written(&request(LARGEST_AMOUNT, form)), "0199999999010978          ");
    for minor in [LARGEST_AMOUNT + 1, 1 << 32, (1 << 32) + 1, u64::MAX] {
        let refused = request(minor, form).encode(&mut buffer);
        assert_eq!(refused, Err(EncodeError::TooLarge(FieldName::Amount)), "{minor}");
    }
    assert_eq!(buffer, [0x55; LONGEST_REQUEST], "a refusal writes nothing");

    let zero = Received::decode(b"0100000000010978          ", STRICT);
    let expected = Expected::MoreThanZero;
    assert_eq!(zero, Err(Fault::Field { field: FieldName::Amount, offset: 2, expected }));
    let most = Received::decode(b"0199999999010978          ", STRICT).unwrap();
    assert_eq!(most.amount.minor(), LARGEST_AMOUNT);
}

#[test]
fn buffers_have_two_bounds() {
    for (form, needed) in [(Form::E, 26), (Form::EWithReceipt, 30), (Form::EPlus(Authorisation::Forced), 34)]
    {
        let mut buffer = vec![0x55; needed];
        assert!(request(300, form).encode(&mut buffer).is_ok());
        let mut buffer = vec![0x55; needed - 1];
        assert_eq!(request(300, form).encode(&mut buffer), Err(EncodeError::NoRoom { needed }));
        assert!(buffer.iter().all(|byte| *byte == 0x55));
    }
    for (bytes, needed) in [(SHORT.to_vec(), 25), (LONG.to_vec(), 80), (with_receipt(), 80 + TEXT.len())] {
        let answer = Answer::decode(&bytes, Tolerance::ALL).unwrap();
        assert_eq!(answer.encode(&mut vec![0; needed]), Ok(bytes.as_slice()));
        let mut buffer = vec![0x55; needed - 1];
        assert_eq!(answer.encode(&mut buffer), Err(EncodeError::NoRoom { needed }));
        assert!(buffer.iter().all(|byte| *byte == 0x55));
    }
}

#[test]
fn private_data_have_two_bounds() {
    assert_eq!(Private::new("").unwrap(), Private::EMPTY);
    assert_eq!(Private::default(), Private::EMPTY);
    assert_eq!(Private::new("0123456789").unwrap().reveal(), b"0123456789");
    assert_eq!(Private::new("0123456789a"), Err(PrivateError::TooLong { length: 11 }));
    for byte in 0..=127u8 {
        let text = String::from_utf8(vec![b'a', byte]).unwrap();
        assert_eq!(Private::new(&text).is_ok(), (0x20..=0x7e).contains(&byte), "{byte:#x}");
    }
    assert_eq!(Private::new("aé"), Err(PrivateError::Character { offset: 1 }));
    // What an answer may hold, a request may not.
    let echoed = answer(b"01000001242B978\x7f         ").private;
    let expected = Expected::Printable;
    let fault = Fault::Field { field: FieldName::Private, offset: 16, expected };
    let request = Request { private: echoed, ..request(300, Form::E) };
    assert_eq!(request.encode(&mut [0; LONGEST_REQUEST]), Err(EncodeError::Character(fault)));
}

#[test]
fn values_of_one_character_are_told_apart_in_all_256_bytes() {
    for byte in 0..=u8::MAX {
        assert_eq!(AnswerFlag::from_character(byte).is_some(), b"012".contains(&byte));
        assert_eq!(TransactionType::from_character(byte).is_some(), b"0124".contains(&byte));
        assert_eq!(Authorisation::from_character(byte).is_some(), b"012".contains(&byte));
        assert_eq!(Delay::from_character(byte).is_some(), b"01".contains(&byte));
        assert_eq!(Mode::new(byte).map(Mode::character), (0x21..=0x7e).contains(&byte).then_some(byte));
        assert_eq!(
            Stat::from_character(byte).map(Stat::character),
            (0x20..=0x7e).contains(&byte).then_some(byte)
        );
        let named = matches!(Stat::from_character(byte), Some(stat) if !matches!(stat, Stat::Other(_)));
        assert_eq!(named, b"079".contains(&byte));
    }
    for flag in AnswerFlag::ALL {
        assert_eq!(AnswerFlag::from_character(flag.character()), Some(*flag));
    }
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let code = RegisterCode::new([first, second]);
            let alphanumeric = first.is_ascii_alphanumeric() && second.is_ascii_alphanumeric();
            assert_eq!(code.map(|code| *code.characters()), alphanumeric.then_some([first, second]));
            let digits = first.is_ascii_digit() && second.is_ascii_digit();
            assert_eq!(code.and_then(RegisterCode::register).is_some(), digits);
        }
    }
    for number in 0..=99 {
        let register = Register::new(number).unwrap();
        assert_eq!(RegisterCode::from(register).register(), Some(register));
        assert_eq!(RegisterCode::from(register).to_string(), format!("{number:02}"));
    }
}

/// The naive definition: one letter for each place.
fn allowed(class: u8, byte: u8, letters: bool) -> bool {
    match class {
        b'R' => byte.is_ascii_digit() || letters && byte.is_ascii_alphabetic(),
        b'N' => (0x30..=0x39).contains(&byte),
        b'F' => b"012".contains(&byte),
        b'T' => b"0124".contains(&byte),
        b'M' => (0x21..=0x7e).contains(&byte),
        b'P' => (0x20..=0x7e).contains(&byte),
        b'L' => (0x20..=0x7f).contains(&byte),
        b'X' => (0x20..=0x7f).contains(&byte) || byte == 0x0a,
        b'a' => byte == b'A',
        b'b' => byte == b'B',
        b't' => byte == b'T',
        b'0' | b'1' | b'2' => byte == class,
        b'd' => b"01".contains(&byte),
        stranger => panic!("{stranger}"),
    }
}

#[test]
fn every_byte_in_every_place() {
    let request = "RRNNNNNNNNFMTNNNPPPPPPPPPP";
    let start = "RRPNNNNNNNNP";
    let report = "L".repeat(55);
    let end = "NNNLLLLLLLLLL";
    let mut checked = 0;
    for (bytes, classes) in [
        (E.to_vec(), request.to_owned()),
        (E_RECEIPT.to_vec(), format!("{request}t012")),
        (E_PLUS.to_vec(), format!("{request}a01db01F")),
        (SHORT.to_vec(), format!("{start}{end}")),
        (LONG.to_vec(), format!("{start}{report}{end}")),
        (with_receipt(), format!("{start}{report}{end}{}", "X".repeat(TEXT.len()))),
    ] {
        assert_eq!(bytes.len(), classes.len());
        let is_answer = classes.starts_with(start);
        for letters in [false, true] {
            let tolerance = Tolerance { receipt: true, register_letters: letters };
            for (place, class) in classes.bytes().enumerate() {
                for byte in 0..=u8::MAX {
                    let mut changed = bytes.clone();
                    changed[place] = byte;
                    let found = Body::decode(&changed, tolerance);
                    let context = format!("{} at {place}, {byte:#x}", bytes.len());
                    if allowed(class, byte, letters) {
                        assert_eq!(found.map(|body| body.as_bytes()), Ok(changed.as_slice()), "{context}");
                        let answer = Answer::decode(&changed, tolerance);
                        assert_eq!(answer.is_ok(), is_answer, "{context}");
                        let received = Received::decode(&changed, tolerance);
                        let value =
                            |expected| matches!(expected, Expected::MoreThanZero | Expected::KnownCurrency);
                        match received {
                            Ok(_) => assert!(!is_answer, "{context}"),
                            Err(Fault::Length { .. }) => assert!(is_answer, "{context}"),
                            Err(Fault::Field { expected, .. }) => assert!(value(expected), "{context}"),
                        }
                    } else {
                        let Err(Fault::Field { field, offset, .. }) = found else { panic!("{context}") };
                        assert_eq!(offset, place, "{context}");
                        let whole = Body::decode(&bytes, tolerance).unwrap();
                        let stands = whole.get(field).unwrap();
                        let range = stands.offset()..stands.offset() + stands.value().len();
                        assert!(range.contains(&place), "{context}: {field}");
                        assert!(Answer::decode(&changed, tolerance).is_err(), "{context}");
                        assert!(Received::decode(&changed, tolerance).is_err(), "{context}");
                    }
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, (26 + 30 + 34 + 25 + 80 + 80 + TEXT.len()) * 2 * 256);
}

#[test]
fn every_length_but_those_of_the_layouts_is_refused() {
    let digits = [b'0'; 600];
    let mut layouts = Vec::new();
    for length in 0..=digits.len() {
        let bytes = &digits[..length];
        let is_answer = [25, 80].contains(&length);
        let is_request = [26, 30, 34].contains(&length);
        let of_length = |fault| matches!(fault, Fault::Length { length: at, .. } if at == length);

        assert_eq!(Body::decode(bytes, STRICT).is_err_and(of_length), !is_answer && !is_request, "{length}");
        assert_eq!(Answer::decode(bytes, STRICT).is_err_and(of_length), !is_answer, "{length}");
        assert_eq!(Answer::decode(bytes, STRICT).is_ok(), is_answer, "{length}");
        let with_receipt = (81..=512).contains(&length);
        assert_eq!(Answer::decode(bytes, Tolerance::ALL).is_ok(), is_answer || with_receipt, "{length}");
        // Of a request the digits have the length at most: their amount is zero.
        assert_eq!(Received::decode(bytes, Tolerance::ALL).is_err_and(of_length), !is_request, "{length}");
        layouts.extend(Layout::of_length(length).filter(|_| length <= 81));
    }
    assert_eq!(layouts.len(), 6);
    assert!(Layout::ALL.iter().all(|layout| layouts.contains(layout)));
}

#[test]
fn a_request_with_a_character_more_or_less_is_refused() {
    for bytes in [E.as_slice(), E_RECEIPT, E_PLUS] {
        for tolerance in [STRICT, Tolerance::ALL] {
            for place in 0..bytes.len() {
                let mut shorter = bytes.to_vec();
                shorter.remove(place);
                assert!(Received::decode(&shorter, tolerance).is_err(), "{place} deleted");
            }
            for place in 0..=bytes.len() {
                for byte in 0..=u8::MAX {
                    let mut longer = bytes.to_vec();
                    longer.insert(place, byte);
                    assert!(Received::decode(&longer, tolerance).is_err(), "{byte:#x} inserted at {place}");
                }
            }
            for length in 0..bytes.len() {
                let found = Received::decode(&bytes[..length], tolerance);
                // Cut at 26 the longer forms are the E request that they extend: the same money, without the options.
                // Only the frame around the body can tell that something is missing.
                if length == 26 {
                    let whole = Received::decode(bytes, tolerance).unwrap();
                    assert_eq!(found, Ok(Received { form: ReceivedForm::E, ..whole }));
                } else {
                    assert!(found.is_err(), "cut at {length}");
                }
            }
        }
    }
}

#[test]
fn a_body_that_once_meant_three_euros_is_refused() {
    // Sent by a till that meant 3.00; the terminal showed 10 000.00.
    for body in [&b"00010000000300978"[..], b"0001000000000300978", b"01010000000300978", b"01000003 00978"] {
        let fault = Received::decode(body, Tolerance::ALL).unwrap_err();
        assert!(matches!(fault, Fault::Length { length, .. } if length == body.len()));
        assert!(Answer::decode(body, Tolerance::ALL).is_err());
        assert!(matches!(recognise(body), Kind::Neither(Reason::Fixed(Fault::Length { .. }))));
    }
    // The echo of a PAX A920 after such a request, blanks filtered away: too short for an answer.
    assert!(Answer::decode(b"010010000003097", Tolerance::ALL).is_err());
}

#[test]
fn requests_that_no_terminal_performs_are_refused_by_name() {
    for (body, name, at) in [
        (&b"B800002690010978   7897897"[..], FieldName::Register, 0),
        (b"010000124 010978          ", FieldName::Amount, 9),
        (b"0100001242310978          ", FieldName::Flag, 10),
        (b"01000012420 0978          ", FieldName::Mode, 11),
        (b"0100001242013978          ", FieldName::Type, 12),
        (b"010000124201A978          ", FieldName::Type, 12),
        (b"0100001242010097          ", FieldName::Currency, 13),
        (b"0100001242010EUR          ", FieldName::Currency, 13),
        (b"0100001242010978     \x05    ", FieldName::Private, 21),
        (b"0100001242010978     \xe9    ", FieldName::Private, 21),
        (b"0100001242010978          T011", FieldName::Receipt, 29),
        (b"0100001242010978          A010", FieldName::Receipt, 26),
        (b"0100001242010978          A012B010", FieldName::Delay, 29),
        (b"0100001242010978          B010A010", FieldName::Delay, 26),
        (b"0100001242010978          A010B013", FieldName::Authorisation, 33),
        (b"0100001242010978          A010b010", FieldName::Authorisation, 30),
    ] {
        let fault = Received::decode(body, STRICT).unwrap_err();
        let Fault::Field { field, offset, .. } = fault else { panic!("{fault}") };
        assert_eq!((field, offset), (name, at), "{}", body.escape_ascii());
        assert!(fault.to_string().starts_with(&format!("{} at offset {at}: expected ", name.code())));
    }
}

#[test]
fn each_tolerance_has_its_own_case() {
    let b8 = b"B800002690010978   7897897";
    let letters = Tolerance { register_letters: true, ..STRICT };
    let received = Received::decode(b8, letters).unwrap();
    assert_eq!((received.register.to_string().as_str(), received.register.register()), ("B8", None));
    assert!(Received::decode(b8, Tolerance { receipt: true, ..STRICT }).is_err());
    assert!(Answer::decode(b"B8000001242B978          ", STRICT).is_err());
    let echoed = Answer::decode(b"B8000001242B978          ", letters).unwrap();
    assert_eq!(echoed.encode(&mut [0; 25]), Ok(b"B8000001242B978          ".as_slice()));

    let bytes = with_receipt();
    assert_eq!(Answer::decode(&bytes, letters).map(|_| ()), Answer::decode(&bytes, STRICT).map(|_| ()));
    assert!(
        matches!(Answer::decode(&bytes, STRICT), Err(Fault::Length { length, .. }) if length == bytes.len())
    );
    let answer = Answer::decode(&bytes, Tolerance { receipt: true, ..STRICT }).unwrap();
    assert_eq!(answer.receipt.map(|text| text.reveal()), Some(TEXT));
    assert_eq!(answer.report.map(|report| report.reveal().len()), Some(55));
    // Line feeds belong to the receipt alone.
    let mut moved = bytes.clone();
    moved[79] = b'\n';
    assert!(Answer::decode(&moved, Tolerance::ALL).is_err());
}

#[test]
fn answers_are_read_and_written_to_the_character() {
    let contactless = Mode::new(b'B');
    let fields = |it: &Answer<'_>| (it.register.register(), it.stat, it.minor, it.mode, it.currency);
    let one = Some(Register::FIRST);
    for (bytes, expected) in [
        // resp25-tony-bad, very probably recorded: a refusal.
        (&b"017000000010978          "[..], (one, Stat::Refused, 1, Mode::new(b'0'), 978)),
        (b"01000001242B978          ", (one, Stat::Accepted, 1242, contactless, 978)),
        (b"0190000123419780123456789", (one, Stat::Taken, 1234, Some(Mode::CARD), 978)),
        (b"015000012341978          ", (one, Stat::Other(b'5'), 1234, Some(Mode::CARD), 978)),
        (b"00 00000000 000          ", (Register::new(0), Stat::Other(b' '), 0, None, 0)),
        (
            b"99~99999999~999~~~~~~~~~~",
            (Register::new(99), Stat::Other(b'~'), 99_999_999, Mode::new(b'~'), 999),
        ),
    ] {
        let answer = answer(bytes);
        assert_eq!(fields(&answer), expected, "{}", bytes.escape_ascii());
        assert_eq!((answer.report, answer.receipt, answer.card()), (None, None, None));
        assert_eq!(answer.private.reveal(), &bytes[15..]);
        assert_eq!(answer.encode(&mut [0; LONGEST_ANSWER]), Ok(bytes));
    }
    let long = answer(LONG);
    assert_eq!(fields(&long), (one, Stat::Accepted, 1250, Some(Mode::CARD), 978));
    assert_eq!(long.report.unwrap().reveal().as_slice(), &LONG[12..67]);
    assert_eq!(long.private.reveal(), b"order-7   ");
    assert_eq!(long.encode(&mut [0; LONGEST_ANSWER]), Ok(LONG.as_slice()));
    assert_eq!(answer(SHORT).amount(), Some(Amount::from_minor(1242, Currency::EUR)));
    assert_eq!(answer(b"01000001242B097          ").amount(), None);
}

#[test]
fn an_answer_with_a_value_that_no_body_holds_is_not_written() {
    let good = answer(LONG);
    let mut buffer = [0x55; LONGEST_ANSWER];
    let mut refusal = |answer: Answer<'_>| {
        let refusal = answer.encode(&mut buffer).unwrap_err();
        assert!(buffer.iter().all(|byte| *byte == 0x55));
        refusal
    };
    let receipt = Some(ReceiptText::new(TEXT).unwrap());
    assert_eq!(refusal(Answer { minor: 100_000_000, ..good }), EncodeError::TooLarge(FieldName::Amount));
    assert_eq!(refusal(Answer { currency: 1000, ..good }), EncodeError::TooLarge(FieldName::Currency));
    assert_eq!(refusal(Answer { receipt, report: None, ..good }), EncodeError::ReceiptWithoutReport);
    // Another name for a known result, and what is no character of the line.
    for stat in *b"079\x00\x1f\x7f\x80\xff" {
        let refused = refusal(Answer { stat: Stat::Other(stat), ..good });
        let expected = Expected::Printable;
        let fault = Fault::Field { field: FieldName::Stat, offset: 2, expected };
        assert_eq!(refused, EncodeError::Character(fault));
    }
    assert!(Answer { minor: 99_999_999, currency: 999, receipt, ..good }.encode(&mut buffer).is_ok());
}

#[test]
fn receipts_and_reports_have_two_bounds() {
    let text = [b'a'; LONGEST_RECEIPT + 1];
    for (length, fits) in [(0, false), (1, true), (LONGEST_RECEIPT, true), (LONGEST_RECEIPT + 1, false)] {
        assert_eq!(ReceiptText::new(&text[..length]).is_ok(), fits, "{length}");
    }
    for byte in 0..=u8::MAX {
        let mut characters = [b' '; 55];
        characters[54] = byte;
        let fits = (0x20..=0x7f).contains(&byte);
        assert_eq!(Report::new(&characters).is_ok(), fits, "{byte:#x}");
        assert_eq!(ReceiptText::new(&[b'a', byte]).is_ok(), fits || byte == b'\n', "{byte:#x}");
        if !fits {
            let Err(Fault::Field { field, offset, .. }) = Report::new(&characters) else { panic!() };
            assert_eq!((field, offset), (FieldName::Report, 54));
        }
    }
}

#[test]
fn cards_are_masked_and_only_where_one_is() {
    let masked = |start: &str, filler: char| {
        let report: String = start.chars().chain(std::iter::repeat(filler)).take(55).collect();
        let card = Report::new(report.as_bytes().try_into().unwrap()).unwrap().card();
        card.map(|card| card.masked().to_owned())
    };
    for (start, filler, expected) in [
        // The README of pyTeliumManager, its fake device, and a blank filler.
        ("4711690463168807", '0', Some("471169******8807")),
        ("4711690463168807  0000000000", '0', Some("471169******8807")),
        ("4711690463168807", ' ', Some("471169******8807")),
        // A track, an American Express card, 13 and 19 digits.
        ("4711690463168807=25121010000000000000", ' ', Some("471169******8807")),
        ("378282246310005", ' ', Some("***********0005")),
        ("378282246310005", '0', Some("***********0005")),
        ("4222222222222", ' ', Some("*********2222")),
        ("6304000000000000000 ", ' ', Some("630400*********0000")),
        // Before a blank, digits are a number whatever Luhn says, and masked ones too.
        ("4711690463168808 ", ' ', Some("471169******8808")),
        ("471169XXXXXX8807", ' ', Some("471169XXXXXX8807")),
        ("************8807", ' ', Some("************8807")),
        // Nothing that is a number.
        ("4711690463168808=2512", 'x', None),
        ("471169046316", ' ', None),
        ("12345678901234567890 ", 'a', None),
        (" 4711690463168807", ' ', None),
        ("ORDER-12345678", ' ', None),
        ("0000000000000000", ' ', None),
        ("", '0', None),
        ("", ' ', None),
    ] {
        assert_eq!(masked(start, filler).as_deref(), expected, "{start} then {filler:?}");
    }
    assert_eq!(answer(LONG).card().map(|card| card.masked().to_owned()).as_deref(), Some("471169******8807"));
    let cheque = Answer { mode: Some(Mode::CHEQUE), ..answer(LONG) };
    assert_eq!(cheque.card(), None, "the line of a cheque is no card number");
}

#[test]
fn bodies_are_recognised() {
    let receipt = with_receipt();
    for (body, expected) in [
        (E.as_slice(), Kind::Fixed(Layout::RequestE)),
        (E_RECEIPT, Kind::Fixed(Layout::RequestReceipt)),
        (E_PLUS, Kind::Fixed(Layout::RequestEPlus)),
        (SHORT, Kind::Fixed(Layout::AnswerShort)),
        (LONG, Kind::Fixed(Layout::AnswerLong)),
        (&receipt, Kind::Fixed(Layout::AnswerReceipt)),
        (b"B800002690010978   7897897", Kind::Fixed(Layout::RequestE)),
        (b"CZ0040300AE00210", Kind::Tlv),
        (b"CZ", Kind::Tlv),
        (b"CZ0040300AE00X10", Kind::Tlv),
        (b"AE00210CB0042500", Kind::Tlv),
        (b"AE00210CB00425", Kind::Tlv),
        (b"", Kind::Neither(Reason::Empty)),
        (b"\x05", Kind::Neither(Reason::FramedOrSession)),
        (b"\x15\x05\x04", Kind::Neither(Reason::FramedOrSession)),
        (b"\x0201\x03\x02", Kind::Neither(Reason::FramedOrSession)),
        (b"\x02CZ0040300\x03\x02", Kind::Neither(Reason::FramedOrSession)),
        (b"\x820\xb1", Kind::Neither(Reason::EighthBit)),
    ] {
        assert_eq!(recognise(body), expected, "{}", body.escape_ascii());
        assert!(!expected.text().fr.is_empty() && expected.to_string().starts_with(expected.text().en));
    }
    for first in 0..=u8::MAX {
        let kind = recognise(&[first, b'1']);
        assert_eq!(kind == Kind::Neither(Reason::FramedOrSession), first < 0x20 || first == 0x7f);
        assert_eq!(kind == Kind::Neither(Reason::EighthBit), first >= 0x80);
    }
    let shifted = recognise(b"0100000124 2109780123456789A010B01");
    assert!(matches!(shifted, Kind::Neither(Reason::Fixed(Fault::Field { offset: 10, .. }))), "{shifted}");
    assert!(shifted.to_string().contains("IND at offset 10: expected one of 012"), "{shifted}");
}

#[test]
fn every_field_is_explained_in_both_languages() {
    let receipt = with_receipt();
    let explain = |bytes: &[u8], language| {
        let body = Body::decode(bytes, Tolerance::ALL).unwrap();
        let line = |field| {
            let explanation = Explanation::new(field, body, language);
            assert_eq!(explanation.field(), field);
            let value = field.shown().unwrap_or("-");
            format!("{} {} {}: {explanation} [{value}]", field.offset(), field.value().len(), field.name())
        };
        body.fields().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        explain(E_PLUS, Language::English),
        [
            "0 2 POS: Register number [01]",
            "2 8 MNT: Amount: 12.42 EUR [00001242]",
            "10 1 IND: Answer flag: answer without a report [0]",
            "11 1 MODE: Payment mode: card [1]",
            "12 1 TYPE: Transaction type: debit [0]",
            "13 3 DEV: Currency: EUR [978]",
            "16 10 PRIV: Private data [-]",
            "26 4 DELAI: When to answer: answer at the end of the transaction [A010]",
            "30 4 AUTO: Authorisation request: the terminal decides [B010]",
        ]
    );
    assert_eq!(
        explain(&receipt, Language::French),
        [
            "0 2 POS: Numéro de caisse [01]",
            "2 1 STAT: Résultat : acceptée [0]",
            "3 8 MNT: Montant : 12.50 EUR [00001250]",
            "11 1 MODE: Mode de paiement : carte [1]",
            "12 55 REP: Rapport de l'application [-]",
            "67 3 DEV: Devise : EUR [978]",
            "70 10 PRIV: Données privées [-]",
            "80 31 TICKET: Texte du ticket [-]",
        ]
    );
    assert_eq!(
        explain(E_RECEIPT, Language::English)[7],
        "26 4 T: Customer's receipt (Nepting): customer's receipt wanted [T012]"
    );
    let odd = explain(b"015000012341097          ", Language::English);
    assert_eq!(odd[1], "2 1 STAT: Result: unknown result [5]");
    assert_eq!(odd[2], "3 8 MNT: Amount: 1234 minor units [00001234]");
    assert_eq!(odd[4], "12 3 DEV: Currency [097]");
    for bytes in [E.as_slice(), E_RECEIPT, E_PLUS, SHORT, LONG, &receipt] {
        let body = Body::decode(bytes, Tolerance::ALL).unwrap();
        // The fields are all of the body: none overlaps, none is left out.
        let end = body.fields().fold(0, |end, field| {
            assert_eq!(field.offset(), end);
            end + field.value().len()
        });
        assert_eq!(end, bytes.len());
    }
}

#[cfg(feature = "bytes")]
#[test]
fn requests_go_into_anything_that_grows() {
    let mut grown = b"before ".to_vec();
    request(1242, Form::EPlus(Authorisation::Terminal)).encode_to(&mut grown).unwrap();
    assert_eq!(grown, [b"before ".as_slice(), E_PLUS].concat());
    assert_eq!(request(0, Form::E).encode_to(&mut grown), Err(EncodeError::ZeroAmount));
    assert_eq!(grown.len(), 41, "a refusal writes nothing");
}
