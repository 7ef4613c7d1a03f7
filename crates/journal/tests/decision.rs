//! Decisions: who and why are for people, and hold nothing personal about a customer.

use caisse_journal::{Decision, DecisionError, Paid};
use caisse_payment::{Amount, Currency};
use proptest::prelude::*;

fn because(text: &str) -> Result<Decision, DecisionError> {
    let by = Decision::new(Paid::NotPaid, text, "no ticket");
    let because = Decision::new(Paid::NotPaid, "Camille", text);
    assert_eq!(by.as_ref().err(), because.as_ref().err(), "both texts have the same rules");
    because
}

#[test]
fn texts_are_one_to_two_hundred_printable_characters() {
    for text in ["a", "Zoé", "n° 12 ; 25,00 € : « vu »", "@home", "@@", "ticket 0674", &"é".repeat(200)]
    {
        assert_eq!(because(text).unwrap().because(), text);
    }
    for (text, length) in [("", 0), (" ", 1), ("\u{a0}\u{2009}", 2), (&*"é".repeat(201), 201)] {
        assert_eq!(because(text), Err(DecisionError::Length { length }), "{text:?}");
    }
    for text in [
        "a\nb",
        "a\tb",
        "\u{0}",
        "a\u{7f}",
        "a\u{85}b",
        "\u{1b}[2J",
        "a\u{200b}b",
        "a\u{202e}b",
        "a\u{2028}b",
        "a\u{2066}b",
        "\u{feff}a",
        "a\u{ad}b",
        "\u{fffd}",
    ] {
        assert_eq!(because(text), Err(DecisionError::NotPrintable), "{text:?}");
    }
}

#[test]
fn personal_data_is_refused_and_not_repeated() {
    for text in [
        "4970101234123457",
        "card 4970 1012 3412 3457 seen",
        "4970-1012-3412-3457",
        "4970\u{a0}1012\u{a0}3412\u{a0}3457",
        "4970\u{202f}1012  3412 3457",
        "jean@example.com",
        "from jean@example.com, by telephone",
        "@jean@example.com",
        "a@b",
    ] {
        let error = because(text).unwrap_err();
        assert_eq!(error, DecisionError::Personal, "{text:?}");
        assert!(!error.to_string().contains(text));
    }
}

#[test]
fn nothing_paid_is_not_paid() {
    let paid = |minor| Decision::new(Paid::Paid(Amount::from_minor(minor, Currency::EUR)), "Camille", "seen");
    assert_eq!(paid(0), Err(DecisionError::ZeroAmount));
    assert!(paid(1).is_ok());
}

proptest! {
    #[test]
    fn what_is_accepted_is_kept_as_it_is(text in "\\PC{1,40}") {
        if let Ok(decision) = because(&text) {
            prop_assert_eq!(decision.because(), &text);
            prop_assert!(!caisse_payment::holds_card_number(&text));
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(!text.trim().is_empty());
        }
    }
}
