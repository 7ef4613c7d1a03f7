//! The words of a list, in English and French.

use caisse::{Operation, Outcome};

use crate::args::LanguageArgument;

/// The words of one language.
pub(super) struct Words {
    language: LanguageArgument,
    pub(super) running: &'static str,
    pub(super) reported: &'static str,
    pub(super) tip: &'static str,
    pub(super) decided_by: &'static str,
}

impl Words {
    pub(super) const fn of(language: LanguageArgument) -> Self {
        match language {
            LanguageArgument::En => Self {
                language,
                running: "running",
                reported: "reported",
                tip: "tip",
                decided_by: "decided by",
            },
            LanguageArgument::Fr => Self {
                language,
                running: "en cours",
                reported: "annoncé",
                tip: "dont pourboire",
                decided_by: "décidé par",
            },
        }
    }

    pub(super) fn state<'s>(&self, name: &'s str) -> &'s str {
        match (self.language, name) {
            (LanguageArgument::En, name) => name,
            (LanguageArgument::Fr, super::IN_FLIGHT) => "en cours",
            (LanguageArgument::Fr, "unresolved") => "à résoudre",
            (LanguageArgument::Fr, "disputed") => "contesté",
            (LanguageArgument::Fr, _) => "réglé",
        }
    }

    pub(super) const fn outcome(&self, outcome: &Outcome) -> &'static str {
        match (self.language, outcome) {
            (LanguageArgument::En, outcome) => outcome.name(),
            (LanguageArgument::Fr, Outcome::Approved { .. }) => "approuvé",
            (LanguageArgument::Fr, Outcome::PartiallyApproved { .. }) => "approuvé en partie",
            (LanguageArgument::Fr, Outcome::Declined { .. }) => "refusé",
            (LanguageArgument::Fr, Outcome::Cancelled { .. }) => "abandonné",
            (LanguageArgument::Fr, Outcome::NotSent { .. }) => "non envoyé",
            (LanguageArgument::Fr, Outcome::Unknown { .. }) => "RÉSULTAT INCONNU",
            (LanguageArgument::Fr, Outcome::Blocked { .. }) => "bloqué",
        }
    }

    pub(super) const fn operation(&self, operation: Operation) -> &'static str {
        match (self.language, operation) {
            (LanguageArgument::En, operation) => operation.name(),
            (LanguageArgument::Fr, Operation::Debit) => "débit",
            (LanguageArgument::Fr, Operation::Credit) => "crédit",
            (LanguageArgument::Fr, Operation::Cancellation) => "annulation",
            (LanguageArgument::Fr, Operation::Cheque) => "chèque",
            (LanguageArgument::Fr, Operation::DeferredDebit) => "débit différé",
        }
    }
}
