//! The asynchronous till.

use std::borrow::Borrow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use caisse_hal::{Address, AsyncLink, Clock};
use caisse_journal::{Decision, Journal, JournalError, OperatorOverride, Record, TerminalKey};
use caisse_payment::{Blocked, PaymentMeans, Register, TerminalId, Transaction, TransactionId};
use caisse_settlement::TerminalIdentity;
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
use crate::admission::{Admission, AdmittedPayment, GLANCE, Refused, WaitForFirstAttempt};
use crate::builder::Parts;
use crate::late::{LateResultFiler, SettlementDelay};
use crate::reach::Reach;
use crate::recovery::{Inquiry, Recovered, RecoveryState, Told as Heard, busy};
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
    key: TerminalKey,
    register: Register,
    config: Config,
    exclusive: bool,
    at_new_address: bool,
    /// Where the terminal is, unless the link is the caller's own.
    at: Option<Address>,
    delay: SettlementDelay,
    /// Ends a recovery.
    recovery: CancelHandle,
    /// Whether a payment has reported its outcome and still reads the line.
    reads_on: AtomicBool,
    /// The payment that runs, or ran last.
    last: Mutex<Option<RunningPayment>>,
}

/// The part of a payment in which its outcome may be reported before the terminal is free.
struct Reading<'a>(&'a AtomicBool);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The way to the terminal, and what is remembered of it. Whoever holds it uses the terminal.
struct Line {
    link: Box<dyn AnyLink>,
    memory: RecoveryState,
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
        let Parts {
            clock,
            journal,
            key,
            register,
            config,
            exclusive,
            at_new_address,
            address: at,
            resolved: _,
        } = parts;
        let delay = SettlementDelay::new(clock.now());
        let line = Line { link, memory: RecoveryState::new(&*journal, &key, clock.now()) };
        Self {
            inner: Arc::new(Inner {
                line: Arc::new(TaskMutex::new(line)),
                clock,
                journal: SharedJournal::new(journal),
                key,
                register,
                config,
                exclusive,
                at_new_address,
                at,
                delay,
                recovery: CancelHandle::default(),
                reads_on: AtomicBool::new(false),
                last: Mutex::new(None),
            }),
        }
    }

    /// Begins a payment in a task of its own. One payment runs at a time: while one does, another ends as blocked, and the
    /// same id gives the handle of the one that runs. A payment that has reported its outcome still reads the line for a
    /// moment; the next one begins after it.
    ///
    /// # Errors
    /// Only when the request cannot be made at all: an error proves that nothing was sent.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn pay(&self, request: impl Borrow<PaymentRequest>) -> Result<RunningPayment, PayError> {
        let (person, waits) = (request.borrow().operator_override().cloned(), request.borrow().waits());
        let Inner { key, register, config, .. } = &*self.inner;
        let request = request.borrow().bind(key, *register, &config.dialect)?;
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
            let ended = inner.run(request, person, waits, &cancel, &wake, &teller).await;
            let ended = ended.or_else(|refused| refused.into_payment(&request));
            // The request was validated: this is never an error.
            let payment = ended.unwrap_or_else(|_| {
                let Transaction { id, operation, amount, .. } = request.transaction;
                Payment::blocked(id, operation, amount, Blocked::JournalUnavailable)
            });
            teller.send_modify(|told| {
                told.payment = Some(payment);
                told.is_over = true;
            });
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
        self.inner.key.terminal
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
        self.inner.until_free().await;
        match Arc::clone(&self.inner.line).try_lock_owned() {
            Ok(line) => {
                let cancel = self.inner.recovery.clone();
                let inquire = move |inquiry: &mut Inquiry<'_>| {
                    let recovered = inquiry.recover(listen);
                    inquiry.cancel.clear();
                    recovered
                };
                self.inner.inquire(line, cancel, inquire).await.1
            }
            // A payment runs, or another inquiry does.
            Err(_) => Ok(self.unresolved().await?.into_iter().map(busy).collect()),
        }
    }

    /// Ends a recovery that runs, or the next one: what is not proven by then stays open.
    pub fn stop_recovery(&self) {
        self.inner.recovery.cancel();
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
    const fn place(&self) -> TerminalKey {
        self.key
    }

    const fn reach(&self) -> Reach<'_> {
        Reach { key: self.key, at: self.at.as_ref() }
    }

    /// The terminal as it is reached now. The system is asked on a thread that may block.
    async fn identity(self: &Arc<Self>) -> TerminalIdentity {
        let inner = Arc::clone(self);
        let asked = spawn_blocking(move || inner.reach().identity()).await;
        // Only a runtime that goes down ends here.
        asked.unwrap_or_else(|_| TerminalIdentity::new(PaymentMeans::CaisseAp, self.key.terminal))
    }

    async fn run(
        self: &Arc<Self>,
        request: Request,
        operator_override: Option<OperatorOverride>,
        waits: bool,
        cancel: &CancelHandle,
        wake: &Notify,
        told: &watch::Sender<Told>,
    ) -> Result<Payment, Refused> {
        self.until_free().await;
        let mut admitted = self.admit(request, operator_override.clone()).await;
        let mut has_waited = false;
        if waits && admitted.as_ref().is_err_and(Refused::is_in_flight_elsewhere) {
            has_waited = true;
            told.send_modify(|told| told.events.push(Event::Waiting));
            admitted = self.wait_for_first_attempt(request, operator_override.clone(), cancel, wake).await;
        }
        if admitted.as_ref().is_err_and(Refused::is_in_doubt)
            && let Ok(line) = Arc::clone(&self.line).try_lock_owned()
            && line.memory.can_prove_alone(&self.config, self.exclusive)
        {
            told.send_modify(|told| told.events.push(Event::Recovering));
            // A journal that fails now fails again when the payment asks it.
            drop(
                self.inquire(line, cancel.clone(), |inquiry| inquiry.recover(Duration::ZERO).map(drop)).await,
            );
            admitted = self.admit(request, operator_override.clone()).await;
        }
        if has_waited && admitted.is_ok() {
            drop(admitted);
            let journal = self.journal.clone();
            let look = spawn_blocking(move || Refused::after_first_attempt(&journal, &request));
            return Err(look.await.unwrap_or(Refused::Blocked(Blocked::JournalUnavailable)));
        }
        let mut admitted = admitted?;
        let _reading = Reading(&self.reads_on);
        let mut line = Arc::clone(&self.line).lock_owned().await;
        if line.memory.is_waiting() {
            // Nothing is open on this terminal: what was waited for has been decided.
            let (again, heard) =
                self.inquire(line, cancel.clone(), |inquiry| inquiry.hear_out_pending()).await;
            if heard.map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))? == Heard::Something {
                told.send_modify(|told| told.events.push(Event::LateAnswer));
                // It may contradict what was decided: then a person has to look before anything else is sent.
                drop(admitted);
                admitted = self.admit(request, operator_override.clone()).await?;
            }
            line = again;
        }
        let AdmittedPayment { lock, needs_reference } = admitted;
        let lock = Arc::new(lock);
        let mut storage = [0; MOST_STORAGE];
        let terminal = self.identity().await;
        let transaction = Transaction { usb: terminal.usb, ..request.transaction };
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), Request { transaction, ..request })?;
        if needs_reference {
            machine.require_reference();
        }
        let mut driver = Driver {
            link: &mut *line.link,
            clock: &*self.clock,
            journal: &self.journal,
            operator_override,
            lock: &lock,
            filer: LateResultFiler {
                terminal,
                dialect: self.config.dialect,
                exclusive: self.exclusive,
                running: Some(transaction.id),
            },
            cancel,
            wake,
            told,
        };
        let report = |machine: &TillMachine<'_>| {
            // There is a report by now.
            if let Ok(payment) = Payment::at_the_end(&request, machine) {
                self.reads_on.store(true, Ordering::Release);
                told.send_modify(|told| told.payment = Some(payment));
            }
        };
        driver.run(&mut machine, &report).await;
        line.memory.keep(&request, &machine, &self.config, self.clock.now());
        let payment = Payment::at_the_end(&request, &machine)?;
        let journal = self.journal.clone();
        let settled = payment.clone();
        let payment = spawn_blocking(move || settled.settled(&journal)).await.or(Ok(payment));
        drop(lock);
        payment
    }

    /// Waits while a payment that has reported its outcome still reads the line.
    async fn until_free(&self) {
        while self.reads_on.load(Ordering::Acquire) {
            // Whoever pays holds the line to its end.
            drop(self.line.lock().await);
        }
    }

    /// Waits while the transaction of this id is under way elsewhere, and holds no lock meanwhile.
    async fn wait_for_first_attempt(
        &self,
        request: Request,
        operator_override: Option<OperatorOverride>,
        cancel: &CancelHandle,
        wake: &Notify,
    ) -> Result<AdmittedPayment, Refused> {
        let mut wait = WaitForFirstAttempt::new(self.clock.now(), self.config.answer_timeout);
        loop {
            let goes_on = !cancel.is_requested() && wait.goes_on(self.clock.now());
            if goes_on {
                tokio::select! {
                    () = tokio::time::sleep(GLANCE) => {}
                    () = wake.notified() => {}
                }
            }
            let admitted = self.admit(request, operator_override.clone()).await;
            if !goes_on || !admitted.as_ref().is_err_and(Refused::is_in_flight_elsewhere) {
                return admitted;
            }
        }
    }

    /// Asks the journal on a thread that may block.
    async fn admit(
        &self,
        request: Request,
        operator_override: Option<OperatorOverride>,
    ) -> Result<AdmittedPayment, Refused> {
        let (config, exclusive, now) = (self.config, self.exclusive, self.clock.now());
        let delay = self.delay.clone();
        let journal = self.journal.clone();
        let admit = move || {
            let admission = Admission { config, exclusive, delay: &delay, now };
            admission.admit(&journal, &request, operator_override.as_ref())
        };
        spawn_blocking(admit).await.unwrap_or(Err(Refused::Blocked(Blocked::JournalUnavailable)))
    }

    /// Inquires on a thread that may block, while the line is held, and gives it back.
    async fn inquire<T: Send + 'static>(
        self: &Arc<Self>,
        mut line: OwnedMutexGuard<Line>,
        cancel: CancelHandle,
        inquire: impl FnOnce(&mut Inquiry<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> (OwnedMutexGuard<Line>, Result<T, JournalError>) {
        let (inner, runtime) = (Arc::clone(self), Handle::current());
        let inquiring = move || {
            let Line { link, memory } = &mut *line;
            let mut inquiry = Inquiry {
                link: &mut Bridge { link: &mut **link, runtime },
                clock: &*inner.clock,
                journal: &mut inner.journal.clone(),
                reach: inner.reach(),
                at_new_address: inner.at_new_address,
                register: inner.register,
                config: inner.config,
                exclusive: inner.exclusive,
                memory,
                cancel: &cancel,
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
            .field("terminal", &self.inner.key.terminal)
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
