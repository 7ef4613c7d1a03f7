//! A shop in virtual time that breaks where it is told to: the real till, the real terminal, the real journal, and a line
//! that is cut at a byte or a till that is killed between two of its calls.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{
    Decision, Dialect, Journal, JournalError, LinkKind, MemoryJournal, Payment, PaymentRequest, Record,
    TerminalId, Till, TransactionId, WallTime,
};
use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use caisse_journal::{Event, LockError, RecordedEvent, TerminalLock};
use caisse_simulator::VirtualWorld;
use caisse_simulator::terminal::Settings;

/// What goes wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// The line goes once so many bytes of the till's have left.
    CutAfterSent(usize, Cut),
    /// The line goes once so many bytes of the terminal's have arrived.
    CutAfterReceived(usize, Cut),
    /// The till is killed at this call of link or journal; each has a moment before and one after.
    Kill(usize),
}

/// How a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The system knows.
    Reset,
    /// What the till sends arrives no more, what the terminal sends still does; nobody knows.
    OneWay,
    /// Nothing arrives any more, and nobody knows.
    Silence,
}

pub const CUTS: [Cut; 3] = [Cut::Reset, Cut::OneWay, Cut::Silence];

/// What the till and its journal do is counted here, and ends where it has to.
#[derive(Clone)]
pub struct Fate {
    trouble: Trouble,
    calls: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    received: Arc<AtomicUsize>,
    /// Called once, at the moment of the trouble, inside the call of link or journal.
    at_trouble: Arc<Mutex<Option<Act>>>,
}

/// What somebody else does at the moment of the trouble.
type Act = Box<dyn FnOnce() + Send>;

/// How a killed till leaves: no word, no clean-up but what the system does for any dead process.
struct Killed;

impl Fate {
    pub fn new(trouble: Trouble) -> Self {
        let (calls, sent, received) = (Arc::default(), Arc::default(), Arc::default());
        Self { trouble, calls, sent, received, at_trouble: Arc::default() }
    }

    /// Calls this at the moment of the trouble.
    pub fn at_trouble(self, act: impl FnOnce() + Send + 'static) -> Self {
        Self { at_trouble: Arc::new(Mutex::new(Some(Box::new(act)))), ..self }
    }

    fn strike(&self) {
        let act = self.at_trouble.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
    }

    /// Strikes if the line has gone.
    fn notice(&self) {
        if self.cut().is_some() {
            self.strike();
        }
    }

    fn moment(&self) {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.trouble == Trouble::Kill(call) {
            self.strike();
            resume_unwind(Box::new(Killed));
        }
    }

    fn cut(&self) -> Option<Cut> {
        match self.trouble {
            Trouble::CutAfterSent(most, cut) if self.sent.load(Ordering::SeqCst) >= most => Some(cut),
            Trouble::CutAfterReceived(most, cut) if self.received.load(Ordering::SeqCst) >= most => Some(cut),
            _ => None,
        }
    }
}

/// A line that goes where it is told to.
pub struct FatedLink<L> {
    inner: L,
    pause: Box<dyn Fn(Duration) + Send>,
    fate: Fate,
    gone: bool,
    waiting: bool,
    /// Whether the line that was cut has been opened anew: nothing more happens to it.
    healed: bool,
    opened: bool,
}

impl<L: Link> FatedLink<L> {
    fn cut(&self) -> Option<Cut> {
        self.fate.cut().filter(|_| !self.healed)
    }

    fn gone(&mut self) -> bool {
        if self.cut() == Some(Cut::Reset) && !self.gone {
            self.gone = true;
            self.inner.close();
        }
        self.gone
    }
}

impl<L: Link> Link for FatedLink<L> {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.fate.moment();
        self.fate.notice();
        if self.opened && self.cut().is_some() {
            (self.healed, self.gone) = (true, false);
        }
        self.opened = true;
        if self.gone() {
            return Err(ConnectError::Unreachable);
        }
        let result = self.inner.connect(within);
        self.fate.moment();
        result
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.fate.moment();
        self.waiting = false;
        if self.gone() {
            return Err(SendError::Closed);
        }
        let room = match self.fate.trouble {
            Trouble::CutAfterSent(most, _) if !self.healed => {
                most.saturating_sub(self.fate.sent.load(Ordering::SeqCst))
            }
            _ => usize::MAX,
        };
        let (cut, arriving) = (self.cut(), bytes.len().min(room));
        let accepted = match (self.fate.trouble, cut) {
            // What a dead line takes goes nowhere.
            (_, Some(Cut::OneWay | Cut::Silence)) => bytes.len(),
            (Trouble::CutAfterSent(_, Cut::OneWay | Cut::Silence), None) if !self.healed => {
                let _ = self.inner.send(&bytes[..arriving], within)?;
                bytes.len()
            }
            _ => self.inner.send(&bytes[..arriving], within)?,
        };
        self.fate.sent.fetch_add(accepted, Ordering::SeqCst);
        self.fate.notice();
        self.fate.moment();
        Ok(accepted)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        if self.gone() { Err(DrainError::Closed) } else { self.inner.drain(within) }
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        // A wait in which nothing comes is one moment, however often it is looked at.
        if !self.waiting {
            self.fate.moment();
        }
        self.waiting = true;
        if self.gone() {
            return Err(ReceiveError);
        }
        let room = match self.fate.trouble {
            Trouble::CutAfterReceived(most, _) if !self.healed => {
                most.saturating_sub(self.fate.received.load(Ordering::SeqCst)).max(1).min(buffer.len())
            }
            _ => buffer.len(),
        };
        if self.cut() == Some(Cut::Silence) {
            // Time passes all the same, and the terminal lives.
            (self.pause)(within);
            return Ok(Received::Nothing);
        }
        let result = self.inner.receive(&mut buffer[..room], within);
        if let Ok(Received::Bytes(count)) = result {
            self.fate.received.fetch_add(count, Ordering::SeqCst);
            self.fate.notice();
        }
        if result != Ok(Received::Nothing) {
            self.fate.moment();
            self.waiting = false;
        }
        result
    }

    fn close(&mut self) {
        self.inner.close();
    }

    fn abort(&mut self) {
        self.inner.abort();
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.inner.peer()
    }
}

/// A journal whose till is killed where it is told to be.
pub struct FatedJournal {
    inner: Box<dyn Journal>,
    fate: Fate,
    locks: Locks,
}

/// Which locks a journal has.
enum Locks {
    Own,
    /// Its own, and nobody waits for one in real time.
    Hurried,
    /// Those of another path, which exclude nobody here: a mistake.
    Other(MemoryJournal),
}

/// A journal that reports a lock that another till holds as one that cannot be had, so that nobody waits for it in real time.
pub fn hurried(journal: Box<dyn Journal>) -> FatedJournal {
    FatedJournal { inner: journal, fate: Fate::new(Trouble::None), locks: Locks::Hurried }
}

/// A journal that was opened by another path, so that its locks exclude nobody.
pub fn unlocked(journal: Box<dyn Journal>) -> FatedJournal {
    let locks = Locks::Other(MemoryJournal::new());
    FatedJournal { inner: journal, fate: Fate::new(Trouble::None), locks }
}

impl Journal for FatedJournal {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        match (&self.locks, self.inner.lock(terminal)) {
            (Locks::Other(locks), _) => locks.lock(terminal),
            (Locks::Hurried, Err(LockError::Busy)) => Err(LockError::Io { what: "no time to wait".into() }),
            (_, locked) => locked,
        }
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        if let Event::Disputed(_) = event {
            return self.inner.append(id, event, at);
        }
        self.fate.moment();
        let result = self.inner.append(id, event, at);
        self.fate.moment();
        result
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.inner.find(id)
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        self.inner.unresolved(terminal)
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        self.inner.list()
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.inner.events(id)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.inner.resolve(lock, id, decision, at)
    }
}

/// One shop: a terminal that lives, a journal that stays, tills that come and go.
pub struct Shop<'j> {
    pub world: VirtualWorld<'static>,
    pub dialect: Dialect,
    pub kind: LinkKind,
    pub exclusive: bool,
    pub journal: &'j dyn Fn() -> Box<dyn Journal>,
}

impl Shop<'_> {
    pub fn tcp(settings: Settings) -> VirtualWorld<'static> {
        VirtualWorld::tcp(settings)
    }

    /// The storage of a frame lives as long as the world does: for ever, in a test.
    pub fn serial(settings: Settings) -> VirtualWorld<'static> {
        VirtualWorld::serial(settings, Box::leak(Box::new([0; 512])))
    }

    fn till_of(&self, fate: &Fate, journal: Box<dyn Journal>) -> Till {
        let world = self.world.clone();
        let (link, journal) = fated(fate, self.world.line(), move |time| world.run_for(time), journal);
        Till::builder()
            .link(link, self.kind)
            .clock(self.world.clone())
            .terminal_id("counter")
            .dialect(self.dialect)
            .exclusive(self.exclusive)
            .journal(journal)
            .build()
            .unwrap()
    }

    /// A till to which nothing happens.
    pub fn till(&self) -> Till {
        self.till_in(Trouble::None)
    }

    /// A till in trouble, all its life.
    pub fn till_in(&self, trouble: Trouble) -> Till {
        self.till_of(&Fate::new(trouble), (self.journal)())
    }

    /// A till beside it, with such locks.
    pub fn second_till(&self, locks: fn(Box<dyn Journal>) -> FatedJournal) -> Till {
        self.till_of(&Fate::new(Trouble::None), Box::new(locks((self.journal)())))
    }

    /// A payment in trouble. A till that was killed leaves nothing but its journal; one that lives is given back. Also how
    /// many moments, sent and received bytes there were.
    pub fn pay(&self, request: &PaymentRequest, trouble: Trouble) -> (Option<(Till, Payment)>, [usize; 3]) {
        self.pay_fated(request, &Fate::new(trouble))
    }

    /// The same with this fate.
    pub fn pay_fated(&self, request: &PaymentRequest, fate: &Fate) -> (Option<(Till, Payment)>, [usize; 3]) {
        let mut till = self.till_of(fate, (self.journal)());
        let lived = unless_killed(move || {
            let payment = till.pay(request).unwrap();
            (till, payment)
        });
        let counts = [&fate.calls, &fate.sent, &fate.received].map(|count| count.load(Ordering::SeqCst));
        (lived, counts)
    }
}

/// What comes of it, if the till is not killed meanwhile.
pub fn unless_killed<T>(act: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(done) => Some(done),
        Err(why) if why.is::<Killed>() => None,
        Err(why) => resume_unwind(why),
    }
}

/// Line and journal of one till with this fate; `pause` lets time pass on a line that is dead.
pub fn fated<L: Link>(
    fate: &Fate,
    link: L,
    pause: impl Fn(Duration) + Send + 'static,
    journal: Box<dyn Journal>,
) -> (FatedLink<L>, FatedJournal) {
    let link = FatedLink {
        inner: link,
        pause: Box::new(pause),
        fate: fate.clone(),
        gone: false,
        waiting: false,
        healed: false,
        opened: false,
    };
    (link, FatedJournal { inner: journal, fate: fate.clone(), locks: Locks::Own })
}
