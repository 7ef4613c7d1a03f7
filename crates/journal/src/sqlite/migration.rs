//! The tables of this version, and the way to it from each earlier one.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{chain, older_copy};
use crate::JournalError;

/// `CAIS` in ASCII: what the command `file` shows, and what tells our files from others.
const APPLICATION_ID: i64 = 0x4341_4953;
/// What the first version had.
const TABLES: &str = include_str!("schema/tables.sql");
/// What each version after the first adds.
const ADDITIONS: &[&str] = &[
    include_str!("schema/forgotten.sql"),
    include_str!("schema/addresses.sql"),
    include_str!("schema/version_4.sql"),
];
/// What the tables refuse: made anew by each version.
const GUARDS: &str = include_str!("schema/guards.sql");
/// The version of the tables.
pub(super) const VERSION: i64 = 1 + ADDITIONS.len() as i64;

/// Makes the tables in a database that has nothing.
pub(super) fn create(connection: &Connection) -> Result<(), JournalError> {
    // Several tills may start at once: one of them creates, the others wait for it.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        make_tables(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(super) fn is_empty(connection: &Connection) -> Result<bool, JournalError> {
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version = pragma(connection, "user_version")?;
    let application = pragma(connection, "application_id")?;
    Ok((objects, version, application) == (0, 0, 0))
}

/// Whether opening would write tables.
pub(super) fn needs_writing(connection: &Connection) -> Result<bool, JournalError> {
    Ok(pragma(connection, "user_version")? < VERSION)
}

/// Whether it is a journal, and of a version that can be read here.
pub(super) fn check_identity(connection: &Connection) -> Result<(), JournalError> {
    if pragma(connection, "application_id")? != APPLICATION_ID {
        return Err(JournalError::Foreign);
    }
    match pragma(connection, "user_version")? {
        1..=VERSION => Ok(()),
        found @ ..=0 => Err(JournalError::corrupt(format!("version {found}, which never was"))),
        found => Err(JournalError::Newer { found, known: VERSION }),
    }
}

/// Brings an earlier version to this one: all of it and checked, or nothing. A program of the earlier version that has the
/// file open goes on writing what this one can read.
pub(super) fn migrate(connection: &Connection) -> Result<(), JournalError> {
    if pragma(connection, "user_version")? == VERSION {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have done it meanwhile, or one that is newer still.
    check_identity(&transaction)?;
    let found = pragma(&transaction, "user_version")?;
    let done = usize::try_from(found.saturating_sub(1)).unwrap_or_default();
    drop_guards(&transaction)?;
    for addition in ADDITIONS.iter().skip(done) {
        transaction.execute_batch(addition)?;
    }
    transaction.execute_batch(GUARDS)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    check_tables(&transaction)?;
    chain::verify(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// Those of the earlier versions had the same names.
fn drop_guards(connection: &Connection) -> Result<(), JournalError> {
    let fresh = fresh()?;
    for (kind, name, _) in objects(&fresh)? {
        if kind == "trigger" {
            connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {name}"))?;
        }
    }
    Ok(())
}

/// The tables, indexes and triggers are those of this version, and no other trigger acts on them. Views or indexes of
/// the shop's own do no harm.
pub(super) fn check_tables(connection: &Connection) -> Result<(), JournalError> {
    let found = objects(connection)?;
    let fresh = fresh()?;
    if let Some(table) = older_copy::table(connection)? {
        fresh.execute_batch(table)?;
    }
    let expected = objects(&fresh)?;
    let complete = expected.iter().all(|object| found.contains(object));
    let triggers = |objects: &[Object]| objects.iter().filter(|object| object.0 == "trigger").count();
    if !complete || triggers(&found) != triggers(&expected) {
        return Err(JournalError::corrupt("its tables are not those of this version"));
    }
    Ok(())
}

fn fresh() -> Result<Connection, JournalError> {
    let fresh = Connection::open_in_memory()?;
    make_tables(&fresh)?;
    Ok(fresh)
}

fn make_tables(connection: &Connection) -> Result<(), JournalError> {
    for part in [TABLES].iter().chain(ADDITIONS).chain(&[GUARDS]) {
        connection.execute_batch(part)?;
    }
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, JournalError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// Kind, name and definition.
type Object = (String, String, Option<String>);

fn objects(connection: &Connection) -> Result<Vec<Object>, JournalError> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    let objects = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(objects.collect::<Result<_, _>>()?)
}
