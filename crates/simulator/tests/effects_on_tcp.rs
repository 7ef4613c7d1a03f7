//! What each answer and each fault does to a till on a real TCP connection.
#![cfg(feature = "serial")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use caisse_simulator::VirtualTerminal;
use caisse_simulator::fault::{CATALOGUE, Lines};
use caisse_simulator::script::ANSWERS;
use support::{End, REQUEST, Seen, at, by_chance, magic_amounts, name_of, request_of};

const PATIENCE: Duration = Duration::from_millis(700);
/// With this one, every answer comes by chance soon.
const SEED: u64 = 39;

fn pay(answer: &str, fault: Option<&str>, pieces: usize) -> (Seen, VirtualTerminal) {
    let mut builder = VirtualTerminal::builder().answer(answer.parse().unwrap());
    if let Some(fault) = fault {
        builder = builder.fault(fault.parse().unwrap());
    }
    let terminal = builder.start().unwrap();
    (at(&terminal, PATIENCE, pieces, REQUEST), terminal)
}

fn approved() -> Vec<u8> {
    b"CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978AA016497010******1234AB0043012AC006000001\
      AI014A0000000421010CC00300BCI0012AE00210AF00201CG0071234567ID010VT00000001"
        .to_vec()
}

/// An answer, how much the till asks for, what it reads, and what is charged.
const ANSWERED: &[(&str, u64, &str, u64)] = &[
    ("approve", 2_500, "AE00210AF00201", 2_500),
    ("partial:20.00", 2_500, "CB0042000CD0010", 2_000),
    ("tip:2.00", 2_500, "CB0042700CD0010", 2_700),
    ("decline:04", 2_500, "AE00201AF00204", 0),
    ("cancel", 2_500, "AE00201AF00206", 0),
    ("timeout", 2_500, "", 0),
    ("by-amount", 2_500, "AE00210AF00201", 2_500),
    ("by-amount", 2_504, "AE00201AF00204", 0),
    ("by-amount", 2_530, "CB0041265CD0010", 1_265),
];

#[test]
fn each_answer() {
    let mut looked = BTreeSet::from(["random"]);
    for (answer, minor, words, charged) in ANSWERED {
        looked.insert(name_of(answer));
        let terminal = VirtualTerminal::builder().answer(answer.parse().unwrap()).start().unwrap();
        let seen = at(&terminal, PATIENCE, 1, &request_of(*minor));
        assert!(seen.text().contains(words), "{answer}: {seen:?}");
        assert_eq!(seen.end, if words.is_empty() { End::Silent } else { End::Closed }, "{answer}");
        let charges = terminal.ledger().charges();
        assert_eq!(charges.iter().map(|charge| charge.amount_minor).sum::<u64>(), *charged, "{answer}");
    }
    let terminal = VirtualTerminal::builder().answer("random".parse().unwrap()).seed(SEED).start().unwrap();
    let answers = by_chance(&terminal, PATIENCE, 8);
    assert_eq!(answers, BTreeSet::from(["approve", "cancel", "decline", "partial", "timeout"]));
    assert_eq!(looked, ANSWERS.iter().map(|line| line.name).collect());
}

#[test]
fn each_magic_amount_does_what_the_table_says() {
    magic_amounts(PATIENCE, |script| {
        VirtualTerminal::builder().answer(script.parse().unwrap()).start().unwrap()
    });
}

/// A fault, into how many pieces the till cuts its request, and what it sees.
type Check = (&'static str, usize, fn(&Seen) -> bool);

const CHECKS: &[Check] = &[
    ("split@byte=10:200", 1, |seen| {
        seen.pieces[0].1.len() == 10 && seen.bytes() == approved() && seen.pieces[1].0 >= 200
    }),
    ("merge:300", 1, |seen| seen.first() >= Some(300) && seen.bytes() == approved()),
    ("drip:1", 1, |seen| seen.pieces.len() > 30 && seen.bytes() == approved()),
    ("delay@step=answer:300", 1, |seen| seen.first() >= Some(300) && seen.bytes() == approved()),
    ("stall@byte=40", 1, |seen| seen.end == End::Silent && seen.bytes() == approved()[..40]),
    ("stall@byte=40:300", 1, |seen| seen.bytes() == approved() && seen.pieces[1].0 >= 300),
    ("drop@step=decided", 1, |seen| seen.end == End::Closed && seen.bytes().is_empty()),
    ("drop@step=connected:reset", 1, |seen| seen.end == End::Broken && seen.bytes().is_empty()),
    ("drop@byte=77:reset", 1, |seen| {
        seen.end == End::Broken && seen.bytes() == approved()[..seen.bytes().len()]
    }),
    ("half-open@step=decided", 1, |seen| seen.end == End::Silent && seen.bytes().is_empty()),
    ("half-open@byte=30", 1, |seen| seen.end == End::Silent && seen.bytes() == approved()[..30]),
    ("single-read", 2, |seen| seen.text().ends_with("AE00201AF00209")),
    ("duplicate", 1, |seen| seen.bytes() == [approved(), approved()].concat()),
    ("earlier:instead", 1, |seen| seen.text().contains("CB0042600") && !seen.text().contains("CB0042500")),
    ("earlier:before", 1, |seen| seen.text().contains("CB0042600") && seen.text().contains("CB0042500")),
    ("garbage@byte=30:16", 1, |seen| {
        let (bytes, good) = (seen.bytes(), approved());
        bytes.len() == good.len() + 16 && bytes[..30] == good[..30] && bytes[46..] == good[30..]
    }),
    ("garbage@step=answer:5", 1, |seen| seen.bytes()[5..] == approved()),
    ("garbage@step=answered:5", 1, |seen| seen.bytes()[..approved().len()] == approved()),
    ("flip@byte=8:0", 1, |seen| {
        seen.text().starts_with("CZ0040301CJ") && seen.bytes().len() == approved().len()
    }),
    ("flip", 1, |seen| {
        let turned =
            seen.bytes().iter().zip(approved()).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>();
        turned == 1
    }),
    ("oversized:20000", 1, |seen| seen.bytes().len() >= 20_000 && seen.bytes().starts_with(&approved())),
    ("wrong-amount", 1, |seen| seen.text().contains("CB0042600CD")),
    ("wrong-amount:1", 1, |seen| seen.text().contains("CB00201CD")),
    ("wrong-currency:756", 1, |seen| seen.text().contains("CE003756")),
    ("wrong-register", 1, |seen| seen.text().contains("CA00208")),
    ("wrong-action", 1, |seen| seen.text().contains("CD0011")),
    // Each of a hundred transactions has one.
    ("random:100", 1, |seen| seen.bytes() != approved() || seen.first() > Some(100)),
];

#[test]
fn each_fault() {
    let known = CATALOGUE.iter().filter(|it| it.lines == Lines::Any);
    for description in known {
        let checked = CHECKS.iter().any(|(fault, ..)| name_of(fault) == description.name);
        assert!(checked, "{} is not looked at", description.name);
    }
    for (fault, pieces, sees) in CHECKS {
        let (seen, terminal) = pay("approve", Some(fault), *pieces);
        assert!(sees(&seen), "{fault}: {} {seen:?}", seen.text());
        // A request that arrived whole was charged, whatever became of the answer.
        let whole = !matches!(*fault, "single-read" | "drop@step=connected:reset");
        assert_eq!(terminal.ledger().len(), usize::from(whole), "{fault}");
    }
}

#[test]
fn each_place_where_a_line_can_be_cut_while_the_request_is_read() {
    for byte in 0..REQUEST.len() {
        let (seen, terminal) = pay("approve", Some(&format!("drop@request-byte={byte}")), 1);
        assert_ne!(seen.end, End::Silent, "{byte}");
        assert!(seen.bytes().is_empty() && terminal.ledger().is_empty(), "{byte}");
    }
    // Behind the last byte the request is whole: the money moves, and nobody learns of it.
    let (seen, terminal) = pay("approve", Some(&format!("drop@request-byte={}", REQUEST.len())), 1);
    assert!(seen.bytes().is_empty());
    assert!(terminal.ledger().wait_for(1, PATIENCE));
}

#[test]
fn what_is_composed_happens_together() {
    let terminal = VirtualTerminal::builder()
        .fault("split@byte=10:100".parse().unwrap())
        .fault("split@byte=60:100".parse().unwrap())
        .fault("duplicate".parse().unwrap())
        .start()
        .unwrap();
    let seen = at(&terminal, PATIENCE, 1, REQUEST);
    assert_eq!(seen.bytes(), [approved(), approved()].concat());
    assert_eq!(seen.pieces[0].1.len(), 10);
    assert_eq!(seen.pieces[1].1.len(), 50);
    // What would come in three pieces comes in one.
    let terminal = VirtualTerminal::builder()
        .fault("split@byte=10:100".parse().unwrap())
        .fault("split@byte=60:100".parse().unwrap())
        .fault("merge:50".parse().unwrap())
        .start()
        .unwrap();
    let seen = at(&terminal, PATIENCE, 1, REQUEST);
    assert_eq!((seen.pieces.len(), seen.bytes()), (1, approved()));
}
