//! A till that is killed, as a process, at any moment: nobody is charged twice, and nobody is told anything that the
//! terminal's ledger contradicts.

#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use caisse::SqliteJournal;
use caisse_simulator::persona::Persona;
use caisse_simulator::terminal::{Event, Happened};
use caisse_simulator::{Builder, VirtualTerminal};
use serde_json::{Value, json};
use support::{Ran, Shop};

/// The payment whose till is killed, and those of other customers. The ledger tells them apart by their amounts.
const OURS: (&str, &str, u64) = ("sale-1", "25.00", 2500);
const OTHERS: (&str, u64) = ("7.00", 700);

/// No test waits so long unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// When the till is killed.
enum Moment {
    /// Once it has said this, and a little later.
    Said(&'static str, Duration),
    /// When this happens at the terminal: before a byte of what follows can reach the till.
    Happened(Box<dyn Fn(&Happened) -> bool + Send + Sync>),
}

impl Moment {
    fn said(event: &'static str) -> Self {
        Self::Said(event, Duration::ZERO)
    }

    fn at(event: fn(&Event) -> bool) -> Self {
        Self::Happened(Box::new(move |happened| event(&happened.event)))
    }
}

/// What the journal holds of the payment after the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Nothing,
    Unknown,
    Approved,
    Declined,
}

/// The till that is going to die, and what happened at the terminal.
#[derive(Default)]
struct Scene {
    till: Mutex<Option<Child>>,
    log: Mutex<Vec<Event>>,
    changed: Condvar,
}

impl Scene {
    /// Also before the till is there to be killed: who starts it holds the lock.
    fn kill(&self) {
        if let Some(till) = self.till.lock().unwrap().as_mut() {
            till.kill().unwrap();
        }
    }

    fn notice(&self, event: Event) {
        self.log.lock().unwrap().push(event);
        self.changed.notify_all();
    }

    fn wait_for(&self, within: Duration, wanted: impl Fn(&[Event]) -> bool) -> bool {
        let log = self.log.lock().unwrap();
        let (log, _) = self.changed.wait_timeout_while(log, within, |log| !wanted(log)).unwrap();
        wanted(&log)
    }
}

struct Case {
    shop: Shop,
    scene: Arc<Scene>,
    terminal: VirtualTerminal,
    options: &'static str,
    /// What the killed till had said.
    said: Vec<Value>,
    /// Whether it was killed before it had come to its own end.
    killed: bool,
}

impl Case {
    /// Pays at this terminal, and kills the till at that moment.
    fn new(terminal: Builder, options: &'static str, moment: Moment) -> Self {
        Self::elsewhere(None, terminal, options, moment)
    }

    /// The same; the till that is killed goes to another address than the terminal's.
    fn elsewhere(address: Option<&str>, terminal: Builder, options: &'static str, moment: Moment) -> Self {
        let shop = Shop::new();
        SqliteJournal::open(shop.path("journal.sqlite")).unwrap();
        let scene = Arc::new(Scene::default());
        let watching = Arc::clone(&scene);
        let (said, happened) = match moment {
            Moment::Said(event, later) => (Some((event, later)), None),
            Moment::Happened(wanted) => (None, Some(wanted)),
        };
        let terminal = terminal.on_event(move |event| {
            watching.notice(event.event.clone());
            if happened.as_ref().is_some_and(|wanted| wanted(event)) {
                watching.kill();
            }
        });
        let terminal = terminal.start().unwrap();
        let mut case = Self { shop, scene, terminal, options, said: Vec::new(), killed: false };
        if options.contains("--exclusive") {
            // Only behind a payment that the journal knows can a terminal prove one.
            assert_eq!(case.shop.caisse(&case.line("before", "3.00", &case.address())).code, 0);
            case.scene.log.lock().unwrap().clear();
        }
        let line = case.line(OURS.0, OURS.1, &address.map_or_else(|| case.address(), str::to_owned));
        let mut command = case.shop.command(&line.split_whitespace().collect::<Vec<_>>());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let out = {
            let mut till = case.scene.till.lock().unwrap();
            till.insert(command.spawn().unwrap()).stdout.take().unwrap()
        };
        let (mut reader, mut text) = (BufReader::new(out), String::new());
        let is_said = |text: &str| {
            let last = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
            said.filter(|(event, _)| last.is_some_and(|last| last["event"] == *event))
        };
        while reader.read_line(&mut text).unwrap() > 0 {
            if let Some((_, later)) = is_said(&text) {
                thread::sleep(later);
                case.scene.kill();
            }
        }
        let mut till = case.scene.till.lock().unwrap().take().unwrap();
        case.killed = till.wait().unwrap().code().is_none();
        // The last line may be cut.
        case.said = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        case
    }

    fn address(&self) -> String {
        self.terminal.address().to_string()
    }

    fn line(&self, id: &str, amount: &str, address: &str) -> String {
        let (journal, options) = (self.shop.path("journal.sqlite"), self.options);
        format!(
            "pay {amount} --id {id} --json --timeout 20 --journal {journal} --terminal-id counter \
             --terminal {address} {options}"
        )
    }

    fn pay(&self, id: &str, amount: &str) -> Ran {
        self.shop.caisse(&self.line(id, amount, &self.address()))
    }

    fn pay_again(&self) -> Ran {
        self.pay(OURS.0, OURS.1)
    }

    fn charges(&self, minor: u64) -> usize {
        self.terminal.ledger().charges().iter().filter(|charge| charge.amount_minor == minor).count()
    }

    /// How often the terminal was asked for a debit of this amount: more than once is too often, whatever came of it.
    fn times_asked(&self, wanted: &str) -> usize {
        let log = self.scene.log.lock().unwrap();
        let asked = |event: &&Event| matches!(event, Event::Asked { operation: "debit", amount: Some(amount), .. } if amount == wanted);
        log.iter().filter(asked).count()
    }

    /// The payment as `journal list` tells it; one record must be one line, whatever was cut off.
    fn entry(&self) -> Option<Value> {
        let ran = self.shop.caisse(&format!("journal {} list --json", self.shop.path("journal.sqlite")));
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let mut entries = ran.lines();
        entries.retain(|entry| entry["id"] == OURS.0);
        assert!(entries.len() <= 1, "{}", ran.out);
        entries.pop()
    }

    /// What the journal holds of it, which must be one of what there can be.
    fn left(&self) -> Left {
        let Some(entry) = self.entry() else { return Left::Nothing };
        assert_eq!((&entry["operation"], &entry["amount_minor"]), (&json!("debit"), &json!(OURS.2)));
        assert_eq!((&entry["terminal"], &entry["currency"]), (&json!("counter"), &json!("EUR")));
        match (entry["state"].as_str().unwrap(), entry["outcome"].as_str().unwrap()) {
            ("unresolved", "unknown") => {
                assert_ne!(entry["proof"], "nothing_sent", "{entry}");
                Left::Unknown
            }
            ("final", "approved") => Left::Approved,
            ("final", "declined" | "cancelled") => Left::Declined,
            _ => panic!("{entry}"),
        }
    }

    /// Every promise, after the kill: says what was left behind.
    fn judge(&self) -> Left {
        let left = self.left();
        let charged = self.charges(OURS.2);
        // The till's last word, if it came so far, is what it had written down before.
        if let Some(told) = self.said.iter().find(|line| line["event"] == "outcome") {
            let told = match told["outcome"].as_str().unwrap() {
                "approved" => Left::Approved,
                "declined" | "cancelled" => Left::Declined,
                "unknown" => Left::Unknown,
                other => panic!("{other}"),
            };
            assert_eq!(left, told);
        }
        if left == Left::Nothing {
            assert_eq!((charged, self.times_asked(OURS.1)), (0, 0), "asked without a record");
        }

        let again = self.pay_again();
        let outcome = again.last();
        assert_eq!(outcome["replayed"], left != Left::Nothing, "{}", again.out);
        match (left, again.code, outcome["outcome"].as_str().unwrap()) {
            (Left::Nothing | Left::Approved, 0, "approved") => assert_eq!(self.charges(OURS.2), 1),
            (Left::Nothing | Left::Declined, 1, "declined" | "cancelled") => {
                assert_eq!(self.charges(OURS.2), 0)
            }
            (Left::Nothing, 3, "unknown") => {}
            (Left::Unknown, 3, "unknown") => {
                let reason = &outcome["reason"]["code"];
                assert!(reason == "interrupted" || !self.killed, "{reason}");
                assert_eq!(outcome["safe_to_retry"], false);
            }
            other => panic!("{other:?}: {}{}", again.out, again.err),
        }

        let open = again.code == 3;
        let paid_before = self.charges(OTHERS.1);
        let other = self.pay(&format!("other-{paid_before}"), OTHERS.0);
        if open {
            assert_eq!(
                (other.code, &other.last()["reason"]["code"]),
                (6, &json!("unresolved")),
                "{}",
                other.out
            );
            assert_eq!((self.times_asked(OTHERS.0), self.charges(OTHERS.1)), (paid_before, paid_before));
        } else {
            assert_eq!((other.code, &other.last()["outcome"]), (0, &json!("approved")), "{}", other.out);
            assert_eq!(self.charges(OTHERS.1), paid_before + 1);
        }
        self.never_twice();
        left
    }

    fn never_twice(&self) {
        let (charged, asked) = (self.charges(OURS.2), self.times_asked(OURS.1));
        assert!(charged <= 1 && asked <= 1, "charged {charged} and asked {asked} times");
        match self.left() {
            Left::Approved => assert_eq!(charged, 1),
            Left::Nothing | Left::Declined => assert_eq!(charged, 0),
            Left::Unknown => {}
        }
    }
}

fn answering(script: &str) -> Builder {
    VirtualTerminal::builder().latency(Duration::ZERO).answer(script.parse().unwrap())
}

const fn is_charge(event: &Event) -> bool {
    matches!(event, Event::Charged(_))
}

fn waits_for_card(event: &Event) -> bool {
    matches!(event, Event::State { state: "waiting_for_card" })
}

/// An address where connections are neither taken nor refused, for as long as what is given with it lives.
#[cfg(target_os = "linux")]
fn endless_connection() -> (String, TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
        assert!(queue.len() < 10_000, "the queue has no end");
    }
    (format!("tcp://{address}"), listener, queue)
}

#[test]
#[cfg(target_os = "linux")]
fn before_it_is_connected_nothing_is_left_and_the_same_id_pays() {
    let (address, _listener, _queue) = endless_connection();
    let case = Case::elsewhere(Some(&address), answering("approve"), "", Moment::said("connecting"));
    assert!(case.killed);
    assert_eq!(case.said.len(), 1);
    assert_eq!(case.judge(), Left::Nothing);
    assert_eq!(case.left(), Left::Approved);
}

#[test]
fn while_the_customer_looks_for_the_card_it_is_unknown_whatever_the_customer_does_then() {
    for (customer, charged) in [
        (VirtualTerminal::present_card as fn(&VirtualTerminal) -> _, 1),
        (VirtualTerminal::press_red_button, 0),
    ] {
        let case = Case::new(answering("approve").manual_card(), "", Moment::at(waits_for_card));
        assert!(case.killed);
        assert_eq!((case.judge(), case.charges(OURS.2)), (Left::Unknown, 0));
        customer(&case.terminal).unwrap();
        assert_eq!((case.judge(), case.charges(OURS.2)), (Left::Unknown, charged));
    }
}

#[test]
fn between_the_charge_and_its_answer_it_is_unknown() {
    for answer in ["approve", "approve+delay@step=answer:300"] {
        let case = Case::new(answering(answer), "", Moment::at(is_charge));
        assert!(case.killed);
        assert_eq!(case.charges(OURS.2), 1);
        assert!(case.said.iter().all(|line| line["event"] != "answer"), "{:?}", case.said);
        assert_eq!(case.judge(), Left::Unknown);
    }
    let decides = |event: &Event| matches!(event, Event::Decided { verdict: "not_performed", .. });
    let case = Case::new(answering("decline:04,approve"), "", Moment::at(decides));
    assert!(case.killed);
    assert_eq!((case.judge(), case.charges(OURS.2)), (Left::Unknown, 0));
}

#[test]
fn inside_the_answer_it_is_unknown() {
    for answer in ["approve+drip:20", "approve+stall@byte=40", "decline:04+stall@byte=40"] {
        let case = Case::new(answering(answer), "", Moment::said("answer"));
        assert!(case.killed);
        assert_eq!(case.charges(OURS.2), usize::from(answer.starts_with("approve")));
        assert_eq!(case.judge(), Left::Unknown, "{answer}");
    }
}

#[test]
fn when_the_answer_has_left_it_is_what_was_written() {
    let answered = |event: &Event| matches!(event, Event::Answered);
    let case = Case::new(answering("approve"), "", Moment::at(answered));
    assert_eq!(case.charges(OURS.2), 1);
    assert!(matches!(case.judge(), Left::Unknown | Left::Approved));
}

#[test]
fn behind_its_last_word_it_is_what_it_said() {
    for (answer, left, charged) in [("approve", Left::Approved, 1), ("decline:04,approve", Left::Declined, 0)]
    {
        let case = Case::new(answering(answer), "", Moment::said("outcome"));
        assert_eq!(case.said.last().unwrap()["event"], "outcome");
        assert_eq!((case.judge(), case.charges(OURS.2)), (left, charged));
    }
}

#[test]
fn what_the_terminal_can_prove_does_not_block_the_next_customer() {
    let nepting = answering("approve").dialect(Persona::NEPTING);
    let case = Case::new(nepting, "--dialect nepting --exclusive", Moment::at(is_charge));
    assert!(case.killed);
    assert_eq!(case.left(), Left::Unknown);
    let other = case.pay("other", OTHERS.0);
    assert_eq!(other.code, 0, "{}", other.out);
    assert_eq!(other.lines()[0]["event"], "recovering");
    assert_eq!(case.left(), Left::Approved);
    let again = case.pay_again();
    assert_eq!((again.code, &again.last()["replayed"]), (0, &json!(true)));
    assert_eq!((case.charges(OURS.2), case.charges(OTHERS.1)), (1, 1));
    case.never_twice();
}

/// The same id asks the terminal as well: it is told the truth where that is proven, and nothing else where it is not.
#[test]
fn the_same_id_is_told_what_the_terminal_can_prove() {
    let decides = |event: &Event| matches!(event, Event::Decided { verdict: "not_performed", .. });
    for (script, moment, charged) in
        [("approve", Moment::at(is_charge), 1), ("approve,decline:04", Moment::at(decides), 0)]
    {
        let terminal = answering(script).dialect(Persona::NEPTING);
        let case = Case::new(terminal, "--dialect nepting --exclusive", moment);
        assert!(case.killed);
        assert_eq!(case.left(), Left::Unknown);
        let again = case.pay_again();
        assert_eq!(again.lines()[0]["event"], "recovering", "{}", again.out);
        assert_eq!((case.charges(OURS.2), &again.last()["replayed"]), (charged, &json!(true)));
        // Whether the customer of a payment that was not made is gone only time can tell.
        let (code, left) = if charged == 1 { (0, Left::Approved) } else { (3, Left::Unknown) };
        assert_eq!((again.code, case.left()), (code, left), "{}", again.out);
        case.never_twice();
    }
}

/// SplitMix64: the same moments in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const SEED: u64 = 20_261_125;
const SCRIPTS: [&str; 6] = [
    "approve",
    "decline:04,approve",
    "cancel,approve",
    "approve+drip:2,approve",
    "approve+split@byte=60:100,approve",
    "approve+delay@step=answer:50,approve",
];
const WORDS: [&str; 7] = ["connecting", "connected", "recorded", "sent", "waiting", "answer", "outcome"];

/// How many kills by chance each test does: a dozen, or as many as `CAISSE_KILLS` says.
fn count() -> u64 {
    std::env::var("CAISSE_KILLS").map_or(12, |count| count.parse().expect("CAISSE_KILLS is a number"))
}

/// A moment by chance; the first event at the terminal that may be it is this one.
fn moment(random: &mut Random, first: u64) -> (Moment, String) {
    if random.below(3) == 0 {
        let nth = first + u64::try_from(random.below(9)).unwrap();
        let wanted = move |happened: &Happened| happened.number == nth;
        (Moment::Happened(Box::new(wanted)), format!("event {nth} of the terminal"))
    } else {
        let (word, later) = (random.of(&WORDS), 250 * u64::try_from(random.below(80)).unwrap());
        (Moment::Said(word, Duration::from_micros(later)), format!("{later} µs behind '{word}'"))
    }
}

impl Case {
    /// What the dead till had sent may still be on its way: the terminal finishes what it was asked to do.
    fn let_the_terminal_finish(&self) {
        let is_asked = |event: &Event| matches!(event, Event::Asked { .. });
        if self.scene.wait_for(Duration::from_millis(500), |log| log.iter().any(is_asked)) {
            let is_decided = |event: &Event| matches!(event, Event::Decided { .. });
            assert!(self.scene.wait_for(PATIENCE, |log| log.iter().any(is_decided)));
        }
    }
}

/// Kills at moments by chance. Behind its last word a till has left what it said; whatever else it left, the promises hold.
fn by_chance(part: u64) {
    let (mut seen, mut told) = (BTreeSet::new(), 0);
    for number in 0..count() {
        let seed = SEED + 1_000 * part + number;
        let mut random = Random(seed);
        let script = random.of(&SCRIPTS);
        let (moment, words) = moment(&mut random, 1);
        // Shown when a test fails.
        println!("seed {seed}: {script}, killed at {words}");
        let latency = Duration::from_millis(u64::try_from(random.below(30)).unwrap());
        let case = Case::new(answering(script).latency(latency), "", moment);
        let left = case.judge();
        if left == Left::Unknown {
            case.let_the_terminal_finish();
            assert_eq!(case.judge(), Left::Unknown);
        }
        println!("seed {seed}: left {left:?}, charged {}", case.charges(OURS.2));
        if words.ends_with("'outcome'") {
            assert!(matches!(left, Left::Approved | Left::Declined));
            told += 1;
        }
        seen.insert(left);
    }
    assert!(told > 0, "no till was killed behind its last word: {seen:?}");
}

#[test]
fn at_any_moment_by_chance() {
    by_chance(0);
}

#[test]
fn at_any_other_moment_by_chance() {
    by_chance(1);
}

/// Killed, and asked after at a terminal that nobody else uses and that tells its last transaction: whoever was charged is
/// found to have paid, every time, and nobody else.
fn found_by_chance(part: u64, ask: fn(&Case) -> Ran, not_paid: i32) {
    let mut proven = 0;
    for number in 0..count() {
        let seed = SEED + 1_000_000 * part + number;
        let mut random = Random(seed);
        let (mut script, (mut moment, mut words)) = (random.of(&SCRIPTS), moment(&mut random, 9));
        if number == 0 {
            // One charge at least is to be found.
            (script, moment, words) = ("approve", Moment::at(is_charge), "the charge".to_owned());
        }
        println!("seed {seed}: {script}, killed at {words}");
        let latency = Duration::from_millis(u64::try_from(random.below(30)).unwrap());
        let terminal = answering(&format!("approve,{script}")).dialect(Persona::NEPTING).latency(latency);
        let case = Case::new(terminal, "--dialect nepting --exclusive", moment);
        let left = case.left();
        case.never_twice();
        if left == Left::Unknown {
            case.let_the_terminal_finish();
        }
        let asked = ask(&case);
        let (found, charged) = (case.left(), case.charges(OURS.2));
        println!("seed {seed}: left {left:?}, found {found:?}, charged {charged}");
        match (found, charged) {
            (Left::Approved, 1) => assert_eq!(asked.code, 0, "{}", asked.out),
            // Whether the customer is gone only time can tell: minutes.
            (Left::Unknown, 0) => assert_eq!(asked.code, 3, "{}", asked.out),
            (Left::Declined, 0) => assert_eq!(asked.code, not_paid, "{}", asked.out),
            (Left::Nothing, 0) => assert_eq!(asked.code, 0, "{}", asked.out),
            other => panic!("{other:?}: {}", asked.out),
        }
        proven += usize::from(left == Left::Unknown && found == Left::Approved);
        case.never_twice();
        let again = case.pay_again();
        assert_eq!(again.last()["replayed"], found != Left::Nothing, "{}", again.out);
        case.never_twice();
    }
    assert!(proven > 0, "no kill left a charge to be found");
}

#[test]
fn at_any_moment_by_chance_and_recovered() {
    let recover = |case: &Case| {
        let file = case.shop.path("journal.sqlite");
        case.shop.caisse(&format!("journal {file} recover --json --exclusive --terminal {}", case.address()))
    };
    found_by_chance(2, recover, 0);
}

#[test]
fn at_any_moment_by_chance_and_asked_again_under_the_same_id() {
    found_by_chance(3, Case::pay_again, 1);
}
