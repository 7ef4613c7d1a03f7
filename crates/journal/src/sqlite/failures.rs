//! What an error of SQLite means for the journal.

use rusqlite::{Error, ErrorCode, ffi};

use crate::JournalError;

impl From<Error> for JournalError {
    fn from(error: Error) -> Self {
        let Error::SqliteFailure(failure, _) = &error else {
            // A column of another type, text that is not UTF-8: not what we wrote.
            return Self::corrupt(error.to_string());
        };
        // What a place without locks, or without shared memory, comes as.
        if matches!(
            failure.extended_code,
            ffi::SQLITE_IOERR_LOCK
                | ffi::SQLITE_IOERR_UNLOCK
                | ffi::SQLITE_IOERR_RDLOCK
                | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK
                | ffi::SQLITE_IOERR_SHMLOCK
                | ffi::SQLITE_IOERR_SHMMAP
                | ffi::SQLITE_PROTOCOL
                | ffi::SQLITE_NOLFS
        ) {
            return Self::NoLocks { what: error.to_string() };
        }
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked,
            ErrorCode::NotADatabase => Self::Foreign,
            // What a table refuses does not follow from what is in it.
            ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation => Self::corrupt(error.to_string()),
            // What a full disk often comes as, beside "database or disk is full".
            ErrorCode::SystemIoFailure => {
                Self::unwritable(format!("{error}: the disk may be full, or failing"))
            }
            _ => Self::unwritable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_sqlite_is_told_from_the_others() {
        use ffi::{
            SQLITE_BUSY, SQLITE_CONSTRAINT, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_LOCKED, SQLITE_NOTADB,
        };
        let error = |code| JournalError::from(Error::SqliteFailure(ffi::Error::new(code), None));
        for busy in [SQLITE_BUSY, SQLITE_LOCKED] {
            assert_eq!(error(busy), JournalError::Locked);
        }
        assert_eq!(error(SQLITE_NOTADB), JournalError::Foreign);
        for damaged in [SQLITE_CORRUPT, SQLITE_CONSTRAINT] {
            assert!(matches!(error(damaged), JournalError::Corrupt { .. }));
        }
        assert!(matches!(error(SQLITE_FULL), JournalError::Unwritable { .. }));
        let other = JournalError::from(Error::InvalidColumnIndex(0));
        assert!(matches!(other, JournalError::Corrupt { .. }));
    }

    #[test]
    fn an_error_of_the_disk_says_what_to_look_at() {
        let failed = |code| Error::SqliteFailure(ffi::Error::new(code), None);
        // The shared memory of the log, which a full disk has no room for.
        for code in [ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_SHMSIZE] {
            let error = JournalError::from(failed(code));
            assert!(
                matches!(&error, JournalError::Unwritable { what } if what.contains("may be full")),
                "{error:?}"
            );
        }
        let error = JournalError::from(failed(ffi::SQLITE_READONLY));
        assert!(matches!(&error, JournalError::Unwritable { what } if !what.contains("full")), "{error:?}");
    }
}
