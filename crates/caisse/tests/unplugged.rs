//! The cable is pulled, or the terminal falls silent, at each step of a payment on a real pseudo-terminal and on TCP, in each
//! protocol, under the blocking till and the asynchronous one: the outcome is what that step leaves possible, and it is there
//! in time.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use caisse::{
    Amount, Builder, Currency, Dialect, Event, Journal, Link, MemoryJournal, Payment, PaymentRequest, Proof,
    RecordState, Till,
};
use caisse_hal::Received;
use caisse_hal::pty::PtyLink;
use caisse_link::serial::{SerialConfig, Timers};

const ENQ: u8 = 5;
const ACK: u8 = 6;
const EOT: u8 = 4;

/// Much longer than a till needs to see that its port has gone, and much shorter than it would wait for an answer.
const AT_ONCE: Duration = Duration::from_secs(10);
const LONG_WAIT: Duration = Duration::from_secs(60);
/// How long it waits for an answer that does not come.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// The step behind which nothing of the terminal's comes any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Before the till's ENQ.
    Opened,
    /// The till's ENQ has come.
    Enquiry,
    /// It has been granted; nothing behind it is read.
    Granted,
    /// Some bytes of the request have been read.
    MidRequest,
    /// The whole request has.
    Request,
    /// It has been acknowledged.
    Acknowledged,
    /// The till's EOT has come: the card holder is at the terminal.
    Waiting,
    /// The terminal has asked for the line.
    Called,
    /// Half of the answer has been sent.
    MidAnswer,
    /// The till has acknowledged the answer; the EOT behind it does not come.
    Answered,
}

const STEPS: [Step; 10] = [
    Step::Opened,
    Step::Enquiry,
    Step::Granted,
    Step::MidRequest,
    Step::Request,
    Step::Acknowledged,
    Step::Waiting,
    Step::Called,
    Step::MidAnswer,
    Step::Answered,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// The port breaks.
    Pulled,
    /// Nobody says anything.
    Silent,
}

/// Outcome and proof that are right, and when: a till that waits too long is wrong too, and so is one that gives up early.
struct Right {
    ends: &'static [(&'static str, Proof)],
    least: Duration,
    most: Duration,
}

const NOT_SENT: (&str, Proof) = ("not_sent", Proof::NothingSent);
const PERHAPS: (&str, Proof) = ("unknown", Proof::PerhapsSent);
const DELIVERED: (&str, Proof) = ("unknown", Proof::Delivered);
const APPROVED: (&str, Proof) = ("approved", Proof::Answered);

fn right(step: Step, how: How, timers: Timers, attempts: u8) -> Right {
    let at_once = |ends| Right { ends, least: Duration::ZERO, most: AT_ONCE };
    let after = |ends, least: Duration| Right { ends, least, most: least + AT_ONCE };
    let opening = timers.enquiry * u32::from(attempts) + timers.pause * u32::from(attempts - 1);
    match (how, step) {
        (How::Pulled, Step::Opened | Step::Enquiry) => at_once(&[NOT_SENT]),
        // The ACK may be lost with the line.
        (How::Pulled, Step::Granted) => at_once(&[NOT_SENT, PERHAPS]),
        (How::Pulled, Step::MidRequest | Step::Request) => at_once(&[PERHAPS]),
        (How::Pulled, Step::Acknowledged) => at_once(&[PERHAPS, DELIVERED]),
        (How::Pulled, Step::Waiting | Step::Called | Step::MidAnswer) => at_once(&[DELIVERED]),
        (_, Step::Answered) => at_once(&[APPROVED]),
        (How::Silent, Step::Opened | Step::Enquiry) => after(&[NOT_SENT], opening),
        (How::Silent, Step::Granted | Step::MidRequest | Step::Request) => after(&[PERHAPS], SHORT_WAIT),
        (How::Silent, _) => after(&[DELIVERED], SHORT_WAIT),
    }
}

/// The terminal's end of the line, which the till's test may pull too.
#[derive(Clone)]
struct Line(Arc<Mutex<PtyLink>>);

impl Line {
    /// The next byte; none when the line is gone or the till has fallen silent for good.
    fn next(&self) -> Option<u8> {
        let started = Instant::now();
        while started.elapsed() < LONG_WAIT {
            let mut byte = [0];
            match self.0.lock().unwrap().receive(&mut byte, Duration::from_millis(2)) {
                Ok(Received::Bytes(_)) => return Some(byte[0]),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        None
    }

    fn send(&self, bytes: &[u8]) -> Option<()> {
        self.0.lock().unwrap().send(bytes, Duration::from_secs(5)).ok().map(drop)
    }

    fn expect(&self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }
}

/// Plays the terminal up to the step; whether it has the whole request.
fn play(line: &Line, step: Step, answer: &str) -> Option<bool> {
    line.expect(ENQ)?;
    if step == Step::Enquiry {
        return Some(false);
    }
    line.send(&[ACK])?;
    if step == Step::Granted {
        return Some(false);
    }
    for _ in 0..5 {
        line.next()?;
    }
    if step == Step::MidRequest {
        return Some(false);
    }
    while line.next()? != 3 {}
    line.next()?;
    if step == Step::Request {
        return Some(true);
    }
    line.send(&[ACK])?;
    if step == Step::Acknowledged {
        return Some(true);
    }
    line.expect(EOT)?;
    if step == Step::Waiting {
        return Some(true);
    }
    line.send(&[ENQ])?;
    if step == Step::Called {
        return Some(true);
    }
    line.expect(ACK)?;
    let check = answer.bytes().fold(3, |check, byte| check ^ byte);
    let frame = [&[2], answer.as_bytes(), &[3, check]].concat();
    if step == Step::MidAnswer {
        line.send(&frame[..frame.len() / 2])?;
        return Some(true);
    }
    line.send(&frame)?;
    line.expect(ACK)?;
    Some(true)
}

fn debit() -> PaymentRequest {
    PaymentRequest::debit(Amount::from_minor(2_500, Currency::EUR)).id("ours".parse().unwrap())
}

/// Who drives the machine.
#[derive(Clone, Copy, Debug)]
enum Driver {
    Blocking,
    #[cfg(feature = "tokio")]
    Asynchronous,
}

const DRIVERS: &[Driver] = &[
    Driver::Blocking,
    #[cfg(feature = "tokio")]
    Driver::Asynchronous,
];

impl Driver {
    fn pay(self, till: Builder, mut on_event: impl FnMut(Event)) -> Payment {
        match self {
            Self::Blocking => till.build().unwrap().pay_with(debit(), &mut on_event).unwrap(),
            #[cfg(feature = "tokio")]
            Self::Asynchronous => tokio::runtime::Runtime::new().unwrap().block_on(async {
                let mut payment = till.build_async().unwrap().pay(debit()).unwrap();
                while let Some(event) = payment.next_event().await {
                    on_event(event);
                }
                payment.await
            }),
        }
    }
}

fn till(address: &str, dialect: Dialect, wait: Duration, journal: &MemoryJournal) -> Builder {
    Till::builder()
        .address(address)
        .terminal_id("counter")
        .dialect(dialect)
        .answer_timeout(wait)
        .journal(journal.clone())
}

/// One payment on a line that goes behind the step.
fn pay(
    driver: Driver,
    dialect: Dialect,
    step: Step,
    how: How,
    answer: &str,
) -> (Payment, Duration, bool, MemoryJournal) {
    let link = PtyLink::open().unwrap();
    let address = format!("serial:{}", link.path().unwrap().display());
    let line = Line(Arc::new(Mutex::new(link)));
    let wait = if how == How::Pulled { LONG_WAIT } else { SHORT_WAIT };
    let journal = MemoryJournal::new();
    let till = till(&address, dialect, wait, &journal);
    let (over, told) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let terminal = line.clone();
        let playing = scope.spawn(move || {
            if step == Step::Opened {
                return false;
            }
            let heard = play(&terminal, step, answer).expect("the till says what it should");
            if how == How::Pulled {
                terminal.0.lock().unwrap().close();
            } else {
                // Until the till has its outcome.
                let _ = told.recv();
            }
            heard
        });
        let started = Instant::now();
        let payment = driver.pay(till, |event| {
            if (event, step, how) == (Event::Connected, Step::Opened, How::Pulled) {
                line.0.lock().unwrap().close();
            }
        });
        let elapsed = started.elapsed();
        drop(over);
        (payment, elapsed, playing.join().unwrap(), journal)
    })
}

fn check(payment: &Payment, elapsed: Duration, right: &Right, journal: &MemoryJournal, case: &str) {
    let end = (payment.outcome.name(), payment.proof);
    assert!(right.ends.contains(&end), "{case}: {:?} {:?}", payment.outcome, payment.proof);
    assert!(elapsed >= right.least && elapsed <= right.most, "{case}: after {elapsed:?}");
    let record = journal.find(&"ours".parse().unwrap()).unwrap().unwrap();
    let state = if end.0 == "unknown" { RecordState::Unresolved } else { RecordState::Final };
    assert_eq!((record.state(), record.verdict().outcome), (state, payment.outcome), "{case}");
}

/// The timers of a session made short: how long they are is a matter of the dialect.
fn quick(dialect: Dialect) -> Dialect {
    let timers = Timers {
        enquiry: Duration::from_millis(300),
        pause: Duration::from_millis(100),
        receipt: Duration::from_millis(300),
        ..dialect.session.timers
    };
    Dialect { name: "custom", session: SerialConfig { timers, ..dialect.session }, ..dialect }
}

/// They spend their time waiting: side by side.
fn side_by_side<T: Clone + Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(Driver, T) + Sync) {
    let cases: Vec<_> = cases.into_iter().collect();
    thread::scope(|scope| {
        for driver in DRIVERS {
            for case in cases.clone() {
                let check = &check;
                scope.spawn(move || check(*driver, case));
            }
        }
    });
}

fn each_step(dialect: Dialect, answer: &'static str) {
    let steps = STEPS.into_iter().flat_map(|step| [How::Pulled, How::Silent].map(|how| (step, how)));
    side_by_side(steps, |driver, (step, how)| {
        let case = format!("{driver:?} {} {step:?} {how:?}", dialect.name);
        let played = quick(dialect);
        let (payment, elapsed, heard, journal) = pay(driver, played, step, how, answer);
        let session = played.session;
        let right = right(step, how, session.timers, session.rules.attempts);
        check(&payment, elapsed, &right, &journal, &case);
        // Whatever the till may believe: what the terminal has is never called not sent.
        assert!(!heard || payment.outcome.name() != "not_sent", "{case}");
    });
}

#[test]
fn in_e() {
    each_step(Dialect::CONCERT_E, "010000025001978          ");
}

#[test]
fn in_e_plus() {
    each_step(Dialect::CONCERT_E_PLUS, "010000025001978          ");
}

#[test]
fn in_3_x() {
    each_step(Dialect::PAYXPRESS, "CZ0040320CJ012247300123456CA00201CB0042500CD0010CE003978AE00210");
}

/// The timers as they are: three enquiries, three seconds each, a second between two.
#[test]
fn with_the_timers_that_are_usual() {
    let session = Dialect::CONCERT_E_PLUS.session;
    let right = right(Step::Enquiry, How::Silent, session.timers, session.rules.attempts);
    assert_eq!((right.least, right.most), (Duration::from_secs(11), Duration::from_secs(21)));
    side_by_side([Dialect::CONCERT_E_PLUS], |driver, dialect| {
        let (payment, elapsed, _, journal) = pay(driver, dialect, Step::Enquiry, How::Silent, "");
        check(&payment, elapsed, &right, &journal, &format!("{driver:?}: three enquiries"));
    });
}

#[test]
fn a_port_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("serial:{}", folder.path().join("ttyUSB7").display());
    // Nobody listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!("tcp://{port}");
    let dialects = [Dialect::CONCERT_E, Dialect::CONCERT_E_PLUS, Dialect::PAYXPRESS];
    side_by_side(dialects, |driver, dialect| {
        for address in [&missing, &refused] {
            let journal = MemoryJournal::new();
            let started = Instant::now();
            let payment = driver.pay(till(address, dialect, LONG_WAIT, &journal), |_| {});
            let right = Right { ends: &[NOT_SENT], least: Duration::ZERO, most: AT_ONCE };
            check(&payment, started.elapsed(), &right, &journal, address);
            // Proven: the same id may try again.
            let line = PtyLink::open().unwrap();
            let there = format!("serial:{}", line.path().unwrap().display());
            let again = driver.pay(till(&there, quick(dialect), SHORT_WAIT, &journal), |_| {});
            assert!(!again.replayed && again.outcome.name() == "not_sent", "{:?}", again.outcome);
        }
    });
}

const ANSWER: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210";

/// A peer on TCP that is gone without FIN: it does what it does with a connection, which then stays open and silent.
fn half_open(
    driver: Driver,
    dialect: Dialect,
    serve: impl FnOnce(&mut TcpStream) + Send,
) -> (Payment, Duration, MemoryJournal) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let journal = MemoryJournal::new();
    let till = till(&address, dialect, SHORT_WAIT, &journal);
    let (over, told) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            serve(&mut stream);
            let _ = told.recv();
        });
        let started = Instant::now();
        let payment = driver.pay(till, |_| {});
        let elapsed = started.elapsed();
        drop(over);
        (payment, elapsed, journal)
    })
}

fn read(stream: &mut TcpStream, most: usize) {
    stream.read_exact(&mut vec![0; most]).unwrap();
}

#[test]
fn a_peer_on_tcp_that_is_gone_without_fin() {
    let after = |ends, least: Duration| Right { ends, least, most: least + AT_ONCE };
    type Serve = fn(&mut TcpStream);
    let cases: [(&str, Serve, Right); 6] = [
        ("reads nothing", |_| {}, after(&[PERHAPS], SHORT_WAIT)),
        ("reads some", |stream| read(stream, 5), after(&[PERHAPS], SHORT_WAIT)),
        ("reads all", |stream| read(stream, 40), after(&[PERHAPS], SHORT_WAIT)),
        (
            "inside the answer",
            |stream| {
                read(stream, 40);
                stream.write_all(&ANSWER[..30]).unwrap();
            },
            after(&[DELIVERED], SHORT_WAIT),
        ),
        (
            "before the last byte",
            |stream| {
                read(stream, 40);
                stream.write_all(&ANSWER[..ANSWER.len() - 1]).unwrap();
            },
            after(&[DELIVERED], SHORT_WAIT),
        ),
        (
            "behind the answer",
            |stream| {
                read(stream, 40);
                stream.write_all(ANSWER).unwrap();
            },
            after(&[APPROVED], Dialect::PAYXPRESS.answer.quiet),
        ),
    ];
    side_by_side(&cases, |driver, (case, serve, right)| {
        let (payment, elapsed, journal) = half_open(driver, Dialect::PAYXPRESS, serve);
        check(&payment, elapsed, right, &journal, &format!("{driver:?}: {case}"));
    });
}

/// E and E+ in their sessions over TCP, as gateways speak them.
#[test]
fn a_peer_of_e_on_tcp_that_is_gone_without_fin() {
    let dialects = [Dialect::CONCERT_E, Dialect::CONCERT_E_PLUS].map(quick);
    side_by_side(dialects, |driver, dialect| {
        let Timers { enquiry, pause, .. } = dialect.session.timers;
        let after = |ends, least: Duration| Right { ends, least, most: least + AT_ONCE };
        let length = if dialect.generation == Dialect::CONCERT_E.generation { 29 } else { 37 };
        let (payment, elapsed, journal) = half_open(driver, dialect, |_| {});
        check(&payment, elapsed, &after(&[NOT_SENT], enquiry * 3 + pause * 2), &journal, "no word");
        let (payment, elapsed, journal) = half_open(driver, dialect, |stream| {
            read(stream, 1);
            stream.write_all(&[ACK]).unwrap();
        });
        check(&payment, elapsed, &after(&[PERHAPS], SHORT_WAIT), &journal, "granted");
        let (payment, elapsed, journal) = half_open(driver, dialect, |stream| {
            read(stream, 1);
            stream.write_all(&[ACK]).unwrap();
            read(stream, length);
            stream.write_all(&[ACK]).unwrap();
            read(stream, 1);
            stream.write_all(&[ENQ]).unwrap();
            read(stream, 1);
            stream.write_all(b"\x020100000").unwrap();
        });
        check(&payment, elapsed, &after(&[DELIVERED], SHORT_WAIT), &journal, "inside the answer");
    });
}
