//! The search: the images that a power cut can leave at each moment of a recording.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use crate::disk::{Disk, Image, effects};
use crate::images::{self, Bounds, Random};
use crate::ledger::{Bench, Finding};
use crate::operation::{Operation, Recording};
use crate::scenario::Content;

/// The result of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The moments at which images were looked at.
    pub moments: usize,
    /// The images that differ in more than the time of a file.
    pub images: usize,
    /// The violations, by their kind.
    pub violations: BTreeMap<String, Violation>,
}

/// A kind of violation: how often it was found, and where first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub count: usize,
    pub first: String,
}

/// The promises up to a moment, as numbers of actions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Promised {
    /// The first action that is not promised to be durable.
    pub durable: usize,
    /// The first action that had not begun.
    pub begun: usize,
}

impl Promised {
    pub fn follow(&mut self, operation: &Operation) {
        match operation {
            Operation::WriteBegins { action } => self.begun = action + 1,
            Operation::IsDurable { action } => self.durable = action + 1,
            _ => {}
        }
        self.begun = self.begun.max(self.durable);
    }
}

/// A search in recordings of one scenario. Each image is examined once.
#[derive(Debug)]
pub struct Search<'s> {
    pub bench: Bench,
    states: &'s [Content],
    known: HashMap<u64, Finding>,
}

impl<'s> Search<'s> {
    pub fn new(states: &'s [Content]) -> Self {
        Self { bench: Bench::new(), states, known: HashMap::new() }
    }

    /// Cuts the power at each moment of a recording. Ends with the first violation if that is `enough`.
    pub fn run(
        &mut self,
        recording: &Recording,
        first: usize,
        bounds: Bounds,
        first_is_enough: bool,
    ) -> Summary {
        let effects = effects(recording);
        let mut disk = Disk::new(recording, &effects);
        let (mut summary, mut promised, mut random) =
            (Summary::default(), Promised::default(), Random::new(1));
        let mut contents = HashSet::new();
        for (number, operation) in recording.operations.iter().enumerate() {
            disk.follow(number);
            promised.follow(operation);
            if number < first {
                continue;
            }
            let choices = match operation {
                Operation::Write { .. } | Operation::SetLength { .. } | Operation::Name { .. } => {
                    images::with_newest(&disk, bounds, &mut random)
                }
                // From now on an image that was possible before may break a promise.
                Operation::IsDurable { .. } => images::all(&disk, bounds, &mut random),
                _ => continue,
            };
            summary.moments += 1;
            for (taken, time) in choices {
                let image = disk.image(&taken, time);
                contents.insert(image.hash(false));
                let finding = self.examine(&image);
                if let Some(what) = violation(&finding, promised) {
                    let first = || {
                        let operation = shown(operation, recording);
                        format!(
                            "operation {number} ({operation}), {promised:?}, {taken:?}, {time:?}:{}",
                            listed(&image)
                        )
                    };
                    let known = summary.violations.entry(what);
                    known.or_insert_with(|| Violation { count: 0, first: first() }).count += 1;
                    if first_is_enough {
                        return summary;
                    }
                }
            }
        }
        summary.images = contents.len();
        summary
    }

    fn examine(&mut self, image: &Image) -> Finding {
        let (bench, states) = (&self.bench, self.states);
        self.known.entry(image.hash(true)).or_insert_with(|| bench.examine(image, states)).clone()
    }
}

/// Returns the violation of a journal after a power cut. A refusal is one, too: nothing is damaged.
fn violation(finding: &Finding, promised: Promised) -> Option<String> {
    match finding {
        Finding::Holds(numbers) if numbers.range(promised.durable..=promised.begun).next().is_some() => None,
        Finding::Holds(numbers) if numbers.iter().all(|number| *number < promised.durable) => {
            Some("a promised event is missing".to_owned())
        }
        Finding::Holds(_) => Some("an event is there that was not written yet".to_owned()),
        Finding::Refused(error) => Some(format!("the journal is refused: {error:?}")),
        Finding::RefusedInUse(what, error) => Some(format!("{what} is refused: {error:?}")),
        Finding::Fails(what) => Some(what.clone()),
    }
}

fn shown(operation: &Operation, recording: &Recording) -> String {
    match operation {
        Operation::Write { file, offset, bytes } => {
            format!("write of {} bytes at {offset} of {}", bytes.len(), recording.name_of(*file))
        }
        other => format!("{other:?}"),
    }
}

fn listed(image: &Image) -> String {
    image.files.iter().fold(String::new(), |mut text, (path, content, time)| {
        write!(text, " {path} ({} bytes, time {time:?})", content.len()).unwrap();
        text
    })
}
