//! A message that is not the awaited answer is stored before the terminal receives an acknowledgement, whatever the driver
//! does; and drivers with planted mistakes, which the check must see.

mod support;

use std::time::Duration;

use caisse_transaction::probe::{ProbeAction, ProbeConfig, ProbeMachine, Question};
use caisse_transaction::till::{LateAction, LateResult, LinkKind};
use caisse_transaction::{Action, Dialect, Event, Instant, TillMachine};
use support::line::{ACK, ENQ, EOT, framed, serial};
use support::{IDENTIFIER, debit};

/// What listens on the line, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The till asks for the line, and its request has not left.
    TillAsks,
    /// The till waits for its answer.
    TillWaits,
    /// The till has its answer, and the session goes on.
    TillIsAnswered,
    /// The probe waits for its answer.
    ProbeWaits,
    /// The probe has its answer, and the session goes on.
    ProbeIsAnswered,
    /// Nothing is asked for.
    Listens,
}

const STAGES: [Stage; 6] = [
    Stage::TillAsks,
    Stage::TillWaits,
    Stage::TillIsAnswered,
    Stage::ProbeWaits,
    Stage::ProbeIsAnswered,
    Stage::Listens,
];

/// How the terminal sends its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// After its ENQ is granted.
    Session,
    /// The same, byte by byte.
    Pieces,
    /// Without ENQ.
    Bare,
    /// ENQ and message at once.
    Impatient,
    /// With its EOT at once.
    Hasty,
    /// Twice at once.
    Twice,
    /// Followed at once by the result of a further payment.
    Two,
}

const MANNERS: [Manner; 7] = [
    Manner::Session,
    Manner::Pieces,
    Manner::Bare,
    Manner::Impatient,
    Manner::Hasty,
    Manner::Twice,
    Manner::Two,
];

/// What a driver does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    /// Stores it and says so.
    Stores,
    /// Says that it cannot store it.
    Fails,
    /// Does nothing.
    Ignores,
    /// A mistake: says that it is stored, and never stores it.
    Forgets,
    /// A mistake: says that it is stored, and stores it when the line is quiet.
    StoresLater,
}

enum Machine<'s> {
    Till(Box<TillMachine<'s>>),
    Probe(Box<ProbeMachine<'s>>),
    Late(Box<LateResult<'s>>),
}

/// What a machine asks of its driver; the rest is done in `poll`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Persist(Vec<u8>),
    Send(Vec<u8>),
    Abort,
    Close,
    Told,
    Wait(Option<Instant>),
    Done,
}

impl Machine<'_> {
    fn poll(&mut self, now: Instant) -> Step {
        match self {
            Self::Till(till) => loop {
                return match till.poll() {
                    Action::Connect => {
                        till.handle_connected(now, Ok(None));
                        continue;
                    }
                    Action::RecordStart(_)
                    | Action::RecordEnd(..)
                    | Action::RecordNeverSent(..)
                    | Action::Dispute(_) => {
                        till.handle_written(now, Ok(()));
                        continue;
                    }
                    Action::Look => {
                        till.handle_idle(now);
                        continue;
                    }
                    Action::Drain => panic!("what is sent is drained at once"),
                    Action::Event(Event::LateAnswer) => Step::Told,
                    Action::Event(_) | Action::Verdict(_) => continue,
                    Action::Persist(body) => Step::Persist(body.to_vec()),
                    Action::Send(bytes) => Step::Send(bytes.to_vec()),
                    Action::Abort => Step::Abort,
                    Action::Close => Step::Close,
                    Action::Wait { until } => Step::Wait(until),
                    Action::Done(_) => Step::Done,
                };
            },
            Self::Probe(probe) => loop {
                return match probe.poll() {
                    ProbeAction::Connect => {
                        probe.handle_connected(now, Ok(()));
                        continue;
                    }
                    ProbeAction::Look => {
                        probe.handle_idle(now);
                        continue;
                    }
                    ProbeAction::Drain => panic!("what is sent is drained at once"),
                    ProbeAction::Persist(body) => Step::Persist(body.to_vec()),
                    ProbeAction::Send(bytes) => Step::Send(bytes.to_vec()),
                    ProbeAction::Abort => Step::Abort,
                    ProbeAction::Close => Step::Close,
                    ProbeAction::Wait { until } => Step::Wait(until),
                    ProbeAction::Done(_) => Step::Done,
                };
            },
            Self::Late(late) => loop {
                return match late.poll() {
                    LateAction::Look => {
                        late.handle_idle(now);
                        continue;
                    }
                    LateAction::Drain => panic!("what is sent is drained at once"),
                    LateAction::Persist(body) => Step::Persist(body.to_vec()),
                    LateAction::Send(bytes) => Step::Send(bytes.to_vec()),
                    LateAction::Abort => Step::Abort,
                    LateAction::Wait { until } => Step::Wait(until),
                    LateAction::Done => Step::Done,
                };
            },
        }
    }

    fn sent(&mut self, now: Instant, accepted: usize) {
        match self {
            Self::Till(till) => {
                till.handle_sent(now, Ok(accepted));
                till.handle_drained(now, Ok(()));
            }
            Self::Probe(probe) => {
                probe.handle_sent(now, Ok(accepted));
                probe.handle_drained(now, Ok(()));
            }
            Self::Late(late) => {
                late.handle_sent(now, Ok(accepted));
                late.handle_drained(now, Ok(()));
            }
        }
    }

    fn input(&mut self, now: Instant, bytes: &[u8]) {
        match self {
            Self::Till(till) => till.handle_input(now, bytes),
            Self::Probe(probe) => probe.handle_input(now, bytes),
            Self::Late(late) => late.handle_input(now, bytes),
        }
    }

    fn timeout(&mut self, now: Instant) {
        match self {
            Self::Till(till) => till.handle_timeout(now),
            Self::Probe(probe) => probe.handle_timeout(now),
            Self::Late(late) => late.handle_timeout(now),
        }
    }

    fn persisted(&mut self, now: Instant) {
        match self {
            Self::Till(till) => till.handle_persisted(now),
            Self::Probe(probe) => probe.handle_persisted(now),
            Self::Late(late) => late.handle_persisted(now),
        }
    }

    fn persist_failed(&mut self, now: Instant) {
        match self {
            Self::Till(till) => till.handle_persist_failed(now),
            Self::Probe(probe) => probe.handle_persist_failed(now),
            Self::Late(late) => late.handle_persist_failed(now),
        }
    }
}

/// A terminal with results to send, and the driver of what listens.
struct World<'s> {
    machine: Machine<'s>,
    driver: Driver,
    now: Instant,
    /// Whether the terminal answers what is asked of it.
    grants: bool,
    /// Whether the terminal has asked for the line and was not answered.
    calls: bool,
    /// The messages that the terminal has sent and keeps until they are acknowledged.
    kept: Vec<Vec<u8>>,
    /// Those that it has discarded.
    discarded: Vec<Vec<u8>>,
    /// Those among them that nobody had stored by then.
    lost: Vec<Vec<u8>>,
    stored: Vec<Vec<u8>>,
    /// What is to be stored later, by a driver that does so.
    later: Vec<Vec<u8>>,
    /// How many bytes left while a message waited for the driver.
    too_early: usize,
    waiting: bool,
    aborted: bool,
    /// Bytes that left after the line was aborted.
    after_abort: usize,
    told: usize,
    over: bool,
}

impl World<'_> {
    /// Lets the machine go on until it waits for longer than it takes to turn round.
    fn settle(&mut self) {
        for _ in 0..50 {
            match self.machine.poll(self.now) {
                Step::Persist(body) => {
                    self.waiting = true;
                    match self.driver {
                        Driver::Stores => self.stored.push(body),
                        Driver::StoresLater => self.later.push(body),
                        Driver::Forgets => {}
                        Driver::Fails => {
                            self.waiting = false;
                            self.machine.persist_failed(self.now);
                            continue;
                        }
                        Driver::Ignores => return,
                    }
                    self.waiting = false;
                    self.machine.persisted(self.now);
                }
                Step::Send(bytes) => {
                    self.too_early += usize::from(self.waiting) * bytes.len();
                    self.after_abort += usize::from(self.aborted) * bytes.len();
                    self.machine.sent(self.now, bytes.len());
                    self.hear(&bytes);
                }
                Step::Abort => self.aborted = true,
                Step::Close => {}
                Step::Told => self.told += 1,
                Step::Wait(Some(until)) if until.since(self.now) <= Duration::from_millis(50) => {
                    self.now = self.now.max(until);
                    self.machine.timeout(self.now);
                }
                Step::Wait(_) => return self.stored.append(&mut self.later),
                Step::Done => {
                    self.over = true;
                    return;
                }
            }
        }
    }

    fn hear(&mut self, sent: &[u8]) {
        if sent == [ACK] && !std::mem::take(&mut self.calls) {
            self.lost.extend(self.kept.iter().filter(|message| !self.stored.contains(message)).cloned());
            self.discarded.append(&mut self.kept);
        }
        if self.grants && (sent == [ENQ] || sent.len() > 1) {
            self.machine.input(self.now, &[ACK]);
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.calls |= bytes.first() == Some(&ENQ);
        self.machine.input(self.now, bytes);
        self.settle();
    }

    fn send(&mut self, manner: Manner, messages: [&str; 2]) {
        let [first, further] = messages.map(framed);
        if !matches!(manner, Manner::Bare | Manner::Impatient) {
            self.say(&[ENQ]);
        }
        let kept = if manner == Manner::Two { &messages[..] } else { &messages[..1] };
        self.kept = kept.iter().map(|message| message.as_bytes().to_vec()).collect();
        match manner {
            Manner::Session | Manner::Bare => self.say(&first),
            Manner::Pieces => first.iter().for_each(|byte| self.say(&[*byte])),
            Manner::Impatient => self.say(&[&[ENQ], first.as_slice()].concat()),
            Manner::Hasty => self.say(&[first.as_slice(), &[EOT]].concat()),
            Manner::Twice => self.say(&[first.as_slice(), &first].concat()),
            Manner::Two => self.say(&[first.as_slice(), &further].concat()),
        }
        // The terminal tries once more, and the line falls silent.
        self.say(&[ENQ]);
        for _ in 0..20 {
            if self.over {
                break;
            }
            self.now = self.now.after(Duration::from_secs(3));
            self.machine.timeout(self.now);
            self.settle();
        }
    }
}

/// Results of others, the answer to a payment of 12.42 and the answer to a probe, as a terminal of this dialect sends them.
fn words(dialect: &Dialect) -> ([&'static str; 2], &'static str, &'static str) {
    if dialect.name == Dialect::CONCERT_E_PLUS.name {
        (["010000009991978          ", "017000008881978          "], "010000012421978          ", "")
    } else {
        (
            [
                "CZ0040320CA00201CB003999CD0010CE003978AE00210",
                "CZ0040320CA00201CB003888CD0010CE003978AE00201AF00204",
            ],
            "CZ0040320CA00201CB0041242CD0010CE003978AE00210",
            "CZ0040301CJ012330538600404CA00201CD001IAE00210",
        )
    }
}

fn run(dialect: Dialect, stage: Stage, manner: Manner, driver: Driver, test: impl FnOnce(&World<'_>)) {
    let mut storage = [0; 1024];
    let now = Instant::from_millis(1_000_000);
    let (results, answer, identified) = words(&dialect);
    let machine = match stage {
        Stage::TillAsks | Stage::TillWaits | Stage::TillIsAnswered => {
            let mut till = TillMachine::new(serial(dialect), &mut storage);
            till.start(now, debit(1242)).unwrap();
            Machine::Till(Box::new(till))
        }
        Stage::ProbeWaits | Stage::ProbeIsAnswered => {
            let config = ProbeConfig::new(dialect, IDENTIFIER.parse().unwrap());
            let config = ProbeConfig { link: LinkKind::Serial, ..config };
            let mut probe = ProbeMachine::new(config, Question::Identification, &mut storage).unwrap();
            probe.start(now);
            Machine::Probe(Box::new(probe))
        }
        Stage::Listens => Machine::Late(Box::new(LateResult::new(dialect, &mut storage))),
    };
    let mut world = World {
        machine,
        driver,
        now,
        grants: stage != Stage::TillAsks,
        calls: false,
        kept: vec![],
        discarded: vec![],
        lost: vec![],
        stored: vec![],
        later: vec![],
        too_early: 0,
        waiting: false,
        aborted: false,
        after_abort: 0,
        told: 0,
        over: false,
    };
    world.settle();
    if let Stage::TillIsAnswered | Stage::ProbeIsAnswered = stage {
        world.say(&[ENQ]);
        world.say(&framed(if stage == Stage::TillIsAnswered { answer } else { identified }));
    }
    assert!(world.stored.is_empty() && !world.over, "{stage:?}");
    world.send(manner, results);
    test(&world);
}

/// The promise: what the terminal has discarded was stored before, and nothing left meanwhile.
fn check(world: &World<'_>) -> Result<(), String> {
    if let Some(lost) = world.lost.first() {
        return Err(format!("acknowledged and not stored: {}", String::from_utf8_lossy(lost)));
    }
    if world.too_early > 0 {
        return Err(format!("{} bytes before the driver's answer", world.too_early));
    }
    if world.after_abort > 0 {
        return Err(format!("{} bytes after the line was aborted", world.after_abort));
    }
    Ok(())
}

/// Visits every dialect with every stage and manner; a terminal of E+ cannot be asked who it is.
fn visit(driver: Driver, mut test: impl FnMut(&str, Stage, Manner, &World<'_>)) {
    for dialect in [Dialect::INGENICO, Dialect::NEPTING, Dialect::PAYXPRESS, Dialect::CONCERT_E_PLUS] {
        for stage in STAGES {
            let older = dialect.name == Dialect::CONCERT_E_PLUS.name;
            if older && matches!(stage, Stage::ProbeWaits | Stage::ProbeIsAnswered) {
                continue;
            }
            for manner in MANNERS {
                run(dialect, stage, manner, driver, |world| test(dialect.name, stage, manner, world));
            }
        }
    }
}

#[test]
fn what_is_stored_is_acknowledged() {
    visit(Driver::Stores, |dialect, stage, manner, world| {
        let case = format!("{dialect} {stage:?} {manner:?}");
        assert_eq!(check(world), Ok(()), "{case}");
        // Two at once are not taken; one whose session is over needs no acknowledgement.
        let acknowledged = !matches!(manner, Manner::Two | Manner::Hasty);
        assert_eq!(world.discarded.len(), usize::from(acknowledged), "{case}");
        assert_eq!(world.stored.first().map(Vec::as_slice), Some(words_of(dialect)), "{case}");
        assert!(world.aborted || manner != Manner::Two, "{case}");
        if let Machine::Till(_) = world.machine {
            assert_eq!(world.told, world.stored.len(), "{case}");
        }
    });
}

fn words_of(dialect: &str) -> &'static [u8] {
    let dialect = Dialect::ALL.into_iter().find(|it| it.name == dialect).unwrap();
    words(&dialect).0[0].as_bytes()
}

/// Nothing leaves at all, and nothing is acknowledged, however long the driver lets it wait.
#[test]
fn a_driver_that_ignores_a_message_never_acknowledges_it() {
    visit(Driver::Ignores, |dialect, stage, manner, world| {
        assert_eq!(check(world), Ok(()), "{dialect} {stage:?} {manner:?}");
        assert!(world.waiting && world.discarded.is_empty(), "{dialect} {stage:?} {manner:?}");
    });
}

#[test]
fn a_message_that_cannot_be_stored_ends_the_line() {
    visit(Driver::Fails, |dialect, stage, manner, world| {
        assert_eq!(check(world), Ok(()), "{dialect} {stage:?} {manner:?}");
        assert!(world.aborted && world.discarded.is_empty(), "{dialect} {stage:?} {manner:?}");
    });
}

#[test]
fn the_check_sees_planted_mistakes() {
    for driver in [Driver::Forgets, Driver::StoresLater] {
        let (mut seen, mut all) = (0, 0);
        visit(driver, |_, _, _, world| {
            all += 1;
            seen += usize::from(check(world).is_err());
        });
        // Where the message needs no acknowledgement, or gets none, the mistake loses nothing.
        assert_eq!((seen, all), (110, 154), "{driver:?}");
    }
}
