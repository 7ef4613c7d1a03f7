//! The scenarios: the actions of the recorded processes in order, and the content of the journal after each.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use caisse_journal::{
    Care, Change, Decision, Event, Journal, JournalError, MemoryJournal, OperatorOverride, Paid, Record,
    RecordedEvent, SqliteJournal, Store, WallTime,
};
use caisse_payment::{Amount, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Transaction};
use caisse_settlement::settle::{self, Appended};

use crate::common::{approved, conclusion, debit, ended, id as parsed, not_paid, started, terminal, time};

/// All records of a journal with their events.
pub type Content = Vec<(Record, Vec<RecordedEvent>)>;

/// One write to the journal.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Start(&'static str, &'static str),
    /// A credit that names a transaction as its original.
    Credit(&'static str, &'static str, &'static str),
    Approved(&'static str),
    Declined(&'static str),
    /// The end of a transaction whose outcome is unknown.
    Silence(&'static str),
    NeverSent(&'static str, &'static str),
    NotPaid(&'static str, &'static str),
    Paid(&'static str, &'static str),
    Dispute(&'static str),
    Order(&'static str),
    Forget,
    /// Writes the log into the database file, as a journal does by itself once nothing was written for a while. The recorded
    /// processes do it at these places alone, so that each recording is the same.
    Checkpoint,
    /// Reads everything, which is a promise: what was read must not be lost.
    Read,
}

/// An action of one of the processes, which are numbered from 0.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Starts the process, which opens the journal.
    Open(usize),
    /// Starts a process that reads the file with SQLite, and keeps its snapshot until it is closed.
    Snapshot(usize),
    Do(usize, Step),
    /// Writes at the same time as the next action, by another thread of the process: both become durable with one sync.
    Together(usize, Step),
    /// Lets the process close the journal and end.
    Close(usize),
    /// Kills the process between two of its writes.
    Kill(usize),
    /// Kills the process during this write. The recording ends at the moment that the session names.
    Dies(usize, Step),
}

/// The moment of a write at which its process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When half of its changes to files are made.
    Half,
    /// Before the sync of this number begins, counted from 0.
    BeforeSync(usize),
}

/// Processes that run under one `strace`.
#[derive(Clone, Debug)]
pub struct Session {
    pub actions: Vec<Action>,
    /// When the process of the last action dies during it.
    pub dies: Option<Moment>,
}

/// The files in the folder before the recording begins, closed and durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Nothing,
    /// A journal with this many old payments.
    Payments(usize),
    /// The files that a power cut has left of another journal.
    PowerCut,
}

/// A recording to be made.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub base: Base,
    pub sessions: Vec<Session>,
}

use Action::*;
use Step::*;

impl Scenario {
    /// A journal is created, and one process makes payments.
    pub fn one_process() -> Self {
        Self::of(
            "one_process",
            Base::Nothing,
            &[
                Open(0),
                Do(0, Start("a", "t1")),
                Do(0, Approved("a")),
                Do(0, Checkpoint),
                Do(0, Start("b", "t2")),
                Do(0, Declined("b")),
                Do(0, Start("c", "t1")),
                Close(0),
            ],
        )
    }

    /// Each payment has a process of its own, as with the command line.
    pub fn process_per_payment() -> Self {
        Self::of(
            "process_per_payment",
            Base::Payments(0),
            &[
                Open(0),
                Do(0, Start("a", "t1")),
                Do(0, Approved("a")),
                Close(0),
                Open(1),
                Do(1, Start("b", "t1")),
                Do(1, Approved("b")),
                Close(1),
            ],
        )
    }

    /// Two processes have the journal open. The one that did not make the log writes first, and what the process before them
    /// has removed may be there again.
    pub fn two_processes() -> Self {
        Self::of(
            "two_processes",
            Base::Payments(0),
            &[
                Open(0),
                Do(0, Start("a", "t1")),
                Close(0),
                Open(1),
                Open(2),
                Do(2, Start("b", "t2")),
                Do(1, Approved("a")),
                Do(1, Checkpoint),
                Do(2, Approved("b")),
                Close(2),
                Do(1, Start("c", "t1")),
                Close(1),
            ],
        )
    }

    /// Another program reads the file for a while, so that what is written meanwhile stays in the log.
    pub fn long_read() -> Self {
        Self::of(
            "long_read",
            Base::Payments(1),
            &[
                Open(0),
                Snapshot(1),
                Do(0, Start("a", "t1")),
                Do(0, Approved("a")),
                Do(0, Checkpoint),
                Close(1),
                Do(0, Start("b", "t2")),
                Close(0),
            ],
        )
    }

    /// Processes are killed between a start and its end, and after an end.
    pub fn killed_between_writes() -> Self {
        Self::of(
            "killed_between_writes",
            Base::Payments(0),
            &[
                Open(0),
                Do(0, Start("a", "t1")),
                Kill(0),
                Open(1),
                Do(1, Start("b", "t2")),
                Do(1, Checkpoint),
                Do(1, Approved("b")),
                Kill(1),
                Open(2),
                Do(2, NotPaid("a", "t1")),
                Do(2, Start("c", "t1")),
                Close(2),
            ],
        )
    }

    /// A process is killed within a write. The next process reports what it finds.
    pub fn killed_within_a_write(moment: Moment) -> Self {
        let session = |actions: &[Action], dies| Session { actions: actions.to_vec(), dies };
        let sessions = vec![
            session(&[Open(0), Do(0, Start("a", "t1")), Dies(0, Approved("a"))], Some(moment)),
            session(&[Open(1), Do(1, Read), Do(1, Start("b", "t2")), Close(1)], None),
        ];
        Self { name: "killed_within_a_write", base: Base::Payments(0), sessions }
    }

    /// Unknown ends, decisions, disputes and orders.
    pub fn unknown_ends() -> Self {
        Self::of(
            "unknown_ends",
            Base::Payments(0),
            &[
                Open(0),
                Do(0, NeverSent("a", "t1")),
                Do(0, Start("a", "t1")),
                Do(0, Silence("a")),
                Do(0, Paid("a", "t1")),
                Do(0, Checkpoint),
                Do(0, Dispute("a")),
                Do(0, Credit("b", "t2", "a")),
                Do(0, Order("b")),
                Close(0),
            ],
        )
    }

    /// Two tills of one process write at the same time.
    pub fn two_tills() -> Self {
        Self::of(
            "two_tills",
            Base::Payments(0),
            &[
                Open(0),
                Together(0, Start("a", "t1")),
                Do(0, Start("b", "t2")),
                Do(0, Approved("b")),
                Do(0, Checkpoint),
                Together(0, Start("c", "t3")),
                Do(0, Approved("a")),
                Close(0),
            ],
        )
    }

    /// Old payments are forgotten while another one is open.
    pub fn forgetting() -> Self {
        Self::of(
            "forgetting",
            Base::Payments(SqliteJournal::ALWAYS_KEPT + 4),
            &[Open(0), Do(0, Start("a", "t1")), Do(0, Forget), Do(0, Checkpoint), Close(0)],
        )
    }

    /// The power fails again while the journal is used for the first time after a power cut.
    pub fn second_cut() -> Self {
        Self::of(
            "second_cut",
            Base::PowerCut,
            &[Open(0), Do(0, Read), Do(0, Start("d", "t4")), Do(0, Checkpoint), Close(0)],
        )
    }

    /// All scenarios, for the child that is given a name.
    pub fn all() -> [Self; 10] {
        [
            Self::one_process(),
            Self::process_per_payment(),
            Self::two_processes(),
            Self::long_read(),
            Self::killed_between_writes(),
            Self::killed_within_a_write(Moment::Half),
            Self::unknown_ends(),
            Self::two_tills(),
            Self::forgetting(),
            Self::second_cut(),
        ]
    }

    fn of(name: &'static str, base: Base, actions: &[Action]) -> Self {
        let sessions = vec![Session { actions: actions.to_vec(), dies: None }];
        Self { name, base, sessions }
    }

    /// The actions of all sessions, in the order in which they happen.
    pub fn actions(&self) -> impl Iterator<Item = Action> {
        self.sessions.iter().flat_map(|session| session.actions.iter().copied())
    }

    /// Makes a journal with old payments.
    pub fn prepare(path: &Path, payments: usize) {
        let mut journal = SqliteJournal::open(path).unwrap();
        for number in 0..payments {
            let id = format!("old-{number}");
            journal.append(&parsed(&id), &started(&id, "t0"), time(0)).unwrap();
            journal.append(&parsed(&id), &approved(), time(0)).unwrap();
        }
    }

    /// The content of the journal before the first action and after each action, when nothing fails. The path is one of a copy
    /// of the files before the recording. `lost` are the actions that had no effect, because the process died.
    pub fn states(&self, path: &Path, lost: &[usize]) -> Vec<Content> {
        let mut journal = SqliteJournal::open(path).unwrap();
        let mut states = vec![read(&journal).unwrap()];
        for (number, step) in self.steps() {
            if let Some(step) = step.filter(|_| !lost.contains(&number)) {
                take(&mut journal, step, number).unwrap();
            }
            states.push(read(&journal).unwrap());
        }
        if matches!(self.base, Base::Nothing | Base::Payments(0)) {
            self.compare_with_memory(&states, lost);
        }
        states
    }

    /// The actions with their numbers, and what they write.
    fn steps(&self) -> impl Iterator<Item = (usize, Option<Step>)> {
        self.actions().enumerate().map(|(number, action)| match action {
            Do(_, step) | Together(_, step) | Dies(_, step) => (number, Some(step)),
            Open(_) | Snapshot(_) | Close(_) | Kill(_) => (number, None),
        })
    }

    /// Compares with the store in memory, which has no files and cannot have the same fault.
    fn compare_with_memory(&self, states: &[Content], lost: &[usize]) {
        let mut journal = MemoryJournal::new();
        for (number, step) in self.steps() {
            if let Some(step) = step.filter(|_| !lost.contains(&number)) {
                write(&mut journal, step, number).unwrap();
            }
            assert_eq!(read(&journal).unwrap(), states[number + 1], "{}, action {number}", self.name);
        }
    }
}

/// The time of an action: more than a month after the old payments.
fn time_of(action: usize) -> WallTime {
    WallTime::from_millis(time(action as u64).millis() + 40 * 24 * 3600 * 1000)
}

/// Makes one write to a journal, as the action of this number.
pub fn take(journal: &mut SqliteJournal, step: Step, action: usize) -> Result<(), JournalError> {
    match step {
        Forget => {
            let forgotten = journal.forget(SqliteJournal::KEPT_AT_LEAST, time_of(action))?;
            assert!(forgotten.transactions > 2 && forgotten.transactions < 100, "{forgotten:?}");
            Ok(())
        }
        Checkpoint => journal.checkpoint(),
        Read => {
            assert!(!read(journal)?.is_empty());
            Ok(())
        }
        step => write(journal, step, action),
    }
}

/// Makes the writes of two actions at the same time: the second till waits for the first one, whose batch then takes both.
pub fn take_together(journal: &SqliteJournal, first: Step, second: Step, action: usize) {
    let Start(id, on) = first else { panic!("{first:?} is no start") };
    let (at, event) = (time_of(action), started(id, on));
    let (mut one, mut other) = (journal.clone(), journal.clone());
    let (waits, is_waiting) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            is_waiting.recv().unwrap();
            take(&mut other, second, action + 1).unwrap();
        });
        let written = one.update(Care::Strict, &mut |_| {
            waits.send(()).unwrap();
            // Until the other till waits for its turn.
            thread::sleep(Duration::from_millis(500));
            let Appended { record, .. } = settle::append(&event, at, None, true).unwrap();
            Ok(Change { record, events: vec![RecordedEvent { at, event: event.clone() }] })
        });
        written.unwrap();
    });
}

fn write(journal: &mut dyn Journal, step: Step, action: usize) -> Result<(), JournalError> {
    let at = time_of(action);
    let (id, event) = match step {
        Start(id, on) => (id, started(id, on)),
        Credit(id, on, original) => {
            let original = Some(parsed(original));
            (id, Event::Started(Transaction { operation: Operation::Credit, original, ..debit(id, on) }))
        }
        Approved(id) => (id, approved()),
        Declined(id) => (id, ended(Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered)),
        Silence(id) => (id, ended(Outcome::Unknown { doubt: Doubt::Silence }, Proof::Delivered)),
        NeverSent(id, on) => {
            let outcome = Outcome::NotSent { reason: NotSent::Unreachable };
            (id, Event::NeverSent(debit(id, on), conclusion(outcome, Proof::NothingSent)))
        }
        NotPaid(id, on) => return decide(journal, id, on, &not_paid(), at),
        Paid(id, on) => {
            let paid = Paid::Paid(Amount::from_minor(2500, Currency::EUR));
            return decide(journal, id, on, &Decision::new(paid, "Camille", "ticket").unwrap(), at);
        }
        Dispute(id) => {
            (id, Event::Disputed(caisse_journal::Dispute::new(Paid::NotPaid, "late result").unwrap()))
        }
        Order(id) => (id, Event::Overridden(OperatorOverride::new("Camille", "other till").unwrap())),
        Read | Checkpoint => return Ok(()),
        Forget => unreachable!("not in every journal"),
    };
    journal.append(&parsed(id), &event, at)
}

fn decide(
    journal: &mut dyn Journal,
    id: &str,
    on: &str,
    decision: &Decision,
    at: WallTime,
) -> Result<(), JournalError> {
    let lock = journal.lock(&terminal(on)).unwrap();
    journal.resolve(&lock, &id.parse().unwrap(), decision, at)
}

/// Reads all records with their events.
pub fn read(journal: &dyn Journal) -> Result<Content, JournalError> {
    journal
        .list()?
        .into_iter()
        .map(|record| {
            let events = journal.events(&record.transaction().id)?;
            Ok((record, events))
        })
        .collect()
}
