//! The write-ahead log of a database, as SQLite would apply it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::source::{PAGE_SIZES, read_sectors};

/// The length of the header of a log, and of a frame.
const HEADER: usize = 32;
const FRAME: usize = 24;

/// A write-ahead log.
pub(super) struct Log {
    pub(super) file: Arc<File>,
    pub(super) page_size: Option<usize>,
    /// The newest committed version of each page, by the offset of its first byte.
    pub(super) pages: BTreeMap<u32, u64>,
    /// Their numbers.
    pub(super) numbers: BTreeMap<u64, u32>,
    /// The pages after the last commit that is whole.
    pub(super) stray: Vec<u64>,
    /// Whether commits may be missing: the header is damaged, or a commit follows that does not fit what precedes it.
    pub(super) is_damaged: bool,
}

/// The running checksum of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum(u32, u32);

impl Sum {
    fn add(self, bytes: &[u8], is_big_endian: bool) -> Self {
        let word = |word: &[u8]| {
            let word = word.try_into().unwrap_or_default();
            if is_big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        };
        bytes.chunks_exact(8).fold(self, |Self(first, second), pair| {
            let (low, high) = pair.split_at(4);
            let first = first.wrapping_add(word(low)).wrapping_add(second);
            Self(first, second.wrapping_add(word(high)).wrapping_add(first))
        })
    }
}

fn part(bytes: &[u8], from: usize, to: usize) -> &[u8] {
    bytes.get(from..to).unwrap_or_default()
}

fn number(bytes: &[u8], offset: usize) -> u32 {
    part(bytes, offset, offset.saturating_add(4)).try_into().map_or(0, u32::from_be_bytes)
}

impl Log {
    /// Reads a log up to its last whole commit, and finds what follows.
    pub(super) fn read(file: Arc<File>) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut log = Self {
            file: Arc::clone(&file),
            page_size: None,
            pages: BTreeMap::new(),
            numbers: BTreeMap::new(),
            stray: Vec::new(),
            is_damaged: false,
        };
        let mut header = vec![0; HEADER];
        read_sectors(&file, 0, &mut header);
        let is_big_endian = match number(&header, 0) {
            0x377f_0682 => Some(false),
            0x377f_0683 => Some(true),
            _ => None,
        };
        let size = usize::try_from(number(&header, 8)).ok().filter(|size| PAGE_SIZES.contains(size));
        let (Some(is_big_endian), Some(size)) = (is_big_endian, size) else {
            log.is_damaged = header.iter().any(|byte| *byte != 0);
            return Ok(log);
        };
        let sum = Sum::default().add(part(&header, 0, 24), is_big_endian);
        if sum != Sum(number(&header, 24), number(&header, 28)) {
            log.is_damaged = true;
            return Ok(log);
        }
        log.page_size = Some(size);
        log.read_frames(length, size, is_big_endian, part(&header, 16, 24), sum);
        Ok(log)
    }

    fn read_frames(&mut self, length: u64, size: usize, is_big_endian: bool, salts: &[u8], sum: Sum) {
        let step = FRAME.saturating_add(size);
        let mut bytes = vec![0; step];
        let mut offset = u64::try_from(HEADER).unwrap_or_default();
        let length_of_frame = u64::try_from(step).unwrap_or(u64::MAX);
        let (mut sum, mut is_whole) = (sum, true);
        let mut uncommitted: Vec<(u32, u64)> = Vec::new();
        while offset.checked_add(length_of_frame).is_some_and(|end| end <= length) {
            bytes.fill(0);
            read_sectors(&self.file, offset, &mut bytes);
            let (header, page) = bytes.split_at(FRAME);
            let place = offset.saturating_add(u64::try_from(FRAME).unwrap_or_default());
            let is_commit = number(header, 4) != 0;
            // What an earlier use of the log has left has other salts.
            let is_of_this_log = part(header, 8, 16) == salts;
            let next = sum.add(part(header, 0, 8), is_big_endian).add(page, is_big_endian);
            is_whole &= is_of_this_log && next == Sum(number(header, 16), number(header, 20));
            if is_whole {
                sum = next;
                uncommitted.push((number(header, 0), place));
                if is_commit {
                    self.pages.extend(uncommitted.drain(..));
                }
            } else if is_of_this_log {
                self.is_damaged |= is_commit;
                self.stray.push(place);
            }
            offset = offset.saturating_add(length_of_frame);
        }
        self.stray.extend(uncommitted.into_iter().map(|(_, place)| place));
        self.numbers = self.pages.iter().map(|(number, place)| (*place, *number)).collect();
    }
}
