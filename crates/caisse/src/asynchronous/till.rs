//! The asynchronous till.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caisse_hal::{Address, AsyncLink, Clock};
use caisse_journal::{JournalError, Order, Record};
use caisse_payment::{Blocked, Register, TerminalId, TransactionId};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Config, LinkKind, Request, TillMachine};
use tokio::sync::{Mutex as TaskMutex, Notify, watch};
use tokio::task::spawn_blocking;

use super::driver::{Driver, SharedJournal};
use super::link::AnyLink;
use super::running::{RunningPayment, Told};
use crate::admission::{Admission, Refused};
use crate::builder::Parts;
use crate::{BuildError, Builder, CancelHandle, PayError, Payment, PaymentRequest};

/// A till at one terminal, on Tokio. Clones are the same till.
#[derive(Clone)]
pub struct AsyncTill {
    inner: Arc<Inner>,
}

struct Inner {
    link: TaskMutex<Box<dyn AnyLink>>,
    clock: Box<dyn Clock + Send + Sync>,
    journal: SharedJournal,
    terminal: TerminalId,
    register: Register,
    config: Config,
    exclusive: bool,
    /// The payment that runs, or ran last.
    last: Mutex<Option<RunningPayment>>,
}

impl Builder {
    /// The till on Tokio. Nothing is opened yet.
    ///
    /// # Errors
    /// As [`build`](Self::build). A link of your own is given to [`build_async_with`](Self::build_async_with).
    pub fn build_async(self) -> Result<AsyncTill, BuildError> {
        let parts = self.parts()?;
        let link = match parts.address.clone().ok_or(BuildError::NoTerminal)? {
            Address::Tcp(address) => Box::new(caisse_hal::tokio::TcpLink::new(address)) as Box<dyn AnyLink>,
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
        let Parts { clock, journal, terminal, register, config, exclusive, address: _ } = parts;
        Self {
            inner: Arc::new(Inner {
                link: TaskMutex::new(link),
                clock,
                journal: Arc::new(Mutex::new(journal)),
                terminal,
                register,
                config,
                exclusive,
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
    /// again gives the recorded outcome.
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
        let inner = Arc::clone(&self.inner);
        let read = move || {
            let journal = inner.journal.lock().unwrap_or_else(PoisonError::into_inner);
            journal.unresolved(&inner.terminal)
        };
        spawn_blocking(read).await.unwrap_or(Err(JournalError::Locked))
    }

    fn last(&self) -> MutexGuard<'_, Option<RunningPayment>> {
        self.inner.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    async fn run(
        self: &Arc<Self>,
        request: Request,
        order: Option<Order>,
        cancel: &CancelHandle,
        wake: &Notify,
        told: &watch::Sender<Told>,
    ) -> Result<Payment, Refused> {
        let (admission, journal) =
            (Admission { config: self.config, exclusive: self.exclusive }, Arc::clone(&self.journal));
        let asked = order.clone();
        let admitted = spawn_blocking(move || {
            let journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            admission.admit(&**journal, &request, asked.as_ref())
        });
        let lock = admitted.await.unwrap_or(Err(Refused::Blocked(Blocked::JournalUnavailable)))?;
        let mut link = self.link.lock().await;
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), request)?;
        let mut driver = Driver {
            link: &mut **link,
            clock: &*self.clock,
            journal: &self.journal,
            order,
            cancel,
            wake,
            told,
        };
        driver.run(&mut machine).await;
        let payment = Payment::at_the_end(&request, &machine);
        drop(lock);
        payment
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
