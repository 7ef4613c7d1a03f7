//! Telling a pseudo-terminal from a port with a wire behind it.

use std::path::Path;

/// Whether this path leads to a pseudo-terminal, where no wire and no real terminal can be. Symbolic links are followed.
/// What cannot be found out counts as no pseudo-terminal; on Windows, which has none among its ports, nothing is one.
///
/// It is the kernel's device number that decides on Linux, and the name on other Unix systems.
///
/// ```
/// assert!(!caisse_hal::serial::is_pseudo_terminal("/dev/null"));
/// assert!(!caisse_hal::serial::is_pseudo_terminal("COM3"));
/// ```
#[must_use]
pub fn is_pseudo_terminal(path: impl AsRef<Path>) -> bool {
    of_system(path.as_ref())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn of_system(path: &Path) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    // Follows links.
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device() && is_slave(found.rdev()))
}

/// Unix98 pseudo-terminals have the major numbers 136 to 143 ("Linux allocated devices", LANANA). The layout of a device
/// number is the C library's: major 12 bits from bit 8 and the rest from bit 32.
#[cfg(any(target_os = "linux", target_os = "android"))]
const fn is_slave(device: u64) -> bool {
    let major = ((device >> 8) & 0xFFF) | ((device >> 32) & 0xFFFF_F000);
    matches!(major, 136..=143)
}

/// `/dev/pts/7`, on macOS `/dev/ttys007`. Ports with a wire are called `tty.` or `cu.` and a name there.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn of_system(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Ok(path) = path.canonicalize() else { return false };
    let device = path.metadata().is_ok_and(|found| found.file_type().is_char_device());
    let name = path.to_str().unwrap_or_default();
    device
        && (name.strip_prefix("/dev/pts/").is_some_and(digits)
            || cfg!(target_vendor = "apple") && name.strip_prefix("/dev/ttys").is_some_and(digits))
}

#[cfg(not(unix))]
fn of_system(_: &Path) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::is_slave;

    /// As `makedev` of the C library lays it out.
    const fn device(major: u64, minor: u64) -> u64 {
        ((major & 0xFFFF_F000) << 32)
            | ((major & 0xFFF) << 8)
            | ((minor & 0xFFFF_FF00) << 12)
            | (minor & 0xFF)
    }

    #[test]
    fn the_majors_of_pseudo_terminals_are_known_to_both_ends() {
        for (major, expected) in [
            (136, true),
            (137, true),
            (142, true),
            (143, true),
            (135, false),
            (144, false),
            (4, false),
            (166, false),
        ] {
            for minor in [0, 1, 255, 256, 0xF_FFFF] {
                assert_eq!(is_slave(device(major, minor)), expected, "{major}:{minor}");
            }
        }
        // More bits of a major than 12 are not thrown away.
        assert!(!is_slave(device(136 + 0x1000, 0)));
    }
}
