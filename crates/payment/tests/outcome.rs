//! The outcome table of the architecture, row by row, and the texts behind it.

use std::collections::HashSet;

use caisse_payment::{
    Amount, Blocked, Currency, Doubt, Duty, NotSent, Operation, Outcome, Proof, Refusal, Retry, Text, Verdict,
};

fn every_outcome() -> Vec<Outcome> {
    let amount = Amount::from_minor(2500, Currency::EUR);
    let mut all =
        vec![Outcome::Approved { amount }, Outcome::PartiallyApproved { approved: amount, due: amount }];
    all.extend(Refusal::ALL.iter().map(|&refusal| Outcome::Declined { refusal }));
    all.extend(Refusal::ALL.iter().map(|&refusal| Outcome::Cancelled { refusal }));
    all.extend(NotSent::ALL.iter().map(|&reason| Outcome::NotSent { reason }));
    all.extend(Doubt::ALL.iter().map(|&doubt| Outcome::Unknown { doubt }));
    all.extend(Blocked::ALL.iter().map(|&reason| Outcome::Blocked { reason }));
    all
}

#[test]
fn only_what_moved_no_money_may_be_tried_again() {
    for outcome in every_outcome() {
        let expected = match outcome.name() {
            "approved" | "partially_approved" | "unknown" | "blocked" => Retry::No,
            "declined" | "cancelled" => Retry::NewId,
            "not_sent" => Retry::SameId,
            stranger => panic!("{stranger}"),
        };
        assert_eq!(outcome.retry(), expected, "{outcome:?}");
        assert_eq!(outcome.retry().is_safe(), expected != Retry::No);
        assert_eq!(outcome.is_unknown(), outcome.name() == "unknown");
    }
}

#[test]
fn every_reason_has_its_own_code_and_two_sentences() {
    fn check(texts: impl Iterator<Item = (&'static str, Text)>) {
        let mut seen = HashSet::new();
        for (code, text) in texts {
            assert!(seen.insert(code), "{code} twice");
            assert!(!text.fr.is_empty() && !text.en.is_empty() && text.fr != text.en, "{code}");
        }
        assert!(seen.len() > 3);
    }
    check(Refusal::ALL.iter().map(|reason| (reason.code(), reason.text())));
    check(NotSent::ALL.iter().map(|reason| (reason.code(), reason.text())));
    check(Doubt::ALL.iter().map(|reason| (reason.code(), reason.text())));
    check(Blocked::ALL.iter().map(|reason| (reason.code(), reason.text())));
    for outcome in every_outcome() {
        let is_approval = outcome.approved_amount().is_some();
        assert_eq!(outcome.reason_code().is_none(), is_approval);
        assert_eq!(outcome.reason_text().is_none(), is_approval);
        assert!(outcome.to_string().starts_with(outcome.text().en));
    }
}

#[test]
fn codes_lead_back_to_their_reason() {
    assert!(Refusal::ALL.iter().all(|&reason| Refusal::from_code(reason.code()) == Some(reason)));
    assert!(NotSent::ALL.iter().all(|&reason| NotSent::from_code(reason.code()) == Some(reason)));
    assert!(Doubt::ALL.iter().all(|&reason| Doubt::from_code(reason.code()) == Some(reason)));
    assert!(Blocked::ALL.iter().all(|&reason| Blocked::from_code(reason.code()) == Some(reason)));
    assert!(Proof::ALL.iter().all(|&proof| Proof::from_name(proof.name()) == Some(proof)));
    assert_eq!(Refusal::from_code("01"), None);
}

#[test]
fn duties_go_with_the_outcomes_that_need_a_person() {
    for outcome in every_outcome() {
        let expected = match outcome {
            Outcome::Unknown { .. } => Some(Duty::CheckTerminal),
            Outcome::PartiallyApproved { .. } => Some(Duty::CollectRest),
            Outcome::Declined { refusal: Refusal::CallBank | Refusal::Forcing } => Some(Duty::CallBank),
            Outcome::Blocked { reason: Blocked::Unresolved } => Some(Duty::ResolveEarlier),
            Outcome::Blocked { reason: Blocked::Busy } => Some(Duty::WaitForOther),
            Outcome::Blocked { reason: Blocked::InFlightElsewhere } => Some(Duty::WaitForFirstAttempt),
            Outcome::Blocked { reason: Blocked::LateResultPossible } => Some(Duty::WaitForLateResult),
            Outcome::Blocked { reason: Blocked::IdConflict } => Some(Duty::UseNewId),
            Outcome::Blocked { reason: Blocked::JournalUnavailable } => Some(Duty::RepairJournal),
            Outcome::Blocked { .. } => Some(Duty::CheckOriginal),
            _ => None,
        };
        assert_eq!(outcome.duty(), expected);
        let line = outcome.to_string();
        for amount in [outcome.approved_amount(), outcome.amount_due()].into_iter().flatten() {
            assert!(line.contains(&amount.to_string()), "{line}");
        }
        if let Some(duty) = expected {
            assert!(line.ends_with(duty.text().en), "{line}");
            assert!(!duty.code().is_empty() && duty.text().fr != duty.text().en);
        }
    }
}

#[test]
fn proof_is_ordered_by_how_far_the_request_got() {
    assert!(Proof::ALL.is_sorted());
    assert!(Proof::NothingSent < Proof::PerhapsSent && Proof::Delivered < Proof::Answered);
}

/// What a cashier reads must say what was done: a credit that was approved is no payment.
#[test]
fn headlines_speak_of_the_operation() {
    for outcome in every_outcome() {
        assert_eq!(outcome.headline(Operation::Debit), outcome.text());
        let mut seen = HashSet::new();
        for operation in Operation::ALL {
            let Text { fr, en } = outcome.headline(operation);
            assert!(!fr.is_empty() && !en.is_empty() && fr != en);
            seen.insert((fr, en));
        }
        // Nothing was sent, whatever it was. A deferred debit may have been paid as a debit is.
        let expected = match outcome {
            Outcome::NotSent { .. } | Outcome::Blocked { reason: Blocked::InFlightElsewhere } => 1,
            Outcome::Unknown { .. } => 4,
            _ => 5,
        };
        assert_eq!(seen.len(), expected, "{outcome:?}");
    }
}

/// Whoever reads that nothing was sent takes the payment again.
#[test]
fn a_transaction_under_way_elsewhere_is_never_told_as_not_sent() {
    for &reason in Blocked::ALL {
        let verdict = Verdict::blocked(reason);
        assert_eq!(verdict.outcome, Outcome::Blocked { reason });
        let elsewhere = reason == Blocked::InFlightElsewhere;
        assert_eq!(verdict.proof == Proof::NothingSent, !elsewhere, "{reason:?}");
        assert_eq!(verdict.outcome.retry(), Retry::No);
        for operation in Operation::ALL {
            let headline = verdict.outcome.headline(operation);
            let told = [headline.en, headline.fr, verdict.outcome.duty().unwrap().text().en].concat();
            let says_so = told.contains("nothing was sent") || told.contains("rien n'a été envoyé");
            assert_eq!(says_so, !elsewhere, "{told}");
            assert!(!elsewhere || !told.contains("not begun") && !told.contains("non commencé"), "{told}");
        }
    }
}
