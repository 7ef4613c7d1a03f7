//! The till over its journal: what is recorded when, what is told again, what is refused.

mod support;

use caisse_intent::apm::{self, Kind};
use caisse_intent::v4::{Perform, PrintLast, PrintedTickets};
use caisse_intent::{
    ActivityResult, App, BeginError, Begun, LaunchFailure, Payment, PaymentRequest, Till, TillError,
};
use caisse_journal::{
    Decision, Event, Journal, JournalError, LockError, MemoryJournal, OperatorOverride, Paid, Source,
};
use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Register, TransactionId,
};
use support::{CANCELED, OK, Result, approved, doubt};

type T = Till<MemoryJournal>;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

fn till(journal: &MemoryJournal) -> T {
    Till::new(journal.clone(), "device".parse().unwrap(), Currency::EUR)
}

fn debit(name: &str) -> PaymentRequest {
    PaymentRequest::v4(Perform::debit(euros(1500), id(name)).unwrap())
}

#[track_caller]
fn launch(till: &mut T, transaction: &PaymentRequest) {
    match till.begin(transaction) {
        Ok(Begun::Launch(intent)) => assert_eq!(intent, transaction.to_intent()),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn ended(till: &mut T, transaction: &PaymentRequest) -> Payment {
    match till.begin(transaction) {
        Ok(Begun::Ended(payment)) => payment,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn blocked(till: &mut T, transaction: &PaymentRequest) -> Blocked {
    let payment = ended(till, transaction);
    let elsewhere = payment.outcome == Outcome::Blocked { reason: Blocked::InFlightElsewhere };
    assert_eq!(payment.proof, if elsewhere { Proof::PerhapsSent } else { Proof::NothingSent });
    assert!(!payment.journaled && !payment.replayed);
    match payment.outcome {
        Outcome::Blocked { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// A result for this id.
fn result(name: &str, start: Result) -> ActivityResult {
    ActivityResult::new(OK, Some(&start.with("reference", name).text()))
}

fn accepted(name: &str) -> ActivityResult {
    result(name, Result::new())
}

fn pay(till: &mut T, transaction: &PaymentRequest, start: Result) -> Payment {
    launch(till, transaction);
    let number = caisse_intent::Numbering::Second.number(transaction.operation()).unwrap();
    let start = start.with("transactionType", number).with("amount", transaction.amount().minor());
    let name = transaction.id();
    till.answer(&name, &result(name.as_str(), start)).unwrap()
}

#[test]
fn the_start_is_durable_before_the_intent_is_given() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal).with_register("07".parse::<Register>().unwrap());
    let label = "table 4".parse().unwrap();
    let order = debit("a").with_label(label);
    launch(&mut till, &order);
    let record = journal.find(&id("a")).unwrap().unwrap();
    assert!(record.is_open());
    let asked = *record.transaction();
    assert_eq!((asked.operation, asked.amount), (Operation::Debit, euros(1500)));
    assert_eq!((asked.reference, asked.register.number(), asked.original), (Some(label), 7, None));
    assert_eq!((asked.dialect.as_str(), asked.terminal.as_str()), ("payxpress-v4", "device"));
    assert!(!asked.allow_partial);
    // The terminal is held meanwhile.
    assert_eq!(journal.lock(&asked.terminal).unwrap_err(), LockError::Busy);
    // The label is not sent.
    assert!(!format!("{:?}", order.to_intent()).contains("table 4"));

    let payment = till.answer(&id("a"), &accepted("a")).unwrap();
    assert_eq!((payment.outcome, payment.proof), (approved(), Proof::Answered));
    assert!(payment.journaled && !payment.replayed && !payment.disputed);
    let record = journal.find(&id("a")).unwrap().unwrap();
    let end = record.conclusion().unwrap();
    assert_eq!((end.verdict.outcome, end.verdict.proof), (approved(), Proof::Answered));
    assert_eq!((end.authorisation, end.last_four, end.contract), (None, None, None));
    assert!(journal.lock(&asked.terminal).is_ok());
}

#[test]
fn a_start_that_is_not_written_is_not_launched() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    journal.fail_next_append();
    assert_eq!(blocked(&mut till, &debit("a")), Blocked::JournalUnavailable);
    assert!(journal.find(&id("a")).unwrap().is_none());
    assert!(matches!(till.answer(&id("a"), &accepted("a")), Err(TillError::NoSuchTransaction)));
    launch(&mut till, &debit("a"));
}

#[test]
fn an_outcome_that_is_not_written_is_told_and_blocks() {
    for (start, name) in [
        (Result::new(), "approved"),
        (Result::new().refused(1), "declined"),
        (Result::new().refused(8), "unknown"),
    ] {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        launch(&mut till, &debit("a"));
        journal.fail_next_append();
        let payment = till.answer(&id("a"), &result("a", start)).unwrap();
        assert_eq!((payment.outcome.name(), payment.journaled), (name, false));
        assert!(journal.find(&id("a")).unwrap().unwrap().is_open());
        assert_eq!(blocked(&mut till, &debit("b")), Blocked::Unresolved);
        // The same result once more, when the disk is well again.
        let payment = till.answer(&id("a"), &accepted("a")).unwrap();
        assert_eq!((payment.outcome, payment.journaled), (approved(), true));
        launch(&mut till, &debit("b"));
    }
}

#[test]
fn the_same_id_is_launched_once() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    launch(&mut till, &debit("a"));
    // It may have been paid by now: nobody says that nothing was sent.
    assert_eq!(blocked(&mut till, &debit("a")), Blocked::InFlightElsewhere);
    assert_eq!(blocked(&mut self::till(&journal), &debit("a")), Blocked::InFlightElsewhere);
    assert_eq!(blocked(&mut till, &debit("b")), Blocked::Busy);
    drop(till.answer(&id("a"), &accepted("a")).unwrap());
    let again = ended(&mut till, &debit("a"));
    assert_eq!((again.outcome, again.replayed, again.journaled), (approved(), true, true));
    assert_eq!(again.answer, None);
    let other_amount = PaymentRequest::v4(Perform::debit(euros(1501), id("a")).unwrap());
    assert_eq!(blocked(&mut till, &other_amount), Blocked::IdConflict);
    // Not even as another app's.
    let apm = PaymentRequest::apm(id("a"), apm::Request::new(Kind::Debit, euros(1500)).unwrap());
    assert_eq!(blocked(&mut till, &apm), Blocked::IdConflict);
    for start in [Result::new().refused(1), Result::new().refused(7), Result::new().refused(3)] {
        let name = format!("x{}", start.text().len() + journal.list().unwrap().len());
        let told = pay(&mut till, &debit(&name), start).outcome;
        assert_eq!(ended(&mut till, &debit(&name)).outcome, told);
    }
}

#[test]
fn a_launch_that_throws_may_be_tried_again() {
    for (failure, reason) in [
        (LaunchFailure::NoSuchActivity, NotSent::PaymentAppMissing),
        (LaunchFailure::NotPermitted, NotSent::LaunchRefused),
    ] {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        launch(&mut till, &debit("a"));
        assert_eq!(till.launch_failed(&id("b"), failure), Err(TillError::NotBegunHere));
        let payment = till.launch_failed(&id("a"), failure).unwrap();
        assert_eq!((payment.outcome, payment.proof), (Outcome::NotSent { reason }, Proof::NothingSent));
        assert!(payment.journaled);
        assert_eq!(till.launch_failed(&id("a"), failure), Err(TillError::NotBegunHere));
        launch(&mut till, &debit("a"));
        assert_eq!(till.answer(&id("a"), &accepted("a")).unwrap().outcome, approved());
        assert_eq!(till.launch_failed(&id("a"), failure), Err(TillError::NotBegunHere));
        assert_eq!(ended(&mut till, &debit("a")).outcome, approved());
    }
}

#[test]
fn the_journal_keeps_the_authorisation_and_four_digits() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    let start = Result::new().with("numAuthorization", "A12345").with("maskedPan", "123456XXXXXX1234");
    let payment = pay(&mut till, &debit("a"), start);
    assert_eq!((payment.authorisation, payment.last_four), ("A12345".parse().ok(), Some(*b"1234")));
    let end = *journal.find(&id("a")).unwrap().unwrap().conclusion().unwrap();
    assert_eq!((end.authorisation, end.last_four), (payment.authorisation, payment.last_four));
    let again = ended(&mut till, &debit("a"));
    assert_eq!((again.authorisation, again.last_four), (payment.authorisation, payment.last_four));
}

/// Another process cannot know whether the app was launched.
#[test]
fn after_a_restart_nothing_is_not_sent() {
    let journal = MemoryJournal::new();
    launch(&mut till(&journal), &debit("a"));
    let mut till = till(&journal);
    let failure = LaunchFailure::NoSuchActivity;
    assert_eq!(till.launch_failed(&id("a"), failure), Err(TillError::NotBegunHere));
    assert_eq!(till.unresolved().unwrap()[0].id(), id("a"));
    let told = ended(&mut till, &debit("a"));
    assert_eq!((doubt(told.outcome), told.replayed), ("interrupted", true));
    assert_eq!(blocked(&mut till, &debit("b")), Blocked::Unresolved);
    // The result that Android kept for it.
    let payment = till.answer(&id("a"), &accepted("a")).unwrap();
    assert_eq!((payment.outcome, payment.journaled), (approved(), true));
    launch(&mut till, &debit("b"));
}

#[test]
fn three_counts_what_else_is_open_on_the_device() {
    let busy = Outcome::Blocked { reason: Blocked::Busy };
    let three = |name: &str| result(name, Result::new().refused(3));
    // Nothing else: somebody else's payment runs.
    let journal = MemoryJournal::new();
    let mut first = till(&journal);
    launch(&mut first, &debit("a"));
    let payment = first.answer(&id("a"), &three("a")).unwrap();
    assert_eq!((payment.outcome, payment.proof), (busy, Proof::Answered));
    assert!(first.unresolved().unwrap().is_empty());
    // Something of this journal, on whichever terminal.
    let mut other = Till::new(journal.clone(), "other".parse().unwrap(), Currency::EUR);
    launch(&mut other, &debit("b"));
    launch(&mut first, &debit("c"));
    assert_eq!(doubt(first.answer(&id("c"), &three("c")).unwrap().outcome), "payment_app_busy");
    // A restart: it may be this one that runs.
    let journal = MemoryJournal::new();
    launch(&mut till(&journal), &debit("d"));
    assert_eq!(doubt(till(&journal).answer(&id("d"), &three("d")).unwrap().outcome), "payment_app_busy");
    // What is open but resolved is not open.
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    launch(&mut till, &debit("e"));
    drop(till.give_up(&id("e")).unwrap());
    drop(till.resolve(&id("e"), &decision(Paid::NotPaid)).unwrap());
    launch(&mut till, &debit("f"));
    assert_eq!(till.answer(&id("f"), &three("f")).unwrap().outcome, busy);
}

fn decision(paid: Paid) -> Decision {
    Decision::new(paid, "Camille", "the list in PayXpress").unwrap()
}

#[test]
fn an_operator_decides_what_is_not_known_and_nothing_else() {
    for (paid, name) in [
        (Paid::Paid(euros(1500)), "approved"),
        (Paid::NotPaid, "declined"),
        (Paid::Paid(euros(1000)), "partially_approved"),
    ] {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        let decision = decision(paid);
        assert_eq!(till.resolve(&id("a"), &decision), Err(TillError::NoSuchTransaction));
        launch(&mut till, &debit("a"));
        assert_eq!(till.resolve(&id("a"), &decision), Err(TillError::UnderWay));
        let payment = till.answer(&id("a"), &ActivityResult::new(CANCELED, None)).unwrap();
        assert_eq!(
            (doubt(payment.outcome), payment.proof, payment.journaled),
            ("no_result", Proof::PerhapsSent, true)
        );
        {
            let _held = journal.lock(&"device".parse().unwrap()).unwrap();
            assert_eq!(till.resolve(&id("a"), &decision), Err(TillError::Lock(LockError::Busy)));
        }
        let payment = till.resolve(&id("a"), &decision).unwrap();
        assert_eq!((payment.outcome.name(), payment.replayed, payment.journaled), (name, true, true));
        assert_eq!(till.resolve(&id("a"), &decision), Err(TillError::Journal(JournalError::NotUnresolved)));
        launch(&mut till, &debit("b"));
    }
}

#[test]
fn giving_up_is_unknown_and_final_only_by_a_person() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    launch(&mut till, &debit("a"));
    let payment = till.give_up(&id("a")).unwrap();
    assert_eq!((payment.outcome, payment.journaled), (Outcome::Unknown { doubt: Doubt::GivenUp }, true));
    assert_eq!(payment.proof, Proof::PerhapsSent);
    assert_eq!(till.give_up(&id("a")).unwrap().outcome, payment.outcome);
    assert_eq!(journal.events(&id("a")).unwrap().len(), 2);
    drop(till.resolve(&id("a"), &decision(Paid::NotPaid)).unwrap());
    // What has ended stays as it ended.
    let ended = till.give_up(&id("a")).unwrap();
    assert_eq!((ended.outcome.name(), ended.replayed, ended.journaled), ("declined", true, true));
    assert_eq!(till.give_up(&id("b")), Err(TillError::NoSuchTransaction));
    // After a restart too, unless another process has the terminal.
    let journal = MemoryJournal::new();
    let mut first = self::till(&journal);
    launch(&mut first, &debit("c"));
    let mut second = self::till(&journal);
    assert_eq!(second.give_up(&id("c")), Err(TillError::Lock(LockError::Busy)));
    drop(first);
    assert_eq!(doubt(second.give_up(&id("c")).unwrap().outcome), "given_up");
}

/// A result that comes after the end: an approval is always told, nothing else replaces what is known.
#[test]
fn late_results() {
    let refused = || result("a", Result::new().refused(1));
    let unknown = || result("a", Result::new().refused(8));
    let not_completed = Outcome::Declined { refusal: Refusal::NotCompleted };
    // A person's word, not the app's.
    let decided = Outcome::Declined { refusal: Refusal::DecidedNotPaid };
    let given_up = Outcome::Unknown { doubt: Doubt::GivenUp };
    type End = fn(&mut T);
    let give_up: End = |till| drop(till.give_up(&id("a")).unwrap());
    let not_paid: End = |till| {
        drop(till.give_up(&id("a")).unwrap());
        drop(till.resolve(&id("a"), &decision(Paid::NotPaid)).unwrap());
    };
    let paid: End = |till| {
        drop(till.give_up(&id("a")).unwrap());
        drop(till.resolve(&id("a"), &decision(Paid::Paid(euros(1500)))).unwrap());
    };
    let paid_less: End = |till| {
        drop(till.give_up(&id("a")).unwrap());
        drop(till.resolve(&id("a"), &decision(Paid::Paid(euros(1000)))).unwrap());
    };
    let approve: End = |till| drop(till.answer(&id("a"), &accepted("a")).unwrap());
    let refuse: End = |till| drop(till.answer(&id("a"), &result("a", Result::new().refused(1))).unwrap());
    let not_launched: End = |till| drop(till.launch_failed(&id("a"), LaunchFailure::NotPermitted).unwrap());
    let partial = Outcome::PartiallyApproved { approved: euros(1000), due: euros(500) };
    // How it ended, what comes late, what is told; whether the journal says so too, out of an earlier call, and in dispute;
    // and how many events are added.
    type Told = (Outcome, bool, bool, bool, usize);
    let cases: [(End, ActivityResult, Told); 15] = [
        (give_up, accepted("a"), (approved(), true, false, false, 1)),
        (give_up, refused(), (not_completed, true, false, false, 1)),
        (give_up, unknown(), (given_up, true, true, false, 0)),
        (not_paid, accepted("a"), (approved(), false, false, true, 1)),
        (not_paid, refused(), (decided, true, true, false, 0)),
        (not_paid, unknown(), (decided, true, true, false, 0)),
        (paid, accepted("a"), (approved(), true, true, false, 0)),
        (paid, refused(), (approved(), true, true, true, 1)),
        (paid_less, accepted("a"), (approved(), false, false, true, 1)),
        (paid_less, refused(), (partial, true, true, true, 1)),
        (approve, accepted("a"), (approved(), true, true, false, 0)),
        (approve, refused(), (approved(), true, true, true, 1)),
        (approve, ActivityResult::new(CANCELED, None), (approved(), true, true, false, 0)),
        (refuse, accepted("a"), (approved(), false, false, true, 1)),
        (not_launched, accepted("a"), (approved(), false, false, true, 1)),
    ];
    for (number, (end, late, told)) in cases.into_iter().enumerate() {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        launch(&mut till, &debit("a"));
        end(&mut till);
        let before = journal.find(&id("a")).unwrap().unwrap();
        let events = journal.events(&id("a")).unwrap().len();
        let payment = till.answer(&id("a"), &late).unwrap();
        let added = journal.events(&id("a")).unwrap().len() - events;
        let seen = (payment.outcome, payment.journaled, payment.replayed, payment.disputed, added);
        assert_eq!(seen, told, "{number}");
        let after = journal.find(&id("a")).unwrap().unwrap();
        assert_eq!(after.conclusion(), before.conclusion(), "no end is ever changed");
        assert_eq!(after.is_disputed(), told.3);
        assert_eq!(after.decision() != before.decision(), told.1 && !told.2, "{number}");
        assert_eq!(after.decision().is_some_and(|it| it.source() == Source::Evidence), told.1 && !told.2);
        // The same once more writes nothing.
        let again = till.answer(&id("a"), &late).unwrap();
        assert_eq!((again.outcome, again.disputed), (told.0, told.3), "{number}");
        assert_eq!(journal.events(&id("a")).unwrap().len(), events + added);
    }
}

/// What a late result proves is told even if it cannot be written.
#[test]
fn a_late_proof_is_told_without_the_journal() {
    for busy in [false, true] {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        launch(&mut till, &debit("a"));
        drop(till.give_up(&id("a")).unwrap());
        let held = busy.then(|| journal.lock(&"device".parse().unwrap()).unwrap());
        if !busy {
            journal.fail_next_append();
        }
        let payment = till.answer(&id("a"), &accepted("a")).unwrap();
        assert_eq!((payment.outcome, payment.journaled, payment.disputed), (approved(), false, false));
        assert_eq!(till.unresolved().unwrap().len(), 1);
        drop(held);
        assert!(till.answer(&id("a"), &accepted("a")).unwrap().journaled);
        assert!(till.unresolved().unwrap().is_empty());
    }
}

/// Told even if another process holds the terminal, and left open.
#[test]
fn a_result_is_told_without_the_lock() {
    let journal = MemoryJournal::new();
    let mut first = till(&journal);
    launch(&mut first, &debit("a"));
    let payment = till(&journal).answer(&id("a"), &accepted("a")).unwrap();
    assert_eq!((payment.outcome, payment.journaled), (approved(), false));
    assert!(journal.find(&id("a")).unwrap().unwrap().is_open());
    assert!(first.answer(&id("a"), &accepted("a")).unwrap().journaled);
}

#[test]
fn the_currency_is_the_apps() {
    let journal = MemoryJournal::new();
    let dollars = Amount::from_minor(1500, "USD".parse().unwrap());
    let order = PaymentRequest::v4(Perform::debit(dollars, id("a")).unwrap());
    assert!(matches!(till(&journal).begin(&order), Err(BeginError::Currency)));
    assert!(journal.list().unwrap().is_empty());
    let mut till = Till::new(journal, "device".parse().unwrap(), dollars.currency());
    launch(&mut till, &order);
    assert_eq!(doubt(till.answer(&id("a"), &accepted("a")).unwrap().outcome), "currency_differs");
}

#[test]
fn a_tip_stands_beside_the_amount() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    for (name, amount, tip, told) in
        [("a", 1700, 200, Some(200)), ("b", 1500, 200, Some(200)), ("c", 1500, 0, None)]
    {
        launch(&mut till, &debit(name));
        let start = Result::new().with("amount", amount).with("amountTips", tip);
        let payment = till.answer(&id(name), &result(name, start)).unwrap();
        assert_eq!((payment.outcome, payment.tip), (approved(), told.map(euros)));
    }
    launch(&mut till, &debit("d"));
    let payment =
        till.answer(&id("d"), &result("d", Result::new().refused(1).with("amountTips", 200))).unwrap();
    assert_eq!(payment.tip, None);
}

/// Nothing is known of what the app answers, so nothing is proven by it.
#[test]
fn alternative_payments_are_unknown_until_a_person_has_looked() {
    let order =
        |name: &str| PaymentRequest::apm(id(name), apm::Request::new(Kind::Debit, euros(1500)).unwrap());
    let told = |result: &ActivityResult| {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        launch(&mut till, &order("a"));
        assert_eq!(journal.find(&id("a")).unwrap().unwrap().transaction().dialect.as_str(), "payxpress-apm");
        let payment = till.answer(&id("a"), result).unwrap();
        assert!(payment.answer.is_none() && payment.journaled);
        (doubt(payment.outcome), payment.proof)
    };
    assert_eq!(told(&ActivityResult::new(CANCELED, None)), ("no_result", Proof::PerhapsSent));
    for text in ["", "{}", "accepted"] {
        assert_eq!(told(&ActivityResult::new(OK, Some(text))), ("undocumented", Proof::Delivered));
    }
    for start in [Result::new(), Result::new().refused(1), Result::new().refused(7), Result::new().refused(3)]
    {
        assert_eq!(told(&result("a", start)), ("undocumented", Proof::Delivered));
    }
}

#[test]
fn cancellations_and_refunds_name_what_they_may_undo() {
    let journal = MemoryJournal::new();
    let mut shared = till(&journal);
    let mut till = till(&journal).exclusive(true);
    let cancel = |name: &str, original: Option<&str>, minor| {
        let order = PaymentRequest::v4(Perform::cancellation(euros(minor), id(name)).unwrap());
        original.map_or(order.clone(), |original| order.with_original(id(original)))
    };
    let refund = |name: &str, original: Option<&str>, minor| {
        let order = PaymentRequest::v4(Perform::refund(euros(minor), id(name)).unwrap());
        original.map_or(order.clone(), |original| order.with_original(id(original)))
    };
    assert_eq!(blocked(&mut till, &cancel("x", None, 1500)), Blocked::OriginalMissing);
    assert_eq!(blocked(&mut till, &cancel("x", Some("x"), 1500)), Blocked::OriginalNotApproved);
    assert_eq!(blocked(&mut till, &cancel("x", Some("nobody"), 1500)), Blocked::OriginalNotApproved);
    assert_eq!(pay(&mut till, &debit("refused"), Result::new().refused(1)).outcome.name(), "declined");
    assert_eq!(blocked(&mut till, &cancel("x", Some("refused"), 1500)), Blocked::OriginalNotApproved);
    assert_eq!(pay(&mut till, &debit("a"), Result::new()).outcome, approved());
    for minor in [1499, 1501] {
        assert_eq!(blocked(&mut till, &cancel("x", Some("a"), minor)), Blocked::OriginalAmountDiffers);
    }
    // Another person at the app's own menu may have paid since, unless nobody else uses it.
    assert_eq!(blocked(&mut shared, &cancel("x", Some("a"), 1500)), Blocked::OriginalNotLast);
    assert_eq!(pay(&mut till, &debit("b"), Result::new()).outcome, approved());
    assert_eq!(blocked(&mut till, &cancel("x", Some("a"), 1500)), Blocked::OriginalNotLast);
    let elsewhere = "elsewhere".parse().unwrap();
    let mut other = Till::new(journal.clone(), elsewhere, Currency::EUR).exclusive(true);
    assert_eq!(blocked(&mut other, &cancel("x", Some("b"), 1500)), Blocked::OriginalNotApproved);
    assert_eq!(pay(&mut till, &cancel("c", Some("b"), 1500), Result::new()).outcome, approved());
    assert_eq!(blocked(&mut till, &cancel("x", Some("b"), 1500)), Blocked::CreditExceedsOriginal);

    // Refunds: in parts, up to the whole, what is not known included; also without an original.
    assert_eq!(blocked(&mut till, &refund("x", Some("a"), 1501)), Blocked::CreditExceedsOriginal);
    assert_eq!(pay(&mut till, &refund("r1", Some("a"), 1000), Result::new()).outcome.name(), "approved");
    assert_eq!(blocked(&mut till, &refund("x", Some("a"), 501)), Blocked::CreditExceedsOriginal);
    assert_eq!(pay(&mut till, &refund("r2", Some("a"), 500), Result::new()).outcome.name(), "approved");
    assert_eq!(pay(&mut till, &refund("r3", None, 99_999), Result::new()).outcome.name(), "approved");
    // A deferred debit may be undone too, and nothing that was refused was recorded.
    let deferred = PaymentRequest::v4(Perform::deferred_debit(euros(700), id("d")).unwrap());
    assert_eq!(pay(&mut till, &deferred, Result::new()).outcome.name(), "approved");
    assert_eq!(pay(&mut till, &cancel("dc", Some("d"), 700), Result::new()).outcome.name(), "approved");
    assert!(journal.find(&id("x")).unwrap().is_none());
    // The terminal is free after each refusal to begin.
    launch(&mut till, &debit("last"));
}

#[test]
fn a_person_may_take_responsibility_and_is_recorded_before_the_launch() {
    let order = OperatorOverride::new("Camille", "ticket of the customer, other till").unwrap();
    let cancel =
        PaymentRequest::v4(Perform::cancellation(euros(1500), id("c")).unwrap()).with_override(order.clone());
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    launch(&mut till, &cancel);
    let events = journal.events(&id("c")).unwrap();
    assert!(matches!(&events[..], [started, ordered]
        if started.event.name() == "started" && ordered.event == Event::Overridden(order.clone())));
    // If that cannot be written, nothing is launched.
    for nth in [1, 2] {
        let journal = MemoryJournal::new();
        let mut till = self::till(&journal);
        journal.fail_nth_append(nth);
        assert_eq!(blocked(&mut till, &cancel), Blocked::JournalUnavailable);
        let record = journal.find(&id("c")).unwrap();
        assert_eq!(record.is_some_and(|it| it.verdict().outcome.name() == "not_sent"), nth == 2);
        assert!(matches!(till.answer(&id("x"), &accepted("x")), Err(TillError::NoSuchTransaction)));
        // And the same may be tried again.
        launch(&mut till, &cancel);
    }
    // A debit undoes nothing.
    for wrong in [debit("d").with_override(order), debit("d").with_original(id("c"))] {
        assert_eq!(self::till(&MemoryJournal::new()).begin(&wrong).err(), Some(BeginError::OriginalOnDebit));
    }
}

#[test]
fn tickets_are_printed_only_while_nothing_can_be_running() {
    let journal = MemoryJournal::new();
    let mut till = till(&journal);
    let request = PrintLast::new(PrintedTickets::Both);
    let printing = till.print_last(&request).unwrap();
    assert_eq!(*printing.intent(), request.to_intent());
    assert_eq!(blocked(&mut till, &debit("a")), Blocked::Busy);
    assert_eq!(till.print_last(&request).unwrap_err(), TillError::Lock(LockError::Busy));
    drop(printing.answer(&ActivityResult::new(OK, Some("{\"status\": 0}"))));
    launch(&mut till, &debit("a"));
    assert_eq!(till.print_last(&request).unwrap_err(), TillError::Lock(LockError::Busy));
    drop(till);
    let mut till = self::till(&journal);
    // Open, and perhaps running: not yet. Given up: yes, that is what it is for.
    assert_eq!(till.print_last(&request).unwrap_err(), TillError::UnderWay);
    assert!(journal.lock(&"device".parse().unwrap()).is_ok());
    drop(till.give_up(&id("a")).unwrap());
    assert!(till.print_last(&request).is_ok());
    assert_eq!(till.unresolved().unwrap().len(), 1, "a ticket decides nothing");
}

/// By these names the journal tells a payment of an app from one of a terminal: neither is asked about the other's.
#[test]
fn each_app_is_a_means_of_payment_of_its_own() {
    use caisse_payment::{APP_TO_APP_DIALECTS, PaymentMeans};
    assert_eq!([App::V4, App::Apm].map(App::dialect), APP_TO_APP_DIALECTS);
    for app in [App::V4, App::Apm] {
        assert_eq!(PaymentMeans::of(&app.dialect().parse().unwrap()), PaymentMeans::AppToApp);
    }
    assert_eq!(PaymentMeans::of(&"payxpress".parse().unwrap()), PaymentMeans::CaisseAp);
}

#[test]
fn entries_of_other_ways_to_a_terminal_are_not_ours() {
    use caisse_journal::WallTime;
    use caisse_payment::Transaction;
    let mut journal = MemoryJournal::new();
    launch(&mut till(&journal), &debit("a"));
    let record = journal.find(&id("a")).unwrap().unwrap();
    drop(till(&journal).give_up(&id("a")).unwrap());
    drop(till(&journal).resolve(&id("a"), &decision(Paid::NotPaid)).unwrap());
    let dialect = "payxpress".parse().unwrap();
    let start = Transaction { id: id("tcp"), dialect, ..*record.transaction() };
    journal.append(&start.id, &Event::Started(start), WallTime::now()).unwrap();
    let mut till = till(&journal);
    assert_eq!(till.answer(&id("tcp"), &accepted("tcp")), Err(TillError::NoSuchTransaction));
    assert_eq!(till.give_up(&id("tcp")), Err(TillError::NoSuchTransaction));
    assert_eq!(till.resolve(&id("tcp"), &decision(Paid::NotPaid)), Err(TillError::NoSuchTransaction));
    // But they block all the same.
    assert_eq!(blocked(&mut till, &debit("b")), Blocked::Unresolved);
    assert!(
        matches!(journal.events(&id("tcp")).unwrap()[..], [ref event] if matches!(event.event, Event::Started(_)))
    );
}

/// Somebody decides while the payment app is at it, whatever let that happen.
#[test]
fn a_decision_during_the_payment_never_hides_the_answer_of_the_app() {
    for (paid, accepts, disputed) in [
        (Paid::NotPaid, true, true),
        (Paid::Paid(euros(1500)), true, false),
        (Paid::Paid(euros(1500)), false, true),
        (Paid::NotPaid, false, false),
    ] {
        let journal = MemoryJournal::new();
        let mut till = till(&journal);
        launch(&mut till, &debit("a"));
        let removed = caisse_journal::TerminalLock::new(
            journal.find(&id("a")).unwrap().unwrap().transaction().terminal,
            (),
        );
        journal
            .clone()
            .resolve(&removed, &id("a"), &decision(paid), caisse_journal::WallTime::from_millis(1))
            .unwrap();
        assert_eq!(blocked(&mut self::till(&journal), &debit("a")), Blocked::InFlightElsewhere);
        let answer = if accepts { accepted("a") } else { result("a", Result::new().refused(1)) };
        let payment = till.answer(&id("a"), &answer).unwrap();
        assert_eq!(payment.outcome.approved_amount().is_some(), accepts, "the app's verdict is told");
        assert_eq!((payment.disputed, payment.journaled), (disputed, true));
        let record = journal.find(&id("a")).unwrap().unwrap();
        assert_eq!(record.state() == caisse_journal::State::Disputed, disputed);
        assert!(
            record.conclusion().is_some() && record.decision() == Some(&decision(paid)),
            "both sides are kept"
        );
        let again = ended(&mut till, &debit("a"));
        assert_eq!(again.outcome.approved_amount().is_some(), accepts);
        assert_eq!((again.decision, again.disputed), (Some(decision(paid)), disputed));
    }
}
