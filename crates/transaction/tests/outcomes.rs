//! The table of outcomes against every combination of what an answer can say.

mod support;

use caisse_payment::{Doubt, Outcome, Refusal, Transaction};
use caisse_transaction::{Dialect, Request};
use support::{Then, answered, debit, euros, transaction};

/// What the answer says of a field that is echoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    Absent,
    Empty,
    Same,
    Other,
}

const ECHOES: [Echo; 4] = [Echo::Absent, Echo::Empty, Echo::Same, Echo::Other];

fn field(message: &mut String, tag: &str, value: Option<&str>) {
    if let Some(value) = value {
        message.push_str(&format!("{tag}{:03}{value}", value.len()));
    }
}

fn echo(which: Echo, same: &'static str, other: &'static str) -> Option<&'static str> {
    match which {
        Echo::Absent => None,
        Echo::Empty => Some(""),
        Echo::Same => Some(same),
        Echo::Other => Some(other),
    }
}

/// The largest tip, where one is allowed.
const MAX_TIP: u64 = 500;

/// What the till allows beside the amount.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    partial: bool,
    tip: bool,
}

/// The table of outcomes, once more and as plainly as possible.
fn expected(
    status: &str,
    complement: Option<&str>,
    immediate: bool,
    echoes: [Echo; 3],
    amount: Option<u64>,
    allowed: Allowed,
) -> &'static str {
    let some_differ = echoes.contains(&Echo::Other);
    let all_same = echoes.iter().all(|it| *it == Echo::Same);
    match status {
        "10" if immediate || !all_same => "unknown",
        "10" => match amount {
            Some(2500) => "approved",
            Some(2501..=3000) if allowed.tip => "approved",
            Some(1..2500) if allowed.partial => "partially_approved",
            _ => "unknown",
        },
        "01" if immediate || some_differ || amount.is_some_and(|amount| amount != 2500) => "unknown",
        "01" => match complement {
            None | Some("01" | "" | "0" | "4x") => "unknown",
            Some("06" | "11") => "cancelled",
            Some(_) => "declined",
        },
        _ => "unknown",
    }
}

const STATUSES: [&str; 8] = ["", "00", "01", "10", "11", "1", "100", "99"];

const COMPLEMENTS: [Option<&str>; 13] = [
    None,
    Some(""),
    Some("0"),
    Some("4x"),
    Some("00"),
    Some("01"),
    Some("02"),
    Some("04"),
    Some("06"),
    Some("11"),
    Some("13"),
    Some("14"),
    Some("99"),
];

const AMOUNTS: [(Option<&str>, Option<u64>); 12] = [
    (None, None),
    (Some(""), None),
    (Some("2500"), Some(2500)),
    (Some("000000002500"), Some(2500)),
    (Some("2000"), Some(2000)),
    (Some("00"), Some(0)),
    (Some("2501"), Some(2501)),
    (Some("3000"), Some(3000)),
    (Some("000000002700"), Some(2700)),
    (Some("3001"), Some(3001)),
    (Some("18446744073709551615"), Some(u64::MAX)),
    (Some("25.00"), Some(u64::MAX)),
];

/// A change of what the machine is asked, behind the back of the table.
type Plant = fn(&mut Transaction);

/// Runs every combination of these statuses and complements with every echo, amount and permission. `plant` changes what the
/// machine is asked. Returns the number of runs, and each run whose outcome is not that of the table.
fn every_combination(statuses: &[&str], complements: &[Option<&str>], plant: Plant) -> (usize, Vec<String>) {
    let (mut runs, mut wrong) = (0, vec![]);
    for status in statuses {
        for complement in complements {
            for immediate in [None, Some("0"), Some("1")] {
                for echoes in ECHOES.into_iter().flat_map(|a| {
                    ECHOES.into_iter().flat_map(move |b| ECHOES.into_iter().map(move |c| [a, b, c]))
                }) {
                    for (amount_text, amount) in AMOUNTS {
                        let mut message = "CZ0040320".to_owned();
                        field(&mut message, "CA", echo(echoes[0], "01", "02"));
                        field(&mut message, "CD", echo(echoes[1], "0", "1"));
                        field(&mut message, "CE", echo(echoes[2], "978", "840"));
                        field(&mut message, "CB", amount_text);
                        field(&mut message, "BA", immediate);
                        field(&mut message, "AE", Some(status));
                        field(&mut message, "AF", *complement);
                        for (partial, tip) in [(false, false), (true, false), (false, true), (true, true)] {
                            let allowed = Allowed { partial, tip };
                            let mut asked = transaction(euros(2500));
                            asked.allow_partial = partial;
                            asked.allow_tip = tip.then(|| euros(MAX_TIP));
                            plant(&mut asked);
                            let request = Request { transaction: asked, ..debit(2500) };
                            let run = answered(Dialect::PAYXPRESS, request, message.as_bytes(), Then::Close);
                            let immediate = immediate == Some("1");
                            let expected = expected(status, *complement, immediate, echoes, amount, allowed);
                            let outcome = run.outcome();
                            let amounts = match outcome {
                                Outcome::PartiallyApproved { approved, due } => {
                                    (approved, due) == (euros(2000), euros(500))
                                }
                                Outcome::Approved { amount: approved } => Some(approved.minor()) == amount,
                                _ => true,
                            };
                            if outcome.name() != expected || !amounts {
                                wrong.push(format!("{message} {allowed:?}: {outcome:?}, not {expected}"));
                            }
                            runs += 1;
                        }
                    }
                }
            }
        }
    }
    (runs, wrong)
}

#[test]
fn every_combination_of_deciding_fields_ends_as_the_table_says() {
    let (runs, wrong) = every_combination(&STATUSES, &COMPLEMENTS, |_| {});
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(runs, 8 * 13 * 3 * 64 * 12 * 4);
}

/// The planted bugs of the rule on tips, each of which the enumeration has to find.
#[test]
fn each_planted_bug_of_tips_is_found() {
    let bugs: [(&str, Plant); 4] = [
        ("a tip above the most is approved", |asked| {
            asked.allow_tip = asked.allow_tip.map(|_| euros(MAX_TIP + 1));
        }),
        ("a tip that nobody allowed is approved", |asked| {
            asked.allow_tip = asked.allow_tip.or_else(|| Some(euros(MAX_TIP)));
        }),
        ("the largest tip is not approved", |asked| {
            asked.allow_tip = asked.allow_tip.map(|_| euros(MAX_TIP - 1));
        }),
        ("a tip allows a part too", |asked| asked.allow_partial |= asked.allow_tip.is_some()),
    ];
    for (bug, plant) in bugs {
        let (_, wrong) = every_combination(&["10"], &[None], plant);
        assert!(!wrong.is_empty(), "{bug}");
    }
}

fn outcome_of(answer: &str) -> Outcome {
    answered(Dialect::PAYXPRESS, debit(2500), answer.as_bytes(), Then::Close).outcome()
}

#[test]
fn each_doubt_has_its_reason() {
    const ECHO: &str = "CZ0040320CA00201CB0042500CD0010CE003978";
    for (answer, doubt) in [
        ("", Doubt::ClosedWithoutAnswer),
        ("GARBAGE?!", Doubt::AnswerMalformed),
        ("CZ0040320AE0021", Doubt::AnswerCut),
        // One letter more: what is missing may have been on its way.
        ("CZ0040320CA00201CB0042500CD0010CE003978A", Doubt::AnswerCut),
        ("CZ0040320AE00201A", Doubt::AnswerCut),
        ("CZ0040320AE00201C", Doubt::AnswerCut),
        ("CZ0040320CA00201CB0042500CD0010CE003978C", Doubt::AnswerCut),
        // What contradicts says more than the cut.
        ("CZ0040320AE00201CA00202A", Doubt::RegisterDiffers),
        ("CZ0040320AE00211A", Doubt::Taken),
        ("CZ0040320", Doubt::StatusMissing),
        ("CZ0040320AE00210", Doubt::EchoMissing),
        ("CZ0040320AE00201", Doubt::RefusalWithoutReason),
        ("CZ0040320AE00201AF00201", Doubt::RefusedYetAuthorised),
        ("CZ0040320AE00211", Doubt::Taken),
        ("CZ0040320AE00200", Doubt::StatusUnknown),
        ("CZ0040320AE00201AF00204CB0042501", Doubt::AmountDiffers),
        ("CZ0040320AE00201AF00204CA00202", Doubt::RegisterDiffers),
        ("CZ0040320AE00201AF00204CD0011", Doubt::OperationDiffers),
        ("CZ0040320AE00201AF00204CE003840", Doubt::CurrencyDiffers),
        ("CZ0040320AE00201AF00204CE0040978", Doubt::CurrencyDiffers),
        ("CZ0040320AE00201AF00204CA003001", Doubt::RegisterDiffers),
        ("CZ0040320AE00201AF00204BA00200", Doubt::Taken),
        ("CZ0040320AE00201AF00204BA0012", Doubt::Taken),
        ("CZ0040320CA00201CB0042501CD0010CE003978AE00210", Doubt::AmountHigher),
        ("CZ0040320CA00201CB00200CD0010CE003978AE00210", Doubt::AmountZero),
        ("CZ0040320CA00201CB0042499CD0010CE003978AE00210", Doubt::PartialNotAllowed),
        ("CZ0040320CA00201CB0042500CD0010CE003978AE00210BA0011", Doubt::Taken),
    ] {
        assert_eq!(outcome_of(answer), Outcome::Unknown { doubt }, "{answer}");
    }
    for repeat in ["AE00201", "CA00202", "CB0042400", "CD0011", "CE003840", "BA0011"] {
        let first = if repeat.starts_with("BA") { "BA0010" } else { "" };
        let answer = format!("{ECHO}{first}AE00210{repeat}");
        assert_eq!(outcome_of(&answer), Outcome::Unknown { doubt: Doubt::Contradiction }, "{answer}");
    }
    // The same value again is no contradiction, however it is padded.
    let same = format!("{ECHO}AE00210AE00210CB006002500");
    assert_eq!(outcome_of(&same), Outcome::Approved { amount: euros(2500) });
    // A second complement matters to a refusal only.
    let refused = format!("{ECHO}AE00201AF00204AF00206");
    assert_eq!(outcome_of(&refused), Outcome::Unknown { doubt: Doubt::Contradiction });
    let approved = format!("{ECHO}AE00210AF00201AF00204");
    assert_eq!(outcome_of(&approved), Outcome::Approved { amount: euros(2500) });
}

#[test]
fn every_documented_refusal_keeps_its_code() {
    // A person's decision is no answer of a terminal.
    for refusal in Refusal::ALL.iter().filter(|&&refusal| refusal != Refusal::DecidedNotPaid) {
        let code = if *refusal == Refusal::Other { "57" } else { refusal.code() };
        let outcome = outcome_of(&format!("CZ0040320AE00201AF002{code}"));
        let expected = match refusal {
            Refusal::Abandoned | Refusal::OperatorAbandoned => Outcome::Cancelled { refusal: *refusal },
            refusal => Outcome::Declined { refusal: *refusal },
        };
        assert_eq!(outcome, expected);
    }
}

#[test]
fn what_comes_behind_a_broken_or_finished_answer_is_evidence_only() {
    const APPROVED: &str = "CZ0040320CA00201CB0042500CD0010CE003978AE00210";
    for tail in [
        "?",
        "\r\n",
        "\r\nAC006A00395",
        "\r\nC",
        "AC0",
        "A",
        "AC006A0",
        " ",
        "ZT374CK003100AK361ICBDQ",
        "\u{0}",
    ] {
        assert_eq!(
            outcome_of(&format!("{APPROVED}{tail}")),
            Outcome::Approved { amount: euros(2500) },
            "{tail:?}"
        );
    }
    // It is told whether the answer broke off, so that somebody may look at what came.
    for (tail, cut) in [("", false), ("AC006A00395", false), ("AC006A0", true), ("A", true)] {
        let answer = format!("{APPROVED}{tail}");
        let run = answered(Dialect::PAYXPRESS, debit(2500), answer.as_bytes(), Then::Close);
        assert_eq!(run.cut, cut, "{tail:?}");
    }
    for tail in ["AE", "AE002", "CB0", "BA001", "CE00384", "B", "\r\nB"] {
        let doubt = Doubt::AnswerCut;
        assert_eq!(outcome_of(&format!("{APPROVED}{tail}")), Outcome::Unknown { doubt }, "{tail:?}");
    }
    for tail in ["\r\nAE00201", " CB0042400", "\n\nCA00202"] {
        let doubt = Doubt::Contradiction;
        assert_eq!(outcome_of(&format!("{APPROVED}{tail}")), Outcome::Unknown { doubt }, "{tail:?}");
    }
    for tail in ["AE0?", "CB00x2500", "BAA"] {
        let doubt = Doubt::AnswerMalformed;
        assert_eq!(outcome_of(&format!("{APPROVED}{tail}")), Outcome::Unknown { doubt }, "{tail:?}");
    }
}

/// A refusal may echo nothing, so whatever comes behind it can be what takes it back.
#[test]
fn a_refusal_stands_only_if_nothing_behind_it_could_undo_it() {
    const REFUSED: &str = "CZ0040300AE00201AF00204";
    const APPROVED: &str = "CZ0040320CA00201CB0042500CD0010CE003978AE00210";
    let declined = Outcome::Declined { refusal: Refusal::Refused };
    for tail in
        ["", "\r\n", "AC006A00395", "ZT374CK003100AK361ICBD", "A", "AC0", "Z", "CB0042500", "CA00201CD0010"]
    {
        assert_eq!(outcome_of(&format!("{REFUSED}{tail}")), declined, "{tail:?}");
    }
    for between in ["", "\r\n", " ", "\n\n"] {
        let outcome = outcome_of(&format!("{REFUSED}{between}{APPROVED}"));
        assert_eq!(outcome, Outcome::Unknown { doubt: Doubt::Contradiction }, "{between:?}");
    }
    for (tail, doubt) in [
        ("C", Doubt::AnswerCut),
        ("B", Doubt::AnswerCut),
        ("CB0042", Doubt::AnswerCut),
        ("AF002", Doubt::AnswerCut),
        ("?", Doubt::AnswerMalformed),
        ("cb0049999", Doubt::AnswerMalformed),
    ] {
        assert_eq!(outcome_of(&format!("{REFUSED}{tail}")), Outcome::Unknown { doubt }, "{tail:?}");
    }
    let hidden = format!("{REFUSED}\0{APPROVED}");
    assert_eq!(outcome_of(&hidden), Outcome::Unknown { doubt: Doubt::AnswerMalformed });
}
