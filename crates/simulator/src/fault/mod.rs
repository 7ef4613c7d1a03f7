//! Faults: what goes wrong between a terminal and a till, at a chosen byte or step.

mod alter;
mod catalogue;
mod grammar;
mod link;
mod pipe;

pub use catalogue::{CATALOGUE, Description, Lines, Name};
pub use grammar::{Fault, FaultError, Position, Step};
pub use link::FaultyLink;

pub(crate) use alter::alter;
pub(crate) use grammar::Spec;
pub(crate) use pipe::{Leaves, Pipe};

use crate::random::Random;

/// One of the faults at a place by chance; nothing for the transactions that go well.
pub(crate) fn by_chance(random_fault: Fault, random: &mut Random) -> Option<Fault> {
    if random.below(100) >= random_fault.value().unwrap_or(0) {
        return None;
    }
    let name =
        CATALOGUE.get(usize::try_from(random.below(u64::try_from(CATALOGUE.len()).ok()?)).ok()?)?.fault;
    if name == Name::Random {
        return None;
    }
    Some(catalogue::somewhere(Fault::new(name), random))
}
