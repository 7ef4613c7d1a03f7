//! The store for tests: its failures, and restarts.

mod common;

use caisse_journal::{Journal, JournalError, MemoryJournal, State};
use common::*;

fn failed(result: Result<(), JournalError>) -> bool {
    match result {
        Ok(()) => false,
        Err(JournalError::Unwritable { .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_write_that_was_asked_to_fail_fails_and_writes_nothing() {
    for (failures, expected) in [
        (vec![], [false, false, false, false]),
        (vec![0], [true, false, false, false]),
        (vec![1], [true, false, false, false]),
        (vec![2], [false, true, false, false]),
        (vec![4], [false, false, false, true]),
        (vec![1, 2], [true, true, false, false]),
        (vec![3, 1], [true, false, true, false]),
        (vec![2, 2], [false, true, false, false]),
    ] {
        let mut journal = MemoryJournal::new();
        let hook = journal.clone();
        failures.iter().for_each(|&n| hook.fail_nth_append(n));
        for (number, fails) in expected.into_iter().enumerate() {
            let key = format!("a{number}");
            let before = content(&journal);
            assert_eq!(
                failed(journal.append(&id(&key), &started(&key, &key), time(1))),
                fails,
                "{failures:?} {number}"
            );
            assert_eq!(content(&hook).len(), before.len() + usize::from(!fails));
        }
    }
}

#[test]
fn the_next_write_may_be_a_decision() {
    let mut journal = MemoryJournal::new();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    let lock = journal.lock(&terminal("t")).unwrap();
    journal.fail_next_append();
    let before = content(&journal);
    assert!(failed(journal.resolve(&lock, &"a".parse().unwrap(), &not_paid(), time(2))));
    assert_eq!(content(&journal), before);
    assert!(!failed(journal.resolve(&lock, &"a".parse().unwrap(), &not_paid(), time(2))));
}

#[test]
fn a_restart_is_a_clone() {
    let mut journal = MemoryJournal::new();
    let store = journal.clone();
    let lock = journal.lock(&terminal("t")).unwrap();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    drop((journal, lock));
    assert!(store.lock(&terminal("t")).is_ok());
    let [open] = &store.unresolved(&terminal("t")).unwrap()[..] else { panic!("one is open") };
    assert_eq!(open.state(), State::Unresolved);
    assert!(open.is_open());
    assert_eq!(format!("{store:?}"), "MemoryJournal { transactions: 1 }");
    assert!(MemoryJournal::new().list().unwrap().is_empty(), "new ones share nothing");
}
