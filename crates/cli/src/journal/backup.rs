//! `caisse journal backup` and `restore`.

use std::path::Path;

use caisse::{OperatorOverride, SqliteJournal, WallTime};
use caisse_journal::BackupCopy;
use serde_json::json;

use super::unusable;
use crate::output::Output;
use crate::usage::Wrong;

pub(super) fn backup(journal: &SqliteJournal, to: &Path, output: &Output) -> Result<u8, Wrong> {
    let copy = journal.backup(to).map_err(unusable)?;
    tell_replaced(&copy, to, output);
    output.json(&json!({ "backup": to.display().to_string(), "last_event": copy.last_event }));
    output.text(format_args!("{}: {} events copied", to.display(), copy.last_event));
    output.text(format_args!("{} : {} événements copiés", to.display(), copy.last_event));
    Ok(0)
}

pub(super) fn restore(
    backup: &Path,
    file: &Path,
    by: &str,
    because: &str,
    output: &Output,
) -> Result<u8, Wrong> {
    let word = OperatorOverride::new(by, because).map_err(|error| Wrong::usage("because", error))?;
    let copy = SqliteJournal::restore(backup, file, &word, WallTime::now()).map_err(unusable)?;
    tell_replaced(&copy, file, output);
    output.json(&json!({ "journal": file.display().to_string(), "last_event": copy.last_event }));
    let (file, last) = (file.display(), copy.last_event);
    output.text(format_args!("{file}: restored; the backup ends with event {last}"));
    output.text(format_args!("{file} : restauré ; la sauvegarde s'arrête à l'événement {last}"));
    super::tell_missing(output);
    Ok(0)
}

/// Names what an interrupted copy had left, which was removed.
fn tell_replaced(copy: &BackupCopy, to: &Path, output: &Output) {
    if copy.has_replaced_part {
        let part = format!("{}.part", to.display());
        output.notice(format_args!("{part}: the unfinished copy of an interrupted program was removed"));
        output.notice(format_args!("{part} : la copie inachevée d'un programme interrompu a été supprimée"));
    }
}
