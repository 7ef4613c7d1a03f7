//! A sale at a till that may be killed between any two steps, a payment app that goes on living, and the truth: what the
//! app's ledger says.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use caisse_android_intent::Intent;
use caisse_intent::v4::Perform;
use caisse_intent::{ActivityResult, Begun, LaunchFailure, Payment, PaymentRequest, Till};
use caisse_journal::{
    Decision, Event, Journal, JournalError, LockError, Paid, Record, RecordedEvent, TerminalLock, WallTime,
};
use caisse_payment::{
    Amount, Blocked, Currency, NotSent, Operation, Outcome, Proof, Refusal, Retry, TerminalId, TransactionId,
};
use caisse_simulator::payment_app::{Behaviour, PaymentApp, Reply};

pub const PRICE: Amount = Amount::from_minor(1500, Currency::EUR);

/// The process has died.
struct Killed;

/// Counts the steps of a process, and ends it at one of them.
#[derive(Clone, Debug)]
pub struct Life {
    steps: Arc<AtomicUsize>,
    killed_at: usize,
}

impl Life {
    pub fn until(killed_at: usize) -> Self {
        Self { steps: Arc::new(AtomicUsize::new(0)), killed_at }
    }

    pub fn whole() -> Self {
        Self::until(usize::MAX)
    }

    /// Between two steps.
    fn step(&self) {
        if self.steps.fetch_add(1, Ordering::Relaxed) == self.killed_at {
            panic::panic_any(Killed);
        }
    }

    /// Runs a process; nothing when it was killed.
    fn run<T>(&self, process: impl FnOnce(&Self) -> T) -> Option<T> {
        match panic::catch_unwind(AssertUnwindSafe(|| process(self))) {
            Ok(value) => Some(value),
            Err(payload) if payload.is::<Killed>() => None,
            Err(payload) => panic::resume_unwind(payload),
        }
    }
}

/// No word about the kills that these tests are full of.
pub fn hush() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Killed>() {
            before(info);
        }
    }));
}

/// A journal before and after each of whose calls the process may die.
pub struct Mortal {
    inner: Box<dyn Journal>,
    life: Life,
    /// A planted bug: starts are not written.
    forgets_starts: bool,
}

impl Mortal {
    fn between<T>(&self, call: impl FnOnce(&dyn Journal) -> T) -> T {
        self.life.step();
        let value = call(&*self.inner);
        self.life.step();
        value
    }
}

impl Journal for Mortal {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        self.between(|journal| journal.lock(terminal))
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        self.life.step();
        if self.forgets_starts && matches!(event, Event::Started(_)) {
            return Ok(());
        }
        let result = self.inner.append(id, event, at);
        self.life.step();
        result
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.between(|journal| journal.find(id))
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        self.between(|journal| journal.unresolved(terminal))
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        self.between(|journal| journal.list())
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.between(|journal| journal.events(id))
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.life.step();
        let result = self.inner.resolve(lock, id, decision, at);
        self.life.step();
        result
    }
}

/// A mistake that the tests have to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The intent is launched before the start is durable.
    LaunchesBeforeTheRecord,
    /// The journal does not write starts.
    ForgetsStarts,
    /// What is open after a restart is launched again, under a reference that the app has not seen.
    LaunchesAgain,
    /// What is open after a restart is taken for not sent.
    OpenMeansNotSent,
    /// RESULT_CANCELED without data is taken for a cancellation.
    CanceledMeansCancelled,
    /// RESULT_OK is taken for an approval.
    OkMeansApproved,
    /// The reference of the result is not compared.
    AnyReference,
    /// What is not accepted is taken for declined.
    NotAcceptedMeansDeclined,
    /// A result that cannot be read is taken for declined.
    MalformedMeansDeclined,
    /// Unknown is told as safe to retry.
    UnknownIsRetried,
    /// The outcome is told before it is durable.
    TellsBeforeTheRecord,
    /// What was given up is taken for not paid.
    GivenUpMeansDeclined,
}

impl Bug {
    pub const ALL: [Self; 12] = [
        Self::LaunchesBeforeTheRecord,
        Self::ForgetsStarts,
        Self::LaunchesAgain,
        Self::OpenMeansNotSent,
        Self::CanceledMeansCancelled,
        Self::OkMeansApproved,
        Self::AnyReference,
        Self::NotAcceptedMeansDeclined,
        Self::MalformedMeansDeclined,
        Self::UnknownIsRetried,
        Self::TellsBeforeTheRecord,
        Self::GivenUpMeansDeclined,
    ];
}

impl Bug {
    /// What it must be found by.
    pub const fn symptom(self) -> &'static str {
        match self {
            Self::LaunchesBeforeTheRecord | Self::ForgetsStarts => "launched without a durable start",
            Self::LaunchesAgain => "2 charges for one sale",
            Self::OpenMeansNotSent => "charged, and told not_sent",
            Self::CanceledMeansCancelled => "charged, and told cancelled",
            Self::OkMeansApproved | Self::AnyReference => "approved, and nothing charged",
            Self::NotAcceptedMeansDeclined | Self::MalformedMeansDeclined | Self::GivenUpMeansDeclined => {
                "charged, and told declined"
            }
            Self::UnknownIsRetried => "something is left unresolved",
            Self::TellsBeforeTheRecord => "told approved as recorded, and it is not",
        }
    }
}

/// What becomes of a result whose till has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Android keeps it for the new process.
    Kept,
    /// It is lost.
    Lost,
    /// It comes once more to a till that has had it.
    Twice,
    /// It comes after the till has given up.
    Late,
}

impl Delivery {
    pub const ALL: [Self; 4] = [Self::Kept, Self::Lost, Self::Twice, Self::Late];
}

/// One sale of one price.
pub struct World<'j> {
    open: &'j dyn Fn() -> Box<dyn Journal>,
    app: PaymentApp,
    delivery: Delivery,
    bug: Option<Bug>,
    /// How many launches find no app.
    pub missing: usize,
    /// Which attempt the cashier makes: each has its own id.
    attempt: usize,
    /// The result that no till has taken yet, with the id of its launch.
    waiting: Option<(TransactionId, Reply)>,
    taken: Option<(TransactionId, Reply)>,
    launches: Vec<TransactionId>,
    /// The customer has the goods.
    sold: bool,
    pub violations: Vec<String>,
    pub told: Vec<&'static str>,
}

impl<'j> World<'j> {
    pub fn new(
        open: &'j dyn Fn() -> Box<dyn Journal>,
        behaviour: Behaviour,
        delivery: Delivery,
        bug: Option<Bug>,
    ) -> Self {
        let mut app = PaymentApp::new();
        app.behave(behaviour);
        Self {
            open,
            app,
            delivery,
            bug,
            missing: 0,
            attempt: 1,
            waiting: None,
            taken: None,
            launches: Vec::new(),
            sold: false,
            violations: Vec::new(),
            told: Vec::new(),
        }
    }

    fn id(&self) -> TransactionId {
        format!("sale-{}", self.attempt).parse().unwrap()
    }

    fn till(&self, life: &Life) -> Till<Mortal> {
        let forgets_starts = self.bug == Some(Bug::ForgetsStarts);
        let journal = Mortal { inner: (self.open)(), life: life.clone(), forgets_starts };
        Till::new(journal, "device".parse().unwrap(), Currency::EUR)
    }

    fn charges(&self, id: TransactionId) -> usize {
        self.app.movements().iter().filter(|movement| movement.reference.starts_with(id.as_str())).count()
    }

    fn violated(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// Says whether Android found the app.
    fn launch(&mut self, life: &Life, id: TransactionId, intent: &Intent) -> bool {
        life.step();
        if self.missing > 0 {
            self.missing -= 1;
            return false;
        }
        let record = (self.open)().find(&id).unwrap();
        if record.is_none_or(|record| !record.is_open()) {
            self.violated("launched without a durable start");
        }
        self.launches.push(id);
        let reply = self.app.launch(intent).expect("PayXpress is there");
        self.waiting = Some((id, reply));
        life.step();
        true
    }

    /// One process of the till, from its start until the sale is settled. Says whether it got that far.
    pub fn live(&mut self, life: &Life) -> bool {
        life.run(|life| self.process(life)).is_some()
    }

    fn process(&mut self, life: &Life) {
        let mut till = self.till(life);
        life.step();
        self.settle_what_is_open(life, &mut till);
        // The cashier presses "pay" until the customer has paid, as far as the till lets them.
        for _ in 0..3 {
            if self.sold {
                break;
            }
            let id = self.id();
            let payment = self.pay(life, &mut till, id);
            self.tell(life, &mut till, payment);
        }
        if self.delivery == Delivery::Twice
            && let Some((id, reply)) = self.taken.clone()
        {
            let payment = self.answer(life, &mut till, id, &reply);
            self.hear(&till, &payment);
        }
        life.step();
        let unresolved = till.unresolved().unwrap();
        if !unresolved.is_empty() {
            self.violated("something is left unresolved at the end");
        }
    }

    fn settle_what_is_open(&mut self, life: &Life, till: &mut Till<Mortal>) {
        for record in till.unresolved().unwrap() {
            let id = record.id();
            // A sale under another id does not begin before that.
            let other = PaymentRequest::v4(Perform::debit(PRICE, "other".parse().unwrap()).unwrap());
            match till.begin(&other).unwrap() {
                Begun::Ended(payment) => {
                    assert_eq!(payment.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
                }
                Begun::Launch(_) => self.violated("another sale began beside an open one"),
            }
            match self.bug {
                Some(Bug::LaunchesAgain) if record.is_open() => {
                    let again = format!("{id}-again").parse().unwrap();
                    self.launch(life, id, &Perform::debit(PRICE, again).unwrap().to_intent());
                }
                Some(Bug::OpenMeansNotSent) if record.is_open() => {
                    let outcome = Outcome::NotSent { reason: NotSent::Cancelled };
                    let payment = Payment { outcome, proof: Proof::NothingSent, ..bare(id) };
                    self.hear(till, &payment);
                    continue;
                }
                _ => {}
            }
            let payment = match self.waiting.take_if(|(launched, _)| *launched == id) {
                Some((id, reply)) if self.delivery == Delivery::Kept => self.answer(life, till, id, &reply),
                lost => {
                    let mut payment = till.give_up(&id).unwrap();
                    if self.bug == Some(Bug::GivenUpMeansDeclined) {
                        payment.outcome = Outcome::Declined { refusal: Refusal::NotCompleted };
                    }
                    self.hear(till, &payment);
                    match lost {
                        Some((id, reply)) if self.delivery == Delivery::Late => {
                            self.answer(life, till, id, &reply)
                        }
                        _ => payment,
                    }
                }
            };
            self.tell(life, till, payment);
        }
    }

    /// Presses "pay" under this id.
    fn pay(&mut self, life: &Life, till: &mut Till<Mortal>, id: TransactionId) -> Payment {
        let order = PaymentRequest::v4(Perform::debit(PRICE, id).unwrap());
        if self.bug == Some(Bug::LaunchesBeforeTheRecord) && !self.launches.contains(&id) {
            self.launch(life, id, &order.to_intent());
        }
        match till.begin(&order).unwrap() {
            Begun::Ended(payment) => payment,
            Begun::Launch(intent) => {
                if self.bug != Some(Bug::LaunchesBeforeTheRecord) && !self.launch(life, id, &intent) {
                    life.step();
                    return till.launch_failed(&id, LaunchFailure::NoSuchActivity).unwrap();
                }
                // A till that launched too early has lost its result to a kill.
                let Some((_, reply)) = self.waiting.take() else { return till.give_up(&id).unwrap() };
                self.answer(life, till, id, &reply)
            }
        }
    }

    /// Gives a result to the till, and takes its word.
    fn answer(&mut self, life: &Life, till: &mut Till<Mortal>, id: TransactionId, reply: &Reply) -> Payment {
        life.step();
        let result = ActivityResult::from_intent(reply.code, reply.data.as_ref());
        self.taken = Some((id, reply.clone()));
        if self.bug == Some(Bug::TellsBeforeTheRecord)
            && let Ok(answer) = result.answer()
            && answer.code() == Some(caisse_intent::ResultCode::Accepted)
        {
            self.told.push("approved");
            let payment =
                Payment { journaled: true, outcome: Outcome::Approved { amount: PRICE }, ..bare(id) };
            self.hear(till, &payment);
        }
        let payment = till.answer(&id, &result).unwrap_or_else(|_| bare(id));
        let wrong = match self.bug {
            Some(Bug::CanceledMeansCancelled) if reply.code == 0 && reply.data.is_none() => {
                Some(Outcome::Cancelled { refusal: Refusal::Abandoned })
            }
            Some(Bug::OkMeansApproved) if reply.code == -1 => Some(Outcome::Approved { amount: PRICE }),
            Some(Bug::AnyReference) if payment.outcome.reason_code() == Some("reference_differs") => {
                Some(Outcome::Approved { amount: PRICE })
            }
            Some(Bug::NotAcceptedMeansDeclined)
                if payment
                    .answer
                    .as_ref()
                    .is_some_and(|it| it.status() == Some(caisse_intent::Status::Denied)) =>
            {
                Some(Outcome::Declined { refusal: Refusal::Unspecified })
            }
            Some(Bug::MalformedMeansDeclined)
                if payment.outcome.reason_code() == Some("answer_malformed") =>
            {
                Some(Outcome::Declined { refusal: Refusal::Unspecified })
            }
            _ => None,
        };
        life.step();
        wrong.map_or(payment.clone(), |outcome| Payment { outcome, ..payment })
    }

    /// What the cashier is told must be true.
    fn hear(&mut self, till: &Till<Mortal>, payment: &Payment) {
        self.told.push(payment.outcome.name());
        let (id, charges) = (payment.id, self.charges(payment.id));
        match payment.outcome {
            Outcome::Approved { .. } if charges == 0 => {
                self.violated(format!("{id}: approved, and nothing charged"))
            }
            Outcome::Declined { .. }
            | Outcome::Cancelled { .. }
            | Outcome::NotSent { .. }
            | Outcome::Blocked { .. }
                if charges > 0 =>
            {
                self.violated(format!("{id}: charged, and told {}", payment.outcome.name()));
            }
            Outcome::PartiallyApproved { .. } => self.violated("nobody pays in part here"),
            _ => {}
        }
        if payment.journaled {
            let recorded = till.journal().inner.find(&id).unwrap().map(|record| record.verdict().outcome);
            if recorded != Some(payment.outcome) {
                self.violated(format!("{id}: told {} as recorded, and it is not", payment.outcome.name()));
            }
        }
    }

    /// What the cashier does with what the till says.
    fn tell(&mut self, life: &Life, till: &mut Till<Mortal>, payment: Payment) {
        life.step();
        self.hear(till, &payment);
        let id = payment.id;
        let outcome = payment.outcome;
        let is_open = till.journal().inner.unresolved(&"device".parse().unwrap()).unwrap();
        if is_open.iter().any(|record| record.id() == id) {
            if self.bug == Some(Bug::UnknownIsRetried) {
                self.next_attempt();
                return;
            }
            // The operator looks at the app's list: the truth.
            let paid = if self.charges(id) > 0 { Paid::Paid(PRICE) } else { Paid::NotPaid };
            let decision = Decision::new(paid, "Camille", "PayXpress's list of transactions").unwrap();
            let settled = till.resolve(&id, &decision).unwrap();
            return self.tell(life, till, settled);
        }
        if outcome.approved_amount().is_some() {
            self.sold = true;
        } else if outcome.retry() == Retry::NewId
            || matches!(outcome, Outcome::Blocked { reason: Blocked::Busy })
        {
            self.next_attempt();
        }
        // Not sent: the same id once more. Otherwise the till blocks, and says why.
    }

    fn next_attempt(&mut self) {
        self.attempt += 1;
        // The next customer's card works.
        self.app.behave(Behaviour::APPROVE);
    }

    /// What must hold when the last process has ended.
    pub fn check_the_truth(&mut self) {
        let charges = self.app.ledger().len();
        if charges > 1 {
            self.violated(format!("{charges} charges for one sale"));
        }
        if self.sold != (charges == 1) {
            self.violated(format!("sold: {}, charges: {charges}", self.sold));
        }
        let mut launched = self.launches.clone();
        launched.sort();
        launched.dedup();
        if launched.len() != self.launches.len() {
            self.violated("one id was launched twice");
        }
    }
}

fn bare(id: TransactionId) -> Payment {
    let doubt = caisse_payment::Doubt::Interrupted;
    Payment {
        id,
        operation: Operation::Debit,
        outcome: Outcome::Unknown { doubt },
        proof: Proof::PerhapsSent,
        amount: PRICE,
        tip: None,
        last_four: None,
        authorisation: None,
        answer: None,
        replayed: false,
        journaled: false,
        disputed: false,
        decision: None,
        decided_at: None,
    }
}
