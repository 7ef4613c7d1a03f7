//! The table of currencies against the crate that keeps it up.

use caisse_payment::Currency;
use iso_currency::IntoEnumIterator;

fn reference() -> Vec<(String, u16, u8)> {
    let mut rows: Vec<_> = iso_currency::Currency::iter()
        .filter_map(|currency| {
            let exponent = u8::try_from(currency.exponent()?).ok()?;
            matches!(exponent, 0 | 2 | 3).then(|| (currency.code().to_owned(), currency.numeric(), exponent))
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn the_table_is_the_one_of_iso_currency() {
    let ours: Vec<_> = Currency::all()
        .map(|currency| (currency.code().to_owned(), currency.numeric(), currency.exponent()))
        .collect();
    assert_eq!(ours, reference());
    assert!(ours.len() > 150);
}

#[test]
fn every_currency_is_found_by_code_and_by_number() {
    for currency in Currency::all() {
        assert_eq!(Currency::from_code(currency.code()), Some(currency));
        assert_eq!(Currency::from_numeric(currency.numeric()), Some(currency));
    }
    for stranger in ["", "eur", "EURO", "XXX", "CLF", "ZZZ", "978"] {
        assert_eq!(Currency::from_code(stranger), None, "{stranger}");
    }
    assert_eq!(Currency::from_numeric(0), None);
    assert_eq!(Currency::from_numeric(999), None);
}
