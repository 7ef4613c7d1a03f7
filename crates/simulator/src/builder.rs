//! Sets up a virtual terminal.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use caisse_hal::Address;
use caisse_hal::tcp::TcpAddress;
use caisse_link::Limits;
use caisse_payment::Currency;
use caisse_transaction::terminal::REQUEST;

use crate::VirtualTerminal;
use crate::fault::Fault;
use crate::ledger::{Charge, Ledger};
use crate::persona::Persona;
use crate::script::{Scenario, Script};
use crate::shared::{Listeners, Shared};
use crate::terminal::{Happened, Settings, Terminal};
use crate::transport;

/// On which line the terminal is reached.
#[derive(Debug)]
enum Place {
    Tcp(SocketAddr),
    #[cfg(all(unix, feature = "pty"))]
    Pty,
    #[cfg(feature = "serial")]
    Serial(caisse_hal::serial::SerialAddress),
}

/// Sets up a [`VirtualTerminal`].
pub struct Builder {
    place: Place,
    settings: Settings,
    request: Limits,
    listeners: Listeners,
    #[cfg(feature = "control")]
    control: Option<crate::control::Settings>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            place: Place::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
            settings: Settings::default(),
            request: REQUEST,
            listeners: Listeners::default(),
            #[cfg(feature = "control")]
            control: None,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("place", &self.place)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Where to listen on TCP; a free port of 127.0.0.1 unless told otherwise.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.place = Place::Tcp(address);
        self
    }

    /// On a pseudo-terminal: the till opens its path as a serial port.
    #[cfg(all(unix, feature = "pty"))]
    #[must_use]
    pub fn pty(mut self) -> Self {
        self.place = Place::Pty;
        self
    }

    /// On a serial or USB port of this machine.
    #[cfg(feature = "serial")]
    #[must_use]
    pub fn serial(mut self, address: caisse_hal::serial::SerialAddress) -> Self {
        self.place = Place::Serial(address);
        self
    }

    /// Which terminal is played; PayXpert's unless told otherwise.
    #[must_use]
    pub fn dialect(mut self, persona: Persona) -> Self {
        self.settings.persona = persona;
        self
    }

    /// What to answer; approvals unless told otherwise.
    #[must_use]
    pub fn answer(mut self, script: Script) -> Self {
        self.settings.script = script;
        self
    }

    /// What goes wrong in every transaction: adds one fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.settings.faults.push(fault);
        self
    }

    /// Where chance begins; 0 unless told otherwise.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// How long the card holder takes; no time unless told otherwise.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.settings.latency = latency;
        self
    }

    /// How long the bank takes; no time unless told otherwise.
    #[must_use]
    pub fn authorisation(mut self, time: Duration) -> Self {
        self.settings.authorisation = time;
        self
    }

    /// How long the ticket takes to print, before the answer leaves; no time unless told otherwise.
    #[must_use]
    pub fn printing(mut self, time: Duration) -> Self {
        self.settings.printing = time;
        self
    }

    /// The card comes when [`VirtualTerminal::present_card`] says so. After a minute without one the terminal gives up
    /// with 08.
    #[must_use]
    pub fn manual_card(mut self) -> Self {
        self.settings.manual_card = true;
        self
    }

    /// The currencies that it takes; every one unless told otherwise. Others are refused with 13.
    #[must_use]
    pub fn currencies(mut self, currencies: &[Currency]) -> Self {
        self.settings.currencies = currencies.to_vec();
        self
    }

    /// How long silence ends a request on TCP, once all its mandatory fields are there; 50 ms unless told otherwise. With
    /// no time at all the request ends there: optional fields that come later are lost.
    #[must_use]
    pub fn request_quiet(mut self, quiet: Duration) -> Self {
        self.request.quiet = quiet;
        self
    }

    /// What a file says: dialect, seed, times, faults and turns. What the file does not say stays.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        let settings = &mut self.settings;
        settings.persona = scenario.persona.unwrap_or(settings.persona);
        settings.seed = scenario.seed.unwrap_or(settings.seed);
        settings.latency = scenario.latency.unwrap_or(settings.latency);
        settings.authorisation = scenario.authorisation.unwrap_or(settings.authorisation);
        settings.printing = scenario.printing.unwrap_or(settings.printing);
        settings.faults.extend(scenario.faults);
        settings.script = scenario.script;
        self
    }

    /// What to call at each charge, before it is answered.
    #[must_use]
    pub fn on_charge(mut self, listener: impl Fn(&Charge) + Send + Sync + 'static) -> Self {
        self.listeners.charges.push(Box::new(listener));
        self
    }

    /// What to call at each event, in their order.
    #[must_use]
    pub fn on_event(mut self, listener: impl Fn(&Happened) + Send + Sync + 'static) -> Self {
        self.listeners.events.push(Box::new(listener));
        self
    }

    /// What to call when the line has moved: a pseudo-terminal that was cut comes back under another path.
    #[must_use]
    pub fn on_move(mut self, listener: impl Fn(&Address) + Send + Sync + 'static) -> Self {
        self.listeners.places.push(Box::new(listener));
        self
    }

    /// Serves the HTTP interface with which a test in any language steers the terminal. Only addresses of the loopback
    /// are taken.
    #[cfg(feature = "control")]
    #[must_use]
    pub fn control(mut self, address: SocketAddr) -> Self {
        self.control = Some(crate::control::Settings { address, beyond_loopback: false });
        self
    }

    /// The same on any address. **Whoever reaches it steers the terminal: there is no password.**
    #[cfg(feature = "control")]
    #[must_use]
    pub fn control_beyond_loopback(mut self, address: SocketAddr) -> Self {
        self.control = Some(crate::control::Settings { address, beyond_loopback: true });
        self
    }

    /// Plugs it in.
    ///
    /// # Errors
    /// When the address is taken or not one of this machine, or the port does not open.
    #[cfg_attr(not(feature = "control"), expect(unused_mut, reason = "control listens to events"))]
    pub fn start(mut self) -> io::Result<VirtualTerminal> {
        let terminal = Terminal::new(self.settings, Ledger::new());
        #[cfg(feature = "control")]
        let control = match self.control {
            Some(settings) => Some(crate::control::Server::bind(settings, &mut self.listeners)?),
            None => None,
        };
        let (shared, listener, serving) = match self.place {
            Place::Tcp(address) => {
                let listener = TcpListener::bind(address)?;
                let local = listener.local_addr()?;
                let address = Address::Tcp(TcpAddress::new(&local.ip().to_string(), local.port()));
                let shared = Arc::new(Shared::new(terminal, address, self.request, self.listeners));
                let serving = Arc::clone(&shared);
                let thread = thread::Builder::new().name("virtual terminal".into());
                let thread = thread.spawn(move || transport::serve_tcp(listener, local, &serving))?;
                (shared, Some(local), thread)
            }
            #[cfg(all(unix, feature = "pty"))]
            Place::Pty => serve_port(transport::Port::pty()?, terminal, self.request, self.listeners)?,
            #[cfg(feature = "serial")]
            Place::Serial(address) => {
                serve_port(transport::Port::serial(&address)?, terminal, self.request, self.listeners)?
            }
        };
        #[cfg(feature = "control")]
        let control = control.map(|bound| bound.serve(&shared, listener)).transpose()?;
        Ok(VirtualTerminal {
            shared,
            listener,
            serving: Some(serving),
            #[cfg(feature = "control")]
            control,
        })
    }
}

#[cfg(any(feature = "serial", all(unix, feature = "pty")))]
fn serve_port(
    port: transport::Port,
    terminal: Terminal,
    request: Limits,
    listeners: Listeners,
) -> io::Result<(Arc<Shared>, Option<SocketAddr>, thread::JoinHandle<()>)> {
    let address = port.address().ok_or_else(|| io::Error::other("the port has no path"))?;
    let shared = Arc::new(Shared::new(terminal, address, request, listeners));
    let serving = Arc::clone(&shared);
    let thread = thread::Builder::new().name("virtual terminal".into());
    let thread = thread.spawn(move || transport::serve_port(port, &serving))?;
    Ok((shared, None, thread))
}
