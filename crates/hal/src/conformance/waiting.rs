//! No call waits longer than it may, or less than it should.

use std::thread;
use std::time::Duration;
use std::vec::Vec;

use super::{EARLY, Harness, LONG, Peer, SHORT, Verdict, ensure, open, timed, within};
use crate::{Link, Received};

pub(super) fn silence<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, _peer) = open(harness)?;
    for time in [SHORT, Duration::ZERO, SHORT.saturating_mul(3), Duration::from_micros(1)] {
        let (received, took) = timed(|| within("receive", time, || link.receive(&mut [0; 8], time)));
        let received = received?;
        ensure!(received == Ok(Received::Nothing), "receive from a silent line gave {received:?}");
        ensure!(took.saturating_add(EARLY) >= time, "receive with {time:?} waited for {took:?} only");
    }
    Ok(())
}

pub(super) fn first_byte<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    let writing = thread::spawn(move || {
        thread::sleep(SHORT);
        peer.write(b"\x06");
        peer
    });
    let received = within("receive of a byte", SHORT, || link.receive(&mut [0; 8], LONG));
    let Ok(_peer) = writing.join() else { return Err("the peer panicked".into()) };
    let received = received?;
    ensure!(received == Ok(Received::Bytes(1)), "receive of one byte gave {received:?}");
    Ok(())
}

pub(super) fn what_is_there<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    for round in 0..5 {
        peer.write(b"stale");
        thread::sleep(Duration::from_millis(100));
        let mut got = Vec::new();
        let mut buffer = [0; 2];
        loop {
            match within("receive", Duration::ZERO, || link.receive(&mut buffer, Duration::ZERO))? {
                Ok(Received::Bytes(count @ 1..=2)) => {
                    got.extend_from_slice(buffer.get(..count).unwrap_or_default())
                }
                Ok(Received::Nothing) => break,
                other => return Err(std::format!("receive gave {other:?}")),
            }
        }
        ensure!(got == b"stale", "round {round}: of 5 bytes on the line {} were taken", got.len());
    }
    Ok(())
}
