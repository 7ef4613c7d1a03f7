//! Which events may be written, and what a transaction becomes by them: all sequences of four writes, against an oracle that
//! knows the money and not the rules; and mistakes in the rules, each of which the oracle must find.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use caisse_payment::{
    Amount, Conclusion, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Retry, Transaction,
    Verdict,
};
use caisse_settlement::settle::{self, Appended, Decided, SettleError};
use caisse_settlement::{
    Confirmation, Decision, Dispute, Event, OperatorOverride, Paid, Record, Source, State, WallTime,
};

const NOT_PAID: Paid = Paid::NotPaid;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn paid(minor: u64) -> Paid {
    Paid::Paid(euros(minor))
}

fn at(millis: u64) -> WallTime {
    WallTime::from_millis(millis)
}

fn transaction() -> Transaction {
    let (id, terminal) = ("sale-1".parse().unwrap(), "counter".parse().unwrap());
    let debit = Transaction::new(id, Operation::Debit, euros(2500), terminal, "payxpress".parse().unwrap());
    Transaction { allow_partial: true, ..debit }
}

fn conclusion(outcome: Outcome) -> Conclusion {
    let proof = if matches!(outcome, Outcome::NotSent { .. }) { Proof::NothingSent } else { Proof::Answered };
    let authorisation = outcome.approved_amount().and_then(|_| "000123".parse().ok());
    Conclusion { authorisation, ..Verdict { outcome, proof }.into() }
}

fn start() -> Event {
    Event::Started(transaction())
}

fn end(outcome: Outcome) -> Event {
    Event::Ended(conclusion(outcome))
}

fn decision(paid: Paid, source: Source) -> Decision {
    let decision = match source {
        Source::Person => Decision::new(paid, "Anne", "seen"),
        Source::Evidence => Decision::proven(paid, "Anne", "seen"),
    };
    let is_more = matches!(paid, Paid::Paid(amount) if amount.minor() > 2500);
    decision.unwrap().confirming(is_more.then_some(Confirmation::MoreThanAsked))
}

/// A credit of this transaction, which may have been given.
fn credit_of(original: &str, outcome: Option<Outcome>) -> Record {
    let (id, original) = ("credit-1".parse().unwrap(), original.parse().ok());
    let credit = Transaction { id, operation: Operation::Credit, original, ..transaction() };
    let record = Record::new(credit, at(1)).unwrap();
    match outcome {
        Some(outcome) => record.with_conclusion(conclusion(outcome), at(1)).unwrap(),
        None => record,
    }
}

fn credit(outcome: Option<Outcome>) -> Record {
    credit_of("sale-1", outcome)
}

const APPROVED: Outcome = Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) };
const IN_PART: Outcome = Outcome::PartiallyApproved {
    approved: Amount::from_minor(2000, Currency::EUR),
    due: Amount::from_minor(500, Currency::EUR),
};
const DECLINED: Outcome = Outcome::Declined { refusal: Refusal::Refused };
const SILENCE: Outcome = Outcome::Unknown { doubt: Doubt::Silence };
const SALVAGED: Outcome = Outcome::Unknown { doubt: Doubt::Salvaged };
const NOT_SENT: Outcome = Outcome::NotSent { reason: NotSent::Unreachable };

/// One write that somebody tries.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Start,
    NeverSent,
    End(Outcome),
    /// A person decides; the flag says whether a credit of the transaction exists.
    Person(Paid, bool),
    Evidence(Paid),
    Dispute(Paid),
    /// The file was damaged, and events of the transaction were lost.
    Salvage,
}

fn steps() -> Vec<Step> {
    let mut steps = vec![Step::Start, Step::NeverSent];
    steps.extend([APPROVED, IN_PART, DECLINED, SILENCE, NOT_SENT].map(Step::End));
    for minor in [2500, 3000] {
        steps.extend([Step::Person(paid(minor), false), Step::Person(paid(minor), true)]);
    }
    steps.extend([Step::Person(NOT_PAID, false), Step::Person(NOT_PAID, true)]);
    steps.extend([paid(2500), NOT_PAID].map(Step::Evidence));
    steps.extend([paid(2500), NOT_PAID].map(Step::Dispute));
    steps.push(Step::Salvage);
    steps
}

/// The rules, so that a test can put a mistake in their place.
#[derive(Clone, Copy)]
struct Rules {
    append: fn(&Event, Option<&Record>) -> Result<Appended, SettleError>,
    decide: fn(&Decision, &Record, &[Record]) -> Result<Decided, SettleError>,
    told: fn(&Record) -> Verdict,
}

const RULES: Rules = Rules {
    append: |event, existing| settle::append(event, at(5), existing, true),
    decide: |decision, record, naming| settle::decide(decision, at(6), record, naming),
    told: |record| record.told(),
};

/// What happened with the money, as the writes tell it, and what the record says.
#[derive(Clone, Default)]
struct World {
    record: Option<Record>,
    /// Every write that was accepted.
    written: Vec<Step>,
    /// An approval that no person has looked at since.
    approval: Option<Amount>,
    /// Whether the id may be sent: nothing has ever left, and nobody has ever said anything else.
    sendable: bool,
    /// What the newest accepted decision says, and by whom.
    decided: Option<(Paid, Source)>,
    /// What the first known end says.
    proven: Option<Paid>,
    /// How many conflicting ends, disputes by a person and corrections there were.
    conflicts: usize,
    overruled: usize,
    corrections: usize,
}

impl World {
    fn take(&mut self, rules: &Rules, step: Step) {
        let before = self.record.clone();
        let accepted = match step {
            Step::Start => self.append(rules, &start()),
            Step::NeverSent => self.append(rules, &Event::NeverSent(transaction(), conclusion(NOT_SENT))),
            Step::End(outcome) => self.append(rules, &end(outcome)),
            Step::Person(paid, has_credit) => self.decide(rules, paid, Source::Person, has_credit),
            Step::Evidence(paid) => self.decide(rules, paid, Source::Evidence, false),
            Step::Dispute(paid) => {
                let dispute = Dispute::new(paid, "late result").unwrap();
                let appended = (rules.append)(&Event::Disputed(dispute), self.record.as_ref());
                appended.map(|appended| self.record = Some(appended.record)).is_ok()
            }
            Step::Salvage => self.salvage(rules),
        };
        match step {
            // Whether or not it was accepted: it is the answer of the terminal.
            Step::End(outcome) if before.is_some() && outcome.approved_amount().is_some() => {
                self.approval = outcome.approved_amount();
            }
            Step::Evidence(Paid::Paid(amount)) | Step::Dispute(Paid::Paid(amount)) if accepted => {
                self.approval = Some(amount);
            }
            _ => {}
        }
        if accepted {
            self.written.push(step);
            let not_sent = [Step::NeverSent, Step::End(NOT_SENT)];
            let ends_so = not_sent.contains(&step);
            self.sendable =
                ends_so && self.written.iter().all(|step| *step == Step::Start || not_sent.contains(step));
        }
        self.check(rules);
    }

    fn append(&mut self, rules: &Rules, event: &Event) -> bool {
        let is_start = !matches!(event, Event::Ended(_));
        let may_start = self.record.is_none() || self.sendable;
        let Ok(Appended { record, dispute }) = (rules.append)(event, self.record.as_ref()) else {
            assert!(!(is_start && may_start), "an id that may be sent is refused");
            return false;
        };
        assert!(!is_start || may_start, "an id that may have been sent is sendable");
        self.conflicts += usize::from(dispute.is_some());
        if let Event::Ended(end) = event {
            assert_eq!(
                record.is_disputed(),
                dispute.is_some() || self.record.as_ref().unwrap().is_disputed()
            );
            let said = Paid::by_outcome(end.verdict.outcome);
            // Whoever disagrees with what was recorded is heard.
            let recorded = self.decided.map(|(paid, _)| paid).or(self.proven);
            let disagrees = said.is_some() && recorded.is_some() && said != recorded;
            assert_eq!(dispute.map(|dispute| dispute.paid()), said.filter(|_| disagrees), "a conflict");
            assert!(record.conclusion().is_some(), "the end is lost");
            self.proven = self.proven.or(said);
        } else {
            self.proven = matches!(event, Event::NeverSent(..)).then_some(NOT_PAID);
        }
        self.record = Some(record);
        true
    }

    /// Whatever was known stays, and a person has to look.
    fn salvage(&mut self, rules: &Rules) -> bool {
        let Some(before) = self.record.clone() else { return false };
        let salvaged = (rules.append)(&end(SALVAGED), Some(&before)).expect("always written");
        assert_eq!(salvaged.dispute, None, "the event itself says it");
        let record = salvaged.record;
        assert_ne!(record.state(), State::Final, "a person has to look");
        assert_eq!((record.paid(), record.decision()), (before.paid(), before.decision()));
        let is_known = before.state() != State::Unresolved;
        let lost = conclusion(SALVAGED);
        let end = if is_known { before.conclusion() } else { Some(&lost) };
        assert_eq!(record.conclusion(), end, "a known end stays, and what is not known was lost");
        self.record = Some(record);
        true
    }

    fn decide(&mut self, rules: &Rules, paid: Paid, source: Source, has_credit: bool) -> bool {
        let Some(record) = &self.record else { return false };
        if record.is_salvaged() && record.state() == State::Unresolved && source == Source::Evidence {
            let refused = (rules.decide)(&decision(paid, source), record, &[]);
            assert!(matches!(refused, Err(SettleError::Refused { .. })), "only a person settles it");
            return false;
        }
        let naming = if has_credit { vec![credit(Some(APPROVED))] } else { vec![] };
        let state = record.state();
        let by_person = matches!(self.decided, Some((_, Source::Person)));
        match (rules.decide)(&decision(paid, source), record, &naming) {
            Ok(Decided::Settled(settled)) => {
                if state == State::Final {
                    let overrules = !by_person || self.proven.is_some_and(|proven| proven != paid);
                    assert!(source == Source::Person && !overrules, "proof was overruled");
                    assert!(!has_credit, "a credit rests on it");
                    self.corrections += 1;
                }
                assert_eq!(settled.decision().map(Decision::paid), Some(paid), "not what was decided");
                self.decided = Some((paid, source));
                if source == Source::Person {
                    self.approval = None;
                }
                self.record = Some(settled);
                true
            }
            Ok(Decided::Disputed(disputed, dispute)) => {
                assert!(source == Source::Person && state == State::Final && disputed.is_disputed());
                assert_eq!(dispute, Dispute::by_person(&decision(paid, source)));
                assert_eq!(disputed.decision(), record.decision(), "a dispute changes nothing");
                self.overruled += 1;
                self.record = Some(disputed);
                true
            }
            Err(error) => {
                assert_eq!(error, SettleError::NotUnresolved);
                // Only where there is nothing to decide: evidence about what is known, or what is recorded so already.
                let recorded = self.decided.map(|(paid, _)| paid).or(self.proven);
                let says_so = recorded == Some(paid);
                assert!(state != State::Unresolved && (source == Source::Evidence || says_so), "not heard");
                false
            }
        }
    }

    fn check(&self, rules: &Rules) {
        let Some(record) = &self.record else { return };
        let told = (rules.told)(record);
        let is_open = (rules.append)(&start(), Some(record)).is_ok();
        assert_eq!(is_open, self.sendable, "sendable");
        assert_eq!(told.outcome.retry() == Retry::SameId, self.sendable, "told as sendable");
        if let Some(amount) = self.approval {
            assert_eq!(told.outcome.retry(), Retry::No, "an approval is told as {told:?}");
            let is_told = told.outcome.approved_amount() == Some(amount);
            assert!(is_told || record.is_disputed(), "the approval of {amount} is lost");
        }
        if let Some((paid, _)) = self.decided {
            assert_eq!(record.decision().map(Decision::paid), Some(paid));
        }
    }
}

/// Returns how many sequences there were, with how many conflicts, disputes by a person and corrections in them.
fn explore(rules: &Rules, depth: usize) -> [usize; 4] {
    fn go(rules: &Rules, world: &World, depth: usize, counts: &mut [usize; 4]) {
        if depth == 0 {
            let World { conflicts, overruled, corrections, .. } = world;
            for (count, more) in counts.iter_mut().zip([1, *conflicts, *overruled, *corrections]) {
                *count += more;
            }
            return;
        }
        for step in steps() {
            let mut next = world.clone();
            next.take(rules, step);
            go(rules, &next, depth - 1, counts);
        }
    }
    let mut counts = [0; 4];
    go(rules, &World::default(), depth, &mut counts);
    counts
}

#[test]
fn no_sequence_of_writes_loses_an_approval_or_makes_a_decided_id_sendable() {
    let counts = explore(&RULES, 4);
    println!("sequences, conflicting ends, overruled persons, corrections: {counts:?}");
    let [sequences, conflicts, overruled, corrections] = counts;
    assert_eq!(sequences, steps().len().pow(4));
    assert!(conflicts > 500 && overruled > 500 && corrections > 100, "{counts:?}");
}

/// The verdict of a rule, changed.
fn mistaken(record: Record, change: impl FnOnce(Record) -> Record) -> Appended {
    Appended { record: change(record), dispute: None }
}

#[test]
fn each_mistake_in_the_rules_is_found() {
    let mistakes: [(&str, Rules); 11] = [
        (
            "a salvaged transaction is settled by evidence",
            Rules {
                decide: |decision, record, naming| match (record.is_salvaged(), record.state()) {
                    (true, State::Unresolved) => {
                        Ok(Decided::Settled(record.clone().with_decision(decision.clone(), at(6)).unwrap()))
                    }
                    _ => (RULES.decide)(decision, record, naming),
                },
                ..RULES
            },
        ),
        (
            "a known end needs no look after a salvage",
            Rules {
                append: |event, existing| match (event, existing) {
                    (Event::Ended(end), Some(record)) if end.verdict.outcome == SALVAGED => {
                        let appended = (RULES.append)(event, existing)?;
                        Ok(mistaken(appended.record, |after| after.with_dispute(record.is_disputed())))
                    }
                    (event, existing) => (RULES.append)(event, existing),
                },
                ..RULES
            },
        ),
        (
            "the end of a decided transaction is dropped",
            Rules {
                append: |event, existing| match existing {
                    Some(record) if record.decision().is_some() => Err(SettleError::Conflict),
                    existing => (RULES.append)(event, existing),
                },
                ..RULES
            },
        ),
        (
            "a conflict is stored without a dispute",
            Rules {
                append: |event, existing| {
                    let appended = (RULES.append)(event, existing)?;
                    Ok(mistaken(appended.record, |record| record.with_dispute(false)))
                },
                ..RULES
            },
        ),
        (
            "a second end is dropped",
            Rules {
                append: |event, existing| match (event, existing) {
                    (Event::Ended(_), Some(record)) if record.conclusion().is_some() => {
                        Err(SettleError::Conflict)
                    }
                    (event, existing) => (RULES.append)(event, existing),
                },
                ..RULES
            },
        ),
        (
            "a not-sent end replaces an unknown one",
            Rules {
                append: |event, existing| match (event, existing) {
                    (Event::Ended(end), Some(record))
                        if record.conclusion().is_some() && record.decision().is_none() =>
                    {
                        Ok(mistaken(record.clone(), |record| record.with_conclusion(*end, at(5)).unwrap()))
                    }
                    (event, existing) => (RULES.append)(event, existing),
                },
                ..RULES
            },
        ),
        (
            "a person overrules proof",
            Rules {
                decide: |decision, record, naming| match (RULES.decide)(decision, record, naming)? {
                    Decided::Disputed(record, _) => Ok(Decided::Settled(
                        record.with_decision(decision.clone(), at(6))?.with_dispute(false),
                    )),
                    settled @ Decided::Settled(_) => Ok(settled),
                },
                ..RULES
            },
        ),
        (
            "credits are not looked at",
            Rules { decide: |decision, record, _| (RULES.decide)(decision, record, &[]), ..RULES },
        ),
        (
            "a correction makes the id sendable",
            Rules {
                append: |event, existing| match existing.map(|record| (record, record.paid())) {
                    Some((record, Some(Paid::NotPaid)))
                        if record.decision().is_some() && !matches!(event, Event::Ended(_)) =>
                    {
                        (RULES.append)(event, None)
                    }
                    _ => (RULES.append)(event, existing),
                },
                ..RULES
            },
        ),
        (
            "a correction is not applied",
            Rules {
                decide: |decision, record, naming| match (RULES.decide)(decision, record, naming)? {
                    Decided::Settled(new) if record.decision().is_some() => {
                        let earlier = record.decision().unwrap().clone();
                        Ok(Decided::Settled(new.with_decision(earlier, at(6))?))
                    }
                    decided => Ok(decided),
                },
                ..RULES
            },
        ),
        ("a dispute is told as nothing happened", Rules { told: |record| record.verdict(), ..RULES }),
    ];
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    // Without a mistake nothing is found.
    assert!(catch_unwind(|| explore(&RULES, 3)).is_ok());
    let found =
        mistakes.map(|(name, rules)| (name, catch_unwind(AssertUnwindSafe(|| explore(&rules, 4))).is_err()));
    set_hook(hook);
    for (name, found) in found {
        assert!(found, "not found: {name}");
    }
}

fn record_of(events: &[Event]) -> Record {
    let append = |record: Option<Record>, event: &Event| {
        Some(settle::append(event, at(1), record.as_ref(), true).unwrap().record)
    };
    events.iter().fold(None, append).unwrap()
}

fn settled(record: &Record, decision: &Decision) -> Record {
    match settle::decide(decision, at(2), record, &[]).unwrap() {
        Decided::Settled(record) => record,
        disputed @ Decided::Disputed(..) => panic!("{disputed:?}"),
    }
}

#[test]
fn the_approval_that_meets_a_decision_stays_an_approval() {
    let open = record_of(&[start()]);
    let decided = settled(&open, &decision(NOT_PAID, Source::Person));
    let reason = Outcome::Declined { refusal: Refusal::DecidedNotPaid };
    assert_eq!(decided.told().outcome, reason, "a person said so, not the terminal");
    let Appended { record, dispute } = settle::append(&end(APPROVED), at(3), Some(&decided), true).unwrap();
    assert_eq!(dispute.map(|dispute| dispute.paid()), Some(paid(2500)));
    assert_eq!((record.state(), record.told().outcome), (State::Disputed, APPROVED));
    assert_eq!(record.conclusion(), Some(&conclusion(APPROVED)), "with its number");
    assert_eq!(record.decision(), decided.decision(), "beside the decision");
    // Where both agree there is nothing to look at.
    let decided = settled(&open, &decision(paid(2500), Source::Person));
    let Appended { record, dispute } = settle::append(&end(APPROVED), at(3), Some(&decided), true).unwrap();
    assert_eq!((dispute, record.state()), (None, State::Final));
    assert_eq!((record.conclusion(), record.told().outcome), (Some(&conclusion(APPROVED)), APPROVED));
    // A refusal of what a person calls paid invites nobody to pay again.
    let refused = settle::append(&end(DECLINED), at(3), Some(&decided), true).unwrap().record;
    assert_eq!(refused.told().outcome, Outcome::Unknown { doubt: Doubt::Disputed });
}

#[test]
fn the_truth_may_be_more_or_less_than_what_was_asked_for() {
    let open = record_of(&[start()]);
    for (minor, outcome) in
        [(3000, Outcome::Approved { amount: euros(3000) }), (2500, APPROVED), (2000, IN_PART)]
    {
        let record = settled(&open, &decision(paid(minor), Source::Person));
        assert_eq!(record.verdict().outcome, outcome);
        assert_eq!(record.told().outcome.amount_due().is_some(), minor < 2500);
    }
}

#[test]
fn a_correction_shows_the_newest_word_and_what_was_confirmed() {
    let open = record_of(&[start(), end(SILENCE)]);
    let early = settled(&open, &decision(NOT_PAID, Source::Person));
    let late = Decision::new(paid(2500), "Zoé", "bank statement")
        .unwrap()
        .confirming([Confirmation::Restarted, Confirmation::Recovered]);
    let record = settled(&early, &late);
    assert_eq!((record.decision(), record.told().outcome), (Some(&late), APPROVED));
    assert_eq!(late.confirmed().to_string(), "recovered,restarted");
    // The same word again corrects nothing.
    assert_eq!(settle::decide(&late, at(9), &record, &[]), Err(SettleError::NotUnresolved));
}

#[test]
fn only_a_credit_that_may_have_been_given_rests_on_a_decision() {
    let open = record_of(&[start()]);
    let early = settled(&open, &decision(paid(2500), Source::Person));
    let correction = decision(NOT_PAID, Source::Person);
    for (outcome, rests) in [
        (Some(APPROVED), true),
        (Some(IN_PART), true),
        (Some(SILENCE), true),
        (None, true),
        (Some(DECLINED), false),
        (Some(NOT_SENT), false),
    ] {
        let decided = settle::decide(&correction, at(2), &early, &[credit(outcome)]).unwrap();
        assert_eq!(matches!(decided, Decided::Disputed(..)), rests, "{outcome:?}");
    }
    // A credit of another transaction is none.
    let other = credit_of("sale-2", Some(APPROVED));
    assert!(matches!(settle::decide(&correction, at(2), &early, &[other]).unwrap(), Decided::Settled(_)));
}

/// A slip of the keyboard is no decision. What the terminal reported is none, and evidence has its own rules.
#[test]
fn a_person_confirms_that_more_than_was_asked_for_is_no_mistake() {
    let asked = transaction();
    let with_tip = Transaction { allow_tip: Some(euros(500)), allow_partial: false, ..asked };
    let reported = Event::Ended(Conclusion { reported_amount: Some(euros(9900)), ..conclusion(SILENCE) });
    for (transaction, end, says, is_refused) in [
        (asked, &end(SILENCE), 2500, false),
        (asked, &end(SILENCE), 2501, true),
        (asked, &end(SILENCE), 2_500_000, true),
        (asked, &end(SILENCE), 1, false),
        (with_tip, &end(SILENCE), 3000, false),
        (with_tip, &end(SILENCE), 3001, true),
        (asked, &reported, 9900, false),
        (asked, &reported, 9899, true),
    ] {
        let record = record_of(&[Event::Started(transaction), end.clone()]);
        let word = Decision::new(paid(says), "Anne", "seen").unwrap();
        let decided = settle::decide(&word, at(2), &record, &[]);
        let refused =
            matches!(&decided, Err(SettleError::Refused { what }) if what.contains("more than was asked"));
        assert_eq!(refused, is_refused, "{says}: {decided:?}");
        let confirmed = word.confirming([Confirmation::MoreThanAsked]);
        assert_eq!(settled(&record, &confirmed).paid(), Some(paid(says)));
    }
    // A correction, and a word against a dispute, too.
    let decided = settled(&record_of(&[start()]), &decision(NOT_PAID, Source::Person));
    let word = Decision::new(paid(250_000), "Anne", "seen").unwrap();
    let corrected = settle::decide(&word, at(3), &decided, &[]);
    assert!(matches!(corrected, Err(SettleError::Refused { .. })), "{corrected:?}");
    let evidence = Decision::proven(paid(250_000), "Anne", "seen").unwrap();
    assert_eq!(settled(&record_of(&[start()]), &evidence).paid(), Some(paid(250_000)));
}

/// What one id may stand for is what is asked for, and not how the terminal is reached.
#[test]
fn an_id_that_was_not_sent_is_sent_again_with_the_same_content_alone() {
    let not_sent = record_of(&[Event::NeverSent(transaction(), conclusion(NOT_SENT))]);
    let again =
        |transaction| settle::append(&Event::Started(transaction), at(2), Some(&not_sent), true).is_ok();
    let dialect = "nepting".parse().unwrap();
    let (address, usb) = ("tcp:192.0.2.7:8888".parse().ok(), "usb:079b:0028:7".parse().ok());
    assert!(again(Transaction { dialect, address, usb, ..transaction() }));
    for other in [
        Transaction { operation: Operation::Cheque, ..transaction() },
        Transaction { original: "sale-0".parse().ok(), ..transaction() },
        Transaction { amount: euros(2501), ..transaction() },
        Transaction { allow_partial: false, ..transaction() },
        Transaction { allow_tip: Some(euros(1)), ..transaction() },
        Transaction { terminal: "bar".parse().unwrap(), ..transaction() },
        Transaction { register: "02".parse().unwrap(), ..transaction() },
        Transaction { reference: "table 4".parse().ok(), ..transaction() },
    ] {
        assert!(!again(other), "{other:?}");
    }
}

#[test]
fn a_person_takes_responsibility_for_an_open_credit_alone() {
    let person = Event::Overridden(OperatorOverride::new("Anne", "seen").unwrap());
    let append = |record: &Record| settle::append(&person, at(2), Some(record), true);
    assert_eq!(append(&credit(None)), Ok(credit(None).into()));
    assert_eq!(append(&credit(Some(SILENCE))), Err(SettleError::Conflict));
    assert!(matches!(append(&record_of(&[start()])), Err(SettleError::Refused { .. })));
    assert_eq!(settle::append(&person, at(2), None, true), Err(SettleError::Conflict));
}

/// A decision is written under the lock of its terminal, and never as another event.
#[test]
fn a_decision_is_no_event_to_append() {
    let decision = Event::Resolved(decision(NOT_PAID, Source::Person));
    let open = record_of(&[start()]);
    assert!(matches!(settle::append(&decision, at(2), Some(&open), true), Err(SettleError::Refused { .. })));
}
