//! Rules of `lock`.

use super::Open;
use super::samples::*;
use crate::{LockError, in_flight};

pub(super) fn a_terminal_is_locked_once(open: Open<'_>) {
    let (journal, other) = (open(), open());
    let lock = journal.lock(&terminal("t")).unwrap();
    assert_eq!(*lock.terminal(), terminal("t"));
    for asked in [&journal, &other, &open()] {
        assert_eq!(asked.lock(&terminal("t")).unwrap_err(), LockError::Busy);
    }
    // A lock outlives its handle, and a failed try takes nothing from it.
    drop(journal);
    assert_eq!(other.lock(&terminal("t")).unwrap_err(), LockError::Busy);
    drop(lock);
    let again = other.lock(&terminal("t")).expect("free once dropped");
    assert_eq!(open().lock(&terminal("t")).unwrap_err(), LockError::Busy);
    drop(again);
    // Threads are excluded as well.
    let lock = other.lock(&terminal("t")).unwrap();
    let result = std::thread::scope(|scope| scope.spawn(|| open().lock(&terminal("t")).err()).join());
    assert_eq!(result.unwrap(), Some(LockError::Busy));
    drop(lock);
}

pub(super) fn different_ids_are_different_terminals(open: Open<'_>) {
    let journal = open();
    let longest = "Z".repeat(64);
    let ids = ["t", "T", "t.", ".", "..", "t:1", "t_1", "t-1", "t3a1", "con", "usb:0.1", &longest];
    let locks: Vec<_> = ids.iter().map(|id| journal.lock(&terminal(id)).expect(id)).collect();
    for (id, lock) in ids.iter().zip(&locks) {
        assert_eq!(lock.terminal().as_str(), *id);
        assert_eq!(open().lock(&terminal(id)).unwrap_err(), LockError::Busy, "{id}");
    }
}

pub(super) fn a_payment_under_way_is_told_from_a_broken_one(open: Open<'_>) {
    let mut journal = open();
    let find = |key: &str| open().find(&id(key)).unwrap().unwrap();
    let lock = journal.lock(&terminal("t")).unwrap();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    assert_eq!(in_flight(&*open(), &find("a")), Ok(true));
    drop(lock);
    assert_eq!(in_flight(&*open(), &find("a")), Ok(false), "the till has died");
    // Asking left the terminal free.
    let lock = journal.lock(&terminal("t")).unwrap();
    journal.append(&id("a"), &ended(SILENCE), time(2)).unwrap();
    assert_eq!(in_flight(&*open(), &find("a")), Ok(false), "it has an end");
    drop(lock);
}
