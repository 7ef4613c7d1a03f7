//! What the threads of one virtual terminal share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use caisse_hal::{Address, Clock, Instant, SystemClock};
use caisse_link::Limits;

use crate::ledger::Charge;
use crate::terminal::{Event, Happened, Terminal};

type EventListener = Box<dyn Fn(&Happened) + Send + Sync>;
type ChargeListener = Box<dyn Fn(&Charge) + Send + Sync>;
type PlaceListener = Box<dyn Fn(&Address) + Send + Sync>;

/// Whom to tell what.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) events: Vec<EventListener>,
    pub(crate) charges: Vec<ChargeListener>,
    pub(crate) places: Vec<PlaceListener>,
}

pub(crate) struct Shared {
    stop: AtomicBool,
    terminal: Mutex<Terminal>,
    clock: SystemClock,
    address: Mutex<Address>,
    /// Where a request ends on TCP.
    pub(crate) request: Limits,
    listeners: Listeners,
    /// The number of the last event that was told.
    told: AtomicU64,
    telling: Mutex<()>,
    /// Who is telling: a listener that does something at the terminal must not wait for itself.
    teller: Mutex<Option<ThreadId>>,
}

/// A thread that panicked cannot have left a terminal half changed: each change is one step of its machine.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(terminal: Terminal, address: Address, request: Limits, listeners: Listeners) -> Self {
        Self {
            stop: AtomicBool::new(false),
            terminal: Mutex::new(terminal),
            clock: SystemClock::new(),
            address: Mutex::new(address),
            request,
            listeners,
            told: AtomicU64::new(0),
            telling: Mutex::new(()),
            teller: Mutex::new(None),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn terminal(&self) -> MutexGuard<'_, Terminal> {
        locked(&self.terminal)
    }

    pub(crate) fn address(&self) -> Address {
        locked(&self.address).clone()
    }

    /// The line is now found elsewhere.
    #[cfg_attr(
        not(any(feature = "serial", all(unix, feature = "pty"))),
        expect(dead_code, reason = "a TCP listener stays where it is")
    )]
    pub(crate) fn moved(&self, address: Address) {
        self.listeners.places.iter().for_each(|listener| listener(&address));
        *locked(&self.address) = address;
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether a till can connect now.
    pub(crate) fn is_reachable(&self) -> bool {
        let now = self.now();
        let mut terminal = self.terminal();
        terminal.advance(now);
        terminal.is_reachable()
    }

    /// Does something at the terminal, and tells what came of it.
    pub(crate) fn at_terminal<T>(&self, action: impl FnOnce(&mut Terminal, Instant) -> T) -> T {
        let now = self.now();
        let result = {
            let mut terminal = self.terminal();
            terminal.advance(now);
            action(&mut terminal, now)
        };
        self.tell();
        result
    }

    /// Tells the listeners what has happened, in order and outside the terminal's lock.
    pub(crate) fn tell(&self) {
        let Listeners { events, charges, .. } = &self.listeners;
        if events.is_empty() && charges.is_empty() {
            return;
        }
        if self.terminal().event_count() == self.told.load(Ordering::Acquire) {
            return;
        }
        let me = thread::current().id();
        if *locked(&self.teller) == Some(me) {
            // What a listener has done is told when it has come back.
            return;
        }
        let _one_at_a_time = locked(&self.telling);
        *locked(&self.teller) = Some(me);
        loop {
            let news = self.terminal().events_since(self.told.load(Ordering::Acquire));
            let Some(last) = news.last() else { break };
            news.iter().for_each(|happened| self.tell_one(happened));
            self.told.store(last.number, Ordering::Release);
        }
        *locked(&self.teller) = None;
    }

    fn tell_one(&self, happened: &Happened) {
        let Listeners { events, charges, .. } = &self.listeners;
        events.iter().for_each(|listener| listener(happened));
        if let (Event::Charged(movement), false) = (&happened.event, charges.is_empty()) {
            let charge = self.terminal().ledger().movement(movement.number);
            charge.iter().for_each(|charge| charges.iter().for_each(|listener| listener(charge)));
        }
    }
}
