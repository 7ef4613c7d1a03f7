//! The model of the disk: the durable content, the pending changes, and the files after a power cut.

use std::collections::{BTreeMap, HashMap};

use crate::operation::{Contents, Kind, NameChange, Names, Node, Operation, ROOT, Recording};

/// The size of a sector in bytes: a disk writes a sector as a whole.
pub const SECTOR: usize = 512;

/// The content of a file of shared memory after a power cut: rubbish.
static SHARED_MEMORY: [u8; 32 * 1024] = [0xa5; 32 * 1024];

/// The change that an operation makes on the disk.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The sectors that a write touches, as they are in the memory of the system after the write.
    Write {
        file: Node,
        first_sector: usize,
        bytes: Vec<u8>,
        end: usize,
    },
    SetLength {
        file: Node,
        length: usize,
    },
    Name {
        folder: Node,
        change: NameChange,
    },
}

impl Effect {
    pub const fn node(&self) -> Node {
        match self {
            Self::Write { file, .. } | Self::SetLength { file, .. } => *file,
            Self::Name { folder, .. } => *folder,
        }
    }

    pub fn sectors(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len().div_ceil(SECTOR),
            Self::SetLength { .. } | Self::Name { .. } => 0,
        }
    }
}

/// Returns the effect of each operation that has one.
pub fn effects(recording: &Recording) -> Vec<Option<Effect>> {
    let mut cache = recording.contents.clone();
    let effect = |operation: &Operation| match operation {
        Operation::Write { file, offset, bytes } => {
            let content = cache.entry(*file).or_default();
            let end = offset + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(bytes);
            let first_sector = offset / SECTOR;
            let last = content.len().min(end.next_multiple_of(SECTOR));
            let bytes = content[first_sector * SECTOR..last].to_vec();
            Some(Effect::Write { file: *file, first_sector, bytes, end })
        }
        Operation::SetLength { file, length } => {
            cache.entry(*file).or_default().resize(*length, 0);
            Some(Effect::SetLength { file: *file, length: *length })
        }
        Operation::Name { folder, change } => Some(Effect::Name { folder: *folder, change: change.clone() }),
        _ => None,
    };
    recording.operations.iter().map(effect).collect()
}

/// How much of an effect has reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Nothing,
    All,
    /// The first half of the sectors of a write.
    FirstHalf,
    LastHalf,
    /// The new length of the file with zeros, and no data.
    Length,
    /// The sectors whose bit is set; from the 64th sector on the bits repeat.
    Sectors(u64),
}

impl Taken {
    const fn takes(self, sector: usize, count: usize) -> bool {
        match self {
            Self::Nothing | Self::Length => false,
            Self::All => true,
            Self::FirstHalf => sector < count.div_ceil(2),
            Self::LastHalf => sector >= count.div_ceil(2),
            Self::Sectors(bits) => bits >> (sector % 64) & 1 == 1,
        }
    }
}

/// The time of the last change that a file has after the power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The newest one that a process saw before the power cut.
    NewestSeen,
    /// One of those that a process saw since the last sync of the file, by this number.
    Seen(usize),
    /// One that no process saw.
    Other,
}

/// A disk during a recording.
#[derive(Clone, Debug)]
pub struct Disk<'r> {
    recording: &'r Recording,
    effects: &'r [Option<Effect>],
    contents: Contents,
    names: Names,
    /// The operations whose effects may have reached the disk, in order.
    pub pending: Vec<usize>,
    times: BTreeMap<Node, Vec<u128>>,
    /// The operation at which each sync began.
    syncs: HashMap<usize, usize>,
}

impl<'r> Disk<'r> {
    pub fn new(recording: &'r Recording, effects: &'r [Option<Effect>]) -> Self {
        let (contents, names) = (recording.contents.clone(), recording.names.clone());
        let (pending, times, syncs) = (Vec::new(), BTreeMap::new(), HashMap::new());
        Self { recording, effects, contents, names, pending, times, syncs }
    }

    pub fn effect(&self, operation: usize) -> &'r Effect {
        self.effects[operation].as_ref().unwrap()
    }

    /// Follows the operation of this number.
    pub fn follow(&mut self, number: usize) {
        match &self.recording.operations[number] {
            Operation::SyncBegins { sync, .. } => drop(self.syncs.insert(*sync, number)),
            Operation::SyncEnds { node, sync } => {
                // The begin is missing where a fault was planted.
                if let Some(begin) = self.syncs.remove(sync) {
                    self.make_durable(*node, begin);
                }
            }
            Operation::Modified { file, time } => {
                let times = self.times.entry(*file).or_default();
                if times.last() != Some(time) {
                    times.push(*time);
                }
            }
            Operation::Write { .. } | Operation::SetLength { .. } | Operation::Name { .. } => {
                self.pending.push(number);
            }
            Operation::WriteBegins { .. } | Operation::IsDurable { .. } => {}
        }
    }

    fn make_durable(&mut self, node: Node, begin: usize) {
        let (durable, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|operation| *operation < begin && self.effect(*operation).node() == node);
        self.pending = pending;
        for operation in durable {
            apply(self.effect(operation), Taken::All, &mut self.contents, &mut self.names);
        }
        // A time that was seen before a sync may still be the one on the disk: `fdatasync` leaves it.
        if let Some(times) = self.times.get_mut(&node) {
            times.drain(..times.len().saturating_sub(2));
        }
    }

    /// Returns the files after a power cut, if this much of each pending effect has reached the disk.
    pub fn image(&self, taken: &[Taken], time: Time) -> Image {
        assert_eq!(taken.len(), self.pending.len());
        let (mut contents, mut names) = (self.contents.clone(), self.names.clone());
        for (operation, taken) in self.pending.iter().zip(taken) {
            apply(self.effect(*operation), *taken, &mut contents, &mut names);
        }
        let mut image = Image::default();
        self.collect(ROOT, "", &contents, &names, time, &mut image);
        image
    }

    fn collect(
        &self,
        folder: Node,
        path: &str,
        contents: &Contents,
        names: &Names,
        time: Time,
        image: &mut Image,
    ) {
        for (name, node) in names.get(&folder).into_iter().flatten() {
            let path = format!("{path}{name}");
            match self.recording.kinds[*node] {
                Kind::Folder => {
                    image.folders.push(path.clone());
                    self.collect(*node, &format!("{path}/"), contents, names, time, image);
                }
                Kind::SharedMemory => image.files.push((path, SHARED_MEMORY.to_vec(), None)),
                Kind::File => {
                    let seen = self.times.get(node).map_or(&[][..], Vec::as_slice);
                    let time = match time {
                        Time::NewestSeen => seen.last().copied(),
                        Time::Seen(number) => seen.get(number % seen.len().max(1)).copied(),
                        Time::Other => None,
                    };
                    image.files.push((path, contents.get(node).cloned().unwrap_or_default(), time));
                }
            }
        }
    }
}

fn apply(effect: &Effect, taken: Taken, contents: &mut Contents, names: &mut Names) {
    if taken == Taken::Nothing {
        return;
    }
    match effect {
        Effect::Write { file, first_sector, bytes, end } => {
            let content = contents.entry(*file).or_default();
            if content.len() < *end {
                content.resize(*end, 0);
            }
            let count = effect.sectors();
            for (sector, new) in
                bytes.chunks(SECTOR).enumerate().filter(|(sector, _)| taken.takes(*sector, count))
            {
                let offset = (first_sector + sector) * SECTOR;
                // The memory of the system may hold more of the last sector than the file has on the disk.
                let length = new.len().min(content.len() - offset);
                content[offset..offset + length].copy_from_slice(&new[..length]);
            }
        }
        Effect::SetLength { file, length } => contents.entry(*file).or_default().resize(*length, 0),
        Effect::Name { folder, change } => change.apply(names.entry(*folder).or_default()),
    }
}

/// The files and folders after a power cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    pub folders: Vec<String>,
    /// The path, the content, and the time of the last change, if it is one that a process saw.
    pub files: Vec<(String, Vec<u8>, Option<u128>)>,
}

impl Image {
    /// Returns a hash of all names and contents, and of the times of the files if `with_times`.
    pub fn hash(&self, with_times: bool) -> u64 {
        let mut hash = Hash::default();
        self.folders.iter().for_each(|folder| hash.add(folder.as_bytes()));
        for (path, content, time) in &self.files {
            hash.add(path.as_bytes());
            hash.add(content);
            if with_times {
                hash.add(&time.unwrap_or_default().to_ne_bytes());
            }
        }
        hash.0
    }
}

/// A hash of eight bytes at a time. The hasher of the standard library would take a third of the time of the whole test.
#[derive(Default)]
struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        self.mix(u64::try_from(bytes.len()).unwrap());
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_ne_bytes(*word)));
        rest.iter().for_each(|byte| self.mix(u64::from(*byte)));
    }

    const fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }
}
