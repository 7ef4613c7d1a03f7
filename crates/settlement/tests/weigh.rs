//! The evidence matcher over every combination of what a terminal can tell and a till can know.

use std::time::Duration;

use caisse_payment::evidence::{Echoed, LastTransaction};
use caisse_payment::{
    Amount, AuthorisationNumber, ContractNumber, Currency, Doubt, Operation, Outcome, Refusal,
};
use caisse_settlement::weigh::{Knowledge, Open, Previous, RecoveryFinding, weigh, weigh_result};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn number(text: &str) -> AuthorisationNumber {
    text.parse().unwrap()
}

/// Everything that the terminal can tell, with what really happened where that follows.
fn told() -> Vec<LastTransaction> {
    let mut all = vec![LastTransaction::NotCompleted, LastTransaction::Unclear];
    for minor in [None, Some(2500), Some(2499), Some(2700), Some(3000), Some(3001)] {
        for currency in [None, Some(978), Some(840)] {
            for authorisation in
                [None, Some(number("NEW123")), Some(number("OLD123")), Some(number("000000"))]
            {
                for reference in [Echoed::Absent, Echoed::Ours, Echoed::Another] {
                    all.push(LastTransaction::Completed { minor, currency, authorisation, reference });
                }
            }
        }
    }
    all
}

fn known() -> Vec<Knowledge> {
    let contract = |text: &str| -> Option<ContractNumber> { text.parse().ok() };
    let mut all = Vec::new();
    for operation in Operation::ALL {
        for exclusive in [false, true] {
            for contracts in [
                [None, None],
                [contract("1234567"), None],
                [None, contract("1234567")],
                [contract("1234567"), contract("1234567")],
                [contract("1234567"), contract("7654321")],
            ] {
                for previous in [
                    Previous::Unknown,
                    Previous::Authorised(number("OLD123"), euros(2500)),
                    Previous::Authorised(number("OLD123"), euros(2499)),
                    Previous::Authorised(number("000000"), euros(999)),
                    Previous::Unnumbered(euros(2500)),
                    Previous::Unnumbered(euros(999)),
                ] {
                    for (time_left, of_another) in [(0, false), (0, true), (7, false), (7, true)]
                        .map(|(left, another)| (Duration::from_secs(left), another))
                    {
                        let amount = euros(2500);
                        for allow_tip in [None, Some(euros(500))] {
                            all.push(Knowledge {
                                operation,
                                amount,
                                allow_tip,
                                exclusive,
                                contracts,
                                previous,
                                of_another,
                                time_left,
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

/// Rule 7, once more and as plainly as possible.
fn expected(told: &LastTransaction, known: &Knowledge) -> &'static str {
    let same_terminal = known.contracts[0].is_none()
        || known.contracts[1].is_none()
        || known.contracts[0] == known.contracts[1];
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
            let ours = reference == Echoed::Ours;
            let (old, zeros) = (Some(number("OLD123")), Some(number("000000")));
            if ours {
                let tip = known.allow_tip.is_some()
                    && minor.is_some_and(|minor| (2501..=3000).contains(&minor))
                    && currency == Some(978);
                return if fields || tip { "paid" } else { "open" };
            }
            // The number of the one before, with nothing beside it that is not that one's.
            let is_previous = match known.previous {
                Previous::Authorised(before, amount) => {
                    Some(before) == old
                        && authorisation == old
                        && [None, Some(amount.minor())].contains(&minor)
                        && currency != Some(840)
                }
                _ => false,
            };
            if is_previous {
                return if may_be_not_paid { "not paid" } else { "open" };
            }
            let told_apart = ![None, zeros].contains(&authorisation)
                && !known.of_another
                && match known.previous {
                    Previous::Unknown => false,
                    Previous::Unnumbered(amount) => amount != euros(2500),
                    Previous::Authorised(before, _) => authorisation != Some(before),
                };
            if fields && known.exclusive && told_apart && reference == Echoed::Absent {
                "paid"
            } else {
                "open"
            }
        }
    }
}

#[test]
fn every_combination_ends_as_the_rule_says() {
    let mut counts = [0usize; 3];
    for told in told() {
        for known in known() {
            let found = weigh(&told, &known);
            let name = match found {
                RecoveryFinding::Paid(amount) => {
                    let LastTransaction::Completed { minor, reference, .. } = told else {
                        panic!("{told:?} is no proof of a payment")
                    };
                    assert_eq!(Some(amount.minor()), minor);
                    assert!(amount == known.amount || reference == Echoed::Ours);
                    "paid"
                }
                RecoveryFinding::NotPaid => "not paid",
                RecoveryFinding::Open(_) => "open",
            };
            assert_eq!(name, expected(&told, &known), "{told:?} with {known:?}: {found:?}");
            counts[["paid", "not paid", "open"].iter().position(|it| *it == name).unwrap()] += 1;
        }
    }
    println!("paid {}, not paid {}, open {}", counts[0], counts[1], counts[2]);
    // Paid: ours by reference with both fields (4 numbers, 192 ways to know the rest, with and without a tip), or with one of
    // two amounts within the tip (where one is allowed), or exclusive and told apart (6 pairs of numbers, 8 ways, with and
    // without a tip). Not paid: not completed (48 ways), or the previous number with that one's amount and currency or without
    // (16 tellings, 8 ways), each with and without a tip.
    let (paid, not_paid) = (2 * (4 * 192 + 6 * 8) + 2 * 4 * 192, 2 * (48 + 16 * 8));
    assert_eq!(counts, [paid, not_paid, 218 * 2400 - paid - not_paid]);
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
        assert_eq!(weigh_result(outcome, true, false, false), finding);
        assert_eq!(weigh_result(outcome, true, true, false), RecoveryFinding::Open(Open::PerhapsEarlier));
        for like_the_last in [false, true] {
            assert_eq!(
                weigh_result(outcome, false, like_the_last, false),
                RecoveryFinding::Open(Open::NotExclusive)
            );
        }
        // More than was asked, and the transaction is not named: nothing else makes that a proof, and nothing else changes.
        for (exclusive, like_the_last) in [(false, false), (false, true), (true, false), (true, true)] {
            let found = weigh_result(outcome, exclusive, like_the_last, true);
            assert!(!matches!(found, RecoveryFinding::Paid(_)), "{outcome:?}");
            if outcome.approved_amount().is_none() {
                assert_eq!(found, weigh_result(outcome, exclusive, like_the_last, false));
            }
        }
    }
    assert_eq!(weigh_result(approved, true, false, true), RecoveryFinding::Open(Open::AnotherAmount));
    for (exclusive, like_the_last) in [(false, false), (false, true), (true, false), (true, true)] {
        for unproven_tip in [false, true] {
            let found = weigh_result(unknown, exclusive, like_the_last, unproven_tip);
            assert_eq!(found, RecoveryFinding::Open(Open::Unclear));
        }
    }
}

#[test]
fn each_open_question_says_why() {
    let base = Knowledge {
        operation: Operation::Debit,
        amount: euros(2500),
        allow_tip: None,
        exclusive: true,
        contracts: [None, None],
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
            Knowledge { contracts: ["1234567".parse().ok(), "7654321".parse().ok()], ..base },
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
        Open::TooSoon { left: Duration::ZERO },
    ];
    let codes = [
        "not_a_debit",
        "another_terminal",
        "unclear",
        "not_exclusive",
        "another_amount",
        "perhaps_earlier",
        "too_soon",
    ];
    assert_eq!(all.map(Open::code), codes);
}
