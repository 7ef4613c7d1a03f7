//! Salvage: of a damaged journal all that verifies is in the new one, and what is lost is held back.

mod common;

use std::fs;

use caisse_journal::{Journal, Salvaged, SqliteJournal};
use common::*;

fn salvage(folder: &tempfile::TempDir) -> (Salvaged, SqliteJournal) {
    let into = folder.path().join("salvaged.db");
    let salvaged = SqliteJournal::salvage(path(folder), &into, time(1_000)).unwrap();
    let mut journal = SqliteJournal::open(&into).unwrap();
    journal.verify(&mut |_| {}).unwrap();
    (salvaged, journal)
}

#[test]
fn a_whole_journal_is_carried_over_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let bytes = fs::read(path(&folder)).unwrap();
    let (salvaged, journal) = salvage(&folder);
    assert_eq!(content(&journal), before);
    assert_eq!(
        salvaged,
        Salvaged {
            transactions: 7,
            events: 13,
            rebuilt_events: 0,
            lost_events: vec![],
            may_miss_transactions: false,
            held_back: vec![],
            is_backup: false,
            lost_forgotten: false,
            lost_acceptances: 0,
        }
    );
    assert_eq!(fs::read(path(&folder)).unwrap(), bytes, "the damaged file is never written to");
}
