//! The format of the file: how a journal is made, and how it is told from other files.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::unit::{Kind, Unit, prepare};
use crate::JournalError;

/// `CJNL` in ASCII: what the command `file` shows, and what tells a journal from other files.
const APPLICATION_ID: i64 = 0x434a_4e4c;
/// `CJNB`: a backup of a journal.
const BACKUP_APPLICATION_ID: i64 = 0x434a_4e42;
/// The id of the journals that were written before the format was published.
const FORMER_APPLICATION_ID: i64 = 0x4341_4953;
/// The statements that make the tables.
const SCHEMA: &str = include_str!("schema/format_1.sql");
/// The number of the format.
const FORMAT: i64 = 1;

/// The tables, indexes and triggers of a journal, in order of their names.
const OBJECTS: [&str; 25] = [
    "accepted_copies",
    "accepted_copies_are_appended",
    "accepted_copies_are_kept",
    "accepted_copies_stay_as_they_are",
    "decisions_are_final",
    "disputed",
    "ends_are_final",
    "events",
    "events_are_appended",
    "events_are_kept",
    "events_by_authorisation",
    "events_by_id",
    "events_by_original",
    "events_by_reference",
    "events_stay_as_they_are",
    "forgotten",
    "requests_are_final",
    "terminals",
    "terminals_are_kept",
    "transactions",
    "transactions_are_kept",
    "transactions_by_authorisation",
    "transactions_by_original",
    "transactions_by_reference",
    "unresolved",
];

/// The SHA-256 over their definitions. It changes with the format alone.
const DEFINITIONS: [u8; 32] = [
    0x67, 0xaf, 0xd0, 0x73, 0x23, 0xb1, 0x12, 0xc2, 0x58, 0x93, 0x45, 0xa8, 0x5b, 0xfa, 0xd4, 0x74, 0x01,
    0x5b, 0x3c, 0xc4, 0x57, 0x00, 0x7e, 0x03, 0x57, 0xbb, 0x50, 0xdb, 0x90, 0x8b, 0xa9, 0x43,
];

/// Makes the tables in a database that has nothing.
pub(super) fn create(connection: &Connection) -> Result<(), JournalError> {
    // Before the first table, or never: pages that are free can be given back later. Nothing is written yet.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    // Several tills may start at once: one of them creates, the others wait for it.
    let transaction = Unit::begin(connection, Kind::Write)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(super) fn is_empty(connection: &Connection) -> Result<bool, JournalError> {
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let format = pragma(connection, "user_version")?;
    let application = pragma(connection, "application_id")?;
    Ok((objects, format, application) == (0, 0, 0))
}

/// Whether the file is a backup of a journal.
pub(super) fn is_backup(connection: &Connection) -> Result<bool, JournalError> {
    Ok(pragma(connection, "application_id")? == BACKUP_APPLICATION_ID)
}

/// Whether these first bytes of a file are a backup's, which SQLite reads without files of its own beside it.
pub(super) fn is_backup_header(header: &[u8]) -> bool {
    let application = u32::try_from(BACKUP_APPLICATION_ID).map(u32::to_be_bytes);
    let uses_no_log = header.get(18..20) == Some(&[1, 1]);
    uses_no_log && application.is_ok_and(|application| header.get(68..72) == Some(&application))
}

/// Makes a copy of a journal a backup, in which no payment can be recorded.
pub(super) fn mark_as_backup(connection: &Connection) -> Result<(), JournalError> {
    Ok(connection.pragma_update(None, "application_id", BACKUP_APPLICATION_ID)?)
}

/// Makes a copy of a backup a journal.
pub(super) fn mark_as_journal(connection: &Connection) -> Result<(), JournalError> {
    Ok(connection.pragma_update(None, "application_id", APPLICATION_ID)?)
}

/// Checks that the file is a journal, or where only that is asked for a backup of one, and of a format that can be read here.
pub(super) fn check_identity(connection: &Connection, allows_backup: bool) -> Result<(), JournalError> {
    let is_backup = kind(pragma(connection, "application_id")?, pragma(connection, "user_version")?)?;
    if is_backup && !allows_backup { Err(JournalError::Backup) } else { Ok(()) }
}

/// Checks the application id and the format of a file, which must be one that can be read here. Returns whether it is a backup.
pub(super) fn kind(application: i64, format: i64) -> Result<bool, JournalError> {
    let is_backup = match application {
        APPLICATION_ID => false,
        BACKUP_APPLICATION_ID => true,
        FORMER_APPLICATION_ID => return Err(JournalError::Former),
        _ => return Err(JournalError::Foreign),
    };
    match format {
        FORMAT => Ok(is_backup),
        found @ ..=0 => Err(JournalError::corrupt(format!("format {found}, which never was"))),
        found => Err(JournalError::Newer { found, known: FORMAT }),
    }
}

/// Checks that the tables, indexes and triggers are those of this format, and that no other trigger acts on them. Views or
/// indexes of the shop's own do no harm.
pub(super) fn check_tables(connection: &Connection) -> Result<(), JournalError> {
    if definitions(connection)? == DEFINITIONS {
        return Ok(());
    }
    Err(JournalError::corrupt("its tables are not those of this format"))
}

fn definitions(connection: &Connection) -> Result<[u8; 32], JournalError> {
    let mut statement = prepare(connection, "SELECT type, name, sql FROM sqlite_schema ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut hash = Sha256::new();
    while let Some(row) = rows.next()? {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        if kind != "trigger" && OBJECTS.binary_search(&name.as_str()).is_err() {
            continue;
        }
        let definition: Option<String> = row.get(2)?;
        for text in [kind, name, definition.unwrap_or_default()] {
            hash.update(text);
            hash.update([0]);
        }
    }
    Ok(hash.finalize().into())
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, JournalError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A published format never changes: a change of the file is a change of the number.
    #[test]
    fn the_definitions_are_those_of_the_format() {
        let connection = Connection::open_in_memory().unwrap();
        create(&connection).unwrap();
        let mut statement =
            connection.prepare("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(names, OBJECTS);
        assert_eq!(definitions(&connection).unwrap(), DEFINITIONS);
    }
}
