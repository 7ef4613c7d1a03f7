//! Faults beyond a power cut: the log is lost, or a sector is bad.

use std::collections::BTreeMap;
use std::path::Path;

use caisse_journal::{Journal, SqliteJournal};

use crate::case::Case;
use crate::common::{id as parsed, started, time};
use crate::disk::{Disk, Image, SECTOR, Taken, Time, effects};
use crate::images::{self, Bounds, Random};
use crate::ledger::{Bench, Finding, is_named};
use crate::operation::Operation;
use crate::recording::{JOURNAL, under_strace};
use crate::scenario::{Content, read};
use crate::search::Promised;

/// The number of images for each treatment.
pub type Counts = BTreeMap<&'static str, usize>;

/// A damage.
#[derive(Clone, Copy, Debug)]
pub enum Damage {
    /// The files with this ending are gone.
    Lost(&'static str),
    /// Of each file, one sector after another is bad, one in so many.
    EachSector(usize),
    /// Any sectors are bad, so many of each image.
    AnySector(usize),
}

/// The circumstances of a damage.
#[derive(Clone, Copy, Debug)]
pub enum Besides {
    /// The system has had the time to write everything. The damage is there after each promise.
    Nothing,
    /// A power cut right after a promise. The disk has everything or only what was synced.
    PowerCut,
    /// A power cut at any moment.
    AnyPowerCut(Bounds),
}

/// Damages images of a case, and examines them.
pub fn search(case: &Case, damage: Damage, besides: Besides) -> Counts {
    let effects = effects(&case.recording);
    let mut disk = Disk::new(&case.recording, &effects);
    let (mut promised, mut random, bench) = (Promised::default(), Random::new(2), Bench::new());
    let mut counts = Counts::new();
    for (number, operation) in case.recording.operations.iter().enumerate() {
        disk.follow(number);
        promised.follow(operation);
        let all = |taken| (vec![taken; disk.pending.len()], Time::NewestSeen);
        let choices = match (operation, besides) {
            (Operation::IsDurable { .. }, Besides::Nothing) => vec![all(Taken::All)],
            (Operation::IsDurable { .. }, Besides::PowerCut) => vec![all(Taken::Nothing), all(Taken::All)],
            (Operation::Write { .. } | Operation::Name { .. }, Besides::AnyPowerCut(bounds)) => {
                images::with_newest(&disk, bounds, &mut random)
            }
            _ => continue,
        };
        for (taken, time) in choices {
            let image = disk.image(&taken, time);
            for (damaged, what) in damaged(&image, damage, &mut random) {
                let finding = bench.examine_damaged(&damaged, &case.states, promised);
                let treatment = treatment(&finding, promised);
                let treatment = treatment.unwrap_or_else(|| {
                    panic!("{what}, operation {number}, {promised:?}, {taken:?}, {time:?}: {finding:?}")
                });
                *counts.entry(treatment).or_default() += 1;
            }
        }
    }
    counts
}

/// Returns nothing if a promise is broken and the journal does not report an error.
fn treatment(finding: &Finding, promised: Promised) -> Option<&'static str> {
    match finding {
        Finding::Holds(numbers) => {
            numbers.range(promised.durable..=promised.begun).next().map(|_| "everything is there")
        }
        Finding::Refused(error) => is_named(error).then_some("refused"),
        Finding::RefusedInUse(_, error) => is_named(error).then_some("refused in use"),
        Finding::Fails(_) => None,
    }
}

fn damaged(image: &Image, damage: Damage, random: &mut Random) -> Vec<(Image, String)> {
    match damage {
        Damage::Lost(ending) => {
            let mut without = image.clone();
            without.files.retain(|(path, ..)| !path.ends_with(ending));
            if without.files.len() == image.files.len() {
                Vec::new()
            } else {
                vec![(without, format!("no {ending}"))]
            }
        }
        Damage::EachSector(step) => {
            let all = sectors(image).into_iter().step_by(step);
            all.flat_map(|(file, sector)| [false, true].map(|zeros| bad(image, file, sector, zeros, 7)))
                .collect()
        }
        Damage::AnySector(count) => {
            let all = sectors(image);
            let count = if all.is_empty() { 0 } else { count };
            let any = (0..count).map(|_| {
                let (file, sector) = all[random.below(all.len())];
                bad(image, file, sector, random.below(2) == 0, random.next())
            });
            any.collect()
        }
    }
}

/// The sectors of all files except those of shared memory.
fn sectors(image: &Image) -> Vec<(usize, usize)> {
    let files = image.files.iter().enumerate().filter(|(_, (path, ..))| !path.ends_with("-shm"));
    files
        .flat_map(|(file, (_, content, _))| {
            (0..content.len().div_ceil(SECTOR)).map(move |sector| (file, sector))
        })
        .collect()
}

fn bad(image: &Image, file: usize, sector: usize, zeros: bool, seed: u64) -> (Image, String) {
    let mut image = image.clone();
    let (path, content, _) = &mut image.files[file];
    let end = content.len().min((sector + 1) * SECTOR);
    let mut random = Random::new(seed);
    for byte in &mut content[sector * SECTOR..end] {
        *byte = if zeros { 0 } else { u8::try_from(random.below(256)).unwrap() };
    }
    let what = if zeros { "zeros" } else { "rubbish" };
    let text = format!("{what} in sector {sector} of {path}");
    (image, text)
}

/// The result of reading a journal while one read of its file fails, as the read of a bad sector does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All transactions.
    Whole,
    /// The error of the journal.
    Refused(String),
}

/// Reads the journal of an image in a process whose read of this number fails. Returns nothing if the process makes fewer.
pub fn unreadable(image: &Image, content: &Content, read: usize) -> Option<Reading> {
    let bench = Bench::new();
    bench.lay_out(image);
    let inject = format!("inject=pread64:error=EIO:when={read}");
    let journal = bench.folder().canonicalize().unwrap().join(JOURNAL);
    let options = ["-P", journal.to_str().unwrap(), "-e", "trace=pread64", "-e", &inject];
    let (output, trace) = under_strace("look", bench.folder(), &options);
    let failed = trace.windows(10).any(|text| text == b"(INJECTED)");
    let line =
        output.lines().find_map(|line| line.strip_prefix(PREFIX)).unwrap_or_else(|| panic!("{output}"));
    let reading =
        if line == format!("{content:?}") { Reading::Whole } else { Reading::Refused(line.to_owned()) };
    failed.then_some(reading)
}

/// The beginning of the line in which the child prints the journal.
const PREFIX: &str = "the journal: ";

/// Prints what is in the journal, or its error. Then tries to charge again what is in it.
pub fn look(path: &Path) {
    let mut journal = match SqliteJournal::open(path) {
        Ok(journal) => journal,
        Err(error) => return println!("\n{PREFIX}{error:?}"),
    };
    match read(&journal) {
        Ok(content) => println!("\n{PREFIX}{content:?}"),
        Err(error) => println!("\n{PREFIX}{error:?}"),
    }
    for id in ["a", "b", "c"] {
        assert!(
            journal.append(&parsed(id), &started(id, "elsewhere"), time(3)).is_err(),
            "{id} can be charged again"
        );
    }
}
