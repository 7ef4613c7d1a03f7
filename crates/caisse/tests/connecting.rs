//! Connecting: a stop ends it, and the address that was connected is the one that counts.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use caisse::{Amount, Builder, CancelHandle, Currency, Event, Journal, MemoryJournal, PaymentRequest, Till};

const REFUSED: &[u8] = b"CZ0040300AE00201AF00204";
/// Nobody waits this long.
const FOR_GOOD: Duration = Duration::from_secs(600);

fn debit(id: &str) -> PaymentRequest {
    PaymentRequest::debit(Amount::from_minor(2500, Currency::EUR)).id(id.parse().unwrap())
}

/// A terminal whose queue for connections is full: the next one goes unanswered, as from a host that sleeps.
fn unanswering() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queue.push(stream);
        assert!(queue.len() < 5_000, "the queue never filled");
    }
    (address, listener, queue)
}

fn builder(host: &str, port: u16, journal: MemoryJournal) -> Builder {
    Till::builder().tcp(&format!("tcp://{host}:{port}")).connect_timeout(FOR_GOOD).journal(journal)
}

#[test]
fn a_stop_ends_connecting_as_not_sent() {
    let (address, _listener, _queue) = unanswering();
    for give_up in [false, true] {
        let cancel = CancelHandle::default();
        let journal = MemoryJournal::new();
        let till = builder("127.0.0.1", address.port(), journal).cancel_handle(cancel.clone());
        let mut till = till.build().unwrap();
        let mut stopping = None;
        let payment = till.pay_with(debit("sale-1"), |event| {
            if event == Event::Connecting {
                let cancel = cancel.clone();
                stopping = Some(thread::spawn(move || {
                    thread::sleep(Duration::from_millis(100));
                    if give_up { cancel.give_up() } else { cancel.cancel() }
                }));
            }
        });
        let payment = payment.unwrap();
        stopping.unwrap().join().unwrap();
        assert_eq!(
            (payment.outcome.name(), payment.outcome.reason_code()),
            ("not_sent", Some("cancelled_by_till"))
        );
    }
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_stop_ends_connecting_of_an_asynchronous_till_too() {
    let (address, _listener, _queue) = unanswering();
    for give_up in [false, true] {
        let till = builder("127.0.0.1", address.port(), MemoryJournal::new()).build_async().unwrap();
        let mut payment = till.pay(debit("sale-1")).unwrap();
        assert_eq!(payment.next_event().await, Some(Event::Connecting));
        tokio::time::sleep(Duration::from_millis(100)).await;
        if give_up {
            payment.give_up()
        } else {
            payment.cancel()
        }
        let payment = payment.outcome().await;
        assert_eq!(
            (payment.outcome.name(), payment.outcome.reason_code()),
            ("not_sent", Some("cancelled_by_till"))
        );
    }
}

/// A terminal that says this on each of so many connections, and closes.
fn terminal(host: &str, says: &'static [u8], times: usize) -> (SocketAddr, thread::JoinHandle<usize>) {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let mut asked = 0;
        for _ in 0..times {
            let (mut stream, _) = listener.accept().unwrap();
            if stream.read(&mut [0; 512]).is_ok_and(|count| count > 0) {
                asked += 1;
            }
            let _ = stream.write_all(says);
        }
        asked
    });
    (address, serving)
}

fn recorded(journal: &MemoryJournal, id: &str) -> String {
    let record = journal.find(&id.parse().unwrap()).unwrap().unwrap();
    record.transaction().address.unwrap().as_str().to_owned()
}

#[test]
fn the_address_that_was_connected_is_recorded() {
    for (named, connected, expected) in [
        ("counter.shop", "127.0.0.2", "tcp:127.0.0.2"),
        ("counter.shop", "127.0.0.1", "tcp:localhost"),
        ("localhost", "127.0.0.1", "tcp:localhost"),
    ] {
        let (address, serving) = terminal(connected, REFUSED, 1);
        let journal = MemoryJournal::new();
        let till = builder(named, address.port(), journal.clone()).resolved(vec![address]);
        let payment = till.build().unwrap().pay(debit("sale-1")).unwrap();
        assert_eq!(payment.outcome.name(), "declined");
        assert_eq!(serving.join().unwrap(), 1);
        assert_eq!(recorded(&journal, "sale-1"), format!("{expected}:{}", address.port()), "{named}");
    }
    // Where nothing was connected, the address that was asked for stays.
    let journal = MemoryJournal::new();
    let nowhere: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let till = builder("counter.shop", 1, journal.clone()).resolved(vec![nowhere]);
    assert_eq!(till.build().unwrap().pay(debit("sale-1")).unwrap().outcome.name(), "not_sent");
    assert_eq!(recorded(&journal, "sale-1"), "tcp:counter.shop:1");
}

/// A terminal of two names with an open transaction under one of them is not paid at under the other, even if only the
/// connection shows that both are one.
#[test]
fn an_open_transaction_at_the_connected_address_blocks() {
    let (address, serving) = terminal("127.0.0.2", b"", 2);
    let journal = MemoryJournal::new();
    let till = |host: &str, id: &str| {
        let till = builder(host, address.port(), journal.clone()).resolved(vec![address]).terminal_id(id);
        till.build().unwrap()
    };
    let first = till("counter.shop", "counter").pay(debit("sale-1")).unwrap();
    assert_eq!(first.outcome.name(), "unknown");
    let second = till("front.shop", "front").pay(debit("sale-2")).unwrap();
    assert_eq!((second.outcome.name(), second.outcome.reason_code()), ("blocked", Some("unresolved")));
    assert_eq!(serving.join().unwrap(), 1, "a second request was sent");
    // The neighbour: another terminal is free.
    let (elsewhere, serving) = terminal("127.0.0.3", REFUSED, 1);
    let till = builder("front.shop", elsewhere.port(), journal.clone()).resolved(vec![elsewhere]);
    let payment = till.terminal_id("front").build().unwrap().pay(debit("sale-3")).unwrap();
    assert_eq!(payment.outcome.name(), "declined");
    assert_eq!(serving.join().unwrap(), 1);
}

/// A name that was resolved to nothing is not resolved again.
#[test]
fn a_name_without_addresses_is_not_sent() {
    let till = builder("counter.shop", 8888, MemoryJournal::new()).resolved(Vec::new());
    let payment = till.build().unwrap().pay(debit("sale-1")).unwrap();
    assert_eq!(payment.outcome.reason_code(), Some("name_not_resolved"));
}
