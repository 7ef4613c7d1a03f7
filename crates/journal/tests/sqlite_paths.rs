//! One journal is one file, and the file that the path leads to: second paths, and files that are moved, removed, replaced or
//! restored while a till has them open.

#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use caisse_journal::{Journal, JournalError, LockError, SqliteJournal};
use common::*;

fn is_replaced<T>(result: &Result<T, JournalError>) -> bool {
    matches!(result, Err(JournalError::Replaced { .. }))
}

fn is_second_path<T>(result: &Result<T, JournalError>) -> bool {
    matches!(result, Err(JournalError::SecondPath { .. }))
}

/// A file beside the journal.
fn beside(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// An open journal with a transaction that has a start and no end.
fn paying(folder: &tempfile::TempDir) -> SqliteJournal {
    let mut journal = filled(&path(folder));
    journal.append(&id("x"), &started("x", "front"), time(60)).unwrap();
    journal
}

#[test]
fn a_file_with_two_hard_links_opens_by_neither() {
    let folder = tempfile::tempdir().unwrap();
    let before = content(&filled(&path(&folder)));
    let second = beside(&folder, "second.db");
    fs::hard_link(path(&folder), &second).unwrap();
    for path in [path(&folder), second.clone()] {
        let opened = SqliteJournal::open(&path);
        assert!(is_second_path(&opened), "{opened:?}");
        assert!(opened.unwrap_err().to_string().contains("hard links"));
        // The content can be looked at, and nothing can be written.
        let mut read = SqliteJournal::open_for_reading(&path).unwrap();
        assert_eq!(content(&read), before);
        assert!(is_second_path(&read.append(&id("x"), &started("x", "front"), time(60))));
        assert!(is_second_path(&read.append(&id("doubt"), &approved(), time(60))));
    }
    fs::remove_file(&second).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(content(&journal), before);
    journal.append(&id("x"), &started("x", "front"), time(60)).unwrap();
}

/// Backups make links: a payment that runs has to be written, and the next one waits.
#[test]
fn a_link_made_during_a_payment_prevents_the_next_start_and_not_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = paying(&folder);
    let link = beside(&folder, "backup.db");
    fs::hard_link(path(&folder), &link).unwrap();
    journal.append(&id("x"), &approved(), time(61)).unwrap();
    let start = started("y", "front");
    assert!(is_second_path(&journal.append(&id("y"), &start, time(62))));
    assert!(journal.find(&"y".parse().unwrap()).unwrap().is_none());
    fs::remove_file(&link).unwrap();
    journal.append(&id("y"), &start, time(63)).unwrap();
    drop(journal);
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert!(journal.find(&"x".parse().unwrap()).unwrap().unwrap().conclusion().is_some());
}

/// What happens to the file while a till has it open.
type Mishap = fn(&tempfile::TempDir);

const MISHAPS: [(&str, Mishap); 8] = [
    ("moved", |folder| fs::rename(path(folder), beside(folder, "moved.db")).unwrap()),
    ("removed", |folder| fs::remove_file(path(folder)).unwrap()),
    ("replaced by an older copy", |folder| {
        fs::rename(beside(folder, "backup.db"), path(folder)).unwrap();
    }),
    ("replaced by a copy of itself", |folder| {
        fs::copy(path(folder), beside(folder, "copy.db")).unwrap();
        fs::rename(beside(folder, "copy.db"), path(folder)).unwrap();
    }),
    ("behind a symbolic link that leads elsewhere", |folder| {
        fs::rename(path(folder), beside(folder, "moved.db")).unwrap();
        symlink(beside(folder, "backup.db"), path(folder)).unwrap();
    }),
    ("without its log", |folder| fs::remove_file(beside(folder, "journal.db-wal")).unwrap()),
    ("with another log", |folder| {
        fs::rename(beside(folder, "journal.db-wal"), beside(folder, "wal")).unwrap();
        fs::write(beside(folder, "journal.db-wal"), []).unwrap();
    }),
    ("without the index of its log", |folder| fs::remove_file(beside(folder, "journal.db-shm")).unwrap()),
];

#[test]
fn nothing_starts_in_a_file_that_the_path_does_not_lead_to() {
    for (name, mishap) in MISHAPS {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteJournal::open(path(&folder)).unwrap());
        fs::copy(path(&folder), beside(&folder, "backup.db")).unwrap();
        let mut journal = filled(&path(&folder));
        mishap(&folder);
        let start = journal.append(&id("x"), &started("x", "front"), time(60));
        assert!(is_replaced(&start), "{name}: {start:?}");
        assert!(journal.find(&"x".parse().unwrap()).unwrap().is_none(), "{name}");
    }
}

#[test]
fn an_end_in_a_file_that_has_gone_is_not_acknowledged() {
    for (name, mishap) in MISHAPS {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteJournal::open(path(&folder)).unwrap());
        fs::copy(path(&folder), beside(&folder, "backup.db")).unwrap();
        let mut journal = paying(&folder);
        mishap(&folder);
        let end = journal.append(&id("x"), &approved(), time(61));
        assert!(is_replaced(&end), "{name}: {end:?}");
        drop(journal);
        // Whatever is at the path afterwards, it is not a journal in which the id is new.
        match SqliteJournal::open(path(&folder)) {
            Ok(journal) => assert!(journal.find(&"x".parse().unwrap()).unwrap().is_some(), "{name}"),
            Err(error) => assert!(!is_second_path::<()>(&Err(error.clone())), "{name}: {error:?}"),
        }
    }
}

#[test]
fn what_was_removed_with_all_its_files_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = paying(&folder);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    assert!(is_replaced(&journal.append(&id("x"), &approved(), time(61))));
    drop(journal);
    let opened = SqliteJournal::open(path(&folder));
    assert!(matches!(opened, Err(JournalError::Corrupt { .. })), "{opened:?}");
}

/// The command `cp` writes a backup over the file that is there: the file is the same, and its content another.
#[test]
fn a_copy_written_over_the_content_is_noticed_by_those_who_have_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("early"), &started("early", "t9"), time(1)).unwrap();
    drop(journal);
    let backup = fs::read(path(&folder)).unwrap();
    let mut journal = filled(&path(&folder));
    let mut other = SqliteJournal::open(path(&folder)).unwrap();
    other.append(&id("x"), &started("x", "front"), time(60)).unwrap();
    let before = content(&other);
    fs::write(path(&folder), &backup).unwrap();
    // The file of the newest events leads to the newest one.
    journal.append(&id("w"), &started("w", "t7"), time(61)).unwrap();
    let after = content(&SqliteJournal::open(path(&folder)).unwrap());
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|record| after.contains(record)));

    let recent = beside(&folder, "journal.db.locks/recent-events");
    fs::write(path(&folder), &backup).unwrap();
    fs::remove_file(&recent).unwrap();
    for journal in [&mut journal, &mut other] {
        let start = journal.append(&id("y"), &started("y", "t8"), time(61));
        assert!(matches!(start, Err(JournalError::Older { .. } | JournalError::Corrupt { .. })), "{start:?}");
        let end = journal.append(&id("x"), &approved(), time(62));
        assert!(matches!(end, Err(JournalError::Older { .. } | JournalError::Corrupt { .. })), "{end:?}");
    }
    // Even without the mark: who has seen an event knows of it.
    fs::remove_file(beside(&folder, "journal.db.locks/last-event")).unwrap();
    let start = other.append(&id("y"), &started("y", "t8"), time(63));
    assert!(matches!(start, Err(JournalError::Older { .. } | JournalError::Corrupt { .. })), "{start:?}");
}

/// Whoever reads a file with another program, or changes what is no content, harms nothing.
#[test]
fn what_does_not_change_the_content_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = paying(&folder);
    drop(SqliteJournal::open(path(&folder)).unwrap());
    fs::set_permissions(path(&folder), fs::Permissions::from_mode(0o600)).unwrap();
    // With the same bytes: the time of the last write changes, and the file is checked again.
    let before = fs::metadata(path(&folder)).unwrap().modified().unwrap();
    fs::File::options()
        .write(true)
        .open(path(&folder))
        .unwrap()
        .set_modified(before + std::time::Duration::from_secs(1))
        .unwrap();
    journal.append(&id("x"), &approved(), time(61)).unwrap();
    journal.append(&id("y"), &started("y", "front"), time(62)).unwrap();
}

#[test]
fn a_moved_folder_is_missed_and_found_again() {
    let outer = tempfile::tempdir().unwrap();
    let (here, there) = (outer.path().join("here"), outer.path().join("there"));
    fs::create_dir(&here).unwrap();
    let mut journal = SqliteJournal::open(here.join("journal.db")).unwrap();
    journal.append(&id("x"), &started("x", "front"), time(1)).unwrap();
    fs::rename(&here, &there).unwrap();
    assert!(is_replaced(&journal.append(&id("x"), &approved(), time(2))));
    fs::rename(&there, &here).unwrap();
    journal.append(&id("x"), &approved(), time(3)).unwrap();
}

/// Runs a task of [`child`] with something mounted, in mounts of its own. Nothing where that is not allowed.
fn with_mount(from: &Path, on: &Path, task: &str, journal: &Path) -> Option<String> {
    let script =
        "mount --make-rprivate / && mount --bind \"$1\" \"$2\" && shift 2 && echo mounted && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .args([from, on])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("CAISSE_TEST_TASK", task)
        .env("CAISSE_TEST_PATH", journal)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.contains("mounted") {
        eprintln!("skipped: nothing can be mounted here");
        return None;
    }
    Some(output)
}

/// As with `docker -v /srv/journal.db:/data/journal.db`.
#[test]
fn a_mounted_file_is_refused_and_a_mounted_folder_is_the_same_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let container = tempfile::tempdir().unwrap();
    fs::write(path(&container), []).unwrap();
    let Some(output) = with_mount(&path(&folder), &path(&container), "open", &path(&container)) else {
        return;
    };
    assert!(output.contains("SecondPath") && output.contains("mount the folder"), "{output}");
    // The same inode is no reason at its own path.
    let output = with_mount(folder.path(), container.path(), "open", &path(&container)).unwrap();
    assert!(output.contains("opened 6"), "{output}");
    let lock = journal.lock(&terminal("front")).unwrap();
    let output = with_mount(folder.path(), container.path(), "lock", &path(&container)).unwrap();
    assert!(output.contains("locked: Some(Busy)"), "{output}");
    drop(lock);
    let output = with_mount(folder.path(), container.path(), "lock", &path(&container)).unwrap();
    assert!(output.contains("locked: None"), "{output}");
}

#[test]
fn what_is_no_file_is_refused() {
    for path in ["/dev/null", "/dev/zero"] {
        let opened = SqliteJournal::open(path);
        assert!(matches!(opened, Err(JournalError::Unwritable { .. })), "{path}: {opened:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    if Command::new("mkfifo").arg(path(&folder)).status().is_ok_and(|status| status.success()) {
        let opened = SqliteJournal::open(path(&folder));
        assert!(matches!(opened, Err(JournalError::Unwritable { .. })), "{opened:?}");
    }
}

#[test]
fn child() {
    let Some((task, path)) = task() else { return };
    match (task.as_str(), SqliteJournal::open(path)) {
        ("open", Ok(journal)) => println!("\nopened {}", journal.list().unwrap().len()),
        ("lock", Ok(journal)) => {
            let lock: Option<LockError> = journal.lock(&terminal("front")).err();
            println!("\nlocked: {lock:?}");
        }
        (_, Err(error)) => println!("\n{error:?}"),
        (stranger, _) => panic!("{stranger}"),
    }
}
