//! The identity of a file, which no path, link or mount changes, and the paths that must not lead to a journal.

use std::fs::File;
use std::io;
use std::path::Path;

/// The identity of a file on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileIdentity {
    volume: u64,
    file: u64,
}

/// The size and the time of the last write. Any write to the file changes them, also one that replaces the content in
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    /// In the unit of the system: only compared.
    pub(super) modified: i128,
}

impl Stamp {
    /// The stamp of no file.
    pub(super) const NONE: Self = Self { size: 0, modified: 0 };
}

/// The state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileState {
    pub(super) identity: FileIdentity,
    /// The number of hard links.
    pub(super) links: u64,
    pub(super) stamp: Stamp,
}

impl FileState {
    /// The state of the file at a path, through symbolic links. The file is not opened where the system can avoid it: on
    /// Unix, closing it would drop the locks of SQLite in this process.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        system::state_at(path)
    }

    /// The state of an open file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        system::state_of(file)
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::{FileIdentity, FileState, Stamp};

    pub(super) fn state_at(path: &Path) -> io::Result<FileState> {
        Ok(state(&fs::metadata(path)?))
    }

    pub(super) fn state_of(file: &File) -> io::Result<FileState> {
        Ok(state(&file.metadata()?))
    }

    fn state(metadata: &Metadata) -> FileState {
        let seconds = i128::from(metadata.mtime()).saturating_mul(1_000_000_000);
        FileState {
            identity: FileIdentity { volume: metadata.dev(), file: metadata.ino() },
            links: metadata.nlink(),
            stamp: Stamp {
                size: metadata.len(),
                modified: seconds.saturating_add(metadata.mtime_nsec().into()),
            },
        }
    }
}

#[cfg(windows)]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use winapi_util::{Handle, HandleRef, file};

    use super::{FileIdentity, FileState, Stamp};

    pub(super) fn state_at(path: &Path) -> io::Result<FileState> {
        file::information(&Handle::from_path_any(path)?).map(|information| state(&information))
    }

    pub(super) fn state_of(file: &File) -> io::Result<FileState> {
        file::information(&HandleRef::from_file(file)).map(|information| state(&information))
    }

    fn state(information: &file::Information) -> FileState {
        FileState {
            identity: FileIdentity {
                volume: information.volume_serial_number(),
                file: information.file_index(),
            },
            links: information.number_of_links(),
            stamp: Stamp {
                size: information.file_size(),
                modified: information.last_write_time().unwrap_or_default().into(),
            },
        }
    }
}

/// Whether something is mounted on the file itself. The folder of such a file is another one than at the file's own place,
/// and with it the write-ahead log. A folder that is mounted is no such case: it leads to the same log.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

    match statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS) {
        Ok(found) if found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) => {
            found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
        }
        // Linux before 5.8.
        _ => {
            use std::os::unix::ffi::OsStrExt;
            let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
            let real = std::fs::canonicalize(path);
            real.is_ok_and(|real| is_listed_mount_point(&mounts, real.as_os_str().as_bytes()))
        }
    }
}

/// Only Linux can mount a file.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const fn is_mount_point(_path: &Path) -> bool {
    false
}

/// Whether a list of mounts in the format of `/proc/self/mountinfo` has a mount at this path.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_listed_mount_point(mounts: &[u8], path: &[u8]) -> bool {
    let escaped: Vec<u8> = path.iter().fold(Vec::new(), |mut escaped, byte| {
        match byte {
            b' ' => escaped.extend(b"\\040"),
            b'\t' => escaped.extend(b"\\011"),
            b'\n' => escaped.extend(b"\\012"),
            b'\\' => escaped.extend(b"\\134"),
            byte => escaped.push(*byte),
        }
        escaped
    });
    let mount_point = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(<[u8]>::to_vec);
    mounts.split(|byte| *byte == b'\n').any(|line| mount_point(line).as_ref() == Some(&escaped))
}

/// The name of the network file system on which an open file is stored; nothing on a local one. Locks may work there within
/// one machine and exclude no other, and the shared memory of a write-ahead log is never shared between machines.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn network_file_system(file: &File, _real: &Path) -> Option<&'static str> {
    // `include/uapi/linux/magic.h`, and `fs/smb/client/cifsfs.h` of the kernel.
    const NAMES: [(u32, &str); 7] = [
        (0x0000_6969, "NFS"),
        (0x0000_517b, "SMB"),
        (0xfe53_4d42, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0x5346_414f, "AFS"),
        (0x7375_7245, "Coda"),
        (0x00c3_6400, "Ceph"),
    ];
    let kind = rustix::fs::fstatfs(file).ok()?.f_type;
    // The type is a signed word of 32 or 64 bits, depending on the processor.
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "the number has 32 bits")]
    let kind = kind as u32;
    NAMES.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// The name of the network file system of a path such as `\\server\share\journal.db`, or of a drive letter for one.
#[cfg(windows)]
pub(super) fn network_file_system(_file: &File, real: &Path) -> Option<&'static str> {
    use std::path::{Component, Prefix};

    match real.components().next() {
        Some(Component::Prefix(prefix)) => {
            matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)).then_some("SMB")
        }
        _ => None,
    }
}

/// Not known on this system: the locks are tried.
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
pub(super) const fn network_file_system(_file: &File, _real: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn mount_points_are_found_in_the_list_of_an_older_kernel() {
        let mounts = b"22 1 254:0 / / rw - ext4 /dev/vda rw\n\
            66 22 254:0 /tmp/a /srv/till/journal.db rw,relatime - ext4 /dev/vda rw\n\
            67 22 254:0 /tmp/a /srv/a\\040b\\134c/j.db rw,relatime shared:1 - ext4 /dev/vda rw\n";
        for path in ["/", "/srv/till/journal.db", "/srv/a b\\c/j.db"] {
            assert!(is_listed_mount_point(mounts, path.as_bytes()), "{path}");
        }
        for path in ["/srv/till", "/srv/till/journal", "/tmp/a", "/srv/a\\040b\\134c/j.db", ""] {
            assert!(!is_listed_mount_point(mounts, path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_local_file_is_on_no_network() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(network_file_system(file.as_file(), file.path()), None);
        assert!(!is_mount_point(file.path()));
    }

    #[test]
    fn a_write_changes_the_stamp_and_not_the_identity() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let before = FileState::at(file.path()).unwrap();
        assert_eq!(FileState::of(file.as_file()).unwrap(), before);
        std::fs::write(file.path(), "more").unwrap();
        let after = FileState::at(file.path()).unwrap();
        assert_eq!((after.identity, after.links), (before.identity, 1));
        assert_ne!(after.stamp, before.stamp);
        let other = tempfile::NamedTempFile::new().unwrap();
        assert_ne!(FileState::at(other.path()).unwrap().identity, before.identity);
    }
}
