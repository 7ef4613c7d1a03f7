//! The choice of images: some of all that a power cut can leave.

use crate::disk::{Disk, Effect, Taken, Time};

/// The number of images to look at.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Looks at one of so many images, and at all of the most important ones.
    pub one_in: usize,
    /// The number of earlier effects that are combined with the newest one, or torn beside it, at each moment.
    pub pairs: usize,
    /// The number of images with any sectors of any effects, at each moment.
    pub samples: usize,
}

/// Numbers that look random, and are the same each time.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// How much of each pending effect an image takes, and its time.
type Choice = (Vec<Taken>, Time);

const TORN: [Taken; 3] = [Taken::FirstHalf, Taken::LastHalf, Taken::Length];

/// The choices that are new since the newest effect: all of them take something of it.
pub fn with_newest(disk: &Disk<'_>, bounds: Bounds, random: &mut Random) -> Vec<Choice> {
    let count = disk.pending.len();
    let Some(newest) = count.checked_sub(1) else { return Vec::new() };
    let nothing = vec![Taken::Nothing; count];
    let everything = vec![Taken::All; count];
    let with = |base: &[Taken], effect: usize, how: Taken| {
        let mut taken = base.to_vec();
        taken[effect] = how;
        taken
    };
    let only_newest = with(&nothing, newest, Taken::All);
    let always = [(everything.clone(), Time::NewestSeen), (only_newest.clone(), Time::NewestSeen)];
    let mut choices = vec![(everything.clone(), Time::Other), (only_newest.clone(), Time::Other)];
    // Everything except one.
    choices.extend((0..newest).map(|effect| (with(&everything, effect, Taken::Nothing), Time::NewestSeen)));
    if is_write(disk, newest) {
        for how in TORN {
            choices.push((with(&everything, newest, how), Time::NewestSeen));
            choices.push((with(&nothing, newest, how), Time::NewestSeen));
        }
    }
    // Everything of this file, and nothing of others.
    let node_of = |effect: usize| disk.effect(disk.pending[effect]).node();
    let of_node = (0..count).map(|effect| match node_of(effect) == node_of(newest) {
        true => Taken::All,
        false => Taken::Nothing,
    });
    choices.push((of_node.collect(), Time::NewestSeen));
    for _ in 0..bounds.pairs.min(newest) {
        let (other, torn) = (random.below(newest), TORN[random.below(TORN.len())]);
        choices.push((with(&only_newest, other, Taken::All), Time::NewestSeen));
        choices.push((with(&only_newest, other, torn), Time::NewestSeen));
        choices.push((with(&everything, other, torn), Time::NewestSeen));
    }
    choices.extend((0..bounds.samples).map(|_| sample(count, random)));
    some(always, choices, bounds, random)
}

/// All choices at a moment, whenever they became possible.
pub fn all(disk: &Disk<'_>, bounds: Bounds, random: &mut Random) -> Vec<Choice> {
    let count = disk.pending.len();
    let taken = |how: &dyn Fn(usize) -> Taken| (0..count).map(how).collect::<Vec<_>>();
    let is = |condition: bool| if condition { Taken::All } else { Taken::Nothing };
    let always =
        [(vec![Taken::Nothing; count], Time::NewestSeen), (vec![Taken::All; count], Time::NewestSeen)];
    let mut choices =
        vec![(vec![Taken::Nothing; count], Time::Other), (vec![Taken::All; count], Time::Other)];
    for end in 0..=count {
        // The first ones, this one alone, and all except this one.
        choices.push((taken(&|effect| is(effect < end)), Time::NewestSeen));
        choices.push((taken(&|effect| is(effect == end)), Time::NewestSeen));
        choices.push((taken(&|effect| is(effect != end)), Time::NewestSeen));
        if end < count && is_write(disk, end) {
            for torn in TORN {
                let first = |effect: usize| if effect == end { torn } else { is(effect < end) };
                choices.push((taken(&first), Time::NewestSeen));
                let alone = |effect: usize| if effect == end { torn } else { Taken::Nothing };
                choices.push((taken(&alone), Time::NewestSeen));
            }
        }
    }
    choices.extend((0..bounds.samples).map(|_| sample(count, random)));
    some(always, choices, bounds, random)
}

/// The first choices, and some of the others.
fn some(always: [Choice; 2], others: Vec<Choice>, bounds: Bounds, random: &mut Random) -> Vec<Choice> {
    let others = others.into_iter().filter(|_| random.below(bounds.one_in) == 0);
    always.into_iter().chain(others).collect()
}

fn is_write(disk: &Disk<'_>, effect: usize) -> bool {
    matches!(disk.effect(disk.pending[effect]), Effect::Write { .. })
}

/// Any sectors of any effects.
fn sample(count: usize, random: &mut Random) -> Choice {
    let taken = (0..count).map(|_| match random.below(4) {
        0 => Taken::Nothing,
        1 => Taken::All,
        _ => Taken::Sectors(random.next()),
    });
    (taken.collect(), Time::Seen(random.below(8)))
}
