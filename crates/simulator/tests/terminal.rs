//! The virtual terminal from a till's side of the socket, without any till of ours.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use caisse_simulator::{Script, VIRTUAL, VirtualTerminal};

const REQUEST: &[u8] = b"CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978";
const SOON: Duration = Duration::from_secs(10);

fn start(script: &str) -> VirtualTerminal {
    VirtualTerminal::builder().answer(script.parse().unwrap()).start().unwrap()
}

fn socket(terminal: &VirtualTerminal) -> String {
    terminal.address().to_string().replace("tcp://", "")
}

fn connect(terminal: &VirtualTerminal) -> TcpStream {
    let stream = TcpStream::connect(socket(terminal)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

fn ask(terminal: &VirtualTerminal, request: &[u8]) -> String {
    let mut stream = connect(terminal);
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer.into_iter().map(char::from).collect()
}

#[test]
fn answers_are_what_the_protocol_says_byte_for_byte() {
    let echo = "CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978";
    let card = "AA016497010######1234";
    let card = card.replace('#', "*");
    for (script, tail, charged) in [
        (
            "approve",
            format!(
                "{card}AB0043012AC006000001AI014A0000000421010CC00300BCI0012AE00210AF00201CG0071234567ID010VT00000001"
            ),
            1,
        ),
        (
            "decline:04",
            format!("{card}AB0043012AI014A0000000421010CC00300BCI0012AE00201AF00204CG0071234567"),
            0,
        ),
        (
            "decline:99",
            format!("{card}AB0043012AI014A0000000421010CC00300BCI0012AE00201AF00299CG0071234567"),
            0,
        ),
        ("cancel", "AE00201AF00206CG0071234567".to_owned(), 0),
    ] {
        let terminal = start(script);
        assert_eq!(ask(&terminal, REQUEST), format!("{echo}{tail}"), "{script}");
        let charges = terminal.ledger().charges();
        assert_eq!(charges.len(), charged, "{script}");
        assert!(
            charges
                .iter()
                .all(|it| (it.amount_minor, it.currency, it.register, it.number) == (2500, 978, 7, 1))
        );
    }
    let terminal = start("partial:20.00");
    assert!(ask(&terminal, REQUEST).contains("CB0042000"));
    assert_eq!(terminal.ledger().charges()[0].amount_minor, 2000);
    for not_less in ["partial:25.00", "partial:30", "partial:0", "partial:1.234"] {
        let terminal = start(not_less);
        assert!(ask(&terminal, REQUEST).contains("AE00201AF00200"), "{not_less}");
        assert!(terminal.ledger().is_empty());
    }
    let terminal = start("tip:2.00");
    assert!(ask(&terminal, REQUEST).contains("CB0042700"));
    assert_eq!(terminal.ledger().charges()[0].amount_minor, 2700);
    let credit = b"CZ0040300CJ012012345678901CA00207CB0042500CD0011CE003978".as_slice();
    for (tip, request) in [
        ("tip:0", REQUEST),
        ("tip:1.234", REQUEST),
        ("tip:9999999999.99", REQUEST),
        ("tip:99999999999999999999", REQUEST),
        ("tip:2.00", credit),
    ] {
        let terminal = start(tip);
        assert!(ask(&terminal, request).contains("AE00201AF00200"), "{tip}");
        assert!(terminal.ledger().is_empty());
    }
}

#[test]
fn what_is_not_a_debit_is_refused_and_never_charged() {
    let terminal = VirtualTerminal::start().unwrap();
    for (request, refusal) in [
        (b"CZ0040300CA00201CB0042500CD0014CE003978".as_slice(), "AE00201AF00212"),
        (b"CZ0040300CA00201CB0042500CD0010CE003999", "AE00201AF00213"),
        (b"CZ0040300CA00201CB0042500CD0010CE003978CB0042501", "AE00201AF00209"),
        (b"CZ0040300CA00201CB00200CD0010CE003978", "AE00201AF00209"),
    ] {
        let answer = ask(&terminal, request);
        assert!(answer.ends_with(refusal), "{answer}");
    }
    for rubbish in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"\x05", &[b'A'; 100_000]] {
        let mut stream = connect(&terminal);
        let _ = stream.write_all(rubbish);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty());
    }
    assert!(terminal.ledger().is_empty());
    assert!(ask(&terminal, REQUEST).contains("AE00210"), "it goes on");
}

#[test]
fn tickets_come_as_asked_and_say_that_no_money_moved() {
    use base64::Engine;
    let terminal = VirtualTerminal::start().unwrap();
    for (asked, words) in [
        ("100", "TICKET CLIENT\n"),
        ("110", "TICKET COMMER\u{c7}ANT\n"),
        ("120", "CLIENT ET COMMER"),
        ("101", "<br>TICKET CLIENT"),
    ] {
        let answer = ask(&terminal, &[REQUEST, b"CK003", asked.as_bytes()].concat());
        let (_, ticket) = answer.split_once(&format!("CK003{asked}AK")).unwrap();
        let text = base64::engine::general_purpose::STANDARD.decode(&ticket[3..]).unwrap();
        let text: String = text.into_iter().map(char::from).collect();
        assert!(text.contains(words) && text.contains(VIRTUAL) && text.contains("25.00 EUR"), "{text}");
    }
    assert!(!ask(&terminal, &[REQUEST, b"CK003000"].concat()).contains("ZT"));
    assert!(!ask(&terminal, REQUEST).contains("ZT"));
}

#[test]
fn an_immediate_answer_tells_nothing_while_the_money_moves() {
    let terminal = VirtualTerminal::start().unwrap();
    let answer = ask(&terminal, &[REQUEST, b"BA0011CK003100"].concat());
    assert!(
        answer.contains("AE00211")
            && !answer.contains("AF")
            && !answer.contains("AC0")
            && !answer.contains("ZT")
    );
    assert_eq!(terminal.ledger().len(), 1);
}

#[test]
fn the_charge_stands_before_anything_is_told() {
    let seen = Arc::new(Mutex::new(None));
    let (slot, told) = (Arc::clone(&seen), Arc::new(Mutex::new(None::<caisse_simulator::Ledger>)));
    let ledger = Arc::clone(&told);
    let terminal = VirtualTerminal::builder()
        .on_charge(move |charge| {
            let listed = ledger.lock().unwrap().as_ref().map(|ledger| ledger.charges().contains(charge));
            *slot.lock().unwrap() = listed;
        })
        .start()
        .unwrap();
    *told.lock().unwrap() = Some(terminal.ledger().clone());
    ask(&terminal, REQUEST);
    assert_eq!(*seen.lock().unwrap(), Some(true));
    // The till has gone before the card holder is done: the charge comes all the same.
    let terminal = VirtualTerminal::builder().latency(Duration::from_millis(200)).start().unwrap();
    let mut stream = connect(&terminal);
    stream.write_all(REQUEST).unwrap();
    thread::sleep(Duration::from_millis(100));
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    assert!(!terminal.ledger().wait_for(1, Duration::ZERO));
    assert!(terminal.ledger().wait_for(1, SOON));
}

#[test]
fn one_card_reader_serves_one_till() {
    let terminal = VirtualTerminal::builder().latency(Duration::from_millis(500)).start().unwrap();
    let mut first = connect(&terminal);
    first.write_all(REQUEST).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(ask(&terminal, REQUEST).ends_with("AE00201AF00200"));
    let mut answer = String::new();
    first.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("AE00210"));
    assert_eq!(terminal.ledger().len(), 1);
}

#[test]
fn the_answer_arrives_whole_even_when_the_till_goes_on_sending() {
    // Bytes that nobody reads turn a careless close into a reset, which can overtake the answer.
    let terminal = VirtualTerminal::builder().latency(Duration::from_millis(150)).start().unwrap();
    for number in 1..=5 {
        let mut stream = connect(&terminal);
        stream.write_all(REQUEST).unwrap();
        thread::sleep(Duration::from_millis(100));
        stream.write_all(&[b' '; 4_000]).unwrap();
        thread::sleep(Duration::from_millis(150));
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(
            answer.ends_with(format!("CG0071234567ID010VT0000000{number}").as_bytes()),
            "{} bytes",
            answer.len()
        );
    }
}

#[test]
fn a_crowd_neither_stops_it_nor_grows_without_bound() {
    let terminal = VirtualTerminal::start().unwrap();
    let crowd: Vec<TcpStream> = (0..200).map(|_| connect(&terminal)).collect();
    // The ones beyond the limit are closed at once.
    thread::sleep(Duration::from_millis(300));
    let closed = crowd.iter().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        {
            let mut stream: &TcpStream = stream;
            matches!(stream.read(&mut [0; 1]), Ok(0))
        }
    });
    assert_eq!(closed.count(), 200 - 64);
    drop(crowd);
    let before = Instant::now();
    while !ask_leniently(&terminal).contains("AE00210") {
        assert!(before.elapsed() < SOON, "it does not recover");
        thread::sleep(Duration::from_millis(20));
    }
}

fn ask_leniently(terminal: &VirtualTerminal) -> String {
    let mut stream = connect(terminal);
    let mut answer = String::new();
    if stream.write_all(REQUEST).is_ok() {
        let _ = stream.read_to_string(&mut answer);
    }
    answer
}

#[test]
fn a_silent_terminal_stays_silent_and_stops_when_told() {
    let terminal = start("timeout");
    let mut stream = connect(&terminal);
    stream.write_all(REQUEST).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "nothing, and no close");
    terminal.set_answer(Script::default());
    assert!(ask(&terminal, REQUEST).contains("AE00210"), "another till is served");
    let before = Instant::now();
    let address = socket(&terminal);
    drop(terminal);
    assert!(before.elapsed() < SOON);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn scripts_are_read_strictly_and_written_back() {
    for text in [
        "approve",
        "cancel",
        "timeout",
        "decline:00",
        "decline:04",
        "decline:99",
        "partial:20.00",
        "partial:5",
        "tip:2.00",
        "tip:5",
    ] {
        assert_eq!(text.parse::<Script>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "Approve",
        "decline",
        "decline:",
        "decline:4",
        "decline:004",
        "decline:0x",
        "decline:01",
        "partial",
        "partial:",
        "partial:-1",
        "partial:1e3",
        "tip",
        "tip:",
        "tip:-1",
        "approve:1",
        "timeout:5",
    ] {
        assert!(text.parse::<Script>().is_err(), "{text}");
    }
}
