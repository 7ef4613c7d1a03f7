//! Who else is in the shop on some days: a second till on the same journal, which acts inside the payments of the first and
//! between them; people who err and correct; the payment app; and what changes in the configuration meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use caisse::{Amount, Currency, Decision, LinkKind, Operation, Outcome, Paid, RecordState, TerminalId, Till};
use caisse_intent::v4::Perform;
use caisse_intent::{ActivityResult, Begun, PaymentRequest};
use caisse_simulator::payment_app::PaymentApp;
use caisse_simulator::script::Script;

use crate::day::{Class, Day, Role, World};
use crate::plan::{Chance, Company, Sale, Wish};
use crate::seat::{Layout, Seat};
use crate::shop::{FatedJournal, Trouble, hurried};
use crate::truth::TERMINALS;

/// What a payment app does.
const BEHAVIOURS: [&str; 9] = [
    "approve",
    "approve",
    "decline",
    "cancel",
    "busy",
    "killed",
    "killed+charged",
    "code:9+charged",
    "malformed:cut+charged",
];

/// What the terminal answers to the second till.
const TURNS: [&str; 6] =
    ["approve", "approve", "decline:04", "cancel", "approve+drop@step=decided", "cancel+drop@step=decided"];

/// The others, on a day on which they are there.
pub struct Others {
    company: Company,
    kind: LinkKind,
    more: Chance,
    /// How the configuration says that the terminal is reached.
    pub seat: Seat,
    second: Option<(Till, Seat)>,
    /// The second till has opened the journal by another path.
    is_linked: bool,
    back_office: Option<Till>,
    app: PaymentApp,
    /// The payments about which a person has said something too soon or wrong.
    mistaken: BTreeSet<usize>,
}

impl Others {
    pub fn new(company: Company, kind: LinkKind, more: Chance) -> Self {
        Self {
            company,
            kind,
            more,
            seat: company.layout.morning(),
            second: None,
            is_linked: false,
            back_office: None,
            app: PaymentApp::new(),
            mistaken: BTreeSet::new(),
        }
    }

    fn sale(&mut self, number: usize) -> Sale {
        let alike = self.company.alike && self.more.percent(60);
        let minor = if alike { 2500 } else { 50_000 + 137 * u64::try_from(number).unwrap() };
        Sale {
            operation: Operation::Debit,
            minor,
            partial: false,
            reference: self.more.percent(50),
            turn: self.more.one_of(&TURNS).to_owned(),
            trouble: Trouble::None,
            wish: None,
            write_failure: None,
        }
    }
}

impl<W: World> Day<'_, W> {
    fn note(&mut self, what: &'static str) {
        *self.tally.company.entry(what).or_default() += 1;
        if std::env::var_os("CAISSE_SEED").is_some() {
            println!("  others: {what}");
        }
    }

    /// The others are there.
    fn others(&mut self) -> &mut Others {
        self.others.as_mut().expect("a day with others")
    }

    fn by_chance(&mut self, share: usize) -> bool {
        self.others().more.percent(share)
    }

    /// Whether a person has said something about this payment too soon or wrong, and nobody has corrected it.
    pub fn is_mistaken(&self, number: usize) -> bool {
        self.others.as_ref().is_some_and(|others| others.mistaken.contains(&number))
    }

    /// What happens before a sale.
    pub fn before_sale(&mut self) {
        if self.others.is_none() {
            return;
        }
        if self.by_chance(40) {
            self.correct();
        }
        if self.by_chance(50) {
            self.change();
        }
        if self.others().company.replaces_journal && self.by_chance(8) {
            self.replace_journal();
        }
        for _ in 0..2 {
            if self.by_chance(45) {
                self.outside();
            }
        }
        if self.others().company.holds_back && self.others().kind == LinkKind::Stream && self.by_chance(20) {
            self.held_back();
        }
    }

    /// The end of the day: the others go, and people correct what they have said.
    pub fn end_company(&mut self) {
        if self.others.is_some() {
            self.others().second = None;
            self.end_till();
            self.correct();
        }
    }

    /// The configuration changes. Some tills go on with the old one.
    fn change(&mut self) {
        let layout = self.others().company.layout;
        if layout == Layout::Fixed || self.others().seat == layout.changed() {
            return;
        }
        // The second terminal has a last transaction of its own.
        if let Some(seat) = layout.spare()
            && self.by_chance(80)
        {
            self.at_spare_terminal(seat);
        }
        // Something is open at the terminal that goes.
        if self.by_chance(50) {
            let number = self.new_sale();
            self.entries[number].sale.turn = "approve+drop@step=decided".to_owned();
            self.set_turn(number);
            let _ = self.second_pays(number);
        }
        if layout == Layout::Moved {
            self.world.move_terminal();
        }
        self.others().seat = layout.changed();
        self.note(layout.name());
        if self.by_chance(50) {
            self.end_till();
        }
        if self.by_chance(70) {
            self.others().back_office = None;
        }
        // Whoever recovers now is led to another terminal, or to the same in another way.
        if self.open().is_some() && self.by_chance(60) {
            self.office_recovers(Duration::ZERO);
            self.world.pass(self.world.longest());
            self.office_recovers(Duration::ZERO);
            self.classify(Class::Recovered);
            self.note("recovery after a change");
        }
    }

    fn replace_journal(&mut self) {
        self.world.replace_journal();
        self.note("journal replaced");
        self.others().back_office = None;
        if self.by_chance(50) {
            self.end_till();
        }
        if self.by_chance(50) {
            self.others().second = None;
        }
    }

    /// The second till, or a new one. Nothing where it cannot open the journal: the path that it has leads to it by a hard link.
    fn second(&mut self) -> Option<(Till, Seat)> {
        let present = self.seat();
        let others = self.others();
        let seat = others.company.layout.another(present, &mut others.more);
        let is_hurried = others.more.percent(95);
        let is_linked = others.more.percent(15);
        others.is_linked = is_linked;
        let known = others.second.take().filter(|(_, its)| *its == seat && others.more.percent(70));
        self.world.link_journal(is_linked);
        let second = known.filter(|_| !is_linked).or_else(|| {
            let role = Role::Second { is_hurried };
            self.world.till(seat, role, Trouble::None).map(|till| (till, seat))
        });
        if second.is_none() {
            self.note("journal refused");
            self.world.link_journal(false);
        }
        second
    }

    /// The second till stays up, unless it has opened the journal by another path.
    fn keep_second(&mut self, second: (Till, Seat)) {
        let others = self.others();
        others.second = Some(second).filter(|_| !others.is_linked);
        self.world.link_journal(false);
    }

    /// The second till pays.
    fn second_pays(&mut self, number: usize) -> Option<Outcome> {
        let (till, seat) = self.second()?;
        let (till, payment) = self.run(till, seat, number, None, false)?;
        self.keep_second((till, seat));
        Some(payment.outcome).filter(|_| !payment.replayed)
    }

    /// On some days recovery is the work of a program that is up all day and takes no payment.
    pub fn back_office_recovers(&mut self, listen: Duration) -> bool {
        if self.others.is_none() || self.by_chance(50) {
            return false;
        }
        self.office_recovers(listen);
        self.note("back office");
        true
    }

    fn office_recovers(&mut self, listen: Duration) {
        let seat = self.seat();
        let known = self.others().back_office.take();
        let started = || self.world.till(seat, Role::BackOffice, Trouble::None).expect("the journal opens");
        let mut till = known.unwrap_or_else(started);
        // It may have opened a journal whose file has been replaced.
        let _ = till.recover_listening(listen);
        self.others().back_office = Some(till);
        self.observe();
    }

    fn second_recovers(&mut self) {
        let listen = if self.by_chance(50) { self.world.longest() } else { Duration::ZERO };
        let Some((mut till, seat)) = self.second() else { return };
        // It may have opened a journal whose file has been replaced.
        let _ = till.recover_listening(listen);
        self.keep_second((till, seat));
        self.observe();
    }

    /// The second till sees what is open at the terminal: at least the payment that runs there.
    fn second_lists(&mut self, running: Option<(usize, Seat)>) {
        let Some((till, seat)) = self.second() else { return };
        let unresolved = till.unresolved().unwrap();
        let _ = till.contested().unwrap();
        if let Some((number, other)) = running
            && (seat.name == other.name || seat.address == other.address)
            && till.journal().find(&self.entries[number].id).unwrap().is_some_and(|it| it.is_open())
        {
            let is_listed = unresolved.iter().any(|record| record.id() == self.entries[number].id);
            assert!(is_listed, "{number} runs, and {unresolved:?} is unresolved");
        }
        self.keep_second((till, seat));
    }

    fn new_sale(&mut self) -> usize {
        let number = self.entries.len();
        let sale = self.others().sale(number);
        self.begin(&sale)
    }

    /// Somebody acts at this event of a payment of the first till; says whether anybody did.
    pub fn inside(&mut self, number: usize, seat: Seat, has_begun: bool) -> bool {
        let share = self.others.as_ref().map_or(0, |others| others.company.inside);
        if share == 0 || !self.by_chance(share) {
            return false;
        }
        self.observe();
        match self.others().more.below(16) {
            0..=3 => {
                let outcome = self.second_pays(number);
                if has_begun && matches!(outcome, Some(Outcome::Blocked { .. })) {
                    self.note("same id inside, blocked");
                }
            }
            4..=6 => {
                let other = self.new_sale();
                match self.second_pays(other) {
                    Some(Outcome::Blocked { .. }) => self.note("sale inside, blocked"),
                    Some(_) => self.note("sale inside, elsewhere"),
                    None => {}
                }
            }
            7 | 8 => {
                self.second_recovers();
                self.note("recovery inside");
            }
            9 | 10 => {
                self.second_lists(Some((number, seat)).filter(|_| has_begun));
                self.note("list inside");
            }
            11..=13 if has_begun => self.word_inside(number),
            14 if self.others().company.replaces_journal => {
                self.world.replace_journal();
                self.note("journal replaced inside");
            }
            _ => self.app_pays(),
        }
        true
    }

    /// A person decides what runs, by what the terminal shows now, and has the customer pay again if that is accepted.
    fn word_inside(&mut self, number: usize) {
        let paid = self.look_at_terminal(number);
        let decision = Decision::new(paid, "Camille", "écran du terminal").unwrap();
        let Some((mut till, seat)) = self.second() else { return };
        let resolved = till.resolve(&self.entries[number].id, &decision);
        self.keep_second((till, seat));
        match resolved {
            Ok(_) if paid == Paid::NotPaid && self.by_chance(50) => {
                let sale = self.entries[number].sale.clone();
                let again = self.begin_again(number, &sale);
                let _ = self.second_pays(again);
            }
            Ok(_) => {}
            Err(_) => self.note("word inside, refused"),
        }
    }

    /// A sale at the second terminal, under the name that it has in the morning.
    fn at_spare_terminal(&mut self, seat: Seat) {
        let number = self.new_sale();
        self.entries[number].sale.turn =
            self.others().more.one_of(&["approve", "decline:04", "cancel"]).to_owned();
        self.set_turn(number);
        let role = Role::Second { is_hurried: true };
        let till = self.world.till(seat, role, Trouble::None).expect("the journal opens");
        if self.run(till, seat, number, None, false).is_some_and(|(_, payment)| !payment.outcome.is_unknown())
        {
            self.note("sale at the second terminal");
        }
    }

    /// The terminals answer to this payment as its plan says.
    fn set_turn(&mut self, number: usize) {
        let turn = self.entries[number].sale.turn.parse().unwrap();
        let script = Script::sequence([turn]);
        for terminal in 0..TERMINALS {
            self.world.at_terminal(terminal, |it| it.set_script(script.clone()));
        }
    }

    /// Somebody acts between two payments of the first till.
    fn outside(&mut self) {
        match self.others().more.below(16) {
            0..=3 => {
                let number = self.new_sale();
                self.set_turn(number);
                match self.second_pays(number) {
                    Some(Outcome::Blocked { .. }) => self.note("sale outside, blocked"),
                    Some(outcome) if outcome.is_unknown() => self.note("sale outside, unknown"),
                    _ => self.note("sale outside"),
                }
            }
            4 | 5 if !self.entries.is_empty() => {
                let below = self.entries.len();
                let number = self.others().more.below(below);
                let _ = self.second_pays(number);
                self.note("same id outside");
            }
            6 | 7 => {
                self.second_recovers();
                self.classify(Class::Recovered);
                self.note("recovery outside");
            }
            8 => {
                self.second_lists(None);
                self.note("list outside");
            }
            9..=12 => self.mistake(),
            _ => self.app_pays(),
        }
    }

    /// After a payment whose end is open, a person may not wait.
    pub fn perhaps_mistake(&mut self) {
        if self.others.is_some() && self.by_chance(25) {
            self.mistake();
        }
    }

    /// A person says something about an open payment too soon, or says the wrong thing.
    fn mistake(&mut self) {
        let is_open = |number: &usize| {
            self.record(*number).is_some_and(|record| record.state() == RecordState::Unresolved)
        };
        let Some(number) = (0..self.entries.len()).find(is_open) else { return };
        let now = self.look_at_terminal(number);
        let is_hasty = self.by_chance(50);
        let minor = self.entries[number].sale.minor;
        let paid = match now {
            _ if is_hasty => now,
            Paid::Paid(_) => Paid::NotPaid,
            Paid::NotPaid => Paid::Paid(Amount::from_minor(minor, Currency::EUR)),
        };
        if self.resolve(number, paid).is_ok() {
            self.others().mistaken.insert(number);
            self.classify(Class::ByAPerson);
            self.note(if is_hasty { "hasty word" } else { "wrong word" });
        }
    }

    /// A person looks again, once nobody can be at the terminal, and corrects what was said.
    fn correct(&mut self) {
        if self.others().mistaken.is_empty() {
            return;
        }
        self.world.pass(self.world.longest());
        for number in std::mem::take(&mut self.others().mistaken) {
            self.wait_for_idle(number);
            let paid = self.look_at_terminal(number);
            let before = self.record(number).expect("it was decided");
            // A failure that nothing has met yet may still be waiting for a write, and the terminal's own proof is disputed
            // first.
            for _ in 0..6 {
                let record = self.record(number).expect("it was decided");
                if record.state() == RecordState::Final && record.paid() == Some(paid) {
                    break;
                }
                let _ = self.resolve(number, paid);
            }
            let after = self.record(number).expect("it was decided");
            assert_eq!((after.state(), after.paid()), (RecordState::Final, Some(paid)), "{number}");
            match before {
                _ if before.state() == RecordState::Disputed => self.note("mistake disputed"),
                _ if before.paid() != Some(paid) => self.note("mistake corrected"),
                _ => {}
            }
        }
        self.classify(Class::ByAPerson);
    }

    /// A payment by the payment app of a device, on the same journal: under the name of the terminal, or a name of its own.
    fn app_pays(&mut self) {
        let number = self.new_sale();
        self.entries[number].terminal = None;
        let (id, minor) = (self.entries[number].id, self.entries[number].sale.minor);
        let name = self.seat().name.filter(|_| self.by_chance(60)).unwrap_or("device");
        let others = self.others();
        others.app.behave(others.more.one_of(&BEHAVIOURS).parse().unwrap());
        let mut till = self.app_till(name);
        let request = Perform::debit(Amount::from_minor(minor, Currency::EUR), id).unwrap();
        let intent = match till.begin(&PaymentRequest::v4(request)).unwrap() {
            Begun::Launch(intent) => intent,
            Begun::Ended(payment) => {
                assert!(matches!(payment.outcome, Outcome::Blocked { .. }), "{payment:?}");
                return self.note("app blocked");
            }
        };
        let reply = self.others().app.launch(&intent).unwrap();
        let moved = self.others().app.movements().iter().find(|it| it.reference == id.as_str()).cloned();
        if let Some(movement) = moved {
            self.truth.moved_by_app(number, movement.amount_minor);
        }
        // The app is in front, and the payment runs.
        if self.by_chance(30) {
            self.second_recovers();
        }
        let result = ActivityResult::from_intent(reply.code, reply.data.as_ref());
        if self.by_chance(30) {
            // Android kills the till, and the result may be lost with it.
            drop(till);
            self.note("app killed");
            if self.by_chance(50) {
                return;
            }
            till = self.app_till(name);
        }
        let payment = till.answer(&id, &result).unwrap();
        self.truth.check(number, &self.entries[number].sale, payment.outcome);
        self.note(if payment.outcome.is_unknown() { "app unknown" } else { "app known" });
    }

    fn app_till(&mut self, name: &str) -> caisse_intent::Till<FatedJournal> {
        let name: TerminalId = name.parse().unwrap();
        let is_exclusive = self.by_chance(50);
        caisse_intent::Till::new(hurried(self.world.journal()), name, Currency::EUR).exclusive(is_exclusive)
    }

    /// The network does not carry: what the till sends stays in its machine. The terminal shows nothing, and the customer pays
    /// again once a person or the evidence says that nothing was paid. Nothing of the first attempt may arrive later.
    fn held_back(&mut self) {
        if self.open().is_some() {
            return;
        }
        let number = self.new_sale();
        let sale = self.entries[number].sale.clone();
        self.end_till();
        let seat = self.seat();
        let till = self.world.till(seat, Role::HeldBack, Trouble::None).expect("the journal opens");
        let is_given_up = self.by_chance(50);
        let wish = Wish { at: 3 + self.others().more.below(3), gives_up: true };
        let first = self.run(till, seat, number, Some(wish).filter(|_| is_given_up), false);
        if is_given_up {
            // The program ends, and a person decides at once.
            drop(first);
            if self.is_unresolved(number) {
                let decided = (0..4).any(|_| self.resolve(number, Paid::NotPaid).is_ok());
                assert!(decided, "{number} cannot be decided");
            }
            self.world.heal();
            self.note("held back, given up");
        } else {
            // It waits for as long as it may, and stays up. Another one recovers, on a network that carries.
            for _ in 0..2 {
                self.office_recovers(Duration::ZERO);
                self.world.pass(self.world.longest());
            }
            self.office_recovers(Duration::ZERO);
            self.world.heal();
            self.note("held back, silent");
        }
        self.world.pass(self.world.longest());
        self.classify(Class::ByAPerson);
        if !self.is_unresolved(number) && !self.is_mistaken(number) {
            let again = self.begin_again(number, &sale);
            let _ = self.second_pays(again);
        }
    }

    fn is_unresolved(&self, number: usize) -> bool {
        self.record(number).is_some_and(|record| record.state() == RecordState::Unresolved)
    }
}
