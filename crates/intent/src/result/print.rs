//! What the app says to PRINT_LAST.

use caisse_payment::{Doubt, Receipt};

use super::fields::{Fields, integer};
use super::tickets::Tickets;
use super::{ActivityResult, Answer};
use crate::Status;
use crate::definition::outcome as field;

/// Whether the tickets were printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrintOutcome {
    /// Yes; an app without a printer says so too.
    Printed,
    /// No.
    Failed,
    /// Nothing that could be read.
    Unknown(Doubt),
}

/// The tickets of the last transaction of the terminal, whichever it was: for a person to compare, never a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintAnswer {
    outcome: PrintOutcome,
    tickets: Tickets,
}

impl PrintAnswer {
    /// Reads the result of PRINT_LAST. That it stands in the extra `result` too is a guess.
    #[must_use]
    pub fn read(result: &ActivityResult) -> Self {
        let mut tickets = Tickets::default();
        let outcome = read(result, &mut tickets).unwrap_or_else(PrintOutcome::Unknown);
        Self { outcome, tickets }
    }

    /// Whether they were printed.
    #[must_use]
    pub const fn outcome(&self) -> PrintOutcome {
        self.outcome
    }

    /// The tickets that could be read: both, whatever was printed.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.tickets.receipts
    }

    /// How many could not be read.
    #[must_use]
    pub const fn unreadable_tickets(&self) -> usize {
        self.tickets.unreadable
    }
}

fn read(result: &ActivityResult, tickets: &mut Tickets) -> Result<PrintOutcome, Doubt> {
    let text = result.text().ok_or(Doubt::NoResult)?;
    if text.len() > Answer::LONGEST {
        return Err(Doubt::AnswerTooLong);
    }
    let fields = Fields::read(text).map_err(|_| Doubt::AnswerMalformed)?;
    for (_, value) in fields.iter().filter(|(name, _)| field::TICKETS.names.contains(name)) {
        tickets.take(value);
    }
    let status = fields.get(&field::STATUS, integer).value().ok_or(Doubt::StatusMissing)?;
    match Status::from_number(status) {
        Some(Status::Accepted) => Ok(PrintOutcome::Printed),
        Some(Status::Denied) => Ok(PrintOutcome::Failed),
        None => Err(Doubt::StatusUnknown),
    }
}
