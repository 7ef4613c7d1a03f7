//! What is between a till and its terminal in virtual time: two terminals whose time is one, addresses that lead to them, and
//! a network that holds back what a till sends.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{Clock, Link};
use caisse_hal::{ConnectError, DrainError, Instant, ReceiveError, Received, SendError};
use caisse_simulator::terminal::Terminal;
use caisse_simulator::{VirtualLine, VirtualWorld};

use crate::seat::Location;
use crate::truth::TERMINALS;

/// The terminals of the shop, and the lines to them.
#[derive(Clone)]
pub struct Network {
    terminals: [VirtualWorld<'static>; TERMINALS],
    /// The first terminal has its other address.
    is_moved: Arc<AtomicBool>,
    /// Requests that the network has not delivered yet.
    held: Arc<Mutex<Vec<Held>>>,
}

/// What waits in the machine of a till; nothing once it has left or was thrown away.
type Held = Arc<Mutex<Option<Request>>>;

struct Request {
    wire: Wire,
    bytes: Vec<u8>,
    /// Until when the machine tries to deliver it.
    until: Option<Instant>,
}

impl Network {
    pub fn new(terminals: [VirtualWorld<'static>; TERMINALS]) -> Self {
        Self { terminals, is_moved: Arc::default(), held: Arc::default() }
    }

    /// A line from this address to this terminal.
    pub fn wire(&self, location: Option<Location>, terminal: usize) -> Wire {
        Wire { line: self.terminals[terminal].line(), network: self.clone(), location, terminal }
    }

    pub fn move_terminal(&self) {
        self.is_moved.store(true, Ordering::SeqCst);
    }

    fn leads_to_a_terminal(&self, location: Option<Location>) -> bool {
        let is_moved = self.is_moved.load(Ordering::SeqCst);
        match location {
            Some(Location::First) => !is_moved,
            Some(Location::FirstMoved) => is_moved,
            Some(Location::Second) | None => true,
        }
    }

    /// Lets time pass for everybody.
    pub fn run_for(&self, time: Duration) {
        let until = self.now().after(time);
        for terminal in &self.terminals {
            terminal.run_for(until.since(terminal.now()));
        }
    }

    /// Brings one terminal to the time of the shop.
    fn catch_up(&self, terminal: usize) {
        let terminal = &self.terminals[terminal];
        let lag = self.now().since(terminal.now());
        if !lag.is_zero() {
            terminal.run_for(lag);
        }
    }

    pub fn at_terminal<T>(&self, number: usize, act: impl FnOnce(&mut Terminal) -> T) -> T {
        self.catch_up(number);
        self.terminals[number].at_terminal(|terminal, _| act(terminal))
    }

    /// Delivers what was held back. A connection reaches the terminal with its first byte: some terminals wait for it for as long as
    /// it takes.
    pub fn heal(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        for request in held.into_iter().filter_map(|held| held.lock().unwrap().take()) {
            let Request { mut wire, bytes, until } = request;
            let is_over = until.is_some_and(|until| self.now() > until);
            if !bytes.is_empty()
                && !is_over
                && wire.connect(Duration::ZERO).is_ok()
                && wire.send(&bytes, Duration::ZERO).is_ok()
            {
                // The terminal reads for a moment, and does what it has read.
                self.run_for(Duration::from_secs(1));
            }
        }
    }
}

impl Clock for Network {
    fn now(&self) -> Instant {
        self.terminals.iter().map(Clock::now).max().unwrap_or_default()
    }
}

/// A till's end of a line.
pub struct Wire {
    line: VirtualLine<'static>,
    network: Network,
    location: Option<Location>,
    terminal: usize,
}

impl Link for Wire {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.network.catch_up(self.terminal);
        if !self.network.leads_to_a_terminal(self.location) {
            self.line.close();
            return Err(ConnectError::Unreachable);
        }
        self.line.connect(within)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.network.catch_up(self.terminal);
        self.line.send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.line.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.network.catch_up(self.terminal);
        self.line.receive(buffer, within)
    }

    fn close(&mut self) {
        self.network.catch_up(self.terminal);
        self.line.close();
    }

    fn abort(&mut self) {
        self.network.catch_up(self.terminal);
        self.line.abort();
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.line.peer()
    }
}

/// How long the machine of a till tries to deliver what it has accepted.
const MAX_DELIVERY: Duration = Duration::from_secs(20);

/// A line on which nothing arrives: what the till sends stays in its machine, and leaves once the network carries again, unless
/// the connection was aborted or the machine has given up.
pub struct HeldBack {
    held: Held,
    is_open: bool,
    network: Network,
    mistakes: NetworkMistakes,
}

/// Mistakes of a machine, or of a till.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkMistakes {
    /// An abort does not throw away what still waits.
    pub survives_abort: bool,
    /// The machine never gives up.
    pub has_no_limit: bool,
}

impl HeldBack {
    pub fn new(network: &Network, wire: Wire, mistakes: NetworkMistakes) -> Self {
        let held = Arc::new(Mutex::new(Some(Request { wire, bytes: Vec::new(), until: None })));
        network.held.lock().unwrap().push(Arc::clone(&held));
        Self { held, is_open: false, network: network.clone(), mistakes }
    }
}

impl Link for HeldBack {
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        self.is_open = self.held.lock().unwrap().is_some();
        if self.is_open { Ok(()) } else { Err(ConnectError::Unreachable) }
    }

    fn send(&mut self, bytes: &[u8], _: Duration) -> Result<usize, SendError> {
        match &mut *self.held.lock().unwrap() {
            Some(request) if self.is_open => {
                let limit = self.network.now().after(MAX_DELIVERY);
                request.until = request.until.or(Some(limit).filter(|_| !self.mistakes.has_no_limit));
                request.bytes.extend_from_slice(bytes);
            }
            _ => return Err(SendError::Closed),
        }
        Ok(bytes.len())
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        if self.is_open { Ok(()) } else { Err(DrainError::Closed) }
    }

    fn receive(&mut self, _: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        if !self.is_open {
            return Err(ReceiveError);
        }
        self.network.run_for(within);
        Ok(Received::Nothing)
    }

    fn close(&mut self) {
        self.is_open = false;
    }

    fn abort(&mut self) {
        self.is_open = false;
        if !self.mistakes.survives_abort {
            self.held.lock().unwrap().take();
        }
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        self.abort();
    }
}
