//! Damage and foreign hands: a journal says all it ever said, or that something is wrong.

mod common;

use std::fs;
use std::path::Path;

use caisse_journal::{Journal, JournalError, Record, RecordedEvent, SqliteJournal};
use common::*;
use rusqlite::Connection;
use rusqlite::types::Value;

type Content = Vec<(Record, Vec<RecordedEvent>)>;

fn is_corrupt(result: &Result<SqliteJournal, JournalError>) -> bool {
    matches!(result, Err(JournalError::Corrupt { .. }))
}

/// Everything that opening and reading say; an error of any of them is one.
fn read(path: &Path) -> Result<Content, JournalError> {
    let journal = SqliteJournal::open(path)?;
    let mut all = Vec::new();
    for record in journal.list()? {
        let events = journal.events(&record.id())?;
        all.push((record, events));
    }
    Ok(all)
}

#[test]
fn tampering_itself_is_not_what_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    tamper(&path(&folder), |_| ());
    assert_eq!(read(&path(&folder)), Ok(before));
}

/// Each column of each row of both tables, changed to what could be meant by somebody or by nobody.
#[test]
fn every_changed_value_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let original = fs::read(path(&folder)).unwrap();
    let mut changed = 0;
    for table in ["transactions", "events", "terminals"] {
        let database = Connection::open(path(&folder)).unwrap();
        let mut query = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
        let key = columns[0].clone();
        let rows = query.query_map([], |row| row.get::<_, Value>(0)).unwrap();
        let keys: Vec<Value> = rows.map(Result::unwrap).collect();
        drop(query);
        drop(database);
        for column in &columns {
            // Enough rows to meet each kind, and each pair of column and value once.
            for (number, value) in values(column).into_iter().enumerate() {
                let row = &keys[(number * 5 + column.len()) % keys.len()];
                let update = format!(
                    "UPDATE OR IGNORE {table} SET {column} = ?1 WHERE {key} = ?2 AND {column} IS NOT ?1"
                );
                let mut done = 0;
                tamper(&path(&folder), |database| {
                    done = database.execute(&update, (&value, row)).unwrap_or(0);
                });
                let result = SqliteJournal::open(path(&folder));
                if done == 0 {
                    assert_eq!(content(&result.unwrap()), before, "{table}.{column} = {value:?}");
                } else {
                    assert!(is_corrupt(&result), "{table}.{column} = {value:?} in {row:?}: {result:?}");
                    changed += 1;
                    fs::write(path(&folder), &original).unwrap();
                }
            }
        }
    }
    assert!(changed > 200, "{changed}");
}

#[test]
fn rows_that_are_missing_or_added_are_found() {
    for change in [
        "DELETE FROM events WHERE number = 13",
        "DELETE FROM events WHERE number = 1",
        "DELETE FROM events WHERE number = 8",
        "DELETE FROM events",
        "DELETE FROM transactions",
        "DELETE FROM transactions WHERE id = 'paid'",
        "DELETE FROM transactions WHERE id = 'doubt'",
        "DELETE FROM events WHERE id = 'doubt'; DELETE FROM transactions WHERE id = 'doubt'",
        "UPDATE events SET number = number + 1 WHERE number = 13",
        "UPDATE events SET number = 99 WHERE number = 2; UPDATE events SET number = 2 WHERE number = 3; \
         UPDATE events SET number = 3 WHERE number = 99",
        "UPDATE transactions SET id = 'other' WHERE id = 'again'",
        "INSERT INTO transactions SELECT * FROM transactions WHERE id = 'paid' ON CONFLICT DO NOTHING; \
         UPDATE transactions SET outcome = 'approved', reason = NULL, approved_minor = 2500 WHERE id = 'doubt'",
        "UPDATE transactions SET decision = NULL, decided_minor = NULL, decided_by = NULL, \
         decided_because = NULL, decided_at = NULL WHERE id = 'decided'",
    ] {
        let folder = tempfile::tempdir().unwrap();
        drop(filled(&path(&folder)));
        tamper(&path(&folder), |database| {
            database.execute_batch(change).unwrap();
        });
        let result = SqliteJournal::open(path(&folder));
        assert!(is_corrupt(&result), "{change}: {result:?}");
    }
}

#[test]
fn a_changed_schema_is_found() {
    for (change, allowed) in [
        ("DROP TRIGGER events_are_kept", false),
        ("DROP TRIGGER ends_are_final", false),
        ("DROP INDEX unresolved", false),
        ("ALTER TABLE events ADD COLUMN note TEXT", false),
        ("ALTER TABLE events DROP COLUMN decided_because", false),
        ("CREATE TRIGGER x AFTER INSERT ON events BEGIN DELETE FROM transactions; END", false),
        ("CREATE VIEW open AS SELECT id FROM transactions WHERE outcome IS NULL", true),
        ("CREATE INDEX mine ON transactions (reference)", true),
        ("ANALYZE", true),
        ("VACUUM", true),
        ("PRAGMA journal_mode = DELETE", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let before = content(&filled(&path(&folder)));
        Connection::open(path(&folder)).unwrap().execute_batch(change).unwrap();
        let result = read(&path(&folder));
        match result {
            Ok(after) => assert!(allowed && after == before, "{change}"),
            Err(error) => {
                assert!(!allowed && matches!(error, JournalError::Corrupt { .. }), "{change}: {error}")
            }
        }
    }
}

/// The promise to the shop: ordinary tools read it, and none of them changes history by mistake.
#[test]
fn ordinary_tools_read_it_and_cannot_change_history() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let database = Connection::open(path(&folder)).unwrap();
    for (query, expected) in [
        (
            "SELECT operation || ' ' || amount_minor || ' ' || currency || ' ' || terminal || ' ' || register || ' ' \
             || reference || ' ' || dialect || ' ' || started_at || ' ' || ended_at || ' ' || outcome || ' ' || proof \
             || ' ' || authorisation || ' ' || contract || ' ' || last_four || ' ' || status || ' ' || approved_minor \
             FROM transactions WHERE id = 'paid'",
            "debit 2500 EUR t1 01 order 7 payxpress 2026-11-23T09:00:00.000Z 2026-11-23T09:00:00.001Z approved \
             answered 123456 1234567 0674 10 2500",
        ),
        (
            "SELECT outcome || ' ' || approved_minor || ' ' || due_minor || ' ' || currency || ' ' || allow_partial \
             FROM transactions WHERE id = 'partial'",
            "partially_approved 700 200 CHF 1",
        ),
        (
            "SELECT operation || ' ' || original || ' ' || outcome || ' ' || reason FROM transactions \
             WHERE id = 'credit'",
            "credit paid declined 04",
        ),
        (
            "SELECT outcome || ' ' || reason || ' ' || decision || ' ' || decided_minor || ' ' || decided_by || ' ' \
             || decided_because || ' ' || decided_at FROM transactions WHERE id = 'decided'",
            "unknown silence paid 1999 Zoé vu 2026-11-23T09:00:00.050Z",
        ),
        (
            "SELECT group_concat(what, ' ') FROM (SELECT what FROM events WHERE id = 'again' ORDER BY number)",
            "never_sent started",
        ),
        (
            "SELECT group_concat(what, ' ') FROM (SELECT what FROM events WHERE id = 'decided' ORDER BY number)",
            "started ended resolved",
        ),
        ("SELECT sum(amount_minor) FROM transactions WHERE outcome = 'approved'", "2500"),
        ("SELECT max(number) || ' ' || count(*) FROM events", "13 13"),
        (
            "SELECT group_concat(id, ' ') FROM transactions WHERE decision IS NULL AND outcome IS NULL",
            "again",
        ),
    ] {
        let value = match database.query_row(query, [], |row| row.get(0)).unwrap() {
            Value::Text(text) => text,
            Value::Integer(number) => number.to_string(),
            stranger => panic!("{stranger:?}"),
        };
        assert_eq!(value, expected, "{query}");
    }
    for change in [
        "UPDATE events SET what = 'ended' WHERE number = 1",
        "DELETE FROM events WHERE number = 13",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE number = 1",
        "INSERT INTO events (number, id, at, what, currency, open, digest, chain) \
         VALUES (99, 'paid', '', 'ended', 'EUR', 0, 0, x'')",
        "DELETE FROM transactions WHERE id = 'again'",
        "UPDATE transactions SET outcome = 'declined' WHERE id = 'paid'",
        "UPDATE transactions SET decision = 'not_paid' WHERE id = 'paid'",
        "UPDATE transactions SET terminal = 'elsewhere' WHERE id = 'decided'",
        "UPDATE transactions SET authorisation = NULL WHERE id = 'decided'",
        "UPDATE transactions SET decision = 'paid', decided_by = 'a', decided_because = 'b' WHERE id = 'paid'",
        "DELETE FROM terminals",
        "UPDATE transactions SET outcome = NULL WHERE id = 'partial'",
        "UPDATE transactions SET decision = NULL WHERE id = 'decided'",
        "UPDATE transactions SET decision = 'proven_paid' WHERE id = 'decided'",
        "UPDATE transactions SET outcome = 'approved', decision = NULL WHERE id = 'decided'",
    ] {
        assert!(database.execute_batch(change).is_err(), "{change}");
    }
    assert_eq!(content(&SqliteJournal::open(path(&folder)).unwrap()), before);
    let pragma = |name: &str| database.pragma_query_value(None, name, |row| row.get::<_, Value>(0)).unwrap();
    assert_eq!(pragma("application_id"), Value::Integer(i64::from(u32::from_be_bytes(*b"CJNL"))));
    assert_eq!(pragma("user_version"), Value::Integer(1));
    assert_eq!(pragma("journal_mode"), Value::Text("wal".to_owned()));
}

/// Reading through a handle that is open all the while: no panic and no guess either.
#[test]
fn nonsense_that_appears_while_open_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = filled(&path(&folder));
    let database = Connection::open(path(&folder)).unwrap();
    database.execute_batch("UPDATE transactions SET outcome = 'perhaps' WHERE id = 'doubt'").unwrap();
    let doubt = id("doubt");
    let corrupt =
        |error: &JournalError| matches!(error, JournalError::Corrupt { what } if what.contains("outcome"));
    assert!(corrupt(&journal.find(&doubt).unwrap_err()));
    assert!(corrupt(&journal.list().unwrap_err()));
    // It blocks its terminal as a doubt does.
    assert!(corrupt(&journal.unresolved(&terminal("t2")).unwrap_err()));
    assert!(corrupt(&journal.append(&id("new"), &started("new", "t2"), time(1)).unwrap_err()));
    assert!(corrupt(&journal.append(&id("doubt"), &started("doubt", "t9"), time(1)).unwrap_err()));
    let lock = journal.lock(&terminal("t2")).unwrap();
    assert!(corrupt(&journal.resolve(&lock, &doubt, &not_paid(), time(1)).unwrap_err()));
    // Others are not concerned.
    journal.append(&id("new"), &started("new", "t9"), time(60)).unwrap();
}

/// Times that say something else than the rest of the row.
#[test]
fn half_an_end_or_decision_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let database = Connection::open(path(&folder)).unwrap();
    let id = "doubt".parse().unwrap();
    for (change, undo) in [
        ("ended_at = NULL", "ended_at = '2026-11-23T09:00:00.009Z'"),
        ("decided_at = started_at", "decided_at = NULL"),
        ("decision = 'not_paid', decided_by = 'a', decided_because = 'b'", ""),
    ] {
        let set = |columns: &str| {
            let update = format!("UPDATE transactions SET {columns} WHERE id = 'doubt'");
            database.execute_batch(&update).unwrap();
        };
        set(change);
        let error = journal.find(&id).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{change}: {error:?}");
        if !undo.is_empty() {
            set(undo);
            assert!(journal.find(&id).is_ok(), "{undo}");
        }
    }
}

/// Every length that is a multiple of a quarter page, and those near the ends.
#[test]
fn a_truncated_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(&path(&folder)));
    let whole = fs::read(path(&folder)).unwrap();
    let lengths = (1..whole.len())
        .filter(|length| length % 1024 == 0 || *length < 140 && length % 3 == 0 || whole.len() - length < 4);
    for length in lengths {
        fs::write(path(&folder), &whole[..length]).unwrap();
        let result = SqliteJournal::open(path(&folder));
        assert!(
            matches!(result, Err(JournalError::Corrupt { .. } | JournalError::Foreign)),
            "{length} of {}: {result:?}",
            whole.len()
        );
        let left = fs::read(path(&folder)).unwrap();
        assert_eq!(left, &whole[..length], "what is left of it must stay");
        let _ = fs::remove_file(folder.path().join("journal.db-wal"));
        let _ = fs::remove_file(folder.path().join("journal.db-shm"));
    }
}

/// One bit after another: everything is as before, or an error says that it is not.
#[test]
fn a_flipped_bit_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let whole = fs::read(path(&folder)).unwrap();
    let mut found = 0;
    for offset in (0..whole.len()).filter(|offset| *offset < 100 || offset % 127 == 0) {
        let mut bytes = whole.clone();
        bytes[offset] ^= 1 << (offset % 8);
        fs::write(path(&folder), &bytes).unwrap();
        match read(&path(&folder)) {
            Ok(after) => assert_eq!(after, before, "offset {offset}"),
            Err(_) => found += 1,
        }
        let _ = fs::remove_file(folder.path().join("journal.db-wal"));
        let _ = fs::remove_file(folder.path().join("journal.db-shm"));
    }
    assert!(found > 100, "{found}");
}

/// The files as a power cut leaves them, with the log damaged: SQLite drops a log from its first bad byte on without a
/// word. The newest events come back from the file beside it, which is as good as new itself with one of its copies damaged.
#[test]
fn a_damaged_log_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let before = content(&journal);
    let log = folder.path().join("journal.db-wal");
    let (file, whole) = (fs::read(path(&folder)).unwrap(), fs::read(log).unwrap());
    assert!(!whole.is_empty());
    let recent = fs::read(folder.path().join("journal.db.locks/recent-events")).unwrap();
    let after_cut = tempfile::tempdir().unwrap();
    let locks = after_cut.path().join("journal.db.locks");
    fs::create_dir(&locks).unwrap();
    let cut = |length: usize| whole[..length].to_vec();
    let flip = |offset: usize| {
        let mut bytes = whole.clone();
        bytes[offset] ^= 1 << (offset % 8);
        bytes
    };
    let logs = (0..whole.len()).filter(|offset| *offset < 64 || offset % 509 == 0);
    for (number, damaged) in logs.flat_map(|offset| [cut(offset), flip(offset)]).enumerate() {
        fs::write(path(&after_cut), &file).unwrap();
        fs::write(after_cut.path().join("journal.db-wal"), damaged).unwrap();
        let mut recent = recent.clone();
        let (copy, place) = (recent.len() / 2, number.wrapping_mul(509));
        recent[place % copy + (number % 2) * copy] ^= 0x10;
        fs::write(locks.join("recent-events"), recent).unwrap();
        let after = content(&SqliteJournal::open(path(&after_cut)).unwrap());
        assert_eq!(after, before, "damage {number}");
        let _ = fs::remove_file(after_cut.path().join("journal.db-shm"));
    }
}
