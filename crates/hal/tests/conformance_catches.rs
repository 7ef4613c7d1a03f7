//! The suite for links can fail: each planted fault is caught, by the rule that is there for it.

mod common;

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use caisse_hal::conformance::{self, Blocking, Executor, Harness, Unplugged};
use caisse_hal::tcp::TcpLink;
use caisse_hal::{ConnectError, DrainError, Link, LocalAsyncLink, ReceiveError, Received, SendError};
use common::far::TcpFar;
use common::wire::{Wire, WirePeer};

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    BeginsOpen,
    DrainsClosed,
    SendsClosed,
    HearsClosed,
    StaysOpen,
    OpensOnce,
    FailsOpen,
    OpensNowhere,
    NowhereLate,
    NowhereLeavesOpen,
    FailsOnLongTimes,
    LosesHighBit,
    TranslatesLineEnds,
    ObeysStop,
    Echoes,
    SendsTwice,
    LosesOne,
    SwapsTwo,
    AcceptsTooMuch,
    AcceptsNothing,
    SaysLess,
    Keeps,
    DrainsLate,
    LosesTheRest,
    EndsWithoutRoom,
    OverflowsBuffer,
    EmptySendFails,
    EmptySendSends,
    SilenceEarly,
    SilenceLate,
    SilenceIsEnd,
    WaitsForMore,
    ZeroSeesNothing,
    ZeroSeesTheFirst,
    FullLineLate,
    FullLineCloses,
    FullLineLies,
    NeverFull,
    MissesUnplug,
    ForgetsUnplug,
    SeesUnplugLate,
    AcceptsForEver,
    BreaksLate,
}

struct FaultyLink {
    wire: Wire,
    open: bool,
    nowhere: bool,
    opened: u32,
    kept: Vec<u8>,
    sent: u64,
    looked: u32,
    ended: bool,
    fault: Fault,
}

/// Later than the suite forgives.
const TOO_LATE: Duration = Duration::from_millis(1_500);

impl FaultyLink {
    fn new(wire: Wire, fault: Fault) -> Self {
        let open = fault == Fault::BeginsOpen;
        Self {
            wire,
            open,
            nowhere: false,
            opened: 0,
            kept: Vec::new(),
            sent: 0,
            looked: 0,
            ended: false,
            fault,
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn late(&self, fault: Fault) {
        if self.has(fault) {
            thread::sleep(TOO_LATE);
        }
    }

    /// The bytes as the fault makes them.
    fn garbled(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self.fault {
            Fault::LosesHighBit => bytes.iter_mut().for_each(|byte| *byte &= 0x7F),
            Fault::TranslatesLineEnds => {
                bytes.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b'\r')
            }
            Fault::ObeysStop => bytes.retain(|byte| !matches!(byte, 0x11 | 0x13)),
            // Far into the stream, where a look at a few bytes does not reach.
            _ if self.sent < 5_000 => {}
            Fault::SendsTwice => bytes.extend_from_within(bytes.len() - 1..),
            Fault::LosesOne => bytes.truncate(bytes.len() - 1),
            Fault::SwapsTwo if bytes.len() > 1 => bytes.swap(0, 1),
            _ => {}
        }
        self.sent += bytes.len() as u64;
        bytes
    }
}

impl Link for FaultyLink {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.open = false;
        if self.nowhere && !self.has(Fault::OpensNowhere) {
            self.late(Fault::NowhereLate);
            self.open = self.has(Fault::NowhereLeavesOpen);
            return Err(ConnectError::PortNotFound);
        }
        self.opened += 1;
        let refuses = (self.has(Fault::OpensOnce) && self.opened > 1)
            || (self.has(Fault::FailsOpen) && self.opened > 3)
            || (self.has(Fault::FailsOnLongTimes) && Instant::now().checked_add(within).is_none());
        if refuses {
            return Err(ConnectError::Other);
        }
        self.open = true;
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        if !self.open {
            return if self.has(Fault::SendsClosed) { Ok(bytes.len()) } else { Err(SendError::Closed) };
        }
        if bytes.is_empty() {
            match self.fault {
                Fault::EmptySendFails => return Err(SendError::Closed),
                Fault::EmptySendSends => drop(self.wire.out.put(&[0], within)),
                _ => {}
            }
            return Ok(0);
        }
        if self.has(Fault::AcceptsNothing) {
            return Ok(0);
        }
        let bytes =
            if self.has(Fault::SaysLess) && bytes.len() > 1 { &bytes[..bytes.len() / 2 + 1] } else { bytes };
        let garbled = self.garbled(bytes);
        if self.has(Fault::Keeps) {
            let before = std::mem::replace(&mut self.kept, garbled);
            let _ = self.wire.out.put(&before, Duration::ZERO);
            return Ok(bytes.len());
        }
        match self.wire.out.put(&garbled, within) {
            None if self.has(Fault::AcceptsForEver) => Ok(bytes.len()),
            None => {
                self.late(Fault::BreaksLate);
                Err(SendError::Closed)
            }
            Some(0) => {
                self.late(Fault::FullLineLate);
                match self.fault {
                    Fault::FullLineCloses => Err(SendError::Closed),
                    Fault::FullLineLies if self.sent < 40_000 => Ok(bytes.len()),
                    Fault::NeverFull => Ok(bytes.len()),
                    _ => Err(SendError::TimedOut),
                }
            }
            Some(count) => {
                if self.has(Fault::Echoes) {
                    let _ = self.wire.back.put(&garbled[..count], Duration::ZERO);
                }
                Ok(match self.fault {
                    Fault::AcceptsTooMuch => bytes.len() + 1,
                    Fault::SaysLess if count > 1 => count - 1,
                    _ => count.min(bytes.len()),
                })
            }
        }
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        if !self.open {
            return if self.has(Fault::DrainsClosed) { Ok(()) } else { Err(DrainError::Closed) };
        }
        self.late(Fault::DrainsLate);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        if !self.open {
            return if self.has(Fault::HearsClosed) { Ok(Received::Nothing) } else { Err(ReceiveError) };
        }
        if buffer.is_empty() {
            return Ok(if self.has(Fault::EndsWithoutRoom) { Received::Closed } else { Received::Nothing });
        }
        if within.is_zero() {
            self.looked += 1;
            match self.fault {
                Fault::ZeroSeesNothing => return Ok(Received::Nothing),
                Fault::ZeroSeesTheFirst if self.looked.is_multiple_of(2) => return Ok(Received::Nothing),
                _ => {}
            }
        }
        let within = if self.has(Fault::SilenceEarly) { within / 2 } else { within };
        if self.has(Fault::WaitsForMore) {
            // Until the buffer is full or the time is over.
            let start = Instant::now();
            while self.wire.back.len() < buffer.len() && start.elapsed() < within.min(TOO_LATE) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        if self.has(Fault::ForgetsUnplug) && self.ended {
            thread::sleep(within);
            return Ok(Received::Nothing);
        }
        match self.wire.back.take(buffer, within) {
            None if self.has(Fault::MissesUnplug) => {
                thread::sleep(within.min(TOO_LATE));
                Ok(Received::Nothing)
            }
            None => {
                self.late(Fault::SeesUnplugLate);
                self.ended = true;
                Err(ReceiveError)
            }
            Some(0) => {
                self.late(Fault::SilenceLate);
                Ok(if self.has(Fault::SilenceIsEnd) { Received::Closed } else { Received::Nothing })
            }
            Some(count) if self.has(Fault::LosesTheRest) => {
                let mut rest = [0; 4_096];
                let _ = self.wire.back.take(&mut rest, Duration::ZERO);
                Ok(Received::Bytes(count))
            }
            Some(count) if self.has(Fault::OverflowsBuffer) => Ok(Received::Bytes(count + 1)),
            Some(count) => Ok(Received::Bytes(count)),
        }
    }

    fn close(&mut self) {
        self.open = self.open && self.has(Fault::StaysOpen);
    }
}

struct Faulty(Fault);

impl Harness for Faulty {
    type Link = FaultyLink;
    type Peer = WirePeer;

    fn line(&mut self) -> (FaultyLink, WirePeer) {
        let wire = Wire::default();
        (FaultyLink::new(wire.clone(), self.0), WirePeer(wire))
    }

    fn nowhere(&mut self) -> Option<FaultyLink> {
        Some(FaultyLink { nowhere: true, ..FaultyLink::new(Wire::default(), self.0) })
    }
}

/// Each fault, and a rule that must be broken by it.
const CAUGHT: [(Fault, &str); 43] = [
    (Fault::BeginsOpen, "a link begins closed"),
    (Fault::DrainsClosed, "a link begins closed"),
    (Fault::SendsClosed, "a link begins closed"),
    (Fault::HearsClosed, "a link begins closed"),
    (Fault::StaysOpen, "a link opens again and again"),
    (Fault::OpensOnce, "a link opens again and again"),
    (Fault::FailsOpen, "a link opens again and again"),
    (Fault::OpensNowhere, "a way to nowhere is told in time"),
    (Fault::NowhereLate, "a way to nowhere is told in time"),
    (Fault::NowhereLeavesOpen, "a way to nowhere is told in time"),
    (Fault::FailsOnLongTimes, "the longest time is a time"),
    (Fault::LosesHighBit, "every byte passes as it is"),
    (Fault::TranslatesLineEnds, "every byte passes as it is"),
    (Fault::ObeysStop, "every byte passes as it is"),
    (Fault::Echoes, "every byte passes as it is"),
    (Fault::SendsTwice, "nothing is lost, doubled or moved"),
    (Fault::LosesOne, "nothing is lost, doubled or moved"),
    (Fault::SwapsTwo, "nothing is lost, doubled or moved"),
    (Fault::AcceptsTooMuch, "nothing is lost, doubled or moved"),
    (Fault::AcceptsNothing, "nothing is lost, doubled or moved"),
    (Fault::SaysLess, "nothing is lost, doubled or moved"),
    (Fault::Keeps, "nothing is kept for a later call"),
    (Fault::DrainsLate, "a full line holds nobody"),
    (Fault::LosesTheRest, "a small buffer loses nothing"),
    (Fault::EndsWithoutRoom, "a small buffer loses nothing"),
    (Fault::OverflowsBuffer, "a small buffer loses nothing"),
    (Fault::EmptySendFails, "nothing sent is nothing"),
    (Fault::EmptySendSends, "nothing sent is nothing"),
    (Fault::SilenceEarly, "silence takes its time"),
    (Fault::SilenceLate, "silence takes its time"),
    (Fault::SilenceIsEnd, "silence takes its time"),
    (Fault::WaitsForMore, "the first byte ends the wait"),
    (Fault::ZeroSeesNothing, "what is there is taken without waiting"),
    (Fault::ZeroSeesTheFirst, "what is there is taken without waiting"),
    (Fault::FullLineLate, "a full line holds nobody"),
    (Fault::FullLineCloses, "a full line holds nobody"),
    (Fault::FullLineLies, "a full line holds nobody"),
    (Fault::NeverFull, "a full line holds nobody"),
    (Fault::MissesUnplug, "an unplugged line holds nobody"),
    (Fault::ForgetsUnplug, "an unplugged line holds nobody"),
    (Fault::SeesUnplugLate, "an unplugged line holds nobody"),
    (Fault::AcceptsForEver, "an unplugged line holds nobody"),
    (Fault::BreaksLate, "an unplugged line holds nobody"),
];

/// What is wrong with the ends of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndFault {
    CloseAborts,
    AbortCloses,
    DropCloses,
}

/// Each fault, and the rule that must be broken by it.
const WRONG_ENDS: [(EndFault, &str); 3] = [
    (EndFault::CloseAborts, "a close in order delivers what was accepted"),
    (EndFault::AbortCloses, "an abort takes back what waits here"),
    (EndFault::DropCloses, "dropping an open link aborts"),
];

/// A TCP link that ends otherwise than it should.
struct WrongEndsLink(TcpLink, EndFault);

impl Link for WrongEndsLink {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.0.connect(within)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.0.send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.0.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.0.receive(buffer, within)
    }

    fn close(&mut self) {
        if self.1 == EndFault::CloseAborts { self.0.abort() } else { self.0.close() }
    }

    fn abort(&mut self) {
        if self.1 == EndFault::AbortCloses { self.0.close() } else { self.0.abort() }
    }
}

impl Drop for WrongEndsLink {
    fn drop(&mut self) {
        if self.1 == EndFault::DropCloses {
            self.0.close();
        }
    }
}

struct WrongEnds(EndFault);

impl Harness for WrongEnds {
    type Link = WrongEndsLink;
    type Peer = TcpFar;

    fn line(&mut self) -> (WrongEndsLink, TcpFar) {
        let (far, address) = TcpFar::listen(false);
        (WrongEndsLink(TcpLink::new(address), self.0), far)
    }

    fn tells_ends_apart(&self) -> bool {
        true
    }
}

#[test]
fn a_good_link_passes() {
    conformance::check(&mut Faulty(Fault::None));
    assert_eq!(conformance::run(&mut Faulty(Fault::None)).len(), 17);
}

#[test]
fn every_fault_is_caught_by_its_rule() {
    let running: Vec<_> = CAUGHT
        .into_iter()
        .map(|(fault, rule)| (fault, rule, thread::spawn(move || conformance::run(&mut Faulty(fault)))))
        .collect();
    let mut rules = std::collections::BTreeSet::new();
    for (fault, rule, run) in running {
        let findings = run.join().unwrap();
        let finding = findings.iter().find(|finding| finding.rule == rule).expect(rule);
        assert!(finding.result.is_err(), "{fault:?} was not caught: {findings:?}");
        rules.insert(rule);
    }
    for (fault, rule) in WRONG_ENDS {
        let findings = conformance::run(&mut WrongEnds(fault));
        let broken: Vec<_> = findings.iter().filter(|finding| finding.result.is_err()).collect();
        assert!(broken.iter().any(|finding| finding.rule == rule), "{fault:?} was not caught: {broken:?}");
        rules.insert(rule);
    }
    // And every rule has a fault that it is there for.
    assert_eq!(rules.len(), conformance::run(&mut Faulty(Fault::None)).len());
}

#[test]
#[should_panic(expected = "\nsilence takes its time: receive from a silent line gave Ok(Closed)")]
fn a_failed_check_says_what_was_seen() {
    conformance::check(&mut Faulty(Fault::SilenceIsEnd));
}

/// A line of which the harness says other things than it does.
struct Misjudged;

impl Harness for Misjudged {
    type Link = FaultyLink;
    type Peer = WirePeer;

    fn line(&mut self) -> (FaultyLink, WirePeer) {
        Faulty(Fault::None).line()
    }

    fn unplugged(&self) -> Unplugged {
        Unplugged::Silent
    }
}

#[test]
fn what_a_harness_claims_is_checked() {
    let findings = conformance::run(&mut Misjudged);
    let broken: Vec<_> = findings.iter().filter(|finding| finding.result.is_err()).map(|f| f.rule).collect();
    assert_eq!(broken, ["an unplugged line holds nobody"]);
}

/// A link whose futures lose what they hold when they are dropped.
struct AsyncFaulty {
    inner: FaultyLink,
    loses: bool,
    opens_early: bool,
}

impl LocalAsyncLink for AsyncFaulty {
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        if self.opens_early {
            self.inner.connect(within)?;
            later().await;
        } else {
            later().await;
            self.inner.connect(within)?;
        }
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.inner.send(bytes, within)
    }

    async fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.inner.drain(within)
    }

    async fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        let start = Instant::now();
        loop {
            let received = self.inner.receive(buffer, Duration::ZERO)?;
            if received != Received::Nothing {
                if self.loses {
                    // Taken, and not yet given: whoever drops this now has lost it.
                    later().await;
                }
                return Ok(received);
            }
            if start.elapsed() >= within {
                return Ok(Received::Nothing);
            }
            later().await;
        }
    }

    async fn close(&mut self) {
        self.inner.close();
    }
}

/// Ready at the second look.
async fn later() {
    let mut looked = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut looked, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Looks again and again.
struct Spin;

impl Executor for Spin {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::sleep(Duration::from_micros(200)),
            }
        }
    }
}

struct AsyncHarness {
    loses: bool,
    opens_early: bool,
}

impl Harness for AsyncHarness {
    type Link = Blocking<AsyncFaulty, Spin>;
    type Peer = WirePeer;

    fn line(&mut self) -> (Self::Link, WirePeer) {
        let (inner, peer) = Faulty(Fault::None).line();
        let link = AsyncFaulty { inner, loses: self.loses, opens_early: self.opens_early };
        (Blocking::new(link, Spin), peer)
    }
}

fn broken_async(loses: bool, opens_early: bool) -> Vec<&'static str> {
    let findings = conformance::run_async(&mut AsyncHarness { loses, opens_early });
    assert_eq!(findings.len(), 19);
    findings.into_iter().filter(|finding| finding.result.is_err()).map(|finding| finding.rule).collect()
}

#[test]
fn what_dropping_a_future_loses_is_caught() {
    assert_eq!(broken_async(false, false), [""; 0]);
    assert_eq!(broken_async(true, false), ["a dropped receive loses nothing"]);
    assert_eq!(broken_async(false, true), ["a dropped connect leaves it closed"]);
    conformance::check_async(&mut AsyncHarness { loses: false, opens_early: false });
}

#[test]
#[should_panic(expected = "a dropped receive loses nothing")]
fn an_asynchronous_check_fails_as_well() {
    conformance::check_async(&mut AsyncHarness { loses: true, opens_early: false });
}
