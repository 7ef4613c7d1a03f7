//! The till: takes payments on one terminal.

use std::borrow::Borrow;
use std::fmt;

use caisse_hal::{Clock, Link};
use caisse_journal::{DecisionError, Journal, JournalError, Order, Place, Record};
use caisse_payment::{Blocked, Register, TerminalId};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Config, Event, Request, RequestError, TillMachine};

use crate::admission::{Admission, Entrance, Refused};
use crate::driver::Driver;
use crate::late::{Ear, Patience};
use crate::recovery::{Memory, Told};
use crate::{Builder, CancelHandle, Payment, PaymentRequest};

/// A till at one terminal. `pay` blocks until the payment has ended, one way or another.
///
/// ```
/// use caisse::{Amount, Currency, MemoryJournal, Outcome, PaymentRequest, Till};
///
/// let terminal = caisse_simulator::VirtualTerminal::start()?;
/// let mut till = Till::builder().tcp(&terminal.address().to_string()).journal(MemoryJournal::new()).build()?;
/// let payment = till.pay(PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?))?;
/// assert!(matches!(payment.outcome, Outcome::Approved { .. }));
/// assert_eq!(terminal.ledger().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Till {
    pub(crate) link: Box<dyn Link + Send>,
    pub(crate) clock: Box<dyn Clock + Send + Sync>,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) terminal: TerminalId,
    pub(crate) register: Register,
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    pub(crate) cancel: CancelHandle,
    pub(crate) memory: Memory,
    pub(crate) patience: Patience,
}

/// Why a payment could not even begin. Nothing was recorded and nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// The request is not one that can be made.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Who ordered it, or why, is not of the form that the journal keeps.
    #[error(transparent)]
    Order(#[from] DecisionError),
}

impl Till {
    /// Sets up a till.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Takes a payment and waits for its end. The same id again takes no second one: it is told the recorded end; while that is
    /// unknown, the terminal is asked first, where it can prove it by itself.
    ///
    /// # Errors
    /// Only when the request cannot be made at all: an error proves that nothing was sent. Whatever happens later is an
    /// [`Outcome`](caisse_payment::Outcome).
    pub fn pay(&mut self, request: impl Borrow<PaymentRequest>) -> Result<Payment, PayError> {
        self.pay_with(request, |_| {})
    }

    /// Takes a payment and tells where it stands as it goes.
    ///
    /// # Errors
    /// As [`pay`](Self::pay).
    pub fn pay_with(
        &mut self,
        request: impl Borrow<PaymentRequest>,
        on_event: impl FnMut(Event),
    ) -> Result<Payment, PayError> {
        self.pay_reporting(request, on_event, |_| {})
    }

    /// Takes a payment and reports its outcome as soon as it is certain and durable. The call returns when the terminal is
    /// free for the next payment: the till reads on for a moment after an early verdict, 0.3 s after a complete answer, 3 s
    /// after a refusal that repeats little of the request, or until the terminal closes the connection.
    ///
    /// `on_outcome` is called at least once, and again if the payment has changed since: later bytes may contradict the
    /// verdict, which makes the payment [`disputed`](Payment::disputed), or add a card or a receipt. The last call has what
    /// this method returns.
    ///
    /// ```
    /// use caisse::{Amount, Currency, MemoryJournal, PaymentRequest, Till};
    ///
    /// # let terminal = caisse_simulator::VirtualTerminal::start()?;
    /// # let address = terminal.address().to_string();
    /// let mut till = Till::builder().tcp(&address).journal(MemoryJournal::new()).build()?;
    /// let request = PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?);
    /// let mut shown = None;
    /// let payment = till.pay_reporting(request, |_event| {}, |payment| shown = Some(payment.clone()))?;
    /// assert_eq!(shown, Some(payment));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`pay`](Self::pay).
    pub fn pay_reporting(
        &mut self,
        request: impl Borrow<PaymentRequest>,
        mut on_event: impl FnMut(Event),
        mut on_outcome: impl FnMut(&Payment),
    ) -> Result<Payment, PayError> {
        request.borrow().check_order()?;
        let order = request.borrow().order();
        let request = request.borrow().to_request(self.terminal, self.register);
        request.validate(&self.config.dialect)?;
        let mut reported = None;
        let mut report = |payment: Payment| {
            if reported.as_ref() != Some(&payment) {
                on_outcome(&payment);
                reported = Some(payment);
            }
        };
        let payment = self.run(&request, order, &mut on_event, &mut report);
        self.cancel.clear();
        let payment = payment.or_else(|refused| refused.into_payment(&request))?;
        report(payment.clone());
        Ok(payment)
    }

    fn run(
        &mut self,
        request: &Request,
        order: Option<&Order>,
        on_event: &mut dyn FnMut(Event),
        report: &mut dyn FnMut(Payment),
    ) -> Result<Payment, Refused> {
        let mut entrance = self.admission().admit(&*self.journal, request, order);
        if entrance.as_ref().is_err_and(Refused::is_in_doubt)
            && self.memory.can_prove_alone(&self.config, self.exclusive)
        {
            on_event(Event::Recovering);
            // A journal that fails now fails again when the payment asks it.
            let _ = self.recover();
            entrance = self.admission().admit(&*self.journal, request, order);
        }
        let Entrance { lock, needs_reference } = entrance?;
        // Nothing is open on this terminal: what was waited for has been decided.
        let heard = self.inquiry().hear_out_pending();
        if heard.map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))? == Told::Something {
            on_event(Event::LateAnswer);
        }
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), *request)?;
        if needs_reference {
            machine.require_reference();
        }
        let mut driver = Driver {
            link: &mut *self.link,
            clock: &*self.clock,
            journal: &mut *self.journal,
            cancel: &self.cancel,
            order,
            lock: &lock,
            ear: Ear {
                place: Place { terminal: self.terminal, address: self.config.address },
                dialect: self.config.dialect,
                exclusive: self.exclusive,
                running: Some(request.id),
            },
        };
        driver.run(&mut machine, on_event, &mut |machine| {
            // There is a report by now.
            if let Ok(payment) = Payment::at_the_end(request, machine) {
                report(payment);
            }
        });
        let payment = Payment::at_the_end(request, &machine).map(|it| it.settled(&*self.journal));
        self.memory.keep(request, &machine, &self.config, self.clock.now());
        drop(lock);
        payment
    }

    fn admission(&self) -> Admission<'_> {
        let now = self.clock.now();
        Admission { config: self.config, exclusive: self.exclusive, patience: &self.patience, now }
    }

    /// A handle with which another thread, or the handler of a signal, asks the running payment to stop.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// The id of the terminal.
    #[must_use]
    pub const fn terminal(&self) -> TerminalId {
        self.terminal
    }

    /// The journal, to list what is in it.
    #[must_use]
    pub fn journal(&self) -> &dyn Journal {
        &*self.journal
    }

    /// The transactions of this terminal whose end nobody knows yet, oldest first, under whichever name it has been used. While
    /// there are any, the terminal takes no payment.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn unresolved(&self) -> Result<Vec<Record>, JournalError> {
        self.journal.unresolved_at(&self.place())
    }

    /// The newest transaction that reached this terminal, if it is disputed. Until a person has settled it the terminal takes
    /// no payment: the next one would destroy the evidence that the terminal still shows.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn contested(&self) -> Result<Option<Record>, JournalError> {
        caisse_journal::contested(&*self.journal, &self.place())
    }

    pub(crate) const fn place(&self) -> Place {
        Place { terminal: self.terminal, address: self.config.address }
    }
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Till")
            .field("terminal", &self.terminal)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
