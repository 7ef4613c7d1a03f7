//! Locks on single bytes of the database file.
//!
//! The bytes have no content: a lock is a number that the system keeps for the file, whichever path leads to the file, and
//! that ends with the process.

use std::fs::File;
use std::io;
use std::sync::Arc;

#[cfg(any(target_os = "linux", target_os = "android"))]
use open_file_description as system;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use portable as system;

/// The first byte that this crate locks. SQLite locks the bytes from 0x4000_0000 to 0x4000_01ff, and programs of 32 bits can
/// name no byte from 0x8000_0000 on. On Unix the locks are advisory: a journal that is larger than this is read and written
/// as ever. On Windows nobody else can read or write a byte that is locked, and the size of a journal is limited to this.
pub(super) const FIRST: u64 = 0x5000_0000;
/// The first byte that SQLite locks.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FIRST_OF_SQLITE: u64 = 0x4000_0000;
/// The number of bytes, one of which is for the probe.
const COUNT: u64 = 0x2000_0000;
/// The first byte of the row along which processes wait for their turn to write.
const FIRST_PLACE: u64 = FIRST + COUNT;

/// The byte for a hash: never the first one, which is for the probe.
const fn byte(hash: u64) -> u64 {
    FIRST.saturating_add(1).saturating_add(hash % (COUNT - 1))
}

/// A lock of one byte; dropping it unlocks the byte.
#[derive(Debug)]
#[must_use = "the byte is unlocked as soon as this drops"]
pub(super) struct ByteLock(#[expect(dead_code, reason = "held for its drop")] system::Guard);

/// Locks the byte for this hash; nothing if another process has locked it. Two locks of this process do not exclude each
/// other.
///
/// # Errors
/// When the system cannot lock the file.
pub(super) fn try_lock(file: &Arc<File>, hash: u64) -> io::Result<Option<ByteLock>> {
    Ok(system::try_lock(file, byte(hash))?.map(ByteLock))
}

/// Locks the byte of a place in the row of those that wait for their turn, as [`try_lock`] does.
///
/// # Errors
/// When the system cannot lock the file.
pub(super) fn try_lock_place(file: &Arc<File>, place: u64) -> io::Result<Option<ByteLock>> {
    Ok(system::try_lock(file, FIRST_PLACE.saturating_add(place))?.map(ByteLock))
}

/// Tries every kind of lock that this crate and SQLite use, and gives each back. A lock that another process holds is no
/// error.
///
/// # Errors
/// When the system cannot lock the file: as on some network shares.
pub(super) fn probe(file: &Arc<File>) -> io::Result<()> {
    system::probe(file)
}

/// Whether somebody has one of these bytes locked, or one of those of SQLite, with another descriptor: a program has the database
/// open. On systems other than Linux nothing tells.
pub(super) fn is_locked_elsewhere(file: &File) -> bool {
    system::is_locked_elsewhere(file)
}

/// Locks that belong to the open file, not to the process: closing another descriptor of the file does not drop them, and
/// children do not inherit them through `exec`.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod open_file_description {
    use std::fs::{File, TryLockError};
    use std::io;
    use std::sync::Arc;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    use super::{FIRST, FIRST_OF_SQLITE};

    #[derive(Debug)]
    pub(super) struct Guard {
        file: Arc<File>,
        byte: u64,
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            // The last descriptor of the file unlocks it otherwise.
            let _ = set(&self.file, self.byte, libc::F_UNLCK);
        }
    }

    pub(super) fn try_lock(file: &Arc<File>, byte: u64) -> io::Result<Option<Guard>> {
        match set(file, byte, libc::F_WRLCK) {
            Ok(()) => Ok(Some(Guard { file: Arc::clone(file), byte })),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn probe(file: &Arc<File>) -> io::Result<()> {
        match file.try_lock_shared() {
            Ok(()) => file.unlock()?,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        for change in [libc::F_RDLCK, libc::F_UNLCK] {
            let range = range(FIRST, change)?;
            for request in [FcntlArg::F_OFD_SETLK(&range), FcntlArg::F_SETLK(&range)] {
                match fcntl(file, request) {
                    Ok(_) | Err(Errno::EAGAIN | Errno::EACCES) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_locked_elsewhere(file: &File) -> bool {
        let Ok(mut found) = range(FIRST_OF_SQLITE, libc::F_WRLCK) else { return false };
        // To the end of all files.
        found.l_len = 0;
        let asked = fcntl(file, FcntlArg::F_OFD_GETLK(&mut found));
        asked.is_ok() && i32::from(found.l_type) != libc::F_UNLCK
    }

    fn set(file: &Arc<File>, byte: u64, change: i32) -> Result<(), Errno> {
        fcntl(file, FcntlArg::F_OFD_SETLK(&range(byte, change)?)).map(drop)
    }

    /// One byte from the beginning of the file. The process is not named, as these locks require.
    fn range(byte: u64, change: i32) -> Result<libc::flock, Errno> {
        let short = |number: i32| i16::try_from(number).map_err(|_| Errno::EINVAL);
        Ok(libc::flock {
            l_type: short(change)?,
            l_whence: short(libc::SEEK_SET)?,
            l_start: libc::off_t::try_from(byte).map_err(|_| Errno::EOVERFLOW)?,
            l_len: 1,
            l_pid: 0,
        })
    }
}

/// Locks of the process on other Unix systems, and of the handle on Windows.
///
/// On Unix, closing any descriptor of the file drops them. SQLite closes none while one of its connections has the file
/// open, and the registry keeps the last connection until the last terminal is unlocked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod portable {
    use std::fs::File;
    use std::io;
    use std::sync::Arc;

    use file_guard::{FileGuard, Lock};

    use super::FIRST;

    pub(super) type Guard = FileGuard<Arc<File>>;

    pub(super) fn try_lock(file: &Arc<File>, byte: u64) -> io::Result<Option<Guard>> {
        set(file, Lock::Exclusive, byte)
    }

    pub(super) const fn is_locked_elsewhere(_: &File) -> bool {
        false
    }

    pub(super) fn probe(file: &Arc<File>) -> io::Result<()> {
        set(file, Lock::Shared, FIRST).map(drop)
    }

    fn set(file: &Arc<File>, lock: Lock, byte: u64) -> io::Result<Option<Guard>> {
        let byte = usize::try_from(byte).map_err(io::Error::other)?;
        match file_guard::try_lock(Arc::clone(file), lock, byte, 1) {
            Ok(guard) => Ok(Some(guard)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const _: () = assert!(FIRST > 0x4000_01ff, "SQLite locks this byte");

    #[test]
    fn each_hash_has_a_byte_that_neither_sqlite_nor_the_probe_locks() {
        for hash in [0, 1, 0x4000_0000, COUNT - 2, COUNT - 1, COUNT, u64::MAX - 1, u64::MAX] {
            let byte = byte(hash);
            assert!(byte > FIRST, "{byte:x}");
            assert!(i32::try_from(byte).is_ok(), "a program of 32 bits cannot name {byte:x}");
        }
        assert_ne!(byte(1), byte(2));
        assert_eq!(byte(COUNT - 2), FIRST + COUNT - 1);
        assert!(i32::try_from(FIRST_PLACE + 1000).is_ok());
    }

    /// As on a share that has no locks: an error, and no lock that excludes nobody.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_locked_is_an_error() {
        use std::fs::OpenOptions;

        let file = tempfile::NamedTempFile::new().unwrap();
        let open = |options: &mut OpenOptions| Arc::new(options.open(file.path()).unwrap());
        // The system locks a byte for writing, or for reading, only where the file is open for that.
        assert!(try_lock(&open(OpenOptions::new().read(true)), 7).is_err());
        assert!(probe(&open(OpenOptions::new().write(true))).is_err());
        assert!(probe(&open(OpenOptions::new().read(true).write(true))).is_ok());
    }

    #[test]
    fn a_byte_is_locked_until_the_lock_drops() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        probe(&file).unwrap();
        let lock = try_lock(&file, 7).unwrap().unwrap();
        probe(&file).unwrap();
        drop(lock);
        assert!(try_lock(&file, 7).unwrap().is_some());
    }
}
