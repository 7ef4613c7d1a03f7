//! Nothing of a finished attempt arrives later: the network goes between the connection and the request, the attempt ends,
//! the network comes back. And names with several addresses, connections to oneself, and silent name servers.
//!
//! Each test runs in a network namespace of its own, in a process of its own.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use caisse_hal::tcp::{TcpAddress, TcpLink};
use caisse_hal::{AsyncLink, ConnectError, Link, Received};

const LONG: Duration = Duration::from_secs(10);
/// The system sends what waits again within this time: it has been waiting for less.
const AGAIN: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978";
const PORT: u16 = 8888;

/// Whether this process is in a namespace that a test made.
const INSIDE: &str = "CAISSE_TEST_NAMESPACE";

/// Runs the test of this name in namespaces of its own, of networks and of mounts; returns whether this process is there
/// already. Without root nothing is run, and the test says so.
fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut tried = Command::new("unshare");
    let tried = tried.args(["-n", "-m", "ip", "link"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !tried.status().is_ok_and(|status| status.success()) {
        println!("skipped: no root, no unshare or no ip");
        return false;
    }
    let status = Command::new("unshare")
        .args(["-n", "-m"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test}: {status}");
    false
}

fn sh(command: &str) {
    let status = Command::new("sh").args(["-ec", command]).status().unwrap();
    assert!(status.success(), "{command}: {status}");
}

fn network_is(up: bool) {
    sh(if up { "ip link set lo up" } else { "ip link set lo down" });
}

fn listen() -> TcpListener {
    network_is(true);
    TcpListener::bind(("127.0.0.1", PORT)).unwrap()
}

fn address() -> TcpAddress {
    TcpAddress::new("127.0.0.1", PORT)
}

/// How many bytes wait in this namespace to be sent to the terminal, and how many sockets of tills there are.
fn waiting() -> (u64, usize) {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let far = format!(":{PORT:04X}");
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let queued: Vec<u64> = rows
        .filter(|row| row[2].ends_with(&far))
        .map(|row| u64::from_str_radix(row[4].split(':').next().unwrap(), 16).unwrap())
        .collect();
    (queued.iter().sum(), queued.len())
}

/// What arrives once the network is back.
fn arrives(mut peer: TcpStream) -> Vec<u8> {
    network_is(true);
    peer.set_read_timeout(Some(AGAIN)).unwrap();
    let mut got = vec![0; 512];
    match peer.read(&mut got) {
        Ok(count) => got.truncate(count),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionReset) => {
            got.clear()
        }
        Err(error) => panic!("{error}"),
    }
    got
}

/// A connection whose request waits in this machine, because the network went just before it was sent.
fn stuck(link: &mut impl Link, listener: &TcpListener) -> TcpStream {
    link.connect(LONG).unwrap();
    let peer = listener.accept().unwrap().0;
    network_is(false);
    assert_eq!(link.send(REQUEST, LONG), Ok(REQUEST.len()));
    assert_eq!(waiting().0, REQUEST.len() as u64);
    peer
}

/// What ends a connection.
type End = fn(TcpLink);

#[test]
fn a_request_of_an_aborted_connection_never_arrives() {
    if !inside("a_request_of_an_aborted_connection_never_arrives") {
        return;
    }
    let ends: [(&str, End); 3] = [
        ("abort", |mut link| link.abort()),
        ("drop", drop),
        ("connect again", |mut link| {
            // The network is away: this fails, and the first connection has ended.
            assert!(link.connect(Duration::from_millis(100)).is_err());
        }),
    ];
    for (what, end) in ends {
        let listener = listen();
        let mut link = TcpLink::new(address());
        let peer = stuck(&mut link, &listener);
        end(link);
        assert_eq!(waiting(), (0, 0), "{what}");
        assert_eq!(arrives(peer), b"", "{what}");
    }
    // The neighbour: a connection that is closed in order delivers what was accepted.
    let listener = listen();
    let mut link = TcpLink::new(address());
    let peer = stuck(&mut link, &listener);
    link.close();
    drop(link);
    assert_eq!(arrives(peer), REQUEST);
}

/// A till may leave a connection open for a late answer, and wait for nothing on it.
#[test]
fn a_request_of_a_connection_that_is_left_open_does_not_wait_for_ever() {
    if !inside("a_request_of_a_connection_that_is_left_open_does_not_wait_for_ever") {
        return;
    }
    let listener = listen();
    let mut link = TcpLink::new(address());
    let peer = stuck(&mut link, &listener);
    let limit = Instant::now() + Duration::from_secs(75);
    while waiting().0 > 0 {
        assert!(Instant::now() < limit, "the request still waits");
        std::thread::sleep(Duration::from_millis(500));
    }
    // The till hears that the connection has ended.
    let mut buffer = [0; 16];
    assert!((0..2).any(|_| link.receive(&mut buffer, Duration::ZERO) != Ok(Received::Nothing)));
    assert_eq!(arrives(peer), b"");
}

#[test]
fn a_request_of_an_aborted_tokio_connection_never_arrives() {
    if !inside("a_request_of_an_aborted_tokio_connection_never_arrives") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for in_order in [false, true] {
        let listener = listen();
        let peer = runtime.block_on(async {
            let mut link = caisse_hal::tokio::TcpLink::new(address());
            link.connect(LONG).await.unwrap();
            let peer = listener.accept().unwrap().0;
            network_is(false);
            assert_eq!(link.send(REQUEST, LONG).await, Ok(REQUEST.len()));
            if in_order {
                link.close().await;
            }
            peer
        });
        assert_eq!(waiting().0, if in_order { REQUEST.len() as u64 + 1 } else { 0 });
        assert_eq!(arrives(peer), if in_order { REQUEST } else { b"" });
    }
}

/// A process that has sent its request into a network that is away.
fn stuck_process() -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_request_of_a_killed_process_never_arrives", "--nocapture"])
        .env("CAISSE_TEST_STUCK", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    let mut output = child.stdout.take().unwrap();
    while !String::from_utf8_lossy(&told).contains("sent") {
        let mut byte = [0];
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&told));
        told.push(byte[0]);
    }
    child
}

#[test]
fn a_request_of_a_killed_process_never_arrives() {
    if std::env::var_os("CAISSE_TEST_STUCK").is_some() {
        let mut link = TcpLink::new(address());
        link.connect(LONG).unwrap();
        network_is(false);
        link.send(REQUEST, LONG).unwrap();
        println!("sent");
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    if !inside("a_request_of_a_killed_process_never_arrives") {
        return;
    }
    let listener = listen();
    let mut child = stuck_process();
    let peer = listener.accept().unwrap().0;
    assert_eq!(waiting().0, REQUEST.len() as u64);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(waiting(), (0, 0));
    assert_eq!(arrives(peer), b"");
}

/// Two hosts on a wire: this one, and one that never answers.
const SILENT_HOST: &str = "mount --make-rprivate /; ip link set lo up; ip link add v0 type veth peer name v1; \
    ip link set v0 up; ip link set v1 up; ip addr add 10.9.9.1/24 dev v0; \
    ip neigh add 10.9.9.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent";

fn at(host: [u8; 4], port: u16) -> SocketAddr {
    SocketAddr::from((host, port))
}

#[test]
fn addresses_share_the_time_one_after_the_other() {
    if !inside("addresses_share_the_time_one_after_the_other") {
        return;
    }
    sh(SILENT_HOST);
    let terminal = TcpListener::bind("10.9.9.1:8888").unwrap();
    let time = Duration::from_secs(2);
    let both = [at([10, 9, 9, 9], 8888), at([10, 9, 9, 1], 8888)];
    let name = TcpAddress::new("counter", 8888);
    let start = Instant::now();
    let mut link = TcpLink::with_resolved(name.clone(), both.to_vec());
    link.connect(time).unwrap();
    assert_eq!(link.peer(), Some(both[1]));
    assert!(start.elapsed() >= time / 2 - Duration::from_millis(5));
    // The attempt at the silent host has ended.
    assert_eq!(waiting().1, 1);
    terminal.accept().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut link = caisse_hal::tokio::TcpLink::with_resolved(name.clone(), both.to_vec());
        AsyncLink::connect(&mut link, time).await.unwrap();
        assert_eq!(AsyncLink::peer(&link), Some(both[1]));
        assert_eq!(AsyncLink::peer(&caisse_hal::tokio::TcpLink::new(name.clone())), None);
    });
    // A stop ends the wait, and the attempt.
    let start = Instant::now();
    let stop = || start.elapsed() > Duration::from_millis(100);
    let mut link = TcpLink::with_resolved(name, vec![both[0]]);
    assert_eq!(link.connect_unless(Duration::from_secs(600), &stop), Err(ConnectError::Cancelled));
    assert_eq!(link.peer(), None);
    assert_eq!(fs::read_to_string("/proc/net/tcp").unwrap().matches("0909090A:22B8").count(), 0);
}

#[test]
fn a_silent_name_server_costs_the_time_for_connecting_and_heeds_a_stop() {
    if !inside("a_silent_name_server_costs_the_time_for_connecting_and_heeds_a_stop") {
        return;
    }
    sh("mount --make-rprivate /; ip link set lo up; mount -t tmpfs none /tmp; \
        echo nameserver 127.0.0.1 > /tmp/resolv.conf; mount --bind /tmp/resolv.conf /etc/resolv.conf");
    let _silent = UdpSocket::bind("127.0.0.1:53").unwrap();
    let time = Duration::from_millis(300);
    let mut link = TcpLink::new(TcpAddress::new("counter.shop.example", 8888));
    assert_eq!(link.connect(time), Err(ConnectError::TimedOut));
    let start = Instant::now();
    let stop = || start.elapsed() > Duration::from_millis(100);
    assert_eq!(link.connect_unless(Duration::from_secs(600), &stop), Err(ConnectError::Cancelled));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut link = caisse_hal::tokio::TcpLink::new(TcpAddress::new("counter.shop.example", 8888));
        assert_eq!(AsyncLink::connect(&mut link, time).await, Err(ConnectError::TimedOut));
    });
    // The end of the runtime does not wait for the name server.
}

/// A socket on a port of the system's own range can connect to itself where nobody listens.
#[test]
fn a_connection_to_itself_is_refused() {
    if !inside("a_connection_to_itself_is_refused") {
        return;
    }
    network_is(true);
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "8888 8889\n").unwrap();
    // Without the check, this is what happens.
    let own = TcpStream::connect(("127.0.0.1", PORT)).unwrap();
    assert_eq!(own.local_addr().unwrap(), own.peer_addr().unwrap());
    TcpLink::from_stream(own).unwrap().abort();
    let mut link = TcpLink::new(address());
    assert_eq!(link.connect(LONG), Err(ConnectError::Refused));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut link = caisse_hal::tokio::TcpLink::new(address());
        assert_eq!(AsyncLink::connect(&mut link, LONG).await, Err(ConnectError::Refused));
    });
    // The neighbour: somebody listens.
    let listener = TcpListener::bind(("127.0.0.1", PORT)).unwrap();
    assert_eq!(link.connect(LONG), Ok(()));
    listener.accept().unwrap();
}

#[test]
fn out_of_descriptors_is_an_error_and_never_a_connection() {
    if !inside("out_of_descriptors_is_an_error_and_never_a_connection") {
        return;
    }
    let listener = listen();
    let mut held = Vec::new();
    while let Ok(file) = fs::File::open("/dev/null") {
        held.push(file);
        assert!(held.len() < 2_000_000);
    }
    let mut link = TcpLink::new(address());
    assert_eq!(link.connect(LONG), Err(ConnectError::Other));
    held.clear();
    assert_eq!(link.connect(LONG), Ok(()));
    listener.accept().unwrap();
}
