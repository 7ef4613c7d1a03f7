//! What lies at the path: new, missing, foreign, newer, read-only, lost.

mod common;

use std::fs;
use std::path::Path;

use caisse_journal::{Journal, JournalError, LockError, SqliteJournal};
use common::*;

fn error(path: impl AsRef<Path>) -> JournalError {
    SqliteJournal::open(path).expect_err("this must not open")
}

fn is_unwritable(error: &JournalError) -> bool {
    matches!(error, JournalError::Unwritable { .. })
}

#[test]
fn everything_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    assert_eq!(before.len(), 6);
    assert_eq!(content(&SqliteJournal::open(path(&folder)).unwrap()), before);
    // While another handle is open, too.
    let open = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(content(&SqliteJournal::open(path(&folder)).unwrap()), content(&open));
}

#[test]
fn an_open_journal_sees_what_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let reader = SqliteJournal::open(path(&folder)).unwrap();
    let mut writer = SqliteJournal::open(path(&folder)).unwrap();
    writer.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    assert_eq!(reader.list().unwrap().len(), 1);
}

#[test]
fn a_missing_folder_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("shop");
    let error = error(missing.join("journal.db"));
    assert!(is_unwritable(&error), "{error:?}");
    assert!(error.to_string().contains("its folder does not exist"), "{error}");
    assert!(!missing.exists());
}

#[test]
fn a_folder_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let error = error(folder.path());
    assert!(is_unwritable(&error) && error.to_string().contains("is a folder"), "{error:?}");
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(path(&folder), []).unwrap();
    assert!(SqliteJournal::open(path(&folder)).unwrap().list().unwrap().is_empty());
}

/// SQLite gives some names a meaning of their own, and none of these journals would be durable.
#[test]
fn a_path_is_a_path() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x?mode=memory", ":memory:", "a b'\"?&%20.db"] {
        let path = folder.path().join(name);
        if fs::write(&path, []).is_err() {
            continue; // Not a name of a file on this system.
        }
        SqliteJournal::open(&path).unwrap().append(&id("a"), &started("a", "t"), time(1)).unwrap();
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
        assert_eq!(SqliteJournal::open(&path).unwrap().list().unwrap().len(), 1, "{name}");
    }
}

/// A test may not change its working directory, so a child does.
#[test]
fn relative_paths_are_files_too() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["journal.db", "file:y?mode=memory"] {
        if cfg!(windows) && name.contains(':') {
            continue;
        }
        let output = process("append", Path::new(name)).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(fs::metadata(folder.path().join(name)).unwrap().len() > 0);
    }
}

#[test]
fn garbage_is_foreign_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let some: [&[u8]; 8] = [
        b"x",
        &[0; 511],
        &[0; 512],
        &[0; 4096],
        &[0xff; 10_000],
        b"SQLite format 3\0",
        b"SQLite format 3\0 but not really",
        &b"SQLite format 3\0".repeat(100),
    ];
    for garbage in some {
        fs::write(path(&folder), garbage).unwrap();
        let error = error(path(&folder));
        assert!(
            matches!(error, JournalError::Foreign | JournalError::Corrupt { .. }),
            "{error:?} for {} bytes",
            garbage.len()
        );
        assert_eq!(fs::read(path(&folder)).unwrap(), garbage);
    }
}

#[test]
fn a_journal_that_is_gone_is_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(&path(&folder)));
    let bytes = fs::read(path(&folder)).unwrap();
    for lost in ["missing", "empty"] {
        fs::remove_file(path(&folder)).unwrap();
        if lost == "empty" {
            fs::write(path(&folder), []).unwrap();
        }
        let error = error(path(&folder));
        assert!(matches!(&error, JournalError::Corrupt { what } if what.contains(".locks")), "{error:?}");
        fs::write(path(&folder), &bytes).unwrap();
    }
    SqliteJournal::open(path(&folder)).unwrap();
    fs::remove_file(path(&folder)).unwrap();
    fs::remove_dir_all(folder.path().join("journal.db.locks")).unwrap();
    assert!(SqliteJournal::open(path(&folder)).unwrap().list().unwrap().is_empty());
}

#[test]
fn a_log_without_its_journal_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("journal.db-wal");
    fs::write(&log, b"something").unwrap();
    assert!(matches!(error(path(&folder)), JournalError::Corrupt { .. }));
    assert_eq!(fs::read(&log).unwrap(), b"something");
    assert!(!path(&folder).exists());
}

/// The administrator may write everywhere: such tests run as nobody, in a process of their own. Empty if that process
/// cannot start.
#[cfg(unix)]
fn outcome_as_mortal(task: &str, path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let mut command = process(task, path);
    if fs::metadata(path).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).into_owned()
}

#[cfg(unix)]
#[test]
fn what_is_read_only_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (file_mode, folder_mode) in [(0o444, 0o777), (0o666, 0o555), (0o000, 0o777), (0o444, 0o555)] {
        let folder = tempfile::tempdir().unwrap();
        drop(filled(&path(&folder)));
        let before = fs::read(path(&folder)).unwrap();
        allow(folder.path(), 0o777);
        allow(&path(&folder), 0o666);
        if outcome_as_mortal("none", &path(&folder)).is_empty() {
            eprintln!("skipped: nobody may not run this test program where it lies");
            return;
        }
        allow(&path(&folder), file_mode);
        allow(folder.path(), folder_mode);
        let said = outcome_as_mortal("open", &path(&folder));
        assert!(said.contains("Unwritable"), "{said}");
        allow(folder.path(), 0o777);
        allow(&path(&folder), 0o666);
        assert_eq!(fs::read(path(&folder)).unwrap(), before);
        let said = outcome_as_mortal("open", &path(&folder));
        assert!(said.contains("Ok(\"opened\")"), "{said}");
    }
}

/// Earlier versions kept a file for each terminal in a folder beside the journal.
#[test]
fn a_folder_of_lock_files_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let locks = folder.path().join("journal.db.locks");
    fs::create_dir(&locks).unwrap();
    fs::write(locks.join("terminal-t.lock"), []).unwrap();
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    drop(journal.lock(&terminal("t")).unwrap());
    assert_eq!(fs::read_dir(&locks).unwrap().count(), 1);
    fs::remove_dir_all(&locks).unwrap();
    fs::write(&locks, b"in the way").unwrap();
    drop(journal.lock(&terminal("t")).unwrap());
}

/// Two ways to one file must lead to the same locks.
#[cfg(unix)]
#[test]
fn links_lead_to_the_same_locks() {
    let folder = tempfile::tempdir().unwrap();
    let (real, linked) = (folder.path().join("real"), folder.path().join("linked"));
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &linked).unwrap();
    std::os::unix::fs::symlink(real.join("journal.db"), folder.path().join("alias.db")).unwrap();
    let ways = [real.join("journal.db"), linked.join("journal.db"), folder.path().join("alias.db")]
        .map(|path| SqliteJournal::open(path).unwrap());
    let lock = ways[0].lock(&terminal("t")).unwrap();
    for way in &ways {
        assert_eq!(way.lock(&terminal("t")).unwrap_err(), LockError::Busy);
    }
    drop(lock);
    for (number, mut way) in ways.into_iter().enumerate() {
        way.append(
            &id(&format!("a{number}")),
            &started(&format!("a{number}"), &format!("t{number}")),
            time(1),
        )
        .unwrap();
    }
    fs::remove_file(real.join("journal.db")).unwrap();
    // A link whose file is gone must not make a new one, away from the traces of the old one.
    assert!(is_unwritable(&error(folder.path().join("alias.db"))));
    for way in [&real, &linked] {
        assert!(matches!(error(way.join("journal.db")), JournalError::Corrupt { .. }));
    }
    assert!(!real.join("journal.db").exists());
}

#[test]
fn locks_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    for id in ["..", ".", "a:b", "COM1", "..-..-etc"] {
        drop(journal.lock(&terminal(id)).unwrap());
    }
    let names = || {
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    assert_eq!(names(), ["journal.db", "journal.db-shm", "journal.db-wal", "journal.db.locks"]);
    drop(journal);
    assert_eq!(names(), ["journal.db", "journal.db.locks"]);
}

#[test]
fn child() {
    let Some((task, path)) = task() else { return };
    match task.as_str() {
        "open" => println!("{:?}", SqliteJournal::open(path).map(|_| "opened")),
        "none" => {}
        "append" => SqliteJournal::open(path).unwrap().append(&id("a"), &started("a", "t"), time(1)).unwrap(),
        stranger => panic!("{stranger}"),
    }
}
