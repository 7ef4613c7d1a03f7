//! Which transactions may begin: every outcome that a journal can hold under the id, at every stage, with every set of locks, and
//! with and without an earlier transaction that holds the terminal back.

use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Transaction, Verdict,
};
use caisse_settlement::admit::{Admission, Locks, Recorded, Situation, Stage, admit};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn debit(amount: Amount) -> Transaction {
    let (id, terminal) = ("sale-1".parse().unwrap(), "counter".parse().unwrap());
    Transaction::new(id, Operation::Debit, amount, terminal, "payxpress".parse().unwrap())
}

const LOCKS: [Locks; 3] = [Locks::Both, Locks::IdAlone, Locks::Neither];

/// All that can be found under an id: nothing, and each outcome at each stage.
fn recorded(asked: Transaction) -> Vec<Option<Recorded>> {
    let outcomes = [
        Outcome::Approved { amount: euros(2500) },
        Outcome::PartiallyApproved { approved: euros(1), due: euros(2499) },
        Outcome::Declined { refusal: Refusal::Refused },
        Outcome::Cancelled { refusal: Refusal::Abandoned },
        Outcome::Unknown { doubt: Doubt::Interrupted },
        Outcome::Blocked { reason: Blocked::Busy },
        Outcome::NotSent { reason: NotSent::Unreachable },
    ];
    let mut all = vec![None];
    for outcome in outcomes {
        for stage in [Stage::Started, Stage::Decided, Stage::Ended] {
            let verdict = Verdict { outcome, proof: Proof::Answered };
            all.push(Some(Recorded { transaction: asked, verdict, stage }));
        }
    }
    all
}

#[test]
fn journal_and_locks_decide_whether_a_payment_may_begin() {
    let asked = debit(euros(2500));
    let mut seen = [0; 6];
    for recorded in recorded(asked) {
        for locks in LOCKS {
            for terminal_is_held_back in [false, true] {
                let admission = admit(&asked, &Situation { recorded, locks, terminal_is_held_back });
                let is_new = recorded
                    .is_none_or(|recorded| matches!(recorded.verdict.outcome, Outcome::NotSent { .. }));
                let case = format!("{recorded:?} {locks:?} {terminal_is_held_back}");
                match admission {
                    // It begins under both locks, at a terminal that nothing holds back, and only where nothing was ever sent.
                    Admission::Proceed => {
                        assert!(is_new && locks == Locks::Both && !terminal_is_held_back, "{case}");
                        seen[0] += 1;
                    }
                    Admission::Replay(verdict) => {
                        assert!(!is_new && Some(verdict) == recorded.map(|recorded| recorded.verdict));
                        // Nobody repeats what another process may be about to change.
                        let may_change: &[Stage] = match locks {
                            Locks::Both => &[],
                            Locks::IdAlone => &[Stage::Started],
                            Locks::Neither => &[Stage::Started, Stage::Decided],
                        };
                        assert!(!may_change.contains(&recorded.unwrap().stage), "{case}");
                        seen[1] += 1;
                    }
                    Admission::Blocked(Blocked::Unresolved) => {
                        assert!(is_new && locks == Locks::Both && terminal_is_held_back, "{case}");
                        seen[2] += 1;
                    }
                    Admission::Blocked(Blocked::InFlightElsewhere) => {
                        assert!(locks != Locks::Both, "{case}");
                        seen[3] += 1;
                    }
                    Admission::Blocked(Blocked::Busy) => {
                        assert!(is_new && locks == Locks::IdAlone, "{case}");
                        seen[4] += 1;
                    }
                    other => panic!("{other:?}: {case}"),
                }
                for other in [
                    debit(euros(2501)),
                    Transaction { operation: Operation::Credit, ..asked },
                    Transaction { allow_partial: true, ..asked },
                    Transaction { allow_tip: Some(euros(1)), ..asked },
                    Transaction { terminal: "other".parse().unwrap(), ..asked },
                    Transaction { register: "02".parse().unwrap(), ..asked },
                    Transaction { reference: "x".parse().ok(), ..asked },
                    Transaction { original: "x".parse().ok(), ..asked },
                ] {
                    if recorded.is_some() {
                        let admission = admit(&other, &Situation { recorded, locks, terminal_is_held_back });
                        assert_eq!(admission, Admission::Blocked(Blocked::IdConflict), "{case}");
                        seen[5] += 1;
                    }
                }
            }
        }
    }
    // Four are new: no record, and "not sent" at three stages. Six outcomes at three stages are known; a process without both
    // locks replays those of two stages, or of one. What is left is in flight elsewhere.
    let (new, busy, replayed) = (4, 3 * 2, (18 + 12 + 6) * 2);
    let in_flight = 22 * 3 * 2 - new - new - busy - replayed;
    assert_eq!(seen, [new, replayed, new, in_flight, busy, 21 * 3 * 2 * 8]);
}

/// A decision is a person's word about a payment that may still be in flight: while another process holds the id, nobody
/// repeats it.
#[test]
fn what_may_be_in_flight_elsewhere_is_not_replayed() {
    let asked = debit(euros(2500));
    let decided = Recorded {
        transaction: asked,
        verdict: Verdict {
            outcome: Outcome::Declined { refusal: Refusal::DecidedNotPaid },
            proof: Proof::PerhapsSent,
        },
        stage: Stage::Decided,
    };
    let ask =
        |locks| admit(&asked, &Situation { recorded: Some(decided), locks, terminal_is_held_back: false });
    assert_eq!(ask(Locks::Neither), Admission::Blocked(Blocked::InFlightElsewhere));
    for locks in [Locks::Both, Locks::IdAlone] {
        assert_eq!(ask(locks), Admission::Replay(decided.verdict));
    }
}

/// What was asked for under the id is lost with a damaged file. The id is never charged again, and an approval is never told as one
/// of another amount.
#[test]
fn an_id_of_which_the_request_was_lost_never_begins_again() {
    let asked = debit(euros(2500));
    let lost = Transaction {
        amount: euros(0),
        terminal: "salvaged".parse().unwrap(),
        dialect: "salvaged".parse().unwrap(),
        ..asked
    };
    let salvaged = Outcome::Unknown { doubt: Doubt::Salvaged };
    for recorded in recorded(lost).into_iter().flatten().chain([Recorded {
        transaction: lost,
        verdict: Verdict { outcome: salvaged, proof: Proof::PerhapsSent },
        stage: Stage::Ended,
    }]) {
        for locks in LOCKS {
            let situation = Situation { recorded: Some(recorded), locks, terminal_is_held_back: false };
            let outcome = recorded.verdict.outcome;
            match admit(&asked, &situation) {
                Admission::Proceed => panic!("{recorded:?}"),
                Admission::Replay(verdict) => {
                    assert_eq!(verdict, recorded.verdict);
                    assert!(outcome.approved_amount().is_none_or(|paid| paid == asked.amount));
                }
                Admission::Blocked(Blocked::IdConflict) => {
                    let is_not_sent = matches!(outcome, Outcome::NotSent { .. });
                    assert!(
                        is_not_sent || outcome.approved_amount().is_some_and(|paid| paid != asked.amount)
                    );
                }
                Admission::Blocked(blocked) => assert_eq!(blocked, Blocked::InFlightElsewhere),
            }
        }
    }
    let unknown = Recorded {
        transaction: lost,
        verdict: Verdict { outcome: salvaged, proof: Proof::PerhapsSent },
        stage: Stage::Ended,
    };
    let situation = Situation { recorded: Some(unknown), locks: Locks::Both, terminal_is_held_back: false };
    assert_eq!(admit(&asked, &situation), Admission::Replay(unknown.verdict));
}
