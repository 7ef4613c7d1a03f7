//! Mistakes planted in the rules, and found. Each of the double charges that this project has had is one of them.

use std::collections::BTreeSet;
use std::time::Duration;

use caisse::{Blocked, Journal, JournalError, MemoryJournal, RecordState};
use caisse_journal::{Admitted, Event, Record, Reporter, TerminalLock};
use caisse_payment::evidence::{AttributedResult, LastTransaction};
use caisse_payment::{AuthorisationNumber, NotSent, Outcome, Proof, Transaction};
use caisse_settlement::ask::Asking;
use caisse_settlement::attribute::attribute;
use caisse_settlement::weigh::{
    Context, Knowledge, LateResult, Previous, RecoveryFinding, context, weigh, weigh_result,
};
use caisse_settlement::{Decision, Paid, TerminalIdentity, TerminalKey};
use stateright::HasDiscoveries;

use crate::history::{self, Write, store};
use crate::rules::{Filed, Heard, REAL, Rules, read};
use crate::setups::{
    ALIKE, APP_AND_NEW_TERMINAL, ELSEWHERE, LOSS, MOVED, NOTHING, ONE_NAME, SERIAL_ALIKE, SERIAL_COPIES,
    SERIAL_NAMESAKES, SERIAL_REFERENCES, SERIAL_SWAPPED, SPARE, SWAPPED, TWO_NAMES, WITH_APP,
};
use crate::world::{Setup, Troubles};
use crate::{check, check_until, promise};

// Mistakes of the admission.

/// Lets a payment begin although the answer is this.
fn admit_despite(
    journal: &MemoryJournal,
    asked: &Transaction,
    is_overlooked: fn(&MemoryJournal, &TerminalKey, &Admitted) -> bool,
) -> Admitted {
    let admitted = caisse_journal::admit(journal, asked);
    let key = TerminalKey::from(asked);
    if !is_overlooked(journal, &key, &admitted) {
        return admitted;
    }
    journal.lock_terminal(&key).map_or(admitted, Admitted::Proceed)
}

fn overlooks_what_is_open(journal: &MemoryJournal, asked: &Transaction) -> Admitted {
    admit_despite(journal, asked, |journal, key, admitted| {
        let is_open = !journal.unresolved_at(key).unwrap().is_empty();
        is_open && matches!(admitted, Admitted::Blocked(Blocked::Unresolved))
    })
}

/// Closes as not paid what is open, so that a start can be written.
fn closes_what_is_open(writes: &[Write], write: Write) -> Result<Vec<Write>, JournalError> {
    let result = store(writes, write.clone());
    let (Err(JournalError::Conflict), Write::Append(_, event)) = (&result, &write) else { return result };
    let Event::Started(start) = &**event else { return result };
    let mut journal = MemoryJournal::new();
    history::replay(&mut journal, writes);
    let mut writes = writes.to_vec();
    for open in journal.unresolved_at(&TerminalKey::from(start))? {
        let decision = Decision::proven(Paid::NotPaid, "till", "the next payment begins").unwrap();
        writes = store(&writes, Write::Resolve(open.id(), decision))?;
    }
    store(&writes, write)
}

fn overlooks_what_is_contested(journal: &MemoryJournal, asked: &Transaction) -> Admitted {
    admit_despite(journal, asked, |journal, key, admitted| {
        let is_open = !journal.unresolved_at(key).unwrap().is_empty();
        !is_open && matches!(admitted, Admitted::Blocked(Blocked::Unresolved))
    })
}

fn begins_again_what_has_ended(journal: &MemoryJournal, asked: &Transaction) -> Admitted {
    admit_despite(
        journal,
        asked,
        |_, _, admitted| matches!(admitted, Admitted::Replay(record) if record.state() == RecordState::Final),
    )
}

/// Forgets an attempt, so that a start can be written.
fn forgets_what_has_ended(writes: &[Write], write: Write) -> Result<Vec<Write>, JournalError> {
    let result = store(writes, write.clone());
    let (Err(JournalError::Conflict), Write::Append(_, event)) = (&result, &write) else { return result };
    let Event::Started(start) = &**event else { return result };
    let others: Vec<Write> = writes.iter().filter(|it| it.id() != start.id).cloned().collect();
    store(&others, write)
}

// Mistakes of what is written.

fn drops_an_end_that_conflicts(writes: &[Write], write: Write) -> Result<Vec<Write>, JournalError> {
    let after = store(writes, write.clone())?;
    let mut journal = MemoryJournal::new();
    history::replay(&mut journal, &after);
    let is_disputed = journal.find(&write.id())?.is_some_and(|record| record.is_disputed());
    Ok(if is_disputed { writes.to_vec() } else { after })
}

/// Takes a person's "not paid" for the proof that nothing was sent.
fn makes_a_corrected_id_sendable(writes: &[Write], write: Write) -> Result<Vec<Write>, JournalError> {
    let after = store(writes, write.clone())?;
    let Write::Resolve(id, decision) = write else { return Ok(after) };
    if decision.paid() != Paid::NotPaid {
        return Ok(after);
    }
    let is_correction = writes.iter().any(|it| matches!(it, Write::Resolve(other, _) if *other == id));
    let mut journal = MemoryJournal::new();
    history::replay(&mut journal, &after);
    let record = journal.find(&id)?.filter(|record| is_correction && !record.is_disputed());
    let Some(record) = record else { return Ok(after) };
    let outcome = Outcome::NotSent { reason: NotSent::Cancelled };
    let end = crate::world::end(outcome, Proof::NothingSent);
    let others: Vec<Write> = writes.iter().filter(|it| it.id() != id).cloned().collect();
    store(&others, Write::Append(id, Box::new(Event::NeverSent(*record.transaction(), end))))
}

// Mistakes about whose a result is.

fn ignores_the_number(
    journal: &mut MemoryJournal,
    held: &TerminalLock,
    reporter: &Reporter,
    heard: &Heard,
) -> Filed {
    caisse_journal::file_result(journal, held, reporter, |asked| AttributedResult {
        authorisation: None,
        ..read(heard, asked)
    })
}

fn ignores_the_reference(
    journal: &mut MemoryJournal,
    held: &TerminalLock,
    reporter: &Reporter,
    heard: &Heard,
) -> Filed {
    caisse_journal::file_result(journal, held, reporter, |asked| AttributedResult {
        has_reference: false,
        ..read(heard, asked)
    })
}

/// Files a result as that of the newest transaction, decided or not.
fn takes_the_newest(
    journal: &mut MemoryJournal,
    held: &TerminalLock,
    reporter: &Reporter,
    heard: &Heard,
) -> Filed {
    let key = TerminalKey { terminal: reporter.terminal.name, address: reporter.terminal.address };
    let newest = caisse_journal::last_reached(journal, &key, 2)?;
    let is_running = |record: &&Record| reporter.running == Some(record.id());
    let newest = newest.iter().find(|record| !is_running(record)).map(|record| record.transaction());
    caisse_journal::file_result(journal, held, reporter, |asked| {
        let result = read(heard, asked);
        if newest.is_some_and(|newest| newest.has_same_content(asked)) {
            return result;
        }
        let outcome = Outcome::Unknown { doubt: caisse_payment::Doubt::AmountDiffers };
        AttributedResult { outcome, ..result }
    })
}

/// Weighs the result of an unresolved transaction with a mistake.
fn weigh_mistaken(
    journal: &mut MemoryJournal,
    held: &TerminalLock,
    reporter: &Reporter,
    heard: &Heard,
    mistake: fn(LateResult) -> LateResult,
) -> Filed {
    let records = journal.list()?;
    let found = attribute(&records, &reporter.terminal, reporter.running, |asked| read(heard, asked));
    if let Some(it) = found.filter(|it| it.record.state() == RecordState::Unresolved) {
        let finding = weigh_result(&mistake(it.late_result(&records, reporter.exclusive)));
        if let Some(paid) = finding.paid() {
            let decision = Decision::proven(paid, "till", "late result").unwrap();
            let own = caisse_journal::lock_of(journal, held, it.record)?;
            journal.resolve(own.as_ref().unwrap_or(held), &it.record.id(), &decision, history::at())?;
            return Ok(None);
        }
    }
    (REAL.file)(journal, held, reporter, heard)
}

fn takes_a_copy_for_the_result(
    journal: &mut MemoryJournal,
    held: &TerminalLock,
    reporter: &Reporter,
    heard: &Heard,
) -> Filed {
    weigh_mistaken(journal, held, reporter, heard, |late| LateResult { like_the_last: false, ..late })
}

fn believes_the_result_of_another_terminal(
    journal: &mut MemoryJournal,
    held: &TerminalLock,
    reporter: &Reporter,
    heard: &Heard,
) -> Filed {
    weigh_mistaken(journal, held, reporter, heard, |late| LateResult {
        same_terminal: true,
        like_the_last: false,
        ..late
    })
}

// Mistakes of the evidence.

const fn asks_every_terminal(_: &[Record], _: &Record, _: &TerminalIdentity) -> Asking {
    Asking::Allowed
}

fn takes_every_terminal_for_the_recorded_one(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    weigh(told, &Knowledge { found: known.recorded, ..*known })
}

/// Compares what the terminals show, and not where they are.
fn forgets_the_address(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    let found = TerminalIdentity { address: known.recorded.address, ..known.found };
    weigh(told, &Knowledge { found, ..*known })
}

/// Looks for what a terminal showed under the recorded name alone.
fn forgets_what_was_shown_under_another_name(
    records: &[Record],
    record: &Record,
    reported: Option<AuthorisationNumber>,
) -> Context {
    let key = TerminalKey::from(record.transaction());
    let own: Vec<Record> =
        records.iter().filter(|other| TerminalKey::from(other.transaction()) == key).cloned().collect();
    Context { terminal: context(&own, record, reported).terminal, ..context(records, record, reported) }
}

fn takes_every_terminal_for_its_own(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    weigh(told, &Knowledge { exclusive: true, ..*known })
}

fn does_not_wait(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    weigh(told, &Knowledge { time_left: Duration::ZERO, ..*known })
}

/// Takes the transaction before for one with another number.
fn forgets_the_one_before(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    let previous = Previous::Authorised("999999".parse().unwrap(), known.amount);
    weigh(told, &Knowledge { previous, of_another: false, ..*known })
}

/// The same, where the journal does not have its number.
fn forgets_one_without_a_number(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    match known.previous {
        Previous::Unnumbered(_) => forgets_the_one_before(told, known),
        Previous::Unknown | Previous::Authorised(..) => weigh(told, known),
    }
}

fn never_knows_the_number_before(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    weigh(told, &Knowledge { previous: Previous::Unknown, ..*known })
}

struct Bug {
    name: &'static str,
    setup: Setup,
    rules: Rules,
    /// What it breaks; there may be more.
    breaks: &'static [&'static str],
}

const fn bug(name: &'static str, setup: Setup, rules: Rules, breaks: &'static [&'static str]) -> Bug {
    Bug { name, setup, rules, breaks }
}

const fn with(setup: Setup, troubles: Troubles) -> Setup {
    Setup { troubles, ..setup }
}

/// The double charges that this project has had, each by taking its remedy out.
fn double_charges() -> Vec<Bug> {
    use promise::{END_ON_DISK, NO_LOST_APPROVAL, ONE_CHARGE, ONE_CUSTOMER, OWN_EVIDENCE, START_FIRST};
    let delays = Troubles { delays: 1, ..LOSS };
    vec![
        bug(
            "a second path to the journal has its own locks",
            ONE_NAME,
            Rules { locks_are_shared: false, ..REAL },
            &[NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "a request leaves the system's queue after a person has decided",
            with(ONE_NAME, delays),
            Rules { aborts: false, ..REAL },
            &[NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "a request waits in the system's queue for longer than the till",
            with(ONE_NAME, delays),
            Rules { system_gives_up: false, ..REAL },
            &[NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "a spare terminal is believed",
            SPARE,
            EVERY_TERMINAL,
            &[OWN_EVIDENCE, NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "an end that conflicts is dropped",
            WITH_APP,
            Rules { store: drops_an_end_that_conflicts, ..REAL },
            &[NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "a till writes to a file that was replaced",
            with(ONE_NAME, Troubles { replacements: 1, ..NOTHING }),
            Rules { checks_the_path: false, ..REAL },
            &[START_FIRST, END_ON_DISK, ONE_CHARGE],
        ),
    ]
}

fn mistakes_of_the_journal() -> Vec<Bug> {
    use promise::{EVIDENCE_STAYS, NO_LOST_APPROVAL, ONE_CHARGE};
    let mistakes = Troubles { mistakes: 1, ..LOSS };
    vec![
        bug(
            "does not wait for what is open",
            ALIKE,
            Rules { admit: overlooks_what_is_open, store: closes_what_is_open, ..REAL },
            &[NO_LOST_APPROVAL],
        ),
        bug(
            "takes one terminal under two names for two",
            TWO_NAMES,
            Rules { knows_addresses: false, ..REAL },
            &[EVIDENCE_STAYS],
        ),
        bug(
            "overlooks what is contested",
            with(ONE_NAME, mistakes),
            Rules { admit: overlooks_what_is_contested, ..REAL },
            &[EVIDENCE_STAYS],
        ),
        bug(
            "does not ask the journal again after a late result",
            with(ONE_NAME, mistakes),
            Rules { heeds_late_results: false, ..REAL },
            &[EVIDENCE_STAYS],
        ),
        bug(
            "begins again what has ended",
            ONE_NAME,
            Rules { admit: begins_again_what_has_ended, store: forgets_what_has_ended, ..REAL },
            &[ONE_CHARGE],
        ),
        bug(
            "makes a corrected id sendable",
            with(ONE_NAME, mistakes),
            Rules { store: makes_a_corrected_id_sendable, ..REAL },
            &[ONE_CHARGE],
        ),
    ]
}

/// The rules that a mistake about the terminal needs to get through.
const EVERY_TERMINAL: Rules =
    Rules { may_ask: asks_every_terminal, weigh: takes_every_terminal_for_the_recorded_one, ..REAL };

fn mistakes_about_terminals() -> Vec<Bug> {
    use promise::{NO_LOST_APPROVAL, ONE_CUSTOMER, OWN_EVIDENCE};
    vec![
        bug("believes every terminal, where two are swapped", SWAPPED, EVERY_TERMINAL, &[OWN_EVIDENCE]),
        bug("believes every terminal, where one has moved", MOVED, EVERY_TERMINAL, &[OWN_EVIDENCE]),
        bug("takes the terminal for the payment app", APP_AND_NEW_TERMINAL, EVERY_TERMINAL, &[OWN_EVIDENCE]),
        bug(
            "follows a name to an address that is new",
            ELSEWHERE,
            Rules { may_ask: asks_every_terminal, weigh: forgets_the_address, ..REAL },
            &[OWN_EVIDENCE, NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "forgets what was shown under another name",
            SPARE,
            Rules { context: forgets_what_was_shown_under_another_name, ..REAL },
            &[OWN_EVIDENCE, NO_LOST_APPROVAL],
        ),
    ]
}

fn mistakes_of_the_evidence() -> Vec<Bug> {
    use promise::{END, NO_FALSE_APPROVAL, NO_LOST_APPROVAL, ONE_CUSTOMER};
    let strangers = Setup { exclusive: false, troubles: Troubles { strangers: 1, ..LOSS }, ..ONE_NAME };
    let alone = Setup { person: false, ..ONE_NAME };
    vec![
        bug(
            "takes every terminal for its own",
            strangers,
            Rules { weigh: takes_every_terminal_for_its_own, ..REAL },
            &[NO_FALSE_APPROVAL],
        ),
        bug(
            "does not wait",
            with(ONE_NAME, Troubles { delays: 1, ..LOSS }),
            Rules { weigh: does_not_wait, ..REAL },
            &[NO_LOST_APPROVAL, ONE_CUSTOMER],
        ),
        bug(
            "forgets the one before",
            ALIKE,
            Rules { weigh: forgets_the_one_before, ..REAL },
            &[NO_FALSE_APPROVAL],
        ),
        bug(
            "forgets one without a number",
            with(ALIKE, Troubles { losses: 2, ..NOTHING }),
            Rules { weigh: forgets_one_without_a_number, ..REAL },
            &[NO_FALSE_APPROVAL],
        ),
        bug(
            "never knows the number before",
            alone,
            Rules { weigh: never_knows_the_number_before, ..REAL },
            &[END],
        ),
    ]
}

fn mistakes_about_late_results() -> Vec<Bug> {
    use promise::{NO_FALSE_APPROVAL, OWN_EVIDENCE, OWN_RESULT, RESULT_KEPT};
    vec![
        bug(
            "ignores the number of a result",
            SERIAL_COPIES,
            Rules { file: ignores_the_number, ..REAL },
            &[OWN_RESULT],
        ),
        bug(
            "ignores the reference of a result",
            SERIAL_REFERENCES,
            Rules { file: ignores_the_reference, ..REAL },
            &[OWN_RESULT],
        ),
        bug(
            "takes the newest for the one of a result",
            SERIAL_NAMESAKES,
            Rules { file: takes_the_newest, ..REAL },
            &[RESULT_KEPT],
        ),
        bug(
            "takes a copy for the result, and does not wait for one",
            SERIAL_ALIKE,
            Rules { file: takes_a_copy_for_the_result, waits_for_late_results: false, ..REAL },
            &[NO_FALSE_APPROVAL],
        ),
        bug(
            "believes the result of another terminal",
            SERIAL_SWAPPED,
            Rules { file: believes_the_result_of_another_terminal, ..REAL },
            &[OWN_EVIDENCE],
        ),
    ]
}

/// Checks that each mistake breaks what it must break.
fn find(bugs: Vec<Bug>) {
    for Bug { name, setup, rules, breaks } in bugs {
        println!("{name}:");
        let enough = HasDiscoveries::AllOf(breaks.iter().copied().collect());
        let broken = check_until(&Setup { rules, ..setup }, enough).expect_err(name);
        for promise in breaks {
            assert!(broken.contains(promise), "{name}: {broken:?}");
        }
    }
}

#[test]
fn each_double_charge_is_found() {
    find(double_charges());
}

#[test]
fn each_mistake_of_the_journal_is_found() {
    find(mistakes_of_the_journal());
}

#[test]
fn each_mistake_about_terminals_is_found() {
    find(mistakes_about_terminals());
}

#[test]
fn each_mistake_of_the_evidence_is_found() {
    find(mistakes_of_the_evidence());
}

#[test]
fn each_mistake_about_late_results_is_found() {
    find(mistakes_about_late_results());
}

#[test]
fn each_promise_is_broken_by_a_mistake() {
    let all = [
        double_charges(),
        mistakes_of_the_journal(),
        mistakes_about_terminals(),
        mistakes_of_the_evidence(),
        mistakes_about_late_results(),
    ];
    let broken: BTreeSet<_> = all.iter().flatten().flat_map(|bug| bug.breaks).copied().collect();
    assert_eq!(broken, BTreeSet::from(promise::ALL));
}

/// Where two rules hold one door, one of them is enough.
#[test]
fn one_of_two_rules_is_enough() {
    let alone = [
        (ALIKE, Rules { admit: overlooks_what_is_open, ..REAL }),
        (ONE_NAME, Rules { admit: begins_again_what_has_ended, ..REAL }),
        (ELSEWHERE, Rules { may_ask: asks_every_terminal, ..REAL }),
        (ELSEWHERE, Rules { weigh: forgets_the_address, ..REAL }),
        (SERIAL_ALIKE, Rules { file: takes_a_copy_for_the_result, ..REAL }),
        (SERIAL_ALIKE, Rules { waits_for_late_results: false, ..REAL }),
    ];
    for (setup, rules) in alone {
        check(&Setup { rules, ..setup }).unwrap();
    }
}
