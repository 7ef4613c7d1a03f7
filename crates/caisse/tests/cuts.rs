//! The exhaustive cut: at every byte of an exchange, in both directions and in three ways, the line goes; at every call the
//! till is killed and started again on its journal. What the till believes is held against what the terminal charged. A second
//! till on the same journal is up all the time: at the moment of the cut and after it, it tries to pay a sale of its own, and the
//! same id.

#[path = "support/shop.rs"]
mod shop;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{
    Amount, Currency, Dialect, Journal, LinkKind, MemoryJournal, Operation, OperatorOverride, Outcome,
    Payment, PaymentRequest, RecordState, SqliteJournal, Till, TransactionId,
};
use caisse_simulator::VirtualWorld;
use caisse_simulator::persona::Persona;
use caisse_simulator::terminal::Settings;
use shop::{CUTS, Cut, Fate, FatedJournal, Shop, Trouble, hurried, unlocked};

/// Longer than any transaction.
const AFTERWARDS: Duration = Duration::from_secs(301);

#[derive(Clone, Copy, Debug)]
struct Setup {
    dialect: Dialect,
    kind: LinkKind,
    operation: Operation,
    exclusive: bool,
    answer: &'static str,
}

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

/// Amounts that no two transactions share.
const BEFORE: u64 = 1000;
const OURS: u64 = 2500;
const THEIRS: u64 = 4200;

impl Setup {
    fn world(self) -> VirtualWorld<'static> {
        let settings = Settings {
            persona: self.dialect.name.parse::<Persona>().unwrap(),
            latency: Duration::from_secs(20),
            authorisation: Duration::from_secs(2),
            ..Settings::default()
        };
        match self.kind {
            LinkKind::Stream => Shop::tcp(settings),
            LinkKind::Serial => Shop::serial(settings),
        }
    }

    /// A cancellation undoes the sale before it, so it is of its amount.
    const fn amount(self) -> u64 {
        if matches!(self.operation, Operation::Cancellation) { BEFORE } else { OURS }
    }

    fn request(self) -> PaymentRequest {
        let request = PaymentRequest::new(self.operation, euros(self.amount())).id("ours".parse().unwrap());
        match self.operation {
            Operation::Cancellation if self.exclusive => request.original("before".parse().unwrap()),
            Operation::Cancellation => request
                .original("before".parse().unwrap())
                .with_override(OperatorOverride::new("Zoé", "ticket du client").unwrap()),
            _ => request,
        }
    }

    /// How often the terminal moved the money of this request.
    fn moved(self, world: &VirtualWorld<'_>) -> usize {
        let ledger = world.ledger();
        match self.operation {
            Operation::Cancellation => ledger.cancellations().len(),
            Operation::Credit => ledger.credits().len(),
            _ => ledger.charges().iter().filter(|charge| charge.amount_minor == OURS).count(),
        }
    }
}

/// How a case ended: what the till knows without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Known when `pay` returned, or after the restart without asking.
    AtOnce,
    /// Found out by recovery.
    Recovered,
    /// Left to a person.
    Open,
}

/// What the second till may do with a sale of its own after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theirs {
    /// It is held back.
    HeldBack,
    /// It begins: the payment in trouble is not in the way.
    Begins,
}

/// The second till.
struct Second {
    till: Till,
    setup: Setup,
    /// Whether it has tried at the moment of the cut.
    has_tried: bool,
}

impl Second {
    fn sale(&mut self, id: &str) -> Payment {
        self.till.pay(PaymentRequest::debit(euros(THEIRS)).id(id.parse().unwrap())).unwrap()
    }

    /// The same id is blocked, or answered out of the journal.
    fn same_id(&mut self, case: &dyn Fn() -> String) {
        let payment = self.till.pay(self.setup.request().without_waiting()).unwrap();
        let blocked = matches!(payment.outcome, Outcome::Blocked { .. });
        assert!(payment.replayed || blocked, "{}: the same id: {payment:?}", case());
    }

    /// While the first till holds the terminal.
    fn tries_at_the_cut(&mut self, case: &dyn Fn() -> String) {
        self.has_tried = true;
        self.same_id(case);
        let sale = self.sale("at-the-cut");
        assert!(matches!(sale.outcome, Outcome::Blocked { .. }), "{}: at the cut: {sale:?}", case());
    }

    /// Once the first till has returned, or is dead.
    fn tries_after_the_cut(&mut self, shop: &Shop<'_>, case: &dyn Fn() -> String) -> Theirs {
        let find = |till: &Till| till.journal().find(&"ours".parse().unwrap()).unwrap();
        let before = find(&self.till);
        // What was never sent may be tried again, by whichever till.
        let sent = before.as_ref().map(|record| record.verdict().outcome);
        if sent.is_some_and(|outcome| !matches!(outcome, Outcome::NotSent { .. })) {
            self.same_id(case);
        }
        let sale = self.sale("theirs");
        let charged = || shop.world.ledger().charges().iter().filter(|it| it.amount_minor == THEIRS).count();
        match sale.outcome {
            Outcome::Approved { .. } => assert_eq!(charged(), 1, "{}: {sale:?}", case()),
            Outcome::Unknown { .. } => {}
            _ => assert_eq!(charged(), 0, "{}: {sale:?}", case()),
        }
        let after = find(&self.till);
        let is_held_back = matches!(sale.outcome, Outcome::Blocked { .. });
        let is_open = after.as_ref().is_some_and(|record| record.state() == RecordState::Unresolved);
        assert_eq!(is_held_back, is_open, "{}: {sale:?} beside {after:?}", case());
        if before.as_ref().is_some_and(|record| record.state() == RecordState::Final) {
            assert_eq!(before, after, "{}", case());
        }
        if is_held_back { Theirs::HeldBack } else { Theirs::Begins }
    }
}

/// What became of one case.
struct Ended {
    class: Class,
    theirs: Theirs,
    /// How many moments, sent and received bytes there were.
    counts: [usize; 3],
}

/// Runs one case to its end and holds it against the ledger.
fn run(setup: Setup, trouble: Trouble, journal: &dyn Fn() -> Box<dyn Journal>) -> Ended {
    run_beside(setup, trouble, journal, hurried)
}

/// The same with such locks of the second till.
fn run_beside(
    setup: Setup,
    trouble: Trouble,
    journal: &dyn Fn() -> Box<dyn Journal>,
    locks: fn(Box<dyn Journal>) -> FatedJournal,
) -> Ended {
    let world = setup.world();
    let Setup { dialect, kind, exclusive, .. } = setup;
    let shop = Shop { world, dialect, kind, exclusive, journal };
    let case =
        move || format!("{trouble:?} in {} {:?} {} {}", dialect.name, kind, setup.operation, setup.answer);
    // A sale before, of another amount, in which nothing goes wrong.
    let before = shop.till().pay(PaymentRequest::debit(euros(BEFORE)).id("before".parse().unwrap())).unwrap();
    assert_eq!(before.outcome.name(), "approved", "{}", case());
    shop.world.at_terminal(|terminal, _| terminal.set_script(setup.answer.parse().unwrap()));

    let second = Arc::new(Mutex::new(Second { till: shop.second_till(locks), setup, has_tried: false }));
    let at_the_cut = Arc::clone(&second);
    let fate = Fate::new(trouble).at_trouble(move || at_the_cut.lock().unwrap().tries_at_the_cut(&case));
    let (lived, counts) = shop.pay_fated(&setup.request(), &fate);
    let mut second = second.lock().unwrap();
    assert_eq!(second.has_tried, trouble != Trouble::None, "{}", case());
    let moved = |shop: &Shop<'_>| setup.moved(&shop.world);
    let told = lived.as_ref().map(|(_, payment)| payment.outcome);
    if let Some(outcome) = told {
        check(setup, outcome, moved(&shop), false, &case);
    }
    // The terminal goes on by itself, whatever became of the till. A till that was killed is started again.
    shop.world.at_terminal(|terminal, _| terminal.set_faults(Vec::new()));
    let mut till = lived.map_or_else(|| shop.till(), |(till, _)| till);
    let id: TransactionId = "ours".parse().unwrap();
    let state = |till: &Till| till.journal().find(&id).unwrap().map(|record| record.state());
    let known_before = state(&till) != Some(RecordState::Unresolved);
    let theirs = second.tries_after_the_cut(&shop, &case);
    // A till that was started again listens first; what it does not hear it finds out once nobody can be at the terminal.
    let mut recovered = till.recover_listening(AFTERWARDS).unwrap();
    // A connection that stayed open for a late answer is aborted at the end of this time, and the time then counts from the
    // abort: the terminal may have read the request until then.
    for _ in 0..2 {
        if state(&till) == Some(RecordState::Unresolved) {
            shop.world.run_for(AFTERWARDS);
            recovered = till.recover().unwrap();
        }
    }
    assert!(recovered.len() <= 1);
    if std::env::var_os("SHOW_OPEN").is_some() && state(&till) == Some(RecordState::Unresolved) {
        println!("open: {} {:?}", case(), recovered[0]);
    }
    let class = match (known_before, state(&till)) {
        (true, _) => Class::AtOnce,
        (false, Some(RecordState::Unresolved)) => Class::Open,
        (false, _) => Class::Recovered,
    };
    let record = till.journal().find(&id).unwrap();
    let truth = moved(&shop);
    if let Some(record) = &record {
        check(setup, record.verdict().outcome, truth, true, &case);
        if let Some(told) = told.filter(|outcome| !outcome.is_unknown()) {
            assert_eq!(record.verdict().outcome, told, "{}", case());
        }
    } else {
        assert_eq!(truth, 0, "{}: nothing is recorded", case());
    }
    // The same id again: whatever the record says, never a second movement.
    let again = till.pay(setup.request()).unwrap();
    shop.world.run_for(AFTERWARDS);
    assert!(moved(&shop) <= 1, "{}: moved {} times", case(), moved(&shop));
    if truth == 1 {
        assert_eq!(moved(&shop), 1);
        assert!(again.replayed || again.outcome.reason_code().is_some(), "{}", case());
    }
    Ended { class, theirs, counts }
}

/// Nothing approved is called otherwise, nothing refused is called approved, nothing that moved is called not sent.
fn check(setup: Setup, outcome: Outcome, moved: usize, ended: bool, case: &dyn Fn() -> String) {
    assert!(moved <= 1, "{}: moved {moved} times", case());
    match outcome {
        Outcome::Approved { amount } => {
            assert_eq!((amount.minor(), moved), (setup.amount(), 1), "{}: {outcome:?}", case());
        }
        Outcome::Unknown { .. } => {}
        Outcome::PartiallyApproved { .. } => panic!("{}: {outcome:?}", case()),
        // The terminal may still be at it when `pay` returns: only a proven end is an end.
        Outcome::Declined { .. }
        | Outcome::Cancelled { .. }
        | Outcome::NotSent { .. }
        | Outcome::Blocked { .. } => {
            assert_eq!(moved, 0, "{} ({ended}): {outcome:?}", case());
        }
    }
}

fn troubles([moments, sent, received]: [usize; 3]) -> Vec<Trouble> {
    let mut all = vec![Trouble::None];
    for cut in CUTS {
        all.extend((0..=sent).map(|most| Trouble::CutAfterSent(most, cut)));
        all.extend((0..=received).map(|most| Trouble::CutAfterReceived(most, cut)));
    }
    all.extend((0..moments).map(Trouble::Kill));
    all
}

/// How many cases there were, how each ended, and how often the second till's own sale began after the cut.
#[derive(Debug, Default, PartialEq, Eq)]
struct Enumerated {
    cases: usize,
    classes: BTreeMap<Class, usize>,
    begun: usize,
}

/// Every case of one setup.
fn enumerate(setup: Setup, new_journal: &dyn Fn() -> Box<dyn Fn() -> Box<dyn Journal>>) -> Enumerated {
    enumerate_each(1, setup, new_journal)
}

/// One case in so many.
fn enumerate_each(
    stride: usize,
    setup: Setup,
    new_journal: &dyn Fn() -> Box<dyn Fn() -> Box<dyn Journal>>,
) -> Enumerated {
    let Ended { class, counts, .. } = run(setup, Trouble::None, &*new_journal());
    assert_eq!(class, Class::AtOnce, "without trouble the end is known: {setup:?}");
    let mut all = Enumerated::default();
    for trouble in troubles(counts).into_iter().step_by(stride) {
        let ended = run(setup, trouble, &*new_journal());
        all.cases += 1;
        all.begun += usize::from(ended.theirs == Theirs::Begins);
        *all.classes.entry(ended.class).or_default() += 1;
    }
    all
}

fn in_memory() -> Box<dyn Fn() -> Box<dyn Journal>> {
    let journal = MemoryJournal::new();
    Box::new(move || Box::new(journal.clone()))
}

fn on_disk() -> Box<dyn Fn() -> Box<dyn Journal>> {
    let folder = tempfile::tempdir().unwrap();
    Box::new(move || Box::new(SqliteJournal::open(folder.path().join("journal.sqlite")).unwrap()))
}

/// A second till whose locks exclude nobody charges the same id where the line goes before the start is recorded, and begins a sale
/// of its own where it goes later.
#[test]
fn locks_that_exclude_nobody_are_seen() {
    let operation = Operation::Debit;
    let (dialect, kind, answer) = (Dialect::NEPTING, LinkKind::Stream, "approve");
    let setup = Setup { dialect, kind, operation, exclusive: true, answer };
    for (trouble, text) in [
        (Trouble::CutAfterSent(0, Cut::OneWay), "the same id: "),
        (Trouble::CutAfterReceived(127, Cut::Reset), "at the cut: "),
    ] {
        run(setup, trouble, &*in_memory());
        let why = catch_unwind(|| run_beside(setup, trouble, &*in_memory(), unlocked)).err();
        let why = why.and_then(|why| why.downcast_ref::<String>().cloned()).unwrap_or_default();
        assert!(why.contains(text), "{trouble:?}: {why}");
    }
}

/// Where a terminal tells amount, currency and number of its last transaction, and is ours alone, nothing is left open.
#[test]
fn an_exclusive_terminal_with_fields_leaves_nothing_to_a_person() {
    let mut cases = 0;
    for kind in [LinkKind::Stream, LinkKind::Serial] {
        for answer in ["approve", "decline:04"] {
            let operation = Operation::Debit;
            let setup = Setup { dialect: Dialect::NEPTING, kind, operation, exclusive: true, answer };
            let Enumerated { cases: count, classes, begun } = enumerate(setup, &in_memory);
            println!("{kind:?} {answer}: {count} cases, {classes:?}, {begun} begun");
            assert_eq!(classes.get(&Class::Open), None, "{setup:?}: {classes:?}");
            assert!(classes[&Class::Recovered] > 100, "{classes:?}");
            cases += count;
        }
    }
    println!("{cases} cases");
    assert!(cases > 1_500, "{cases}");
}

/// Whatever happens at whatever byte: one movement at most, and no wrong word about it. How much is left to a person is
/// pinned, because a till that always said unknown would be safe and useless. Rows: debit, credit and cancellation on an
/// exclusive terminal, then a debit on one that others use too; approved and declined together. Columns: how many cases, how
/// many known at once, found out by recovery, left to a person; and in how many the second till's own sale began after the cut,
/// because the end was known or that till found it out.
fn everything(dialect: Dialect, kind: LinkKind) -> Vec<[usize; 5]> {
    let mut table = Vec::new();
    for exclusive in [true, false] {
        // Where others use the terminal nothing depends on the operation.
        let operations = [Operation::Debit, Operation::Credit, Operation::Cancellation];
        for operation in operations.into_iter().take(if exclusive { 3 } else { 1 }) {
            let mut row = [0; 5];
            for answer in ["approve", "decline:04"] {
                let setup = Setup { dialect, kind, operation, exclusive, answer };
                let Enumerated { cases, classes, begun } = enumerate(setup, &in_memory);
                let of = |class| classes.get(&class).copied().unwrap_or(0);
                row[0] += cases;
                row[1] += of(Class::AtOnce);
                row[2] += of(Class::Recovered);
                row[3] += of(Class::Open);
                row[4] += begun;
            }
            println!("{} {kind:?} exclusive={exclusive} {operation}: {row:?}", dialect.name);
            table.push(row);
        }
    }
    table
}

macro_rules! everywhere {
    ($($name:ident: $dialect:ident, $kind:ident, $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(everything(Dialect::$dialect, LinkKind::$kind), $expected);
        })*
    };
}

everywhere! {
    // Its duplicata is a ticket: it proves that nothing was paid, and nothing else.
    payxpress_on_tcp: PAYXPRESS, Stream,
        [[1324, 438, 272, 614, 438], [1324, 438, 0, 886, 438], [1324, 438, 0, 886, 438], [1324, 438, 0, 886, 438]];
    // Nobody has written down what its duplicata gives; the virtual one knows none.
    ingenico_on_tcp: INGENICO, Stream,
        [[1369, 483, 0, 886, 483], [1369, 483, 0, 886, 483], [1369, 483, 0, 886, 483], [1369, 483, 0, 886, 483]];
    // Its duplicata tells amount, currency and number: no debit is left open. It proves no credit and no cancellation.
    nepting_on_tcp: NEPTING, Stream,
        [[1279, 393, 886, 0, 670], [1279, 393, 0, 886, 393], [796, 170, 0, 626, 170], [1279, 393, 0, 886, 393]];
    // On a serial line a till that comes back hears the result of a terminal that was still at it, debit or credit. A
    // cancellation is of the amount of the sale before it, whose result this could be again.
    ingenico_on_a_serial_line: INGENICO, Serial,
        [[1489, 393, 373, 723, 393], [1489, 393, 373, 723, 393], [1489, 393, 0, 1096, 393], [1489, 393, 0, 1096, 393]];
    nepting_on_a_serial_line: NEPTING, Serial,
        [[1399, 363, 1036, 0, 536], [1399, 363, 343, 693, 369], [916, 202, 0, 714, 202], [1399, 363, 0, 1036, 363]];
    // No duplicata at all.
    e_on_a_serial_line: CONCERT_E, Serial,
        [[466, 112, 92, 262, 112], [466, 112, 92, 262, 112], [466, 112, 0, 354, 112], [466, 112, 0, 354, 112]];
    e_plus_on_a_serial_line: CONCERT_E_PLUS, Serial,
        [[514, 112, 92, 310, 112], [514, 112, 92, 310, 112], [514, 112, 0, 402, 112], [514, 112, 0, 402, 112]];
}

/// The same with the journal on disk, through its real encoding, for one setup of each kind; one case in eleven, because
/// each waits for the disk.
#[test]
fn the_journal_on_disk_tells_the_same() {
    for (dialect, kind) in [(Dialect::NEPTING, LinkKind::Stream), (Dialect::CONCERT_E_PLUS, LinkKind::Serial)]
    {
        let setup = Setup { dialect, kind, operation: Operation::Debit, exclusive: true, answer: "approve" };
        let on_disk = enumerate_each(11, setup, &on_disk);
        assert!(on_disk.cases > 20, "{setup:?}: {on_disk:?}");
        assert_eq!(on_disk, enumerate_each(11, setup, &in_memory));
    }
}
