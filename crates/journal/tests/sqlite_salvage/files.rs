//! The files around a journal: its log, its mark, backups, older copies, and files that are something else.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caisse_journal::{
    HeldBackReason, Journal, JournalError, OperatorOverride, Salvaged, SqliteJournal, State, WallTime,
};
use rusqlite::Connection;

use crate::common::*;
use crate::shop::folder;

fn into(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("salvaged.db")
}

fn salvage(folder: &tempfile::TempDir) -> Result<Salvaged, JournalError> {
    SqliteJournal::salvage(path(folder), into(folder), time(9_000))
}

const MARK: &str = "journal.db.locks/last-event";

fn word() -> OperatorOverride {
    OperatorOverride::new("Zoé", "disque perdu").unwrap()
}

/// Everything is there, and nothing held back.
fn is_complete(salvaged: &Salvaged) -> bool {
    !salvaged.may_miss_transactions && salvaged.held_back.is_empty() && salvaged.lost_events.is_empty()
}

/// Whether each terminal that is named is held back, by its name and by its address.
fn holds_all(salvaged: &Salvaged, names: &[&str]) -> bool {
    let held = |name: &&str| {
        salvaged.held_back.iter().any(|held| {
            held.why == HeldBackReason::Terminal
                && held.terminal.is_some_and(|terminal| terminal.as_str() == *name)
        })
    };
    names.iter().all(held)
}

/// Without the file of the newest events, which has all that a small journal contains.
fn lose_recent(folder: &tempfile::TempDir) {
    fs::remove_file(folder.path().join("journal.db.locks/recent-events")).unwrap();
}

/// The files as a power cut leaves them while a reader keeps the log from being emptied: the newest payments are in the log.
fn with_a_log(folder: &tempfile::TempDir) -> (Vec<u8>, PathBuf) {
    let elsewhere = self::folder();
    let mut journal = filled(&path(&elsewhere));
    let reader = SqliteJournal::open_for_reading(path(&elsewhere)).unwrap();
    reader
        .visit(&mut |_| {
            for number in 0..20 {
                let key = format!("late-{number}");
                journal.append(&id(&key), &started(&key, &format!("u{number}")), time(60)).unwrap();
            }
            ControlFlow::Break(())
        })
        .unwrap();
    let log = |folder: &Path| folder.join("journal.db-wal");
    fs::create_dir(folder.path().join("journal.db.locks")).unwrap();
    for file in ["journal.db", "journal.db-wal", MARK] {
        fs::copy(elsewhere.path().join(file), folder.path().join(file)).unwrap();
    }
    (fs::read(log(folder.path())).unwrap(), log(folder.path()))
}

#[test]
fn the_log_is_read_as_sqlite_applies_it() {
    let folder = folder();
    let (log, at) = with_a_log(&folder);
    let salvaged = salvage(&folder).unwrap();
    assert!(is_complete(&salvaged), "{salvaged:?}");
    assert_eq!(fs::read(&at).unwrap(), log, "it is read, and nothing more");
    let after = content(&SqliteJournal::open(into(&folder)).unwrap());
    assert_eq!(after.len(), 26);
    assert_eq!(content(&SqliteJournal::open(path(&folder)).unwrap()), after, "SQLite reads the same");
}

/// The newest events have a copy beside the database: whatever is lost of the last page, nothing is.
#[test]
fn the_newest_events_are_beside_the_database() {
    let folder = folder();
    let before = content(&filled(&path(&folder)));
    for damage in [0, 1, 5, 6, 1_000] {
        let mut bytes = fs::read(path(&folder)).unwrap();
        match bytes.chunks_mut(4096).nth(damage) {
            Some(page) => page.fill(0),
            None => bytes.fill(0),
        }
        fs::write(path(&folder), bytes).unwrap();
        let salvaged = salvage(&folder).unwrap();
        assert!(is_complete(&salvaged), "{damage}: {salvaged:?}");
        assert_eq!(content(&SqliteJournal::open(into(&folder)).unwrap()), before);
        fs::remove_file(into(&folder)).unwrap();
        fs::remove_dir_all(format!("{}.locks", into(&folder).display())).unwrap();
    }
}

#[test]
fn a_log_that_is_damaged_may_have_had_more_payments() {
    let folder = folder();
    let (log, at) = with_a_log(&folder);
    let file = fs::read(path(&folder)).unwrap();
    let frame = 24 + 4096;
    let frames = (log.len() - 32) / frame;
    assert!(frames > 20);
    for damaged in [16, 32 + 8, 32 + 100, 32 + 5 * frame + 20, 32 + (frames / 2) * frame + 2000] {
        fs::write(path(&folder), &file).unwrap();
        let mut bytes = log.clone();
        bytes[damaged] ^= 0x40;
        fs::write(&at, &bytes).unwrap();
        let salvaged = salvage(&folder).unwrap();
        assert!(salvaged.may_miss_transactions, "{damaged}");
        assert!(holds_all(&salvaged, &["t1", "t2", "t3"]), "{damaged}: {salvaged:?}");
        // The events behind the damage prove themselves.
        let journal = SqliteJournal::open(into(&folder)).unwrap();
        let found = (0..20)
            .filter(|number| journal.find(&format!("late-{number}").parse().unwrap()).unwrap().is_some());
        println!("{damaged}: {} of 20", found.count());
        drop(journal);
        fs::remove_file(into(&folder)).unwrap();
        fs::remove_dir_all(format!("{}.locks", into(&folder).display())).unwrap();
    }
}

/// What an earlier use of the log has left in it is no damage.
#[test]
fn a_log_that_is_used_again_is_whole() {
    let folder = folder();
    fs::create_dir(folder.path().join("journal.db.locks")).unwrap();
    let elsewhere = self::folder();
    let mut journal = filled(&path(&elsewhere));
    for number in 0..10 {
        let key = format!("late-{number}");
        journal.append(&id(&key), &started(&key, &format!("u{number}")), time(60)).unwrap();
        for file in ["journal.db", "journal.db-wal", MARK] {
            fs::copy(elsewhere.path().join(file), folder.path().join(file)).unwrap();
        }
        let salvaged = salvage(&folder).unwrap();
        assert!(is_complete(&salvaged), "{number}: {salvaged:?}");
        fs::remove_file(into(&folder)).unwrap();
        fs::remove_dir_all(format!("{}.locks", into(&folder).display())).unwrap();
    }
}

#[test]
fn a_file_behind_its_mark_may_miss_payments() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let older = fs::read(path(&folder)).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("later"), &started("later", "t9"), time(60)).unwrap();
    drop(journal);
    fs::write(path(&folder), older).unwrap();
    lose_recent(&folder);
    let salvaged = salvage(&folder).unwrap();
    assert!(salvaged.may_miss_transactions && holds_all(&salvaged, &["t1", "t2", "t3"]), "{salvaged:?}");
    assert_eq!(salvaged.lost_events, [14..=14]);
    let journal = SqliteJournal::open(into(&folder)).unwrap();
    for key in ["t1", "t2", "t3"] {
        assert!(!journal.unresolved(&terminal(key)).unwrap().is_empty());
    }
}

/// The journal at this path went on from the same events, and recorded others.
#[test]
fn a_file_of_another_history_than_its_mark_may_miss_payments() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let before = fs::read(path(&folder)).unwrap();
    let pay = |folder: &tempfile::TempDir, names: &[&str]| {
        let mut journal = SqliteJournal::open(path(folder)).unwrap();
        for (number, name) in names.iter().enumerate() {
            journal.append(&id(name), &started(name, &format!("u{number}")), time(60)).unwrap();
        }
    };
    pay(&folder, &["one"]);
    let elsewhere = self::folder();
    fs::write(path(&elsewhere), before).unwrap();
    pay(&elsewhere, &["other", "more"]);
    fs::copy(path(&elsewhere), path(&folder)).unwrap();
    let salvaged = salvage(&folder).unwrap();
    assert!(salvaged.may_miss_transactions && holds_all(&salvaged, &["t1", "u0", "u1"]), "{salvaged:?}");
}

#[test]
fn a_salvaged_backup_is_a_backup() {
    let folder = folder();
    let journal = filled(&folder.path().join("first.db"));
    journal.backup(path(&folder)).unwrap();
    let before = content(&journal);
    let salvaged = salvage(&folder).unwrap();
    assert!(salvaged.is_backup && is_complete(&salvaged), "{salvaged:?}");
    assert_eq!(SqliteJournal::open(into(&folder)).unwrap_err(), JournalError::Backup);
    let backup = SqliteJournal::open_for_reading(into(&folder)).unwrap();
    assert_eq!(content(&backup), before);
    let restored = folder.path().join("restored.db");
    SqliteJournal::restore(into(&folder), &restored, &word(), time(9_100)).unwrap();
    assert_eq!(content(&SqliteJournal::open(restored).unwrap()), before);
}

/// A header that is damaged no longer says whether the file is a backup, which knows nothing of the last payments.
#[test]
fn a_file_that_may_be_a_backup_may_miss_payments() {
    let folder = folder();
    let journal = filled(&folder.path().join("first.db"));
    journal.backup(path(&folder)).unwrap();
    let whole = fs::read(path(&folder)).unwrap();
    for (from, to) in [(0, 100), (68, 72), (0, 512)] {
        let mut bytes = whole.clone();
        bytes[from..to].fill(0);
        fs::write(path(&folder), &bytes).unwrap();
        let salvaged = salvage(&folder).unwrap();
        assert!(salvaged.may_miss_transactions && !salvaged.is_backup, "{from}: {salvaged:?}");
        assert!(holds_all(&salvaged, &["t1", "t2", "t3"]));
        fs::remove_file(into(&folder)).unwrap();
        fs::remove_dir_all(format!("{}.locks", into(&folder).display())).unwrap();
    }
    // The mark beside a journal says what it is.
    let folder = self::folder();
    let before = content(&filled(&path(&folder)));
    let mut bytes = fs::read(path(&folder)).unwrap();
    bytes[..100].fill(0);
    fs::write(path(&folder), &bytes).unwrap();
    let salvaged = salvage(&folder).unwrap();
    assert!(is_complete(&salvaged), "{salvaged:?}");
    assert_eq!(content(&SqliteJournal::open(into(&folder)).unwrap()), before);
}

#[test]
fn what_was_forgotten_stays_forgotten() {
    let folder = folder();
    let days = |days: u64| WallTime::from_millis(time(0).millis() + days * 24 * 3600 * 1000);
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let pay = |journal: &mut SqliteJournal, name: &str, on: &str, at| {
        journal.append(&id(name), &started(name, on), at).unwrap();
        journal.append(&id(name), &approved(), at).unwrap();
    };
    pay(&mut journal, "old", "only-once", days(0));
    pay(&mut journal, "older", "often", days(0));
    for number in 0..110 {
        pay(&mut journal, &format!("new-{number}"), "often", days(100));
    }
    let keep = Duration::from_secs(40 * 24 * 3600);
    assert_eq!(journal.forget(keep, days(100)).unwrap().transactions, 2);
    let before = content(&journal);
    drop(journal);
    let whole = fs::read(path(&folder)).unwrap();
    let salvaged = salvage(&folder).unwrap();
    assert!(is_complete(&salvaged) && !salvaged.lost_forgotten, "{salvaged:?}");
    let journal = SqliteJournal::open(into(&folder)).unwrap();
    assert_eq!(content(&journal), before);
    // To the letter: the mark of the damaged journal fits the new one.
    let tables = |path: &Path| {
        let database = Connection::open(path).unwrap();
        let query = "SELECT (SELECT group_concat(name || last_attempt) FROM terminals), \
             (SELECT transactions || ' ' || events || hex(chain) || hex(hash) FROM forgotten), \
             (SELECT group_concat(number || hex(chain)) FROM events)";
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        };
        database.query_row(query, [], row).unwrap()
    };
    assert!(tables(&into(&folder)) == tables(&path(&folder)));
    drop(journal);

    // Without the row: how many were forgotten is lost, and nothing else.
    Connection::open(path(&folder)).unwrap().execute_batch("UPDATE forgotten SET transactions = 7").unwrap();
    fs::remove_file(into(&folder)).unwrap();
    fs::remove_dir_all(format!("{}.locks", into(&folder).display())).unwrap();
    let salvaged = salvage(&folder).unwrap();
    assert!(salvaged.lost_forgotten && is_complete(&salvaged), "{salvaged:?}");
    assert_eq!(content(&SqliteJournal::open(into(&folder)).unwrap()), before);
    fs::write(path(&folder), whole).unwrap();
}

#[test]
fn the_word_for_an_older_copy_stays() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let older = fs::read(path(&folder)).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("later"), &started("later", "t9"), time(60)).unwrap();
    drop(journal);
    fs::write(path(&folder), older).unwrap();
    lose_recent(&folder);
    SqliteJournal::accept_older(path(&folder), &word(), time(70)).unwrap().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("next"), &started("next", "t9"), time(71)).unwrap();
    drop(journal);
    let salvaged = salvage(&folder).unwrap();
    assert!(is_complete(&salvaged), "{salvaged:?}");
    let said = |path: &Path| {
        let database = Connection::open(path).unwrap();
        let query = "SELECT by || because || recorded_event || hex(chain) FROM accepted_copies";
        database.query_row(query, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(said(&into(&folder)), said(&path(&folder)));
}

/// As by a person with a tool: nothing of it is in the events.
#[test]
fn what_follows_from_the_events_is_made_again() {
    for change in [
        "DROP INDEX unresolved; DROP INDEX events_by_id; DROP INDEX events_by_reference",
        "DROP TABLE transactions",
        "DELETE FROM transactions",
        "UPDATE transactions SET outcome = 'declined', reason = '04', approved_minor = NULL WHERE id = 'paid'",
        "UPDATE transactions SET terminal = 'elsewhere' WHERE id = 'paid'",
        "DELETE FROM terminals",
        "DROP TABLE terminals",
        "UPDATE terminals SET last_attempt = 1",
        "DROP TABLE accepted_copies; DROP TABLE forgotten",
        "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)",
        "VACUUM",
    ] {
        let folder = folder();
        let before = content(&filled(&path(&folder)));
        let database = Connection::open(path(&folder)).unwrap();
        let query = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
        let triggers: Vec<String> = database
            .prepare(query)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        database.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA journal_mode = DELETE").unwrap();
        triggers.iter().for_each(|name| database.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        database.execute_batch(change).unwrap();
        drop(database);
        let salvaged = salvage(&folder).unwrap();
        assert!(is_complete(&salvaged), "{change}: {salvaged:?}");
        assert_eq!(content(&SqliteJournal::open(into(&folder)).unwrap()), before, "{change}");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_is_made_of_nothing() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let refused = |folder: &tempfile::TempDir| match salvage(folder) {
        Err(JournalError::Unwritable { what }) => what,
        other => panic!("{other:?}"),
    };
    for ending in ["", "-wal", "-journal", ".locks"] {
        let there = PathBuf::from(format!("{}{ending}", into(&folder).display()));
        fs::write(&there, "precious").unwrap();
        refused(&folder);
        assert_eq!(fs::read(&there).unwrap(), b"precious");
        fs::remove_file(there).unwrap();
    }
    assert!(matches!(
        SqliteJournal::salvage(path(&folder), path(&folder), time(9_000)),
        Err(JournalError::Unwritable { .. })
    ));
    lose_recent(&folder);
    let nothing: [&[u8]; 4] = [b"", &[0; 8192], b"no journal at all", &[0xff; 40_000]];
    for bytes in nothing {
        fs::write(path(&folder), bytes).unwrap();
        let error = salvage(&folder).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{error:?}");
        assert!(!into(&folder).exists());
    }
    fs::remove_file(path(&folder)).unwrap();
    let foreign = Connection::open(path(&folder)).unwrap();
    foreign.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    drop(foreign);
    assert_eq!(salvage(&folder).unwrap_err(), JournalError::Foreign);
    let former = Connection::open(path(&folder)).unwrap();
    former.pragma_update(None, "application_id", 0x4341_4953).unwrap();
    drop(former);
    assert_eq!(salvage(&folder).unwrap_err(), JournalError::Former);
    assert!(!into(&folder).exists());
    fs::remove_file(path(&folder)).unwrap();
    refused(&folder);
}

/// An empty journal may be one that lost everything: its mark says so.
#[test]
fn an_empty_journal_is_whole_unless_its_mark_says_otherwise() {
    let folder = folder();
    drop(SqliteJournal::open(path(&folder)).unwrap());
    let empty = fs::read(path(&folder)).unwrap();
    let salvaged = salvage(&folder).unwrap();
    assert!(is_complete(&salvaged) && salvaged.events == 0, "{salvaged:?}");
    fs::remove_file(into(&folder)).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    drop(journal);
    fs::write(path(&folder), empty).unwrap();
    lose_recent(&folder);
    let salvaged = salvage(&folder).unwrap();
    assert!(salvaged.may_miss_transactions, "{salvaged:?}");
}

/// A disk that goes on failing: what the first salvage held back stays so.
#[test]
fn a_salvaged_journal_is_salvaged_again() {
    let folder = folder();
    drop(filled(&path(&folder)));
    // Both what the index and what the row says of the last events is lost with them.
    tamper(&path(&folder), |database| {
        database
            .execute_batch("DELETE FROM transactions; DELETE FROM events WHERE number IN (9, 10)")
            .unwrap();
    });
    // So that no page and no log has an older version of them.
    Connection::open(path(&folder))
        .unwrap()
        .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    lose_recent(&folder);
    let first = salvage(&folder).unwrap();
    assert!(first.may_miss_transactions && !first.held_back.is_empty(), "{first:?}");
    let journal = SqliteJournal::open(into(&folder)).unwrap();
    let before = content(&journal);
    assert!(before.iter().any(|(record, _)| record.state() == State::Unresolved));
    drop(journal);
    let again = folder.path().join("again.db");
    let second = SqliteJournal::salvage(into(&folder), &again, time(9_500)).unwrap();
    assert!(is_complete(&second), "{second:?}");
    assert_eq!(content(&SqliteJournal::open(&again).unwrap()), before);
}
