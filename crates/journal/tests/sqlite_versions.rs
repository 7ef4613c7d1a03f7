//! Which files are journals: the published format and no other. Its tables are those that `docs/journal-format.md` describes.

mod common;

use std::fs;
use std::path::Path;

use caisse_journal::{JournalError, SqliteJournal};
use common::*;
use rusqlite::Connection;

fn error(path: &Path) -> JournalError {
    SqliteJournal::open(path).expect_err("this must not open")
}

/// Makes a database by these statements, and checks that opening refuses it, for reading too, and leaves it as it is.
fn refused(path: &Path, statements: &str) -> JournalError {
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
    let before = fs::read(path).unwrap();
    let refused = error(path);
    assert_eq!(SqliteJournal::open_for_reading(path).unwrap_err(), refused);
    assert_eq!(fs::read(path).unwrap(), before, "{statements}");
    refused
}

/// The tables of the versions that were never published. One without any payment is refused too: it is not an empty file.
#[test]
fn a_former_journal_is_refused_by_name() {
    for version in 1..=4 {
        for transaction in ["", "INSERT INTO transactions VALUES ('order-7', 'approved');"] {
            let folder = tempfile::tempdir().unwrap();
            let former = refused(
                &path(&folder),
                &format!(
                    "PRAGMA application_id = {}; PRAGMA user_version = {version}; PRAGMA journal_mode = WAL; \
                     CREATE TABLE transactions (id TEXT NOT NULL PRIMARY KEY, outcome TEXT) STRICT, WITHOUT ROWID; \
                     {transaction}",
                    u32::from_be_bytes(*b"CAIS"),
                ),
            );
            assert_eq!(former, JournalError::Former);
            let text = former.to_string();
            assert!(text.contains("settle what is open") && text.contains("begin a new journal"), "{text}");
        }
    }
}

#[test]
fn a_foreign_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (number, statements) in [
        "CREATE TABLE sales (id)",
        "CREATE TABLE transactions (id); CREATE TABLE events (id)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 1",
        "PRAGMA application_id = 1; PRAGMA user_version = 1",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.db"));
        assert_eq!(refused(&path, statements), JournalError::Foreign, "{statements}");
    }
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let newer = refused(&path(&folder), "PRAGMA user_version = 2");
    assert_eq!(newer, JournalError::Newer { found: 2, known: 1 });
    assert!(newer.to_string().contains("update the program"));
    for format in [0, -1] {
        let error = refused(&path(&folder), &format!("PRAGMA user_version = {format}"));
        assert!(matches!(error, JournalError::Corrupt { .. }), "{error:?}");
    }
    Connection::open(path(&folder)).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    assert_eq!(content(&SqliteJournal::open(path(&folder)).unwrap()), before);
}

/// A table of a journal, or of the document: its name, and each column with its type.
type Table = (String, Vec<(String, String)>);

fn tables_of_a_journal() -> Vec<Table> {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteJournal::open(path(&folder)).unwrap());
    let database = Connection::open(path(&folder)).unwrap();
    let mut query =
        database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = |table: &str| {
        let query = "SELECT name, type || iif(\"notnull\", '', ' or NULL') FROM pragma_table_info(?1)";
        let mut query = database.prepare(query).unwrap();
        let columns = query.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        columns.map(Result::unwrap).collect()
    };
    names.into_iter().map(|table| (table.clone(), columns(&table))).collect()
}

/// Each table has a heading with its name, and a row for each column: name, type, meaning.
fn tables_of_the_document() -> Vec<Table> {
    let document = include_str!("../../../docs/journal-format.md");
    let mut tables: Vec<Table> = Vec::new();
    let (_, section) = document.split_once("\n## Tables\n").unwrap();
    // The files beside the database have headings of their own.
    for line in section.lines().take_while(|line| !line.starts_with("## ")) {
        if let Some(name) = line.strip_prefix("### `").and_then(|rest| rest.strip_suffix('`')) {
            tables.push((name.to_owned(), Vec::new()));
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", name, kind, meaning, ""] = cells.as_slice()
            && let Some(name) = name.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'))
        {
            assert!(!meaning.is_empty(), "{line}");
            tables.last_mut().unwrap().1.push((name.to_owned(), (*kind).to_owned()));
        }
    }
    tables.sort();
    tables
}

#[test]
fn the_document_describes_every_column() {
    assert_eq!(tables_of_a_journal(), tables_of_the_document());
}
