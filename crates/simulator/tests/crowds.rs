//! Many terminals at once, and tills that mean no good.
#![cfg(feature = "serial")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use caisse_simulator::VirtualTerminal;
use caisse_simulator::persona::Persona;
use support::{E_PLUS, End, REQUEST, at};

const SOON: Duration = Duration::from_secs(20);

fn socket(terminal: &VirtualTerminal) -> String {
    terminal.address().to_string().replace("tcp://", "")
}

#[test]
fn a_hundred_terminals_in_one_process_and_payments_on_all_of_them() {
    let terminals: Vec<VirtualTerminal> = (0..100).map(|_| VirtualTerminal::start().unwrap()).collect();
    let started = Instant::now();
    thread::scope(|scope| {
        for terminal in &terminals {
            scope.spawn(|| {
                for _ in 0..5 {
                    let seen = at(terminal, SOON, 1, REQUEST);
                    assert!(seen.text().contains("AE00210") && seen.end == End::Closed, "{seen:?}");
                }
            });
        }
    });
    println!("500 payments on 100 terminals in {:?}", started.elapsed());
    assert!(terminals.iter().all(|terminal| terminal.ledger().len() == 5));
    assert!(started.elapsed() < Duration::from_secs(30));
}

/// How much memory this process holds, in kilobytes.
#[cfg(target_os = "linux")]
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn memory() -> u64 {
    0
}

/// The terminal still serves an honest till.
fn is_well(terminal: &VirtualTerminal, body: &[u8]) -> bool {
    let started = Instant::now();
    while started.elapsed() < SOON {
        let before = terminal.ledger().len();
        let seen = at(terminal, Duration::from_secs(5), 1, body);
        if (seen.text().contains("AE00210") || !seen.results.is_empty()) && terminal.ledger().len() > before {
            return true;
        }
    }
    false
}

#[test]
fn floods_garbage_and_thousands_of_connections() {
    let terminal = VirtualTerminal::start().unwrap();
    assert!(is_well(&terminal, REQUEST));
    let before = memory();
    // Thousands of connections, most of which say nothing.
    for round in 0..40 {
        let crowd: Vec<_> = (0..100).filter_map(|_| TcpStream::connect(socket(&terminal)).ok()).collect();
        for (index, mut stream) in crowd.iter().enumerate() {
            let garbage: Vec<u8> = (0..index * 7).map(|byte| (byte * (round + 3) % 256) as u8).collect();
            let _ = stream.write_all(&garbage);
        }
    }
    assert!(is_well(&terminal, REQUEST));
    // Floods: megabytes that never become a request, fields that never end.
    for flood in [b"A".as_slice(), b"CZ0040300CA00201", b"ZZ999", &[0], &[0xff], b"CZ0040300ZY001A", b"\x05"]
    {
        let mut stream = TcpStream::connect(socket(&terminal)).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        let block = flood.repeat(65_536 / flood.len());
        for _ in 0..100 {
            if stream.write_all(&block).is_err() {
                break;
            }
        }
        let _ = stream.read(&mut [0; 1]);
    }
    assert!(is_well(&terminal, REQUEST));
    // A till that asks and never reads, of a terminal that answers with megabytes.
    terminal.set_faults(vec!["oversized:1048576".parse().unwrap(), "duplicate".parse().unwrap()]);
    let mut deaf = TcpStream::connect(socket(&terminal)).unwrap();
    deaf.write_all(REQUEST).unwrap();
    thread::sleep(Duration::from_millis(300));
    terminal.set_faults(Vec::new());
    assert!(is_well(&terminal, REQUEST));
    let grown = memory().saturating_sub(before);
    println!("grown by {grown} kB");
    assert!(grown < 32_000, "grown by {grown} kB");
}

#[test]
fn a_request_that_drips_for_ever_holds_nobody_up() {
    let terminal = VirtualTerminal::start().unwrap();
    let address = socket(&terminal);
    let dripping = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let started = Instant::now();
        for byte in b"CZ0040300".iter().cycle() {
            if stream.write_all(&[*byte]).is_err() || started.elapsed() > Duration::from_secs(60) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        started.elapsed()
    });
    assert!(is_well(&terminal, REQUEST));
    let lasted = dripping.join().unwrap();
    assert!(lasted < Duration::from_secs(45), "the terminal waited for {lasted:?}");
}

#[cfg(all(unix, feature = "pty"))]
#[test]
fn a_serial_line_full_of_noise() {
    use caisse_hal::serial::SerialLink;
    use caisse_hal::{Address, Link};
    let terminal = VirtualTerminal::builder().pty().dialect(Persona::CONCERT_E_PLUS).start().unwrap();
    let Address::Serial(address) = terminal.address() else { panic!("not a serial line") };
    let before = memory();
    let mut link = SerialLink::new(address);
    let mut state = 1_u32;
    for block in
        [b"\x05".as_slice(), b"\x02", b"\x02AAAA", b"\x05\x02\x03", b"\x06", b"\x15", b"\x04", b"noise"]
    {
        link.connect(SOON).unwrap();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(300) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = if block == b"noise" { state.to_le_bytes().to_vec() } else { block.repeat(64) };
            let _ = link.send(&noise, Duration::from_millis(50));
            let _ = link.receive(&mut [0; 512], Duration::ZERO);
        }
        link.close();
    }
    assert!(terminal.ledger().is_empty(), "noise is no request");
    // What was said last may have opened a session, which is given up after its time.
    thread::sleep(Duration::from_secs(4));
    assert!(is_well(&terminal, E_PLUS));
    assert!(memory().saturating_sub(before) < 16_000);
}

#[test]
fn e_plus_over_tcp_is_the_same_talk_as_on_a_serial_line() {
    use caisse_hal::tcp::TcpLink;
    use caisse_hal::{Address, SystemClock};
    let terminal = VirtualTerminal::builder().dialect(Persona::CONCERT_E_PLUS).start().unwrap();
    let Address::Tcp(address) = terminal.address() else { panic!("not on TCP") };
    let mut link = TcpLink::new(address);
    let clock = SystemClock::new();
    let mut till =
        support::Counter { link: &mut link, clock: &clock, patience: Duration::from_secs(1), pieces: 1 };
    let seen = till.framed(E_PLUS);
    assert_eq!(seen.result(), "07000002500B978order 7   ");
    assert_eq!(terminal.ledger().len(), 1);
    terminal.assert_charged_once_for("order 7");
}
