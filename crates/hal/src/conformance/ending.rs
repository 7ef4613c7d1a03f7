//! How a link ends: in order, or aborted.

use std::string::String;
use std::thread;
use std::time::Duration;

use super::breaking::{at, fill};
use super::{Ended, Harness, LONG, Peer, Verdict, ensure, exchange, open, within};
use crate::Link;

/// A link, its peer, and how many bytes the link has accepted.
type Full<H> = (<H as Harness>::Link, <H as Harness>::Peer, usize);

/// A line that is full, where its peer can tell one end from the other.
fn full<H: Harness>(harness: &mut H) -> Result<Option<Full<H>>, String> {
    if !harness.tells_ends_apart() {
        return Ok(None);
    }
    let (mut link, peer) = open(harness)?;
    let (accepted, _) = fill(&mut link)?;
    Ok(Some((link, peer, accepted)))
}

pub(super) fn close_delivers<H: Harness>(harness: &mut H) -> Verdict {
    let Some((mut link, mut peer, accepted)) = full(harness)? else { return Ok(()) };
    within("close", Duration::ZERO, || link.close())?;
    super::opening::is_closed(&mut link, "after it was closed")?;
    // Also when the link is gone.
    drop(link);
    let (got, ended) = peer.read_to_end(LONG);
    ensure!(ended == Ended::InOrder, "after a close the peer saw the end {ended:?}");
    is_what_was_sent(&got)?;
    ensure!(got.len() == accepted, "{accepted} bytes were accepted, {} arrived after a close", got.len());
    Ok(())
}

pub(super) fn abort_takes_back<H: Harness>(harness: &mut H) -> Verdict {
    let Some((mut link, mut peer, accepted)) = full(harness)? else { return Ok(()) };
    within("abort", Duration::ZERO, || link.abort())?;
    super::opening::is_closed(&mut link, "after it was aborted")?;
    within("abort of a closed link", Duration::ZERO, || link.abort())?;
    is_taken_back(&mut peer, accepted, "an abort")?;
    super::connect(&mut link, &mut peer)?;
    exchange(&mut link, &mut peer)
}

pub(super) fn drop_takes_back<H: Harness>(harness: &mut H) -> Verdict {
    let Some((link, mut peer, accepted)) = full(harness)? else { return Ok(()) };
    within("drop", Duration::ZERO, || drop(link))?;
    is_taken_back(&mut peer, accepted, "a drop")
}

/// The peer may read what had reached it, sees a reset, and never gets the bytes that waited in this machine.
fn is_taken_back(peer: &mut impl Peer, accepted: usize, what: &str) -> Verdict {
    // What waits is sent again and again while there is a connection.
    thread::sleep(super::SHORT);
    let (got, ended) = peer.read_to_end(LONG);
    ensure!(ended == Ended::Reset, "after {what} the peer saw the end {ended:?}");
    is_what_was_sent(&got)?;
    ensure!(got.len() < accepted, "all of the {accepted} bytes of a full line arrived after {what}");
    Ok(())
}

fn is_what_was_sent(got: &[u8]) -> Verdict {
    let wrong = got.iter().enumerate().position(|(offset, byte)| *byte != at(offset));
    ensure!(wrong.is_none(), "byte {wrong:?} of {} is another one", got.len());
    Ok(())
}
