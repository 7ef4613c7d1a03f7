//! A day in the shop, as a seed has it: tills come and go, payments are tried again as the till allows, what is open is
//! looked into, and in the end a person decides what is left.

use std::collections::BTreeMap;
use std::time::Duration;

use caisse::{
    Amount, Currency, Decision, Duplicata, Event, Journal, JournalError, Operation, OperatorOverride,
    Outcome, Paid, Payment, PaymentRequest, Record, RecordState, Till, TransactionId,
};
use caisse_simulator::fault::Name;
use caisse_simulator::script::{Script, Turn};
use caisse_simulator::terminal::Terminal;

use crate::company::Others;
use crate::plan::{Chance, Plan, Sale, Wish};
use crate::seat::Seat;
use crate::shop::{Trouble, unless_killed};
use crate::truth::{TERMINALS, Truth};

/// What kind of journal and line a till is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The till of the day.
    First,
    /// The same, and the network holds back what it sends.
    HeldBack,
    /// A program that only recovers.
    BackOffice,
    /// The till beside it.
    Second {
        /// Whether it does not wait in real time for a lock that another till holds.
        is_hurried: bool,
    },
}

/// Where the day takes place.
pub trait World {
    /// A till that is started now. Nothing where it cannot open the journal.
    fn till(&self, seat: Seat, role: Role, trouble: Trouble) -> Option<Till>;
    /// A handle on the journal as it is now.
    fn journal(&self) -> Box<dyn Journal>;
    /// Looks into the journal.
    fn find(&self, id: &TransactionId) -> Option<Record>;
    /// Puts a copy in the place of the journal's file.
    fn replace_journal(&self);
    /// Gives the journal's file a second path, where that can be had, or takes it away: the next second till opens it by that.
    fn link_journal(&self, is_linked: bool);
    /// The first terminal gets its other address.
    fn move_terminal(&self);
    /// The network delivers what it has held back.
    fn heal(&self);
    fn pass(&self, time: Duration);
    /// Longer than a transaction can take.
    fn longest(&self) -> Duration;
    /// Long enough for what has been sent to arrive.
    fn moment(&self) -> Duration;
    fn at_terminal<T>(&self, number: usize, act: impl FnOnce(&mut Terminal) -> T) -> T;
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
    /// Those of them on which nobody else was in the shop.
    pub quiet_days: usize,
    /// On the quiet days: on others people decide what the till would have found out.
    pub classes: BTreeMap<Class, usize>,
    pub outcomes: BTreeMap<&'static str, usize>,
    /// On the quiet days.
    pub faults: BTreeMap<String, usize>,
    pub kills: usize,
    /// The kills in which the power failed.
    pub power_cuts: usize,
    pub retries: usize,
    /// Payments that a late result put in dispute, each of them settled in the right way before.
    pub disputed: usize,
    /// What a second till and other people did, on the days on which they were there.
    pub company: BTreeMap<&'static str, usize>,
    /// Of debits at a terminal of the till's own that names its last transaction: all, and those that took a person.
    pub best: [usize; 2],
}

impl Tally {
    /// The share of payments that no person had to look into, in percent.
    pub fn known(&self) -> usize {
        let all: usize = self.classes.values().sum();
        let by_a_person = self.classes.get(&Class::ByAPerson).copied().unwrap_or(0);
        (all - by_a_person) * 100 / all.max(1)
    }

    /// The same of debits at terminals that are the till's own and name their last transaction.
    pub fn best_known(&self) -> usize {
        let [all, by_a_person] = self.best;
        (all - by_a_person) * 100 / all.max(1)
    }

    pub fn add(&mut self, other: Self) {
        self.days += other.days;
        self.quiet_days += other.quiet_days;
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.retries += other.retries;
        self.disputed += other.disputed;
        self.best = [self.best[0] + other.best[0], self.best[1] + other.best[1]];
        for (class, count) in other.classes {
            *self.classes.entry(class).or_default() += count;
        }
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (what, count) in other.company {
            *self.company.entry(what).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
    }
}

pub struct Entry {
    pub sale: Sale,
    pub id: TransactionId,
    class: Option<Class>,
    /// The number of the terminal at which it was last begun; nothing for the payment app.
    pub terminal: Option<usize>,
    /// The first attempt of the same customer, by its number.
    first: usize,
}

pub struct Day<'w, W> {
    pub world: &'w W,
    pub chance: Chance,
    till: Option<(Till, Seat)>,
    pub truth: Truth,
    pub entries: Vec<Entry>,
    pub tally: Tally,
    /// A second till, people who err, and whatever else there is on some days.
    pub others: Option<Others>,
}

pub fn live(world: &impl World, plan: &Plan, chance: Chance, more: Chance) -> Tally {
    let mut day = Day {
        world,
        chance,
        till: None,
        truth: Truth::default(),
        entries: vec![],
        tally: Tally { days: 1, quiet_days: usize::from(plan.company.is_none()), ..Tally::default() },
        others: plan.company.map(|company| Others::new(company, plan.place.kind, more)),
    };
    for sale in &plan.sales {
        day.before_sale();
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
    if day.others.is_none() {
        day.tally.faults = std::mem::take(&mut day.truth.faults);
    }
    day.tally
}

impl<W: World> Day<'_, W> {
    pub fn observe(&mut self) {
        for number in 0..TERMINALS {
            self.world.at_terminal(number, |terminal| self.truth.observe(number, terminal));
        }
    }

    /// Where the till of the day finds its terminal now.
    pub fn seat(&self) -> Seat {
        self.others.as_ref().map_or(Seat::ALONE, |others| others.seat)
    }

    /// The till of the day, or a new one.
    fn take_till(&mut self, trouble: Trouble) -> (Till, Seat) {
        let seat = self.seat();
        let started = || (self.world.till(seat, Role::First, trouble).expect("the journal opens"), seat);
        self.till.take().unwrap_or_else(started)
    }

    /// The program of the till of the day ends.
    pub fn end_till(&mut self) {
        self.till = None;
    }

    pub fn record(&self, number: usize) -> Option<Record> {
        self.world.find(&self.entries[number].id)
    }

    pub fn begin(&mut self, sale: &Sale) -> usize {
        let number = self.entries.len();
        let id = format!("payment-{number}").parse().unwrap();
        let mut sale = sale.clone();
        if sale.operation == Operation::Cancellation {
            match self.original() {
                Some(original) => sale.minor = self.entries[original].sale.minor,
                None => sale.operation = Operation::Debit,
            }
        }
        let terminal = Some(self.seat().terminal());
        self.entries.push(Entry { sale, id, class: None, terminal, first: number });
        number
    }

    /// The payment that blocks the terminal.
    pub fn open(&self) -> Option<usize> {
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

    pub fn request(&self, number: usize) -> PaymentRequest {
        let Entry { sale, id, .. } = &self.entries[number];
        let amount = Amount::from_minor(sale.minor, Currency::EUR);
        let mut request = PaymentRequest::new(sale.operation, amount).id(*id).without_waiting();
        if sale.operation == Operation::Cancellation {
            request = request.with_override(OperatorOverride::new("Zoé", "ticket du client").unwrap());
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
        // The till that is up may be at another terminal than one that is started now.
        let mut terminals = vec![self.seat().terminal()];
        terminals.extend(self.till.as_ref().map(|(_, seat)| seat.terminal()));
        let last_refused = terminals.iter().any(|terminal| self.truth.last_refused(*terminal));
        if last_refused || self.open().is_some() {
            // On a connection of its own, a refusal that names nothing is this payment's: nobody can know better.
            turn.faults.retain(|fault| ![Name::Earlier, Name::Random].contains(&fault.name()));
        }
        let script = Script::sequence([turn]);
        for terminal in terminals {
            self.world.at_terminal(terminal, |it| it.set_script(script.clone()));
        }
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
                    if self.chance.percent(40) && !self.is_mistaken(number) =>
                {
                    number = self.begin_again(number, sale);
                    self.pay(number, Trouble::None, false);
                }
                Some((RecordState::Unresolved, _)) => {
                    self.perhaps_mistake();
                    if self.look_into(number) {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// The same customer once more, under a new id: the till says that nothing was paid.
    pub fn begin_again(&mut self, number: usize, sale: &Sale) -> usize {
        self.tally.retries += 1;
        let first = self.entries[number].first;
        let again = self.begin(sale);
        self.entries[again].first = first;
        for terminal in 0..TERMINALS {
            self.world.at_terminal(terminal, |it| it.set_script("approve".parse().unwrap()));
        }
        again
    }

    /// Pays, and holds what the till says against what the terminal did.
    fn pay(&mut self, number: usize, trouble: Trouble, wishes: bool) -> Option<Payment> {
        let (till, seat) = self.take_till(trouble);
        let wish = self.entries[number].sale.wish.filter(|_| wishes);
        let (till, payment) = self.run(till, seat, number, wish, true)?;
        self.till = Some((till, seat));
        Some(payment)
    }

    /// Runs a payment on this till. Nothing is left of a till that was killed meanwhile. Whoever else is in the shop may act
    /// inside the payment where `visited` says so.
    pub fn run(
        &mut self,
        mut till: Till,
        seat: Seat,
        number: usize,
        wish: Option<Wish>,
        visited: bool,
    ) -> Option<(Till, Payment)> {
        self.observe();
        let request = self.request(number);
        let handle = till.cancel_handle();
        let (mut events, mut has_begun) = (0, false);
        let day = &mut *self;
        let lived = unless_killed(move || {
            let payment = till
                .pay_with(request, |event| {
                    match wish {
                        Some(wish) if wish.at == events && wish.gives_up => handle.give_up(),
                        Some(wish) if wish.at == events => handle.cancel(),
                        _ => {}
                    }
                    events += 1;
                    if event == Event::Recorded {
                        day.observe();
                        day.entries[number].terminal = Some(seat.terminal());
                        day.truth.begins(seat.terminal(), number);
                        has_begun = true;
                    }
                    if visited && day.inside(number, seat, has_begun) && has_begun {
                        day.observe();
                        day.truth.begins(seat.terminal(), number);
                    }
                })
                .unwrap();
            (till, payment)
        });
        self.world.pass(self.world.moment());
        self.observe();
        if std::env::var_os("CAISSE_SEED").is_some() {
            let told = lived.as_ref().map(|(_, payment)| (payment.outcome, payment.replayed));
            println!("payment {number} at {seat:?}: {told:?}");
        }
        let Some((till, payment)) = lived else {
            self.tally.kills += 1;
            return None;
        };
        let blocked = matches!(payment.outcome, Outcome::Blocked { .. });
        if (!blocked || self.record(number).is_none()) && !self.is_mistaken(number) {
            self.truth.check(number, &self.entries[number].sale, payment.outcome);
        }
        Some((till, payment))
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
        for terminal in 0..TERMINALS {
            self.world.at_terminal(terminal, |it| it.set_faults(Vec::new()));
        }
        if !self.back_office_recovers(listen) {
            let (mut till, seat) = self.take_till(Trouble::None);
            self.till = unless_killed(move || {
                let _ = till.recover_listening(listen);
                (till, seat)
            });
        }
        self.observe();
        self.classify(Class::Recovered);
        false
    }

    /// Waits until nobody is at the terminal of this payment any more.
    pub fn wait_for_idle(&mut self, number: usize) {
        let Some(terminal) = self.entries[number].terminal else { return };
        // On a machine that is busy a real terminal may be late.
        let mut patience = 20;
        while !self.world.at_terminal(terminal, |it| it.is_idle()) {
            patience -= 1;
            assert!(patience > 0, "somebody is still at the terminal");
            self.world.pass(self.world.moment());
        }
    }

    /// What a person finds at the terminal now.
    pub fn look_at_terminal(&mut self, number: usize) -> Paid {
        self.observe();
        match self.truth.moved(number) {
            [] => Paid::NotPaid,
            [minor, ..] => Paid::Paid(Amount::from_minor(*minor, Currency::EUR)),
        }
    }

    /// A person looks at the terminal, once nobody is at it any more, and says what happened.
    pub fn decide(&mut self, number: usize) {
        if self.record(number).is_none_or(|record| record.state() != RecordState::Unresolved) {
            return;
        }
        self.wait_for_idle(number);
        let paid = self.look_at_terminal(number);
        // A failure that nothing has met yet may still be waiting for a write.
        let decided = (0..4).any(|_| self.resolve(number, paid).is_ok());
        assert!(decided, "{number} cannot be decided");
    }

    /// Writes a person's word.
    pub fn resolve(&mut self, number: usize, paid: Paid) -> Result<(), JournalError> {
        let id = self.entries[number].id;
        let record = self.record(number).ok_or(JournalError::NotUnresolved)?;
        let mut journal = self.world.journal();
        let lock = journal.lock(&record.transaction().terminal).unwrap();
        let decision = Decision::new(paid, "Zoé", "mémoire du terminal").unwrap();
        journal.resolve(&lock, &id, &decision, caisse::WallTime::now())
    }

    /// Whatever is known now and was not before is known in this way; and it is true.
    pub fn classify(&mut self, class: Class) {
        for number in 0..self.entries.len() {
            let record = self.record(number);
            let open = record.as_ref().is_some_and(|record| record.state() == RecordState::Unresolved);
            if let Some(record) = record.filter(|_| !open && !self.is_mistaken(number)) {
                self.truth.check_kept(number, &record);
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
        self.end_company();
        self.classify(Class::AtOnce);
        self.till = None;
        for terminal in 0..TERMINALS {
            self.world.at_terminal(terminal, |it| it.set_script("approve".parse().unwrap()));
        }
        self.recover(self.world.longest());
        self.world.pass(self.world.longest());
        self.recover(Duration::ZERO);
        self.till = None;
        for number in 0..self.entries.len() {
            self.decide(number);
        }
        self.classify(Class::ByAPerson);
        self.check_customers();
        for number in 0..self.entries.len() {
            // What nobody wrote down never happened: it was blocked.
            let Some(record) = self.record(number) else {
                assert!(self.truth.moved(number).is_empty(), "{number} is written nowhere");
                *self.tally.outcomes.entry("none").or_default() += 1;
                continue;
            };
            let entry = &self.entries[number];
            let class = entry.class.expect("everything is known");
            if self.others.is_none() {
                *self.tally.classes.entry(class).or_default() += 1;
            }
            *self.tally.outcomes.entry(record.verdict().outcome.name()).or_default() += 1;
            self.tally.disputed += usize::from(record.is_disputed());
            if best && self.others.is_none() && entry.sale.operation == Operation::Debit {
                self.tally.best[0] += 1;
                self.tally.best[1] += usize::from(class == Class::ByAPerson);
            }
        }
    }

    /// A customer who pays again as the till says pays once.
    fn check_customers(&self) {
        let mut paid = BTreeMap::<usize, usize>::new();
        for (number, entry) in self.entries.iter().enumerate() {
            *paid.entry(entry.first).or_default() += self.truth.moved(number).len();
        }
        for (first, times) in paid {
            assert!(times <= 1, "the customer of {first} paid {times} times");
        }
    }
}
