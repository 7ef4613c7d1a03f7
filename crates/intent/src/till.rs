//! The till: launches the payment app once, and knows after a crash that it did.

use std::fmt;

use caisse_android_intent::Intent;
use caisse_journal::{
    Admitted, Decision, Event, Filing, Journal, JournalError, LockError, Paid, Record, TerminalKey,
    TerminalLock, WallTime, admit, admit_original, dispute_contradiction,
};
use caisse_payment::{
    Blocked, Conclusion, Currency, Doubt, NotSent, Operation, Outcome, Proof, Register, TerminalId,
    Transaction, TransactionId, Verdict,
};
use caisse_settlement::attribute::is_only_unresolved;
use caisse_settlement::weigh::weigh_answer;

use crate::request::v4::PrintLast;
use crate::{
    ActivityResult, Answer, App, Asked, OtherPayments, Payment, PaymentRequest, PrintAnswer, interpret,
};

/// A till that takes payments through the payment app of the device it runs on.
///
/// Android may kill it at any moment, so every step is by id and stands in the journal: [`begin`](Self::begin) records the
/// transaction and then, and only then, gives the intent to launch; [`answer`](Self::answer) takes the result, also in
/// another process after a restart. What has no answer stays unknown and blocks the terminal until a person has decided.
///
/// ```
/// use caisse_intent::{ActivityResult, Begun, Till, PaymentRequest, v4::Perform};
/// use caisse_journal::MemoryJournal;
/// use caisse_payment::{Amount, Currency};
///
/// let journal = MemoryJournal::new(); // SqliteJournal on a device
/// let mut till = Till::new(journal.clone(), "front".parse()?, Currency::EUR);
/// let amount = Amount::parse("15.00", Currency::EUR)?;
/// let request = PaymentRequest::v4(Perform::debit(amount, "order-7".parse()?)?);
/// let Begun::Launch(intent) = till.begin(&request)? else { panic!("a new payment") };
/// assert!(intent.component().is_some()); // startActivityForResult, once
///
/// // The process dies here, and the result is lost with it.
/// drop(till);
/// let mut till = Till::new(journal, "front".parse()?, Currency::EUR);
/// assert_eq!(till.unresolved()?.len(), 1);
/// let Begun::Ended(payment) = till.begin(&request)? else { panic!("never launched again") };
/// assert_eq!(payment.outcome.name(), "unknown");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Till<J> {
    journal: J,
    terminal: TerminalId,
    register: Register,
    currency: Currency,
    exclusive: bool,
    running: Option<Running>,
}

/// What this process has launched, or was about to.
struct Running {
    transaction: Transaction,
    /// Held until the end.
    _lock: TerminalLock,
}

/// What [`Till::begin`] has come to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is matched and taken apart at once")]
pub enum Begun {
    /// The start is durable: launch this for a result, once. If the launch itself throws, say
    /// [`launch_failed`](Till::launch_failed).
    Launch(Intent),
    /// Nothing is to be launched: it took place before, or something blocks it.
    Ended(Payment),
}

/// Why a transaction cannot even begin. Nothing was recorded, nothing was launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// The amount is not in the currency to which the app is set.
    #[error("the amount is not in the currency of the payment app")]
    Currency,
    /// A debit undoes nothing.
    #[error("a debit has no original transaction, and nobody orders one")]
    OriginalOnDebit,
}

/// Why Android did not start the payment app. Each is thrown by the launch itself, before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LaunchFailure {
    /// `ActivityNotFoundException`.
    NoSuchActivity,
    /// `SecurityException`.
    NotPermitted,
}

/// Why there is nothing to tell about a transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TillError {
    /// The journal knows no transaction of a payment app under this id.
    #[error("there is no transaction of the payment app under this id")]
    NoSuchTransaction,
    /// This process has not begun it, so that nobody can say whether the app was launched.
    #[error("this process did not begin the transaction: nobody can say that it was not launched")]
    NotBegunHere,
    /// The till still waits for its answer.
    #[error("the transaction is under way: wait for its answer, or give it up")]
    UnderWay,
    /// The terminal cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl<J: Journal> Till<J> {
    /// A till with its journal, the name of its terminal (this device), and the currency to which the payment app is set.
    pub const fn new(journal: J, terminal: TerminalId, currency: Currency) -> Self {
        Self { journal, terminal, register: Register::FIRST, currency, exclusive: false, running: None }
    }

    /// For another register than 01.
    #[must_use]
    pub const fn with_register(mut self, register: Register) -> Self {
        self.register = register;
        self
    }

    /// Whether nobody but the tills of this journal uses the payment app: no person at its own menu, no other app. Not so
    /// unless said.
    #[must_use]
    pub const fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = exclusive;
        self
    }

    /// The journal.
    pub const fn journal(&self) -> &J {
        &self.journal
    }

    /// Takes the terminal, and records the transaction durably. The intent comes after that, and comes once: the same
    /// transaction again is answered from the journal.
    ///
    /// # Errors
    /// When it cannot be asked for at all; nothing was recorded then.
    pub fn begin(&mut self, request: &PaymentRequest) -> Result<Begun, BeginError> {
        if request.currency() != self.currency {
            return Err(BeginError::Currency);
        }
        let gives_back = matches!(request.operation(), Operation::Credit | Operation::Cancellation);
        if !gives_back && (request.original().is_some() || request.operator_override().is_some()) {
            return Err(BeginError::OriginalOnDebit);
        }
        let blocked = |reason| {
            let (operation, amount, reference) = (request.operation(), request.amount(), request.id());
            Ok(Begun::Ended(Payment::blocked(&Asked { operation, amount, reference }, reason)))
        };
        // The names of the dialects are names.
        let Some(transaction) = request.transaction(self.terminal, self.register) else {
            return blocked(Blocked::JournalUnavailable);
        };
        let lock = match admit(&self.journal, &transaction) {
            Admitted::Proceed(lock) => lock,
            Admitted::Replay(record) if record.transaction().dialect == transaction.dialect => {
                return Ok(Begun::Ended(Payment::recorded(&record)));
            }
            Admitted::Replay(_) => return blocked(Blocked::IdConflict),
            Admitted::Blocked(reason) => return blocked(reason),
        };
        if request.operator_override().is_none()
            && let Err(reason) = admit_original(&self.journal, &transaction, self.exclusive)
        {
            return blocked(reason);
        }
        let id = transaction.id;
        match self.journal.append(&id, &Event::Started(transaction), WallTime::now()) {
            Ok(()) => {
                let person = request.operator_override().cloned().map(Event::Overridden);
                if let Some(event) = person
                    && let Err(error) = self.journal.append(&id, &event, WallTime::now())
                {
                    // Nothing was launched. If this cannot be written either, the start blocks until a person has decided.
                    let verdict = Verdict::nothing_sent(Outcome::NotSent { reason: NotSent::Cancelled });
                    let _ = self.end(&transaction, verdict, None);
                    return blocked(error.blocks());
                }
                self.running = Some(Running { transaction, _lock: lock });
                Ok(Begun::Launch(request.to_intent()))
            }
            // Somebody without the lock was faster.
            Err(JournalError::Conflict) => blocked(match self.journal.find(&id) {
                Ok(None) => Blocked::Unresolved,
                _ => Blocked::IdConflict,
            }),
            Err(error) => blocked(error.blocks()),
        }
    }

    /// The launch itself threw: nothing was sent. Only the process that began can say so, and only before any answer.
    ///
    /// # Errors
    /// When this process did not begin it, or it has ended.
    pub fn launch_failed(&mut self, id: &TransactionId, why: LaunchFailure) -> Result<Payment, TillError> {
        let running =
            self.running.take_if(|running| running.transaction.id == *id).ok_or(TillError::NotBegunHere)?;
        let reason = match why {
            LaunchFailure::NoSuchActivity => NotSent::PaymentAppMissing,
            LaunchFailure::NotPermitted => NotSent::LaunchRefused,
        };
        let verdict = Verdict::nothing_sent(Outcome::NotSent { reason });
        Ok(self.end(&running.transaction, verdict, None))
    }

    /// Takes the result of the launch, in the process that launched or in a later one.
    ///
    /// The outcome is durable before it is told. A result that comes when the transaction has ended already settles what was
    /// unknown, for it names our reference; what it contradicts it disputes. An approval outweighs everything.
    ///
    /// # Errors
    /// When there is no such transaction, or the journal cannot be read and this process did not begin it: then keep the
    /// result and ask again.
    pub fn answer(&mut self, id: &TransactionId, result: &ActivityResult) -> Result<Payment, TillError> {
        if let Some(running) = self.running.take_if(|running| running.transaction.id == *id) {
            let (verdict, answer) = self.judge(&running.transaction, result, Launched::Here)?;
            return Ok(self.end(&running.transaction, verdict, answer));
        }
        let record = self.find(id)?;
        let (verdict, answer) = self.judge(record.transaction(), result, Launched::Earlier)?;
        if !record.is_open() {
            return Ok(self.late(&record, verdict, answer));
        }
        match self.journal.lock(&record.transaction().terminal) {
            Ok(_lock) => Ok(self.end(record.transaction(), verdict, answer)),
            // Told all the same, and left open.
            Err(_) => Ok(Payment::answered(&Asked::of(record.transaction()), verdict, answer)),
        }
    }

    /// Stops waiting: the outcome is unknown, and stands so in the journal. Not before the payment app is seen to be idle.
    ///
    /// # Errors
    /// As [`answer`](Self::answer), and when another process holds the terminal.
    pub fn give_up(&mut self, id: &TransactionId) -> Result<Payment, TillError> {
        let verdict =
            Verdict { outcome: Outcome::Unknown { doubt: Doubt::GivenUp }, proof: Proof::PerhapsSent };
        if let Some(running) = self.running.take_if(|running| running.transaction.id == *id) {
            return Ok(self.end(&running.transaction, verdict, None));
        }
        let record = self.find(id)?;
        if !record.is_open() {
            return Ok(Payment::recorded(&record));
        }
        let _lock = self.journal.lock(&record.transaction().terminal)?;
        Ok(self.end(record.transaction(), verdict, None))
    }

    /// The transactions of this terminal whose end nobody knows, the running one included: what a till looks at when it
    /// starts. While there are any, the terminal takes no payment.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn unresolved(&self) -> Result<Vec<Record>, JournalError> {
        self.journal.unresolved(&self.terminal)
    }

    /// Asks the app for the tickets of the terminal's last transaction, for a person to compare with what is not known. No
    /// money moves; paper may come out. The terminal is held until the [`Printing`] is gone.
    ///
    /// # Errors
    /// While a transaction of this terminal may be running in the app, here or in another process: answer it or give it up
    /// first. When the journal cannot be used.
    pub fn print_last(&self, request: &PrintLast) -> Result<Printing, TillError> {
        let lock = self.journal.lock(&self.terminal)?;
        if self.unresolved()?.iter().any(Record::is_open) {
            return Err(TillError::UnderWay);
        }
        Ok(Printing { intent: request.to_intent(), _lock: lock })
    }

    /// Records what a person found out about a transaction that is not known, or corrects a person's decision. The proof of the
    /// payment app is not overruled: where the person contradicts a known end or a decision by evidence, or credits already rest
    /// on the decision, both sides are recorded and the payment returned is disputed.
    ///
    /// # Errors
    /// While the transaction is under way, here or in another process; when there is nothing to decide or to correct; when the
    /// journal cannot be written.
    pub fn resolve(&mut self, id: &TransactionId, decision: &Decision) -> Result<Payment, TillError> {
        if self.running.as_ref().is_some_and(|running| running.transaction.id == *id) {
            return Err(TillError::UnderWay);
        }
        let key = TerminalKey::from(self.find(id)?.transaction());
        let lock = self.journal.lock_terminal(&key)?;
        self.journal.resolve(&lock, id, decision, WallTime::now())?;
        Ok(Payment::recorded(&self.find(id)?))
    }

    fn find(&self, id: &TransactionId) -> Result<Record, TillError> {
        let record = self.journal.find(id)?;
        record.filter(|it| App::of(&it.transaction().dialect).is_some()).ok_or(TillError::NoSuchTransaction)
    }

    fn judge(
        &self,
        transaction: &Transaction,
        result: &ActivityResult,
        launched: Launched,
    ) -> Result<(Verdict, Option<Answer>), TillError> {
        match App::of(&transaction.dialect) {
            Some(App::V4) => {
                let asked = Asked::of(transaction);
                let told = interpret(&asked, result, OtherPayments::Possible);
                let is_busy = told.0.outcome == Outcome::Unknown { doubt: Doubt::PaymentAppBusy };
                // The whole journal is read for this answer alone.
                let is_alone = is_busy && self.is_alone(transaction, launched);
                Ok(if is_alone { interpret(&asked, result, OtherPayments::None) } else { told })
            }
            // Nothing of an answer of APM is documented, and it names no reference of ours.
            Some(App::Apm) => {
                let (doubt, proof) = match result.answer() {
                    Err(Doubt::NoResult) => (Doubt::NoResult, Proof::PerhapsSent),
                    _ => (Doubt::Undocumented, Proof::Delivered),
                };
                Ok((Verdict { outcome: Outcome::Unknown { doubt }, proof }, None))
            }
            None => Err(TillError::NoSuchTransaction),
        }
    }

    /// Whether the app cannot be busy with a payment of this device. After a restart it can be with this one: nobody is left
    /// who could say how often it was launched.
    fn is_alone(&self, transaction: &Transaction, launched: Launched) -> bool {
        match (launched, self.journal.unsettled()) {
            (Launched::Here, Ok(records)) => is_only_unresolved(&records, &transaction.id),
            (Launched::Here, Err(_)) | (Launched::Earlier, _) => false,
        }
    }

    /// A result that comes after the end.
    fn late(&mut self, record: &Record, verdict: Verdict, answer: Option<Answer>) -> Payment {
        let Some(paid) = weigh_answer(verdict.outcome).paid() else {
            // What proves nothing changes nothing.
            return Payment::recorded(record);
        };
        let payment = Payment::answered(&Asked::of(record.transaction()), verdict, answer);
        if record.verdict().outcome.is_unknown() {
            return match self.settle(record, paid) {
                // In the words of the journal, where "not paid" is all that is kept.
                Some(settled) => Payment { outcome: settled.verdict().outcome, journaled: true, ..payment },
                None => payment,
            };
        }
        // The result names this transaction. A dispute that cannot be written is reported all the same.
        match dispute_contradiction(&mut self.journal, record, verdict.outcome, true, LATE) {
            Ok(Filing::Agrees) => Payment::recorded(record),
            _ if paid == Paid::NotPaid => Payment { disputed: true, ..Payment::recorded(record) },
            _ => Payment { disputed: true, ..payment },
        }
    }

    /// Writes what a late result proves about an unknown end; nothing if that does not go well.
    fn settle(&mut self, record: &Record, paid: Paid) -> Option<Record> {
        let id = record.id();
        let lock = self.journal.lock(&record.transaction().terminal).ok()?;
        let decision = Decision::proven(paid, record.transaction().dialect.as_str(), LATE).ok()?;
        self.journal.resolve(&lock, &id, &decision, WallTime::now()).ok()?;
        self.find(&id).ok()
    }

    /// Writes the end, and tells it whether or not that went well.
    fn end(&mut self, transaction: &Transaction, verdict: Verdict, answer: Option<Answer>) -> Payment {
        let mut payment = Payment::answered(&Asked::of(transaction), verdict, answer);
        let end = Event::Ended(Conclusion {
            authorisation: payment.authorisation,
            last_four: payment.last_four,
            ..Conclusion::from(verdict)
        });
        payment.journaled = self.journal.append(&transaction.id, &end, WallTime::now()).is_ok();
        // Somebody may have decided meanwhile. The verdict of the app stays what it is; a contradiction is told beside it.
        if let Ok(Some(record)) = self.journal.find(&transaction.id) {
            if payment.outcome.is_unknown() && record.decision().is_some() {
                payment.outcome = record.told().outcome;
            }
            payment.disputed = record.is_disputed();
            payment.decision = record.decision().cloned();
            payment.decided_at = record.decided_at();
        }
        payment
    }
}

/// What a late result is called in the journal.
const LATE: &str = "the result of the payment app, which came after the end and names this reference";

/// Which process launched the app.
#[derive(Clone, Copy)]
enum Launched {
    Here,
    Earlier,
}

/// A print that is under way; the terminal is free again when it is dropped.
#[derive(Debug)]
pub struct Printing {
    intent: Intent,
    _lock: TerminalLock,
}

impl Printing {
    /// The intent to launch for a result.
    #[must_use]
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Reads the result.
    #[must_use]
    pub fn answer(self, result: &ActivityResult) -> PrintAnswer {
        PrintAnswer::read(result)
    }
}

impl<J> fmt::Debug for Till<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Till")
            .field("terminal", &self.terminal)
            .field("currency", &self.currency)
            .field("running", &self.running.as_ref().map(|running| running.transaction.id))
            .finish_non_exhaustive()
    }
}
