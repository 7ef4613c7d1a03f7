//! Statements and transactions of the database.

use std::ops::Deref;

use rusqlite::{CachedStatement, Connection, Error};

use crate::JournalError;

/// How many prepared statements a connection keeps: more than there are.
pub(super) const MAX_STATEMENTS: usize = 64;

/// Prepares a statement, or takes one that was prepared before. Every statement is prepared here, so that one place decides how
/// long it is kept.
pub(super) fn prepare<'c>(connection: &'c Connection, query: &str) -> Result<CachedStatement<'c>, Error> {
    connection.prepare_cached(query)
}

/// Executes a statement that returns nothing.
pub(super) fn run(connection: &Connection, statement: &str) -> Result<(), JournalError> {
    prepare(connection, statement)?.execute([])?;
    Ok(())
}

/// What a transaction of the database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It reads one state, whatever others write meanwhile.
    Read,
    /// It excludes all other writers from its first read on.
    Write,
}

/// A transaction of the database. What is not committed when it drops is rolled back.
pub(super) struct Unit<'c>(&'c Connection);

impl<'c> Unit<'c> {
    pub(super) fn begin(connection: &'c Connection, kind: Kind) -> Result<Self, JournalError> {
        let begin = match kind {
            Kind::Read => "BEGIN DEFERRED",
            Kind::Write => "BEGIN IMMEDIATE",
        };
        run(connection, begin)?;
        Ok(Self(connection))
    }

    pub(super) fn commit(self) -> Result<(), JournalError> {
        run(self.0, "COMMIT")
    }
}

impl Deref for Unit<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // What cannot be rolled back now is rolled back with the connection.
            let _ = run(self.0, "ROLLBACK");
        }
    }
}
