//! Open, closed, nowhere.

use std::time::Duration;

use super::{Harness, LONG, Peer, SHORT, Verdict, connect, ensure, exchange, open, within};
use crate::{DrainError, Link, ReceiveError, Received, SendError};

/// Every call on a closed link fails at once.
pub(super) fn is_closed(link: &mut impl Link, when: &str) -> Verdict {
    let sent = within("send on a closed link", Duration::ZERO, || link.send(b"x", LONG))?;
    ensure!(sent == Err(SendError::Closed), "{when}: send gave {sent:?}");
    let drained = within("drain on a closed link", Duration::ZERO, || link.drain(LONG))?;
    ensure!(drained == Err(DrainError::Closed), "{when}: drain gave {drained:?}");
    let received = within("receive on a closed link", Duration::ZERO, || link.receive(&mut [0; 8], LONG))?;
    ensure!(received == Err(ReceiveError), "{when}: receive gave {received:?}");
    Ok(())
}

pub(super) fn begins_closed<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, _peer) = harness.line();
    is_closed(&mut link, "before it was opened")?;
    within("close of a closed link", Duration::ZERO, || link.close())?;
    is_closed(&mut link, "closed before it was opened")
}

pub(super) fn opens_again<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    exchange(&mut link, &mut peer)?;
    for _ in 0..2 {
        within("close", Duration::ZERO, || link.close())?;
        is_closed(&mut link, "after it was closed")?;
        connect(&mut link, &mut peer)?;
        exchange(&mut link, &mut peer)?;
    }
    // Opened while it is open.
    connect(&mut link, &mut peer)?;
    exchange(&mut link, &mut peer)
}

pub(super) fn leads_nowhere<H: Harness>(harness: &mut H) -> Verdict {
    let Some(mut link) = harness.nowhere() else { return Ok(()) };
    for _ in 0..2 {
        let opened = within("connect to nowhere", SHORT, || link.connect(SHORT))?;
        ensure!(opened.is_err(), "connect to nowhere succeeded");
        is_closed(&mut link, "after a connect to nowhere")?;
    }
    Ok(())
}

pub(super) fn longest_time<H: Harness>(harness: &mut H) -> Verdict {
    const EVER: Duration = Duration::MAX;
    let (mut link, mut peer) = harness.line();
    let opened = link.connect(EVER);
    ensure!(opened.is_ok(), "connect with the longest time gave {opened:?}");
    peer.accept();
    let sent = link.send(b"x", EVER);
    ensure!(sent == Ok(1), "send with the longest time gave {sent:?}");
    let drained = link.drain(EVER);
    ensure!(drained == Ok(()), "drain with the longest time gave {drained:?}");
    let got = peer.read(1, LONG);
    ensure!(got == b"x", "the peer got {got:02x?}");
    peer.write(b"y");
    let received = link.receive(&mut [0; 8], EVER);
    ensure!(received == Ok(Received::Bytes(1)), "receive with the longest time gave {received:?}");
    Ok(())
}
