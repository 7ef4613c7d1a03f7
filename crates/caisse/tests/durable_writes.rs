//! How often a payment waits for the disk: once before its first byte leaves and once before its end is told, which is the
//! least that these two promises allow. Counted at the till's side and, for the journal on disk, by SQLite's own counter of
//! commits.

#[path = "support/shop.rs"]
mod shop;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{
    Amount, Currency, Dialect, Journal, Link, LinkKind, MemoryJournal, OperatorOverride, PaymentRequest,
    SqliteJournal, Till,
};
use caisse_hal::{ConnectError, DrainError, ReceiveError, Received, SendError};
use caisse_simulator::VirtualWorld;
use caisse_simulator::terminal::Settings;
use shop::Shop;

/// How many transactions SQLite has committed to this file since it was first opened by those who have it open: `iChange` of
/// the index of the write-ahead log (<https://www.sqlite.org/walformat.html#the_wal_index_header>).
fn commits(file: &Path) -> u32 {
    let mut index = File::open(format!("{}-shm", file.display())).unwrap();
    let mut counter = [0; 4];
    index.seek(SeekFrom::Start(8)).unwrap();
    index.read_exact(&mut counter).unwrap();
    u32::from_ne_bytes(counter)
}

/// What happens, in its order: a request is handed to the line, an answer comes, and how many commits there were before.
type Story = Arc<Mutex<Vec<(&'static str, u32)>>>;

struct Told<L> {
    line: L,
    file: PathBuf,
    story: Story,
}

impl<L> Told<L> {
    fn tell(&self, what: &'static str) {
        self.story.lock().unwrap().push((what, commits(&self.file)));
    }
}

impl<L: Link> Link for Told<L> {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.tell("connects");
        self.line.connect(within)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        if bytes.len() > 1 {
            self.tell("sends");
        }
        self.line.send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.line.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let received = self.line.receive(buffer, within);
        if let Ok(Received::Bytes(2..)) = received {
            self.tell("hears");
        }
        received
    }

    fn close(&mut self) {
        self.line.close();
    }
}

fn debit(minor: u64) -> PaymentRequest {
    PaymentRequest::debit(Amount::from_minor(minor, Currency::EUR))
}

struct Case {
    world: VirtualWorld<'static>,
    file: PathBuf,
    story: Story,
    till: Till,
    _folder: tempfile::TempDir,
}

impl Case {
    fn new(kind: LinkKind) -> Self {
        let settings = Settings { persona: "nepting".parse().unwrap(), ..Settings::default() };
        let world = match kind {
            LinkKind::Stream => Shop::tcp(settings),
            LinkKind::Serial => Shop::serial(settings),
        };
        let folder = tempfile::tempdir().unwrap();
        let (file, story) = (folder.path().join("journal.sqlite"), Story::default());
        let journal = SqliteJournal::open(&file).unwrap();
        let till = till(&world, kind, journal, &file, &story);
        Self { world, file, story, till, _folder: folder }
    }

    fn script(&self, turn: &str) {
        self.world.at_terminal(|terminal, _| terminal.set_script(turn.parse().unwrap()));
    }

    /// How a payment ends and how many commits it costs.
    fn pay(&mut self, request: &PaymentRequest) -> (&'static str, u32) {
        self.story.lock().unwrap().clear();
        let before = commits(&self.file);
        let payment = self.till.pay(request).unwrap();
        (payment.outcome.name(), commits(&self.file) - before)
    }
}

fn till(
    world: &VirtualWorld<'static>,
    kind: LinkKind,
    journal: impl Journal + 'static,
    file: &Path,
    story: &Story,
) -> Till {
    let line = Told { line: world.line(), file: file.to_owned(), story: Arc::clone(story) };
    Till::builder()
        .link(line, kind)
        .clock(world.clone())
        .terminal_id("counter")
        .dialect(Dialect::NEPTING)
        .exclusive(true)
        .journal(journal)
        // Less than the longest transaction: after silence nothing is proven yet.
        .answer_timeout(Duration::from_secs(180))
        .build()
        .unwrap()
}

#[test]
fn a_payment_waits_for_the_disk_twice() {
    for kind in [LinkKind::Stream, LinkKind::Serial] {
        let mut case = Case::new(kind);
        assert_eq!(case.pay(&debit(2500)), ("approved", 2), "{kind:?}");
        let base = commits(&case.file) - 2;
        let story = case.story.lock().unwrap().clone();
        let story: Vec<_> = story.into_iter().map(|(what, count)| (what, count - base)).collect();
        let connected_before_the_record = [("connects", 0), ("sends", 1), ("hears", 1)];
        // One before the first byte, one after the last: neither can be left out, and none can be put off.
        assert_eq!(story, connected_before_the_record, "{kind:?}");
        case.script("decline:04");
        assert_eq!(case.pay(&debit(2600)), ("declined", 2), "{kind:?}");
        case.script("timeout");
        let silent = debit(2700).id("silent".parse().unwrap());
        assert_eq!(case.pay(&silent), ("unknown", 2), "{kind:?}");
        // What is told again and what may not begin costs none.
        assert_eq!(case.pay(&silent), ("unknown", 0), "{kind:?}");
        assert_eq!(case.pay(&debit(2800)), ("blocked", 0), "{kind:?}");
        // What evidence proves is one.
        let before = commits(&case.file);
        // The first recovery aborts the connection that was left open, and the time counts from there.
        for _ in 0..2 {
            case.world.run_for(Duration::from_secs(301));
            let _ = case.till.recover().unwrap();
        }
        assert_eq!((case.till.unresolved().unwrap().len(), commits(&case.file) - before), (0, 1), "{kind:?}");
        // A person's order is one more, before the first byte.
        case.script("approve");
        let ordered = PaymentRequest::credit(Amount::from_minor(500, Currency::EUR))
            .with_override(OperatorOverride::new("Zoé", "geste commercial").unwrap());
        assert_eq!(case.pay(&ordered), ("approved", 3), "{kind:?}");
        let story = case.story.lock().unwrap().clone();
        let orders = story.iter().filter(|(what, _)| *what == "sends").map(|(_, count)| *count);
        assert_eq!(orders.collect::<Vec<_>>(), [commits(&case.file) - 1], "{kind:?}: {story:?}");
    }
}

/// A terminal that cannot be reached on TCP is known to be so before anything is written: start and end are one write. On a
/// serial line nobody knows before the ENQ, which the record precedes.
#[test]
fn what_is_never_sent_costs_one_write_where_it_is_known_before_the_record() {
    for (kind, writes) in [(LinkKind::Stream, 1), (LinkKind::Serial, 2)] {
        let mut case = Case::new(kind);
        case.world.at_terminal(|terminal, now| terminal.sleep(now).unwrap());
        let id = "asleep".parse().unwrap();
        let request = debit(2500).id(id);
        assert_eq!(case.pay(&request), ("not_sent", writes), "{kind:?}");
        assert_eq!(case.story.lock().unwrap().iter().filter(|(what, _)| *what == "sends").count(), 0);
        let events = |case: &Case| case.till.journal().events(&id).unwrap().len();
        assert_eq!(events(&case), usize::try_from(writes).unwrap());
        // Each attempt is written, and the next one may succeed.
        case.world.at_terminal(|terminal, now| terminal.wake(now).unwrap());
        assert_eq!(case.pay(&request), ("approved", 2), "{kind:?}");
        assert_eq!(events(&case), usize::try_from(writes + 2).unwrap());
    }
}

#[test]
fn the_till_asks_every_journal_for_as_much() {
    let journal = MemoryJournal::new();
    let new_journal = || -> Box<dyn Journal> { Box::new(journal.clone()) };
    let world = Shop::tcp(Settings { persona: "nepting".parse().unwrap(), ..Settings::default() });
    let shop = Shop {
        world,
        dialect: Dialect::NEPTING,
        kind: LinkKind::Stream,
        exclusive: true,
        journal: &new_journal,
    };
    // The third write from now fails: a payment does not meet it.
    journal.fail_nth_append(3);
    let first = shop.till().pay(debit(2500)).unwrap();
    assert_eq!((first.outcome.name(), first.journaled), ("approved", true));
    // The next one does, with its first.
    assert_eq!(shop.till().pay(debit(2600)).unwrap().outcome.name(), "blocked");
    journal.fail_nth_append(2);
    let third = shop.till().pay(debit(2700)).unwrap();
    assert_eq!((third.outcome.name(), third.journaled), ("approved", false));
}
