//! The terminal as a TCP server.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use caisse_hal::tcp::TcpLink;
use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use caisse_link::frame::LONGEST_BODY;
use caisse_link::serial::SerialConfig;

use super::drive::{Line, run};
use crate::conversation::{Conversation, Framed, Plain};
use crate::descriptors::max_connections;
use crate::persona::Generation;
use crate::shared::Shared;

/// More connections than a shop has tills, if the descriptors suffice. For one more the oldest that has sent nothing is closed.
const MAX_CONNECTIONS: usize = 64;

/// The descriptors of a connection while it is taken.
const DESCRIPTORS: usize = 2;

/// How often a new connection tries to get what it needs, while others that have sent nothing are closed: for a second, since
/// their threads may take a moment to end.
const ATTEMPTS: usize = 100;

/// How old a connection that has sent nothing has to be to be closed because the system gave no further one: a younger one is
/// about to send its request.
const MIN_AGE: Duration = Duration::from_secs(1);

/// How often a terminal that cannot be reached looks whether it can.
const GLANCE: Duration = Duration::from_millis(10);

/// A connection that a till has opened.
struct Accepted {
    link: TcpLink,
    slot: Arc<Slot>,
}

impl Accepted {
    fn new(stream: &TcpStream, slot: &Arc<Slot>) -> io::Result<Self> {
        Ok(Self { link: TcpLink::from_stream(stream.try_clone()?)?, slot: Arc::clone(slot) })
    }
}

/// What the listener knows of a connection.
#[derive(Debug)]
struct Slot {
    taken_at: Instant,
    /// Whether the till has sent anything.
    has_spoken: AtomicBool,
    /// Whether the connection has to make room for another.
    is_unwanted: AtomicBool,
}

/// The connections that were taken, oldest first. The thread of each one shares its slot.
#[derive(Debug)]
struct Slots {
    taken: Vec<Arc<Slot>>,
    max: usize,
}

impl Slots {
    /// Gives a slot to a connection; none while too many have sent something, or have to go and are not gone.
    fn take(&mut self) -> Option<Arc<Slot>> {
        self.taken.retain(|slot| Arc::strong_count(slot) > 1);
        let wanted = self.taken.iter().filter(|slot| !slot.is_unwanted.load(Ordering::Relaxed)).count();
        if self.taken.len() >= self.max.saturating_mul(2)
            || (wanted >= self.max && !self.close_one(Duration::ZERO))
        {
            return None;
        }
        let slot = Arc::new(Slot {
            taken_at: Instant::now(),
            has_spoken: AtomicBool::new(false),
            is_unwanted: AtomicBool::new(false),
        });
        self.taken.push(Arc::clone(&slot));
        Some(slot)
    }

    /// Closes the oldest connection of at least this age that has sent nothing, soon. Returns whether there is one.
    fn close_one(&self, min_age: Duration) -> bool {
        let is_idle = |slot: &&Arc<Slot>| {
            slot.taken_at.elapsed() >= min_age
                && !slot.has_spoken.load(Ordering::Relaxed)
                && !slot.is_unwanted.load(Ordering::Relaxed)
        };
        let oldest = self.taken.iter().find(is_idle);
        oldest.inspect(|slot| slot.is_unwanted.store(true, Ordering::Relaxed)).is_some()
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
        let received = self.link.receive(buffer, within);
        if let Ok(Received::Bytes(_)) = received {
            self.slot.has_spoken.store(true, Ordering::Relaxed);
        }
        received
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
    fn is_unwanted(&self) -> bool {
        self.slot.is_unwanted.load(Ordering::Relaxed) && !self.slot.has_spoken.load(Ordering::Relaxed)
    }

    fn finish_sending(&mut self) {
        self.link.finish_sending();
    }

    fn reset(&mut self) {
        self.abort();
    }
}

/// Takes connections until the terminal is switched off. While it sleeps or reboots, nobody listens.
pub(crate) fn serve(listener: TcpListener, local: SocketAddr, shared: &Arc<Shared>) {
    let mut slots = Slots { taken: Vec::new(), max: max_connections(MAX_CONNECTIONS, DESCRIPTORS) };
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
            Ok((stream, _)) => take(stream, shared, &mut slots),
            // Out of descriptors, say: better late than in a busy loop.
            Err(_) => {
                slots.close_one(MIN_AGE);
                thread::sleep(GLANCE);
            }
        }
    }
}

fn take(stream: TcpStream, shared: &Arc<Shared>, slots: &mut Slots) {
    if shared.is_stopped() || !shared.is_reachable() {
        return;
    }
    let mut slot = None;
    for _ in 0..ATTEMPTS {
        slot = slot.or_else(|| slots.take());
        if let Some(slot) = &slot {
            // Without descriptors, or threads, some are free once others have gone.
            if let Ok(line) = Accepted::new(&stream, slot)
                && spawn(line, shared).is_ok()
            {
                return;
            }
            slots.close_one(MIN_AGE);
        }
        thread::sleep(GLANCE);
    }
}

fn spawn(mut line: Accepted, shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let thread = thread::Builder::new().name("virtual terminal: till".into());
    thread.stack_size(512 << 10).spawn(move || converse(&mut line, &shared)).map(drop)
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
