//! Where a till finds its terminal, and under which name.

use caisse::LinkKind;

use crate::plan::Chance;

/// A terminal as it is written in the configuration of a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The name; nothing where the terminal goes by its address.
    pub name: Option<&'static str>,
    /// Which address; nothing where the till has a link of its own and no address.
    pub address: Option<Location>,
}

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The first terminal stands there in the morning.
    First,
    /// The second terminal stands there all day.
    Second,
    /// The first terminal stands there once it has moved.
    FirstMoved,
}

impl Location {
    /// The number of the terminal that stands there.
    pub const fn terminal(self) -> usize {
        match self {
            Self::First | Self::FirstMoved => 0,
            Self::Second => 1,
        }
    }

    /// The address, as a configuration has it.
    pub const fn address(self, kind: LinkKind) -> &'static str {
        match (self, kind) {
            (Self::First, LinkKind::Stream) => "tcp://192.0.2.7:8888",
            (Self::Second, LinkKind::Stream) => "tcp://192.0.2.8:8888",
            (Self::FirstMoved, LinkKind::Stream) => "tcp://192.0.2.9:8888",
            (Self::First, LinkKind::Serial) => "serial:/dev/no-such-port-7",
            (Self::Second, LinkKind::Serial) => "serial:/dev/no-such-port-8",
            (Self::FirstMoved, LinkKind::Serial) => "serial:/dev/no-such-port-9",
        }
    }
}

impl Seat {
    /// A link of the till's own, which leads to the first terminal.
    pub const ALONE: Self = Self { name: Some("counter"), address: None };

    const fn new(name: &'static str, place: Location) -> Self {
        Self { name: Some(name), address: Some(place) }
    }

    /// The number of the terminal to which it leads.
    pub fn terminal(self) -> usize {
        self.address.map_or(0, Location::terminal)
    }
}

/// What changes in the configuration of the shop during a day. No terminal changes its name and its address at once: such a
/// one cannot be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Nothing.
    Fixed,
    /// The terminal is renamed, and some tills call it by its address.
    Renamed,
    /// The terminal gets another address.
    Moved,
    /// A spare terminal takes the place of the first under its name.
    Spare,
    /// Two terminals exchange their names.
    Swapped,
}

impl Layout {
    pub const ALL: [Self; 5] = [Self::Fixed, Self::Renamed, Self::Moved, Self::Spare, Self::Swapped];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Spare => "spare",
            Self::Swapped => "swapped",
        }
    }

    /// How tills find a terminal in the morning.
    pub const fn morning(self) -> Seat {
        Seat::new("counter", Location::First)
    }

    /// How tills find a terminal after the change.
    pub const fn changed(self) -> Seat {
        match self {
            Self::Fixed => self.morning(),
            Self::Renamed => Seat::new("comptoir", Location::First),
            Self::Moved => Seat::new("counter", Location::FirstMoved),
            Self::Spare | Self::Swapped => Seat::new("counter", Location::Second),
        }
    }

    /// How the second terminal is found in the morning, if there is one.
    pub const fn spare(self) -> Option<Seat> {
        match self {
            Self::Fixed | Self::Renamed | Self::Moved => None,
            Self::Spare => Some(Seat::new("spare", Location::Second)),
            Self::Swapped => Some(Seat::new("kitchen", Location::Second)),
        }
    }

    /// How another till finds a terminal now.
    pub fn another(self, present: Seat, chance: &mut Chance) -> Seat {
        let by_address = Seat { name: None, ..present };
        let choices = match self {
            // The new address alone is no name that the journal knows.
            Self::Fixed | Self::Moved => [present; 4],
            Self::Renamed => [
                present,
                by_address,
                Seat::new("counter", Location::First),
                Seat::new("comptoir", Location::First),
            ],
            Self::Spare => [present, present, by_address, self.morning()],
            Self::Swapped => [
                present,
                by_address,
                Seat::new("kitchen", Location::First),
                Seat::new("kitchen", Location::Second),
            ],
        };
        chance.one_of(&choices)
    }
}
