//! The terminal's report about its last transaction, read from its answer to a request for a duplicate receipt.

use caisse_codec::{Action, Answer, Complement, Status};
use caisse_payment::Comparison;
use caisse_payment::evidence::{Echoed, LastTransaction};

/// Reads the answer to a request for a duplicate receipt. `nonce` is the reference that went out with the unresolved
/// transaction, where the terminal gives it back. `has_sessions` says that the answer came on a line that was there before: a
/// refusal that repeats nothing of the request may then be that of any transaction. The action is not asked for, since PayXpert's
/// answers to a duplicata have none.
#[must_use]
pub fn read_last_transaction(
    answer: &Answer<'_>,
    nonce: Option<&[u8]>,
    has_sessions: bool,
) -> LastTransaction {
    let is_of_this_request = !has_sessions || answer.register().is_some();
    let is_duplicata = answer.action().is_none_or(|action| action == Action::DUPLICATA);
    if !is_duplicata || answer.immediate() == Some(true) {
        return LastTransaction::Unclear;
    }
    match answer.status() {
        Some(Status::Performed) => LastTransaction::Completed {
            minor: answer.amount_minor(),
            currency: answer.currency().map(|currency| currency.numeric()),
            authorisation: answer.authorisation(),
            reference: match (nonce, answer.private()) {
                (Some(nonce), Some(private)) => match Comparison::between_bytes(nonce, private.reveal()) {
                    Comparison::Same => Echoed::Ours,
                    Comparison::Differs => Echoed::Another,
                    Comparison::Unclear => Echoed::Unclear,
                },
                _ => Echoed::Absent,
            },
        },
        Some(Status::NotPerformed)
            if is_of_this_request && answer.complement().is_some_and(is_not_completed) =>
        {
            LastTransaction::NotCompleted
        }
        _ => LastTransaction::Unclear,
    }
}

/// Complement 07: "non aboutie".
fn is_not_completed(complement: Complement) -> bool {
    complement.code() == *b"07"
}
