//! What a person confirmed with a decision.

use core::fmt::{self, Write as _};

/// One thing that a person confirmed: a step of the procedure for a hung terminal, or that an amount is no mistake.
///
/// A terminal that already has the request may still charge the customer, and nothing can take the request back: so a person looks,
/// restarts the terminal and looks again before deciding "not paid".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// The till asked the terminal (`recover`).
    Recovered,
    /// The terminal's own journal, or its list of transactions, was read: a restart may erase it.
    TerminalJournal,
    /// The terminal was restarted.
    Restarted,
    /// The till asked the terminal once more after the restart.
    RecoveredAgain,
    /// The customer paid more than the amount asked for and the tip that was allowed. Without it such a decision is refused: it may
    /// be a slip of the keyboard.
    MoreThanAsked,
}

impl Confirmation {
    /// Every one: the steps in the order of the procedure, then the amount.
    pub const ALL: [Self; 5] =
        [Self::Recovered, Self::TerminalJournal, Self::Restarted, Self::RecoveredAgain, Self::MoreThanAsked];

    /// Returns the stable name: `recovered`, `terminal-journal`, `restarted`, `recovered-again` or `more-than-asked`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::TerminalJournal => "terminal-journal",
            Self::Restarted => "restarted",
            Self::RecoveredAgain => "recovered-again",
            Self::MoreThanAsked => "more-than-asked",
        }
    }

    /// Returns the one that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Recovered => 1,
            Self::TerminalJournal => 2,
            Self::Restarted => 4,
            Self::RecoveredAgain => 8,
            Self::MoreThanAsked => 16,
        }
    }
}

/// What a person confirmed with a decision. Its `Display` is the names, in the order of [`Confirmation::ALL`], separated by commas.
///
/// ```
/// use caisse_settlement::{Confirmation, Confirmations};
///
/// let confirmed = Confirmations::NONE.with(Confirmation::Restarted).with(Confirmation::Recovered);
/// assert_eq!(confirmed.to_string(), "recovered,restarted");
/// assert_eq!(Confirmations::from_text("recovered,restarted"), Some(confirmed));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Confirmations(u8);

impl Confirmations {
    /// Nothing was confirmed.
    pub const NONE: Self = Self(0);

    /// Adds one.
    #[must_use]
    pub const fn with(self, step: Confirmation) -> Self {
        Self(self.0 | step.bit())
    }

    /// Whether this was confirmed.
    #[must_use]
    pub const fn contains(self, step: Confirmation) -> bool {
        self.0 & step.bit() != 0
    }

    /// Whether nothing was confirmed.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns what was confirmed, in the order of [`Confirmation::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Confirmation> {
        Confirmation::ALL.into_iter().filter(move |step| self.contains(*step))
    }

    /// Reads what `Display` writes.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::NONE);
        }
        text.split(',').try_fold(Self::NONE, |all, name| Some(all.with(Confirmation::from_name(name)?)))
    }
}

impl FromIterator<Confirmation> for Confirmations {
    fn from_iter<I: IntoIterator<Item = Confirmation>>(steps: I) -> Self {
        steps.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Confirmations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.iter().enumerate() {
            if number > 0 {
                f.write_char(',')?;
            }
            f.write_str(step.name())?;
        }
        Ok(())
    }
}
