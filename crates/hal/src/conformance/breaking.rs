//! Lines that are full, and lines that are gone.

use std::thread;
use std::time::{Duration, Instant};

use super::{Harness, LONG, Peer, SHORT, Unplugged, Verdict, ensure, open, within};
use crate::{ConnectError, Link, Received, SendError};

/// A length of which no buffer's size is a multiple.
const CHUNK: usize = 3_989;

/// A byte that tells where in the stream it is.
pub(super) fn at(offset: usize) -> u8 {
    u8::try_from(offset % 251).unwrap_or_default()
}

/// Sends until nothing more is accepted; returns how many bytes were, and the error that ended it.
pub(super) fn fill(link: &mut impl Link) -> Result<(usize, SendError), std::string::String> {
    const MOST: usize = 64 << 20;
    let mut accepted: usize = 0;
    let start = Instant::now();
    loop {
        let goes_on = accepted >= MOST || start.elapsed() > LONG.saturating_mul(2);
        ensure!(!goes_on, "{accepted} bytes were accepted, and nobody reads");
        let chunk: std::vec::Vec<u8> = (accepted..accepted.saturating_add(CHUNK)).map(at).collect();
        match within("send on a full line", SHORT, || link.send(&chunk, SHORT))? {
            Ok(count @ 1..=CHUNK) => accepted = accepted.saturating_add(count),
            Ok(count) => return Err(std::format!("send of {CHUNK} bytes accepted {count}")),
            Err(error) => return Ok((accepted, error)),
        }
    }
}

pub(super) fn full_line<H: Harness>(harness: &mut H) -> Verdict {
    if !harness.fills() {
        return Ok(());
    }
    let (mut link, mut peer) = open(harness)?;
    let (accepted, error) = fill(&mut link)?;
    ensure!(error != SendError::Closed, "a full line is not closed");
    // Whether the bytes have left depends on the line: only the deadline is sure.
    let _ = within("drain on a full line", SHORT, || link.drain(SHORT))?;
    let heard = within("receive on a full line", SHORT, || link.receive(&mut [0; 8], SHORT))?;
    ensure!(heard == Ok(Received::Nothing), "receive on a full line gave {heard:?}");

    // What was accepted arrives, and nothing else.
    let got = peer.read(accepted.saturating_add(CHUNK), SHORT.saturating_mul(10));
    let more = if error == SendError::Uncertain { CHUNK } else { 0 };
    ensure!(
        (accepted..=accepted.saturating_add(more)).contains(&got.len()),
        "{accepted} bytes were accepted and {} arrived",
        got.len()
    );
    let wrong = got.iter().enumerate().position(|(offset, byte)| *byte != at(offset));
    ensure!(wrong.is_none(), "byte {wrong:?} of {} is another one", got.len());
    Ok(())
}

pub(super) fn unplugged<H: Harness>(harness: &mut H) -> Verdict {
    let seen = harness.unplugged() == Unplugged::Seen;
    let (mut link, mut peer) = open(harness)?;
    let unplugging = thread::spawn(move || {
        thread::sleep(SHORT);
        peer.unplug();
        // Kept: dropping it could tell the link more than unplugging did.
        peer
    });
    let time = if seen { LONG } else { SHORT.saturating_mul(4) };
    let received = within("receive", if seen { SHORT } else { time }, || link.receive(&mut [0; 8], time));
    let Ok(_peer) = unplugging.join() else { return Err("the peer panicked".into()) };
    let received = received?;
    is_end(received, seen)?;
    let again =
        within("receive", if seen { Duration::ZERO } else { SHORT }, || link.receive(&mut [0; 8], SHORT))?;
    is_end(again, seen)?;

    let start = Instant::now();
    loop {
        // The first bytes may be accepted still, by a system that does not know yet.
        match within("send", SHORT, || link.send(b"x", SHORT))? {
            Ok(1) if !seen => break,
            Ok(1) => {
                ensure!(start.elapsed() < LONG, "what is sent to nobody is still accepted after {LONG:?}")
            }
            Err(SendError::Closed) if seen => break,
            Err(SendError::TimedOut | SendError::Uncertain) if !seen => break,
            other => return Err(std::format!("send on an unplugged line gave {other:?}")),
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = within("drain on an unplugged line", SHORT, || link.drain(SHORT))?;
    within("close of an unplugged line", Duration::ZERO, || link.close())?;
    let opened: Result<(), ConnectError> = within("connect", SHORT, || link.connect(SHORT))?;
    // Whether there is something to open again depends on the line.
    within("close", Duration::ZERO, || link.close())?;
    if opened.is_err() { super::opening::is_closed(&mut link, "after a connect that failed") } else { Ok(()) }
}

fn is_end(received: Result<Received, crate::ReceiveError>, seen: bool) -> Verdict {
    let expected = match received {
        Ok(Received::Closed) | Err(_) => seen,
        Ok(Received::Nothing) => !seen,
        Ok(Received::Bytes(_)) => false,
    };
    ensure!(expected, "receive on an unplugged line gave {received:?}");
    Ok(())
}
