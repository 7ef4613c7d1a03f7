//! Whatever stands in a file: no panic, and an error that says where. Whatever a dialect is made of: it reads back.

use std::time::Duration;

use caisse::configuration::{ConfigurationError, Shop, read_dialect, write_dialect};
use caisse::{Dialect, Duplicata, OptionalFields};
use caisse_codec::wire::Generation;
use caisse_link::Limits;
use caisse_link::serial::{Baud, DataBits, LineSettings, Parity, StopBits};
use caisse_transaction::{RefusedMessage, Trailer};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const SHOP: &str = "journal = \"j\"\n[defaults]\ndialect = \"nepting\"\nregister = \"01\"\n[terminals.a]\n\
                    address = \"tcp://h:1\"\nexclusive = true\nipc = \"123456789012\"\n[terminals.b]\n\
                    address = \"serial:COM3?baud=1200\"\n";

/// An error points into the text.
fn points(error: &ConfigurationError, bytes: &[u8]) {
    let (line, column) = (error.line().unwrap(), error.column().unwrap());
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    assert!(line >= 1 && line <= lines.len(), "{error}");
    assert!(column >= 1 && column <= lines[line - 1].len() + 1, "{error}");
    assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
}

fn try_both(bytes: &[u8]) {
    if let Err(error) = read_dialect(bytes, "x".as_ref()) {
        points(&error, bytes);
    }
    if let Err(error) = Shop::read(bytes, "x".as_ref()) {
        points(&error, bytes);
    }
}

/// Something that looks like TOML: pieces in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "base",
        "generation",
        "terminals",
        "defaults",
        "a",
        "address",
        "dialect",
        "session",
        "line",
        "answer",
        "quiet_ms",
        "=",
        ".",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        "\n",
        " ",
        "\"",
        "'",
        "\"nepting\"",
        "\"\"\"",
        "\"tcp://h\"",
        "\"x.toml\"",
        "300",
        "-1",
        "0x1F",
        "1e9",
        "inf",
        "nan",
        "true",
        "1979-05-27",
        "07:32:00",
        "#",
        "é",
        "\\u001b",
        "\u{0}",
        "\r",
        "\r\n",
    ]);
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn millis(least: u64, most: u64) -> impl Strategy<Value = Duration> {
    (least..=most).prop_map(Duration::from_millis)
}

fn line() -> impl Strategy<Value = LineSettings> {
    (
        select(Baud::ALL.to_vec()),
        select(vec![DataBits::Seven, DataBits::Eight]),
        select(vec![Parity::None, Parity::Even, Parity::Odd]),
        select(vec![StopBits::One, StopBits::Two]),
    )
        .prop_map(|(baud, data_bits, parity, stop_bits)| LineSettings {
            baud,
            data_bits,
            parity,
            stop_bits,
        })
}

prop_compose! {
    fn message()(
        generation in select(Generation::ALL.to_vec()),
        version in "03[0-9]{2}",
        amount_digits in 2_u8..=12,
        trailer in select(vec![Trailer::Nothing, Trailer::LineEnd]),
        [partial, application, ticket, reference, report] in any::<[bool; 5]>(),
        duplicata in select(vec![
            Duplicata::Nothing, Duplicata::TicketOnly, Duplicata::Fields, Duplicata::Unverified,
        ]),
        refused_message in select(vec![RefusedMessage::Nothing, RefusedMessage::Refusal]),
    ) -> Dialect {
        let three = generation == Generation::Concert3;
        Dialect {
            generation,
            version: version.parse().unwrap(),
            amount_digits,
            trailer,
            optional: OptionalFields {
                partial: partial && three,
                application: application && three,
                ticket: ticket && generation != Generation::EPlus,
                reference,
            },
            report,
            duplicata: if three { duplicata } else { Duplicata::Nothing },
            refused_message,
            ..Dialect::PAYXPRESS
        }
    }
}

prop_compose! {
    fn dialect()(
        base in message(),
        quiet in millis(200, 10_000),
        patience in millis(10_000, 60_000),
        longest in 2_550_usize..=65_536,
        longest_transaction in millis(180_000, 3_600_000),
        line in line(),
        flags in any::<[bool; 5]>(),
        (attempts, bad_frames) in (1_u8..=4, 1_u8..=10),
        times in (
            millis(0, 5_000), millis(200, 30_000), millis(0, 30_000), millis(200, 30_000), millis(1_000, 120_000),
            millis(1_000, 120_000), millis(200, 30_000), millis(0, 1_000), millis(500, 60_000),
            millis(245_000, 300_000),
        ),
    ) -> Dialect {
        let mut dialect = Dialect { answer: Limits { quiet, patience, longest }, longest_transaction, ..base };
        let session = &mut dialect.session;
        session.line = line;
        [
            session.tolerance.parity_bits,
            session.tolerance.line_feeds,
            session.rules.ends_failed_attempts,
            session.rules.ends_delivered,
            session.rules.ends_undelivered,
        ] = flags;
        (session.rules.attempts, session.rules.bad_frames) = (attempts, bad_frames);
        let timers = &mut session.timers;
        (
            timers.clear, timers.enquiry, timers.pause, timers.receipt, timers.message, timers.frame, timers.end,
            timers.turn_round, timers.send, timers.opening,
        ) = times;
        dialect
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        try_both(&bytes);
    }

    #[test]
    fn any_pieces(text in pieces()) {
        try_both(text.as_bytes());
    }

    #[test]
    fn a_good_file_with_any_byte_changed_or_cut(
        dialect in select(Dialect::ALL.to_vec()),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        shop in any::<bool>(),
    ) {
        let text = if shop { SHOP.to_owned() } else { write_dialect(&dialect).unwrap() };
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        try_both(&bytes[..at]);
        bytes[at] = byte;
        try_both(&bytes);
        bytes.remove(at);
        try_both(&bytes);
    }

    #[test]
    fn every_dialect_within_the_bounds_reads_back(dialect in dialect()) {
        let text = write_dialect(&dialect).expect("within the bounds");
        let read = read_dialect(text.as_bytes(), "x".as_ref());
        prop_assert_eq!(read, Ok(Dialect { name: "custom", ..dialect }));
    }
}

#[test]
fn tables_without_end_are_refused() {
    for piece in ["a.", "[", "{a=", "[[", "a=[", "[a."] {
        try_both(piece.repeat(20_000).as_bytes());
    }
    assert!(Shop::read(SHOP.as_bytes(), "x".as_ref()).is_ok());
}
