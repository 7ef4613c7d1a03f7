//! What a hostile review of the promises found.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use caisse::{Amount, Currency, Dialect, Finding, Journal, MemoryJournal, Open, Order, PaymentRequest, Till};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn debit(id: &str, minor: u64) -> PaymentRequest {
    PaymentRequest::debit(euros(minor)).id(id.parse().unwrap())
}

fn till_named(name: &str, address: &str, journal: &MemoryJournal, longest: Duration) -> Till {
    let mut dialect = Dialect::NEPTING;
    dialect.longest_transaction = longest;
    Till::builder()
        .address(address)
        .terminal_id(name)
        .dialect(dialect)
        .exclusive(true)
        .journal(journal.clone())
        .connect_timeout(Duration::from_secs(2))
        .answer_timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

/// A terminal that answers each connection with the next of these; an empty answer closes it.
fn scripted(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 512];
            let _ = stream.read(&mut buffer).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

fn approved(minor: u64, number: &str) -> String {
    let minor = minor.to_string();
    format!("CZ0040320CA00201CB{:03}{minor}CD0010CE003978AE00210AC{:03}{number}", minor.len(), number.len())
}

fn duplicata(minor: u64, number: &str) -> String {
    approved(minor, number).replace("CD0010", "CD0013")
}

/// Two tills at one terminal. The first has been up for long; the second sends and dies. The first must not say "not paid"
/// while the customer may still be at the terminal.
#[test]
fn a_till_that_was_up_before_the_send_waits_for_the_longest_transaction() {
    let longest = Duration::from_secs(2);
    let journal = MemoryJournal::new();
    let address = scripted(vec![approved(300, "000001"), String::new(), duplicata(300, "000001")]);
    let mut first = till_named("counter", &address, &journal, longest);
    assert!(first.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    thread::sleep(longest + Duration::from_millis(200));
    {
        let mut second = till_named("counter", &address, &journal, longest);
        assert!(second.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    }
    // The request left a moment ago.
    let recovered = first.recover().unwrap();
    assert!(matches!(recovered[0].finding, Finding::Open(Open::TooSoon { .. })), "{recovered:?}");
}

/// An order stands with what gives money back. With a debit it is a mistake of the application, which must not leave an
/// open transaction behind that never left.
#[test]
fn an_ordered_debit_leaves_no_doubt_behind() {
    let journal = MemoryJournal::new();
    let address = scripted(vec![approved(2500, "000001"), approved(2500, "000002")]);
    let mut till = till_named("counter", &address, &journal, Duration::from_secs(300));
    let paid = till.pay(debit("ours", 2500).ordered(Order::new("Zoé", "remise").unwrap()));
    println!("{paid:?}");
    assert_eq!(till.unresolved().unwrap(), [], "{paid:?}");
}

/// An order whose fields were filled in by hand is refused by the journal: nothing was sent, so nothing may stay open.
#[test]
fn a_malformed_order_leaves_no_doubt_behind() {
    let journal = MemoryJournal::new();
    let address = scripted(vec![approved(2500, "000001")]);
    let mut till = till_named("counter", &address, &journal, Duration::from_secs(300));
    let order = Order { by: "zoe@example.com".into(), because: "remise".into() };
    let credit = PaymentRequest::credit(euros(2500)).id("back".parse().unwrap()).ordered(order);
    let paid = till.pay(credit);
    assert!(matches!(paid, Err(caisse::PayError::Order(_))), "{paid:?}");
    println!("{paid:?}");
    assert_eq!(till.unresolved().unwrap(), [], "{paid:?}");
}

/// The terminal is renamed in the configuration while an entry is open. The number of the sale under the new name is that
/// sale's, and proves nothing of the entry under the old one.
#[test]
fn what_the_journal_knows_as_another_sale_proves_nothing() {
    let journal = MemoryJournal::new();
    let address = scripted(vec![
        approved(300, "000001"),
        String::new(), // ours: the request got lost
        approved(2500, "000002"),
        duplicata(2500, "000002"),
    ]);
    let longest = Duration::from_secs(1);
    let mut front = till_named("front", &address, &journal, longest);
    assert!(front.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    assert!(front.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    let mut counter = till_named("counter", &address, &journal, longest);
    assert!(counter.pay(debit("other", 2500)).unwrap().outcome.approved_amount().is_some());
    let recovered = front.recover().unwrap();
    assert!(matches!(recovered[0].finding, Finding::Open(_)), "{recovered:?}");
}

/// A connection was left open for a sale that a person has decided since; another till's sale is in doubt now. Looking into
/// that one must not throw away the answer that lies on the open connection.
#[test]
fn looking_into_another_sale_loses_no_late_answer() {
    let journal = MemoryJournal::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let (say, when) = mpsc::channel::<()>();
    let terminal = thread::spawn(move || {
        let mut buffer = [0; 512];
        let (mut late, _) = listener.accept().unwrap();
        let _ = late.read(&mut buffer).unwrap();
        when.recv().unwrap();
        late.write_all(approved(2500, "000001").as_bytes()).unwrap();
        for answer in ["", "CZ0040320AE00201AF00209"] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut buffer).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
        when.recv().unwrap();
    });
    let longest = Duration::from_secs(300);
    let mut first = till_named("counter", &address, &journal, longest);
    assert!(first.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    {
        let mut journal = journal.clone();
        let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
        let decision = caisse::Decision::new(caisse::Paid::NotPaid, "Zoé", "no ticket").unwrap();
        journal.resolve(&lock, &"ours".parse().unwrap(), &decision, caisse::WallTime::now()).unwrap();
    }
    say.send(()).unwrap();
    thread::sleep(Duration::from_millis(300));
    let mut second = till_named("counter", &address, &journal, longest);
    assert!(second.pay(debit("other", 700)).unwrap().outcome.is_unknown());
    drop(second);
    let recovered = first.recover().unwrap();
    println!("{recovered:?}");
    let ours = journal.find(&"ours".parse().unwrap()).unwrap().unwrap();
    assert!(ours.disputed, "the approval that came late is written down: {:?}", ours.told());
    say.send(()).unwrap();
    terminal.join().unwrap();
}

/// A terminal that gives all offline approvals one number (blanks, zeros): the amount still tells them apart.
#[test]
fn a_number_that_names_nothing_does_not_say_not_paid() {
    for number in ["000000", "      "] {
        let journal = MemoryJournal::new();
        let address = scripted(vec![approved(300, number), String::new(), duplicata(2500, number)]);
        let longest = Duration::from_secs(1);
        let mut till = till_named("counter", &address, &journal, longest);
        assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        thread::sleep(longest);
        let recovered = till.recover().unwrap();
        assert_ne!(recovered[0].finding, Finding::NotPaid, "{recovered:?}");
    }
}

/// The program was killed, and asks again under the same id: where the terminal can tell, it is told how it ended.
#[test]
#[ignore = "open: the same id is answered from the journal and asks nobody, as kills.rs has it; only another id begins an inquiry"]
fn the_same_id_after_a_restart_is_told_how_it_ended() {
    let journal = MemoryJournal::new();
    let address = scripted(vec![approved(300, "000001"), String::new(), duplicata(2500, "000002")]);
    let longest = Duration::from_secs(1);
    let mut till = till_named("counter", &address, &journal, longest);
    assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    let mut again = till_named("counter", &address, &journal, longest);
    let told = again.pay(debit("ours", 2500)).unwrap();
    assert!(told.outcome.approved_amount().is_some(), "{told:?}");
}

/// The same terminal under a new name while an entry is open under the old one: what the terminal says last is about the sale
/// under the new name, and the approval under the old one is told as "not paid".
#[test]
#[ignore = "open: the journal knows no address, so an open entry does not hold back its terminal under another name"]
fn a_terminal_with_a_new_name_is_held_back_by_its_open_entry() {
    let journal = MemoryJournal::new();
    let address = scripted(vec![
        approved(300, "000001"),
        String::new(), // ours: it is charged, and the line goes
        "CZ0040320CA00201CB003700CD0010CE003978AE00201AF00204".to_owned(),
        "CZ0040320CA00201CD0013AE00201AF00207".to_owned(),
    ]);
    let longest = Duration::from_secs(1);
    let mut front = till_named("front", &address, &journal, longest);
    assert!(front.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    assert!(front.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    let mut counter = till_named("counter", &address, &journal, longest);
    let other = counter.pay(debit("other", 700)).unwrap();
    thread::sleep(longest);
    let recovered = front.recover().unwrap();
    assert_ne!(recovered[0].finding, Finding::NotPaid, "{other:?} {recovered:?}");
}

/// A person has decided "not paid", and the approval came after all: the next payment hears it before anything leaves, writes
/// it down and says so.
#[test]
fn a_payment_that_hears_a_late_approval_says_so() {
    let journal = MemoryJournal::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let (say, when) = mpsc::channel::<()>();
    let terminal = thread::spawn(move || {
        let mut buffer = [0; 512];
        let (mut late, _) = listener.accept().unwrap();
        let _ = late.read(&mut buffer).unwrap();
        when.recv().unwrap();
        late.write_all(approved(2500, "000001").as_bytes()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut buffer).unwrap();
        stream.write_all(approved(700, "000002").as_bytes()).unwrap();
    });
    let mut till = till_named("counter", &address, &journal, Duration::from_secs(300));
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    let mut person = journal.clone();
    let lock = person.lock(&"counter".parse().unwrap()).unwrap();
    let decision = caisse::Decision::new(caisse::Paid::NotPaid, "Zoé", "no ticket").unwrap();
    person.resolve(&lock, &"ours".parse().unwrap(), &decision, caisse::WallTime::now()).unwrap();
    drop(lock);
    say.send(()).unwrap();
    thread::sleep(Duration::from_millis(300));
    let mut events = Vec::new();
    let next = till.pay_with(debit("next", 700), |event| events.push(event)).unwrap();
    assert!(next.outcome.approved_amount().is_some());
    assert!(journal.find(&"ours".parse().unwrap()).unwrap().unwrap().disputed);
    assert_eq!(events.first(), Some(&caisse::Event::LateAnswer));
    terminal.join().unwrap();
}
