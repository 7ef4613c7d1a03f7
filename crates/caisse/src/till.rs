//! The till: takes payments on one terminal.

use std::borrow::Borrow;
use std::fmt;

use caisse_hal::{Clock, Link};
use caisse_journal::{
    Admitted, Journal, JournalError, Order, Record, TerminalLock, WallTime, admit, admit_original,
};
use caisse_payment::receipt::{Copy, Format};
use caisse_payment::{Blocked, Outcome, Receipt, Register, TerminalId, Verdict};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Config, Event, Report, Request, RequestError, TillMachine};

use crate::driver::Driver;
use crate::late::late_result_possible;
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
    pub(crate) clock: Box<dyn Clock + Send>,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) terminal: TerminalId,
    pub(crate) register: Register,
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    pub(crate) cancel: CancelHandle,
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

    /// Takes a payment and waits for its end.
    ///
    /// # Errors
    /// Only when the request cannot be made at all: an error proves that nothing was sent. Whatever happens later is an
    /// [`Outcome`].
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
        mut on_event: impl FnMut(Event),
    ) -> Result<Payment, PayError> {
        let order = request.borrow().order();
        let request = request.borrow().to_request(self.terminal, self.register);
        request.validate(&self.config.dialect)?;
        let payment = self.admit(&request, order).and_then(|lock| {
            let payment = self.run(request, order, &mut on_event);
            drop(lock);
            payment
        });
        self.cancel.clear();
        match payment {
            Ok(payment) => Ok(payment),
            Err(Refused::Replay(payment)) => Ok(*payment),
            Err(Refused::Blocked(reason)) => {
                let verdict = Verdict::nothing_sent(Outcome::Blocked { reason });
                Ok(bare(&request, verdict))
            }
            Err(Refused::Request(error)) => Err(error.into()),
        }
    }

    /// Takes the terminal's lock and asks the journal whether the payment may begin.
    fn admit(&self, request: &Request, order: Option<&Order>) -> Result<TerminalLock, Refused> {
        let lock = match admit(&*self.journal, &request.id, &request.content) {
            Admitted::Proceed(lock) => lock,
            Admitted::Replay(record) => return Err(Refused::replay(request, &record)),
            Admitted::Blocked(reason) => return Err(Refused::Blocked(reason)),
        };
        if order.is_none() {
            admit_original(&*self.journal, &request.content, self.exclusive).map_err(Refused::Blocked)?;
        }
        if self.config.has_sessions() {
            let longest = self.config.dialect.longest_transaction;
            let possible = late_result_possible(&*self.journal, &request.content, longest, WallTime::now())
                .map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))?;
            // An echoed reference tells its own answer from a late one.
            let told_apart = self.config.dialect.optional.reference && request.content.reference.is_some();
            if possible && !told_apart {
                return Err(Refused::Blocked(Blocked::LateResultPossible));
            }
        }
        Ok(lock)
    }

    fn run(
        &mut self,
        request: Request,
        order: Option<&Order>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Payment, Refused> {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), request).map_err(Refused::Request)?;
        let mut driver = Driver {
            link: &mut *self.link,
            clock: &*self.clock,
            journal: &mut *self.journal,
            cancel: &self.cancel,
            order,
        };
        driver.run(&mut machine, on_event);
        let Some(report) = machine.report() else {
            // The driver returns at the end only, where there is a report; the start stands in the journal.
            return Err(Refused::Blocked(Blocked::Unresolved));
        };
        let card = report.card();
        Ok(Payment {
            last_four: card.as_ref().and_then(|card| card.last_four()?.as_bytes().try_into().ok()),
            card,
            authorisation: report.authorisation(),
            receipts: receipts(&report),
            journaled: report.journaled(),
            cut: report.is_cut(),
            skipped_fields: report.skipped(),
            late_answers: report.late_answers(),
            ..bare(&request, report.verdict())
        })
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

    /// The transactions of this terminal whose end nobody knows yet, oldest first. While there are any, the terminal
    /// takes no payment.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn unresolved(&self) -> Result<Vec<Record>, JournalError> {
        self.journal.unresolved(&self.terminal)
    }
}

/// Why a payment did not run.
enum Refused {
    Replay(Box<Payment>),
    Blocked(Blocked),
    Request(RequestError),
}

impl Refused {
    fn replay(request: &Request, record: &Record) -> Self {
        Self::Replay(Box::new(Payment {
            last_four: record.end.and_then(|end| end.last_four),
            authorisation: record.end.and_then(|end| end.authorisation),
            replayed: true,
            journaled: true,
            ..bare(request, record.verdict())
        }))
    }
}

const fn bare(request: &Request, verdict: Verdict) -> Payment {
    Payment::bare(request.id, request.content.operation, request.content.amount, verdict)
}

/// The tickets that can be read. One that cannot is not worth an error: the payment stands.
fn receipts(report: &Report<'_>) -> Vec<Receipt> {
    let behind = report.answer().and_then(|answer| answer.receipt_text()).map(|text| {
        // Its characters are those of the line: ASCII.
        Receipt::new(Copy::Customer, Format::Text, String::from_utf8_lossy(text.reveal()).into_owned())
    });
    report.tickets().filter_map(|ticket| ticket.receipt().ok()).chain(behind).collect()
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Till")
            .field("terminal", &self.terminal)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
