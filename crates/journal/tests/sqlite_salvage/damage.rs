//! What happens to a file.

use crate::shop::PAGE;

/// Damage to the bytes of a file. A place is taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub enum Damage {
    Flip(usize),
    Byte(usize, u8),
    ZeroSector(usize),
    ZeroPage(usize),
    /// A page of what no page has.
    Garbage(usize, u64),
    /// Another page over this one, as where a disk writes to the wrong place.
    Overwrite(usize, usize),
    Swap(usize, usize),
    Cut(usize),
}

impl Damage {
    pub fn apply(self, bytes: &mut Vec<u8>) {
        let pages = (bytes.len() / PAGE).max(1);
        let length = bytes.len().max(1);
        let page = |number: usize| {
            let from = (number % pages) * PAGE;
            from..(from + PAGE).min(length)
        };
        match self {
            _ if bytes.is_empty() => {}
            Self::Flip(bit) => bytes[bit / 8 % length] ^= 1 << (bit % 8),
            Self::Byte(at, value) => bytes[at % length] = value,
            Self::ZeroSector(sector) => {
                let from = sector * 512 % length;
                let end = (from + 512).min(length);
                bytes[from..end].fill(0);
            }
            Self::ZeroPage(number) => bytes[page(number)].fill(0),
            Self::Garbage(number, seed) => {
                let mut state = seed | 1;
                for byte in &mut bytes[page(number)] {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    *byte = (state >> 56) as u8;
                }
            }
            Self::Overwrite(one, other) => {
                let copied = bytes[page(one)].to_vec();
                let range = page(other);
                let count = copied.len().min(range.len());
                bytes[range.start..range.start + count].copy_from_slice(&copied[..count]);
            }
            Self::Swap(one, other) => {
                let (first, second) = (page(one), page(other));
                let (before, after) = (bytes[first.clone()].to_vec(), bytes[second.clone()].to_vec());
                if before.len() == after.len() {
                    bytes[first].copy_from_slice(&after);
                    bytes[second].copy_from_slice(&before);
                }
            }
            Self::Cut(length_left) => bytes.truncate(length_left % length),
        }
    }
}
