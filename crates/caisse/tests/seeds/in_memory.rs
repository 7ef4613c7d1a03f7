//! A day in virtual time, with the journal in memory.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use caisse::{Journal, LinkKind, MemoryJournal, WallTime};
use caisse_payment::entry::Entry;
use caisse_simulator::terminal::{Settings, Terminal};

use crate::day::{self, Tally, World};
use crate::plan::Kind;
use crate::shop::{Shop, Trouble};

/// Card holders take up to a minute and a half.
const KIND: Kind =
    Kind { lines: &[LinkKind::Stream, LinkKind::Serial], latency: 90_000, sales: 5, alike: true };

/// Which tills there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Till {
    Remembers,
    /// A mistake: a till that is started again no longer has what had not ended.
    Forgets,
}

struct Virtual<'j> {
    shop: Shop<'j>,
    journal: Rc<RefCell<MemoryJournal>>,
    tills: Till,
}

/// The journal without what has no end.
fn forgetful(journal: &MemoryJournal) -> MemoryJournal {
    let mut kept = MemoryJournal::new();
    for record in journal.list().unwrap() {
        if let Some(end) = record.end {
            // What the journal refuses now it forgets too.
            let _ = kept.append(&Entry::Started(record.start), WallTime::now());
            let _ = kept.append(&Entry::Ended(end), WallTime::now());
        }
    }
    kept
}

impl World for Virtual<'_> {
    fn till(&self, trouble: Trouble) -> caisse::Till {
        if self.tills == Till::Forgets {
            let forgetful = forgetful(&self.journal.borrow());
            self.journal.replace(forgetful);
        }
        self.shop.till_in(trouble)
    }

    fn journal(&self) -> Box<dyn Journal> {
        Box::new(self.journal.borrow().clone())
    }

    fn pass(&self, time: Duration) {
        self.shop.world.run_for(time);
    }

    fn longest(&self) -> Duration {
        Duration::from_secs(301)
    }

    fn moment(&self) -> Duration {
        Duration::from_millis(300)
    }

    fn at_terminal<T>(&self, act: impl FnOnce(&mut Terminal) -> T) -> T {
        self.shop.world.at_terminal(|terminal, _| act(terminal))
    }

    fn fail_write(&self, n: u64) {
        self.journal.borrow().fail_nth_append(n);
    }
}

pub fn one_day(seed: u64, tills: Till) -> Tally {
    let (plan, chance) = crate::plan(seed, &KIND);
    let place = plan.place;
    let settings = Settings {
        persona: place.dialect.name.parse().unwrap(),
        latency: place.latency,
        authorisation: place.authorisation,
        printing: place.printing,
        seed,
        ..Settings::default()
    };
    let world = match place.kind {
        LinkKind::Stream => Shop::tcp(settings),
        LinkKind::Serial => Shop::serial(settings),
    };
    let journal = Rc::new(RefCell::new(MemoryJournal::new()));
    let another = Rc::clone(&journal);
    let new_journal = move || -> Box<dyn Journal> { Box::new(another.borrow().clone()) };
    let shop = Shop {
        world,
        dialect: place.dialect,
        kind: place.kind,
        exclusive: place.exclusive,
        journal: &new_journal,
    };
    day::live(&Virtual { shop, journal, tills }, &plan, chance)
}
