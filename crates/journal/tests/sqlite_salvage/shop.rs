//! A shop with a journal, and what has to be true of what is salvaged of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use caisse_journal::{
    Admitted, Decision, Dispute, Event, Journal, JournalError, Paid, Record, RecordedEvent, Salvaged,
    SqliteJournal, State, TerminalKey, admit,
};
use caisse_payment::{
    Amount, Blocked, Conclusion, Currency, Doubt, NotSent, Outcome, Proof, Refusal, Retry, Transaction,
    TransactionId,
};
use rusqlite::Connection;

use crate::common::*;

/// What becomes of a payment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Life {
    Approved,
    Declined,
    NeverSent,
    SentAgain,
    Unknown,
    Open,
    DecidedPaid,
    Corrected,
    Disputed,
    Settled,
}

pub const LIVES: [Life; 10] = [
    Life::Approved,
    Life::Declined,
    Life::NeverSent,
    Life::SentAgain,
    Life::Unknown,
    Life::Open,
    Life::DecidedPaid,
    Life::Corrected,
    Life::Disputed,
    Life::Settled,
];

pub type Contents = Vec<(Record, Vec<RecordedEvent>)>;

/// A journal in a folder of its own.
pub struct Shop {
    pub folder: tempfile::TempDir,
    pub before: Contents,
    /// Every page that contains an event, by the number of the event.
    pages: BTreeMap<u64, BTreeSet<usize>>,
    numbers: BTreeMap<TransactionId, Vec<u64>>,
    /// What is kept beside the database: the file of the newest events, and the mark.
    pub keeps: (bool, bool),
    /// The file of the newest events.
    pub recent: Vec<u8>,
    /// The root of the tree of the events.
    pub root: usize,
    whole: Vec<u8>,
}

const RECENT: &str = "journal.db.locks/recent-events";

pub const PAGE: usize = 4096;

/// In memory where the system has such a place: nothing here has to survive.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn sale(number: usize, on: usize) -> Transaction {
    Transaction {
        amount: Amount::from_minor(1000 + number as u64, Currency::EUR),
        reference: format!("table {number}").parse().ok(),
        // One terminal without an address, and two names at one.
        address: (on > 0).then(|| format!("tcp:192.0.2.{}:8888", on / 2).parse().unwrap()),
        ..debit(&format!("sale-{:03}-{number}", number * 37 % 101), &format!("t{on}"))
    }
}

fn ends(sale: &Transaction, outcome: Outcome, proof: Proof) -> Event {
    let authorisation = format!("{:06}", sale.amount.minor()).parse().ok();
    Event::Ended(Conclusion { authorisation, ..conclusion(outcome, proof) })
}

fn live(journal: &mut SqliteJournal, number: usize, life: Life, on: usize) {
    let sale = sale(number, on);
    let (id, amount) = (sale.id, sale.amount);
    let at = |event: u64| time((number as u64) * 10 + event);
    let not_sent = Outcome::NotSent { reason: NotSent::Unreachable };
    let never_sent = Event::NeverSent(sale, conclusion(not_sent, Proof::NothingSent));
    let silence = ends(&sale, Outcome::Unknown { doubt: Doubt::Silence }, Proof::Delivered);
    let approved = ends(&sale, Outcome::Approved { amount }, Proof::Answered);
    let declined = ends(&sale, Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered);
    let disputed = || Event::Disputed(Dispute::new(Paid::NotPaid, "it answered twice").unwrap());
    let started = Event::Started(sale);
    let events = match life {
        Life::Approved => vec![started, approved],
        Life::Declined => vec![started, declined],
        Life::NeverSent => vec![never_sent],
        Life::SentAgain => vec![never_sent, started, approved],
        Life::Unknown | Life::DecidedPaid | Life::Corrected => vec![started, silence],
        Life::Open => vec![started],
        Life::Disputed | Life::Settled => vec![started, approved, disputed()],
    };
    for (number, event) in (1..).zip(&events) {
        journal.append(&id, event, at(number)).unwrap();
    }
    let decisions = match life {
        Life::DecidedPaid => vec![Paid::Paid(amount)],
        Life::Corrected => vec![Paid::Paid(amount), Paid::NotPaid],
        Life::Settled => vec![Paid::NotPaid],
        _ => vec![],
    };
    for (number, paid) in (5..).zip(decisions) {
        let lock = journal.lock_terminal(&TerminalKey::from(&sale)).unwrap();
        journal.resolve(&lock, &id, &Decision::new(paid, "Zoé", "vu").unwrap(), at(number)).unwrap();
    }
}

impl Shop {
    /// Payments at four terminals, one after the other. Where one is open, the next ones there do not begin.
    pub fn new(lives: &[(Life, usize)]) -> Self {
        let folder = folder();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        for (number, (life, on)) in lives.iter().enumerate() {
            let key = TerminalKey::from(&sale(number, *on));
            if journal.unresolved_at(&key).unwrap().is_empty() {
                live(&mut journal, number, *life, *on);
            }
        }
        drop(journal);
        Self::of(folder)
    }

    /// The shop with the journal that is in this folder.
    pub fn of(folder: tempfile::TempDir) -> Self {
        let before = content(&SqliteJournal::open(path(&folder)).unwrap());
        let database = Connection::open(path(&folder)).unwrap();
        let whole = fs::read(path(&folder)).unwrap();
        let (mut pages, mut numbers) = (BTreeMap::new(), BTreeMap::<_, Vec<u64>>::new());
        let mut events = database.prepare("SELECT number, id, chain FROM events ORDER BY number").unwrap();
        let rows = events.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
        });
        for row in rows.unwrap() {
            let (number, id, chain) = row.unwrap();
            let found: Vec<usize> = (0..whole.len() - 31)
                .filter(|at| whole[*at] == chain[0] && whole[*at..*at + 32] == chain)
                .collect();
            // The chain ends the row, which may have begun in the same page only.
            pages.insert(number as u64, found.iter().map(|at| at / PAGE).collect());
            numbers.entry(id.parse().unwrap()).or_default().push(number as u64);
        }
        let root: i64 = database
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'events'", [], |row| row.get(0))
            .unwrap();
        drop(events);
        drop(database);
        let recent = fs::read(folder.path().join(RECENT)).unwrap_or_default();
        Self { folder, recent, before, pages, numbers, keeps: (false, true), root: root as usize - 1, whole }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.whole.clone()
    }

    pub fn into(&self) -> PathBuf {
        self.folder.path().join("salvaged.db")
    }

    /// Salvages the journal with these bytes in its file.
    pub fn salvage(&self, bytes: &[u8]) -> Result<Salvaged, JournalError> {
        fs::write(path(&self.folder), bytes).unwrap();
        for ending in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", self.into().display()));
        }
        let _ = fs::remove_dir_all(format!("{}.locks", self.into().display()));
        for (is_kept, file) in [(self.keeps.0, "recent-events"), (self.keeps.1, "last-event")] {
            if !is_kept {
                let _ = fs::remove_file(self.folder.path().join("journal.db.locks").join(file));
            }
        }
        if self.keeps.0 {
            fs::write(self.folder.path().join(RECENT), &self.recent).unwrap();
        }
        let salvaged = SqliteJournal::salvage(path(&self.folder), self.into(), time(9_000));
        assert_eq!(fs::read(path(&self.folder)).unwrap(), bytes, "the damaged file is never written to");
        assert!(!self.folder.path().join("salvaged.db.part").exists());
        salvaged
    }

    /// The pages in which these bytes are not those of the journal.
    pub fn damaged(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let pages = self.whole.len().max(bytes.len()).div_ceil(PAGE);
        let page = |bytes: &[u8], number: usize| {
            let from = (number * PAGE).min(bytes.len());
            bytes[from..(from + PAGE).min(bytes.len())].to_vec()
        };
        (0..pages).filter(|number| page(&self.whole, *number) != page(bytes, *number)).collect()
    }

    /// Whether a page contains events.
    pub fn has_events(&self, page: usize) -> bool {
        self.pages.values().any(|pages| pages.contains(&page))
    }

    /// Whether none of these pages contains an event of this transaction, or one before an event of it.
    fn is_intact(&self, id: &TransactionId, damaged: &BTreeSet<usize>) -> bool {
        let numbers = self.numbers[id].iter().flat_map(|number| [*number, number.saturating_sub(1)]);
        numbers
            .into_iter()
            .all(|number| self.pages.get(&number).is_none_or(|pages| pages.is_disjoint(damaged)))
    }

    /// Checks what was salvaged from these bytes, and that a shop goes on with it.
    pub fn check(&self, salvaged: &Salvaged, bytes: &[u8]) {
        let damaged = self.damaged(bytes);
        let mut journal = SqliteJournal::open(self.into()).unwrap();
        journal.verify(&mut |_| {}).unwrap();
        let after: BTreeMap<TransactionId, (Record, Vec<RecordedEvent>)> =
            content(&journal).into_iter().map(|(record, events)| (record.id(), (record, events))).collect();
        let held: BTreeMap<TransactionId, _> =
            salvaged.held_back.iter().map(|held| (held.id, held)).collect();
        for (record, events) in &self.before {
            let id = record.id();
            let Some((now, history)) = after.get(&id) else {
                assert!(salvaged.may_miss_transactions, "{id} is missing");
                assert!(!self.is_intact(&id, &damaged), "{id} is missing, and nothing of it was damaged");
                self.check_held_back(&journal, record, &after);
                continue;
            };
            check_told(record, now);
            if (now, history) == (record, events) {
                assert!(!held.contains_key(&id), "{id} is as it was, and held back");
                continue;
            }
            // An attempt that was not sent, before the one that counts, decides nothing.
            let is_superseded = events.ends_with(history)
                && history.first().is_some_and(|event| event.event.transaction().is_some());
            if is_superseded && !held.contains_key(&id) {
                assert!(
                    salvaged.may_miss_transactions
                        && now.transaction() == record.transaction()
                        && now.conclusion() == record.conclusion()
                );
                continue;
            }
            assert_ne!(now.state(), State::Final, "{id} is another one, and not held back");
            assert!(held.contains_key(&id), "{id} is another one, and not named");
            if self.is_intact(&id, &damaged) {
                let kept = &history[..history.len() - 1];
                assert_eq!(kept, events, "of {id} nothing was damaged");
                assert_eq!(now.transaction(), record.transaction());
            }
        }
        let known: BTreeSet<TransactionId> = self.numbers.keys().copied().collect();
        for (id, (record, _)) in &after {
            assert!(known.contains(id) || held.contains_key(id), "{id} is an invention");
            assert!(
                known.contains(id) || record.transaction().amount.is_zero(),
                "{id} has an invented amount"
            );
        }
        for (id, held) in &held {
            assert_ne!(after[id].0.state(), State::Final, "{held:?}");
        }
        let lost: u64 = salvaged.lost_events.iter().map(|lost| lost.end() - lost.start() + 1).sum();
        let lost = lost + salvaged.unplaced_events.len() as u64;
        for number in &salvaged.unplaced_events {
            let line = format!("event {number}: ");
            let mut readable = salvaged.held_back.iter().flat_map(|held| &held.readable);
            assert!(readable.any(|readable| readable.starts_with(&line)), "{number}: {salvaged:?}");
        }
        let all = self.pages.len() as u64;
        assert!(
            salvaged.events + lost >= all || salvaged.may_miss_transactions,
            "{lost} of {all}: {salvaged:?}"
        );
        self.go_on(&mut journal);
    }

    /// Whether a payment at the terminal of a missing transaction is held back, if anything in the new journal names the terminal.
    fn check_held_back(
        &self,
        journal: &SqliteJournal,
        missing: &Record,
        after: &BTreeMap<TransactionId, (Record, Vec<RecordedEvent>)>,
    ) {
        let key = TerminalKey::from(missing.transaction());
        let is_named = after.values().any(|(record, _)| record.transaction().terminal == key.terminal);
        let admitted = admit(journal, &Transaction { id: id("another"), ..*missing.transaction() });
        let is_blocked = matches!(admitted, Admitted::Blocked(Blocked::Unresolved));
        assert!(is_blocked || !is_named, "{} of a missing payment is free: {admitted:?}", key.terminal);
    }

    /// Terminals that are free take payments, and the others do so once a person has looked.
    fn go_on(&self, journal: &mut SqliteJournal) {
        let terminals: Vec<Transaction> = (0..4).map(|on| sale(900, on)).collect();
        for (number, sale) in terminals.iter().enumerate() {
            let key = TerminalKey::from(sale);
            let open = journal.unsettled().unwrap();
            let is_open = open.iter().any(|record| key.may_be_of(record.transaction()));
            let admitted = admit(journal, &Transaction { id: id(&format!("free-{number}")), ..*sale });
            assert!(is_open || matches!(admitted, Admitted::Proceed(_)), "{admitted:?}");
        }
        for record in journal.unsettled().unwrap() {
            let id = record.id();
            let lock = journal.lock_terminal(&TerminalKey::from(record.transaction())).unwrap();
            let proven = Decision::proven(Paid::NotPaid, "duplicata", "not completed").unwrap();
            if record.is_salvaged() {
                assert!(
                    journal.resolve(&lock, &id, &proven, time(9_500)).is_err(),
                    "only a person settles it"
                );
            }
            let paid = record.paid().unwrap_or(Paid::NotPaid);
            let decision = Decision::new(paid, "Zoé", "vérifié sur le terminal").unwrap();
            journal.resolve(&lock, &id, &decision, time(9_501)).unwrap();
        }
        assert_eq!(journal.unsettled().unwrap(), []);
        for (number, sale) in terminals.iter().enumerate() {
            let sale = Transaction { id: id(&format!("next-{number}")), ..*sale };
            let admitted = admit(journal, &sale);
            assert!(matches!(admitted, Admitted::Proceed(_)), "{admitted:?}");
            drop(admitted);
            journal.append(&sale.id, &Event::Started(sale), time(9_600)).unwrap();
            let approved = ends(&sale, Outcome::Approved { amount: sale.amount }, Proof::Answered);
            journal.append(&sale.id, &approved, time(9_601)).unwrap();
        }
        journal.verify(&mut |_| {}).unwrap();
    }
}

/// No approval is told as anything else, and nothing becomes chargeable again. An approval about which a person's newer decision is
/// lost is told as one, and disputed.
fn check_told(before: &Record, after: &Record) {
    let (was, is) = (before.told().outcome, after.told().outcome);
    let was_overruled = before.decision().is_some_and(|decision| decision.paid() == Paid::NotPaid);
    let is_overruled = was_overruled && after.state() == State::Disputed && is.approved_amount().is_some();
    assert!(is == was || is.is_unknown() || is_overruled, "{}: {was:?} is told as {is:?}", before.id());
    assert!(is.retry() != Retry::SameId || was.retry() == Retry::SameId);
}
