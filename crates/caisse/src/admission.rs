//! May a payment begin? The same for every driver.

use std::time::Duration;

use caisse_journal::{
    Admitted, Journal, JournalError, OperatorOverride, Record, State, TerminalKey, TerminalLock, admit,
    admit_original, last_reached,
};
use caisse_payment::{Blocked, Transaction, Verdict};
use caisse_settlement::attribute::MAX_BACK;
use caisse_settlement::late::{LateResults, decided_alike, late_results};
use caisse_transaction::{Config, Instant, Request, RequestError};

use crate::late::SettlementDelay;
use crate::{PayError, Payment};

/// What the answer depends on beside the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) config: Config,
    pub(crate) exclusive: bool,
    pub(crate) delay: &'a SettlementDelay,
    pub(crate) now: Instant,
}

impl Admission<'_> {
    /// Takes the terminal's lock and asks the journal whether the payment may begin.
    pub(crate) fn admit(
        self,
        journal: &dyn Journal,
        request: &Request,
        operator_override: Option<&OperatorOverride>,
    ) -> Result<AdmittedPayment, Refused> {
        let lock = match admit(journal, &request.transaction) {
            Admitted::Proceed(lock) => lock,
            Admitted::Replay(record) => return Err(Refused::Replay(record)),
            Admitted::Blocked(reason) => return Err(Refused::Blocked(reason)),
        };
        if operator_override.is_none() {
            admit_original(journal, &request.transaction, self.exclusive).map_err(Refused::Blocked)?;
        }
        match self.late_results(journal, &request.transaction) {
            Ok(LateResults::None) => Ok(AdmittedPayment { lock, needs_reference: false }),
            Ok(LateResults::ToldApartByReference) => Ok(AdmittedPayment { lock, needs_reference: true }),
            Ok(LateResults::Possible) => Err(Refused::Blocked(Blocked::LateResultPossible)),
            Err(_) => Err(Refused::Blocked(Blocked::JournalUnavailable)),
        }
    }

    /// Looks for results of decided transactions that the terminal may still report on a line with sessions.
    fn late_results(self, journal: &dyn Journal, asked: &Transaction) -> Result<LateResults, JournalError> {
        if !self.config.has_sessions() {
            return Ok(LateResults::None);
        }
        let longest = self.config.dialect.longest_transaction;
        let key = TerminalKey::from(asked);
        let last = last_reached(journal, &key, MAX_BACK)?;
        let mut possible = Vec::new();
        for record in decided_alike(&last, &key, asked) {
            let (id, events) = (record.id(), journal.events(&record.id())?);
            if self.delay.may_still_come(&id, &events, longest, self.now) {
                possible.push(record);
            }
        }
        Ok(late_results(&possible, asked, self.config.dialect.optional.reference))
    }
}

/// How often a payment that waits for another attempt of its id looks again.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// How long a payment waits for another attempt of its id. Each look counts at least a [`GLANCE`], so that a clock that stands
/// still ends the wait too.
pub(crate) struct WaitForFirstAttempt {
    until: Instant,
    looks: u128,
}

impl WaitForFirstAttempt {
    /// Begins the wait, up to the time limit of the payment itself.
    pub(crate) fn new(now: Instant, timeout: Duration) -> Self {
        Self { until: now.after(timeout), looks: timeout.as_millis().div_ceil(GLANCE.as_millis()) }
    }

    /// Whether to wait for another look.
    pub(crate) fn goes_on(&mut self, now: Instant) -> bool {
        self.looks = self.looks.saturating_sub(1);
        self.looks > 0 && now < self.until
    }
}

/// What a payment begins with.
pub(crate) struct AdmittedPayment {
    /// The terminal, held.
    pub(crate) lock: TerminalLock,
    /// Whether an answer counts only with the reference of the payment.
    pub(crate) needs_reference: bool,
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
    /// Whether a transaction whose end nobody knows is in the way, or is the very one that is asked for: then it is looked
    /// into first, where the terminal can tell.
    pub(crate) fn is_in_doubt(&self) -> bool {
        match self {
            Self::Replay(record) => record.state() == State::Unresolved,
            Self::Blocked(reason) => *reason == Blocked::Unresolved,
            Self::Request(_) => false,
        }
    }

    /// Whether the transaction of the same id is under way in another process or till: its outcome can be waited for.
    pub(crate) fn is_in_flight_elsewhere(&self) -> bool {
        matches!(self, Self::Blocked(Blocked::InFlightElsewhere))
    }

    /// Returns why a payment that has waited for another attempt of its id does not begin. The first attempt is over, and the
    /// journal lets the id begin again; but whoever waited for an outcome is told that outcome, and charges nobody.
    pub(crate) fn after_first_attempt(journal: &dyn Journal, request: &Request) -> Self {
        match journal.find(&request.transaction.id) {
            Ok(Some(record)) => Self::Replay(Box::new(record)),
            Ok(None) => Self::Blocked(Blocked::Busy),
            Err(_) => Self::Blocked(Blocked::JournalUnavailable),
        }
    }

    /// What the application is told.
    pub(crate) fn into_payment(self, request: &Request) -> Result<Payment, PayError> {
        match self {
            Self::Replay(record) => Ok(Payment::replayed(request, &record)),
            Self::Blocked(reason) => Ok(Payment::of(request, Verdict::blocked(reason))),
            Self::Request(error) => Err(error.into()),
        }
    }
}
