//! What it costs that nothing leaves before it is on the disk and nothing is told before its end is: a payment with the
//! journal on disk, in memory and nowhere, beside the bare exchange of the same bytes with the same terminal. One iteration is
//! one payment: admission, connect, ask, read the answer to its end, report.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use caisse::asynchronous::AsyncTill;
use caisse::{
    Amount, Currency, Decision, Dialect, Journal, JournalError, MemoryJournal, Outcome, PaymentRequest,
    Record, SqliteJournal, TerminalId, Till, TransactionId, WallTime,
};
use caisse_journal::{Event, LockError, RecordedEvent, TerminalLock};
use caisse_simulator::VirtualTerminal;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rusqlite::{Connection, Row};
use tokio::runtime::Runtime;

const AMOUNT: u64 = 2500;
/// What a till of this dialect sends; held against the till before anything is measured.
const REQUEST: &[u8] = b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978";

/// A journal that keeps nothing: no shop may have one.
struct Nowhere;

impl Journal for Nowhere {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        Ok(TerminalLock::new(*terminal, ()))
    }

    fn append(&mut self, _: &TransactionId, _: &Event, _: WallTime) -> Result<(), JournalError> {
        Ok(())
    }

    fn find(&self, _: &TransactionId) -> Result<Option<Record>, JournalError> {
        Ok(None)
    }

    fn unresolved(&self, _: &TerminalId) -> Result<Vec<Record>, JournalError> {
        Ok(Vec::new())
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        Ok(Vec::new())
    }

    fn events(&self, _: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        Ok(Vec::new())
    }

    fn resolve(
        &mut self,
        _: &TerminalLock,
        _: &TransactionId,
        _: &Decision,
        _: WallTime,
    ) -> Result<(), JournalError> {
        Ok(())
    }
}

/// A terminal without the pause that ends a request for want of a mark: what is measured is the till.
fn terminal() -> VirtualTerminal {
    VirtualTerminal::builder().request_quiet(Duration::ZERO).start().expect("a terminal")
}

fn till(terminal: &VirtualTerminal, journal: impl Journal + 'static) -> Till {
    Till::builder()
        .tcp(&terminal.address().to_string())
        .terminal_id("counter")
        .identifier("012345678901")
        .dialect(Dialect::INGENICO)
        .journal(journal)
        .build()
        .expect("a till")
}

fn pay(till: &mut Till) {
    let amount = Amount::from_minor(black_box(AMOUNT), Currency::EUR);
    let payment = till.pay(PaymentRequest::debit(amount)).expect("a request that can be made");
    assert_eq!(payment.outcome, Outcome::Approved { amount });
    assert!(payment.journaled);
}

fn asynchronous(runtime: &Runtime, terminal: &VirtualTerminal, journal: impl Journal + 'static) -> AsyncTill {
    let _entered = runtime.enter();
    let till = Till::builder()
        .address(&terminal.address().to_string())
        .terminal_id("asynchronous")
        .identifier("012345678901")
        .dialect(Dialect::INGENICO)
        .journal(journal);
    till.build_async().expect("a till")
}

async fn pay_async(till: &AsyncTill) {
    let amount = Amount::from_minor(black_box(AMOUNT), Currency::EUR);
    let mut payment = till.pay(PaymentRequest::debit(amount)).expect("a request that can be made");
    let payment = payment.outcome().await;
    assert_eq!(payment.outcome, Outcome::Approved { amount });
    assert!(payment.journaled);
}

fn exchange(address: &str) -> usize {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream.write_all(black_box(REQUEST)).expect("a request sent");
    let mut answer = Vec::with_capacity(512);
    stream.read_to_end(&mut answer).expect("an answer");
    answer.len()
}

/// The till sends the bytes of the bare exchange, no more and no fewer.
fn same_bytes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp://{}", listener.local_addr().expect("its address"));
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a till");
        let mut heard = [0; 512];
        let count = stream.read(&mut heard).expect("a request");
        heard[..count].to_vec()
    });
    let mut till = Till::builder()
        .tcp(&address)
        .identifier("012345678901")
        .dialect(Dialect::INGENICO)
        .journal(Nowhere)
        .build()
        .expect("a till");
    let payment = till.pay(PaymentRequest::debit(Amount::from_minor(AMOUNT, Currency::EUR)));
    assert!(payment.expect("a payment").outcome.is_unknown());
    assert_eq!(heard.join().expect("a request"), REQUEST);
}

/// The least that two promises can cost on a disk: two appends of 300 bytes to a file of a fixed length, each synced.
fn appends(file: &mut File) {
    for place in 0..2 {
        file.seek(SeekFrom::Start(place * 4096)).expect("a place");
        file.write_all(black_box(&[7; 300])).expect("bytes written");
        file.sync_data().expect("bytes synced");
    }
}

/// Two commits of one row of 300 bytes in SQLite, each durable in its log, which is never written on into the file.
fn commits(database: &Connection) {
    let mut insert =
        database.prepare_cached("INSERT INTO events (content) VALUES (?1)").expect("a statement");
    for _ in 0..2 {
        insert.execute([black_box([7u8; 300])]).expect("a row");
    }
}

/// A database for [`commits`].
fn database(file: &Path) -> Connection {
    let database = Connection::open(file).expect("a database");
    let set = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; \
               CREATE TABLE events (number INTEGER PRIMARY KEY, content BLOB)";
    database.execute_batch(set).expect("settings");
    database
}

fn safety(criterion: &mut Criterion) {
    same_bytes();
    let mut group = criterion.benchmark_group("the cost of safety");
    group.throughput(Throughput::Elements(1));

    let bare = terminal();
    let address = bare.address().to_string();
    let address = address.trim_start_matches("tcp://");
    let length = exchange(address);
    group.bench_function("bare TCP exchange of the same bytes", |bencher| {
        bencher.iter(|| assert_eq!(exchange(black_box(address)), length));
    });

    let of_nowhere = terminal();
    let mut nowhere = till(&of_nowhere, Nowhere);
    group.bench_function("a payment without a journal", |bencher| bencher.iter(|| pay(&mut nowhere)));

    let of_memory = terminal();
    let journal = MemoryJournal::new();
    let mut memory = till(&of_memory, journal.clone());
    group.bench_function("a payment with the journal in memory", |bencher| bencher.iter(|| pay(&mut memory)));
    assert_eq!(journal.list().expect("records").len(), of_memory.ledger().len());

    // Not in the folder for what is temporary, which may be memory.
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let of_async = terminal();
    let journal = MemoryJournal::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let counter = asynchronous(&runtime, &of_async, journal.clone());
    group.bench_function("a payment of an asynchronous till with the journal in memory", |bencher| {
        bencher.iter(|| runtime.block_on(pay_async(&counter)));
    });
    assert_eq!(journal.list().expect("records").len(), of_async.ledger().len());
    drop(counter);

    let mut preallocated = File::create(folder.path().join("appends")).expect("a file");
    preallocated.write_all(&[0; 2 * 4096]).and_then(|()| preallocated.sync_all()).expect("a whole file");
    group.bench_function("two synced appends alone", |bencher| bencher.iter(|| appends(&mut preallocated)));
    let database = database(&folder.path().join("commits.sqlite"));
    group.bench_function("two commits of SQLite alone", |bencher| bencher.iter(|| commits(&database)));
    let count = |row: &Row<'_>| row.get::<_, i64>(0);
    let committed = database.query_row("SELECT count(*) FROM events", [], count).expect("the number of rows");
    assert_eq!(committed % 2, 0);
    drop(database);

    let file = folder.path().join("journal.sqlite");
    let of_disk = terminal();
    let mut disk = till(&of_disk, SqliteJournal::open(&file).expect("a journal"));
    group.bench_function("a payment with the journal on disk", |bencher| bencher.iter(|| pay(&mut disk)));
    drop(disk);
    let of_disk_async = terminal();
    let journal = SqliteJournal::open(&file).expect("a journal");
    let counter = asynchronous(&runtime, &of_disk_async, journal);
    group.bench_function("a payment of an asynchronous till with the journal on disk", |bencher| {
        bencher.iter(|| runtime.block_on(pay_async(&counter)));
    });
    drop((counter, runtime));
    let charged = of_disk.ledger().len() + of_disk_async.ledger().len();
    let records = SqliteJournal::open(&file).expect("a whole journal").list().expect("records").len();
    assert_eq!(records, charged);
    group.finish();
}

criterion_group!(benches, safety);
criterion_main!(benches);
