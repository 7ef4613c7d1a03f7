//! The same on real lines, with the journal on disk: short times, so that a day takes seconds.

use std::thread;
use std::time::Duration;

use caisse::{
    Address, Builder, Dialect, Journal, Link, LinkKind, Record, SerialLink, SqliteJournal, TcpLink, Till,
    TransactionId,
};
use caisse_link::serial::{SerialConfig, Timers};
use caisse_simulator::VirtualTerminal;
use caisse_simulator::terminal::Terminal;
use tempfile::TempDir;

use crate::day::{self, Role, Tally, World};
use crate::plan::{Kind, Place};
use crate::seat::{Layout, Seat};
use crate::shop::{Fate, Trouble, fated};
use crate::truth::TERMINALS;

/// What a terminal still says after a person has decided it says for longer than these days wait: so no two amounts are
/// the same.
const fn kind(lines: &'static [LinkKind], is_quiet: bool) -> Kind {
    let (sales, company) = if is_quiet { (3, 0) } else { (2, 100) };
    let (layouts, replaces_journal, holds_back) = (LAYOUTS, false, false);
    Kind {
        lines,
        latency: 400,
        sales,
        alike: false,
        company,
        layouts,
        inside: 12,
        replaces_journal,
        holds_back,
    }
}

/// A terminal keeps the address that the system has given it.
const LAYOUTS: &[Layout] = &[Layout::Fixed, Layout::Renamed, Layout::Spare, Layout::Swapped];

struct Real {
    terminals: [VirtualTerminal; TERMINALS],
    place: Place,
    folder: TempDir,
}

impl Real {
    fn dialect(&self) -> Dialect {
        let short = Duration::from_millis(400);
        let usual = self.place.dialect;
        let timers = Timers {
            enquiry: short,
            pause: Duration::from_millis(100),
            receipt: short,
            message: short,
            frame: short,
            end: short,
            opening: Duration::from_secs(4),
            ..usual.session.timers
        };
        Dialect {
            longest_transaction: Duration::from_millis(1_500),
            session: SerialConfig { timers, ..usual.session },
            ..usual
        }
    }
}

impl World for Real {
    fn till(&self, seat: Seat, _: Role, trouble: Trouble) -> Option<Till> {
        let fate = Fate::new(trouble);
        let address = self.terminals[seat.terminal()].address();
        let mut builder = Till::builder()
            .dialect(self.dialect())
            .exclusive(self.place.exclusive)
            .answer_timeout(Duration::from_millis(1_200))
            .connect_timeout(Duration::from_secs(2));
        if let Some(name) = seat.name {
            builder = builder.terminal_id(name);
        }
        if seat.address.is_some() {
            builder = builder.address(&address.to_string());
        }
        let (journal, pause) = (self.journal(), thread::sleep);
        match address {
            Address::Tcp(address) => {
                let (link, journal) = fated(&fate, TcpLink::new(address), pause, journal);
                on(builder, seat, link, LinkKind::Stream).journal(journal)
            }
            Address::Serial(address) => {
                let (link, journal) = fated(&fate, SerialLink::new(address), pause, journal);
                on(builder, seat, link, LinkKind::Serial).journal(journal)
            }
        }
        .build()
        .ok()
    }

    fn journal(&self) -> Box<dyn Journal> {
        Box::new(SqliteJournal::open(self.folder.path().join("journal.sqlite")).unwrap())
    }

    fn find(&self, id: &TransactionId) -> Option<Record> {
        self.journal().find(id).unwrap()
    }

    fn replace_journal(&self) {}

    fn link_journal(&self, _: bool) {}

    fn move_terminal(&self) {}

    fn heal(&self) {}

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn longest(&self) -> Duration {
        Duration::from_millis(1_600)
    }

    fn moment(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn at_terminal<T>(&self, number: usize, act: impl FnOnce(&mut Terminal) -> T) -> T {
        self.terminals[number].at_terminal(|terminal, _| act(terminal))
    }

    /// A disk does not fail to order.
    fn fail_write(&self, _: u64) {}
}

/// The first dozen of days is quiet; on the others a second till is alive.
pub const QUIET: u64 = 12;

pub fn one_day(seed: u64, lines: &'static [LinkKind]) -> Tally {
    let (plan, [chance, more]) = crate::plan(seed, &kind(lines, seed < QUIET));
    let place = plan.place;
    let terminals = [0, 1].map(|number| {
        let builder = VirtualTerminal::builder()
            .dialect(place.dialect.name.parse().unwrap())
            .latency(place.latency)
            .authorisation(place.authorisation)
            .printing(place.printing)
            .seed(seed + number);
        let terminal = match place.kind {
            LinkKind::Stream => builder.start(),
            LinkKind::Serial => builder.pty().start(),
        };
        terminal.unwrap()
    });
    let world = Real { terminals, place, folder: tempfile::tempdir().unwrap() };
    day::live(&world, &plan, chance, more)
}

/// The link of a till that knows the address of its terminal, or of one that does not.
fn on(builder: Builder, seat: Seat, link: impl Link + Send + 'static, kind: LinkKind) -> Builder {
    match seat.address {
        Some(_) => builder.through(link),
        None => builder.link(link, kind),
    }
}
