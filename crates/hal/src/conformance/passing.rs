//! Bytes arrive as they were sent, once, and without further calls.

use std::thread;
use std::time::Duration;
use std::vec::Vec;

use super::{Harness, LONG, Peer, SHORT, Verdict, ensure, open, receive_all, send_all, within};
use crate::{Link, Received};

/// Nothing more arrives at the link than was sent to it.
fn hears_nothing(link: &mut impl Link) -> Verdict {
    let heard = within("receive", SHORT, || link.receive(&mut [0; 8], SHORT))?;
    ensure!(heard == Ok(Received::Nothing), "the link hears what nobody sent it: {heard:?}");
    Ok(())
}

pub(super) fn every_byte<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    let all: Vec<u8> = (0..=255).collect();
    send_all(&mut link, &all)?;
    let got = peer.read(256, LONG);
    ensure!(got == all, "the peer got {got:02x?} for all bytes");
    // Neither an echo of them, nor what a byte may have caused.
    hears_nothing(&mut link)?;
    peer.write(&all);
    let got = receive_all(&mut link, 256)?;
    ensure!(got == all, "the link got {got:02x?} for all bytes");
    hears_nothing(&mut link)
}

/// No two places in it look the same for long.
fn numbered(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| number.wrapping_mul(0x9E37_79B9).to_le_bytes()).take(length).collect()
}

pub(super) fn long_stream<H: Harness>(harness: &mut H) -> Verdict {
    const LENGTH: usize = 20_000;
    let (mut link, mut peer) = open(harness)?;
    let stream = numbered(LENGTH);
    let reading = thread::spawn(move || {
        let mut got = peer.read(LENGTH, LONG);
        // What comes once more.
        got.extend(peer.read(LENGTH, SHORT));
        (got, peer)
    });
    for part in stream.chunks(777) {
        send_all(&mut link, part)?;
    }
    let Ok((got, mut peer)) = reading.join() else { return Err("the peer panicked".into()) };
    same(&got, &stream, "the peer")?;
    let sent = stream.clone();
    let writing = thread::spawn(move || {
        peer.write(&sent);
        peer
    });
    let got = receive_all(&mut link, LENGTH)?;
    let Ok(_peer) = writing.join() else { return Err("the peer panicked".into()) };
    same(&got, &stream, "the link")?;
    hears_nothing(&mut link)
}

fn same(got: &[u8], sent: &[u8], who: &str) -> Verdict {
    let until = got.iter().zip(sent).take_while(|(one, other)| one == other).count();
    ensure!(got == sent, "{who} got {} of {} bytes, right up to byte {until}", got.len(), sent.len());
    Ok(())
}

pub(super) fn nothing_kept<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    for length in [1, 3, 37, 300] {
        let bytes = numbered(length);
        send_all(&mut link, &bytes)?;
        // The link is not called again before they are there.
        let got = peer.read(length, LONG);
        ensure!(got == bytes, "of {length} bytes {} arrived by themselves", got.len());
        let drained = within("drain", LONG, || link.drain(LONG))?;
        ensure!(drained == Ok(()), "drain gave {drained:?} when all had arrived");
    }
    Ok(())
}

pub(super) fn small_buffer<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    let nothing = |link: &mut H::Link| -> Verdict {
        let received = within("receive without room", Duration::ZERO, || link.receive(&mut [], LONG))?;
        ensure!(received == Ok(Received::Nothing), "receive without room gave {received:?}");
        Ok(())
    };
    nothing(&mut link)?;
    let bytes = numbered(25);
    peer.write(&bytes);
    let mut got = Vec::new();
    while got.len() < bytes.len() {
        nothing(&mut link)?;
        let mut buffer = [0; 3];
        match within("receive", LONG, || link.receive(&mut buffer, LONG))? {
            Ok(Received::Bytes(count @ 1..=3)) => {
                got.extend_from_slice(buffer.get(..count).unwrap_or_default())
            }
            other => return Err(std::format!("receive into 3 bytes gave {other:?} after {}", got.len())),
        }
    }
    same(&got, &bytes, "the link")
}

pub(super) fn nothing_sent<H: Harness>(harness: &mut H) -> Verdict {
    let (mut link, mut peer) = open(harness)?;
    let sent = within("send of nothing", Duration::ZERO, || link.send(&[], LONG))?;
    ensure!(sent == Ok(0), "send of nothing gave {sent:?}");
    let got = peer.read(1, SHORT);
    ensure!(got.is_empty(), "the peer got {got:02x?} for nothing");
    Ok(())
}
