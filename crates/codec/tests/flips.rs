//! Every single bit of a frame turned over: it ends in a refusal, in a receiver that waits until its time is over, or in
//! a shorter body whose verdict is not contrary to the original's. What is left is counted and explained.
//!
//! A flip inside the frame changes the exclusive or by itself, so that it cannot go unseen while the frame keeps its end.
//! It can only move the end: a `C` (0x43) or a `#` (0x23) becomes ETX, the character behind it is taken for the check
//! byte, and once in 128 it fits. Then a body is read that is a beginning of the original's.

mod support;

use caisse_codec::Message;
use caisse_codec::fixed::{Body, Tolerance};
use caisse_codec::wire::{Answer, Format, Standing};
use caisse_link::frame::{self, Decoder, ETX, Found};
use support::vectors;

/// What the receiver is left with.
#[derive(Debug, Default, PartialEq)]
struct Ends {
    /// A fault of the frame, or bytes outside of any.
    refused: usize,
    /// A frame that does not end.
    waiting: usize,
    /// A beginning of the body.
    truncated: usize,
    /// The body as it was: its high bits are not looked at.
    same: usize,
}

fn decode(line: &[u8], tolerance: frame::Tolerance) -> (Vec<Vec<u8>>, bool, bool) {
    let mut storage = [0; frame::LONGEST_BODY];
    let mut decoder = Decoder::new(&mut storage, tolerance);
    let mut input = line;
    let (mut bodies, mut faulty) = (Vec::new(), false);
    while let Some(found) = decoder.next(&mut input) {
        match found {
            Found::Body(body) => bodies.push(body.to_vec()),
            Found::Fault(_) | Found::Stray(_) => faulty = true,
            Found::Control(_) => {}
        }
    }
    (bodies, faulty, decoder.is_inside())
}

/// Turns every bit of the frame of this body over, and hands the shorter bodies out.
fn flip_all(body: &[u8], tolerance: frame::Tolerance, ends: &mut Ends, mut shorter: impl FnMut(&[u8])) {
    let mut buffer = [0; frame::LONGEST_FRAME];
    let framed = frame::encode(body, &mut buffer).expect("a body of a frame").to_vec();
    for bit in 0..framed.len() * 8 {
        let mut flipped = framed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (bodies, faulty, inside) = decode(&flipped, tolerance);
        match bodies.as_slice() {
            [] if faulty => ends.refused += 1,
            [] => {
                assert!(inside, "bit {bit} of {body:?} is nothing");
                ends.waiting += 1;
            }
            [same] if same == body => {
                assert!(tolerance.parity_bits && bit % 8 == 7, "bit {bit} of {body:?} goes unseen");
                ends.same += 1;
            }
            [cut] => {
                assert!(body.starts_with(cut) && cut.len() < body.len(), "bit {bit} of {body:?}: {cut:?}");
                ends.truncated += 1;
                shorter(cut);
            }
            more => panic!("bit {bit} of {body:?}: {more:?}"),
        }
    }
}

/// What a till makes of a body: how it stands, and whose it is and how much.
#[derive(Debug, PartialEq)]
struct Verdict {
    standing: Option<Standing>,
    register: Option<u8>,
    minor: Option<u64>,
    currency: Option<u16>,
}

fn verdict(body: &[u8]) -> Option<Verdict> {
    let format = if body.first().is_some_and(u8::is_ascii_digit) {
        Format::E { receipt: true, report: true }
    } else {
        let identifier = "012345678901".parse().expect("twelve digits");
        Format::Concert3 { version: caisse_codec::Version::V3_20, identifier, amount_digits: 2 }
    };
    let answer = Answer::decode(body, &format).ok()?;
    Some(Verdict {
        standing: answer.standing(),
        register: answer.register().map(|register| register.number()),
        minor: answer.amount_minor(),
        currency: answer.currency_number(),
    })
}

/// Whether a cut body says something that the whole one does not.
fn is_contrary(cut: &[u8], whole: &[u8]) -> bool {
    let (Some(cut), Some(whole)) = (verdict(cut), verdict(whole)) else { return verdict(cut).is_some() };
    // Why a payment was refused may be cut away.
    let stands = match (cut.standing, whole.standing) {
        (Some(Standing::NotPerformed { complement: None }), Some(Standing::NotPerformed { .. })) => true,
        (cut, whole) => cut.is_none() || cut == whole,
    };
    let says = |cut: Option<u64>, whole: Option<u64>| cut.is_none() || cut == whole;
    let same = says(cut.minor, whole.minor)
        && says(cut.currency.map(u64::from), whole.currency.map(u64::from))
        && says(cut.register.map(u64::from), whole.register.map(u64::from));
    !(stands && same)
}

/// Every published message and body that a frame can hold.
fn published() -> Vec<Vec<u8>> {
    let v3 = vectors::all().into_iter().filter(|vector| vector.structure.as_deref() == Some("ok"));
    let v2 = include_str!("../../../docs/vectors/vectors-v2.jsonl").lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let digits = line["hex"].as_str().expect("bytes").as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
        match decode(&bytes, frame::Tolerance::default()) {
            (bodies, false, false) => bodies.into_iter().next(),
            _ => None,
        }
    });
    let fits = |body: &Vec<u8>| {
        (1..=frame::LONGEST_BODY).contains(&body.len()) && body.iter().all(|byte| (0x20..0x80).contains(byte))
    };
    v3.map(|vector| vector.bytes).chain(v2).filter(fits).collect()
}

#[test]
fn of_every_published_message_no_flip_is_contrary() {
    let bodies = published();
    let (mut ends, mut bits) = (Ends::default(), 0);
    for body in &bodies {
        bits += (body.len() + 3) * 8;
        flip_all(body, frame::Tolerance::default(), &mut ends, |cut| {
            assert!(!is_contrary(cut, body), "{:?} of {:?}", cut.escape_ascii(), body.escape_ascii());
        });
    }
    assert_eq!(ends.refused + ends.waiting + ends.truncated, bits);
    // Of these none happens to be cut by a check byte that fits; the tests below make such messages.
    let expected = Ends { refused: 53_472, waiting: 1_288, truncated: 0, same: 0 };
    assert_eq!((bodies.len(), ends), (161, expected));
}

#[test]
fn on_a_line_with_parity_the_eighth_bit_alone_changes_nothing() {
    let parity = frame::Tolerance { parity_bits: true, ..frame::Tolerance::default() };
    for body in published().iter().step_by(7) {
        let mut ends = Ends::default();
        flip_all(body, parity, &mut ends, |cut| assert!(!is_contrary(cut, body), "{cut:?} of {body:?}"));
        assert_eq!(ends.same, body.len() + 3, "the eighth bit of each byte");
    }
}

/// Makes the check byte of a body that is cut in front of its byte `cut` fit: the last character of `free` turns so.
fn with_fitting_cut(body: &str, free: &str, cut: usize) -> Option<Vec<u8>> {
    let mut bytes = body.as_bytes().to_vec();
    let place = body.find(free)? + free.len() - 1;
    if !matches!(bytes.get(cut), Some(b'C' | b'#')) || place >= cut {
        return None;
    }
    let behind = *bytes.get(cut + 1)?;
    let others = bytes[..cut].iter().fold(ETX ^ bytes[place], |check, byte| check ^ byte);
    let fitting = others ^ behind;
    bytes[place] = fitting;
    (b' '..=b'~').contains(&fitting).then_some(bytes)
}

/// Each place at which a body can be cut by one bit, with the body made so that the check byte fits.
fn cuts<'a>(body: &'a str, free: &'a str) -> impl Iterator<Item = (usize, Vec<u8>)> + 'a {
    (0..body.len()).filter_map(move |cut| Some((cut, with_fitting_cut(body, free, cut)?)))
}

type CutAndWhole = (Vec<u8>, Vec<u8>);

/// Shorter bodies that are contrary, of all that can be made of this one by a fitting check byte.
fn contrary(body: &str, free: &str) -> (usize, Vec<CutAndWhole>) {
    let (mut all, mut found) = (0, Vec::new());
    for (at, made) in cuts(body, free) {
        let mut seen = false;
        flip_all(&made, frame::Tolerance::default(), &mut Ends::default(), |cut| {
            seen |= cut.len() == at;
            if is_contrary(cut, &made) {
                found.push((cut.to_vec(), made.clone()));
            }
        });
        assert!(seen, "the cut at {at} was made to fit");
        all += 1;
    }
    (all, found)
}

#[test]
fn cuts_that_fit_are_not_contrary_in_3_x() {
    let private = "CF0101234567890";
    let mut all = 0;
    for (status, complement) in [("10", "04"), ("01", "04"), ("01", "08"), ("11", "00")] {
        // In every place among the others; then repeats, of which the first counts.
        for order in [
            [
                private,
                "AE",
                "AF",
                "CA00201",
                "CB0042500",
                "CD0010",
                "CE003978",
                "CC00300B",
                "CI0011",
                "BA0010",
            ],
            [private, "CA00201", "CB0042500", "CE003978", "CD0010", "AE", "AF", "CG006424242", "CI0011", ""],
            [
                "CZ0040320",
                private,
                "CE003978",
                "CB0042500",
                "CA00201",
                "CC003003",
                "CD0010",
                "AE",
                "AF",
                "CG0011",
            ],
        ] {
            let body: String = order
                .iter()
                .map(|field| match *field {
                    "AE" => format!("AE002{status}"),
                    "AF" => format!("AF002{complement}"),
                    other => other.to_owned(),
                })
                .collect();
            let (made, found) = contrary(&body, private);
            assert!(found.is_empty(), "{found:?}");
            all += made;
        }
    }
    assert!(all > 60, "{all} cuts fitted");
}

/// The exceptions, each of which needs one certain character and a check byte that fits by chance.
#[test]
fn what_a_fitting_cut_can_hide_is_known() {
    // 3.x: an immediate answer (BA=1) behind what it takes back. No till of ours asks for one, and a terminal that echoes
    // it writes it in the order of the request. The cut body says "performed" where the whole one says "taken".
    let private = "CF0101234567890";
    let (_, found) =
        contrary(&format!("CZ0040320{private}CA00201CB0042500CE003978AE00210CI0011BA0011"), private);
    assert_eq!(found.len(), 1);
    for (cut, whole) in found {
        assert_eq!(verdict(&cut).unwrap().standing, Some(Standing::Performed));
        assert_eq!(verdict(&whole).unwrap().standing, Some(Standing::Taken));
        assert!(Message::decode(&whole).is_ok());
    }

    // E: a report with a `#` or a `C` in its fourteenth character is cut to a short answer, whose currency is then the
    // first three characters of the report. Verdict, register and amount stay; a till compares the currency. A mask of
    // digits in front makes a currency of them, which no request has asked for unless the card begins with 978.
    let long = format!("010000012421{:<55}978          ", "497010123456##12");
    let (all, found) = contrary(&long, "49701012345");
    assert_eq!(all, 1);
    assert_eq!(found.len(), 1);
    for (cut, whole) in &found {
        assert_eq!(Body::decode(cut, Tolerance::default()).unwrap().as_bytes().len(), 25);
        let (cut, whole) = (verdict(cut).unwrap(), verdict(whole).unwrap());
        assert_eq!((cut.standing, cut.minor, cut.register), (whole.standing, whole.minor, whole.register));
        assert_eq!((cut.currency, whole.currency), (Some(497), Some(978)));
    }
    // Behind a report a receipt is cut to a shorter one: nothing that decides stands there.
    let receipt =
        format!("010000012421{:<55}978          TICKET no 7 CARTE #1 CREDIT COMPTE #C#0 MERCI #", "4970");
    let (all, found) = contrary(&receipt, "TICKET no 7");
    assert_eq!((all > 1, found.len()), (true, 0), "{all}");
}
