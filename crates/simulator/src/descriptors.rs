//! How many connections the descriptors of a process suffice for.

/// The most connections of one kind: `wanted`, or as many as a quarter of the process's descriptors suffices for when each
/// needs so many.
pub(crate) fn max_connections(wanted: usize, each: usize) -> usize {
    let quarter = limit().map_or(wanted, |limit| limit / 4);
    quarter.checked_div(each).unwrap_or(wanted).clamp(1, wanted)
}

#[cfg(unix)]
fn limit() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};

    // No limit is none.
    getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok())
}

#[cfg(not(unix))]
const fn limit() -> Option<usize> {
    None
}
