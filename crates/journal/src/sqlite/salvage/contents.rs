//! What the pages of a database contain.

use rusqlite::types::Value;

use super::super::chain::Chain;
use super::super::columns::{self, EventRow, TransactionRow};
use super::super::forgotten::ForgottenRow;
use super::page::{Cell, Kind, Page};
use super::row;
use super::source::{PageRef, Source};

/// A row of a journal, by its columns.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// An event: its number and its chain.
    Event(u64, Chain),
    /// A transaction: its id.
    Transaction(String),
    /// An entry of the index of the events: the id of a transaction, and the number of one of its events.
    IndexEntry(String, u64),
    /// A row of `terminals`, or an entry of an index of a text.
    NameAndNumber(String, u64),
    /// The row about what was forgotten.
    Forgotten(ForgottenRow),
    /// A row about an older copy that was accepted.
    AcceptedCopy(Vec<Value>),
    /// A row of the schema.
    Schema(Vec<Value>),
    /// Another one.
    Other,
}

/// The number of columns of `accepted_copies`.
const ACCEPTED_COPY: usize = 9;

impl Content {
    fn of(columns: Vec<Value>, is_table: bool) -> Self {
        let whole = |value: &i64| u64::try_from(*value).ok();
        match (is_table, columns.as_slice()) {
            (true, [Value::Integer(number), .., Value::Blob(chain)])
                if columns.len() == columns::EVENT.len() =>
            {
                match (whole(number), chain.as_slice().try_into()) {
                    (Some(number @ 1..), Ok(chain)) => Self::Event(number, chain),
                    _ => Self::Other,
                }
            }
            (false, [Value::Text(id), ..]) if columns.len() == columns::TRANSACTION.len() => {
                Self::Transaction(id.clone())
            }
            (false, [Value::Text(id), Value::Integer(number), Value::Integer(row)]) if number == row => {
                whole(number).map_or(Self::Other, |number| Self::IndexEntry(id.clone(), number))
            }
            (false, [Value::Text(name), Value::Integer(number)]) => {
                whole(number).map_or(Self::Other, |number| Self::NameAndNumber(name.clone(), number))
            }
            (true, [Value::Integer(1), forgotten @ ..]) if forgotten.len() == 4 => {
                ForgottenRow::decode(forgotten).map_or(Self::Other, Self::Forgotten)
            }
            (true, [Value::Text(_), Value::Text(_), Value::Text(_), Value::Integer(_), _]) => {
                Self::Schema(columns)
            }
            (true, [Value::Integer(_), .., Value::Blob(_)]) if columns.len() == ACCEPTED_COPY => {
                Self::AcceptedCopy(columns)
            }
            _ => Self::Other,
        }
    }
}

/// The place of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a page of the database.
    Page { page: PageRef, offset: usize, kind: Kind },
    /// In the file of the newest events, by the number of the event.
    Recent(u64),
}

impl Place {
    /// Reads the columns of the row.
    pub(super) fn columns(&self, source: &Source) -> Option<Vec<Value>> {
        match *self {
            Self::Page { page, offset, kind } => {
                let bytes = source.read(page)?;
                let cell = Cell::parse(&bytes, kind, offset, source.page_size)?;
                columns_of(&cell, &bytes, source)
            }
            Self::Recent(number) => source.recent.get(&number)?.row(),
        }
    }

    /// Reads an event. Whatever is not as a journal writes it is none.
    pub(super) fn event(&self, source: &Source) -> Option<(Vec<Value>, EventRow)> {
        let columns = self.columns(source)?;
        let event = columns::decode_event(&columns).ok()?;
        Some((columns, event))
    }

    /// Reads a row of `transactions`, in the same way.
    pub(super) fn transaction(&self, source: &Source) -> Option<TransactionRow> {
        columns::decode_transaction(&self.columns(source)?).ok()
    }
}

fn columns_of(cell: &Cell, bytes: &[u8], source: &Source) -> Option<Vec<Value>> {
    let content = cell.content(bytes, source.page_size, &|number| source.page(number))?;
    Some(row::with_number(row::columns(&content)?, cell.row))
}

/// The rows of a page.
pub(super) struct Contents {
    pub(super) page: Page,
    pub(super) rows: Vec<(Place, Content)>,
    /// Whether each entry is a row.
    pub(super) is_readable: bool,
}

impl Content {
    pub(super) const fn is_known(&self) -> bool {
        !matches!(self, Self::Other)
    }
}

impl Contents {
    /// Reads a page; nothing if it is none of a tree.
    pub(super) fn of(source: &Source, place: PageRef, is_first: bool) -> Option<Self> {
        let bytes = source.read(place)?;
        let page = Page::parse(&bytes, is_first, source.page_size)?;
        let is_table = page.kind == Kind::TableLeaf;
        let (mut rows, mut is_readable) = (Vec::new(), true);
        for cell in page.cells.iter().filter(|_| page.kind != Kind::TableInterior) {
            let place = Place::Page { page: place, offset: cell.offset, kind: page.kind };
            match columns_of(cell, &bytes, source) {
                Some(columns) => rows.push((place, Content::of(columns, is_table))),
                None => is_readable = false,
            }
        }
        Some(Self { page, rows, is_readable })
    }

    /// The numbers of the rows of a table, also of those that cannot be read.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        let cells = self.page.cells.iter().filter(|_| self.page.kind == Kind::TableLeaf);
        cells.filter_map(|cell| u64::try_from(cell.row?).ok())
    }

    /// Searches every byte of a page for events, where the page itself no longer says where they are. Each event proves itself
    /// by its chain.
    pub(super) fn search(source: &Source, place: PageRef) -> Vec<(Place, Content)> {
        let Some(bytes) = source.read(place) else { return Vec::new() };
        let kind = Kind::TableLeaf;
        let event = |offset: usize| {
            let cell = Cell::parse(&bytes, kind, offset, source.page_size)?;
            let content = Content::of(columns_of(&cell, &bytes, source)?, true);
            matches!(content, Content::Event(..))
                .then_some((Place::Page { page: place, offset, kind }, content))
        };
        (0..bytes.len()).filter_map(event).collect()
    }
}
