//! What becomes of payments when the file of the journal is moved, replaced or linked while a till lives.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caisse::asynchronous::AsyncTill;
use caisse::{
    Amount, Blocked, Builder, Currency, Event, Outcome, Payment, PaymentRequest, SqliteJournal, Till,
};
use caisse_simulator::VirtualTerminal;

fn debit(id: &str) -> PaymentRequest {
    PaymentRequest::debit(Amount::parse("25.00", Currency::EUR).unwrap()).id(id.parse().unwrap())
}

/// A terminal that approves, and a journal in a folder of its own.
struct Shop {
    terminal: VirtualTerminal,
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let terminal = VirtualTerminal::builder().answer("approve".parse().unwrap()).start().unwrap();
        Self { terminal, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn builder(&self) -> Builder {
        Till::builder()
            .tcp(&self.terminal.address().to_string())
            .terminal_id("counter")
            .journal(SqliteJournal::open(self.path("journal.sqlite")).unwrap())
            .answer_timeout(Duration::from_secs(20))
    }

    fn charges(&self) -> usize {
        self.terminal.ledger().len()
    }
}

/// The till in use.
enum AnyTill {
    Blocking(Box<Till>),
    Asynchronous(AsyncTill, tokio::runtime::Runtime),
}

impl AnyTill {
    fn both(shop: &Shop) -> [Self; 2] {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let asynchronous = runtime.block_on(async { shop.builder().build_async().unwrap() });
        [Self::Blocking(Box::new(shop.builder().build().unwrap())), Self::Asynchronous(asynchronous, runtime)]
    }

    /// Pays, with a mishap between the send and the end.
    fn pay(&mut self, id: &str, mut mishap: impl FnMut()) -> Payment {
        match self {
            Self::Blocking(till) => till
                .pay_with(debit(id), |event| {
                    if event == Event::Sent {
                        mishap();
                    }
                })
                .unwrap(),
            // Events of a task come later than what they tell of: there the mishap is before the payment.
            Self::Asynchronous(till, runtime) => {
                mishap();
                runtime.block_on(async { till.pay(debit(id)).unwrap().outcome().await })
            }
        }
    }
}

const REPLACED: Outcome = Outcome::Blocked { reason: Blocked::JournalReplaced };

type Mishap = fn(&Path);

const MISHAPS: [(&str, Mishap); 3] = [
    ("moved", |file| fs::rename(file, file.with_extension("moved")).unwrap()),
    ("removed", |file| fs::remove_file(file).unwrap()),
    ("replaced", |file| {
        fs::copy(file, file.with_extension("copy")).unwrap();
        fs::rename(file.with_extension("copy"), file).unwrap();
    }),
];

#[test]
fn nothing_is_sent_once_the_file_has_gone_and_the_outcome_says_why() {
    for (name, mishap) in MISHAPS {
        for asynchronous in [false, true] {
            let shop = Shop::new();
            let [blocking, other] = AnyTill::both(&shop);
            let mut till = if asynchronous { other } else { blocking };
            assert_eq!(till.pay("first", || ()).outcome.name(), "approved");
            mishap(&shop.path("journal.sqlite"));
            let payment = till.pay("second", || ());
            assert_eq!((payment.outcome, payment.journaled), (REPLACED, false), "{name}");
            assert_eq!(payment.outcome.reason_code(), Some("journal_replaced"));
            assert_eq!(shop.charges(), 1, "{name}");
        }
    }
}

#[test]
fn an_approval_is_told_and_marked_where_the_file_goes_during_the_payment() {
    for (name, mishap) in MISHAPS {
        let shop = Shop::new();
        let file = shop.path("journal.sqlite");
        let [mut till, _] = AnyTill::both(&shop);
        let payment = till.pay("first", || mishap(&file));
        assert_eq!((payment.outcome.name(), payment.journaled), ("approved", false), "{name}");
        drop(till);
        // A till that starts again charges nothing under this id, whatever it finds.
        if let Ok(journal) = SqliteJournal::open(&file) {
            let mut till = Till::builder()
                .tcp(&shop.terminal.address().to_string())
                .terminal_id("counter")
                .journal(journal)
                .build()
                .unwrap();
            let again = till.pay(debit("first")).unwrap();
            assert!(!again.outcome.retry().is_safe(), "{name}: {:?}", again.outcome);
        }
        assert_eq!(shop.charges(), 1, "{name}");
    }
}

#[test]
fn a_link_that_a_backup_makes_prevents_the_next_payment_and_not_the_end_of_this_one() {
    let shop = Shop::new();
    let (file, link) = (shop.path("journal.sqlite"), shop.path("backup"));
    for mut till in AnyTill::both(&shop) {
        let before = shop.charges();
        if let AnyTill::Blocking(_) = &till {
            let payment = till.pay("first", || fs::hard_link(&file, &link).unwrap());
            assert_eq!((payment.outcome.name(), payment.journaled), ("approved", true));
            fs::remove_file(&link).unwrap();
        }
        fs::hard_link(&file, &link).unwrap();
        assert_eq!(till.pay("second", || ()).outcome, REPLACED);
        fs::remove_file(&link).unwrap();
        let payment = till.pay(&format!("third-{before}"), || ());
        assert_eq!((payment.outcome.name(), payment.journaled), ("approved", true));
    }
    assert_eq!(shop.charges(), 3);
}

/// Two tills with journals of their own on one file, in one process.
#[test]
fn two_tills_of_one_process_exclude_each_other() {
    let shop = Shop::new();
    let [mut one, mut two] = [0, 1].map(|_| shop.builder().build().unwrap());
    let mut second = None;
    let first = one
        .pay_with(debit("first"), |event| {
            if event == Event::Sent {
                second = Some(two.pay(debit("second")).unwrap().outcome);
            }
        })
        .unwrap();
    assert_eq!(first.outcome.name(), "approved");
    assert_eq!(second, Some(Outcome::Blocked { reason: Blocked::Busy }));
    assert_eq!(two.pay(debit("second")).unwrap().outcome.name(), "approved");
    assert_eq!(shop.charges(), 2);
}
