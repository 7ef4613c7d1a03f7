//! Several processes on one journal, and processes that die.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use caisse_journal::{Event, Journal, JournalError, LockError, Patience, SqliteJournal, in_flight};
use common::*;

/// Waits for a line of the child that begins so, and gives what follows.
fn line(output: &mut impl BufRead, begins: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended before it said {begins:?}");
        if let Some((_, rest)) = line.trim_end().split_once(begins) {
            return rest.to_owned();
        }
    }
}

fn spawn(task: &str, folder: &tempfile::TempDir) -> (Child, BufReader<impl Read + use<>>) {
    let mut child = process(task, &path(folder)).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Keeps the task of a child from ending before the parent says so.
fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn a_lock_excludes_other_processes_until_its_holder_dies() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    for kill in [false, true] {
        let (mut holder, mut output) = spawn("hold", &folder);
        line(&mut output, "holding");
        assert_eq!(journal.lock(&terminal("t")).unwrap_err(), LockError::Busy);
        assert!(journal.lock(&terminal("u")).is_ok());
        let record = journal.find(&"held".parse().unwrap()).unwrap().unwrap();
        assert_eq!(in_flight(&journal, &record), Ok(true));
        if kill {
            holder.kill().unwrap();
        } else {
            drop(holder.stdin.take());
        }
        holder.wait().unwrap();
        let lock = journal.lock(&terminal("t")).expect("free once its holder is gone");
        assert_eq!(in_flight(&journal, &record), Ok(true), "we hold it now");
        // And the other way round.
        let (mut other, mut output) = spawn("try", &folder);
        assert_eq!(line(&mut output, "got "), "Busy");
        other.wait().unwrap();
        if kill {
            let id = "held".parse().unwrap();
            journal.resolve(&lock, &id, &not_paid(), time(9)).unwrap();
        }
    }
}

#[test]
fn of_processes_with_one_id_or_one_terminal_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    // They also create the file at the same time.
    let mut racers: Vec<_> = (0..6).map(|_| spawn("race", &folder)).collect();
    for (_, output) in &mut racers {
        line(output, "ready");
    }
    for (racer, _) in &mut racers {
        drop(racer.stdin.take());
    }
    let (mut same_id, mut same_terminal, mut own) = (0, 0, 0);
    for (racer, output) in &mut racers {
        let won = line(output, "won ");
        same_id += usize::from(won.contains("id"));
        same_terminal += usize::from(won.contains("terminal"));
        own += usize::from(won.contains("own"));
        assert!(racer.wait().unwrap().success());
    }
    assert_eq!((same_id, same_terminal, own), (1, 1, 6));
    assert_eq!(SqliteJournal::open(path(&folder)).unwrap().list().unwrap().len(), 8);
}

/// `kill -9` at any moment: what was acknowledged is there, at most the entry under way besides, and the file is whole.
#[test]
fn acknowledged_entries_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..12u64 {
        let (mut writer, mut output) = spawn("write", &folder);
        let begins: u64 = line(&mut output, "begins ").parse().unwrap();
        assert!(begins >= acknowledged, "{begins} entries found, {acknowledged} acknowledged");
        assert!(begins <= acknowledged + 1);
        thread::sleep(Duration::from_millis(15 + 13 * round));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let mut said = String::new();
        output.read_to_string(&mut said).unwrap();
        let last = said.lines().filter_map(|line| line.strip_prefix("wrote ")?.strip_suffix('.')).next_back();
        acknowledged = last.map_or(begins, |last| last.parse().unwrap());

        let journal = SqliteJournal::open(path(&folder)).unwrap();
        let found = entries(&journal);
        assert!(found == acknowledged || found == acknowledged + 1, "{found} of {acknowledged}");
        assert!(journal.lock(&terminal("t")).is_ok(), "the dead hold no lock");
    }
    assert!(acknowledged > 8, "too few to mean something: {acknowledged}");
}

/// A writer that holds the file makes others wait, and fails them with a clear word rather than for ever.
#[test]
fn a_file_that_stays_busy_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let blocker = rusqlite::Connection::open(path(&folder)).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal.set_patience(Patience::new(Duration::from_secs(4)));
    let begun = Instant::now();
    assert_eq!(journal.append(&id("a"), &started("a", "t"), time(1)), Err(JournalError::Locked));
    assert!((3..20).contains(&begun.elapsed().as_secs()));
    // A wait can be ended, and another till in the process waits for itself.
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    let mut other = journal.clone();
    other.set_patience(Patience::default().unless(move || flag.load(Ordering::Relaxed)));
    let waiting = thread::spawn(move || other.append(&id("b"), &started("b", "u"), time(1)));
    thread::sleep(Duration::from_millis(300));
    cancelled.store(true, Ordering::Relaxed);
    assert_eq!(waiting.join().unwrap(), Err(JournalError::Locked));
    assert!(begun.elapsed() < Duration::from_secs(20));
    journal.set_patience(Patience::default());
    // Reading goes on.
    assert!(journal.list().unwrap().is_empty());
    let waiting = thread::spawn(move || {
        journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
        journal.list().unwrap().len()
    });
    thread::sleep(Duration::from_millis(300));
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(waiting.join().unwrap(), 1);
}

/// Only a write waits for a writer: whoever opens the journal may have to tell of a terminal that is gone meanwhile.
#[test]
fn a_writer_prevents_nobody_from_opening() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        let blocker = rusqlite::Connection::open(path(&folder)).unwrap();
        blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
        drop(SqliteJournal::open(path(&folder)).unwrap());
        blocker.execute_batch("ROLLBACK").unwrap();
        // Once without a mark, once with one.
        if journal.list().unwrap().is_empty() {
            journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
        }
    }
}

/// SQLite does not wait by itself where the mode of the file has to change.
#[test]
fn opening_waits_for_a_busy_file_and_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteJournal::open(path(&folder)).unwrap());
    let blocker = rusqlite::Connection::open(path(&folder)).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let leave_wal = || {
        // Without a look at the file a connection believes that its mode is still the one that it set last.
        blocker.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).unwrap();
        let mode = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let mode = blocker.pragma_update_and_check(None, "journal_mode", "DELETE", mode).unwrap();
        assert_eq!(mode, "delete");
    };
    let open = || {
        let (path, tell) = (path(&folder), tell.clone());
        thread::spawn(move || tell.send(SqliteJournal::open(path).map(|journal| journal.list().unwrap())))
    };
    leave_wal();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    open();
    thread::sleep(Duration::from_millis(300));
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(told.recv_timeout(Duration::from_secs(30)).unwrap(), Ok(vec![]));

    leave_wal();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    open();
    assert_eq!(told.recv_timeout(Duration::from_secs(30)).unwrap(), Err(JournalError::Locked));
    assert!(begun.elapsed() > Duration::from_secs(3));
}

#[test]
fn threads_that_open_a_new_journal_together_share_it() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for number in 0..8 {
                let path = path(&folder);
                scope.spawn(move || {
                    let mut journal = SqliteJournal::open(path).unwrap();
                    let start = debit(&format!("a{number}"), &format!("t{number}"));
                    journal.append(&start.id, &Event::Started(start), time(1)).unwrap();
                });
            }
        });
        assert_eq!(SqliteJournal::open(path(&folder)).unwrap().list().unwrap().len(), 8);
    }
}

/// Processes that write as fast as they can get their share: SQLite's own lock goes to whoever tries at the right moment.
#[test]
fn processes_write_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let mut writers: Vec<_> = (0..4).map(|_| spawn("take turns", &folder)).collect();
    for (_, output) in &mut writers {
        line(output, "ready");
    }
    for (writer, _) in &mut writers {
        drop(writer.stdin.take());
    }
    // This process wants its share too.
    for number in 0..60 {
        let own = format!("own-{number}");
        journal.append(&id(&own), &started(&own, "own"), time(1)).unwrap();
        journal.append(&id(&own), &approved(), time(2)).unwrap();
    }
    for (writer, _) in &mut writers {
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    let records = journal.list().unwrap();
    for (writer, _) in &writers {
        let terminal = terminal(&format!("t-{}", writer.id()));
        let count = records.iter().filter(|record| record.transaction().terminal == terminal).count();
        // In strict turns each has 60 as well.
        assert!((15..=240).contains(&count), "{count} of {}", records.len());
    }
}

fn entries(journal: &SqliteJournal) -> u64 {
    let counts = journal.list().unwrap();
    counts.iter().map(|record| 1 + u64::from(record.conclusion().is_some())).sum()
}

#[test]
fn child() {
    let Some((task, path)) = task() else { return };
    let mut journal = SqliteJournal::open(path).unwrap();
    match task.as_str() {
        "hold" => {
            let _lock = journal.lock(&terminal("t")).unwrap();
            if journal.list().unwrap().is_empty() {
                journal.append(&id("held"), &started("held", "t"), time(1)).unwrap();
            }
            println!("\nholding");
            wait_for_parent();
        }
        "try" => println!("\ngot {:?}", journal.lock(&terminal("t")).unwrap_err()),
        "race" => {
            println!("\nready");
            wait_for_parent();
            let own = std::process::id();
            let mut try_to = |what: &str, key: &str, on: &str| {
                let result = journal.append(&id(key), &started(key, on), time(1));
                assert!(matches!(result, Ok(()) | Err(JournalError::Conflict)), "{result:?}");
                if result.is_ok() { what.to_owned() } else { String::new() }
            };
            let won = [
                try_to("id", "same", &format!("t-{own}")),
                try_to("terminal", &format!("a-{own}"), "same"),
                try_to("own", &format!("b-{own}"), &format!("u-{own}")),
            ];
            println!("\nwon {}", won.join(" "));
        }
        "take turns" => {
            let on = format!("t-{}", std::process::id());
            println!("\nready");
            wait_for_parent();
            for number in 0.. {
                let own = format!("{on}-{number}");
                journal.append(&id(&own), &started(&own, &on), time(1)).unwrap();
                journal.append(&id(&own), &approved(), time(2)).unwrap();
            }
        }
        "write" => {
            let _lock = journal.lock(&terminal("t")).unwrap();
            let mut number = entries(&journal);
            println!("\nbegins {number}");
            loop {
                let key = format!("tx-{}", number / 2);
                let event = if number.is_multiple_of(2) { started(&key, "t") } else { approved() };
                journal.append(&id(&key), &event, time(number)).unwrap();
                number += 1;
                println!("wrote {number}.");
                std::io::stdout().flush().unwrap();
            }
        }
        stranger => panic!("{stranger}"),
    }
}
