//! Links over the byte ports of embedded-io: in memory, over a file of the system, over Tokio; and ports that misbehave.

mod common;

use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use caisse_hal::conformance::{self, Blocking, Executor, Harness};
use caisse_hal::embedded::{AsyncPortLink, PortLink};
use caisse_hal::pty::PtyLink;
use caisse_hal::{DrainError, Link, LocalAsyncLink, ReceiveError, Received, SendError, SystemClock};
use common::far::LinkFar;
use common::wire::{Wire, WirePeer};
use embedded_io::ErrorKind;
use rustix::event::{PollFd, PollFlags, poll};

const SOON: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_secs(5);

/// The delay of a program that has an operating system.
struct Sleep;

impl embedded_hal::delay::DelayNs for Sleep {
    fn delay_ns(&mut self, nanoseconds: u32) {
        thread::sleep(Duration::from_nanos(nanoseconds.into()));
    }
}

impl embedded_hal_async::delay::DelayNs for Sleep {
    async fn delay_ns(&mut self, nanoseconds: u32) {
        let start = Instant::now();
        let time = Duration::from_nanos(nanoseconds.into());
        poll_fn(|_| if start.elapsed() >= time { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// A byte port in memory.
struct Memory(Wire);

impl embedded_io::ErrorType for Memory {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Memory {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        if self.0.back.is_unplugged() { Err(ErrorKind::BrokenPipe) } else { Ok(self.0.back.len() > 0) }
    }
}

impl embedded_io::WriteReady for Memory {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        if self.0.out.is_unplugged() { Err(ErrorKind::BrokenPipe) } else { Ok(self.0.out.room() > 0) }
    }
}

impl embedded_io::Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.back.take(buffer, LONG).ok_or(ErrorKind::BrokenPipe)
    }
}

impl embedded_io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.out.put(bytes, LONG).ok_or(ErrorKind::BrokenPipe)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl embedded_io_async::Read for Memory {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| match self.0.back.take(buffer, Duration::ZERO) {
            None => Poll::Ready(Err(ErrorKind::BrokenPipe)),
            Some(0) => Poll::Pending,
            Some(count) => Poll::Ready(Ok(count)),
        })
        .await
    }
}

impl embedded_io_async::Write for Memory {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| match self.0.out.put(bytes, Duration::ZERO) {
            None => Poll::Ready(Err(ErrorKind::BrokenPipe)),
            Some(0) => Poll::Pending,
            Some(count) => Poll::Ready(Ok(count)),
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

struct InMemory;

impl Harness for InMemory {
    type Link = PortLink<Memory, SystemClock, Sleep>;
    type Peer = WirePeer;

    fn line(&mut self) -> (Self::Link, WirePeer) {
        let wire = Wire::default();
        (PortLink::new(Memory(wire.clone()), SystemClock::new(), Sleep), WirePeer(wire))
    }
}

#[test]
fn a_port_in_memory() {
    conformance::check(&mut InMemory);
}

/// Looks again and again, as a program without interrupts does.
#[derive(Clone, Copy)]
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

struct AsyncInMemory;

impl Harness for AsyncInMemory {
    type Link = Blocking<AsyncPortLink<Memory, Sleep>, Spin>;
    type Peer = WirePeer;

    fn line(&mut self) -> (Self::Link, WirePeer) {
        let wire = Wire::default();
        (Blocking::new(AsyncPortLink::new(Memory(wire.clone()), Sleep), Spin), WirePeer(wire))
    }
}

#[test]
fn an_asynchronous_port_in_memory() {
    conformance::check_async(&mut AsyncInMemory);
}

/// A device file of the system as a byte port.
struct Device(File);

impl Device {
    fn open(path: &Path) -> Self {
        let file = File::options().read(true).write(true).open(path).unwrap();
        rustix::io::ioctl_fionbio(&file, true).unwrap();
        Self(file)
    }

    fn is_ready(&self, events: PollFlags) -> bool {
        let mut polled = [PollFd::new(&self.0, events)];
        poll(&mut polled, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0
    }
}

impl embedded_io::ErrorType for Device {
    type Error = io::Error;
}

impl embedded_io::ReadReady for Device {
    fn read_ready(&mut self) -> io::Result<bool> {
        Ok(self.is_ready(PollFlags::IN))
    }
}

impl embedded_io::WriteReady for Device {
    fn write_ready(&mut self) -> io::Result<bool> {
        Ok(self.is_ready(PollFlags::OUT))
    }
}

impl embedded_io::Read for Device {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.0, buffer)
    }
}

impl embedded_io::Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The system calls the loss of a terminal an input/output error.
        io::Write::write(&mut self.0, bytes).map_err(|error| match error.raw_os_error() {
            Some(5) => io::ErrorKind::BrokenPipe.into(),
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut self.0)
    }
}

struct OverDevice;

impl Harness for OverDevice {
    type Link = PortLink<Device, SystemClock, Sleep>;
    type Peer = LinkFar<PtyLink>;

    fn line(&mut self) -> (Self::Link, Self::Peer) {
        let far = PtyLink::open().unwrap();
        let device = Device::open(far.path().unwrap());
        (PortLink::new(device, SystemClock::new(), Sleep), LinkFar::new(far))
    }
}

#[test]
fn a_port_over_a_file_of_the_system() {
    conformance::check(&mut OverDevice);
}

#[derive(Clone)]
struct Runtime(Arc<tokio::runtime::Runtime>);

impl Executor for Runtime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

struct TokioDelay;

impl embedded_hal_async::delay::DelayNs for TokioDelay {
    async fn delay_ns(&mut self, nanoseconds: u32) {
        tokio::time::sleep(Duration::from_nanos(nanoseconds.into())).await;
    }
}

type TokioPort = embedded_io_adapters::tokio_1::FromTokio<tokio::net::UnixStream>;

struct OverTokio(Runtime);

impl Harness for OverTokio {
    type Link = Blocking<AsyncPortLink<TokioPort, TokioDelay>, Runtime>;
    type Peer = SocketFar;

    fn line(&mut self) -> (Self::Link, SocketFar) {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let _inside = self.0.0.enter();
        let port = TokioPort::new(tokio::net::UnixStream::from_std(near).unwrap());
        (Blocking::new(AsyncPortLink::new(port, TokioDelay), self.0.clone()), SocketFar(Some(far)))
    }
}

struct SocketFar(Option<std::os::unix::net::UnixStream>);

impl conformance::Peer for SocketFar {
    fn write(&mut self, bytes: &[u8]) {
        io::Write::write_all(self.0.as_mut().unwrap(), bytes).unwrap();
    }

    fn read(&mut self, most: usize, within: Duration) -> Vec<u8> {
        let socket = self.0.as_mut().unwrap();
        common::far::read(most, within, |buffer, left| {
            socket.set_read_timeout(Some(left)).unwrap();
            io::Read::read(socket, buffer).unwrap_or(0)
        })
    }

    fn unplug(&mut self) {
        self.0 = None;
    }
}

#[test]
fn an_asynchronous_port_over_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    conformance::check_async(&mut OverTokio(Runtime(Arc::new(runtime))));
}

/// A port that does what the script says, and then nothing.
#[derive(Default)]
struct Scripted {
    reads: VecDeque<Result<Vec<u8>, ErrorKind>>,
    writes: VecDeque<Result<usize, ErrorKind>>,
    flush: Option<ErrorKind>,
    hangs: bool,
    /// What asking whether it is ready gives, before it gives the truth.
    asked: VecDeque<ErrorKind>,
    /// Noise that never ends.
    noisy: bool,
}

impl embedded_io::ErrorType for Scripted {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Scripted {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.asked.pop_front().map_or(Ok(self.noisy || !self.reads.is_empty()), Err)
    }
}

impl embedded_io::WriteReady for Scripted {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(!self.writes.is_empty())
    }
}

impl embedded_io::Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.noisy {
            return Err(ErrorKind::Other);
        }
        let bytes = self.reads.pop_front().unwrap()?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl embedded_io::Write for Scripted {
    fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        self.writes.pop_front().unwrap()
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.flush.map_or(Ok(()), Err)
    }
}

impl embedded_io_async::Read for Scripted {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.reads.is_empty() && !self.noisy {
            std::future::pending::<()>().await;
        }
        embedded_io::Read::read(self, buffer)
    }
}

impl embedded_io_async::Write for Scripted {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if self.writes.is_empty() {
            std::future::pending::<()>().await;
        }
        embedded_io::Write::write(self, bytes)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        embedded_io::Write::flush(self)
    }
}

/// What both kinds of link make of the same port.
fn both(port: impl Fn() -> Scripted, check: impl Fn(&mut dyn Link, &str)) {
    let mut blocking = PortLink::new(port(), SystemClock::new(), Sleep);
    blocking.connect(LONG).unwrap();
    check(&mut blocking, "blocking");
    let mut asynchronous = Blocking::new(AsyncPortLink::new(port(), Sleep), Spin);
    asynchronous.connect(LONG).unwrap();
    check(&mut asynchronous, "asynchronous");
}

fn reads(reads: &[Result<&[u8], ErrorKind>]) -> Scripted {
    let reads = reads.iter().map(|read| read.map(<[u8]>::to_vec)).collect();
    Scripted { reads, ..Scripted::default() }
}

#[test]
fn noise_costs_a_byte_and_not_the_line() {
    let noisy = || reads(&[Err(ErrorKind::Other), Err(ErrorKind::InvalidData), Ok(b"\x06")]);
    both(noisy, |link, kind| {
        let mut buffer = [0; 4];
        assert_eq!(link.receive(&mut buffer, LONG), Ok(Received::Bytes(1)), "{kind}");
        assert_eq!(buffer[0], 6);
        assert_eq!(link.receive(&mut buffer, SOON), Ok(Received::Nothing), "{kind}");
    });
    // Nothing but noise is silence, in time.
    let noise = || Scripted { noisy: true, ..Scripted::default() };
    both(noise, |link, kind| {
        let start = Instant::now();
        assert_eq!(link.receive(&mut [0; 4], SOON), Ok(Received::Nothing), "{kind}");
        assert!(start.elapsed() >= SOON.mul_f32(0.9) && start.elapsed() < LONG / 2, "{kind}");
    });
}

#[test]
fn a_port_that_cannot_say_whether_it_is_ready_is_asked_again() {
    let port = |asked: &[ErrorKind]| {
        let scripted = Scripted { asked: asked.iter().copied().collect(), ..reads(&[Ok(b"\x06")]) };
        let mut link = PortLink::new(scripted, SystemClock::new(), Sleep);
        link.connect(LONG).unwrap();
        link.receive(&mut [0; 4], LONG)
    };
    assert_eq!(port(&[ErrorKind::Other, ErrorKind::Interrupted]), Ok(Received::Bytes(1)));
    assert_eq!(port(&[ErrorKind::Other, ErrorKind::NotConnected]), Err(ReceiveError));
}

#[test]
fn a_port_that_is_gone_is_no_noise() {
    for gone in [Err(ErrorKind::BrokenPipe), Err(ErrorKind::NotConnected), Ok(&b""[..])] {
        both(
            || reads(&[gone]),
            |link, kind| assert_eq!(link.receive(&mut [0; 4], LONG), Err(ReceiveError), "{kind} {gone:?}"),
        );
    }
}

#[test]
fn a_write_that_fails_is_uncertain_unless_the_port_is_gone() {
    for (write, expected) in [
        (Ok(3), Ok(3)),
        (Ok(0), Err(SendError::Closed)),
        (Err(ErrorKind::BrokenPipe), Err(SendError::Closed)),
        (Err(ErrorKind::Other), Err(SendError::Uncertain)),
        (Err(ErrorKind::TimedOut), Err(SendError::Uncertain)),
    ] {
        let port = || Scripted { writes: [write].into(), ..Scripted::default() };
        both(port, |link, kind| assert_eq!(link.send(b"abcd", LONG), expected, "{kind} {write:?}"));
    }
}

#[test]
fn a_write_that_is_never_ready_ends_in_time() {
    both(Scripted::default, |link, kind| {
        let start = Instant::now();
        // Without asking first, nobody knows what a write that was given up has done.
        let expected = if kind == "blocking" { SendError::TimedOut } else { SendError::Uncertain };
        assert_eq!(link.send(b"abcd", SOON), Err(expected), "{kind}");
        assert!(start.elapsed() >= SOON.mul_f32(0.9) && start.elapsed() < LONG / 2, "{kind}");
    });
}

#[test]
fn draining_is_the_ports_flush() {
    both(Scripted::default, |link, kind| assert_eq!(link.drain(LONG), Ok(()), "{kind}"));
    let failing = || Scripted { flush: Some(ErrorKind::Other), ..Scripted::default() };
    both(failing, |link, kind| assert_eq!(link.drain(LONG), Err(DrainError::Closed), "{kind}"));
    let hanging = Scripted { hangs: true, ..Scripted::default() };
    let mut link = AsyncPortLink::new(hanging, Sleep);
    let start = Instant::now();
    let drained = Spin.block_on(async {
        link.connect(LONG).await.unwrap();
        link.drain(SOON).await
    });
    assert_eq!(drained, Err(DrainError::TimedOut));
    assert!(start.elapsed() >= SOON && start.elapsed() < LONG / 2);
    let (port, _) = link.release();
    assert!(port.hangs);
}

#[test]
fn a_program_that_looks_late_still_finds_what_is_there() {
    let port = || reads(&[Ok(b"late")]);
    both(port, |link, kind| {
        assert_eq!(link.receive(&mut [0; 8], Duration::ZERO), Ok(Received::Bytes(4)), "{kind}");
    });
    let (port, ..) = PortLink::new(port(), SystemClock::new(), Sleep).release();
    assert_eq!(port.reads.len(), 1);
}
