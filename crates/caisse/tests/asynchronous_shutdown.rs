//! The asynchronous till when its runtime is left or goes down.

use std::time::{Duration, Instant};

use caisse::{
    Amount, Currency, Dialect, Doubt, Journal, LinkKind, MemoryJournal, Outcome, Proof, Till, Verdict,
    WallTime,
};
use caisse_hal::{AsyncLink, ConnectError, DrainError, ReceiveError, Received, SendError};
use caisse_journal::Event;
use caisse_payment::Transaction;

struct Silent;

impl AsyncLink for Silent {
    async fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        Ok(())
    }
    async fn send(&mut self, bytes: &[u8], _: Duration) -> Result<usize, SendError> {
        Ok(bytes.len())
    }
    async fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        Ok(())
    }
    async fn receive(&mut self, _: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        tokio::time::sleep(within.max(Duration::from_millis(1))).await;
        Ok(Received::Nothing)
    }
    async fn close(&mut self) {}
}

fn journal() -> MemoryJournal {
    let mut journal = MemoryJournal::new();
    let (id, terminal, dialect) = ("sale-1", "counter", "concert-e-plus");
    let (id, terminal, dialect) = (id.parse().unwrap(), terminal.parse().unwrap(), dialect.parse().unwrap());
    let amount = Amount::from_minor(999, Currency::EUR);
    let start = Transaction::new(id, caisse::Operation::Debit, amount, terminal, dialect);
    let verdict = Verdict { outcome: Outcome::Unknown { doubt: Doubt::Silence }, proof: Proof::Delivered };
    for event in [Event::Started(start), Event::Ended(verdict.into())] {
        journal.append(&id, &event, WallTime::now()).unwrap();
    }
    journal
}

/// The future of a long recovery is dropped, and then the runtime: it goes down, and the terminal is free.
fn goes_down(runtime: tokio::runtime::Runtime) {
    let journal = journal();
    let till = Till::builder()
        .terminal_id("counter")
        .dialect(Dialect::CONCERT_E_PLUS)
        .exclusive(true)
        .journal(journal.clone())
        .build_async_with(Silent, LinkKind::Serial)
        .unwrap();
    runtime.block_on(async {
        let listening = till.recover_listening(Duration::from_secs(60));
        assert!(tokio::time::timeout(Duration::from_millis(300), listening).await.is_err());
    });
    let began = Instant::now();
    drop(runtime);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "the runtime took {took:?} to go down");
    assert!(journal.lock(&"counter".parse().unwrap()).is_ok(), "the terminal is still held");
}

#[test]
fn a_current_thread_runtime_goes_down() {
    goes_down(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
}

#[test]
fn a_runtime_of_many_threads_goes_down() {
    goes_down(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
}

/// A dropped recovery does not keep the terminal from a payment for as long as it would have listened.
#[test]
fn a_dropped_recovery_ends() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let journal = journal();
    let till = Till::builder()
        .terminal_id("counter")
        .dialect(Dialect::CONCERT_E_PLUS)
        .exclusive(true)
        .journal(journal.clone())
        .build_async_with(Silent, LinkKind::Serial)
        .unwrap();
    runtime.block_on(async {
        let both = tokio::join!(till.recover(), till.recover());
        assert!(both.0.is_ok() && both.1.is_ok());
        let (recovered, paid) = tokio::join!(till.recover(), async {
            till.pay(caisse::PaymentRequest::debit(Amount::from_minor(5, Currency::EUR)))
                .unwrap()
                .outcome()
                .await
        });
        assert!(recovered.is_ok());
        assert!(matches!(paid.outcome, Outcome::Blocked { .. }), "{:?}", paid.outcome);
    });
}
