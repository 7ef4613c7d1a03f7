//! The till: takes payments on one terminal.

use std::borrow::Borrow;
use std::fmt;
use std::thread;
use std::time::Duration;

use caisse_hal::{Address, Clock, Link};
use caisse_journal::{Journal, JournalError, OperatorOverride, Record, TerminalKey, last_reached};
use caisse_payment::{Blocked, Register, TerminalId, Transaction};
use caisse_settlement::admit::is_contested;
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Config, Event, Request, RequestError, TillMachine};

use crate::admission::{Admission, AdmittedPayment, GLANCE, Refused, WaitForFirstAttempt};
use crate::driver::Driver;
use crate::late::{LateResultFiler, SettlementDelay};
use crate::reach::Reach;
use crate::recovery::{RecoveryState, Told};
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
    pub(crate) key: TerminalKey,
    pub(crate) register: Register,
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    pub(crate) at_new_address: bool,
    /// Where the terminal is, unless the link is the caller's own.
    pub(crate) at: Option<Address>,
    pub(crate) cancel: CancelHandle,
    pub(crate) memory: RecoveryState,
    pub(crate) delay: SettlementDelay,
}

/// Why a payment could not even begin. Nothing was recorded and nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// The request is not one that can be made.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl Till {
    /// Sets up a till.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Takes a payment and waits for its end. Reusing an id returns the recorded outcome; nothing is charged again. While that
    /// outcome is unknown, the terminal is asked first, where it can prove it by itself. While the first attempt is under way in
    /// another process or till, its outcome is waited for: see [`PaymentRequest::without_waiting`].
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
        let (person, waits) = (request.borrow().operator_override(), request.borrow().waits());
        let request = request.borrow().bind(&self.key, self.register, &self.config.dialect)?;
        let mut reported = None;
        let mut report = |payment: Payment| {
            if reported.as_ref() != Some(&payment) {
                on_outcome(&payment);
                reported = Some(payment);
            }
        };
        let payment = self.run(&request, person, waits, &mut on_event, &mut report);
        self.cancel.clear();
        let payment = payment.or_else(|refused| refused.into_payment(&request))?;
        report(payment.clone());
        Ok(payment)
    }

    fn run(
        &mut self,
        request: &Request,
        operator_override: Option<&OperatorOverride>,
        waits: bool,
        on_event: &mut dyn FnMut(Event),
        report: &mut dyn FnMut(Payment),
    ) -> Result<Payment, Refused> {
        let mut entrance = self.admission().admit(&*self.journal, request, operator_override);
        let mut has_waited = false;
        if waits && entrance.as_ref().is_err_and(Refused::is_in_flight_elsewhere) {
            has_waited = true;
            on_event(Event::Waiting);
            entrance = self.wait_for_first_attempt(request, operator_override);
        }
        if entrance.as_ref().is_err_and(Refused::is_in_doubt)
            && self.memory.can_prove_alone(&self.config, self.exclusive)
        {
            on_event(Event::Recovering);
            // A journal that fails now fails again when the payment asks it.
            let _ = self.inquiry().recover(Duration::ZERO);
            entrance = self.admission().admit(&*self.journal, request, operator_override);
        }
        if has_waited && entrance.is_ok() {
            drop(entrance);
            return Err(Refused::after_first_attempt(&*self.journal, request));
        }
        let mut admitted = entrance?;
        // Nothing is open on this terminal: what was waited for has been decided.
        let heard = self.inquiry().hear_out_pending();
        if heard.map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))? == Told::Something {
            on_event(Event::LateAnswer);
            // It may contradict what was decided: then a person has to look before anything else is sent.
            drop(admitted);
            admitted = self.admission().admit(&*self.journal, request, operator_override)?;
        }
        let AdmittedPayment { lock, needs_reference } = admitted;
        let mut storage = [0; MOST_STORAGE];
        let terminal = self.reach().identity();
        let transaction = Transaction { usb: terminal.usb, ..request.transaction };
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), Request { transaction, ..*request })?;
        if needs_reference {
            machine.require_reference();
        }
        let mut driver = Driver {
            link: &mut *self.link,
            clock: &*self.clock,
            journal: &mut *self.journal,
            cancel: &self.cancel,
            operator_override,
            lock: &lock,
            filer: LateResultFiler {
                terminal,
                dialect: self.config.dialect,
                exclusive: self.exclusive,
                running: Some(transaction.id),
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

    /// Waits while the transaction of this id is under way elsewhere, and holds no lock meanwhile.
    fn wait_for_first_attempt(
        &self,
        request: &Request,
        operator_override: Option<&OperatorOverride>,
    ) -> Result<AdmittedPayment, Refused> {
        let mut wait = WaitForFirstAttempt::new(self.clock.now(), self.config.answer_timeout);
        loop {
            let goes_on = !self.cancel.is_requested() && wait.goes_on(self.clock.now());
            if goes_on {
                thread::sleep(GLANCE);
            }
            let entrance = self.admission().admit(&*self.journal, request, operator_override);
            if !goes_on || !entrance.as_ref().is_err_and(Refused::is_in_flight_elsewhere) {
                return entrance;
            }
        }
    }

    fn admission(&self) -> Admission<'_> {
        let now = self.clock.now();
        Admission { config: self.config, exclusive: self.exclusive, delay: &self.delay, now }
    }

    /// A handle with which another thread, or the handler of a signal, asks the running payment to stop.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// The id of the terminal.
    #[must_use]
    pub const fn terminal(&self) -> TerminalId {
        self.key.terminal
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
        let newest = last_reached(&*self.journal, &self.place(), 1)?.pop();
        Ok(newest.filter(is_contested))
    }

    pub(crate) const fn reach(&self) -> Reach<'_> {
        Reach { key: self.key, at: self.at.as_ref() }
    }

    pub(crate) const fn place(&self) -> TerminalKey {
        self.key
    }
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Till")
            .field("terminal", &self.key.terminal)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
