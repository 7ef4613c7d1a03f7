//! Locks of terminals: between processes, between tills of one process, between accounts, and beside the locks of SQLite.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout};

use caisse_journal::{Journal, JournalError, LockError, SqliteJournal};
use common::*;

/// A child, its output, and what it said in the line that begins with `says`.
struct Asked {
    child: Child,
    output: BufReader<ChildStdout>,
    said: String,
}

fn ask(task: &str, folder: &tempfile::TempDir) -> Asked {
    let mut child = process(task, &path(folder)).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let said = answer(&mut output);
    Asked { child, output, said }
}

fn answer(output: &mut impl BufRead) -> String {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child said nothing");
        if let Some((_, said)) = line.trim_end().split_once("says ") {
            return said.to_owned();
        }
    }
}

fn other_process(task: &str, folder: &tempfile::TempDir) -> String {
    let mut asked = ask(task, folder);
    asked.output.read_to_end(&mut Vec::new()).unwrap();
    asked.child.wait().unwrap();
    asked.said
}

#[test]
fn tills_of_one_process_and_of_another_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = [0, 1].map(|_| SqliteJournal::open(path(&folder)).unwrap());
    let lock = one.lock(&terminal("t")).unwrap();
    assert_eq!(two.lock(&terminal("t")).unwrap_err(), LockError::Busy);
    assert_eq!(other_process("lock", &folder), "Some(Busy)");
    drop(two.lock(&terminal("u")).unwrap());
    // Neither an attempt nor the end of a journal unlocks the terminal.
    drop((one, two));
    drop(SqliteJournal::open(path(&folder)).unwrap());
    assert_eq!(other_process("lock", &folder), "Some(Busy)");
    drop(lock);
    assert_eq!(other_process("lock", &folder), "None");
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    let mut holder = ask("hold", &folder).child;
    assert_eq!(journal.lock(&terminal("t")).unwrap_err(), LockError::Busy);
    drop(journal.lock(&terminal("u")).unwrap());
    drop(holder.stdin.take());
    holder.wait().unwrap();
    drop(journal.lock(&terminal("t")).unwrap());
}

/// On Unix, closing any descriptor of a file drops the locks that the process has of that file: SQLite in another process
/// would then take the write-ahead log away from this one.
#[test]
fn other_processes_see_the_locks_of_sqlite_after_ours_came_and_went() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = filled(&path(&folder));
    assert_eq!(other_process("leave-wal", &folder), "locked");
    for _ in 0..3 {
        drop(journal.lock(&terminal("t")).unwrap());
        let second = SqliteJournal::open(path(&folder)).unwrap();
        let lock = second.lock(&terminal("t")).unwrap();
        drop(second);
        drop(lock);
        drop(SqliteJournal::open_for_reading(path(&folder)).unwrap());
        assert_eq!(other_process("leave-wal", &folder), "locked");
    }
    journal.append(&id("x"), &started("x", "front"), time(60)).unwrap();
    assert_eq!(other_process("leave-wal", &folder), "locked");
    // A write of this process is seen by the other as well.
    let blocker = rusqlite::Connection::open(path(&folder)).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    drop(journal.lock(&terminal("t")).unwrap());
    drop(SqliteJournal::open_for_reading(path(&folder)).unwrap());
    assert_eq!(other_process("write", &folder), "locked");
    drop(blocker);
    drop(journal);
    // The neighbour: once nobody has it open, it may be changed.
    assert_eq!(other_process("leave-wal", &folder), "delete");
}

/// A child that lives on after its parent must not hold the terminal of the parent.
#[cfg(unix)]
#[test]
fn children_do_not_inherit_a_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut holder = ask("hold-with-child", &folder).child;
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(journal.lock(&terminal("t")).unwrap_err(), LockError::Busy);
    holder.kill().unwrap();
    holder.wait().unwrap();
    drop(journal.lock(&terminal("t")).unwrap());
}

/// Support looks at the terminal as the administrator, and the till has an account of its own.
#[cfg(unix)]
#[test]
fn each_account_that_may_write_the_journal_may_lock_its_terminals() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const TILL: u32 = 65_534;

    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    if std::fs::metadata(folder.path()).unwrap().uid() != 0
        || chown(folder.path(), Some(TILL), Some(TILL)).is_err()
    {
        eprintln!("skipped: only the administrator can be two accounts");
        return;
    }
    let as_till = |task: &str| {
        let output = process(task, &path(&folder)).uid(TILL).gid(TILL).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    };
    if as_till("nothing").is_empty() {
        eprintln!("skipped: nobody may not run this test program where it lies");
        return;
    }
    // The administrator comes first, and makes the file.
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    drop(journal.lock(&terminal("t")).unwrap());
    journal.append(&id("root"), &started("root", "t0"), time(1)).unwrap();
    assert!(as_till("pay").contains("says paid"), "{}", as_till("pay"));
    let lock = journal.lock(&terminal("t")).unwrap();
    assert!(as_till("lock").contains("says Some(Busy)"));
    drop(lock);
    assert!(as_till("lock").contains("says None"));
    journal.append(&id("root"), &approved(), time(3)).unwrap();
    drop(journal);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().uid(), TILL, "{:?}", entry.file_name());
    }
}

fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}

/// The mode of the file after trying to change it, or that others have it open.
fn leave_wal(path: &std::path::Path) -> String {
    let database = rusqlite::Connection::open(path).unwrap();
    database.busy_timeout(std::time::Duration::ZERO).unwrap();
    let mode = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    match database.pragma_update_and_check(None, "journal_mode", "DELETE", mode) {
        Ok(mode) => mode,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            "locked".to_owned()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn child() {
    let Some((task, path)) = task() else { return };
    match task.as_str() {
        "nothing" => {}
        "leave-wal" => println!("\nsays {}", leave_wal(&path)),
        "write" => {
            let database = rusqlite::Connection::open(&path).unwrap();
            database.busy_timeout(std::time::Duration::ZERO).unwrap();
            let locked = database.execute_batch("BEGIN IMMEDIATE").is_err();
            println!("\nsays {}", if locked { "locked" } else { "free" });
        }
        "lock" => {
            let journal = SqliteJournal::open(path).unwrap();
            println!("\nsays {:?}", journal.lock(&terminal("t")).err());
        }
        "hold" => {
            let journal = SqliteJournal::open(path).unwrap();
            let _lock = journal.lock(&terminal("t")).unwrap();
            println!("\nsays held");
            wait_for_parent();
        }
        "hold-with-child" => {
            let journal = SqliteJournal::open(path).unwrap();
            let _lock = journal.lock(&terminal("t")).unwrap();
            // Lives for a while after its parent was killed.
            let mut grandchild = std::process::Command::new("sleep").arg("20").spawn().unwrap();
            println!("\nsays held");
            wait_for_parent();
            let _ = grandchild.wait();
        }
        "pay" => {
            let mut journal = SqliteJournal::open(path).unwrap();
            let _lock = journal.lock(&terminal("t")).unwrap();
            let paid = journal
                .append(&id("till"), &started("till", "t"), time(2))
                .and_then(|()| journal.append(&id("till"), &approved(), time(3)));
            assert!(matches!(paid, Ok(()) | Err(JournalError::Conflict)), "{paid:?}");
            println!("\nsays paid");
        }
        stranger => panic!("{stranger}"),
    }
}
