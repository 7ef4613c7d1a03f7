//! What the records of a journal say around an unresolved transaction.

use caisse_payment::{Amount, AuthorisationNumber, ContractNumber, Proof, Verdict};

use crate::attribute::accepted_number;
use crate::weigh::Previous;
use crate::{Record, Source, TerminalKey};

/// What the journal knows about a transaction beside its own record, collected for [`weigh`](crate::weigh::weigh).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The last transaction before it that was completed on the terminal.
    pub previous: Previous,
    /// The contract (CG) that the terminal showed last before it.
    pub contract: Option<ContractNumber>,
    /// Whether the journal has the reported authorisation number as that of another transaction, on any terminal.
    pub of_another: bool,
}

/// Collects from all records, oldest first, what [`weigh`](crate::weigh::weigh) needs to know about `record`. `reported` is the authorisation
/// number that the terminal reports now.
#[must_use]
pub fn context(
    records: &[Record],
    key: &TerminalKey,
    record: &Record,
    reported: Option<AuthorisationNumber>,
) -> Context {
    let is_reported =
        |other: &Record| other.start.id != record.start.id && accepted_number(other) == reported;
    let of_another = reported.is_some() && records.iter().any(is_reported);
    let mut context = Context { previous: Previous::Unknown, contract: None, of_another };
    let earlier = records.iter().take_while(|other| other.start.id != record.start.id);
    for earlier in earlier.filter(|earlier| key.may_be_of(&earlier.start)) {
        context.previous = after(context.previous, earlier, record.start.content.amount);
        context.contract = earlier.end.and_then(|end| end.contract).or(context.contract);
    }
    context
}

/// Returns what precedes a transaction of this amount once this earlier transaction is taken into account.
fn after(previous: Previous, earlier: &Record, asked: Amount) -> Previous {
    let Verdict { outcome, proof } = earlier.told();
    let by_a_person = earlier.decision.as_ref().is_some_and(|decision| decision.source == Source::Person);
    let doubtful = by_a_person || earlier.disputed;
    let paid = outcome.approved_amount();
    let content = &earlier.start.content;
    let of_this_amount = paid == Some(asked)
        || (content.amount.currency() == asked.currency() && content.approvable().contains(&asked.minor()));
    match (paid, accepted_number(earlier)) {
        (Some(amount), Some(number)) => Previous::Authorised(number, amount),
        (Some(amount), None) if !doubtful => Previous::Unnumbered(amount),
        // Whatever was decided: perhaps it was decided before the card holder was done.
        _ if doubtful && proof != Proof::NothingSent && of_this_amount => Previous::Unnumbered(asked),
        _ => previous,
    }
}
