//! What lies at the path: new, missing, foreign, newer, read-only, lost.

mod common;

use std::fs;
use std::path::Path;

use caisse_journal::{Journal, JournalError, LockError, SqliteJournal};
use common::*;
use rusqlite::Connection;

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
    writer.append(&started("a", "t"), time(1)).unwrap();
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
        SqliteJournal::open(&path).unwrap().append(&started("a", "t"), time(1)).unwrap();
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
fn a_foreign_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (number, change) in [
        "CREATE TABLE sales (id)",
        "CREATE TABLE transactions (id); CREATE TABLE events (id)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 1",
        "PRAGMA application_id = 1; PRAGMA user_version = 1",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.db"));
        let database = Connection::open(&path).unwrap();
        database.execute_batch(change).unwrap();
        drop(database);
        let before = fs::read(&path).unwrap();
        assert_eq!(error(&path), JournalError::Foreign, "{change}");
        assert_eq!(fs::read(&path).unwrap(), before, "{change}");
    }
}

#[test]
fn another_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let set = |version: i64| {
        let database = Connection::open(path(&folder)).unwrap();
        database.pragma_update(None, "user_version", version).unwrap();
    };
    set(5);
    let bytes = fs::read(path(&folder)).unwrap();
    let newer = error(path(&folder));
    assert_eq!(newer, JournalError::Newer { found: 5, known: 4 });
    assert!(newer.to_string().contains("update the program"));
    assert_eq!(fs::read(path(&folder)).unwrap(), bytes);
    for version in [0, -1] {
        set(version);
        assert!(matches!(error(path(&folder)), JournalError::Corrupt { .. }));
    }
    set(4);
    assert_eq!(content(&SqliteJournal::open(path(&folder)).unwrap()), before);
}

#[test]
fn a_journal_that_is_gone_is_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    drop(journal.lock(&terminal("t1")).unwrap());
    drop(journal);
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

#[test]
fn where_no_lock_can_be_taken_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    fs::write(folder.path().join("journal.db.locks"), b"in the way").unwrap();
    let error = journal.lock(&terminal("t")).unwrap_err();
    assert!(matches!(error, LockError::Io { .. }), "{error:?}");
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
    fs::remove_file(real.join("journal.db")).unwrap();
    // A link whose file is gone must not make a new one, away from the traces of the old one.
    assert!(is_unwritable(&error(folder.path().join("alias.db"))));
    for way in [&real, &linked] {
        assert!(matches!(error(way.join("journal.db")), JournalError::Corrupt { .. }));
    }
    assert!(!real.join("journal.db").exists());
}

#[test]
fn lock_files_stay_inside_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    for id in ["..", ".", "a:b", "COM1", "..-..-etc"] {
        drop(journal.lock(&terminal(id)).unwrap());
    }
    drop(journal);
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["journal.db", "journal.db.locks"]);
    assert_eq!(fs::read_dir(folder.path().join("journal.db.locks")).unwrap().count(), 5);
}

#[test]
fn child() {
    let Some((task, path)) = task() else { return };
    match task.as_str() {
        "open" => println!("{:?}", SqliteJournal::open(path).map(|_| "opened")),
        "none" => {}
        "append" => SqliteJournal::open(path).unwrap().append(&started("a", "t"), time(1)).unwrap(),
        stranger => panic!("{stranger}"),
    }
}
