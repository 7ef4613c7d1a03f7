//! `caisse journal verify`: the full check.

use std::path::Path;

use caisse::{JournalError, SqliteJournal};
use caisse_journal::{CheckProgress, FullCheck};
use serde_json::json;

use super::unusable;
use crate::output::Output;
use crate::usage::Wrong;

/// How many lines of progress a check prints at most.
const MAX_REPORTS: u64 = 10;

pub(super) fn verify(file: &Path, output: &Output) -> Result<u8, Wrong> {
    let mut journal = open(file)?;
    let mut reported = 0;
    let checked = journal.verify(&mut |CheckProgress { events, total }| {
        let part = events.saturating_mul(MAX_REPORTS).checked_div(total).unwrap_or(MAX_REPORTS);
        if part > reported && events < total {
            reported = part;
            let text = format_args!("… {events} of {total} events / {events} événements sur {total}");
            output.progress(&json!({ "event": "verifying", "events": events, "total": total }), text);
        }
    });
    let FullCheck { at, events, last_event } = checked.map_err(unusable)?;
    output.json(&json!({
        "event": "verified", "at": at.to_string(), "events": events, "last_event": last_event,
    }));
    output.text(format_args!("whole: {events} events checked / intact : {events} événements vérifiés"));
    Ok(0)
}

/// Opens a journal for a check, which writes nothing where the file has a second path or is a backup.
fn open(file: &Path) -> Result<SqliteJournal, Wrong> {
    let opened = match SqliteJournal::open(file) {
        Err(JournalError::SecondPath { .. } | JournalError::Backup) => SqliteJournal::open_for_reading(file),
        opened => opened,
    };
    opened.map_err(unusable)
}
