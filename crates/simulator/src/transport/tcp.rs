//! The terminal as a TCP server.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use caisse_hal::tcp::TcpLink;
use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use caisse_link::frame::LONGEST_BODY;
use caisse_link::serial::SerialConfig;

use super::drive::{Line, run};
use crate::conversation::{Conversation, Framed, Plain};
use crate::persona::Generation;
use crate::shared::Shared;

/// More connections than a shop has tills; the ones beyond are closed at once.
const MOST_CONNECTIONS: usize = 64;

/// How often a terminal that cannot be reached looks whether it can.
const GLANCE: Duration = Duration::from_millis(10);

/// A connection that a till has opened.
struct Accepted {
    link: TcpLink,
}

impl Accepted {
    fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { link: TcpLink::from_stream(stream)? })
    }
}

impl Link for Accepted {
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        Err(ConnectError::Other)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.link.send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.link.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.link.receive(buffer, within)
    }

    fn close(&mut self) {
        self.link.close();
    }

    fn abort(&mut self) {
        self.link.abort();
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.link.peer()
    }
}

impl Line for Accepted {
    fn finish_sending(&mut self) {
        self.link.finish_sending();
    }

    fn reset(&mut self) {
        self.abort();
    }
}

/// Takes connections until the terminal is switched off. While it sleeps or reboots, nobody listens.
pub(crate) fn serve(listener: TcpListener, local: SocketAddr, shared: &Arc<Shared>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let mut listening = Some(listener);
    while !shared.is_stopped() {
        if !shared.is_reachable() {
            listening = None;
            shared.tell();
            thread::sleep(GLANCE);
            continue;
        }
        let Some(listener) = &listening else {
            // The port was ours a moment ago: it comes back, or somebody else has taken it and may give it back.
            listening = TcpListener::bind(local).ok();
            thread::sleep(if listening.is_some() { Duration::ZERO } else { GLANCE });
            continue;
        };
        match listener.accept() {
            // A connection that came while it fell asleep is reset with its listener.
            Ok((stream, _)) => take(stream, shared, &connections),
            // Out of descriptors, say: better late than in a busy loop.
            Err(_) => thread::sleep(GLANCE),
        }
    }
}

fn take(stream: TcpStream, shared: &Arc<Shared>, connections: &Arc<AtomicUsize>) {
    if shared.is_stopped() || !shared.is_reachable() {
        return;
    }
    if connections.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
        connections.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let (taken, counter) = (Arc::clone(shared), Arc::clone(connections));
    let thread = thread::Builder::new().name("virtual terminal: till".into());
    let spawned = thread.stack_size(512 << 10).spawn(move || {
        if let Ok(mut line) = Accepted::new(stream) {
            converse(&mut line, &taken);
        }
        counter.fetch_sub(1, Ordering::Relaxed);
    });
    if spawned.is_err() {
        connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn converse(line: &mut Accepted, shared: &Shared) {
    let generation = shared.terminal().persona().generation;
    if generation == Generation::Three {
        let mut plain = Plain::new(shared.now(), shared.request, &mut shared.terminal());
        run(&mut plain, line, shared);
        plain.close(&mut shared.terminal());
    } else {
        // E and E+ over TCP: the same bytes and the same talk as on a serial line.
        let mut storage = [0; LONGEST_BODY];
        let mut framed = Framed::new(SerialConfig::TERMINAL, false, &mut storage);
        run(&mut framed, line, shared);
        framed.close(&mut shared.terminal());
    }
}
