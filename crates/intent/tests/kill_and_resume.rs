//! The till is killed between any two steps, and once more after the restart, against what the payment app really did:
//! never charged twice, and never an approved payment told as anything else.

mod world;

use std::collections::BTreeMap;

use caisse_journal::{Journal, MemoryJournal, SqliteJournal};
use caisse_simulator::payment_app::{Behaviour, Malformation};
use world::{Bug, Delivery, Life, World, hush};

/// Everything that the app may do and say. What it says about a payment that it accepted, refused, or let the user cancel
/// is true; and 3 means that it did not begin. All else is said with the card charged and without.
fn behaviours(codes: &[u8], malformations: &[Malformation]) -> Vec<Behaviour> {
    let mut specs: Vec<String> =
        ["approve", "approve+tip:200", "decline", "cancel", "busy"].map(str::to_owned).to_vec();
    let codes = codes.iter().map(|code| format!("code:{code}"));
    let spoiled = malformations.iter().map(|it| format!("malformed:{}", it.name()));
    for spec in codes.chain(["killed", "null", "other"].map(str::to_owned)).chain(spoiled) {
        specs.push(format!("{spec}+charged"));
        specs.push(spec);
    }
    specs.iter().map(|spec| spec.parse().unwrap()).collect()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    worlds: usize,
    told: BTreeMap<&'static str, usize>,
    violations: Vec<String>,
}

/// What a world is made of.
#[derive(Clone, Debug)]
struct Setting {
    behaviour: Behaviour,
    delivery: Delivery,
    /// How many launches find no app.
    missing: usize,
    bug: Option<Bug>,
}

fn settings(codes: &[u8], malformations: &[Malformation], bug: Option<Bug>) -> Vec<Setting> {
    let mut all = Vec::new();
    for behaviour in behaviours(codes, malformations) {
        for delivery in Delivery::ALL {
            all.push(Setting { behaviour: behaviour.clone(), delivery, missing: 0, bug });
        }
    }
    let delivery = Delivery::Kept;
    all.extend([1, 2].map(|missing| Setting { behaviour: Behaviour::APPROVE, delivery, missing, bug }));
    all
}

impl Setting {
    fn live(&self, lives: &[Life], count: &mut Count) -> Vec<bool> {
        let journal = MemoryJournal::new();
        let open = || Box::new(journal.clone()) as Box<dyn Journal>;
        let mut world = World::new(&open, self.behaviour.clone(), self.delivery, self.bug);
        world.missing = self.missing;
        let mut survived = false;
        let lived = lives.iter().map(|life| {
            survived = survived || world.live(life);
            survived
        });
        let lived: Vec<_> = lived.collect();
        assert!(survived || world.live(&Life::whole()), "nobody kills the last one");
        world.check_the_truth();
        count.worlds += 1;
        world.told.iter().for_each(|name| *count.told.entry(name).or_default() += 1);
        let place = |violation| format!("{self:?}, {lives:?}: {violation}");
        count.violations.extend(world.violations.into_iter().map(place));
        lived
    }

    /// Every place for a kill; the next process lives.
    fn killed_once(&self, count: &mut Count) {
        for first in 0.. {
            if self.live(&[Life::until(first)], count) == [true] {
                return;
            }
        }
    }

    /// Every place for a first kill, and for each every place for a second one in the next process.
    fn killed_twice(&self, count: &mut Count) {
        for first in 0.. {
            for second in 0.. {
                let lived = self.live(&[Life::until(first), Life::until(second)], count);
                if lived[0] {
                    return;
                }
                if lived[1] {
                    break;
                }
            }
        }
    }
}

impl Count {
    fn is(&self, worlds: usize, told: [(&'static str, usize); 6]) {
        assert_eq!(self.violations, [""; 0]);
        assert_eq!((self.worlds, &self.told), (worlds, &BTreeMap::from(told)));
    }
}

#[test]
fn killed_anywhere_never_charged_twice_never_told_otherwise() {
    hush();
    // A till may die at each step of the journal, and a transaction has two more: the lock of its id, and the look at what was
    // decided meanwhile.
    let mut count = Count::default();
    for setting in settings(&[2, 4, 5, 6, 8, 9], Malformation::ALL, None) {
        setting.killed_once(&mut count);
    }
    count.is(
        9101,
        [
            ("approved", 11_536),
            ("blocked", 182),
            ("cancelled", 183),
            ("declined", 5639),
            ("not_sent", 161),
            ("unknown", 12_597),
        ],
    );
}

#[test]
fn killed_anywhere_twice_never_charged_twice_never_told_otherwise() {
    hush();
    let mut count = Count::default();
    for setting in settings(&[8], &[Malformation::Cut], None) {
        setting.killed_twice(&mut count);
    }
    count.is(
        105_883,
        [
            ("approved", 134_191),
            ("blocked", 6158),
            ("cancelled", 6207),
            ("declined", 72_841),
            ("not_sent", 6416),
            ("unknown", 171_310),
        ],
    );
}

#[test]
fn each_planted_bug_is_found() {
    hush();
    for bug in Bug::ALL {
        let mut count = Count::default();
        for setting in settings(&[8], &[Malformation::Cut], Some(bug)) {
            setting.killed_once(&mut count);
        }
        let found = count.violations.iter().any(|violation| violation.contains(bug.symptom()));
        assert!(found, "{bug:?} was not found among {:?}", count.violations.first());
    }
}

/// The same over the file that a device has; once, for each opening reads and checks it.
#[test]
fn the_same_over_a_file() {
    hush();
    let mut worlds = 0;
    for spec in ["approve", "decline", "killed+charged", "killed", "code:8+charged", "malformed:cut+charged"]
    {
        for first in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("journal.db");
            let open = || Box::new(SqliteJournal::open(&file).unwrap()) as Box<dyn Journal>;
            let mut world = World::new(&open, spec.parse().unwrap(), Delivery::Kept, None);
            let survived = world.live(&Life::until(first));
            assert!(survived || world.live(&Life::whole()));
            world.check_the_truth();
            assert_eq!(world.violations, [""; 0], "{spec}, killed at {first}");
            worlds += 1;
            if survived {
                break;
            }
        }
    }
    assert_eq!(worlds, 246);
}
