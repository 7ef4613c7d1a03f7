//! Results that may still come: for how long, and which of them could be taken for the answer to another transaction.

use core::time::Duration;

use caisse_payment::{Amount, Currency, Operation, Transaction};
use caisse_settlement::late::{Clocks, LateResults, late_results, may_still_come};
use caisse_settlement::{Decision, Event, Paid, Record, RecordedEvent, WallTime};

const LONGEST: Duration = Duration::from_secs(300);

fn transaction(reference: Option<&str>) -> Transaction {
    let amount = Amount::from_minor(2500, Currency::EUR);
    let (id, terminal) = ("sale-1".parse().unwrap(), "counter".parse().unwrap());
    Transaction {
        reference: reference.map(|text| text.parse().unwrap()),
        ..Transaction::new(id, Operation::Debit, amount, terminal, "concert-e".parse().unwrap())
    }
}

fn at(seconds: u64) -> WallTime {
    WallTime::from_millis(seconds * 1000)
}

fn events(started: u64, decided: u64) -> [RecordedEvent; 2] {
    let decision = Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap();
    [
        RecordedEvent { at: at(started), event: Event::Started(transaction(None)) },
        RecordedEvent { at: at(decided), event: Event::Resolved(decision) },
    ]
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The till was set up at second 10 000 of the clock on the wall, and has run for this long.
fn clocks(wall: u64, since_setup: u64) -> Clocks {
    Clocks { wall: at(wall), wall_at_setup: at(10_000), since_setup: seconds(since_setup) }
}

#[test]
fn the_longest_transaction_is_waited_for_and_no_longer() {
    let events = events(9_900, 9_950);
    assert!(may_still_come(&events, LONGEST, &clocks(10_199, 199), Duration::ZERO));
    assert!(!may_still_come(&events, LONGEST, &clocks(10_200, 200), Duration::ZERO));
}

#[test]
fn a_clock_that_was_set_forward_shortens_nothing() {
    let events = events(9_900, 9_950);
    // An hour ahead after 5 s: that hour counts for nothing.
    assert!(may_still_come(&events, LONGEST, &clocks(13_605, 5), Duration::ZERO));
    assert!(may_still_come(&events, LONGEST, &clocks(13_605, 5), seconds(299)));
    // What this till has waited itself ends it.
    assert!(!may_still_come(&events, LONGEST, &clocks(13_605, 5), seconds(300)));
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_back_for_ever() {
    // Start and decision lie in the future.
    let ahead = events(20_000, 20_010);
    assert!(may_still_come(&ahead, LONGEST, &clocks(10_100, 100), seconds(100)));
    assert!(!may_still_come(&ahead, LONGEST, &clocks(10_300, 300), seconds(300)));
    // Only the start does: the decision, which was written after it, tells the time.
    let corrected = events(20_000, 9_000);
    assert!(!may_still_come(&corrected, LONGEST, &clocks(10_000, 0), Duration::ZERO));
    assert!(may_still_come(&corrected, LONGEST, &clocks(9_299, 0), Duration::ZERO));
}

#[test]
fn an_earlier_attempt_under_the_same_id_tells_no_time() {
    let [started, decided] = events(9_990, 9_995);
    let earlier = RecordedEvent { at: at(100), event: Event::Started(transaction(None)) };
    let attempts = [earlier, started, decided];
    assert!(may_still_come(&attempts, LONGEST, &clocks(10_000, 0), Duration::ZERO));
}

/// A drift of up to half a second is no clock that was set.
#[test]
fn clocks_may_drift_by_half_a_second() {
    let events = events(9_000, 9_000);
    let ahead = |millis: u64| Clocks {
        wall: at(9_300),
        wall_at_setup: WallTime::from_millis(9_300_000 - millis),
        since_setup: Duration::ZERO,
    };
    assert!(!may_still_come(&events, LONGEST, &ahead(500), Duration::ZERO));
    assert!(may_still_come(&events, LONGEST, &ahead(501), Duration::ZERO));
}

#[test]
fn references_tell_late_results_apart_where_the_terminal_gives_them_back() {
    let record = |reference: Option<&str>| Record::new(transaction(reference), at(1)).unwrap();
    let (none, one, other) = (record(None), record(Some("one")), record(Some("other")));
    let (asked_one, asked_none) = (transaction(Some("one")), transaction(None));
    let decide =
        |possible: &[&Record], asked: &Transaction, gives_back| late_results(possible, asked, gives_back);
    for gives_back in [false, true] {
        assert_eq!(decide(&[], &asked_one, gives_back), LateResults::None);
        assert_eq!(decide(&[&one], &asked_one, gives_back), LateResults::Possible);
        assert_eq!(decide(&[&other], &asked_none, gives_back), LateResults::Possible);
        assert_eq!(decide(&[&other, &one], &asked_one, gives_back), LateResults::Possible);
        let apart = if gives_back { LateResults::ToldApartByReference } else { LateResults::Possible };
        assert_eq!(decide(&[&other, &none], &asked_one, gives_back), apart);
    }
}
