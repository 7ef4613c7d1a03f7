//! A transaction as the journal knows it.

use caisse_payment::entry::{End, Start};
use caisse_payment::{Amount, Doubt, Outcome, Proof, Refusal, Verdict};

use crate::{Decision, Paid, Source, WallTime};

/// One transaction: the attempt that counts, its end, and the decision about it if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was asked for.
    pub start: Start,
    /// How it ended; nothing while it runs, or when the till stopped in between.
    pub end: Option<End>,
    /// The newest decision: of a person or of the evidence, if the end was not known; or of a person, if later proof contradicted
    /// the end. Earlier decisions are in the events.
    pub decision: Option<Decision>,
    /// Whether the record contains a contradiction that no person has settled: later proof against the end, an end against an
    /// earlier decision, a person against the terminal's proof. Both sides are in the events.
    pub disputed: bool,
    /// When the start was written.
    pub started_at: WallTime,
    /// When the end was written.
    pub ended_at: Option<WallTime>,
    /// When the decision was written.
    pub decided_at: Option<WallTime>,
}

/// Whether a transaction still blocks its terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No end, or an end that is unknown, and no decision.
    Unresolved,
    /// A known end or a decision.
    Final,
    /// The same, and proof that contradicts it came later: a person has to look. The terminal is blocked while this is the
    /// newest transaction that reached it.
    Disputed,
}

impl State {
    /// The stable name: `unresolved`, `final` or `disputed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Final => "final",
            Self::Disputed => "disputed",
        }
    }
}

impl Record {
    /// Whether it still blocks its terminal. A payment that is under way is unresolved too: see
    /// `in_flight` of `caisse-journal`.
    #[must_use]
    pub fn state(&self) -> State {
        match (&self.decision, &self.end) {
            (None, None) => State::Unresolved,
            (None, Some(end)) if end.verdict.outcome.is_unknown() => State::Unresolved,
            _ if self.disputed => State::Disputed,
            _ => State::Final,
        }
    }

    /// Whether nothing but the start is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.end.is_none() && self.decision.is_none()
    }

    /// Whether the outcome was lost with a damaged journal file ([`Doubt::Salvaged`]). Only a person settles such a transaction:
    /// the journal no longer knows which transactions the terminal has processed since.
    #[must_use]
    pub fn is_salvaged(&self) -> bool {
        self.end.is_some_and(|end| is_salvaged(end.verdict.outcome))
    }

    /// Returns what the record says about the money: by the newest decision, or else by the end. Nothing where neither is known.
    #[must_use]
    pub fn paid(&self) -> Option<Paid> {
        let by_end = || self.end.and_then(|end| Paid::by_outcome(end.verdict.outcome));
        self.decision.as_ref().map(|decision| decision.paid).or_else(by_end)
    }

    /// Returns the tip in what was paid, where the transaction allowed one.
    #[must_use]
    pub fn tip(&self) -> Option<Amount> {
        self.start.content.tip(self.told().outcome.approved_amount()?)
    }

    /// Returns the amount of the approval that could not be accepted because of its amount, while the outcome is unknown.
    #[must_use]
    pub fn reported_amount(&self) -> Option<Amount> {
        self.end.filter(|_| self.told().outcome.is_unknown())?.reported_amount
    }

    /// Returns what may be told of it to a till: the [`verdict`](Self::verdict), except while it is disputed. Then an approval
    /// of the terminal itself stays one, whatever a person decided before it; what was no approval is unknown until a person
    /// has looked, and so is what a person calls paid against the terminal's refusal. Nobody is to pay again meanwhile.
    pub fn told(&self) -> Verdict {
        let verdict = self.verdict();
        if self.disputed {
            let by_end = self.end.map(|end| end.verdict);
            if let Some(approval) = by_end.filter(|it| it.outcome.approved_amount().is_some()) {
                return approval;
            }
            let refused = by_end.is_some_and(|it| !it.outcome.is_unknown());
            if refused || verdict.outcome.approved_amount().is_none() {
                let proof = verdict.proof.max(Proof::PerhapsSent);
                return Verdict { outcome: Outcome::Unknown { doubt: Doubt::Disputed }, proof };
            }
        }
        // What was not sent as far as the till knew, and a person found to have been paid after all.
        if matches!(self.decision.as_ref().map(|decision| decision.paid), Some(Paid::Paid(_))) {
            return Verdict { proof: verdict.proof.max(Proof::PerhapsSent), ..verdict };
        }
        verdict
    }

    /// How it ended, with the newest decision applied. A start without an end is unknown. Decided as paid: approved with the
    /// amount that was paid, which may be more than the amount asked for; or approved in part when less was paid. Decided as
    /// not paid: declined, so that the customer pays under a new id; the reason says whether a person decided. The proof stays
    /// the one that was recorded.
    pub fn verdict(&self) -> Verdict {
        let recorded = self.end.map_or(
            Verdict { outcome: Outcome::Unknown { doubt: Doubt::Interrupted }, proof: Proof::PerhapsSent },
            |end| end.verdict,
        );
        let outcome = match self.decision.as_ref().map(|decision| (decision.paid, decision.source)) {
            None => recorded.outcome,
            Some((Paid::NotPaid, Source::Person)) => Outcome::Declined { refusal: Refusal::DecidedNotPaid },
            Some((Paid::NotPaid, Source::Evidence)) => Outcome::Declined { refusal: Refusal::NotCompleted },
            Some((Paid::Paid(amount), _)) => match self.start.content.amount.checked_sub(amount) {
                Some(due) if !due.is_zero() => Outcome::PartiallyApproved { approved: amount, due },
                _ => Outcome::Approved { amount },
            },
        };
        Verdict { outcome, ..recorded }
    }
}

/// Whether this outcome says that the outcome was lost with a damaged journal file.
pub(crate) const fn is_salvaged(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { doubt: Doubt::Salvaged })
}
