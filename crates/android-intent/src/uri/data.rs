//! The parts of the URI in an intent's data, as `android.net.Uri` finds them.

use super::text::Text;

/// `Uri.getScheme()`: what stands before the first colon, whatever it is.
pub(super) fn scheme(data: Text<'_>) -> Option<&[u16]> {
    let colon = data.find(b':', 0)?;
    data.0.get(..colon)
}

/// What an `android-app:` URI keeps of the data: authority, path, query and fragment.
#[derive(Debug, Default)]
pub(super) struct Hierarchy<'t> {
    pub(super) authority: &'t [u16],
    pub(super) path: &'t [u16],
    pub(super) query: Option<&'t [u16]>,
    pub(super) fragment: Option<&'t [u16]>,
}

impl<'t> Hierarchy<'t> {
    /// The parts of `scheme://...`; `None` if no two slashes follow the colon.
    pub(super) fn of(data: Text<'t>) -> Option<Self> {
        let colon = data.find(b':', 0)?;
        let rest = data.0.get(colon.checked_add(1)?..)?;
        let rest = rest.strip_prefix(&[u16::from(b'/'); 2])?;
        let ends = |stops: &'static [u8]| {
            move |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| stops.contains(&byte))
        };
        let place = rest.iter().position(ends(b"/\\?#")).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(place)?;
        let place = rest.iter().position(ends(b"?#")).unwrap_or(rest.len());
        let path = rest.get(..place)?;
        let question = data.find(b'?', colon);
        let hash = data.find(b'#', colon);
        // A question mark behind the hash belongs to the fragment.
        let query = question
            .filter(|question| hash.is_none_or(|hash| hash > *question))
            .and_then(|question| data.0.get(question.checked_add(1)?..hash.unwrap_or(data.len())));
        let fragment = hash.and_then(|hash| data.0.get(hash.checked_add(1)?..));
        Some(Self { authority, path, query, fragment })
    }
}
