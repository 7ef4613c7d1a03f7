//! The right to put a message on the line.

use core::fmt;

mod sealed {
    pub trait Sealed {}
}

/// The right to put a message on the line. It is handed to the session with the errand, and spent by emitting.
///
/// [`step`](super::step) is generic over it and knows neither how to copy nor how to make one. So what it holds after an
/// emission is what [`spend`](Self::spend) left: for [`Once`] nothing, whatever is acknowledged, refused or lost.
/// Nobody else can implement it.
pub trait Permit: sealed::Sealed + Sized + fmt::Debug {
    /// Splits into the emission itself, and what remains for another.
    fn spend(self) -> (Self, Option<Self>);
}

/// A request: one emission, and no second one.
///
/// The till's side. A request that goes out twice can charge twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Once;

impl sealed::Sealed for Once {}

impl Permit for Once {
    fn spend(self) -> (Self, Option<Self>) {
        (self, None)
    }
}

/// A result: it may be said again when it was refused or not acknowledged, since it moves no money.
///
/// The terminal's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Copies {
    /// How many emissions follow this one at most.
    pub more: u8,
}

impl sealed::Sealed for Copies {}

impl Permit for Copies {
    fn spend(self) -> (Self, Option<Self>) {
        let rest = self.more.checked_sub(1).map(|more| Self { more });
        (self, rest)
    }
}

/// A probe: no such right exists, so no state, effect or action can hold a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Never {}

impl sealed::Sealed for Never {}

impl Permit for Never {
    fn spend(self) -> (Self, Option<Self>) {
        match self {}
    }
}
