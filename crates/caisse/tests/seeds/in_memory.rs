//! A day in virtual time, with the journal in memory or on disk.

use caisse_journal::Event;
use std::cell::RefCell;
use std::time::Duration;

use caisse::{Journal, LinkKind, MemoryJournal, Record, Till, TransactionId, WallTime};
use caisse_simulator::terminal::{Settings, Terminal};

use crate::day::{self, Role, Tally, World};
use crate::disk::Disk;
use crate::handle::{File, Mistakes};
use crate::network::{HeldBack, Network, NetworkMistakes};
use crate::plan::{Kind, Place};
use crate::seat::{Layout, Location, Seat};
use crate::shop::{Fate, Shop, Trouble, fated, hurried, unlocked};

/// Card holders take up to a minute and a half.
const KIND: Kind = Kind {
    lines: &[LinkKind::Stream, LinkKind::Serial],
    latency: 90_000,
    sales: 5,
    alike: true,
    company: 0,
    layouts: &Layout::ALL,
    inside: 12,
    replaces_journal: true,
    holds_back: true,
};

/// A mistake that a day has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// A till that is started again no longer has what had not ended.
    Forgets,
    /// The second till opens the journal by another path, where its locks exclude nobody.
    HardLink,
    /// The same, and the end of a payment that was decided meanwhile is not written.
    EndDropped,
    /// The back office takes the second terminal for the first: it has been put at the address of that one.
    TerminalExchanged,
    /// What an aborted connection has not delivered arrives later.
    QueueSurvives,
    /// What the network has not delivered may leave at any time, as long as the connection is open.
    QueueHasNoLimit,
    /// A till goes on with the file of its journal after another file has taken the place of that one.
    FileReplacedUnseen,
}

/// Where the journal is.
enum Storage {
    Memory(RefCell<File>),
    Disk(Box<Disk>),
}

struct Virtual {
    network: Network,
    storage: Storage,
    place: Place,
    fault: Fault,
}

/// The journal without what has no end.
fn forgetful(journal: &MemoryJournal) -> MemoryJournal {
    let mut kept = MemoryJournal::new();
    for record in journal.list().unwrap() {
        if let Some(end) = record.conclusion() {
            for event in [Event::Started(*record.transaction()), Event::Ended(*end)] {
                // What the journal refuses now it forgets too.
                let _ = kept.append(&record.id(), &event, WallTime::now());
            }
        }
    }
    kept
}

impl Virtual {
    /// The journal of a till; nothing where it cannot be opened.
    fn handle(&self, role: Role) -> Option<Box<dyn Journal>> {
        let file = match (&self.storage, role) {
            (Storage::Memory(file), _) => file,
            (Storage::Disk(disk), Role::Second { .. }) => {
                return disk
                    .open_beside()
                    .map(|journal| Box::new(hurried(Box::new(journal))) as Box<dyn Journal>);
            }
            (Storage::Disk(disk), _) => return Some(Box::new(disk.open())),
        };
        let is_first = !matches!(role, Role::Second { .. });
        let mistakes = Mistakes {
            drops_ends: is_first && self.fault == Fault::EndDropped,
            is_heedless: is_first && self.fault == Fault::FileReplacedUnseen,
        };
        let handle = Box::new(file.borrow().open(mistakes));
        Some(match (role, self.fault) {
            (Role::Second { .. }, Fault::HardLink | Fault::EndDropped) => Box::new(unlocked(handle)),
            (Role::Second { is_hurried: false }, Fault::None) => handle,
            // Where a mistake has to show nobody waits.
            (Role::Second { .. }, _) => Box::new(hurried(handle)),
            _ => handle,
        })
    }
}

impl World for Virtual {
    fn till(&self, seat: Seat, role: Role, trouble: Trouble) -> Option<Till> {
        if let (Fault::Forgets, Storage::Memory(file)) = (self.fault, &self.storage) {
            let mut file = file.borrow_mut();
            file.content = forgetful(&file.content);
        }
        let (terminal, location) = match (self.fault, role, seat.address) {
            (Fault::TerminalExchanged, Role::BackOffice, Some(_)) => (1, Some(Location::First)),
            _ => (seat.terminal(), seat.address),
        };
        let network = self.network.clone();
        let pause = move |time| network.run_for(time);
        let wire = self.network.wire(location, terminal);
        let (mut fate, journal) = (Fate::new(trouble), self.handle(role)?);
        if let Storage::Disk(disk) = &self.storage
            && let Some(act) = disk.at_kill()
            && matches!(trouble, Trouble::Kill(_))
        {
            fate = fate.at_trouble(act);
        }
        let builder = Till::builder()
            .clock(self.network.clone())
            .dialect(self.place.dialect)
            .exclusive(self.place.exclusive);
        let builder = match seat.name {
            Some(name) => builder.terminal_id(name),
            None => builder,
        };
        let builder = match location {
            Some(location) => builder.address(location.address(self.place.kind)),
            None => builder,
        };
        let builder = if role == Role::HeldBack {
            let mistakes = NetworkMistakes {
                survives_abort: self.fault == Fault::QueueSurvives,
                has_no_limit: self.fault == Fault::QueueHasNoLimit,
            };
            let link = HeldBack::new(&self.network, wire, mistakes);
            match location {
                Some(_) => builder.through(link),
                None => builder.link(link, self.place.kind),
            }
            .journal(hurried(journal))
        } else {
            let (link, journal) = fated(&fate, wire, pause, journal);
            match location {
                Some(_) => builder.through(link),
                None => builder.link(link, self.place.kind),
            }
            .journal(journal)
        };
        builder.build().ok()
    }

    fn journal(&self) -> Box<dyn Journal> {
        match &self.storage {
            Storage::Memory(file) => Box::new(file.borrow().open(Mistakes::default())),
            Storage::Disk(disk) => Box::new(disk.open()),
        }
    }

    fn find(&self, id: &TransactionId) -> Option<Record> {
        match &self.storage {
            Storage::Memory(file) => file.borrow().content.find(id).unwrap(),
            Storage::Disk(disk) => disk.find(id),
        }
    }

    fn replace_journal(&self) {
        match &self.storage {
            Storage::Memory(file) => file.borrow_mut().replace(),
            Storage::Disk(disk) => disk.replace(),
        }
    }

    fn link_journal(&self, is_linked: bool) {
        if let Storage::Disk(disk) = &self.storage {
            disk.link(is_linked);
        }
    }

    fn move_terminal(&self) {
        self.network.move_terminal();
    }

    fn heal(&self) {
        self.network.heal();
    }

    fn pass(&self, time: Duration) {
        self.network.run_for(time);
    }

    fn longest(&self) -> Duration {
        Duration::from_secs(301)
    }

    fn moment(&self) -> Duration {
        Duration::from_millis(300)
    }

    fn at_terminal<T>(&self, number: usize, act: impl FnOnce(&mut Terminal) -> T) -> T {
        self.network.at_terminal(number, act)
    }

    fn fail_write(&self, n: u64) {
        if let Storage::Memory(file) = &self.storage {
            file.borrow().content.fail_nth_append(n);
        }
    }
}

/// A day with the journal in memory.
pub fn one_day(seed: u64, fault: Fault) -> Tally {
    // Most mistakes need a second till to show.
    let kind = match fault {
        Fault::None | Fault::Forgets => Kind { company: crate::company_share(), ..KIND },
        Fault::TerminalExchanged => Kind { company: 100, layouts: &[Layout::Spare, Layout::Swapped], ..KIND },
        Fault::QueueSurvives | Fault::QueueHasNoLimit => {
            Kind { company: 100, lines: &[LinkKind::Stream], ..KIND }
        }
        // An end that cannot be written is another mistake.
        Fault::HardLink | Fault::EndDropped => {
            Kind { company: 100, inside: 30, replaces_journal: false, ..KIND }
        }
        Fault::FileReplacedUnseen => Kind { company: 100, ..KIND },
    };
    day(seed, &kind, Storage::Memory(RefCell::default()), fault)
}

/// A day with a second till and the journal on disk.
pub fn day_on_disk(seed: u64) -> Tally {
    day(seed, &Kind { company: 100, ..KIND }, Storage::Disk(Box::new(Disk::new())), Fault::None)
}

/// A day with the journal on disk, on which the power fails whenever a till is killed. `loses_synced` is a mistake of the disk.
pub fn day_with_power_cuts(seed: u64, loses_synced: bool) -> Tally {
    let disk = Disk::with_power_cuts(seed, loses_synced);
    day(seed, &KIND, Storage::Disk(Box::new(disk)), Fault::None)
}

fn day(seed: u64, kind: &Kind, storage: Storage, fault: Fault) -> Tally {
    let (plan, [chance, more]) = crate::plan(seed, kind);
    let place = plan.place;
    let settings = Settings {
        persona: place.dialect.name.parse().unwrap(),
        latency: place.latency,
        authorisation: place.authorisation,
        printing: place.printing,
        seed,
        ..Settings::default()
    };
    let terminal = || match place.kind {
        LinkKind::Stream => Shop::tcp(settings.clone()),
        LinkKind::Serial => Shop::serial(settings.clone()),
    };
    let network = Network::new([terminal(), terminal()]);
    let world = Virtual { network, storage, place, fault };
    let mut tally = day::live(&world, &plan, chance, more);
    if let Storage::Disk(disk) = &world.storage {
        tally.power_cuts = disk.power_cuts();
    }
    tally
}
