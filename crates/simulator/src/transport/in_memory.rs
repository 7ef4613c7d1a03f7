//! A terminal and its line in virtual time: no socket, no thread, no waiting. A till runs against it through
//! [`Link`] and [`Clock`], and time passes only while the till waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use caisse_hal::{Clock, ConnectError, DrainError, Instant, Link, ReceiveError, Received, SendError};
use caisse_link::Limits;
use caisse_link::serial::SerialConfig;
use caisse_transaction::terminal::REQUEST;

use crate::conversation::{Conversation, Framed, Plain, earlier};
use crate::fault::Leaves;
use crate::ledger::Ledger;
use crate::persona::Generation;
use crate::terminal::{Settings, Terminal};

/// A shop in virtual time: one terminal, and a line to it. Cloning gives another handle on the same one.
///
/// The same seed and the same calls give the same bytes at the same moments, however fast the machine is.
///
/// ```
/// use caisse_hal::{Clock, Link, Received};
/// use caisse_simulator::VirtualWorld;
/// use caisse_simulator::terminal::Settings;
/// use std::time::Duration;
///
/// let settings = Settings { latency: Duration::from_secs(45), ..Settings::default() };
/// let shop = VirtualWorld::tcp(settings);
/// let mut link = shop.line();
/// link.connect(Duration::from_secs(1))?;
/// link.send(b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978", Duration::from_secs(1))?;
/// let mut buffer = [0; 512];
/// let Received::Bytes(count) = link.receive(&mut buffer, Duration::from_secs(180))? else { panic!() };
/// assert!(buffer[..count].starts_with(b"CZ0040300"));
/// assert!(shop.now().millis() >= 45_000); // three quarters of a minute in no time
/// assert_eq!(shop.ledger().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct VirtualWorld<'s> {
    world: Arc<Mutex<World<'s>>>,
    ledger: Ledger,
}

/// The till's end of the line.
///
/// On TCP each [`connect`](Link::connect) is a new connection, and several tills may each have one. On a serial line it opens the port, which the terminal does
/// not see; what the terminal sends while it is closed is lost. Dropping it, as a till that is killed does, closes it.
pub struct VirtualLine<'s> {
    world: VirtualWorld<'s>,
    open: bool,
    number: LineNumber,
}

/// The number of a till's end of the line.
type LineNumber = u64;

/// The number of a serial line, whoever has the port open.
const SERIAL: LineNumber = 0;

/// Bytes on their way to a till.
#[derive(Default)]
struct Incoming {
    inbox: VecDeque<Vec<u8>>,
    /// How the line ends after the inbox.
    end: Option<End>,
}

impl Incoming {
    fn is_empty(&self) -> bool {
        self.inbox.is_empty() && self.end.is_none()
    }
}

struct World<'s> {
    terminal: Terminal,
    now: Instant,
    kind: Kind<'s>,
    /// The lines that are open.
    incoming: BTreeMap<LineNumber, Incoming>,
    /// The number of the newest line.
    lines: LineNumber,
    to_till: u64,
    from_till: u64,
    /// When something is due next, if nobody does anything; nothing when somebody has.
    due: Option<Due>,
}

/// The next moment at which something happens, if there is one.
type Due = Option<Instant>;

enum Kind<'s> {
    /// The connections, each with the line of its till. Those without go on by themselves.
    Tcp { connections: Vec<(Option<LineNumber>, Box<Plain>)>, limits: Limits },
    /// The line, and how many tills have the port open: what comes while nobody has is lost.
    Serial(Box<Framed<'s>>, usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Broken,
}

impl std::fmt::Debug for VirtualWorld<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let world = self.world();
        f.debug_struct("VirtualWorld")
            .field("now", &world.now)
            .field("terminal", &world.terminal)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for VirtualLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualLine").field("open", &self.open).finish_non_exhaustive()
    }
}

impl<'s> VirtualWorld<'s> {
    /// A terminal of 3.x on TCP. Its request ends where [`REQUEST`] says.
    #[must_use]
    pub fn tcp(settings: Settings) -> Self {
        Self::build(settings, Kind::Tcp { connections: Vec::new(), limits: REQUEST })
    }

    /// A terminal on a serial line, of any generation. The storage holds one body: 512 bytes.
    #[must_use]
    pub fn serial(settings: Settings, storage: &'s mut [u8]) -> Self {
        Self::serial_with(settings, SerialConfig::TERMINAL, storage)
    }

    /// A terminal on a serial line with other timers.
    #[must_use]
    pub fn serial_with(settings: Settings, config: SerialConfig, storage: &'s mut [u8]) -> Self {
        Self::build(settings, Kind::Serial(Box::new(Framed::new(config, true, storage)), 0))
    }

    fn build(settings: Settings, kind: Kind<'s>) -> Self {
        let ledger = Ledger::new();
        let mut settings = settings;
        if matches!(kind, Kind::Tcp { .. }) {
            // Framed messages over TCP need a line that lives as long as its connection: take a serial one.
            settings.persona.generation = Generation::Three;
        }
        let terminal = Terminal::new(settings, ledger.clone());
        let world = World {
            terminal,
            now: Instant::default(),
            kind,
            incoming: BTreeMap::new(),
            lines: SERIAL,
            to_till: 0,
            from_till: 0,
            due: None,
        };
        Self { world: Arc::new(Mutex::new(world)), ledger }
    }

    fn world(&self) -> MutexGuard<'_, World<'s>> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The till's end of the line, closed. On TCP a new one is a new till.
    #[must_use]
    pub fn line(&self) -> VirtualLine<'s> {
        let mut world = self.world();
        if let Kind::Tcp { .. } = world.kind {
            world.lines = world.lines.saturating_add(1);
        }
        VirtualLine { world: self.clone(), open: false, number: world.lines }
    }

    /// What the terminal has charged.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Lets time pass without a till.
    pub fn run_for(&self, time: Duration) {
        let mut world = self.world();
        let until = world.now.after(time);
        world.run_until(until, None);
    }

    /// Does something at the terminal.
    pub fn at_terminal<T>(&self, action: impl FnOnce(&mut Terminal, Instant) -> T) -> T {
        let mut world = self.world();
        let now = world.now;
        world.terminal.advance(now);
        world.due = None;
        action(&mut world.terminal, now)
    }

    /// How many bytes have come to the till, on all its connections.
    #[must_use]
    pub fn bytes_to_till(&self) -> u64 {
        self.world().to_till
    }

    /// How many bytes the till has sent, on all its connections.
    #[must_use]
    pub fn bytes_from_till(&self) -> u64 {
        self.world().from_till
    }
}

impl Clock for VirtualWorld<'_> {
    fn now(&self) -> Instant {
        self.world().now
    }
}

impl World<'_> {
    /// Runs everything that is due now; gives back when something is due next.
    fn step(&mut self) -> Due {
        let now = self.now;
        let Self { terminal, kind, incoming, to_till, .. } = self;
        let mut next = terminal.deadline();
        let mut drive = |conversation: &mut dyn Conversation, line: Option<LineNumber>| {
            let mut heard = line.and_then(|line| incoming.get_mut(&line));
            conversation.advance(now, terminal);
            loop {
                match conversation.poll(now, terminal) {
                    Leaves::Bytes(bytes) => {
                        if let Some(heard) = heard.as_mut().filter(|heard| heard.end.is_none()) {
                            *to_till = to_till.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
                            heard.inbox.push_back(bytes);
                        }
                    }
                    Leaves::Finish => {
                        if let Some(heard) = heard.as_mut() {
                            heard.end = heard.end.or(Some(End::Closed));
                        }
                    }
                    Leaves::Cut { reset } => {
                        if let Some(heard) = heard.as_mut() {
                            heard.end = Some(if reset { End::Broken } else { End::Closed });
                        }
                        conversation.handle_closed(now, terminal);
                    }
                    Leaves::Wait(until) => {
                        next = earlier(next, until);
                        break;
                    }
                }
            }
            let over = conversation.is_over(now);
            if over && heard.is_none() {
                conversation.close(terminal);
            }
            over
        };
        match kind {
            Kind::Serial(framed, open) => {
                drive(framed.as_mut(), Some(SERIAL).filter(|_| *open > 0));
            }
            Kind::Tcp { connections, .. } => {
                // A till's own connection stays until the till lets it go.
                connections.retain_mut(|(line, plain)| !drive(plain.as_mut(), *line) || line.is_some());
            }
        }
        self.due = Some(next);
        next
    }

    /// Whether anything has come on this line.
    fn has_come(&self, line: Option<LineNumber>) -> bool {
        line.and_then(|line| self.incoming.get(&line)).is_some_and(|incoming| !incoming.is_empty())
    }

    /// Runs until this moment, or until something has come on this line.
    fn run_until(&mut self, until: Instant, line: Option<LineNumber>) {
        // Nothing at all happens until then.
        let is_quiet = self.due.is_some_and(|due| due.is_none_or(|due| due > until));
        if is_quiet && !self.has_come(line) {
            self.now = self.now.max(until);
            return;
        }
        loop {
            let next = self.step();
            if self.has_come(line) || self.now >= until {
                return;
            }
            let soonest = self.now.after(Duration::from_millis(1));
            let next = next.map_or(until, |next| next.max(soonest)).min(until);
            self.now = next;
        }
    }

    fn conversation(&mut self, line: LineNumber) -> Option<(&mut dyn Conversation, &mut Terminal)> {
        let Self { terminal, kind, .. } = self;
        match kind {
            Kind::Serial(framed, _) => Some((framed.as_mut(), terminal)),
            Kind::Tcp { connections, .. } => {
                let own = connections.iter_mut().find(|(owner, _)| *owner == Some(line));
                own.map(|(_, plain)| (plain.as_mut() as &mut dyn Conversation, terminal))
            }
        }
    }

    fn hang_up(&mut self, line: LineNumber) {
        let now = self.now;
        if let Kind::Tcp { .. } = self.kind
            && let Some((conversation, terminal)) = self.conversation(line)
        {
            conversation.handle_closed(now, terminal);
        }
        match &mut self.kind {
            Kind::Tcp { connections, .. } => {
                for (owner, _) in connections {
                    *owner = owner.filter(|owner| *owner != line);
                }
                self.incoming.remove(&line);
            }
            Kind::Serial(_, open) => {
                *open = open.saturating_sub(1);
                self.incoming.insert(SERIAL, Incoming::default());
            }
        }
        self.step();
    }
}

impl Link for VirtualLine<'_> {
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        self.close();
        let mut world = self.world.world();
        let now = world.now;
        world.terminal.advance(now);
        let World { terminal, kind, .. } = &mut *world;
        match kind {
            Kind::Tcp { .. } if !terminal.is_reachable() => return Err(ConnectError::Refused),
            Kind::Tcp { connections, limits } => {
                connections.push((Some(self.number), Box::new(Plain::new(now, *limits, terminal))));
            }
            Kind::Serial(_, open) => *open = open.saturating_add(1),
        }
        world.incoming.entry(self.number).or_default();
        world.step();
        drop(world);
        self.open = true;
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], _: Duration) -> Result<usize, SendError> {
        let mut world = self.world.world();
        let is_broken = world.incoming.get(&self.number).is_some_and(|it| it.end == Some(End::Broken));
        if !self.open || is_broken {
            return Err(SendError::Closed);
        }
        let now = world.now;
        world.from_till = world.from_till.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        if let Some((conversation, terminal)) = world.conversation(self.number) {
            conversation.handle_input(now, bytes, terminal);
        }
        world.step();
        Ok(bytes.len())
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        if self.open { Ok(()) } else { Err(DrainError::Closed) }
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let mut world = self.world.world();
        if !self.open {
            return Err(ReceiveError);
        }
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        let until = world.now.after(within);
        world.run_until(until, Some(self.number));
        let is_tcp = matches!(world.kind, Kind::Tcp { .. });
        let Some(incoming) = world.incoming.get_mut(&self.number) else { return Ok(Received::Nothing) };
        if let Some(mut bytes) = incoming.inbox.pop_front() {
            let count = bytes.len().min(buffer.len());
            for (slot, byte) in buffer.iter_mut().zip(bytes.drain(..count)) {
                *slot = byte;
            }
            if !bytes.is_empty() {
                incoming.inbox.push_front(bytes);
            }
            return Ok(Received::Bytes(count));
        }
        match incoming.end {
            Some(End::Closed) if is_tcp => Ok(Received::Closed),
            Some(_) => Err(ReceiveError),
            None => Ok(Received::Nothing),
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.world.world().hang_up(self.number);
        }
    }
}

impl Drop for VirtualLine<'_> {
    fn drop(&mut self) {
        self.close();
    }
}
