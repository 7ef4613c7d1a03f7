//! The till: takes payments on one terminal.

use std::fmt;

use caisse_codec::Answer;
use caisse_hal::{Clock, Link};
use caisse_journal::{Admitted, Journal, JournalError, Record, TerminalLock, admit};
use caisse_payment::{Blocked, Outcome, Receipt, Register, TerminalId, Verdict};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Config, Event, Request, RequestError, TillMachine};

use crate::driver::Driver;
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
    pub fn pay(&mut self, request: PaymentRequest) -> Result<Payment, PayError> {
        self.pay_with(request, |_| {})
    }

    /// Takes a payment and tells where it stands as it goes.
    ///
    /// # Errors
    /// As [`pay`](Self::pay).
    pub fn pay_with(
        &mut self,
        request: PaymentRequest,
        mut on_event: impl FnMut(Event),
    ) -> Result<Payment, PayError> {
        let request = request.to_request(self.terminal, self.register);
        request.validate()?;
        let payment = self.admit(&request).and_then(|lock| {
            let payment = self.run(request, &mut on_event);
            drop(lock);
            payment
        });
        self.cancel.clear();
        match payment {
            Ok(payment) => Ok(payment),
            Err(Refused::Replay(payment)) => Ok(*payment),
            Err(Refused::Blocked(reason)) => {
                let verdict = Verdict::nothing_sent(Outcome::Blocked { reason });
                Ok(Payment::bare(request.id, request.content.amount, verdict))
            }
            Err(Refused::Request(error)) => Err(error.into()),
        }
    }

    /// Takes the terminal's lock and asks the journal whether the payment may begin.
    fn admit(&self, request: &Request) -> Result<TerminalLock, Refused> {
        match admit(&*self.journal, &request.id, &request.content) {
            Admitted::Proceed(lock) => Ok(lock),
            Admitted::Replay(record) => Err(Refused::replay(request, &record)),
            Admitted::Blocked(reason) => Err(Refused::Blocked(reason)),
        }
    }

    fn run(&mut self, request: Request, on_event: &mut dyn FnMut(Event)) -> Result<Payment, Refused> {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TillMachine::new(self.config, &mut storage);
        machine.start(self.clock.now(), request).map_err(Refused::Request)?;
        let mut driver = Driver {
            link: &mut *self.link,
            clock: &*self.clock,
            journal: &mut *self.journal,
            cancel: &self.cancel,
        };
        driver.run(&mut machine, on_event);
        let Some(report) = machine.report() else {
            // The driver returns at the end only, where there is a report; the start stands in the journal.
            return Err(Refused::Blocked(Blocked::Unresolved));
        };
        let answer = report.answer();
        let card = report.card();
        Ok(Payment {
            last_four: card.as_ref().and_then(|card| card.last_four()?.as_bytes().try_into().ok()),
            card,
            authorisation: report.authorisation(),
            receipts: receipts(&answer),
            journaled: report.journaled(),
            cut: report.is_cut(),
            skipped_fields: report.skipped(),
            ..Payment::bare(request.id, request.content.amount, report.verdict())
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
            ..Payment::bare(request.id, request.content.amount, record.verdict())
        }))
    }
}

/// The tickets that can be read. One that cannot is not worth an error: the payment stands.
fn receipts(answer: &Answer<'_>) -> Vec<Receipt> {
    answer.tickets().filter_map(|ticket| ticket.receipt().ok()).collect()
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Till")
            .field("terminal", &self.terminal)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
