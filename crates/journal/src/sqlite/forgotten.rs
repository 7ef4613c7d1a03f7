//! The row that says what was forgotten.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::chain::{self, Chain};
use super::records;
use super::unit::prepare;
use crate::JournalError;

/// The row of the table `forgotten`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForgottenRow {
    /// The number of transactions that were forgotten.
    pub(super) transactions: u64,
    /// The number of the last event that is gone.
    pub(super) events: u64,
    /// Its chain.
    pub(super) chain: Chain,
}

impl ForgottenRow {
    /// Reads and checks the row; nothing while nothing was forgotten.
    pub(super) fn read(connection: &Connection) -> Result<Option<Self>, JournalError> {
        let row =
            |row: &Row<'_>| [1, 2, 3, 4].map(|column| row.get::<_, Value>(column)).into_iter().collect();
        let mut statement = prepare(connection, "SELECT * FROM forgotten")?;
        let Some(values) = statement.query_row([], row).optional()? else { return Ok(None) };
        let values: Vec<Value> = values;
        let damaged = || JournalError::corrupt("the row that says what was forgotten");
        Self::decode(&values).map(Some).ok_or_else(damaged)
    }

    /// Reads the columns after the first one; nothing where they do not fit each other.
    pub(super) fn decode(values: &[Value]) -> Option<Self> {
        let [Value::Integer(transactions), Value::Integer(events), Value::Blob(chain), Value::Blob(hash)] =
            values
        else {
            return None;
        };
        let row = Self {
            transactions: u64::try_from(*transactions).ok()?,
            events: u64::try_from(*events).ok()?,
            chain: chain.as_slice().try_into().ok()?,
        };
        // Each transaction has an event.
        let is_possible = (1..=row.events).contains(&row.transactions);
        (is_possible && row.hash().ok()?.as_slice() == hash.as_slice()).then_some(row)
    }

    /// Writes the row in the place of the one before.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), JournalError> {
        connection.execute(
            "INSERT OR REPLACE INTO forgotten VALUES (1, ?1, ?2, ?3, ?4)",
            params![
                records::whole(self.transactions)?,
                records::whole(self.events)?,
                self.chain,
                self.hash()?
            ],
        )?;
        Ok(())
    }

    /// The hash over the chain and both numbers.
    fn hash(&self) -> Result<Chain, JournalError> {
        let numbers =
            [self.transactions, self.events].map(|number| records::whole(number).map(Value::Integer));
        let [transactions, events] = numbers;
        Ok(chain::link(&self.chain, &[transactions?, events?]))
    }
}
