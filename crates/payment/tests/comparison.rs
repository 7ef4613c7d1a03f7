//! Values from outside, compared in both directions.

use caisse_payment::{AuthorisationNumber, Comparison, ContractNumber, Reference, SerialNumber};
use proptest::prelude::*;

#[test]
fn equal_to_the_letter_is_the_same_and_nothing_else_is() {
    for (one, other, expected) in [
        ("012345", "012345", Comparison::Same),
        ("1", "1", Comparison::Same),
        ("A1", "A1", Comparison::Same),
        ("012345", "12345", Comparison::Unclear),
        ("12345 ", "12345", Comparison::Unclear),
        (" 0012345", "12345", Comparison::Unclear),
        ("abc123", "ABC123", Comparison::Unclear),
        ("12 345", "12345", Comparison::Unclear),
        ("000000", "000000", Comparison::Unclear),
        ("000000", "012345", Comparison::Unclear),
        ("      ", "      ", Comparison::Unclear),
        ("0", "1", Comparison::Unclear),
        ("012345", "123450", Comparison::Differs),
        ("12345", "12346", Comparison::Differs),
        ("100", "1", Comparison::Differs),
        ("A1", "B1", Comparison::Differs),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            assert_eq!(Comparison::between(one, other), expected, "{one:?} and {other:?}");
            assert_eq!(expected.may_be_same(), expected != Comparison::Differs);
        }
    }
    assert_eq!(Comparison::between("", ""), Comparison::Unclear);
    assert_eq!(Comparison::between("", "1"), Comparison::Unclear);
}

#[test]
fn every_identifier_that_a_terminal_reports_is_compared_so() {
    fn compare<T: std::str::FromStr<Err: std::fmt::Debug>>(
        compare: fn(&T, &T) -> Comparison,
    ) -> [Comparison; 3] {
        let value = |text: &str| text.parse::<T>().unwrap();
        ["0123", "123", "124"].map(|other| compare(&value("0123"), &value(other)))
    }
    let expected = [Comparison::Same, Comparison::Unclear, Comparison::Differs];
    assert_eq!(compare(AuthorisationNumber::compare), expected);
    assert_eq!(compare(ContractNumber::compare), expected);
    assert_eq!(compare(SerialNumber::compare), expected);
    assert_eq!(compare(Reference::compare), expected);
}

proptest! {
    /// Blanks, leading zeros and capitals never make another value of one.
    #[test]
    fn another_form_never_differs(text in "[1-9A-Z][0-9A-Z]{0,7}", zeros in 0usize..4, blanks in 0usize..3) {
        let form = format!("{}{}{}", "0".repeat(zeros), text.to_lowercase(), " ".repeat(blanks));
        prop_assert_ne!(Comparison::between(&text, &form), Comparison::Differs);
        prop_assert_eq!(Comparison::between(&text, &text), Comparison::Same);
    }

    #[test]
    fn neither_side_comes_first(one in "[ -~]{0,8}", other in "[ -~]{0,8}") {
        prop_assert_eq!(Comparison::between(&one, &other), Comparison::between(&other, &one));
    }
}
