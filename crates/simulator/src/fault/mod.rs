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

use crate::persona::Generation;
use crate::random::Random;

/// One of the faults that can happen on this line, at a place by chance; nothing for the transactions that go well.
pub(crate) fn by_chance(
    random_fault: Fault,
    lines: Lines,
    generation: Generation,
    random: &mut Random,
) -> Option<Fault> {
    if random.below(100) >= random_fault.value().unwrap_or(0) {
        return None;
    }
    let fits = |name| match name {
        Name::Random => false,
        Name::WrongAction => generation == Generation::Three,
        _ => name.description().lines == Lines::Any || lines == Lines::Framed,
    };
    let names: Vec<Name> = CATALOGUE.iter().map(|line| line.fault).filter(|name| fits(*name)).collect();
    Some(catalogue::somewhere(Fault::new(random.choose(&names)?), generation, random))
}
