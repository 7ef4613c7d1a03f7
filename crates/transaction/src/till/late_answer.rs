//! An answer that comes on TCP after the till has stopped waiting for it.

use caisse_link::{Assembly, Ending, Instant};
use caisse_payment::{Outcome, RawStatus};

use super::judge::AnswerJudge;
use crate::deciding::Echo;
use crate::{Config, Request};

/// Reads the connection of a transaction that ended in silence. The connection was opened for this transaction: what comes
/// on it answers nothing else.
///
/// ```
/// use caisse_payment::{Amount, Currency, Operation, Transaction};
/// use caisse_transaction::till::LateAnswer;
/// use caisse_transaction::{Config, Dialect, Instant, Request};
///
/// let (id, terminal, dialect) = ("sale-1".parse()?, "counter".parse()?, "payxpress".parse()?);
/// let amount = Amount::from_minor(2500, Currency::EUR);
/// let transaction = Transaction::new(id, Operation::Debit, amount, terminal, dialect);
/// let request = Request { transaction, ticket: None, application: None };
/// let mut storage = [0; 512];
/// let mut late = LateAnswer::new(Config::new(Dialect::PAYXPRESS, "012345678901".parse()?), request, &mut storage);
/// let now = Instant::from_millis(200_000);
/// late.handle_input(now, b"CZ0040320CA00201CB0042500CD0010CE003978AE00210");
/// assert_eq!(late.outcome(), None); // more could follow
/// late.handle_closed(now);
/// assert_eq!(late.outcome().map(|outcome| outcome.name()), Some("approved"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LateAnswer<'s> {
    request: Request,
    assembly: Assembly,
    judge: AnswerJudge<'s>,
}

impl<'s> LateAnswer<'s> {
    /// Nothing has come yet. The storage holds the fields of the answer, as for
    /// [`TillMachine`](super::TillMachine::new).
    #[must_use]
    pub fn new(config: Config, request: Request, storage: &'s mut [u8]) -> Self {
        let dialect = config.dialect;
        let mut judge = AnswerJudge::new(storage, true);
        judge.ask(request.ticket.is_some() && dialect.optional.ticket, request.nonce(&dialect));
        Self { request, assembly: Assembly::new(dialect.answer), judge }
    }

    /// Bytes came, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.assembly.handle_input(now, bytes, &mut self.judge);
        }
    }

    /// The terminal closed the connection.
    pub fn handle_closed(&mut self, _now: Instant) {
        self.assembly.handle_closed();
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.assembly.handle_timeout(now);
    }

    /// When silence will end the answer, once some of it has come.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.assembly.deadline()
    }

    /// Whether any of it has come.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.assembly.received() > 0
    }

    /// What the answer proves, once it has ended. A connection that closed without one proves nothing.
    pub fn outcome(&self) -> Option<Outcome> {
        let ending: Ending = self.assembly.ending()?;
        let received = self.assembly.received();
        Some(self.judge.outcome(&self.request.transaction, Echo::MayLack, Some(ending), received))
    }

    /// The status as it stood on the wire.
    #[must_use]
    pub fn raw_status(&self) -> RawStatus {
        self.judge.raw_status()
    }
}
