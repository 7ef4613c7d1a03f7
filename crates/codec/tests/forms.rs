//! Every documented tag read in an answer at every length that matters, with strangers at every place of its value:
//! whether a field is as documented is found several bytes at a time, and must be what its definition says.

use caisse_codec::Answer;
use caisse_codec::dictionary::{Charset, DEFINITIONS, Definition};

/// A byte of the set, which differs from place to place.
fn member(charset: Charset, place: usize) -> u8 {
    let members: &[u8] = match charset {
        Charset::Digits => b"0918273645",
        Charset::Alphanumeric => b"0Az9Za5mQ",
        Charset::Printable => b" ~0Az{@/:[`",
        Charset::Base64 => b"0Az+/= \r\n9",
        Charset::Fields => b" ~\r\n0Az{@/",
    };
    members[place % members.len()]
}

/// Lengths around all bounds of words and of the definition.
fn lengths(row: &Definition) -> impl Iterator<Item = usize> {
    let around = [row.least.saturating_sub(1), row.most.saturating_sub(1), row.most, row.most + 1];
    (0..=34).chain(around.into_iter().filter(|length| (35..=999).contains(length)))
}

/// Asks for a field of this value with something behind it or nothing; both ways of reading must be right.
fn check(row: &Definition, value: &[u8], expected: bool) {
    for behind in [&b""[..], b"CD0010", b"CZ0040300", b"ZZ000"] {
        // The last two are other tags, unless it is theirs that is asked for.
        let field = [format!("{}{:03}", row.tag, value.len()).as_bytes(), value].concat();
        let bytes = [&field, behind].concat();
        let answer = Answer::decode(&bytes).expect("whole fields");
        assert_eq!(answer.is_documented(row.tag), Some(expected), "{} {value:?} before {behind:?}", row.tag);
        assert_eq!(answer.is_all_documented(), expected, "{} {value:?} before {behind:?}", row.tag);
    }
}

#[test]
fn a_field_is_documented_when_its_definition_says_so() {
    let mut departing = 0;
    for row in DEFINITIONS {
        for length in lengths(row) {
            let value: Vec<u8> = (0..length).map(|place| member(row.charset, place)).collect();
            let fits = row.lengths().contains(&length);
            check(row, &value, fits);
            // Of long values only the ends, beside every place that a word may begin or end at.
            let places = (0..length).filter(|place| *place < 34 || length - place < 18);
            for place in places {
                for stranger in [0x00, b'/', b':', b'@', b'[', b'`', b'{', 0x1F, 0x7F, 0x80, 0xB5, 0xFF] {
                    let mut value = value.clone();
                    value[place] = stranger;
                    let expected = fits && row.charset.contains(stranger);
                    check(row, &value, expected);
                    departing += usize::from(!expected);
                }
                // Two strangers that stand in the same place of two words, and cancel out where they should add up.
                if let Some(other) = [8, 9].into_iter().map(|words| place + words).find(|it| *it < length) {
                    let mut value = value.clone();
                    (value[place], value[other]) = (0x80, 0x80);
                    check(row, &value, false);
                }
            }
        }
    }
    assert!(departing > 100_000, "{departing}");
}
