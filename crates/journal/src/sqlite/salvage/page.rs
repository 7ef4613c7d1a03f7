//! The pages of a database as the file format of SQLite describes them, read without trusting any number in them.

/// The size of a page, all of which SQLite uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageSize(pub(super) usize);

/// The kind of a page of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    TableLeaf,
    TableInterior,
    IndexLeaf,
    IndexInterior,
}

impl Kind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0x02 => Some(Self::IndexInterior),
            0x05 => Some(Self::TableInterior),
            0x0a => Some(Self::IndexLeaf),
            0x0d => Some(Self::TableLeaf),
            _ => None,
        }
    }

    pub(super) const fn is_interior(self) -> bool {
        matches!(self, Self::IndexInterior | Self::TableInterior)
    }

    const fn is_table(self) -> bool {
        matches!(self, Self::TableLeaf | Self::TableInterior)
    }
}

/// An entry of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Where it begins in the page.
    pub(super) offset: usize,
    /// The length in the page.
    length: usize,
    /// The page of the entries before this one.
    pub(super) child: Option<u32>,
    /// The number of the row, in a table.
    pub(super) row: Option<i64>,
    /// The content: its place in the page, its length, and the page with its rest.
    local: (usize, usize),
    total: usize,
    overflow: Option<u32>,
}

/// A page of a tree.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) kind: Kind,
    pub(super) cells: Vec<Cell>,
    /// The page of the entries after the last one.
    pub(super) right: Option<u32>,
    /// Whether everything in the page adds up: no entry can be missing in it.
    pub(super) is_sound: bool,
}

impl Page {
    /// Reads a page; nothing if it is none of a tree. The first page of a database begins with a header.
    pub(super) fn parse(bytes: &[u8], is_first: bool, size: PageSize) -> Option<Self> {
        let begin = if is_first { 100 } else { 0 };
        let kind = Kind::of(*bytes.get(begin)?)?;
        let header = if kind.is_interior() { 12 } else { 8 };
        let pointers = begin.checked_add(header)?;
        let count = usize::from(two(bytes, begin.checked_add(3)?)?);
        let right = if kind.is_interior() { Some(four(bytes, begin.checked_add(8)?)?) } else { None };
        let mut cells = Vec::new();
        for place in 0..count {
            let Some(offset) = two(bytes, pointers.checked_add(place.checked_mul(2)?)?) else { break };
            cells.extend(Cell::parse(bytes, kind, usize::from(offset), size));
        }
        let is_sound = cells.len() == count && adds_up(bytes, begin, pointers, &cells, size);
        Some(Self { kind, cells, right, is_sound })
    }

    /// The pages below, in order.
    pub(super) fn children(&self) -> impl Iterator<Item = u32> {
        self.cells.iter().filter_map(|cell| cell.child).chain(self.right)
    }
}

/// Whether the entries, the free blocks and the fragments fill the page to the last byte, each byte once.
fn adds_up(bytes: &[u8], begin: usize, pointers: usize, cells: &[Cell], size: PageSize) -> bool {
    let adds_up = || {
        let content = match two(bytes, begin.checked_add(5)?)? {
            0 => 65536,
            content => usize::from(content),
        };
        let mut used: Vec<(usize, usize)> = cells.iter().map(|cell| (cell.offset, cell.length)).collect();
        let mut free = usize::from(two(bytes, begin.checked_add(1)?)?);
        while free != 0 {
            used.push((free, usize::from(two(bytes, free.checked_add(2)?)?)));
            let next = usize::from(two(bytes, free)?);
            // They are in order.
            free = Some(next).filter(|next| *next == 0 || *next > free)?;
        }
        used.sort_unstable();
        let (mut end, mut fragments) = (content, 0usize);
        for (offset, length) in used {
            fragments = fragments.checked_add(offset.checked_sub(end)?)?;
            end = offset.checked_add(length)?;
        }
        fragments = fragments.checked_add(size.0.checked_sub(end)?)?;
        let stated = usize::from(*bytes.get(begin.checked_add(7)?)?);
        let pointers_end = pointers.checked_add(cells.len().checked_mul(2)?)?;
        Some(fragments == stated && pointers_end <= content)
    };
    adds_up() == Some(true)
}

impl Cell {
    /// Reads the entry at this place.
    pub(super) fn parse(bytes: &[u8], kind: Kind, offset: usize, size: PageSize) -> Option<Self> {
        let mut place = offset;
        let child = if kind.is_interior() {
            place = place.checked_add(4)?;
            Some(four(bytes, offset)?)
        } else {
            None
        };
        let mut cell = Self { offset, length: 0, child, row: None, local: (0, 0), total: 0, overflow: None };
        if kind != Kind::TableInterior {
            cell.total = usize::try_from(varint(bytes, &mut place)?).ok()?;
        }
        if kind.is_table() {
            cell.row = Some(varint(bytes, &mut place)?.cast_signed());
        }
        if kind != Kind::TableInterior {
            let length = local_length(cell.total, kind, size)?;
            cell.local = (place, length);
            place = place.checked_add(length)?;
            if length < cell.total {
                cell.overflow = Some(four(bytes, place)?);
                place = place.checked_add(4)?;
            }
        }
        // No entry takes less than four bytes.
        cell.length = place.checked_sub(offset)?.max(4);
        (offset.checked_add(cell.length)? <= size.0.min(bytes.len())).then_some(cell)
    }

    /// The whole content. `page` reads the pages with its rest.
    pub(super) fn content(
        &self,
        bytes: &[u8],
        size: PageSize,
        page: &dyn Fn(u32) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let (begin, length) = self.local;
        let mut content = bytes.get(begin..begin.checked_add(length)?)?.to_vec();
        let (mut next, room) = (self.overflow, size.0.checked_sub(4)?);
        while content.len() < self.total {
            let bytes = page(next?)?;
            let rest = self.total.checked_sub(content.len())?.min(room);
            content.extend(bytes.get(4..rest.checked_add(4)?)?);
            next = four(&bytes, 0).filter(|next| *next != 0);
        }
        Some(content)
    }
}

/// The largest content that any row of a journal has. What claims to be longer is damaged.
const MAX_CONTENT: usize = 1 << 16;

/// How much of the content is in the page itself.
fn local_length(total: usize, kind: Kind, size: PageSize) -> Option<usize> {
    if total > MAX_CONTENT {
        return None;
    }
    let part =
        |numerator: usize| size.0.checked_sub(12)?.checked_mul(numerator)?.checked_div(255)?.checked_sub(23);
    let max = if kind.is_table() { size.0.checked_sub(35)? } else { part(64)? };
    if total <= max {
        return Some(total);
    }
    let min = part(32)?;
    let surplus = total.checked_sub(min)?.checked_rem(size.0.checked_sub(4)?)?;
    let length = min.checked_add(surplus)?;
    Some(if length <= max { length } else { min })
}

/// Reads a number of one to nine bytes.
pub(super) fn varint(bytes: &[u8], place: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for length in 0..9u8 {
        let byte = *bytes.get(*place)?;
        *place = place.checked_add(1)?;
        if length == 8 {
            return Some((value << 8) | u64::from(byte));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

pub(super) fn two(bytes: &[u8], offset: usize) -> Option<u16> {
    let word = bytes.get(offset..offset.checked_add(2)?)?;
    word.try_into().ok().map(u16::from_be_bytes)
}

pub(super) fn four(bytes: &[u8], offset: usize) -> Option<u32> {
    let word = bytes.get(offset..offset.checked_add(4)?)?;
    word.try_into().ok().map(u32::from_be_bytes)
}
