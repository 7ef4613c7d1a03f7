//! Backups that may be read and not written, as those of another account.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::location::Location;
use super::open::{Opened, PATIENCE, Purpose, Site};
use super::registry::OpenFile;
use super::unit::{Kind, MAX_STATEMENTS, Unit};
use super::{check, format};
use crate::JournalError;

/// Whether the system allows no writing.
pub(super) fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Opens a backup with the right to read it alone. A journal is more than its file, and is read by those that may write it.
pub(super) fn open_backup(
    location: Location,
    purpose: Purpose,
    denied: &io::Error,
) -> Result<Opened, JournalError> {
    let failed =
        |error: &io::Error| JournalError::unwritable(format!("{}: {error}", location.file.display()));
    let file = OpenFile::open_to_read(&location.real).map_err(|error| failed(&error))?;
    // SQLite would leave files beside a journal that those who may write the journal cannot use.
    if !format::is_backup_header(&header(file.file()).map_err(|error| failed(&error))?) {
        return Err(failed(denied));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = Connection::open_with_flags(&location.file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    format::check_identity(&connection, true)?;
    if purpose != Purpose::Read {
        return Err(JournalError::Backup);
    }
    let (log, stamp) = (location.log(), location.stamp()?);
    let current = check::all(&*Unit::begin(&connection, Kind::Read)?, &mut |_| {})?.1;
    let site = Site { location, file, reads_only: true };
    Ok(Opened { connection, site, log, current, stamp, durable: 0 })
}

/// The first bytes of a file.
fn header(mut file: &File) -> io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(HEADER);
    file.seek(SeekFrom::Start(0))?;
    file.take(u64::try_from(HEADER).unwrap_or_default()).read_to_end(&mut header)?;
    Ok(header)
}

/// The length of the header of a database.
const HEADER: usize = 100;
