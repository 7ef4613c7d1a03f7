//! The asynchronous till.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use caisse_hal::{Address, AsyncLink, Clock};
use caisse_journal::{Decision, Journal, JournalError, Order, Place, Record};
use caisse_payment::{Blocked, Register, TerminalId, TransactionId};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Config, Event, LinkKind, Request, TillMachine};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as TaskMutex, Notify, OwnedMutexGuard, watch};
use tokio::task::spawn_blocking;

use super::bridge::Bridge;
use super::driver::Driver;
use super::journal::SharedJournal;
use super::link::AnyLink;
use super::running::{RunningPayment, Told};
use crate::admission::{Admission, Entrance, Refused};
use crate::builder::Parts;
use crate::late::{Ear, Patience};
use crate::recovery::{Inquiry, Memory, Recovered, Told as Heard, busy};
use crate::resolution;
use crate::{BuildError, Builder, CancelHandle, PayError, Payment, PaymentRequest, ResolveError};

/// A till at one terminal, on Tokio. Clones are the same till.
#[derive(Clone)]
pub struct AsyncTill {
    inner: Arc<Inner>,
}

struct Inner {
    line: Arc<TaskMutex<Line>>,
    clock: Box<dyn Clock + Send + Sync>,
    journal: SharedJournal,
    terminal: TerminalId,
    register: Register,
    config: Config,
    exclusive: bool,
    patience: Patience,
    /// The payment that runs, or ran last.
    last: Mutex<Option<RunningPayment>>,
}

/// The way to the terminal, and what is remembered of it. Whoever holds it uses the terminal.
struct Line {
    link: Box<dyn AnyLink>,
    memory: Memory,
}

impl Builder {
    /// The till on Tokio. Nothing is opened yet; the journal is asked what is open, which may block for a moment.
    ///
    /// # Errors
    /// As [`build`](Self::build). A link of your own is given to [`build_async_with`](Self::build_async_with).
    pub fn build_async(self) -> Result<AsyncTill, BuildError> {
        let parts = self.parts()?;
        let link = match parts.address.clone().ok_or(BuildError::NoTerminal)? {
            Address::Tcp(address) => Box::new(match parts.resolved.clone() {
                Some(addresses) => caisse_hal::tokio::TcpLink::with_resolved(address, addresses),
                None => caisse_hal::tokio::TcpLink::new(address),
            }) as Box<dyn AnyLink>,
            Address::Serial(address) => Box::new(caisse_hal::tokio::SerialLink::new(address)),
        };
        Ok(AsyncTill::new(parts, link))
    }

    /// The till on Tokio, with a link of your own; see [`link`](Self::link) for its kind. It needs a
    /// [`terminal_id`](Self::terminal_id).
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_async_with(
        self,
        link: impl AsyncLink + Send + 'static,
        kind: LinkKind,
    ) -> Result<AsyncTill, BuildError> {
        Ok(AsyncTill::new(self.kind(kind).parts()?, Box::new(link)))
    }
}

impl AsyncTill {
    fn new(parts: Parts, link: Box<dyn AnyLink>) -> Self {
        let Parts { clock, journal, terminal, register, config, exclusive, address: _, resolved: _ } = parts;
        let patience = Patience::new(clock.now());
        let place = Place { terminal, address: config.address };
        let line = Line { link, memory: Memory::new(&*journal, &place, clock.now()) };
        Self {
            inner: Arc::new(Inner {
                line: Arc::new(TaskMutex::new(line)),
                clock,
                journal: SharedJournal::new(journal),
                terminal,
                register,
                config,
                exclusive,
                patience,
                last: Mutex::new(None),
            }),
        }
    }

    /// Begins a payment in a task of its own. One payment runs at a time: while one does, another ends as blocked, and the
    /// same id gives the handle of the one that runs.
    ///
    /// # Errors
    /// Only when the request cannot be made at all: an error proves that nothing was sent.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn pay(&self, request: impl Borrow<PaymentRequest>) -> Result<RunningPayment, PayError> {
        request.borrow().check_order()?;
        let order = request.borrow().order().cloned();
        let request = request.borrow().to_request(self.inner.terminal, self.inner.register);
        request.validate(&self.inner.config.dialect)?;
        let (teller, told) = watch::channel(Told::default());
        let (cancel, wake) = (CancelHandle::default(), Arc::new(Notify::new()));
        let payment = RunningPayment::new(request, told, cancel.clone(), Arc::clone(&wake));
        {
            let mut last = self.last();
            match last.as_ref().filter(|last| last.is_running()) {
                // Its handle stays the one that is found.
                Some(running) if running.asks_for(&request) => return Ok(running.clone()),
                Some(_) => {}
                None => *last = Some(payment.clone()),
            }
        }
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let ended = inner.run(request, order, &cancel, &wake, &teller).await;
            let ended = ended.or_else(|refused| refused.into_payment(&request));
            // The request was validated: this is never an error.
            let payment = ended.unwrap_or_else(|_| {
                Payment::blocked(
                    request.id,
                    request.content.operation,
                    request.content.amount,
                    Blocked::JournalUnavailable,
                )
            });
            teller.send_modify(|told| told.payment = Some(payment));
        });
        Ok(payment)
    }

    /// The payment of this id, if it runs or was the last one here. Of others the journal knows: paying under the same id
    /// again gives the recorded outcome, and asks the terminal first where that is unknown and can be proven.
    #[must_use]
    pub fn attach(&self, id: &TransactionId) -> Option<RunningPayment> {
        self.last().clone().filter(|payment| payment.id() == *id)
    }

    /// The id of the terminal.
    #[must_use]
    pub fn terminal(&self) -> TerminalId {
        self.inner.terminal
    }

    /// The transactions of this terminal whose end nobody knows yet, oldest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn unresolved(&self) -> Result<Vec<Record>, JournalError> {
        let (journal, place) = (self.inner.journal.clone(), self.inner.place());
        spawn_blocking(move || journal.unresolved_at(&place)).await.unwrap_or(Err(JournalError::Locked))
    }

    /// Finds out what became of the transactions of this terminal whose end nobody knows, as
    /// [`Till::recover`](crate::Till::recover) does: at the start of a program, and whenever somebody wants to know.
    /// **It occupies the terminal and may print paper.** What was begun goes on when the future is dropped.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn recover(&self) -> Result<Vec<Recovered>, JournalError> {
        self.recover_listening(Duration::ZERO).await
    }

    /// The same, and on a serial line it listens for so long first: see
    /// [`Till::recover_listening`](crate::Till::recover_listening).
    ///
    /// # Errors
    /// As [`recover`](Self::recover).
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn recover_listening(&self, listen: Duration) -> Result<Vec<Recovered>, JournalError> {
        match Arc::clone(&self.inner.line).try_lock_owned() {
            Ok(line) => self.inner.inquire(line, move |inquiry| inquiry.recover(listen)).await.1,
            // A payment runs, or another inquiry does.
            Err(_) => Ok(self.unresolved().await?.into_iter().map(busy).collect()),
        }
    }

    /// Writes what a person found out about a transaction whose end nobody knows, as [`Till::resolve`](crate::Till::resolve)
    /// does. What was begun goes on when the future is dropped.
    ///
    /// # Errors
    /// As [`Till::resolve`](crate::Till::resolve).
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn resolve(&self, id: &TransactionId, decision: &Decision) -> Result<Record, ResolveError> {
        let (mut journal, place) = (self.inner.journal.clone(), self.inner.place());
        let (id, decision) = (*id, decision.clone());
        let resolved = spawn_blocking(move || resolution::resolve(&mut journal, &place, &id, &decision));
        resolved.await.unwrap_or(Err(JournalError::Locked.into()))
    }

    fn last(&self) -> MutexGuard<'_, Option<RunningPayment>> {
        self.inner.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    const fn place(&self) -> Place {
        Place { terminal: self.terminal, address: self.config.address }
    }

    async fn run(
        self: &Arc<Self>,
        request: Request,
        order: Option<Order>,
        cancel: &CancelHandle,
        wake: &Notify,
        told: &watch::Sender<Told>,
    ) -> Result<Payment, Refused> {
        let mut admitted = self.admit(request, order.clone()).await;
        if admitted.as_ref().is_err_and(Refused::is_in_doubt)
            && let Ok(line) = Arc::clone(&self.line).try_lock_owned()
            && line.memory.can_prove_alone(&self.config, self.exclusive)
        {
            told.send_modify(|told| told.events.push(Event::Recovering));
            // A journal that fails now fails again when the payment asks it.
            drop(self.inquire(line, |inquiry| inquiry.recover(Duration::ZERO).map(drop)).await);
            admitted = self.admit(request, order.clone()).await;
        }
        let Entrance { lock, needs_reference } = admitted?;
        let lock = Arc::new(lock);
        let mut line = Arc::clone(&self.line).lock_owned().await;
        if line.memory.is_waiting() {
            // Nothing is open on this terminal: what was waited for has been decided.
            let (again, heard) = self.inquire(line, |inquiry| inquiry.hear_out_pending()).await;
            if heard.map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))? == Heard::Something {
                told.send_modify(|told| told.events.push(Event::LateAnswer));
            }
            line = again;
        }
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), request)?;
        if needs_reference {
            machine.require_reference();
        }
        let mut driver = Driver {
            link: &mut *line.link,
            clock: &*self.clock,
            journal: &self.journal,
            order,
            lock: &lock,
            ear: Ear {
                place: self.place(),
                dialect: self.config.dialect,
                exclusive: self.exclusive,
                running: Some(request.id),
            },
            cancel,
            wake,
            told,
        };
        driver.run(&mut machine).await;
        line.memory.keep(&request, &machine, &self.config, self.clock.now());
        let payment = Payment::at_the_end(&request, &machine)?;
        let journal = self.journal.clone();
        let settled = payment.clone();
        let payment = spawn_blocking(move || settled.settled(&journal)).await.or(Ok(payment));
        drop(lock);
        payment
    }

    /// Asks the journal on a thread that may block.
    async fn admit(&self, request: Request, order: Option<Order>) -> Result<Entrance, Refused> {
        let (config, exclusive, now) = (self.config, self.exclusive, self.clock.now());
        let patience = self.patience.clone();
        let journal = self.journal.clone();
        let admit = move || {
            let admission = Admission { config, exclusive, patience: &patience, now };
            admission.admit(&journal, &request, order.as_ref())
        };
        spawn_blocking(admit).await.unwrap_or(Err(Refused::Blocked(Blocked::JournalUnavailable)))
    }

    /// Inquires on a thread that may block, while the line is held, and gives it back.
    async fn inquire<T: Send + 'static>(
        self: &Arc<Self>,
        mut line: OwnedMutexGuard<Line>,
        inquire: impl FnOnce(&mut Inquiry<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> (OwnedMutexGuard<Line>, Result<T, JournalError>) {
        let (inner, runtime) = (Arc::clone(self), Handle::current());
        let inquiring = move || {
            let Line { link, memory } = &mut *line;
            let mut inquiry = Inquiry {
                link: &mut Bridge { link: &mut **link, runtime },
                clock: &*inner.clock,
                journal: &mut inner.journal.clone(),
                place: inner.place(),
                register: inner.register,
                config: inner.config,
                exclusive: inner.exclusive,
                memory,
            };
            let result = inquire(&mut inquiry);
            (line, result)
        };
        match spawn_blocking(inquiring).await {
            Ok(inquired) => inquired,
            // Only a runtime that goes down ends here: then nobody asks for the line again.
            Err(_) => (Arc::clone(&self.line).lock_owned().await, Err(JournalError::Locked)),
        }
    }
}

impl fmt::Debug for AsyncTill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncTill")
            .field("terminal", &self.inner.terminal)
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
