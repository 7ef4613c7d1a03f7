//! A scenario with its recording, and with the contents that the journal may have.

use crate::disk::{Disk, Image, Taken, Time, effects};
use crate::ledger::Bench;
use crate::operation::{Kind, Operation, Recording};
use crate::recording::run;
use crate::scenario::{Base, Content, Moment, Scenario, read};
use crate::system::System;
use caisse_journal::SqliteJournal;

#[derive(Debug)]
pub struct Case {
    pub recording: Recording,
    /// The content of the journal before the first action, and after each action.
    pub states: Vec<Content>,
    /// The first operation after the last process that died during a write.
    pub first: usize,
    /// Whether its write took effect nevertheless.
    pub took_effect: bool,
}

impl Case {
    /// Records a scenario. Returns nothing where a process was to die before a sync that it does not make.
    pub fn record(scenario: &Scenario) -> Option<Self> {
        let bench = Bench::new();
        match scenario.base {
            Base::Nothing => {}
            Base::Payments(count) => Scenario::prepare(&bench.journal(), count),
            Base::PowerCut => bench.lay_out(&power_cut()),
        }
        let base = image_of(&Recording::of_folder(bench.folder()));
        let (mut system, mut lost, mut action) = (System::of_folder(bench.folder()), Vec::new(), 0);
        let (mut first, mut took_effect) = (0, true);
        for (number, session) in scenario.sessions.iter().enumerate() {
            let trace = run(scenario, number, bench.folder());
            system.follow(&trace).unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
            check_folder(&system.recording, &bench);
            action += session.actions.len();
            if let Some(moment) = session.dies {
                first = place(&system.recording, action - 1, moment)?;
                system.truncate(first);
                let image = image_of(&system.recording);
                let states = |lost: &[usize]| {
                    bench.lay_out(&base);
                    scenario.states(&bench.journal(), lost)
                };
                // With the last action, and without it.
                let with = states(&lost);
                bench.lay_out(&image);
                let content = read(&SqliteJournal::open(bench.journal()).unwrap()).unwrap();
                took_effect = content == with[action];
                if !took_effect {
                    lost.push(action - 1);
                    assert_eq!(content, with[action - 1], "{}", scenario.name);
                }
                bench.lay_out(&image);
            }
        }
        bench.lay_out(&base);
        let states = scenario.states(&bench.journal(), &lost);
        Some(Self { recording: system.recording, states, first, took_effect })
    }
}

/// The operation before which the process dies that makes the write of this action.
fn place(recording: &Recording, action: usize, moment: Moment) -> Option<usize> {
    let operations = recording.operations.iter().enumerate();
    let during = operations.skip_while(|(_, operation)| **operation != Operation::WriteBegins { action });
    let during = during.take_while(|(_, operation)| **operation != Operation::IsDurable { action });
    let is_sync = |operation: &Operation| matches!(operation, Operation::SyncBegins { .. });
    let is_change =
        |operation: &Operation| matches!(operation, Operation::Write { .. } | Operation::Name { .. });
    let (syncs, changes): (Vec<_>, Vec<_>) = during
        .filter(|(_, operation)| is_sync(operation) || is_change(operation))
        .partition(|(_, operation)| is_sync(operation));
    let place = match moment {
        Moment::Half => changes.get(changes.len() / 2),
        Moment::BeforeSync(number) => syncs.get(number),
    };
    place.map(|(place, _)| *place)
}

/// The files as all processes see them after the last operation.
pub fn image_of(recording: &Recording) -> Image {
    let effects = effects(recording);
    let mut disk = Disk::new(recording, &effects);
    (0..recording.operations.len()).for_each(|number| disk.follow(number));
    disk.image(&vec![Taken::All; disk.pending.len()], Time::NewestSeen)
}

/// Checks that the recording ends with the files that are in the folder: it misses no change.
fn check_folder(recording: &Recording, bench: &Bench) {
    let files = |recording: &Recording| {
        let mut image = image_of(recording);
        for (path, content, time) in &mut image.files {
            *time = None;
            if crate::operation::kind_of(path) == Kind::SharedMemory {
                content.clear();
            }
        }
        image
    };
    let (recorded, found) = (files(recording), files(&Recording::of_folder(bench.folder())));
    assert!(recorded == found, "the recording does not end with the files that are in the folder");
}

/// Returns the files after a power cut that came while an event was copied from the log into the database.
fn power_cut() -> Image {
    let case = Case::record(&Scenario::one_process()).unwrap();
    let effects = effects(&case.recording);
    let mut disk = Disk::new(&case.recording, &effects);
    let operations = &case.recording.operations;
    let last_promise =
        operations.iter().rposition(|operation| matches!(operation, Operation::IsDurable { .. }));
    let is_write =
        |operation: &Operation| matches!(operation, Operation::Write { bytes, .. } if bytes.len() > 512);
    let last_write = operations[..last_promise.unwrap()].iter().rposition(is_write).unwrap();
    (0..=last_write).for_each(|number| disk.follow(number));
    let every_second =
        (0..disk.pending.len()).map(|number| if number % 2 == 0 { Taken::FirstHalf } else { Taken::Nothing });
    disk.image(&every_second.collect::<Vec<_>>(), Time::NewestSeen)
}
