//! What a seed stands for: a terminal, a line, and a day of sales in which something goes wrong.

use std::time::Duration;

use caisse::{Dialect, LinkKind, Operation};
use caisse_simulator::fault::{CATALOGUE, Fault, Lines, Name};
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::seat::Layout;
use crate::shop::{CUTS, Trouble};

/// Numbers that come again from the same seed.
pub struct Chance(SplitMix64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    pub fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn millis(&mut self, limit: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.below(limit)).unwrap())
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub dialect: Dialect,
    pub kind: LinkKind,
    pub exclusive: bool,
    pub latency: Duration,
    pub authorisation: Duration,
    pub printing: Duration,
}

/// Somebody's wish to stop.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// At the how many-th event of the payment.
    pub at: usize,
    pub gives_up: bool,
}

#[derive(Clone, Debug)]
pub struct Sale {
    pub operation: Operation,
    pub minor: u64,
    pub partial: bool,
    pub reference: bool,
    /// What the terminal does, in the simulator's grammar.
    pub turn: String,
    pub trouble: Trouble,
    pub wish: Option<Wish>,
    /// Which of the journal's next writes fails.
    pub write_failure: Option<u64>,
}

/// The kind of shop that a plan is for.
pub struct Kind {
    pub lines: &'static [LinkKind],
    /// How long a card holder takes at most, in milliseconds.
    pub latency: usize,
    /// How many sales there are at most, 2 or more.
    pub sales: usize,
    /// Whether some sales are of one amount.
    pub alike: bool,
    /// On how many days of a hundred a second till is alive.
    pub company: usize,
    /// What may change in the configuration on such a day.
    pub layouts: &'static [Layout],
    /// At how many events of a hundred somebody acts inside a payment.
    pub inside: usize,
    /// Whether the file of the journal is replaced.
    pub replaces_journal: bool,
    /// Whether the network holds requests back.
    pub holds_back: bool,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub place: Place,
    pub sales: Vec<Sale>,
    /// A second till is alive, and this is what changes in the configuration.
    pub company: Option<Company>,
}

/// What a day with a second till is like.
#[derive(Clone, Copy, Debug)]
pub struct Company {
    pub layout: Layout,
    /// As in [`Kind`].
    pub inside: usize,
    pub replaces_journal: bool,
    pub holds_back: bool,
    /// Whether some sales are of one amount.
    pub alike: bool,
}

/// Faults after which a terminal's word may be another transaction's, or anything: no two sales are of one amount then,
/// because nothing but the amount tells them apart.
const LIES: [Name; 5] = [Name::Earlier, Name::Collision, Name::Flip, Name::Garbage, Name::Random];

impl Plan {
    /// `more` decides what a second till does, so that the days without one stay as they are.
    pub fn new(chance: &mut Chance, more: &mut Chance, shop: &Kind) -> Self {
        let kind = chance.one_of(shop.lines);
        let dialects = Dialect::ALL
            .into_iter()
            .filter(|dialect| matches!(kind, LinkKind::Serial) || !dialect.name.starts_with("concert"));
        let place = Place {
            dialect: chance.one_of(&dialects.collect::<Vec<_>>()),
            kind,
            exclusive: chance.percent(70),
            latency: chance.millis(shop.latency),
            authorisation: chance.millis(shop.latency / 5),
            printing: chance.millis(shop.latency / 10),
        };
        let count = 2 + chance.below(shop.sales - 1);
        let turns: Vec<(String, bool)> = (0..count).map(|_| turn(chance, kind)).collect();
        let lies = !shop.alike || turns.iter().any(|(_, lies)| *lies);
        let sales =
            (0_u64..).zip(turns).map(|(number, (turn, _))| sale(chance, number, turn, lies)).collect();
        Self { place, sales, company: None }.with(more, shop, !lies)
    }

    /// Adds a second till to some days. A cancellation undoes the last transaction of a terminal, whichever that is: none on
    /// such a day.
    fn with(mut self, more: &mut Chance, shop: &Kind, alike: bool) -> Self {
        if more.percent(shop.company) {
            self.company = Some(Company {
                layout: more.one_of(shop.layouts),
                inside: shop.inside,
                replaces_journal: shop.replaces_journal,
                holds_back: shop.holds_back,
                alike,
            });
            for sale in &mut self.sales {
                if sale.operation == Operation::Cancellation {
                    sale.operation = Operation::Debit;
                }
            }
        }
        self
    }
}

fn sale(chance: &mut Chance, number: u64, turn: String, lies: bool) -> Sale {
    let operation = match chance.below(20) {
        0 | 1 => Operation::Credit,
        // Of the amount of the sale that it undoes.
        2 if !lies => Operation::Cancellation,
        _ => Operation::Debit,
    };
    let alike = !lies && chance.percent(60);
    let minor = if alike { 2500 } else { 1000 + 137 * (number + 1) };
    let may_be_partial = !lies && !turn.contains("wrong-amount");
    Sale {
        operation,
        minor,
        partial: may_be_partial && chance.percent(20),
        reference: chance.percent(50),
        turn,
        trouble: trouble(chance),
        wish: chance.percent(12).then(|| Wish { at: chance.below(7), gives_up: chance.percent(50) }),
        write_failure: chance.percent(8).then(|| 1 + u64::try_from(chance.below(3)).unwrap()),
    }
}

fn trouble(chance: &mut Chance) -> Trouble {
    match chance.below(20) {
        0..=5 => Trouble::Kill(chance.below(60)),
        6..=8 => Trouble::CutAfterSent(chance.below(90), chance.one_of(&CUTS)),
        9..=11 => Trouble::CutAfterReceived(chance.below(200), chance.one_of(&CUTS)),
        _ => Trouble::None,
    }
}

/// An answer with its faults, and whether the terminal's word may be anything then.
fn turn(chance: &mut Chance, kind: LinkKind) -> (String, bool) {
    let mut turn = match chance.below(20) {
        0..=2 => "decline:04",
        3 => "decline:02",
        4 | 5 => "cancel",
        6 => "timeout",
        7 => "partial:5.00",
        _ => "approve",
    }
    .to_owned();
    let mut lies = false;
    for _ in 0..chance.one_of(&[0, 0, 0, 1, 1, 1, 1, 2]) {
        let description = &CATALOGUE[chance.below(CATALOGUE.len())];
        if description.lines == Lines::Framed && kind == LinkKind::Stream {
            continue;
        }
        let place = match description.places().as_slice() {
            [] => String::new(),
            places => {
                let number = chance.below(160).to_string();
                format!("@{}", places[chance.below(places.len())].replace('N', &number))
            }
        };
        let text = format!("{}{place}", description.name);
        if text.parse::<Fault>().is_ok() {
            turn = format!("{turn}+{text}");
            lies |= LIES.contains(&description.fault);
        }
    }
    (turn, lies)
}
