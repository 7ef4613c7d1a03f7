//! The virtual terminal as a TCP server.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use caisse_hal::tcp::{TcpAddress, TcpLink};

use crate::conversation::converse;
use crate::{Charge, Ledger, Script};

/// More connections than a shop has tills; the ones beyond are closed at once.
const MOST_CONNECTIONS: usize = 64;

/// A virtual terminal that listens on TCP until it is dropped.
///
/// ```
/// use caisse_simulator::VirtualTerminal;
///
/// let terminal = VirtualTerminal::start()?; // approves, on a free port of 127.0.0.1
/// assert!(terminal.address().to_string().starts_with("tcp://127.0.0.1:"));
/// assert!(terminal.ledger().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct VirtualTerminal {
    local: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

type ChargeListener = Box<dyn Fn(&Charge) + Send + Sync>;

/// What the connections of one terminal share.
pub(crate) struct Shared {
    pub(crate) stop: AtomicBool,
    pub(crate) ledger: Ledger,
    pub(crate) latency: Duration,
    /// Held by the till whose customer stands at the terminal.
    pub(crate) reader: Mutex<()>,
    script: Mutex<Script>,
    connections: AtomicUsize,
    on_charge: Option<ChargeListener>,
}

impl Shared {
    pub(crate) fn script(&self) -> Script {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn announce(&self, charge: &Charge) {
        if let Some(listener) = &self.on_charge {
            listener(charge);
        }
    }

    /// Says whether the terminal is still on afterwards.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        let started = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let left = time.saturating_sub(started.elapsed());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(Duration::from_millis(20)));
        }
        false
    }
}

/// Sets up a [`VirtualTerminal`].
#[derive(Default)]
pub struct Builder {
    listen: Option<SocketAddr>,
    script: Script,
    latency: Duration,
    on_charge: Option<ChargeListener>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("script", &self.script)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Where to listen; a free port of 127.0.0.1 unless told otherwise.
    #[must_use]
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// What to answer; approvals unless told otherwise.
    #[must_use]
    pub fn answer(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// How long the card holder takes; no time unless told otherwise.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// What to call at each charge, before it is answered.
    #[must_use]
    pub fn on_charge(mut self, listener: impl Fn(&Charge) + Send + Sync + 'static) -> Self {
        self.on_charge = Some(Box::new(listener));
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// When the address is taken or not one of this machine.
    pub fn start(self) -> io::Result<VirtualTerminal> {
        let address = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = TcpListener::bind(address)?;
        let local = listener.local_addr()?;
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            ledger: Ledger::new(),
            latency: self.latency,
            reader: Mutex::new(()),
            script: Mutex::new(self.script),
            connections: AtomicUsize::new(0),
            on_charge: self.on_charge,
        });
        let serving = Arc::clone(&shared);
        let listening = thread::Builder::new().name("virtual terminal".into());
        let listening = Some(listening.spawn(move || serve(&listener, &serving))?);
        Ok(VirtualTerminal { local, shared, listening })
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(link) = stream.and_then(TcpLink::from_stream) else {
            // Out of descriptors, say: better late than in a busy loop.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if shared.connections.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
            shared.connections.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let connection = Arc::clone(shared);
        let spawned = thread::Builder::new().name("virtual terminal: till".into()).spawn(move || {
            converse(link, &connection);
            connection.connections.fetch_sub(1, Ordering::Relaxed);
        });
        if spawned.is_err() {
            shared.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl VirtualTerminal {
    /// A terminal that approves everything, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Sets up another one.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where a till reaches it.
    #[must_use]
    pub fn address(&self) -> TcpAddress {
        TcpAddress::new(&self.local.ip().to_string(), self.local.port())
    }

    /// What it has charged.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Tells it what to answer from now on.
    pub fn set_answer(&self, script: Script) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }
}

impl fmt::Debug for VirtualTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTerminal").field("address", &self.local).finish_non_exhaustive()
    }
}

impl Drop for VirtualTerminal {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the listener from its wait; a terminal that listens everywhere is reached on the loopback.
        let mut address = self.local;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                [0, 0, 0, 0, 0, 0, 0, 1].into()
            });
        }
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
            && let Some(listening) = self.listening.take()
        {
            let _ = listening.join();
        }
    }
}
