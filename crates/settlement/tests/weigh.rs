//! The evidence matcher over every combination of what a terminal can tell and a till can know.

use std::time::Duration;

use caisse_payment::evidence::{Echoed, LastTransaction};
use caisse_payment::{
    Amount, AuthorisationNumber, Currency, Doubt, Operation, Outcome, PaymentMeans, Refusal, TerminalId,
};
use caisse_settlement::TerminalIdentity;
use caisse_settlement::weigh::{Knowledge, LateResult, Open, Previous, RecoveryFinding, weigh, weigh_result};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn number(text: &str) -> AuthorisationNumber {
    text.parse().unwrap()
}

/// The number of the previous transaction, and a number that is neither the same to the letter nor another one.
const OLD: &str = "OLD123";
const OLD_IN_ANOTHER_FORM: &str = "0old123";

/// Everything that the terminal can tell.
fn told() -> Vec<LastTransaction> {
    let mut all = vec![LastTransaction::NotCompleted, LastTransaction::Unclear];
    let numbers = ["NEW123", OLD, OLD_IN_ANOTHER_FORM, "000000"].map(|text| Some(number(text)));
    for minor in [None, Some(2500), Some(2499), Some(2700), Some(3000), Some(3001)] {
        for currency in [None, Some(978), Some(840)] {
            for authorisation in [None].into_iter().chain(numbers) {
                for reference in [Echoed::Absent, Echoed::Ours, Echoed::Another, Echoed::Unclear] {
                    all.push(LastTransaction::Completed { minor, currency, authorisation, reference });
                }
            }
        }
    }
    all
}

/// A terminal at a TCP address.
fn at(name: &str, address: &str) -> TerminalIdentity {
    let address = address.parse().ok();
    TerminalIdentity { address, ..TerminalIdentity::new(PaymentMeans::CaisseAp, name.parse().unwrap()) }
}

/// A terminal at a serial port.
fn on_usb(path: &str, usb: &str) -> TerminalIdentity {
    TerminalIdentity { usb: usb.parse().ok(), ..at("front", path) }
}

fn front() -> TerminalIdentity {
    at("front", "tcp:192.0.2.7:8888")
}

fn showing(contract: &str, serial_number: &str) -> TerminalIdentity {
    TerminalIdentity { contract: contract.parse().ok(), serial_number: serial_number.parse().ok(), ..front() }
}

/// Recorded and found terminals, and whether they are one: decided by hand.
fn terminals() -> Vec<(TerminalIdentity, TerminalIdentity, bool)> {
    let (path, other_path) = ("serial::dev:ttyACM0", "serial::dev:ttyACM1");
    let (device, other_device) = ("usb:079b:0028:1111", "usb:079b:0028:2222");
    let app = TerminalIdentity { means: PaymentMeans::AppToApp, address: None, ..front() };
    let local = |host: &str| at("front", &format!("tcp:{host}:8888"));
    vec![
        (front(), front(), true),
        (front(), at("front", "tcp:192.0.2.8:8888"), false),
        (front(), at("front", "tcp:192.0.2.7:8889"), false),
        (front(), at("back", "tcp:192.0.2.7:8888"), false),
        (front(), at("front", ""), false),
        (at("front", ""), front(), false),
        (at("front", ""), at("front", ""), true),
        (at("front", ""), app, false),
        (app, app, true),
        (local("localhost"), local("127.0.0.1"), true),
        (local("::1"), local("localhost"), true),
        (local("127.0.0.1"), local("127.0.0.2"), false),
        (local("127.0.0.2"), local("127.0.0.3"), false),
        (on_usb(path, ""), on_usb(path, ""), true),
        (on_usb(path, device), on_usb(path, device), true),
        (on_usb(path, device), on_usb(other_path, device), true),
        (on_usb(path, device), on_usb(path, other_device), false),
        (on_usb(path, device), on_usb(path, ""), false),
        (on_usb(path, ""), on_usb(path, device), false),
        (on_usb(path, "usb:079b:0028"), on_usb(path, "usb:079b:0028"), true),
        (on_usb(path, "usb:079b:0028"), on_usb(other_path, "usb:079b:0028"), false),
        (showing("1234567", ""), front(), true),
        (front(), showing("1234567", "T-1"), true),
        (showing("1234567", "T-1"), showing("1234567", "T-1"), true),
        (showing("1234567", "T-1"), showing("7654321", "T-1"), false),
        (showing("1234567", "T-1"), showing("1234567", "T-2"), false),
        (showing("1234567", "T-1"), showing("01234567", "t-1 "), true),
        (showing("0000000", ""), showing("7654321", ""), true),
    ]
}

/// What a till can know, each with the terminals' being one as decided by hand.
fn known() -> Vec<(Knowledge, bool)> {
    let mut all = Vec::new();
    for (recorded, found, same) in terminals() {
        for operation in [Operation::Debit, Operation::Credit] {
            for exclusive in [false, true] {
                for previous in [
                    Previous::Unknown,
                    Previous::Authorised(number(OLD), euros(2500)),
                    Previous::Authorised(number(OLD), euros(2499)),
                    Previous::Authorised(number("000000"), euros(999)),
                    Previous::Unnumbered(euros(2500)),
                    Previous::Unnumbered(euros(999)),
                ] {
                    for (time_left, of_another) in [(0, false), (0, true), (7, false), (7, true)]
                        .map(|(left, another)| (Duration::from_secs(left), another))
                    {
                        let amount = euros(2500);
                        for allow_tip in [None, Some(euros(500))] {
                            let knowledge = Knowledge {
                                operation,
                                amount,
                                allow_tip,
                                exclusive,
                                recorded,
                                found,
                                previous,
                                of_another,
                                time_left,
                            };
                            all.push((knowledge, same));
                        }
                    }
                }
            }
        }
    }
    all
}

/// The rule of the evidence, written a second time and as plainly as possible.
fn expected(told: &LastTransaction, known: &Knowledge, same_terminal: bool) -> &'static str {
    if known.operation != Operation::Debit || !same_terminal {
        return "open";
    }
    let may_be_not_paid = known.exclusive && known.time_left.is_zero();
    match *told {
        LastTransaction::Unclear => "open",
        LastTransaction::NotCompleted => {
            if may_be_not_paid {
                "not paid"
            } else {
                "open"
            }
        }
        LastTransaction::Completed { minor, currency, authorisation, reference } => {
            let fields = minor == Some(2500) && currency == Some(978);
            if reference == Echoed::Ours {
                let tip = known.allow_tip.is_some()
                    && minor.is_some_and(|minor| (2501..=3000).contains(&minor))
                    && currency == Some(978);
                return if fields || tip { "paid" } else { "open" };
            }
            let told_number = authorisation.map(|it| it.to_string());
            let told_number = told_number.as_deref();
            // The number of the one before, to the letter, with nothing beside it that is not that one's.
            let is_previous = match known.previous {
                Previous::Authorised(before, amount) => {
                    before == number(OLD)
                        && told_number == Some(OLD)
                        && [None, Some(amount.minor())].contains(&minor)
                        && currency != Some(840)
                }
                _ => false,
            };
            if is_previous && reference != Echoed::Unclear {
                return if may_be_not_paid { "not paid" } else { "open" };
            }
            let told_apart = match (told_number, known.previous) {
                (None | Some("000000"), _) | (_, Previous::Unknown) => false,
                (_, Previous::Unnumbered(amount)) => amount != euros(2500),
                // The journal has zeros for a number: the amount tells them apart.
                (_, Previous::Authorised(_, amount)) if amount == euros(999) => true,
                (Some(OLD | OLD_IN_ANOTHER_FORM), Previous::Authorised(..)) => false,
                (Some(_), Previous::Authorised(..)) => true,
            };
            let told_apart = told_apart && !known.of_another;
            if fields && known.exclusive && told_apart && reference != Echoed::Another {
                "paid"
            } else {
                "open"
            }
        }
    }
}

type Rule = fn(&LastTransaction, &Knowledge) -> RecoveryFinding;

const fn name(found: RecoveryFinding) -> &'static str {
    match found {
        RecoveryFinding::Paid(_) => "paid",
        RecoveryFinding::NotPaid => "not paid",
        RecoveryFinding::Open(_) => "open",
    }
}

/// Judges every combination by a rule, and returns the first one that the rule judges otherwise than expected.
fn first_mistake(rule: Rule, counts: &mut [usize; 3]) -> Option<String> {
    let known = known();
    for told in told() {
        for (known, same) in &known {
            let found = rule(&told, known);
            if let RecoveryFinding::Paid(amount) = found {
                let LastTransaction::Completed { minor, reference, .. } = told else {
                    panic!("{told:?} is no proof of a payment")
                };
                assert_eq!(Some(amount.minor()), minor);
                assert!(amount == known.amount || reference == Echoed::Ours);
            }
            let (name, expected) = (name(found), expected(&told, known, *same));
            if name != expected {
                return Some(format!("{told:?} with {known:?}: {found:?}, expected {expected}"));
            }
            counts[["paid", "not paid", "open"].iter().position(|it| *it == name).unwrap()] += 1;
        }
    }
    None
}

#[test]
fn every_combination_ends_as_the_rule_says() {
    let mut counts = [0usize; 3];
    assert_eq!(first_mistake(weigh, &mut counts), None);
    println!("paid {}, not paid {}, open {}", counts[0], counts[1], counts[2]);
    // Of the 28 pairs of terminals 14 are one; a debit there can be known in 48 ways, each with and without a tip. Paid: ours by
    // reference with both fields (5 numbers, 48 ways), or with one of two amounts within the tip where one is allowed; or
    // exclusive and told apart without a reference of another one (2 references; 8 pairs of numbers, 2 ways of the time). Not
    // paid: not completed (12 ways), or the previous number to the letter with that one's amount and currency or without
    // (4 tellings for each of the 2 previous amounts, 2 references, 2 ways of `of_another`).
    let same = terminals().iter().filter(|(.., same)| *same).count();
    assert_eq!((terminals().len(), same), (28, 14));
    let paid = same * (2 * (5 * 48 + 2 * 8 * 2) + 2 * 5 * 48);
    let not_paid = same * 2 * (12 + 4 * 2 * 2 * 2);
    assert_eq!(counts, [paid, not_paid, told().len() * known().len() - paid - not_paid]);
}

/// A rule with a mistake in it: the real one, asked about something else.
fn with_found(told: &LastTransaction, known: &Knowledge, change: fn(&mut Knowledge)) -> RecoveryFinding {
    let mut known = *known;
    change(&mut known);
    weigh(told, &known)
}

fn with_number(told: &LastTransaction, known: &Knowledge, taken_for: &str) -> RecoveryFinding {
    let mut told = *told;
    if let LastTransaction::Completed { authorisation: Some(it), .. } = &mut told
        && it.as_str() == OLD_IN_ANOTHER_FORM
    {
        *it = number(taken_for);
    }
    weigh(&told, known)
}

#[test]
fn each_mistake_in_a_rule_is_found() {
    let mistakes: [(&str, Rule); 12] = [
        ("ignores the means of payment", |told, known| {
            with_found(told, known, |known| known.found.means = known.recorded.means)
        }),
        ("ignores the name", |told, known| {
            with_found(told, known, |known| known.found.name = known.recorded.name)
        }),
        ("ignores the address", |told, known| {
            with_found(told, known, |known| known.found.address = known.recorded.address)
        }),
        ("takes every 127.x.y.z for one host", |told, known| {
            with_found(told, known, |known| {
                let is_local =
                    |it: Option<TerminalId>| it.is_some_and(|it| it.as_str().starts_with("tcp:127."));
                if is_local(known.recorded.address) && is_local(known.found.address) {
                    known.found.address = known.recorded.address;
                }
            })
        }),
        ("takes an unknown address for the recorded one", |told, known| {
            with_found(told, known, |known| {
                known.found.address = known.found.address.or(known.recorded.address);
            })
        }),
        ("ignores the device", |told, known| {
            with_found(told, known, |known| known.found.usb = known.recorded.usb)
        }),
        ("ignores the contract", |told, known| with_found(told, known, |known| known.found.contract = None)),
        ("ignores the serial number", |told, known| {
            with_found(told, known, |known| known.found.serial_number = None)
        }),
        ("takes an unclear contract for another", |told, known| {
            with_found(told, known, |known| {
                if known.found.contract == "01234567".parse().ok() {
                    known.found.contract = "7654321".parse().ok();
                }
            })
        }),
        ("takes an unclear number for another", |told, known| with_number(told, known, "NEW123")),
        ("takes an unclear number for the same", |told, known| with_number(told, known, OLD)),
        ("takes an unclear reference for none", |told, known| {
            let mut told = *told;
            if let LastTransaction::Completed { reference, .. } = &mut told
                && *reference == Echoed::Unclear
            {
                *reference = Echoed::Absent;
            }
            weigh(&told, known)
        }),
    ];
    for (mistake, rule) in mistakes {
        let found = first_mistake(rule, &mut [0; 3]);
        println!("{mistake}: {}", found.as_deref().unwrap_or("not found"));
        assert!(found.is_some(), "not found: the rule {mistake}");
    }
}

/// A result on a line proves what it says if nobody else uses the terminal and it cannot be the last one's copy.
#[test]
fn a_late_result_is_weighed_by_whose_it_can_be() {
    let approved = Outcome::Approved { amount: euros(2500) };
    let declined = Outcome::Declined { refusal: Refusal::Unspecified };
    let cancelled = Outcome::Cancelled { refusal: Refusal::Abandoned };
    let unknown = Outcome::Unknown { doubt: Doubt::AmountDiffers };
    for (outcome, finding) in [
        (approved, RecoveryFinding::Paid(euros(2500))),
        // An earlier payment of 20.00 that was approved has the same result.
        (
            Outcome::PartiallyApproved { approved: euros(2000), due: euros(500) },
            RecoveryFinding::Open(Open::AnotherAmount),
        ),
        (declined, RecoveryFinding::NotPaid),
        (cancelled, RecoveryFinding::NotPaid),
    ] {
        let sound = sound(outcome);
        assert_eq!(weigh_result(&sound), finding);
        let like_the_last = LateResult { like_the_last: true, ..sound };
        assert_eq!(weigh_result(&like_the_last), RecoveryFinding::Open(Open::PerhapsEarlier));
        for like_the_last in [false, true] {
            let shared = LateResult { exclusive: false, like_the_last, ..sound };
            assert_eq!(weigh_result(&shared), RecoveryFinding::Open(Open::NotExclusive));
            for exclusive in [false, true] {
                let elsewhere = LateResult { same_terminal: false, exclusive, like_the_last, ..sound };
                assert_eq!(weigh_result(&elsewhere), RecoveryFinding::Open(Open::AnotherTerminal));
            }
        }
        // More than was asked, and the transaction is not named: nothing else makes that a proof, and nothing else changes.
        for (exclusive, like_the_last) in [(false, false), (false, true), (true, false), (true, true)] {
            let plain = LateResult { exclusive, like_the_last, ..sound };
            let found = weigh_result(&LateResult { unproven_tip: true, ..plain });
            assert!(!matches!(found, RecoveryFinding::Paid(_)), "{outcome:?}");
            if outcome.approved_amount().is_none() {
                assert_eq!(found, weigh_result(&plain));
            }
        }
    }
    let with_tip = LateResult { unproven_tip: true, ..sound(approved) };
    assert_eq!(weigh_result(&with_tip), RecoveryFinding::Open(Open::AnotherAmount));
    for (exclusive, like_the_last) in [(false, false), (false, true), (true, false), (true, true)] {
        for unproven_tip in [false, true] {
            let found =
                weigh_result(&LateResult { exclusive, like_the_last, unproven_tip, ..sound(unknown) });
            assert_eq!(found, RecoveryFinding::Open(Open::Unclear));
        }
    }
}

/// A result against which nothing speaks.
const fn sound(outcome: Outcome) -> LateResult {
    LateResult { outcome, same_terminal: true, exclusive: true, like_the_last: false, unproven_tip: false }
}

#[test]
fn each_open_question_says_why() {
    let base = Knowledge {
        operation: Operation::Debit,
        amount: euros(2500),
        allow_tip: None,
        exclusive: true,
        recorded: front(),
        found: front(),
        previous: Previous::Authorised(number("OLD123"), euros(2500)),
        of_another: false,
        time_left: Duration::ZERO,
    };
    let completed = |minor, authorisation: Option<&str>, reference| LastTransaction::Completed {
        minor: Some(minor),
        currency: Some(978),
        authorisation: authorisation.map(number),
        reference,
    };
    let with_tip = Knowledge { allow_tip: Some(euros(500)), ..base };
    let francs = Currency::from_numeric(756).map(|francs| Amount::from_minor(500, francs));
    assert_eq!(
        weigh(&completed(2700, None, Echoed::Ours), &with_tip),
        RecoveryFinding::Paid(euros(2700)),
        "our own reference proves the tip"
    );
    let left = Duration::from_secs(7);
    let new = Some("NEW123");
    for (told, known, open) in [
        (LastTransaction::Unclear, base, Open::Unclear),
        (LastTransaction::NotCompleted, Knowledge { operation: Operation::Credit, ..base }, Open::NotADebit),
        (LastTransaction::NotCompleted, Knowledge { exclusive: false, ..base }, Open::NotExclusive),
        (LastTransaction::NotCompleted, Knowledge { time_left: left, ..base }, Open::TooSoon { left }),
        (
            completed(2500, Some("OLD123"), Echoed::Absent),
            Knowledge { time_left: left, ..base },
            Open::TooSoon { left },
        ),
        (completed(2499, new, Echoed::Absent), base, Open::AnotherAmount),
        (completed(2499, new, Echoed::Ours), base, Open::AnotherAmount),
        (completed(2700, new, Echoed::Ours), base, Open::AnotherAmount),
        (completed(2700, new, Echoed::Absent), with_tip, Open::AnotherAmount),
        (completed(2700, new, Echoed::Another), with_tip, Open::AnotherAmount),
        (completed(3001, new, Echoed::Ours), with_tip, Open::AnotherAmount),
        (completed(2499, new, Echoed::Ours), with_tip, Open::AnotherAmount),
        (completed(2700, new, Echoed::Ours), Knowledge { allow_tip: francs, ..base }, Open::AnotherAmount),
        (completed(2500, None, Echoed::Absent), base, Open::PerhapsEarlier),
        (completed(2500, new, Echoed::Another), base, Open::NotExclusive),
        (completed(2500, new, Echoed::Absent), Knowledge { exclusive: false, ..base }, Open::NotExclusive),
        (
            completed(2500, new, Echoed::Absent),
            Knowledge { previous: Previous::Unnumbered(euros(2500)), ..base },
            Open::PerhapsEarlier,
        ),
        (
            completed(2500, new, Echoed::Absent),
            Knowledge { previous: Previous::Unknown, ..base },
            Open::PerhapsEarlier,
        ),
        // Zeros or blanks are no number: which one the payment before really had, nobody knows.
        (
            completed(2500, new, Echoed::Absent),
            Knowledge { previous: Previous::Authorised(number("000000"), euros(2500)), ..base },
            Open::PerhapsEarlier,
        ),
        (
            completed(2500, new, Echoed::Absent),
            Knowledge { previous: Previous::Authorised(number("      "), euros(2500)), ..base },
            Open::PerhapsEarlier,
        ),
        (
            completed(2500, new, Echoed::Ours),
            Knowledge { recorded: showing("1234567", ""), found: showing("7654321", ""), ..base },
            Open::AnotherTerminal,
        ),
    ] {
        assert_eq!(weigh(&told, &known), RecoveryFinding::Open(open));
        assert!(open.text().fr != open.text().en);
    }
    let known = Knowledge { previous: Previous::Authorised(number("000000"), euros(300)), ..base };
    assert_eq!(
        weigh(&completed(2500, new, Echoed::Absent), &known),
        RecoveryFinding::Paid(euros(2500)),
        "its amount does"
    );
}

/// They stand in JSON, which scripts read.
#[test]
fn the_codes_stay_what_they_are() {
    let all = [
        Open::NotADebit,
        Open::AnotherTerminal,
        Open::Unclear,
        Open::NotExclusive,
        Open::AnotherAmount,
        Open::PerhapsEarlier,
        Open::Salvaged,
        Open::TooSoon { left: Duration::ZERO },
    ];
    let codes = [
        "not_a_debit",
        "another_terminal",
        "unclear",
        "not_exclusive",
        "another_amount",
        "perhaps_earlier",
        "salvaged",
        "too_soon",
    ];
    assert_eq!(all.map(Open::code), codes);
}
