//! Speed and form of a character, as text and back.

use caisse_link::serial::{Baud, DataBits, LineSettings, LineSettingsError, Parity, StopBits};
use core::time::Duration;
use proptest::prelude::*;

fn every() -> impl Iterator<Item = LineSettings> {
    Baud::ALL.into_iter().flat_map(|baud| {
        [DataBits::Seven, DataBits::Eight].into_iter().flat_map(move |data_bits| {
            [Parity::None, Parity::Even, Parity::Odd].into_iter().flat_map(move |parity| {
                [StopBits::One, StopBits::Two].map(|stop_bits| LineSettings {
                    baud,
                    data_bits,
                    parity,
                    stop_bits,
                })
            })
        })
    })
}

#[test]
fn every_setting_is_read_as_it_was_written() {
    let mut texts = std::collections::HashSet::new();
    for settings in every() {
        let text = settings.to_string();
        assert_eq!(text.parse(), Ok(settings));
        assert_eq!(text.to_uppercase().replace("BAUD", "baud").replace("LINE", "line").parse(), Ok(settings));
        assert!(texts.insert(text));
    }
    assert_eq!(texts.len(), 96);
    assert_eq!(LineSettings::RS232, LineSettings::default());
    assert_eq!(LineSettings::RS232.to_string(), "baud=9600&line=7e1");
    assert_eq!(LineSettings::USB.to_string(), "baud=9600&line=8n1");
}

#[test]
fn parts_are_optional_and_in_any_order() {
    assert_eq!("".parse(), Ok(LineSettings::default()));
    assert_eq!("line=8n1".parse(), Ok(LineSettings::USB));
    let fast = LineSettings { baud: Baud::B115200, ..LineSettings::USB };
    assert_eq!("line=8n1&baud=115200".parse(), Ok(fast));
}

#[test]
fn what_is_wrong_is_named() {
    use LineSettingsError as Error;
    for (text, error) in [
        ("baud=9601", Error::Baud),
        ("baud=", Error::Baud),
        ("baud=+9600", Error::Baud),
        ("baud=09600", Error::Baud),
        ("baud=9600 ", Error::Baud),
        ("baud=99999999999", Error::Baud),
        ("line=9e1", Error::Line),
        ("line=7x1", Error::Line),
        ("line=7e3", Error::Line),
        ("line=7e", Error::Line),
        ("line=7e11", Error::Line),
        ("line=é1", Error::Line),
        ("line=", Error::Line),
        ("speed=9600", Error::Key { part: 1 }),
        ("baud=9600&", Error::Key { part: 2 }),
        ("&", Error::Key { part: 1 }),
        ("line=7e1&baud", Error::Key { part: 2 }),
        ("Baud=9600", Error::Key { part: 1 }),
        ("baud=9600&line=7e1&baud=9600", Error::Twice { part: 3 }),
        ("line=7e1&line=7e1", Error::Twice { part: 2 }),
    ] {
        assert_eq!(text.parse::<LineSettings>(), Err(error), "{text}");
        assert!(error.to_string().contains(if matches!(error, Error::Twice { .. }) {
            "twice"
        } else {
            "expected"
        }));
    }
}

#[test]
fn bytes_take_their_time() {
    for settings in every() {
        let bits = u32::from(settings.data_bits == DataBits::Eight)
            + u32::from(settings.parity != Parity::None)
            + u32::from(settings.stop_bits == StopBits::Two)
            + 1
            + 7
            + 1;
        assert_eq!(settings.bits_per_character(), bits);
        let second = settings.baud.bits_per_second() / bits;
        let time = settings.time_of(second as usize);
        assert!(time <= Duration::from_secs(1) && time > Duration::from_millis(980), "{settings}: {time:?}");
        assert_eq!(settings.time_of(0), Duration::ZERO);
        assert!(settings.time_of(usize::MAX) > Duration::from_secs(1_000_000));
    }
    // 1200 bits a second and ten to a character.
    let slow = LineSettings { baud: Baud::B1200, ..LineSettings::RS232 };
    assert_eq!(slow.time_of(120), Duration::from_secs(1));
    assert_eq!(Baud::from_bits_per_second(300), None);
}

proptest! {
    #[test]
    fn no_text_is_read_as_something_that_it_is_not(text in "[a-z0-9&=]{0,24}") {
        if let Ok(settings) = text.parse::<LineSettings>() {
            for part in text.split('&').filter(|part| !part.is_empty()) {
                prop_assert!(settings.to_string().contains(part));
            }
        }
    }
}
