//! Faults around any link.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use caisse_hal::{Clock, ConnectError, DrainError, Instant, Link, ReceiveError, Received, SendError};

use super::{Fault, Leaves, Pipe, Step};
use crate::random::Random;

/// A link on which things go wrong. What happens to bytes happens to those that the owner of the link sends; the faults
/// of messages and of serial sessions are the virtual terminal's own and do nothing here.
///
/// Wraps compose, and they nest: each takes any [`Link`], one of its kind included.
///
/// ```
/// use caisse_hal::{Link, SystemClock, tcp::TcpLink};
/// use caisse_simulator::{VirtualTerminal, fault::FaultyLink};
/// use std::time::Duration;
///
/// let terminal = VirtualTerminal::start()?;
/// let link = TcpLink::new(terminal.address().to_string().parse()?);
/// // The till's own line breaks after 20 bytes of its request.
/// let mut link = FaultyLink::new(link, SystemClock::new(), &["drop@byte=20".parse()?], 1);
/// link.connect(Duration::from_secs(5))?;
/// link.send(b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978", Duration::from_secs(5))?;
/// assert!(!terminal.ledger().wait_for(1, Duration::from_millis(300)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FaultyLink<L, C> {
    inner: L,
    clock: C,
    faults: Vec<Fault>,
    seed: u64,
    connections: u64,
    pipe: Pipe,
    early: VecDeque<u8>,
    closed: bool,
}

/// How long a wrapped link waits at the most when it stalls for good.
const FOR_GOOD: Duration = Duration::from_secs(3600);

impl<L: Link, C: Clock> FaultyLink<L, C> {
    /// Wraps a link. What is left to chance comes from the seed.
    pub fn new(inner: L, clock: C, faults: &[Fault], seed: u64) -> Self {
        let pipe = Pipe::new(faults, Random::of(seed, 0));
        let (faults, early) = (faults.to_vec(), VecDeque::new());
        Self { inner, clock, faults, seed, connections: 0, pipe, early, closed: false }
    }

    /// Tells the link how far the exchange has come: faults at this step happen now.
    pub fn reach(&mut self, step: Step, within: Duration) {
        self.pipe.step(step);
        let _ = self.release(within);
    }

    /// The link inside.
    pub fn into_inner(self) -> L {
        self.inner
    }

    /// Waits while taking what comes.
    fn wait(&mut self, until: Instant) {
        let mut buffer = [0; 1024];
        while !self.closed && self.clock.now() < until {
            match self.inner.receive(&mut buffer, until.since(self.clock.now())) {
                Ok(Received::Bytes(count)) => self.early.extend(buffer.iter().take(count)),
                Ok(Received::Nothing) => {}
                Ok(Received::Closed) | Err(_) => self.closed = true,
            }
        }
    }

    /// Lets out what is due, and waits for what is delayed; says how many bytes the link inside has accepted.
    fn release(&mut self, within: Duration) -> (usize, Result<(), SendError>) {
        let deadline = self.clock.now().after(within);
        let mut accepted = 0_usize;
        loop {
            let now = self.clock.now();
            match self.pipe.poll(now) {
                Leaves::Bytes(bytes) => {
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        match self.inner.send(rest, deadline.since(self.clock.now())) {
                            Ok(count) => {
                                accepted = accepted.saturating_add(count);
                                rest = rest.get(count..).unwrap_or_default();
                            }
                            Err(error) => return (accepted, Err(error)),
                        }
                    }
                }
                Leaves::Cut { .. } => {
                    self.inner.close();
                    self.closed = true;
                }
                Leaves::Finish | Leaves::Wait(None) => return (accepted, Ok(())),
                Leaves::Wait(Some(until)) => self.wait(until),
            }
        }
    }
}

impl<L: Link, C: Clock> Link for FaultyLink<L, C> {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.connect_unless(within, &|| false)
    }

    fn connect_unless(
        &mut self,
        within: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), ConnectError> {
        self.connections = self.connections.wrapping_add(1);
        self.pipe = Pipe::new(&self.faults, Random::of(self.seed, self.connections));
        (self.closed, self.early) = (false, VecDeque::new());
        self.inner.connect_unless(within, is_stopped)?;
        self.reach(Step::Connected, within);
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        if self.faults.is_empty() || bytes.is_empty() {
            return self.inner.send(bytes, within);
        }
        if self.closed {
            return Err(SendError::Closed);
        }
        self.pipe.write(bytes, true);
        match self.release(within) {
            (_, Ok(())) => Ok(bytes.len()),
            (0, Err(error)) => Err(error),
            // How many of these bytes went before the faults is nobody's to say.
            (_, Err(_)) => Err(SendError::Uncertain),
        }
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.inner.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        if let Some(count) = Some(self.early.len().min(buffer.len())).filter(|count| *count > 0) {
            for (slot, byte) in buffer.iter_mut().zip(self.early.drain(..count)) {
                *slot = byte;
            }
            return Ok(Received::Bytes(count));
        }
        if self.pipe.is_dead() && !self.pipe.is_cut() {
            self.wait(self.clock.now().after(within.min(FOR_GOOD)));
            return Ok(Received::Nothing);
        }
        match self.inner.receive(buffer, within)? {
            Received::Bytes(count) => {
                let taken = self.pipe.receive(buffer.get(..count).unwrap_or_default());
                let _ = self.release(within);
                Ok(if taken == 0 { Received::Nothing } else { Received::Bytes(taken) })
            }
            other => Ok(other),
        }
    }

    fn close(&mut self) {
        self.inner.close();
        self.early.clear();
    }

    fn abort(&mut self) {
        self.inner.abort();
        self.early.clear();
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.inner.peer()
    }
}
