//! Terminals that send a byte every five seconds: nothing that listens to one goes on for ever, and each wait heeds a stop.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{
    Amount, CancelHandle, Clock, Currency, Dialect, Evidence, Journal, Link, LinkKind, MemoryJournal,
    Outcome, PaymentRequest, RecordState, Till,
};
use caisse_hal::{ConnectError, DrainError, Instant, ReceiveError, Received, SendError};

/// Between two bytes that drip.
const DRIP: u64 = 5_000;

/// Longer than any inquiry may take, in milliseconds.
const FOREVER: u64 = 600_000;

#[derive(Default)]
struct World {
    /// Milliseconds. Only waiting takes time.
    now: u64,
    connections: usize,
    /// What comes at once on the connection that is open.
    ready: Vec<u8>,
    /// When the next byte drips.
    next: Option<u64>,
    /// When somebody asks for a stop.
    stop: Option<(u64, CancelHandle)>,
}

/// A terminal that does not answer the first payment in time, drips when told to, and approves the next payment of 7.00.
#[derive(Clone, Default)]
struct Terminal(Arc<Mutex<World>>);

impl Terminal {
    fn with<T>(&self, action: impl FnOnce(&mut World) -> T) -> T {
        action(&mut self.0.lock().unwrap())
    }

    /// Begins to answer the payment for which the connection is open, and never ends.
    fn drip(&self, begin: &str) {
        self.with(|world| {
            world.ready = begin.as_bytes().to_vec();
            world.next = Some(world.now + DRIP);
        });
    }

    fn millis(&self) -> u64 {
        self.with(|world| world.now)
    }

    fn stop_after(&self, millis: u64, handle: CancelHandle) {
        self.with(|world| world.stop = Some((world.now + millis, handle)));
    }

    fn till(&self, kind: LinkKind, journal: &MemoryJournal) -> Till {
        Till::builder()
            .link(self.clone(), kind)
            .terminal_id("counter")
            .dialect(Dialect::NEPTING)
            .exclusive(true)
            .clock(self.clone())
            .journal(journal.clone())
            .answer_timeout(Duration::from_secs(10))
            .build()
            .unwrap()
    }
}

impl Clock for Terminal {
    fn now(&self) -> Instant {
        Instant::from_millis(self.millis())
    }
}

impl Link for Terminal {
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        self.with(|world| {
            world.connections += 1;
            (world.ready, world.next) = (Vec::new(), None);
        });
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], _: Duration) -> Result<usize, SendError> {
        let answers = bytes.windows(8).any(|window| window == b"CB003700");
        if answers {
            let answer = b"CZ0040320CA00201CB003700CD0010CE003978AE00210AC006000002";
            self.with(|world| world.ready = answer.to_vec());
        }
        Ok(bytes.len())
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.with(|world| {
            if world.ready.is_empty() {
                let until = world.now + u64::try_from(within.as_millis()).unwrap();
                match world.next {
                    Some(next) if next <= until => {
                        (world.now, world.next) = (next.max(world.now), Some(next + DRIP));
                        world.ready = b"0".to_vec();
                    }
                    _ => world.now = until,
                }
            }
            if let Some((_, handle)) = world.stop.take_if(|(at, _)| *at <= world.now) {
                handle.cancel();
            }
            assert!(world.now < FOREVER, "it still listens");
            let count = world.ready.len().min(buffer.len());
            buffer[..count].copy_from_slice(&world.ready[..count]);
            world.ready.drain(..count);
            Ok(if count == 0 { Received::Nothing } else { Received::Bytes(count) })
        })
    }

    fn close(&mut self) {
        self.with(|world| (world.ready, world.next) = (Vec::new(), None));
    }
}

fn debit(id: &str, minor: u64) -> PaymentRequest {
    PaymentRequest::debit(Amount::from_minor(minor, Currency::EUR)).id(id.parse().unwrap())
}

/// A payment of 25.00 whose answer has not come, on a connection that is still open.
fn in_doubt(terminal: &Terminal, journal: &MemoryJournal) -> Till {
    let mut till = terminal.till(LinkKind::Stream, journal);
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    till
}

const HALF: &str = "CZ0040320CA00201CB0042500CD0010CE003978ZZ900";
const WHOLE: &str = "CZ0040320CA00201CB0042500CD0010CE003978AE00210AC006000001ZZ900";

#[test]
fn the_next_payment_does_not_wait_for_an_answer_that_drips() {
    for stop in [None, Some(7_000)] {
        let (terminal, journal) = (Terminal::default(), MemoryJournal::new());
        let mut till = in_doubt(&terminal, &journal);
        terminal.drip(HALF);
        let before = terminal.millis();
        if let Some(stop) = stop {
            terminal.stop_after(stop, till.cancel_handle());
        }
        let next = till.pay(debit("next", 700)).unwrap();
        // The first one stays open: half an answer proves nothing.
        assert!(matches!(next.outcome, Outcome::Blocked { .. }), "{next:?}");
        let took = terminal.millis() - before;
        assert!(took <= stop.map_or(60_000, |stop| stop + 1_000), "{took} ms");
        let ours = journal.find(&"ours".parse().unwrap()).unwrap().unwrap();
        assert_eq!(ours.state(), RecordState::Unresolved);
    }
}

#[test]
fn an_answer_in_which_everything_that_decides_has_come_is_heard_whatever_drips_behind_it() {
    for stop in [None, Some(100)] {
        let (terminal, journal) = (Terminal::default(), MemoryJournal::new());
        let mut till = in_doubt(&terminal, &journal);
        terminal.drip(WHOLE);
        if let Some(stop) = stop {
            terminal.stop_after(stop, till.cancel_handle());
        }
        let recovered = till.recover().unwrap();
        let ours = Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) };
        assert_eq!(recovered[0].evidence, Evidence::LateAnswer(ours), "{recovered:?}");
        // A stop of this recovery is none of what follows.
        let next = till.pay(debit("next", 700)).unwrap();
        assert!(matches!(next.outcome, Outcome::Approved { .. }), "{next:?}");
    }
}

#[test]
fn a_recovery_ends_whatever_drips_and_when_it_is_stopped() {
    for stop in [None, Some(7_000)] {
        let (terminal, journal) = (Terminal::default(), MemoryJournal::new());
        let mut till = in_doubt(&terminal, &journal);
        terminal.drip(HALF);
        let before = terminal.millis();
        if let Some(stop) = stop {
            terminal.stop_after(stop, till.cancel_handle());
        }
        let recovered = till.recover().unwrap();
        assert_eq!(recovered.len(), 1);
        let took = terminal.millis() - before;
        assert!(took <= stop.map_or(60_000, |stop| stop + 1_000), "{took} ms");
        assert_eq!(stop.is_none(), terminal.with(|world| world.connections) == 2, "a duplicata is asked for");
    }
}

/// Minutes of listening, on a line with sessions.
#[test]
fn listening_for_a_result_ends_when_it_is_stopped() {
    let (terminal, journal) = (Terminal::default(), MemoryJournal::new());
    drop(in_doubt(&terminal, &journal));
    let mut till = terminal.till(LinkKind::Serial, &journal);
    let before = terminal.millis();
    terminal.stop_after(20_000, till.cancel_handle());
    let recovered = till.recover_listening(Duration::MAX).unwrap();
    assert_eq!(recovered.len(), 1);
    let took = terminal.millis() - before;
    assert!((20_000..21_000).contains(&took), "{took} ms");
}

#[test]
fn ids_are_unique_and_in_their_order() {
    let ids: Vec<String> = (0..10_000)
        .map(|_| PaymentRequest::debit(Amount::from_minor(1, Currency::EUR)).transaction_id().to_string())
        .collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}
