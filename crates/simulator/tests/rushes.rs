//! More connections than anybody needs: those that say nothing make room for those that do.
#![cfg(feature = "control")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use caisse_hal::Address;
use caisse_simulator::VirtualTerminal;

/// More than the terminal takes at once, on either port.
const RUSH: usize = 200;

const LIMIT: Duration = Duration::from_secs(30);

const REQUEST: &[u8] = b"CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978";

fn start() -> VirtualTerminal {
    VirtualTerminal::builder().control("127.0.0.1:0".parse().unwrap()).start().unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = connect(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn is_closed(stream: &mut TcpStream) -> bool {
    // Closed, or reset.
    matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_))
}

fn payment_port(terminal: &VirtualTerminal) -> SocketAddr {
    match terminal.address() {
        Address::Tcp(address) => format!("{}:{}", address.host(), address.port()).parse().unwrap(),
        Address::Serial(_) => panic!("the terminal is on TCP"),
    }
}

fn pay(address: SocketAddr) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(REQUEST).unwrap();
    let mut answer = vec![0; 512];
    let count = stream.read(&mut answer).unwrap();
    answer.truncate(count);
    answer
}

#[test]
fn idle_connections_of_control_make_room() {
    let terminal = start();
    let address = terminal.control_address().unwrap();
    // A stream of events is quiet, and not idle.
    let mut stream = connect(address);
    write!(stream, "GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut head = [0; 1024];
    assert!(stream.read(&mut head).unwrap() > 0);

    let mut idle: Vec<TcpStream> = (0..RUSH).map(|_| connect(address)).collect();
    assert!(get(address, "/ledger").starts_with("HTTP/1.1 200"));
    assert!(is_closed(&mut idle[0]), "the oldest has made room");
    let last = idle.last_mut().unwrap();
    write!(last, "GET /state HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = [0; 1024];
    assert!(last.read(&mut answer).unwrap() > 0, "the newest is served");
    assert!(answer.starts_with(b"HTTP/1.1 200"));

    assert!(pay(payment_port(&terminal)).starts_with(b"CZ"));
    let mut told = String::new();
    while !told.contains("charged") {
        let count = stream.read(&mut head).unwrap();
        assert!(count > 0, "the stream was closed: {told}");
        told.push_str(&String::from_utf8_lossy(&head[..count]));
    }
}

#[test]
fn tills_that_say_nothing_make_room() {
    let terminal = start();
    let address = payment_port(&terminal);
    let mut idle: Vec<TcpStream> = (0..RUSH).map(|_| connect(address)).collect();
    let answer = pay(address);
    assert!(answer.windows(7).any(|bytes| bytes == b"AE00210"), "{}", String::from_utf8_lossy(&answer));
    assert!(is_closed(&mut idle[0]), "the oldest has made room");
    let last = idle.last_mut().unwrap();
    last.write_all(REQUEST).unwrap();
    assert!(last.read(&mut [0; 512]).unwrap() > 0, "the newest is served");
    assert_eq!(terminal.ledger().len(), 2);
}
