//! What is refused, by exhaustion where that is possible.

use caisse_codec::dictionary::{self, Charset, DEFINITIONS};
use caisse_codec::value::number;
use caisse_codec::{
    Action, Application, Complement, EncodeError, Encoder, Expected, FieldScanner, Fields, HEADER,
    Identifier, LONGEST_VALUE, Malformed, NeedMore, Piece, ReadingMode, Scan, Status, Tag, TicketRequest,
    Version,
};
use caisse_payment::{Operation, Refusal};

/// What each three bytes are as a length, found backwards: the thousand texts that are one, and nothing else.
fn naive_lengths() -> Vec<Option<usize>> {
    let mut lengths = vec![None; 1 << 24];
    for length in 0..1000 {
        let text = format!("{length:03}");
        let [a, b, c] = text.as_bytes() else { panic!("{text}") };
        lengths[usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c)] = Some(length);
    }
    lengths
}

#[test]
fn a_length_is_exactly_three_digits_of_all_the_triples_there_are() {
    let lengths = naive_lengths();
    let check = |hundreds: std::ops::RangeInclusive<u8>| {
        let mut bytes = [b'x'; HEADER + LONGEST_VALUE];
        bytes[..2].copy_from_slice(b"CF");
        let mut accepted = 0;
        let is_digit = |byte: u8| b"0123456789".contains(&byte);
        for a in hundreds {
            for b in 0..=255 {
                // Where a fault stands unless it is in the units.
                let early = [a, b].into_iter().position(|byte| !is_digit(byte));
                let row = &lengths[usize::from(a) << 16 | usize::from(b) << 8..][..256];
                for (c, &expected) in (0..=255).zip(row) {
                    bytes[2..HEADER].copy_from_slice(&[a, b, c]);
                    match (Fields::new(&bytes).read_field(), expected) {
                        (Scan::Field(field), Some(length)) if field.value().len() == length => accepted += 1,
                        (Scan::Malformed(fault), None)
                            if fault.expected == Expected::LengthDigit
                                && fault.offset == 2 + early.unwrap_or(2) => {}
                        (scan, _) => panic!("{:?}: {scan:?}", [a, b, c]),
                    }
                }
            }
        }
        accepted
    };
    let accepted = std::thread::scope(|scope| {
        let low = scope.spawn(|| check(0..=127));
        let high = scope.spawn(|| check(128..=255));
        low.join().unwrap() + high.join().unwrap()
    });
    assert_eq!(accepted, 1000);
}

#[test]
fn the_scanner_reads_the_same_lengths() {
    for length in 0..1000 {
        let header = format!("CF{length:03}");
        let piece = FieldScanner::new().next(&mut header.as_bytes());
        assert_eq!(piece, Some(Piece::Begin { tag: Tag::CF, length }));
    }
    for place in 2..HEADER {
        for byte in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
            let mut header = *b"CF123";
            header[place] = byte;
            let piece = FieldScanner::new().next(&mut header.as_slice());
            let fault = Malformed { offset: place, expected: Expected::LengthDigit };
            assert_eq!(piece, Some(Piece::Malformed(fault)));
            assert_eq!(Fields::new(&header[..=place]).read_field(), Scan::Malformed(fault));
        }
    }
}

#[test]
fn what_other_parsers_let_through_is_refused() {
    for length in ["+04", " 04", "-01", "04 ", "4\r\n", "0x4", "1e1", "0.4", "\u{0}04", "00X", "ABC"] {
        let wire = format!("CZ{length}0300");
        assert!(matches!(Fields::new(wire.as_bytes()).read_field(), Scan::Malformed(_)), "{length:?}");
        assert_eq!(number(length.as_bytes()), None, "{length:?}");
    }
    for amount in ["", "+25", "-25", " 25", "25 ", "2 5", "25.0", "2_5", "18446744073709551616", "\u{b2}5"] {
        assert_eq!(number(amount.as_bytes()), None, "{amount:?}");
    }
    assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
    assert_eq!(number(b"000000000000000000000000000005"), Some(5));
    assert_eq!(number(b"0"), Some(0));
}

#[test]
fn a_tag_is_two_capital_letters_of_all_the_pairs_there_are() {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut accepted = 0;
    for first in 0..=255u8 {
        for second in 0..=255u8 {
            let expected = letters.contains(&first) && letters.contains(&second);
            let tag = Tag::new([first, second]);
            assert_eq!(tag.is_some(), expected);
            let header = [first, second, b'0', b'0', b'0'];
            let mut stream = header.as_slice();
            if let Some(tag) = tag {
                accepted += 1;
                assert_eq!(tag.letters(), [first, second]);
                assert_eq!(tag.to_string().as_bytes(), [first, second]);
                assert!(
                    matches!(Fields::new(&header).read_field(), Scan::Field(field) if field.tag() == tag)
                );
                assert_eq!(FieldScanner::new().next(&mut stream), Some(Piece::Begin { tag, length: 0 }));
            } else {
                // The tag is one thing: the fault stands where it begins, whichever letter is wrong.
                let fault = Malformed { offset: 0, expected: Expected::TagLetter };
                assert_eq!(Fields::new(&header).read_field(), Scan::Malformed(fault));
                assert_eq!(Fields::new(&header[..2]).read_field(), Scan::Malformed(fault));
                assert_eq!(FieldScanner::new().next(&mut stream), Some(Piece::Malformed(fault)));
            }
        }
    }
    assert_eq!(accepted, 26 * 26);
}

#[test]
fn a_cut_field_says_where_it_begins_and_what_is_missing() {
    for (bytes, offset, needed) in [
        ("C", 0, 4),
        ("CZ", 0, 3),
        ("CZ0", 0, 2),
        ("CZ00", 0, 1),
        ("CZ004", 0, 4),
        ("CZ004030", 0, 1),
        ("CZ0040300A", 9, 4),
        ("CZ0040300AK999", 9, 999),
        ("CZ000CF0991", 5, 98),
    ] {
        let more = NeedMore { offset, needed };
        let mut fields = Fields::new(bytes.as_bytes());
        while fields.next().is_some() {}
        assert_eq!(fields.read_field(), Scan::NeedMore(more), "{bytes}");
        assert_eq!(fields.offset(), offset, "{bytes}");
        let mut scanner = FieldScanner::new();
        let mut input = bytes.as_bytes();
        while scanner.next(&mut input).is_some() {}
        assert_eq!(scanner.need_more(), more, "{bytes}");
        assert!(!scanner.at_boundary());
        assert_eq!(scanner.open_tag().is_some(), bytes.len() - offset >= 2, "{bytes}");
    }
    assert_eq!(Fields::new(b"").read_field(), Scan::Boundary);
    assert!(FieldScanner::new().at_boundary());
}

#[test]
fn each_character_set_has_its_bytes_and_no_other() {
    let digits: Vec<u8> = (b'0'..=b'9').collect();
    let mut alphanumeric = digits.clone();
    alphanumeric.extend(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    let printable: Vec<u8> = (0x20..0x7f).collect();
    let base64: Vec<u8> = alphanumeric.iter().chain(b"+/= \r\n").copied().collect();
    let fields: Vec<u8> = printable.iter().chain(b"\r\n").copied().collect();
    for (charset, members) in [
        (Charset::Digits, digits),
        (Charset::Alphanumeric, alphanumeric),
        (Charset::Printable, printable),
        (Charset::Base64, base64),
        (Charset::Fields, fields),
    ] {
        for byte in 0..=255 {
            assert_eq!(charset.contains(byte), members.contains(&byte), "{charset:?} {byte:#04x}");
            // Whole values are checked by words: each byte at each place of each length, the others being members.
            for length in 0..=25 {
                for place in 0..length {
                    let mut value = vec![members[0]; length];
                    value[place] = byte;
                    let held = charset.holds(&value);
                    assert_eq!(
                        held,
                        members.contains(&byte),
                        "{charset:?} {byte:#04x} at {place} of {length}"
                    );
                }
            }
        }
    }
}

/// The dictionary once more, copied by hand from the tables of the protocol documents.
const DOCUMENTED: [(&str, usize, usize, Charset, bool); 35] = {
    use Charset::{Alphanumeric as A, Base64, Digits as D, Fields, Printable as P};
    [
        ("AA", 1, 64, P, true),
        ("AB", 4, 4, D, true),
        ("AC", 1, 10, A, false),
        ("AD", 1, 999, P, true),
        ("AE", 2, 2, D, false),
        ("AF", 2, 50, P, false),
        ("AG", 1, 999, P, true),
        ("AH", 1, 999, P, true),
        ("AI", 1, 32, A, false),
        ("AK", 1, 900, Base64, true),
        ("AL", 1, 1, A, false),
        ("AM", 1, 999, P, true),
        ("AN", 1, 999, P, true),
        ("AP", 13, 13, P, false),
        ("AQ", 2, 20, P, false),
        ("BA", 1, 1, D, false),
        ("BB", 1, 1, D, false),
        ("BF", 1, 1, D, false),
        ("BH", 8, 20, D, true),
        ("BI", 6, 256, P, true),
        ("CA", 2, 2, D, false),
        ("CB", 2, 12, D, false),
        ("CC", 3, 3, A, false),
        ("CD", 1, 1, A, false),
        ("CE", 3, 3, D, false),
        ("CF", 1, 99, P, true),
        ("CG", 1, 10, P, false),
        ("CH", 1, 99, P, false),
        ("CI", 1, 1, D, false),
        ("CJ", 12, 12, D, false),
        ("CK", 3, 3, A, false),
        ("CZ", 4, 4, D, false),
        ("ID", 1, 999, P, false),
        ("IM", 1, 999, P, false),
        ("ZT", 1, 999, Fields, true),
    ]
};

#[test]
fn the_dictionary_is_sorted_unique_and_as_documented() {
    assert!(DEFINITIONS.is_sorted_by(|left, right| left.tag < right.tag));
    let rows: Vec<_> = DEFINITIONS
        .iter()
        .map(|row| (row.tag.to_string(), row.least, row.most, row.charset, row.sensitive))
        .collect();
    let expected: Vec<_> = DOCUMENTED
        .map(|(tag, least, most, charset, sensitive)| (tag.to_owned(), least, most, charset, sensitive))
        .into();
    assert_eq!(rows, expected);
    for row in DEFINITIONS {
        assert_eq!(dictionary::find(row.tag), Some(row));
        assert!(!row.name.fr.is_empty() && !row.name.en.is_empty(), "{}", row.tag);
    }
    for stranger in [*b"AJ", *b"OD", *b"ZZ", *b"AO"] {
        assert_eq!(dictionary::find(Tag::new(stranger).unwrap()), None);
    }
}

#[test]
fn the_named_tags_are_the_documented_ones() {
    for (tag, name) in [
        (Tag::AA, "AA"),
        (Tag::AL, "AL"),
        (Tag::AP, "AP"),
        (Tag::CH, "CH"),
        (Tag::ID, "ID"),
        (Tag::IM, "IM"),
        (Tag::ZT, "ZT"),
    ] {
        assert_eq!(tag.to_string(), name);
        assert_eq!(format!("{tag:?}"), name);
    }
}

/// A byte of the set that is not of the next smaller one.
fn sample(charset: Charset) -> u8 {
    match charset {
        Charset::Digits => b'7',
        Charset::Alphanumeric => b'Z',
        Charset::Printable => b'~',
        Charset::Base64 => b'\n',
        Charset::Fields => b'\r',
    }
}

#[test]
fn lengths_are_bounded_on_both_sides_for_every_tag() {
    let mut buffer = [0; HEADER + LONGEST_VALUE];
    for row in DEFINITIONS {
        let (tag, least, most) = (row.tag, row.least, row.most);
        let value = vec![sample(row.charset); LONGEST_VALUE + 1];
        for length in [0, least - 1, least, most, most + 1, LONGEST_VALUE + 1] {
            let value = &value[..length];
            let result = Encoder::new(&mut buffer).field(tag, value);
            let allowed = least <= length && length <= most;
            let refusal = Err(EncodeError::Length { tag, least, most, length });
            assert_eq!(result, if allowed { Ok(()) } else { refusal }, "{tag} {length}");
            assert_eq!(row.allows(value), allowed, "{tag} {length}");
            assert_eq!(row.lengths().contains(&length), allowed, "{tag} {length}");
        }
    }
}

#[test]
fn characters_are_held_to_the_set_at_every_place() {
    let mut buffer = [0; HEADER + LONGEST_VALUE];
    for row in DEFINITIONS {
        let wrong = if row.charset == Charset::Digits { b'A' } else { 0x80 };
        for offset in [0, row.least - 1, row.most - 1] {
            let mut value = vec![sample(row.charset); row.most];
            value[offset] = wrong;
            let result = Encoder::new(&mut buffer).field(row.tag, &value);
            assert_eq!(result, Err(EncodeError::Character { tag: row.tag, offset }));
            assert!(!row.allows(&value));
        }
    }
}

#[test]
fn a_tag_that_nobody_documents_is_held_to_its_structure() {
    let tag = Tag::new(*b"XY").unwrap();
    let mut buffer = [0; 2048];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.field(tag, &[0xff; LONGEST_VALUE]).unwrap();
    encoder.field(tag, b"").unwrap();
    let refusal = EncodeError::Length { tag, least: 0, most: 999, length: 1000 };
    assert_eq!(encoder.field(tag, &[b'1'; 1000]), Err(refusal));
    assert_eq!(encoder.raw(tag, &[b'1'; 1000]), Err(refusal));
    let message = encoder.finish();
    assert_eq!(message.len(), 5 + 999 + 5);
    assert!(message.starts_with(b"XY999\xff") && message.ends_with(b"\xffXY000"));
}

#[test]
fn a_refused_field_leaves_the_buffer_as_it_was() {
    let mut buffer = [b'.'; 16];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.raw(Tag::CA, b"01").unwrap();
    for refused in [
        encoder.raw(Tag::CZ, b"03200"),
        encoder.field(Tag::CZ, b"320"),
        encoder.field(Tag::CZ, b"032A"),
        encoder.number(Tag::CB, 12345, 2),
        encoder.number(Tag::CD, 10, 1),
    ] {
        assert!(refused.is_err());
        assert_eq!(encoder.as_bytes(), b"CA00201");
    }
    encoder.raw(Tag::CZ, b"0320").unwrap();
    assert_eq!(encoder.finish(), b"CA00201CZ0040320");
    assert_eq!(&buffer, b"CA00201CZ0040320");
}

#[test]
fn numbers_are_padded_and_never_cut() {
    let mut buffer = [0; 1100];
    let mut write = |tag, value, width| {
        let mut encoder = Encoder::new(&mut buffer);
        encoder.number(tag, value, width).map(|()| String::from_utf8(encoder.finish().to_vec()).unwrap())
    };
    for (value, width, wire) in [
        (0, 2, "CB00200"),
        (5, 2, "CB00205"),
        (10, 2, "CB00210"),
        (99, 2, "CB00299"),
        (100, 2, "CB003100"),
        (250, 12, "CB012000000000250"),
        (999_999_999_999, 2, "CB012999999999999"),
    ] {
        assert_eq!(write(Tag::CB, value, width).as_deref(), Ok(wire));
    }
    assert_eq!(write(Tag::CB, 1_000_000_000_000, 2), Err(EncodeError::TooLarge(Tag::CB)));
    assert_eq!(write(Tag::CB, u64::MAX, 2), Err(EncodeError::TooLarge(Tag::CB)));
    assert_eq!(write(Tag::CF, u64::MAX, 1).as_deref(), Ok("CF02018446744073709551615"));
    assert_eq!(write(Tag::CF, 7, 99), Ok(format!("CF099{:099}", 7)));
    assert_eq!(write(Tag::CF, 7, 100), Err(EncodeError::TooLarge(Tag::CF)));
    let undocumented = Tag::new(*b"XY").unwrap();
    assert_eq!(write(undocumented, 7, 999), Ok(format!("XY999{:0999}", 7)));
    assert_eq!(write(undocumented, 7, 1000), Err(EncodeError::TooLarge(undocumented)));
    let short = EncodeError::Length { tag: Tag::CB, least: 2, most: 12, length: 1 };
    assert_eq!(write(Tag::CB, 5, 1), Err(short), "too short is not too large");
}

#[test]
fn small_types_read_their_form_and_nothing_else() {
    for wrong in ["", "032", "03200", "032A", " 320", "+320"] {
        assert_eq!(Version::from_value(wrong.as_bytes()), None, "{wrong}");
        assert!(wrong.parse::<Version>().is_err());
    }
    assert_eq!(Version::from_value(b"0300"), Some(Version::V3_00));
    assert_eq!("0320".parse(), Ok(Version::V3_20));
    assert_eq!(Version::V3_20.to_string(), "0320");
    for wrong in ["", "01234567890", "0123456789012", "01234567890A"] {
        assert_eq!(Identifier::from_value(wrong.as_bytes()), None, "{wrong}");
        assert!(wrong.parse::<Identifier>().is_err());
    }
    for wrong in ["", "0B", "00BB", "0-B", "00\u{e9}"] {
        assert_eq!(Application::from_value(wrong.as_bytes()), None, "{wrong}");
    }
    assert_eq!("00B".parse::<Application>().unwrap().as_bytes(), b"00B");
    let error = "x".parse::<Application>().unwrap_err();
    assert_eq!(error.to_string(), "expected an application of three letters or digits, such as 001");
}

#[test]
fn statuses_complements_and_modes_lead_back_to_their_bytes() {
    for (value, status) in [(b"01", Status::NotPerformed), (b"10", Status::Performed), (b"11", Status::Taken)]
    {
        assert_eq!(Status::from_value(value), Some(status));
        assert_eq!(&status.value(), value);
    }
    assert_eq!(Status::from_value(b"00"), Some(Status::Other(*b"00")));
    assert_eq!(Status::Other(*b"99").value(), *b"99");
    for wrong in ["", "1", "100", "010"] {
        assert_eq!(Status::from_value(wrong.as_bytes()), None);
    }
    for wrong in ["", "0", "A1", "1A", "+1", " 1"] {
        assert_eq!(Complement::from_value(wrong.as_bytes()), None, "{wrong}");
    }
    for &refusal in Refusal::ALL {
        let complement = Complement::from_refusal(refusal);
        let has_code = !matches!(refusal, Refusal::Other | Refusal::DecidedNotPaid);
        let expected = if has_code { refusal } else { Refusal::Unspecified };
        assert_eq!(complement.refusal(), Some(expected));
        assert_eq!(Complement::from_value(&complement.code()), Some(complement));
    }
    let code = |value: &[u8]| Complement::from_value(value).and_then(Complement::refusal);
    assert_eq!(code(b"14"), Some(Refusal::Other));
    assert_eq!(code(b"04148HOLDER INVALID          "), Some(Refusal::Refused));
    assert_eq!(code(b"01"), None);
    assert_eq!(Complement::AUTHORISED.code(), *b"01");
    for (value, mode) in (b'0'..).zip(ReadingMode::ALL) {
        assert_eq!(ReadingMode::from_value(&[value]), Some(mode));
        assert_eq!(mode.value(), value);
    }
    for wrong in ["", "5", "00", "A"] {
        assert_eq!(ReadingMode::from_value(wrong.as_bytes()), None);
    }
}

#[test]
fn actions_and_tickets_lead_back_to_their_bytes() {
    for (operation, action, value) in [
        (Operation::Debit, Action::DEBIT, b'0'),
        (Operation::Cheque, Action::DEBIT, b'0'),
        (Operation::Credit, Action::CREDIT, b'1'),
        (Operation::Cancellation, Action::CANCELLATION, b'2'),
    ] {
        assert_eq!(Action::of(operation), action);
        assert_eq!(action.value(), value);
        assert_eq!(Action::from_value(&[value]), Some(action));
    }
    for byte in 0..=255u8 {
        assert_eq!(Action::from_value(&[byte]).is_some(), byte.is_ascii_alphanumeric());
    }
    assert_eq!(Action::from_value(b""), None);
    assert_eq!(Action::from_value(b"00"), None);
    assert_eq!(format!("{:?}", Action::DEBIT), "CD=0");

    let mut asked = 0;
    for value in 0..1000 {
        let text = format!("{value:03}");
        let expected = matches!(text.as_bytes(), [b'0' | b'1', b'0'..=b'2', b'0' | b'1']);
        let read = TicketRequest::from_value(text.as_bytes());
        assert_eq!(read.is_some(), expected, "{text}");
        assert_eq!(read.flatten().is_some(), expected && text.starts_with('1'), "{text}");
        if let Some(Some(request)) = read {
            asked += 1;
            assert_eq!(request.value(), text.as_bytes());
        }
    }
    assert_eq!(asked, 6);
    for wrong in ["", "10", "1000", "1A0", "10 "] {
        assert_eq!(TicketRequest::from_value(wrong.as_bytes()), None);
    }
    assert_eq!(TicketRequest::CUSTOMER_TEXT.value(), *b"100");
}

#[test]
fn errors_say_where_and_what() {
    let malformed = |bytes: &[u8]| caisse_codec::Message::decode(bytes).unwrap_err().to_string();
    assert_eq!(malformed(b"CZ0040300AE00X10"), "offset 13: expected one of the three digits of a length");
    assert_eq!(malformed(b"CZ0040300a"), "offset 9: expected a tag of two letters A-Z");
    assert_eq!(malformed(b"CZ0040300AE0021"), "offset 9: the field is cut, at least 1 more byte(s) needed");
    assert_eq!(malformed(b""), "offset 0: the field is cut, at least 5 more byte(s) needed");
    for (error, text) in [
        (EncodeError::NoRoom(Tag::ZT), "the buffer is too small for field ZT"),
        (
            EncodeError::Length { tag: Tag::AK, least: 1, most: 675, length: 0 },
            "field AK: expected 1 to 675 bytes, got 0",
        ),
        (
            EncodeError::Character { tag: Tag::BH, offset: 3 },
            "field BH: byte 3 of the value is not in its character set",
        ),
        (EncodeError::TooLarge(Tag::CB), "field CB: the value is too large"),
        (EncodeError::ZeroAmount, "the amount must be more than zero"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
