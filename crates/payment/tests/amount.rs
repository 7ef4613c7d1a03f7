//! Amounts: exact, strict, reversible.

use caisse_payment::{Amount, AmountError, Currency};
use proptest::prelude::*;

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

fn parse(text: &str, code: &str) -> Result<u64, AmountError> {
    Amount::parse(text, currency(code)).map(Amount::minor)
}

#[test]
fn decimal_text_is_read_by_the_decimals_of_the_currency() {
    for (text, code, minor) in [
        ("25.00", "EUR", 2500),
        ("25", "EUR", 2500),
        ("25.5", "EUR", 2550),
        ("0.01", "EUR", 1),
        ("0", "EUR", 0),
        ("0.00", "EUR", 0),
        ("007.10", "EUR", 710),
        ("1500", "JPY", 1500),
        ("1.234", "TND", 1234),
        ("1.2", "TND", 1200),
        ("184467440737095516.15", "EUR", u64::MAX),
    ] {
        assert_eq!(parse(text, code), Ok(minor), "{text} {code}");
    }
}

#[test]
fn anything_else_is_refused_with_its_place() {
    use AmountError as E;
    for (text, code, error) in [
        ("", "EUR", E::NotADigit { offset: 0 }),
        (".", "EUR", E::NotADigit { offset: 0 }),
        (".5", "EUR", E::NotADigit { offset: 0 }),
        ("5.", "EUR", E::NotADigit { offset: 2 }),
        ("5..0", "EUR", E::NotADigit { offset: 2 }),
        ("5.0.0", "EUR", E::NotADigit { offset: 3 }),
        ("1e3", "EUR", E::NotADigit { offset: 1 }),
        ("+1", "EUR", E::NotADigit { offset: 0 }),
        (" 1", "EUR", E::NotADigit { offset: 0 }),
        ("1 ", "EUR", E::NotADigit { offset: 1 }),
        ("1\u{0660}", "EUR", E::NotADigit { offset: 1 }),
        ("0x10", "EUR", E::NotADigit { offset: 1 }),
        ("-1", "EUR", E::Negative),
        ("1-", "EUR", E::NotADigit { offset: 1 }),
        ("12,50", "EUR", E::Comma { offset: 2 }),
        ("12.345", "EUR", E::TooManyDecimals { offset: 5, decimals: 2 }),
        ("12.000", "EUR", E::TooManyDecimals { offset: 5, decimals: 2 }),
        ("12.5", "JPY", E::TooManyDecimals { offset: 2, decimals: 0 }),
        ("1.2345", "TND", E::TooManyDecimals { offset: 5, decimals: 3 }),
        ("184467440737095516.16", "EUR", E::TooLarge),
        ("184467440737095517", "EUR", E::TooLarge),
        ("99999999999999999999999999", "EUR", E::TooLarge),
    ] {
        assert_eq!(parse(text, code), Err(error), "{text:?} {code}");
    }
}

#[test]
fn every_amount_of_a_shop_survives_the_way_through_text() {
    for minor in 1..=99_999 {
        let amount = Amount::from_minor(minor, Currency::EUR);
        let text = format!("{}.{:02}", minor / 100, minor % 100);
        assert_eq!(amount.decimal().to_string(), text);
        assert_eq!(Amount::parse(&text, Currency::EUR), Ok(amount));
    }
}

#[test]
fn sums_and_differences_are_checked() {
    let euros = |minor| Amount::from_minor(minor, Currency::EUR);
    let yen = Amount::from_minor(1, currency("JPY"));
    assert_eq!(euros(5).checked_sub(euros(2)), Some(euros(3)));
    assert_eq!(euros(2).checked_sub(euros(5)), None);
    assert_eq!(euros(5).checked_sub(yen), None);
    assert_eq!(euros(5).checked_add(euros(2)), Some(euros(7)));
    assert_eq!(euros(5).checked_add(yen), None);
    assert_eq!(euros(u64::MAX).checked_add(euros(1)), None);
}

proptest! {
    #[test]
    fn text_and_back_in_every_currency(minor: u64, row in 0usize..150) {
        let amount = Amount::from_minor(minor, Currency::all().nth(row).unwrap());
        prop_assert_eq!(Amount::parse(&amount.decimal().to_string(), amount.currency()), Ok(amount));
    }

    #[test]
    fn no_text_panics_and_errors_point_into_it(text in "\\PC{0,30}") {
        for code in ["EUR", "JPY", "TND"] {
            match Amount::parse(&text, currency(code)) {
                Ok(_) | Err(AmountError::Negative | AmountError::TooLarge) => {}
                Err(AmountError::NotADigit { offset }
                    | AmountError::Comma { offset }
                    | AmountError::TooManyDecimals { offset, .. }) => prop_assert!(offset <= text.len()),
            }
        }
    }
}
