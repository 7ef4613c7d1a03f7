//! `String.split` by commas.

use alloc::vec::Vec;

const COMMA: u16 = b',' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// `split(",")`: empty parts at the end fall away. A text without a comma is one part, even if empty.
pub(crate) fn at_commas(text: &[u16]) -> Vec<&[u16]> {
    split(text, |_| true)
}

/// `split("(?<!\\\\),")`: only at commas that no backslash precedes. The backslash stays.
pub(crate) fn at_bare_commas(text: &[u16]) -> Vec<&[u16]> {
    split(text, |before| before.last() != Some(&BACKSLASH))
}

fn split(text: &[u16], splits: impl Fn(&[u16]) -> bool) -> Vec<&[u16]> {
    let mut parts = Vec::new();
    let mut begin = 0_usize;
    for (index, unit) in text.iter().enumerate() {
        if *unit == COMMA && splits(text.get(..index).unwrap_or_default()) {
            parts.push(text.get(begin..index).unwrap_or_default());
            begin = index.saturating_add(1);
        }
    }
    if parts.is_empty() {
        return alloc::vec![text];
    }
    parts.push(text.get(begin..).unwrap_or_default());
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts
}
