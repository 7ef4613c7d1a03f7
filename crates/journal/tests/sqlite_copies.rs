//! Backups: what an interrupted one leaves, and who may read them.

#![cfg(unix)]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use caisse_journal::{Journal, JournalError, SqliteJournal, TerminalKey, in_flight};
use common::*;

fn copy(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("copy")
}

fn part(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("copy.part")
}

#[test]
fn what_an_interrupted_backup_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    // The log would be played back into the new copy.
    fs::write(part(&folder), "half a copy").unwrap();
    fs::write(folder.path().join("copy.part-journal"), "half a log").unwrap();
    let made = journal.backup(copy(&folder)).unwrap();
    assert!(made.has_replaced_part);
    assert_eq!(content(&SqliteJournal::open_for_reading(copy(&folder)).unwrap()), content(&journal));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("part")), "{left:?}");
    let second = journal.backup(folder.path().join("second")).unwrap();
    assert!(!second.has_replaced_part);
}

#[test]
fn what_no_backup_left_stays() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let precious = folder.path().join("precious");
    let refused = |words: &str| match journal.backup(copy(&folder)).unwrap_err() {
        JournalError::Unwritable { what } => {
            assert!(what.contains(words) && what.contains("copy.part"), "{what}")
        }
        error => panic!("{error:?}"),
    };
    for target in [&precious, &folder.path().join("nothing")] {
        fs::write(&precious, "precious").unwrap();
        symlink(target, part(&folder)).unwrap();
        refused("is no file that a backup left");
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        assert!(part(&folder).is_symlink());
        fs::remove_file(part(&folder)).unwrap();
    }
    fs::create_dir(part(&folder)).unwrap();
    refused("is no file that a backup left");
    fs::remove_dir(part(&folder)).unwrap();
    // What another program is writing is not taken away from it.
    let other = File::create(part(&folder)).unwrap();
    other.lock().unwrap();
    refused("another program is writing it");
    assert!(part(&folder).exists() && !copy(&folder).exists());
    drop(other);
    assert!(journal.backup(copy(&folder)).unwrap().has_replaced_part);
}

/// Killed at any moment, a backup never lets the next one fail.
#[test]
fn a_backup_that_is_killed_lets_the_next_one_work() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let mut replaced = 0;
    for millis in 0..12 {
        let mut child = process("back up again and again", &path(&folder)).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20 + 7 * millis));
        child.kill().unwrap();
        child.wait().unwrap();
        let _ = fs::remove_file(copy(&folder));
        replaced += usize::from(journal.backup(copy(&folder)).unwrap().has_replaced_part);
        assert_eq!(content(&SqliteJournal::open_for_reading(copy(&folder)).unwrap()), content(&journal));
        fs::remove_file(copy(&folder)).unwrap();
    }
    println!("{replaced} were replaced");
}

/// Runs this test program's `child` without the rights of the administrator.
fn without_rights(task: &str, file: &std::path::Path) -> Command {
    let child = process(task, file);
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root {
        return child;
    }
    let mut command = Command::new("setpriv");
    let rights = "-dac_override,-dac_read_search,-fowner";
    command.args([format!("--bounding-set={rights}"), format!("--inh-caps={rights}")]);
    command.arg(child.get_program()).args(child.get_args());
    command.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Of another account, which may read them and not write them.
#[test]
fn a_backup_is_read_with_the_right_to_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let place = folder.path().join("backups");
    fs::create_dir(&place).unwrap();
    let backup = place.join("copy");
    journal.backup(&backup).unwrap();
    let bytes = fs::read(&backup).unwrap();
    fs::set_permissions(&backup, Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&place, Permissions::from_mode(0o555)).unwrap();
    let ran = without_rights("read a backup", &backup).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::read(&backup).unwrap(), bytes);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    // A journal that may not be written is refused, as before: its newest payments may be in its log.
    fs::set_permissions(path(&folder), Permissions::from_mode(0o444)).unwrap();
    let ran = without_rights("read a journal", &path(&folder)).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn child() {
    let Some((task, path)) = task() else { return };
    match task.as_str() {
        "back up again and again" => {
            let journal = SqliteJournal::open(&path).unwrap();
            let copy = path.with_file_name("copy");
            loop {
                journal.backup(&copy).unwrap();
                fs::remove_file(&copy).unwrap();
            }
        }
        "read a backup" => {
            assert!(fs::OpenOptions::new().write(true).open(&path).is_err(), "the test has too many rights");
            let mut backup = SqliteJournal::open_for_reading(&path).unwrap();
            let all = content(&backup);
            assert_eq!(all.len(), 6);
            backup.verify(&mut |_| {}).unwrap();
            for (record, _) in &all {
                assert!(!in_flight(&backup, record).unwrap());
            }
            let lock = backup.lock_terminal(&TerminalKey::from(all[0].0.transaction())).unwrap();
            let paid = backup.resolve(&lock, &"doubt".parse().unwrap(), &not_paid(), time(1));
            assert!(paid.is_err(), "nothing is written");
            assert!(backup.append(&id("new"), &started("new", "t9"), time(1)).is_err());
            assert_eq!(SqliteJournal::open(&path).unwrap_err(), JournalError::Backup);
            let elsewhere = tempfile::tempdir().unwrap();
            let word = caisse_journal::OperatorOverride::new("Zoé", "disque perdu").unwrap();
            SqliteJournal::restore(&path, elsewhere.path().join("restored"), &word, time(2)).unwrap();
            let restored = SqliteJournal::open(elsewhere.path().join("restored")).unwrap();
            assert_eq!(content(&restored), all);
            assert!(SqliteJournal::salvage(&path, elsewhere.path().join("salvaged"), time(3)).is_ok());
            backup.backup(elsewhere.path().join("again")).unwrap();
        }
        "read a journal" => {
            let error = SqliteJournal::open_for_reading(&path).unwrap_err();
            assert!(
                matches!(&error, JournalError::Unwritable { what } if what.contains("ermission")),
                "{error:?}"
            );
        }
        task => panic!("{task}"),
    }
}
