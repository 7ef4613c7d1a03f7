//! Model checking of a shop: two tills at work at once on one journal, terminals that are renamed, readdressed and swapped, a
//! person who decides and corrects, and App to App in the same journal. Every rule about money is the real one; a till takes
//! one step between two system calls. The exchange with a terminal is abstract: `model` runs the real machine.

mod app;
mod bugs;
#[path = "../../../link/tests/serial_model/ends.rs"]
mod ends;
mod history;
mod locks;
mod moves;
mod pay;
mod people;
mod recover;
mod rules;
mod setups;
mod world;

use std::sync::Arc;

use stateright::{Checker, HasDiscoveries, Model, Property};

use ends::Ends;
use history::Journals;
use moves::Move;
use world::{Setup, Shop, World};

/// What must hold, by name.
mod promise {
    pub const ONE_CHARGE: &str = "one charge at most for an id";
    pub const ONE_CUSTOMER: &str = "a customer whose payment is tried again as told pays once";
    pub const START_FIRST: &str = "nothing is sent before its start is in the file at the path";
    pub const NO_LOST_APPROVAL: &str = "what was charged is not told as unpaid";
    pub const NO_FALSE_APPROVAL: &str = "what was not charged is not told as paid";
    pub const OWN_EVIDENCE: &str = "what one terminal reports changes no transaction of another";
    pub const OWN_RESULT: &str = "a result that names its transaction changes no other one";
    pub const RESULT_KEPT: &str = "what a terminal reports late is in the journal, or agrees with it";
    pub const EVIDENCE_STAYS: &str =
        "nothing is sent to the address of a transaction that a person has to look at";
    pub const END_ON_DISK: &str = "an end that is told to be stored is in the file at the path";
    pub const END: &str = "every run ends, and leaves nothing open that can be known";
    pub const ALL: [&str; 11] = [
        ONE_CHARGE,
        ONE_CUSTOMER,
        START_FIRST,
        NO_LOST_APPROVAL,
        NO_FALSE_APPROVAL,
        OWN_EVIDENCE,
        OWN_RESULT,
        RESULT_KEPT,
        EVIDENCE_STAYS,
        END_ON_DISK,
        END,
    ];
}

impl Model for Shop {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        vec![self.first()]
    }

    fn actions(&self, world: &World, moves: &mut Vec<Move>) {
        moves.extend(moves::possible(self, world));
    }

    fn next_state(&self, world: &World, step: Move) -> Option<World> {
        let mut next = world.clone();
        moves::play(self, &mut next, step);
        Some(next).filter(|next| next != world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! holds {
            ($($promise:ident),*) => {
                vec![$(Property::always(promise::$promise, |_, world: &World| {
                    !world.broken.contains(promise::$promise)
                })),*]
            };
        }
        holds!(
            ONE_CHARGE,
            ONE_CUSTOMER,
            START_FIRST,
            NO_LOST_APPROVAL,
            NO_FALSE_APPROVAL,
            OWN_EVIDENCE,
            OWN_RESULT,
            RESULT_KEPT,
            EVIDENCE_STAYS,
            END_ON_DISK
        )
    }
}

impl Ends for Shop {
    fn is_over(&self, world: &World) -> bool {
        let is_idle = world.app.is_none() && world.tills.iter().all(|till| till.run.is_none());
        if self.setup.person {
            return is_idle && people::is_settled(self, world);
        }
        let records = self.journals.records(world.journal);
        let mut open = records.iter().filter(|record| record.state() == caisse::RecordState::Unresolved);
        is_idle && !open.any(|record| recover::can_be_known(self, world, record))
    }
}

/// Returns the number of states, or the promises that were broken.
fn check(setup: &Setup) -> Result<usize, Vec<&'static str>> {
    check_until(setup, HasDiscoveries::All)
}

/// The same, and gives up looking when this is found.
fn check_until(setup: &Setup, enough: HasDiscoveries) -> Result<usize, Vec<&'static str>> {
    let shop = Shop { setup: setup.clone(), journals: Arc::new(Journals::new()) };
    let checker = shop.clone().checker().threads(2).finish_when(enough).spawn_bfs().join();
    let discoveries = checker.discoveries();
    for (promise, path) in &discoveries {
        let states = path.clone().into_vec().into_iter();
        let steps = states.take_while(|(world, _)| !world.broken.contains(promise));
        println!("{promise}: {:?}", steps.filter_map(|(_, step)| step).collect::<Vec<Move>>());
    }
    if !discoveries.is_empty() {
        return Err(discoveries.into_keys().collect());
    }
    let (reached, longest) = ends::check(&shop).map_err(|why| {
        println!("{why}");
        vec![promise::END]
    })?;
    assert_eq!(reached, checker.unique_state_count(), "both searches see the same");
    println!("{reached} states, no run of more than {longest} steps");
    Ok(reached)
}
