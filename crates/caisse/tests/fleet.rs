//! Many tills that share one journal file in one process: each payment is recorded, and none is blocked by the others.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caisse::asynchronous::AsyncTill;
use caisse::{Amount, Currency, Journal, PaymentRequest, SqliteJournal, Till};

/// How many tills there are; `CAISSE_FLEET` asks for more.
fn tills() -> usize {
    std::env::var("CAISSE_FLEET").map_or(200, |count| count.parse().unwrap())
}

/// A terminal that approves 25.00 EUR once, and counts.
fn terminal(charged: &Arc<AtomicU64>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::clone(charged));
    std::thread::spawn(move || {
        let (mut stream, mut buffer) = (listener.accept().unwrap().0, [0; 512]);
        if stream.read(&mut buffer).unwrap() > 0 {
            count.fetch_add(1, Ordering::SeqCst);
            stream.write_all(b"CZ0040320CA00201CB0042500CD0010CE003978AE00210").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            // A reset would overtake the answer.
            let _ = stream.read(&mut buffer);
        }
    });
    format!("tcp://{address}")
}

#[test]
fn no_till_is_blocked_by_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    let charged = Arc::new(AtomicU64::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let till = |number: usize| -> AsyncTill {
        Till::builder()
            .address(&terminal(&charged))
            .terminal_id(&format!("counter-{number}"))
            .journal(SqliteJournal::open(&file).unwrap())
            .build_async()
            .unwrap()
    };
    let payments: Vec<_> = (0..tills()).map(till).collect();
    let ended = runtime.block_on(async {
        let running: Vec<_> = payments
            .iter()
            .map(|till| till.pay(PaymentRequest::debit(Amount::from_minor(2500, Currency::EUR))).unwrap())
            .collect();
        let mut ended = Vec::new();
        for payment in running {
            ended.push(payment.await);
        }
        ended
    });
    for payment in &ended {
        assert_eq!((payment.outcome.name(), payment.journaled), ("approved", true), "{:?}", payment.outcome);
    }
    assert_eq!(usize::try_from(charged.load(Ordering::SeqCst)).unwrap(), tills());
    drop((payments, runtime));
    let mut journal = SqliteJournal::open(&file).unwrap();
    assert_eq!(journal.list().unwrap().len(), tills());
    assert_eq!(journal.unsettled().unwrap(), []);
    journal.verify(&mut |_| {}).unwrap();
}
