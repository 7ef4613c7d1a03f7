//! The codec's two walkers, told in the words of the oracle.

use caisse_codec::{Expected, FieldScanner, Fields, Malformed, NeedMore, Piece, Scan};

use super::nom_spine::{End, RawField, Walk};

fn malformed(fault: Malformed) -> End {
    End::Malformed { offset: fault.offset, letter: fault.expected == Expected::TagLetter }
}

fn need_more(more: NeedMore) -> End {
    End::NeedMore { offset: more.offset, needed: more.needed }
}

/// The walk over a slice.
pub(crate) fn slice(bytes: &[u8]) -> Walk {
    let mut walker = Fields::new(bytes);
    let mut fields = Vec::new();
    let end = loop {
        match walker.read_field() {
            Scan::Field(field) => fields.push(RawField {
                offset: field.offset(),
                tag: field.tag().letters(),
                value: field.value().to_vec(),
            }),
            Scan::Boundary => break End::Boundary,
            Scan::NeedMore(more) => break need_more(more),
            Scan::Malformed(fault) => break malformed(fault),
        }
    };
    assert_eq!(walker.next(), None, "what is no field stays no field");
    Walk { fields, end }
}

/// The scanner over a stream that comes in these pieces.
pub(crate) fn scanner<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Walk {
    let mut scanner = FieldScanner::new();
    let mut fields: Vec<RawField> = Vec::new();
    let mut open = None;
    for mut piece in pieces {
        loop {
            let before = piece.len();
            match scanner.next(&mut piece) {
                Some(Piece::Begin { tag, length }) => {
                    assert_eq!(open, None, "a field begins inside another");
                    assert_eq!(scanner.open_tag(), Some(tag));
                    open = Some(length);
                    let offset = scanner.need_more().offset;
                    fields.push(RawField { offset, tag: tag.letters(), value: Vec::new() });
                }
                Some(Piece::Value(value)) => {
                    assert!(!value.is_empty() && value.len() <= before);
                    fields.last_mut().unwrap().value.extend_from_slice(value);
                }
                Some(Piece::End) => {
                    assert_eq!(open.take(), fields.last().map(|field| field.value.len()));
                    assert!(scanner.at_boundary() && scanner.open_tag().is_none());
                }
                Some(Piece::Malformed(fault)) => {
                    assert!(!scanner.at_boundary());
                    let again = scanner.next(&mut piece);
                    assert_eq!(again, Some(Piece::Malformed(fault)), "the scanner stays at a fault");
                    return Walk { fields, end: malformed(fault) };
                }
                None => break,
            }
        }
        assert!(piece.is_empty(), "bytes left behind without a fault");
    }
    if open.is_some() {
        fields.pop();
    }
    let end = if scanner.at_boundary() { End::Boundary } else { need_more(scanner.need_more()) };
    Walk { fields, end }
}
