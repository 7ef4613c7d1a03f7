//! A transaction as the journal knows it.

use caisse_payment::{
    Amount, Conclusion, Doubt, Outcome, Proof, Refusal, Transaction, TransactionId, Verdict,
};

use crate::settle::{SettleError, check_amount, check_conclusion, check_transaction};
use crate::{Decision, Paid, SALVAGED, Source, WallTime};

/// One transaction: the attempt that counts, its end, and the decision about it if there is one.
///
/// A record is made by the rules of [`settle`](crate::settle) from events, or from the row of a store by [`new`](Self::new),
/// [`with_conclusion`](Self::with_conclusion), [`with_decision`](Self::with_decision) and [`with_dispute`](Self::with_dispute).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    transaction: Transaction,
    started_at: WallTime,
    conclusion: Option<(Conclusion, WallTime)>,
    decision: Option<(Decision, WallTime)>,
    is_disputed: bool,
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
    /// Returns the record of a transaction that has begun.
    ///
    /// # Errors
    /// [`SettleError::Refused`] when the transaction contains what the journal must not keep, or contradicts itself.
    pub fn new(transaction: Transaction, started_at: WallTime) -> Result<Self, SettleError> {
        check_transaction(&transaction)?;
        Ok(Self { transaction, started_at, conclusion: None, decision: None, is_disputed: false })
    }

    /// Sets the end, in the place of an earlier one.
    ///
    /// # Errors
    /// [`SettleError::Refused`] when the end contains what the journal must not keep, or contradicts itself.
    pub fn with_conclusion(self, conclusion: Conclusion, ended_at: WallTime) -> Result<Self, SettleError> {
        check_conclusion(&self.transaction, &conclusion)?;
        Ok(Self { conclusion: Some((conclusion, ended_at)), ..self })
    }

    /// Sets the newest decision.
    ///
    /// # Errors
    /// [`SettleError::Refused`] when the decision is for another currency than the transaction's.
    pub fn with_decision(self, decision: Decision, decided_at: WallTime) -> Result<Self, SettleError> {
        check_paid(decision.paid(), &self.transaction)?;
        Ok(Self { decision: Some((decision, decided_at)), ..self })
    }

    /// Sets whether the record contains a contradiction that no person has settled.
    #[must_use]
    pub fn with_dispute(self, is_disputed: bool) -> Self {
        Self { is_disputed, ..self }
    }

    /// The key of the transaction.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        self.transaction.id
    }

    /// The attempt that counts.
    #[must_use]
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The end of the transaction; nothing while it runs, or when the till stopped in between.
    #[must_use]
    pub fn conclusion(&self) -> Option<&Conclusion> {
        self.conclusion.as_ref().map(|(conclusion, _)| conclusion)
    }

    /// The newest decision: of a person or of the evidence, if the end was not known; or of a person, if later proof contradicted
    /// the end. Earlier decisions are in the events.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref().map(|(decision, _)| decision)
    }

    /// Whether the record contains a contradiction that no person has settled: later proof against the end, an end against an
    /// earlier decision, a person against the terminal's proof. Both sides are in the events.
    #[must_use]
    pub const fn is_disputed(&self) -> bool {
        self.is_disputed
    }

    /// When the start was written.
    #[must_use]
    pub const fn started_at(&self) -> WallTime {
        self.started_at
    }

    /// When the end was written.
    #[must_use]
    pub fn ended_at(&self) -> Option<WallTime> {
        self.conclusion.as_ref().map(|(_, at)| *at)
    }

    /// When the decision was written.
    #[must_use]
    pub fn decided_at(&self) -> Option<WallTime> {
        self.decision.as_ref().map(|(_, at)| *at)
    }

    /// Whether it still blocks its terminal. A payment that is under way is unresolved too: see
    /// `in_flight` of `caisse-journal`.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.decision(), self.conclusion()) {
            (None, None) => State::Unresolved,
            (None, Some(conclusion)) if conclusion.verdict.outcome.is_unknown() => State::Unresolved,
            _ if self.is_disputed => State::Disputed,
            _ => State::Final,
        }
    }

    /// Whether nothing but the start is known.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.conclusion.is_none() && self.decision.is_none()
    }

    /// Whether the outcome was lost with a damaged journal file ([`Doubt::Salvaged`]). Only a person settles such a transaction:
    /// the journal no longer knows which transactions the terminal has processed since.
    #[must_use]
    pub fn is_salvaged(&self) -> bool {
        self.conclusion().is_some_and(|conclusion| is_salvaged(conclusion.verdict.outcome))
    }

    /// Whether this is no transaction: a salvage wrote it to hold its terminal back, because transactions may be missing. Its
    /// dialect is [`SALVAGED`], and its id begins so. A person settles it as not paid.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        let Transaction { id, dialect, amount, .. } = &self.transaction;
        let is_named = id.as_str().strip_prefix(SALVAGED).is_some_and(|rest| rest.starts_with(':'));
        is_named && dialect.as_str() == SALVAGED && amount.is_zero()
    }

    /// Returns what the record says about the money: by the newest decision, or else by the end. Nothing where neither is known.
    #[must_use]
    pub fn paid(&self) -> Option<Paid> {
        self.decision().map(Decision::paid).or_else(|| self.paid_by_conclusion())
    }

    /// Returns what the end alone says about the money.
    pub(crate) fn paid_by_conclusion(&self) -> Option<Paid> {
        Paid::by_outcome(self.conclusion()?.verdict.outcome)
    }

    /// Returns the tip in what was paid, where the transaction allowed one.
    #[must_use]
    pub fn tip(&self) -> Option<Amount> {
        self.transaction.tip(self.told().outcome.approved_amount()?)
    }

    /// Returns the amount of the approval that could not be accepted because of its amount, while the outcome is unknown.
    #[must_use]
    pub fn reported_amount(&self) -> Option<Amount> {
        self.conclusion().filter(|_| self.told().outcome.is_unknown())?.reported_amount
    }

    /// Returns what may be told of it to a till: the [`verdict`](Self::verdict), except while it is disputed. Then an approval
    /// of the terminal itself stays one, whatever a person decided before it; what was no approval is unknown until a person
    /// has looked, and so is what a person calls paid against the terminal's refusal. Nobody is to pay again meanwhile.
    pub fn told(&self) -> Verdict {
        let verdict = self.verdict();
        if self.is_disputed {
            let by_conclusion = self.conclusion().map(|conclusion| conclusion.verdict);
            if let Some(approval) = by_conclusion.filter(|it| it.outcome.approved_amount().is_some()) {
                return approval;
            }
            let refused = by_conclusion.is_some_and(|it| !it.outcome.is_unknown());
            if refused || verdict.outcome.approved_amount().is_none() {
                let proof = verdict.proof.max(Proof::PerhapsSent);
                return Verdict { outcome: Outcome::Unknown { doubt: Doubt::Disputed }, proof };
            }
        }
        // What was not sent as far as the till knew, and a person found to have been paid after all.
        if matches!(self.decision().map(Decision::paid), Some(Paid::Paid(_))) {
            return Verdict { proof: verdict.proof.max(Proof::PerhapsSent), ..verdict };
        }
        verdict
    }

    /// How it ended, with the newest decision applied. A start without an end is unknown. Decided as paid: approved with the
    /// amount that was paid, which may be more than the amount asked for; or approved in part when less was paid. Decided as
    /// not paid: declined, so that the customer pays under a new id; the reason says whether a person decided. The proof stays
    /// the one that was recorded.
    pub fn verdict(&self) -> Verdict {
        let recorded = self.conclusion().map_or(
            Verdict { outcome: Outcome::Unknown { doubt: Doubt::Interrupted }, proof: Proof::PerhapsSent },
            |conclusion| conclusion.verdict,
        );
        let outcome = match self.decision().map(|decision| (decision.paid(), decision.source())) {
            None => recorded.outcome,
            Some((Paid::NotPaid, Source::Person)) => Outcome::Declined { refusal: Refusal::DecidedNotPaid },
            Some((Paid::NotPaid, Source::Evidence)) => Outcome::Declined { refusal: Refusal::NotCompleted },
            Some((Paid::Paid(amount), _)) => match self.transaction.amount.checked_sub(amount) {
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

/// Checks that an amount that was paid can belong to the transaction.
pub(crate) fn check_paid(paid: Paid, transaction: &Transaction) -> Result<(), SettleError> {
    match paid {
        Paid::Paid(amount) => check_amount(amount, transaction.amount.currency()),
        Paid::NotPaid => Ok(()),
    }
}
