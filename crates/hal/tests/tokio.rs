//! The asynchronous links where they differ from the suite's view: in tasks, on slow lines, without a terminal.
#![cfg(unix)]

mod common;

use std::time::{Duration, Instant};

use caisse_hal::pty::PtyLink;
use caisse_hal::serial::{Baud, LineSettings, SerialAddress};
use caisse_hal::tcp::TcpAddress;
use caisse_hal::tokio::{SerialLink, TcpLink};
use caisse_hal::{AsyncLink, ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use common::far::pull;

const SOON: Duration = Duration::from_millis(80);
const LONG: Duration = Duration::from_secs(5);

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A port's address, and the terminal at it.
fn line(baud: Baud) -> (PtyLink, SerialAddress) {
    let terminal = PtyLink::open().unwrap();
    let settings = LineSettings { baud, ..LineSettings::default() };
    let address = SerialAddress::new(terminal.path().unwrap().to_str().unwrap(), settings).unwrap();
    (terminal, address)
}

/// What a driver does: it owns any link, in a task that may move between threads.
async fn in_a_task<L: AsyncLink + Send + 'static>(mut link: L) -> Result<usize, ConnectError> {
    let task = tokio::spawn(async move {
        link.connect(LONG).await?;
        let sent = link.send(b"\x05", LONG).await.unwrap();
        link.drain(LONG).await.unwrap();
        link.close().await;
        Ok(sent)
    });
    task.await.unwrap()
}

#[test]
fn a_link_runs_in_a_task() {
    let (mut terminal, address) = line(Baud::B9600);
    assert_eq!(run(in_a_task(SerialLink::new(address.clone()))), Ok(1));
    assert_eq!(terminal.receive(&mut [0; 8], LONG), Ok(Received::Bytes(1)));
    assert_eq!(SerialLink::new(address.clone()).address(), &address);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = TcpAddress::new("127.0.0.1", listener.local_addr().unwrap().port());
    assert_eq!(run(in_a_task(TcpLink::new(address.clone()))), Ok(1));
    drop(listener);
    assert_eq!(TcpLink::new(address.clone()).address(), &address);
    assert_eq!(run(in_a_task(TcpLink::new(address))), Err(ConnectError::Refused));
}

#[test]
fn a_name_without_address_is_told_as_such() {
    let link = TcpLink::new(TcpAddress::new("no-such-terminal.invalid", 8888));
    let error = run(in_a_task(link)).unwrap_err();
    assert!(matches!(error, ConnectError::NameNotResolved | ConnectError::TimedOut), "{error:?}");
}

#[test]
fn a_terminal_that_answers_no_call_is_given_up_in_time() {
    run(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        // Nobody accepts. What comes when this queue is full goes unanswered, as from a host that sleeps.
        let _listener = socket.listen(1).unwrap();
        let address = TcpAddress::new("127.0.0.1", port);
        let mut queue = Vec::new();
        loop {
            let mut link = TcpLink::new(address.clone());
            let start = Instant::now();
            if let Err(error) = link.connect(SOON).await {
                assert_eq!(error, ConnectError::TimedOut);
                assert!(start.elapsed() >= SOON && start.elapsed() < LONG / 2);
                break;
            }
            queue.push(link);
            assert!(queue.len() < 100, "the queue never filled");
        }
        let mut link = caisse_hal::TcpLink::new(address);
        let start = Instant::now();
        assert_eq!(link.connect(SOON), Err(ConnectError::TimedOut));
        assert!(start.elapsed() >= SOON && start.elapsed() < LONG / 2);
    });
}

#[test]
fn a_frame_is_drained_when_the_slow_line_has_taken_it() {
    let (_terminal, address) = line(Baud::B1200);
    run(async {
        let mut link = SerialLink::new(address);
        link.connect(LONG).await.unwrap();
        let start = Instant::now();
        assert_eq!(link.drain(LONG).await, Ok(()));
        // 120 characters of 10 bits at 1200 baud: one second.
        assert_eq!(link.send(&[b'x'; 120], LONG).await, Ok(120));
        assert!(start.elapsed() < LONG / 10);
        assert_eq!(link.drain(SOON).await, Err(DrainError::TimedOut));
        let waited = start.elapsed();
        assert!(waited >= SOON && waited < Duration::from_millis(990), "{waited:?}");
        assert_eq!(link.drain(LONG).await, Ok(()));
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_millis(2_500), "{waited:?}");

        // Closing lets it leave for a while, and not for as long as it wants.
        assert_eq!(link.send(&[b'x'; 240], LONG).await, Ok(240));
        let start = Instant::now();
        link.close().await;
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(100) && waited < Duration::from_millis(1_900), "{waited:?}");
    });
}

#[test]
fn a_terminal_that_reads_nothing_holds_no_write_beyond_its_deadline() {
    let (_terminal, address) = line(Baud::B115200);
    run(async {
        let mut link = SerialLink::new(address);
        link.connect(LONG).await.unwrap();
        let error = loop {
            let start = Instant::now();
            let sent = link.send(&[b'x'; 4_096], SOON).await;
            assert!(start.elapsed() < LONG / 2);
            if let Err(error) = sent {
                assert!(start.elapsed() >= SOON);
                break error;
            }
        };
        assert_eq!(error, SendError::TimedOut);
    });
}

#[test]
fn pulling_the_plug_breaks_every_call_in_time() {
    let (mut terminal, address) = line(Baud::B9600);
    run(async {
        let mut link = SerialLink::new(address);
        link.connect(LONG).await.unwrap();
        let start = Instant::now();
        let pulling = std::thread::spawn(move || {
            std::thread::sleep(SOON);
            pull(&mut terminal)
        });
        assert_eq!(link.receive(&mut [0; 8], LONG).await, Err(ReceiveError));
        let _held = pulling.join().unwrap();
        assert_eq!(link.send(b"x", LONG).await, Err(SendError::Closed));
        assert_eq!(link.drain(LONG).await, Err(DrainError::Closed));
        assert_eq!(link.connect(LONG).await, Err(ConnectError::PortNotFound));
        assert_eq!(link.receive(&mut [0; 8], LONG).await, Err(ReceiveError));
        assert!(start.elapsed() >= SOON && start.elapsed() < LONG / 2);
    });
}

/// A look takes no turn of the runtime: one poll of its future ends it, and it finds what the runtime has not heard of yet.
#[test]
fn a_look_at_tcp_ends_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut link = TcpLink::new(TcpAddress::new("127.0.0.1", listener.local_addr().unwrap().port()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(link.connect(LONG)).unwrap();
    let (mut terminal, _) = listener.accept().unwrap();
    let mut buffer = [0; 8];
    let mut look = || {
        let mut looking = std::pin::pin!(link.receive(&mut buffer, Duration::ZERO));
        match looking.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(found) => found,
            std::task::Poll::Pending => panic!("it waits for the runtime"),
        }
    };
    // Within the runtime, which has no turn in between.
    runtime.block_on(async {
        assert_eq!(look(), Ok(Received::Nothing));
        std::io::Write::write_all(&mut terminal, b"stale").unwrap();
        assert_eq!(look(), Ok(Received::Bytes(5)));
        assert_eq!(look(), Ok(Received::Nothing));
        terminal.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!(look(), Ok(Received::Closed));
    });
    // The runtime is not confused by what was read beside it.
    assert_eq!(runtime.block_on(link.receive(&mut [0; 8], LONG)), Ok(Received::Closed));
}
