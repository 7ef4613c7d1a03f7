//! May a payment begin? The same for every driver.

use caisse_journal::{Admitted, Journal, Order, Record, TerminalLock, WallTime, admit, admit_original};
use caisse_payment::{Blocked, Outcome, TerminalId, Verdict};
use caisse_transaction::{Config, Request, RequestError};

use crate::late::{last_reached, late_result_possible};
use crate::{PayError, Payment};

/// What the answer depends on beside the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    /// The earliest time that it can be.
    pub(crate) now: WallTime,
}

impl Admission {
    /// Takes the terminal's lock and asks the journal whether the payment may begin.
    pub(crate) fn admit(
        self,
        journal: &dyn Journal,
        request: &Request,
        order: Option<&Order>,
    ) -> Result<TerminalLock, Refused> {
        let lock = match admit(journal, &request.id, &request.content) {
            Admitted::Proceed(lock) => lock,
            Admitted::Replay(record) => return Err(Refused::Replay(record)),
            Admitted::Blocked(reason) => return Err(Refused::Blocked(reason)),
        };
        if order.is_none() {
            admit_original(journal, &request.content, self.exclusive).map_err(Refused::Blocked)?;
        }
        if self.config.has_sessions() {
            let longest = self.config.dialect.longest_transaction;
            let possible = late_result_possible(journal, &request.content, longest, self.now)
                .map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))?;
            // An echoed reference tells its own answer from a late one.
            let told_apart = self.config.dialect.optional.reference && request.content.reference.is_some();
            if possible && !told_apart {
                return Err(Refused::Blocked(Blocked::LateResultPossible));
            }
        }
        Ok(lock)
    }

    /// The transaction before, whose result may still be told on a line with sessions.
    pub(crate) fn earlier(
        self,
        journal: &dyn Journal,
        terminal: &TerminalId,
    ) -> Result<Option<Record>, Refused> {
        if !self.config.has_sessions() {
            return Ok(None);
        }
        last_reached(journal, terminal).map_err(|_| Refused::Blocked(Blocked::JournalUnavailable))
    }
}

/// Why a payment did not run.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It took place before.
    Replay(Box<Record>),
    /// The till refuses.
    Blocked(Blocked),
    /// It cannot be asked for.
    Request(RequestError),
}

impl From<RequestError> for Refused {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl Refused {
    /// What the application is told.
    pub(crate) fn into_payment(self, request: &Request) -> Result<Payment, PayError> {
        match self {
            Self::Replay(record) => Ok(Payment::replayed(request, &record)),
            Self::Blocked(reason) => {
                Ok(Payment::of(request, Verdict::nothing_sent(Outcome::Blocked { reason })))
            }
            Self::Request(error) => Err(error.into()),
        }
    }
}
