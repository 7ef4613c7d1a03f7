//! The same on real lines, with the journal on disk: short times, so that a day takes seconds.

use std::thread;
use std::time::Duration;

use caisse::{Address, Dialect, LinkKind, SerialLink, SqliteJournal, TcpLink, Till};
use caisse_link::serial::{SerialConfig, Timers};
use caisse_simulator::VirtualTerminal;
use caisse_simulator::terminal::Terminal;
use tempfile::TempDir;

use crate::day::{self, Role, Tally, World};
use crate::plan::{Kind, Place};
use crate::seat::{Layout, Seat};
use crate::shop::{Fate, Trouble, fated};

/// What a terminal still says after a person has decided it says for longer than these days wait: so no two amounts are
/// the same.
const fn kind(lines: &'static [LinkKind]) -> Kind {
    Kind { lines, latency: 400, sales: 3, alike: false, company: 0, layouts: &Layout::ALL }
}

struct Real {
    terminal: VirtualTerminal,
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
    type Handle = SqliteJournal;

    fn till(&self, _: Seat, _: Role, trouble: Trouble) -> Till {
        let fate = Fate::new(trouble);
        let builder = Till::builder()
            .terminal_id("counter")
            .dialect(self.dialect())
            .exclusive(self.place.exclusive)
            .answer_timeout(Duration::from_millis(1_200))
            .connect_timeout(Duration::from_secs(2));
        let (journal, pause) = (Box::new(self.journal()), thread::sleep);
        match self.terminal.address() {
            Address::Tcp(address) => {
                let (link, journal) = fated(&fate, TcpLink::new(address), pause, journal);
                builder.link(link, LinkKind::Stream).journal(journal)
            }
            Address::Serial(address) => {
                let (link, journal) = fated(&fate, SerialLink::new(address), pause, journal);
                builder.link(link, LinkKind::Serial).journal(journal)
            }
        }
        .build()
        .unwrap()
    }

    fn journal(&self) -> SqliteJournal {
        SqliteJournal::open(self.folder.path().join("journal.sqlite")).unwrap()
    }

    fn replace_journal(&self) {}

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

    fn at_terminal<T>(&self, _: usize, act: impl FnOnce(&mut Terminal) -> T) -> T {
        self.terminal.at_terminal(|terminal, _| act(terminal))
    }

    /// A disk does not fail to order.
    fn fail_write(&self, _: u64) {}
}

pub fn one_day(seed: u64, lines: &'static [LinkKind]) -> Tally {
    let (plan, [chance, more]) = crate::plan(seed, &kind(lines));
    let place = plan.place;
    let builder = VirtualTerminal::builder()
        .dialect(place.dialect.name.parse().unwrap())
        .latency(place.latency)
        .authorisation(place.authorisation)
        .printing(place.printing)
        .seed(seed);
    let terminal = match place.kind {
        LinkKind::Stream => builder.start(),
        LinkKind::Serial => builder.pty().start(),
    };
    let world = Real { terminal: terminal.unwrap(), place, folder: tempfile::tempdir().unwrap() };
    day::live(&world, &plan, chance, more)
}
