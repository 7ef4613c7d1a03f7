//! Nothing that could identify a card holder prints by accident.

use caisse_payment::receipt::{Copy, Format};
use caisse_payment::{
    Card, IdentifierError, Receipt, Reference, Sensitive, TransactionId, holds_card_number,
};
use proptest::prelude::*;

const PAN: &str = "4970101234123457";

#[test]
fn numbers_are_masked_by_their_length() {
    for (raw, masked) in [
        ("4970101234123457", "497010******3457"),
        ("4970101234123457123", "497010*********7123"),
        ("497010123412345", "***********2345"),
        ("49701", "*9701"),
        ("4970", "****"),
        ("1", "*"),
        ("", ""),
        ("497010######1234", "497010######1234"),
        ("************0674", "************0674"),
        ("XXXXXXXXXXXX2897", "XXXXXXXXXXXX2897"),
        ("xxxx xxxx 0674", "XXXX*XXXX*0674"),
        ("\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}", "******"),
    ] {
        assert_eq!(Card::from_raw(raw.as_bytes()).masked(), masked, "{raw}");
    }
    assert_eq!(Card::from_raw(b"************067*").last_four(), None);
    assert_eq!(Card::from_raw(b"067").last_four(), None);
    assert_eq!(Card::from_raw(&[b'9'; 100]).masked().len(), 64);
}

#[test]
fn debug_and_json_show_nothing_of_a_card_or_a_ticket() {
    let card = Card::from_raw(PAN.as_bytes());
    let receipt = Receipt::new(Copy::Customer, Format::Text, PAN.to_owned());
    let shown = format!("{card:?} {receipt:?} {:?} {0}", Sensitive::new(PAN));
    assert!(!shown.contains("3457") && !shown.contains("4970"), "{shown}");
    assert!(shown.contains("[redacted]"));
    assert_eq!(receipt.text(), PAN);
}

#[cfg(feature = "serde")]
#[test]
fn json_shows_nothing_of_a_card() {
    let json = serde_json::to_string(&(Card::from_raw(PAN.as_bytes()), Sensitive::new(PAN))).unwrap();
    assert_eq!(json, r#"["[redacted]","[redacted]"]"#);
}

#[test]
fn references_that_look_personal_are_refused_without_being_repeated() {
    for text in [PAN, "order 7 4970 1012 3412 3457", "4970-1012-3412-3457", "jean@example.com", "a@b"] {
        let error = text.parse::<Reference>().unwrap_err();
        assert_eq!(error, IdentifierError::Personal);
        assert!(!error.to_string().contains(text));
    }
    for text in ["order 7", "@home", "2026-11-23 0001", "497010123412345", "table @"] {
        assert!(text.parse::<Reference>().is_ok(), "{text}");
    }
    // A key made by counting must not be refused by chance.
    assert!(PAN.parse::<TransactionId>().is_ok());
}

#[test]
fn luhn_knows_real_numbers() {
    for number in
        ["4970101234123457", "5017677122000675", "378282246310005", "4222222222222", "6304000000000000000"]
    {
        let luhn = number.bytes().rev().enumerate().fold(0, |sum, (place, digit)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            sum + digit / 10 + digit % 10
        }) % 10
            == 0;
        assert_eq!(holds_card_number(number), luhn, "{number}");
    }
    assert!(holds_card_number("4222222222222"));
    assert!(holds_card_number("378282246310005"));
    assert!(!holds_card_number("378282246310006"));
    assert!(!holds_card_number("42222222222225370000000000000"));
}

proptest! {
    #[test]
    fn at_most_ten_digits_of_a_card_survive(digits in "[0-9]{1,64}") {
        let card = Card::from_raw(digits.as_bytes());
        let shown = card.masked().bytes().filter(u8::is_ascii_digit).count();
        let expected = match digits.len() { 0..=4 => 0, 5..=15 => 4, _ => 10 };
        prop_assert_eq!(shown, expected);
        prop_assert!(!holds_card_number(card.masked()));
    }

    #[test]
    fn the_search_agrees_with_a_naive_one_on_single_runs(digits in "[0-9]{0,25}") {
        let sum: u32 = digits.bytes().rev().enumerate().map(|(place, digit)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            digit / 10 + digit % 10
        }).sum();
        let naive = (13..=19).contains(&digits.len()) && sum.is_multiple_of(10);
        prop_assert_eq!(holds_card_number(&digits), naive);
        prop_assert_eq!(holds_card_number(&format!("x{digits}y")), naive);
    }
}
