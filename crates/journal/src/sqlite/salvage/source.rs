//! The bytes of a damaged database: its pages, and those of its write-ahead log. Nothing is written, and SQLite opens nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::byte_locks;
use super::super::chain::Tail;
use super::super::location::Location;
use super::super::recent::{self, RecentEvent};
use super::log::Log;
use super::page::PageSize;
use crate::JournalError;

/// The size of the parts in which a page is read that cannot be read at once.
const SECTOR: usize = 512;

/// The page sizes that SQLite knows, the usual one first.
pub(super) const PAGE_SIZES: [usize; 8] = [4096, 1024, 2048, 8192, 16384, 32768, 65536, 512];

/// Where a page is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PageRef {
    /// In the database, by its number.
    File(u32),
    /// In the write-ahead log, by the offset of its first byte.
    Log(u64),
}

/// A database and its write-ahead log, opened to be read.
pub(super) struct Source {
    file: Arc<File>,
    length: u64,
    log: Option<Log>,
    pub(super) page_size: PageSize,
    /// The newest events, by their numbers, from the file beside the database.
    pub(super) recent: BTreeMap<u64, RecentEvent>,
    /// Whether none of the newest events is missing there.
    pub(super) recent_is_whole: bool,
    /// Events that were in the journal, by the files beside it. None where there are no such files.
    pub(super) recorded: Vec<Tail>,
    /// The page that was read last.
    last: RefCell<Option<(PageRef, Vec<u8>)>>,
}

impl Source {
    /// Opens a database, and the files beside it.
    pub(super) fn open(location: &Location) -> Result<Self, JournalError> {
        let path = &location.file;
        let failed = |error: io::Error| JournalError::unwritable(format!("{}: {error}", path.display()));
        // SQLite puts its files beside the file itself, whatever link leads to it.
        let real = fs::canonicalize(path).map_err(failed)?;
        if !fs::metadata(&real).map_err(failed)?.is_file() {
            return Err(JournalError::unwritable(format!("{}: it is no file", path.display())));
        }
        let file = keep_open(File::open(&real).map_err(failed)?);
        let length = file.metadata().map_err(failed)?.len();
        let log = match File::open(beside(&real, "-wal")) {
            Ok(log) => Some(Log::read(keep_open(log)).map_err(failed)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let recent = recent::Content::read(&location.recent_events());
        let (durable, all) = (recent.durable(), recent.all());
        let marked = location.marks().into_iter().map(|mark| mark.tail);
        let recorded = marked.chain(durable).chain(all.last().map(|event| event.tail)).collect();
        let mut source = Self {
            file,
            length,
            log,
            page_size: PageSize(SECTOR),
            recent_is_whole: recent.is_whole(),
            recent: all.into_iter().map(|event| (event.tail.number, event)).collect(),
            recorded,
            last: RefCell::default(),
        };
        source.set_page_size(source.stated_page_size());
        Ok(source)
    }

    /// The size of a page by the log or the header, or the usual size where both are damaged.
    fn stated_page_size(&self) -> usize {
        let mut header = vec![0; 100];
        read_sectors(&self.file, 0, &mut header);
        let in_log = self.log.as_ref().and_then(|log| log.page_size);
        let of_file = page_size(&header).filter(|_| header.starts_with(MAGIC));
        in_log.or(of_file).unwrap_or(PAGE_SIZES[0])
    }

    /// Reads the file with pages of this size from now on.
    pub(super) fn set_page_size(&mut self, size: usize) {
        self.page_size = PageSize(size);
        self.last.take();
    }

    /// The database, open to be read.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether the header is damaged, so that nothing says what the file is.
    pub(super) fn has_no_header(&self) -> bool {
        !self.page(1).is_some_and(|page| page.starts_with(MAGIC))
    }

    /// The number of pages, a last one that is cut included.
    pub(super) fn count(&self) -> u32 {
        let size = u64::try_from(self.page_size.0).unwrap_or(u64::MAX);
        let in_file = u32::try_from(self.length.div_ceil(size)).unwrap_or(u32::MAX);
        let in_log = self.log.as_ref().and_then(|log| log.pages.keys().max().copied());
        in_file.max(in_log.unwrap_or_default())
    }

    /// Whether commits may be missing in the log.
    pub(super) fn log_is_damaged(&self) -> bool {
        self.log.as_ref().is_some_and(|log| log.is_damaged)
    }

    /// Where the current version of a page is stored.
    pub(super) fn current(&self, number: u32) -> PageRef {
        let in_log = self.log.as_ref().and_then(|log| log.pages.get(&number));
        in_log.map_or(PageRef::File(number), |offset| PageRef::Log(*offset))
    }

    /// The number of a page; nothing for one in the log that is not the current version.
    pub(super) fn number_of(&self, page: PageRef) -> Option<u32> {
        match page {
            PageRef::File(number) => Some(number),
            PageRef::Log(offset) => self.log.as_ref()?.numbers.get(&offset).copied(),
        }
    }

    /// The current version of a page; nothing beyond the end of the file.
    pub(super) fn page(&self, number: u32) -> Option<Vec<u8>> {
        (number > 0).then(|| self.read(self.current(number)))?
    }

    /// Every version of every page: those in the database, and those in the log.
    pub(super) fn all(&self) -> Vec<PageRef> {
        let in_log = self.log.iter().flat_map(|log| {
            let stray = log.stray.iter().filter(|_| log.is_damaged);
            log.pages.values().chain(stray).map(|offset| PageRef::Log(*offset))
        });
        (1..=self.count()).map(PageRef::File).chain(in_log).collect()
    }

    /// The bytes of a page. What cannot be read of it is zero.
    pub(super) fn read(&self, page: PageRef) -> Option<Vec<u8>> {
        if let Some((last, bytes)) = &*self.last.borrow()
            && *last == page
        {
            return Some(bytes.clone());
        }
        let size = self.page_size.0;
        let (file, offset) = match page {
            PageRef::File(number) => {
                let offset = u64::from(number.checked_sub(1)?).checked_mul(u64::try_from(size).ok()?)?;
                (&self.file, Some(offset).filter(|offset| *offset < self.length)?)
            }
            PageRef::Log(offset) => (&self.log.as_ref()?.file, offset),
        };
        let mut bytes = vec![0; size];
        read_sectors(file, offset, &mut bytes);
        self.last.replace(Some((page, bytes.clone())));
        Some(bytes)
    }

    /// Whether a program has the database open, as far as the system tells.
    pub(super) fn is_in_use(&self) -> bool {
        byte_locks::is_locked_elsewhere(&self.file)
    }

    /// The size and the last write of both files, to find out whether they change while they are read.
    pub(super) fn state(&self) -> io::Result<Vec<(u64, std::time::SystemTime)>> {
        let files = [Some(&self.file), self.log.as_ref().map(|log| &log.file)];
        let state = |file: &Arc<File>| {
            let metadata = file.metadata()?;
            Ok((metadata.len(), metadata.modified()?))
        };
        files.into_iter().flatten().map(state).collect()
    }
}

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// The size of a page in a header.
fn page_size(header: &[u8]) -> Option<usize> {
    let size = match header.get(16..18)? {
        [0, 1] => 65536,
        [high, low] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return None,
    };
    PAGE_SIZES.contains(&size).then_some(size)
}

/// On Unix, closing a file drops the locks of the process on it, also those of a journal that is open in this process. So this one is
/// never closed there, as in the registry of open files.
fn keep_open(file: File) -> Arc<File> {
    let file = Arc::new(file);
    if cfg!(unix) {
        std::mem::forget(Arc::clone(&file));
    }
    file
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Reads as much as can be read, sector by sector where the disk fails. The rest stays as it was.
pub(super) fn read_sectors(file: &File, offset: u64, bytes: &mut [u8]) {
    if read_at(file, offset, bytes).is_ok() {
        return;
    }
    let mut offset = offset;
    for sector in bytes.chunks_mut(SECTOR) {
        let length = u64::try_from(sector.len()).unwrap_or_default();
        if read_at(file, offset, sector).is_err() {
            // The end of a file may be within a sector.
            read_bytes(file, offset, sector);
        }
        offset = offset.saturating_add(length);
    }
}

fn read_at(mut file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

fn read_bytes(mut file: &File, offset: u64, bytes: &mut [u8]) {
    let mut read = Vec::with_capacity(bytes.len());
    let limit = u64::try_from(bytes.len()).unwrap_or_default();
    let found = file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(limit).read_to_end(&mut read));
    bytes.fill(0);
    if found.is_ok()
        && let Some(place) = bytes.get_mut(..read.len())
    {
        place.copy_from_slice(&read);
    }
}
