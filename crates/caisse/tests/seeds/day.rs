//! A day in the shop, as a seed has it: tills come and go, payments are tried again as the till allows, what is open is
//! looked into, and in the end a person decides what is left.

use std::collections::BTreeMap;
use std::time::Duration;

use caisse::{
    Amount, Currency, Decision, Duplicata, Journal, Operation, Order, Outcome, Paid, Payment, PaymentRequest,
    RecordState, Till, TransactionId,
};
use caisse_simulator::fault::Name;
use caisse_simulator::script::{Script, Turn};
use caisse_simulator::terminal::Terminal;

use crate::plan::{Chance, Plan, Sale};
use crate::shop::{Trouble, unless_killed};
use crate::truth::Truth;

/// Where the day takes place.
pub trait World {
    /// A till that is started now.
    fn till(&self, trouble: Trouble) -> Till;
    fn journal(&self) -> Box<dyn Journal>;
    fn pass(&self, time: Duration);
    /// Longer than a transaction can take.
    fn longest(&self) -> Duration;
    /// Long enough for what has been sent to arrive.
    fn moment(&self) -> Duration;
    fn at_terminal<T>(&self, act: impl FnOnce(&mut Terminal) -> T) -> T;
    /// The n-th write from now fails, where that can be had.
    fn fail_write(&self, n: u64);
}

/// How the end of a payment became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// When `pay` returned, or when the journal was looked at after a kill.
    AtOnce,
    Recovered,
    /// A person had to look.
    ByAPerson,
}

#[derive(Debug, Default)]
pub struct Tally {
    pub days: usize,
    pub classes: BTreeMap<Class, usize>,
    pub outcomes: BTreeMap<&'static str, usize>,
    pub faults: BTreeMap<String, usize>,
    pub kills: usize,
    pub retries: usize,
    /// Payments that a late result put in dispute, each of them settled in the right way before.
    pub disputed: usize,
    /// Of debits at a terminal of the till's own that names its last transaction: all, and those that took a person.
    pub best: [usize; 2],
}

impl Tally {
    /// The share of payments that no person had to look into, in percent.
    pub fn known(&self) -> usize {
        let all: usize = self.classes.values().sum();
        let by_a_person = self.classes.get(&Class::ByAPerson).copied().unwrap_or(0);
        (all - by_a_person) * 100 / all
    }

    /// The same of debits at terminals that are the till's own and name their last transaction.
    pub fn best_known(&self) -> usize {
        let [all, by_a_person] = self.best;
        (all - by_a_person) * 100 / all.max(1)
    }

    pub fn add(&mut self, other: Self) {
        self.days += other.days;
        self.kills += other.kills;
        self.retries += other.retries;
        self.disputed += other.disputed;
        self.best = [self.best[0] + other.best[0], self.best[1] + other.best[1]];
        for (class, count) in other.classes {
            *self.classes.entry(class).or_default() += count;
        }
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
    }
}

struct Entry {
    sale: Sale,
    id: TransactionId,
    class: Option<Class>,
}

struct Day<'w, W> {
    world: &'w W,
    chance: Chance,
    till: Option<Till>,
    truth: Truth,
    entries: Vec<Entry>,
    tally: Tally,
}

pub fn live(world: &impl World, plan: &Plan, chance: Chance) -> Tally {
    let mut day = Day {
        world,
        chance,
        till: None,
        truth: Truth::default(),
        entries: vec![],
        tally: Tally { days: 1, ..Tally::default() },
    };
    for sale in &plan.sales {
        // Most cashiers settle what is open first: it blocks the terminal.
        for _ in 0..3 {
            if day.chance.percent(70)
                && let Some(open) = day.open()
            {
                day.look_into(open);
            }
        }
        day.serve(sale);
    }
    day.settle(plan.place.exclusive && plan.place.dialect.duplicata == Duplicata::Fields);
    day.tally.faults = std::mem::take(&mut day.truth.faults);
    day.tally
}

impl<W: World> Day<'_, W> {
    fn observe(&mut self) {
        self.world.at_terminal(|terminal| self.truth.observe(terminal));
    }

    fn record(&self, number: usize) -> Option<caisse::Record> {
        self.world.journal().find(&self.entries[number].id).unwrap()
    }

    fn begin(&mut self, sale: &Sale) -> usize {
        let number = self.entries.len();
        let id = format!("payment-{number}").parse().unwrap();
        let mut sale = sale.clone();
        if sale.operation == Operation::Cancellation {
            match self.original() {
                Some(original) => sale.minor = self.entries[original].sale.minor,
                None => sale.operation = Operation::Debit,
            }
        }
        self.entries.push(Entry { sale, id, class: None });
        number
    }

    /// The payment that blocks the terminal.
    fn open(&self) -> Option<usize> {
        (0..self.entries.len()).find(|number| {
            self.record(*number).is_some_and(|record| record.state() == RecordState::Unresolved)
        })
    }

    /// The last sale that is told as approved.
    fn original(&self) -> Option<usize> {
        (0..self.entries.len()).rev().find(|number| {
            let approved = self
                .record(*number)
                .is_some_and(|record| matches!(record.verdict().outcome, Outcome::Approved { .. }));
            approved && self.entries[*number].sale.operation == Operation::Debit
        })
    }

    fn request(&self, number: usize) -> PaymentRequest {
        let Entry { sale, id, .. } = &self.entries[number];
        let amount = Amount::from_minor(sale.minor, Currency::EUR);
        let mut request = PaymentRequest::new(sale.operation, amount).id(*id);
        if sale.operation == Operation::Cancellation {
            request = request.ordered(Order::new("Zoé", "ticket du client").unwrap());
        }
        if sale.partial && sale.operation == Operation::Debit {
            request = request.allow_partial();
        }
        if sale.reference {
            request = request.reference(format!("ref{number}").parse().unwrap());
        }
        request
    }

    /// One sale, as often as the till allows and the cashier likes.
    fn serve(&mut self, sale: &Sale) {
        let mut number = self.begin(sale);
        let mut turn: Turn = sale.turn.parse().unwrap();
        if self.truth.last_refused || self.open().is_some() {
            // On a connection of its own, a refusal that names nothing is this payment's: nobody can know better.
            turn.faults.retain(|fault| ![Name::Earlier, Name::Random].contains(&fault.name()));
        }
        self.world.at_terminal(|terminal| terminal.set_script(Script::sequence([turn])));
        if let Some(n) = sale.write_failure {
            self.world.fail_write(n);
        }
        if sale.trouble != Trouble::None || self.chance.percent(20) {
            self.till = None;
        }
        let told = self.pay(number, sale.trouble, true);
        if told.is_some_and(|payment| matches!(payment.outcome, Outcome::Blocked { .. })) {
            return;
        }
        for _ in 0..4 {
            let state = self.record(number).map(|record| (record.state(), record.verdict().outcome));
            match state {
                // Nothing was sent, or nothing is even written.
                None | Some((RecordState::Final, Outcome::NotSent { .. })) if self.chance.percent(50) => {
                    self.tally.retries += 1;
                    self.pay(number, Trouble::None, false);
                }
                Some((RecordState::Final, Outcome::Declined { .. } | Outcome::Cancelled { .. }))
                    if self.chance.percent(40) =>
                {
                    self.tally.retries += 1;
                    number = self.begin(sale);
                    self.world.at_terminal(|terminal| terminal.set_script("approve".parse().unwrap()));
                    self.pay(number, Trouble::None, false);
                }
                Some((RecordState::Unresolved, _)) => {
                    if self.look_into(number) {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// Pays, and holds what the till says against what the terminal did.
    fn pay(&mut self, number: usize, trouble: Trouble, wishes: bool) -> Option<Payment> {
        self.observe();
        let mut till = self.till.take().unwrap_or_else(|| self.world.till(trouble));
        let request = self.request(number);
        let wish = self.entries[number].sale.wish.filter(|_| wishes);
        let handle = till.cancel_handle();
        let mut events = 0;
        let lived = unless_killed(move || {
            let payment = till
                .pay_with(request, |_| {
                    match wish {
                        Some(wish) if wish.at == events && wish.gives_up => handle.give_up(),
                        Some(wish) if wish.at == events => handle.cancel(),
                        _ => {}
                    }
                    events += 1;
                })
                .unwrap();
            (till, payment)
        });
        self.world.pass(self.world.moment());
        let began = lived.as_ref().is_none_or(|(_, payment)| {
            !payment.replayed && !matches!(payment.outcome, Outcome::Blocked { .. })
        });
        if began || self.record(number).is_some_and(|record| record.is_open()) {
            self.truth.current = Some(number);
        }
        self.observe();
        if std::env::var_os("CAISSE_SEED").is_some() {
            let told = lived.as_ref().map(|(_, payment)| (payment.outcome, payment.replayed));
            println!("payment {number}: {told:?}");
        }
        let Some((till, payment)) = lived else {
            self.tally.kills += 1;
            return None;
        };
        self.till = Some(till);
        let blocked = matches!(payment.outcome, Outcome::Blocked { .. });
        if !blocked || self.record(number).is_none() {
            self.truth.check(number, &self.entries[number].sale, payment.outcome);
        }
        Some(payment)
    }

    /// What a cashier does about a payment whose end is open; whether he turns to the next customer.
    fn look_into(&mut self, number: usize) -> bool {
        let longest = self.world.longest();
        match self.chance.below(7) {
            0 => {
                let again = self.pay(number, Trouble::None, false);
                let known = again.is_some_and(|payment| payment.replayed);
                assert!(known || self.record(number).is_some(), "a payment is forgotten");
                false
            }
            1 => self.recover(Duration::ZERO),
            2 => self.recover(longest),
            3 => {
                self.world.pass(longest);
                self.recover(Duration::ZERO)
            }
            4 => {
                self.till = None;
                false
            }
            5 => {
                self.world.pass(longest);
                self.recover(Duration::ZERO);
                self.decide(number);
                self.classify(Class::ByAPerson);
                false
            }
            _ => true,
        }
    }

    fn recover(&mut self, listen: Duration) -> bool {
        self.world.at_terminal(|terminal| terminal.set_faults(Vec::new()));
        let mut till = self.till.take().unwrap_or_else(|| self.world.till(Trouble::None));
        self.till = unless_killed(move || {
            let _ = till.recover_listening(listen);
            till
        });
        self.observe();
        self.classify(Class::Recovered);
        false
    }

    /// A person looks at the terminal, once nobody is at it any more, and says what happened.
    fn decide(&mut self, number: usize) {
        let Some(record) = self.record(number).filter(|it| it.state() == RecordState::Unresolved) else {
            return;
        };
        // On a machine that is busy a real terminal may be late.
        let mut patience = 20;
        while !self.world.at_terminal(|terminal| terminal.is_idle()) {
            patience -= 1;
            assert!(patience > 0, "somebody is still at the terminal");
            self.world.pass(self.world.moment());
        }
        self.observe();
        let paid = match self.truth.moved(number) {
            [] => Paid::NotPaid,
            [minor, ..] => Paid::Paid(Amount::from_minor(*minor, Currency::EUR)),
        };
        let mut journal = self.world.journal();
        let lock = journal.lock(&record.start.content.terminal).unwrap();
        let decision = Decision::new(paid, "Zoé", "mémoire du terminal").unwrap();
        let now = caisse::WallTime::now();
        // A failure that nothing has met yet may still be waiting for a write.
        let decided = (0..4).any(|_| journal.resolve(&lock, &record.start.id, &decision, now).is_ok());
        assert!(decided, "{number} cannot be decided");
    }

    /// Whatever is known now and was not before is known in this way; and it is true.
    fn classify(&mut self, class: Class) {
        for number in 0..self.entries.len() {
            let record = self.record(number);
            let open = record.as_ref().is_some_and(|record| record.state() == RecordState::Unresolved);
            if let Some(record) = record.filter(|_| !open) {
                self.truth.check(number, &self.entries[number].sale, record.verdict().outcome);
            }
            let entry = &mut self.entries[number];
            if entry.class.is_none() && !open {
                entry.class = Some(class);
            }
        }
    }

    /// The end of the day: nobody is at the terminal any more, and everything is found out, by the till or by a person.
    fn settle(&mut self, best: bool) {
        self.classify(Class::AtOnce);
        self.till = None;
        self.world.at_terminal(|terminal| terminal.set_script("approve".parse().unwrap()));
        self.recover(self.world.longest());
        self.world.pass(self.world.longest());
        self.recover(Duration::ZERO);
        self.till = None;
        for number in 0..self.entries.len() {
            self.decide(number);
        }
        self.classify(Class::ByAPerson);
        for number in 0..self.entries.len() {
            // What nobody wrote down never happened: it was blocked.
            let Some(record) = self.record(number) else {
                assert!(self.truth.moved(number).is_empty(), "{number} is written nowhere");
                *self.tally.outcomes.entry("none").or_default() += 1;
                continue;
            };
            let entry = &self.entries[number];
            let class = entry.class.expect("everything is known");
            *self.tally.classes.entry(class).or_default() += 1;
            *self.tally.outcomes.entry(record.verdict().outcome.name()).or_default() += 1;
            self.tally.disputed += usize::from(record.disputed);
            if best && entry.sale.operation == Operation::Debit {
                self.tally.best[0] += 1;
                self.tally.best[1] += usize::from(class == Class::ByAPerson);
            }
        }
    }
}
