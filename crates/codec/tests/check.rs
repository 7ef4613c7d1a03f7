//! Faults of meaning, in the words of the vectors.

use caisse_codec::check::{Fault, faults, first_fault_of_order};
use caisse_codec::{Message, Tag};

fn words(wire: &str) -> Vec<String> {
    faults(Message::decode(wire.as_bytes()).expect(wire)).map(|fault| fault.to_string()).collect()
}

#[test]
fn each_fault_has_its_words() {
    for (wire, expected) in [
        ("CZ0040300CB0042500", &[] as &[&str]),
        ("CA0011", &["length:CA=1"]),
        ("CA003001", &["length:CA=3"]),
        ("CB000", &["zero-length:CB"]),
        ("ZZ003new", &["undocumented-tag:ZZ"]),
        ("ZZ000", &["undocumented-tag:ZZ"]),
        ("CZ0040300CZ0040300", &["duplicate:CZ"]),
        (
            "CZ0040300CA0011CZ003300CA0011CA00201",
            &["length:CA=1", "duplicate:CZ", "length:CZ=3", "duplicate:CA", "length:CA=1", "duplicate:CA"],
        ),
        ("ZZ001aZZ001a", &["undocumented-tag:ZZ", "duplicate:ZZ", "undocumented-tag:ZZ"]),
        ("ZT017CK003100AK0040sjY", &[]),
        ("ZT016CK003100AK0040sj", &["ZT-inner-structure"]),
        ("ZT004CK0?", &["ZT-inner-structure"]),
        ("ZT001x", &["ZT-inner-structure"]),
        ("AK0040sjY", &[]),
    ] {
        assert_eq!(words(wire), expected, "{wire}");
    }
}

#[test]
fn the_version_comes_first() {
    let first = |wire: &str| first_fault_of_order(Message::decode(wire.as_bytes()).unwrap());
    assert_eq!(first("CZ0040300CA00201"), None);
    assert_eq!(first("CA00201CZ0040300"), Some(Fault::FirstTagNotVersion));
    assert_eq!(Fault::FirstTagNotVersion.to_string(), "first-tag-not-CZ");
    assert_eq!(first_fault_of_order(Message::read(b"").0), None);
    assert_eq!(faults(Message::read(b"").0).count(), 0);
    assert_eq!(Fault::Length(Tag::CA, 1).to_string(), "length:CA=1");
}
