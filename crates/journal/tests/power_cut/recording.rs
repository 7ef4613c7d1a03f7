//! The recording: processes that make payments in an empty folder under `strace`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use caisse_journal::SqliteJournal;
use rusqlite::{Connection, Row};

use crate::common::process;
use crate::damage;
use crate::scenario::{Action, Scenario, Session, take, take_together};

/// The name of the journal in its folder.
pub const JOURNAL: &str = "journal.db";

/// How a process announces that a write begins, and that the write is durable. The text is followed by the number of the action.
pub const BEGINS: &str = "\nwrite begins ";
pub const IS_DURABLE: &str = "\nwrite is durable ";

/// Runs a session of a scenario in the folder. Returns the output of `strace`.
pub fn run(scenario: &Scenario, session: usize, folder: &Path) -> Vec<u8> {
    // Without the calls that change no file, and would make the output many times as large.
    let calls = "trace=!pread64,futex,mprotect,brk,rt_sigprocmask,rt_sigaction,madvise";
    let options = ["-y", "-xx", "-v", "-s", "1000000", "-e", calls];
    under_strace(&format!("conduct {} {session}", scenario.name), folder, &options).1
}

/// Runs a task of the child under `strace`, with the journal in this folder. Returns the output of the child and of `strace`.
pub fn under_strace(task: &str, folder: &Path, options: &[&str]) -> (String, Vec<u8>) {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let program = process(task, &folder.join(JOURNAL));
    let mut strace = Command::new("strace");
    strace.arg("-f").args(options).arg("-o").arg(trace.path());
    strace.arg(program.get_program()).args(program.get_args());
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = strace.stdin(Stdio::null()).output();
    let ended = ended.expect("this test needs the program strace: install the package strace");
    let (output, errors) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{task}: {output}{errors}");
    (output.into_owned(), fs::read(trace.path()).unwrap())
}

fn named(name: &str) -> Scenario {
    Scenario::all().into_iter().find(|scenario| scenario.name == name).unwrap()
}

/// The test program as a child: a conductor of the other processes, or one of these.
pub fn child(task: &str, path: &Path) {
    let words: Vec<&str> = task.split(' ').collect();
    match words.as_slice() {
        ["conduct", scenario, session] => {
            let scenario = named(scenario);
            let session: usize = session.parse().unwrap();
            let first = scenario.sessions[..session].iter().map(|session| session.actions.len()).sum();
            conduct(&scenario, &scenario.sessions[session], first, path);
        }
        ["pay", scenario] => pay(&named(scenario), path),
        ["look"] => damage::look(path),
        ["snapshot", _] => {
            let reader = Connection::open(path).unwrap();
            let count = |row: &Row<'_>| row.get::<_, i64>(0);
            reader.execute_batch("BEGIN").unwrap();
            reader.query_row("SELECT count(*) FROM events", [], count).unwrap();
            println!("\nopen");
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        _ => panic!("{task}"),
    }
}

struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Waits for a line. Returns whether the process prints it before it ends.
    fn prints(&mut self, expected: &str) -> bool {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if line.trim_end() == expected.trim() {
                return true;
            }
            line.clear();
        }
        false
    }

    fn start(&mut self, action: usize) {
        writeln!(self.input.as_mut().unwrap(), "{action}").unwrap();
    }

    fn end(mut self) -> bool {
        drop(self.input.take());
        self.output.read_to_end(&mut Vec::new()).unwrap();
        self.child.wait().unwrap().success()
    }
}

/// Lets the processes act one after another.
fn conduct(scenario: &Scenario, session: &Session, first: usize, path: &Path) {
    let mut processes: Vec<Option<Process>> = Vec::new();
    for (number, action) in session.actions.iter().enumerate() {
        let action_number = first + number;
        let (Action::Open(who)
        | Action::Snapshot(who)
        | Action::Do(who, _)
        | Action::Together(who, _)
        | Action::Close(who)
        | Action::Kill(who)
        | Action::Dies(who, _)) = *action;
        processes.resize_with(processes.len().max(who + 1), || None);
        let place = &mut processes[who];
        match action {
            Action::Open(_) | Action::Snapshot(_) => {
                let task = if matches!(action, Action::Open(_)) { "pay" } else { "snapshot" };
                let mut child = process(&format!("{task} {}", scenario.name), path).spawn().unwrap();
                let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
                let mut process = Process { child, input, output };
                assert!(process.prints("open"));
                *place = Some(process);
            }
            // The process makes both writes when it is told to make the second one.
            Action::Together(..) => {}
            Action::Do(..) | Action::Dies(..) => {
                let process = place.as_mut().unwrap();
                process.start(action_number);
                assert!(process.prints(&format!("{IS_DURABLE}{action_number}")), "{action:?}");
                if matches!(action, Action::Dies(..)) {
                    kill(place);
                }
            }
            Action::Close(_) => assert!(place.take().unwrap().end()),
            Action::Kill(_) => kill(place),
        }
    }
    assert!(processes.iter().all(Option::is_none), "a process goes on");
}

fn kill(place: &mut Option<Process>) {
    let mut process = place.take().unwrap();
    process.child.kill().unwrap();
    assert!(!process.end());
}

/// Opens the journal and makes the writes whose numbers come on standard input.
fn pay(scenario: &Scenario, path: &Path) {
    let mut journal = SqliteJournal::open(path).unwrap();
    journal.set_checkpoint_delay(Duration::MAX);
    let actions: Vec<Action> = scenario.actions().collect();
    println!("\nopen");
    for line in std::io::stdin().lines() {
        let number: usize = line.unwrap().parse().unwrap();
        let (Action::Do(_, step) | Action::Dies(_, step)) = actions[number] else {
            panic!("action {number} is no write");
        };
        if let Action::Together(_, first) = actions[number - 1] {
            let both = [number - 1, number];
            both.iter().for_each(|number| announce(BEGINS, *number));
            take_together(&journal, first, step, number - 1);
            both.iter().for_each(|number| announce(IS_DURABLE, *number));
            continue;
        }
        announce(BEGINS, number);
        take(&mut journal, step, number).unwrap();
        announce(IS_DURABLE, number);
    }
}

/// One call of `write` for each text: the order of the calls is the order of the promises.
fn announce(text: &str, number: usize) {
    let text = format!("{text}{number}\n");
    let mut output = std::io::stdout().lock();
    output.flush().unwrap();
    output.write_all(text.as_bytes()).unwrap();
    output.flush().unwrap();
}
