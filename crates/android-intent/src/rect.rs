//! Where on the screen.

use alloc::format;

use crate::JavaString;
use crate::java::NumberError;
use crate::java::integer::parse_int;

/// `android.graphics.Rect`, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// The left edge.
    pub left: i32,
    /// The top edge.
    pub top: i32,
    /// The right edge.
    pub right: i32,
    /// The bottom edge.
    pub bottom: i32,
}

impl Rect {
    /// `flattenToString`: `left top right bottom`.
    ///
    /// ```
    /// use caisse_android_intent::Rect;
    ///
    /// assert_eq!(Rect { left: 0, top: -1, right: 20, bottom: 30 }.flatten_to_string(), "0 -1 20 30");
    /// ```
    pub fn flatten_to_string(self) -> JavaString {
        format!("{} {} {} {}", self.left, self.top, self.right, self.bottom).into()
    }

    /// `unflattenFromString`: four whole numbers parted by single blanks; nothing of any other text. Numbers too large for an
    /// `int` fail.
    pub(crate) fn unflatten(text: &JavaString) -> Result<Option<Self>, NumberError> {
        let mut parts = text.units().split(|unit| *unit == u16::from(b' '));
        let edges = [parts.next(), parts.next(), parts.next(), parts.next()];
        let [Some(left), Some(top), Some(right), Some(bottom)] =
            edges.map(|edge| edge.filter(|edge| is_whole(edge)))
        else {
            return Ok(None);
        };
        if parts.next().is_some() {
            return Ok(None);
        }
        Ok(Some(Self {
            left: parse_int(left)?,
            top: parse_int(top)?,
            right: parse_int(right)?,
            bottom: parse_int(bottom)?,
        }))
    }
}

/// `-?[0-9]+`.
fn is_whole(text: &[u16]) -> bool {
    let digits = text.strip_prefix(&[u16::from(b'-')]).unwrap_or(text);
    !digits.is_empty() && digits.iter().all(|unit| (0x30..=0x39).contains(unit))
}
