//! The suite for stores, on the two stores of this crate.

use caisse_journal::{Journal, MemoryJournal, SqliteJournal, conformance};

#[test]
fn memory() {
    conformance::check(|| {
        let store = MemoryJournal::new();
        move || Box::new(store.clone()) as Box<dyn Journal>
    });
}

#[test]
fn sqlite() {
    conformance::check(|| {
        let folder = tempfile::tempdir().unwrap();
        move || Box::new(SqliteJournal::open(folder.path().join("journal.db")).unwrap()) as Box<dyn Journal>
    });
}
