//! Which transactions may begin: every outcome that a journal can hold under the id, with and without an unresolved one.

use caisse_payment::entry::Content;
use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Register, Verdict,
};
use caisse_settlement::admit::{Admission, Recorded, admit};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn content(amount: Amount) -> Content {
    Content {
        operation: Operation::Debit,
        original: None,
        amount,
        allow_partial: false,
        allow_tip: None,
        terminal: "counter".parse().unwrap(),
        register: Register::FIRST,
        reference: None,
    }
}

#[test]
fn the_journal_decides_whether_a_payment_may_begin() {
    let asked = content(euros(2500));
    let record = |outcome| Recorded { content: asked, verdict: Verdict { outcome, proof: Proof::Answered } };
    let ended = [
        Outcome::Approved { amount: euros(2500) },
        Outcome::PartiallyApproved { approved: euros(1), due: euros(2499) },
        Outcome::Declined { refusal: Refusal::Refused },
        Outcome::Cancelled { refusal: Refusal::Abandoned },
        Outcome::Unknown { doubt: Doubt::Interrupted },
        Outcome::Blocked { reason: Blocked::Busy },
    ];
    let not_sent = record(Outcome::NotSent { reason: NotSent::Unreachable });
    let others = [
        content(euros(2501)),
        Content { operation: Operation::Credit, ..asked },
        Content { allow_partial: true, ..asked },
        Content { terminal: "other".parse().unwrap(), ..asked },
        Content { register: "02".parse().unwrap(), ..asked },
        Content { reference: "x".parse().ok(), ..asked },
        Content { original: "x".parse().ok(), ..asked },
    ];
    for unresolved in [false, true] {
        let fresh = if unresolved { Admission::Blocked(Blocked::Unresolved) } else { Admission::Proceed };
        assert_eq!(admit(&asked, None, unresolved), fresh);
        assert_eq!(admit(&asked, Some(&not_sent), unresolved), fresh);
        for outcome in ended {
            let record = record(outcome);
            assert_eq!(admit(&asked, Some(&record), unresolved), Admission::Replay(record.verdict));
            for other in &others {
                assert_eq!(admit(other, Some(&record), unresolved), Admission::Blocked(Blocked::IdConflict));
                assert_eq!(
                    admit(other, Some(&not_sent), unresolved),
                    Admission::Blocked(Blocked::IdConflict)
                );
            }
        }
    }
}
