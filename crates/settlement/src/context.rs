//! What the records of a journal say around an unresolved transaction.

use caisse_payment::evidence::ShownIdentity;
use caisse_payment::{Amount, AuthorisationNumber, Proof, Verdict};

use crate::attribute::accepted_number;
use crate::weigh::Previous;
use crate::{Decision, Record, TerminalIdentity, TerminalKey};

/// What the journal knows about a transaction beside its own record, collected for [`weigh`](crate::weigh::weigh).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The terminal to which it was sent, with the identities that this terminal showed last, in the answer to the
    /// transaction itself or before it: at this address under any name, or else under this name at any address.
    pub terminal: TerminalIdentity,
    /// The last transaction before it that was completed on the terminal.
    pub previous: Previous,
    /// Whether the reported transaction may be another one of the journal: the authorisation number may be that of another
    /// transaction, on any terminal, or one that may have reached this terminal under another name or address has the same
    /// amount and no known number.
    pub of_another: bool,
}

/// Collects from all records, oldest first, what [`weigh`](crate::weigh::weigh) needs to know about `record`. `reported` is the
/// authorisation number that the terminal reports now.
#[must_use]
pub fn context(records: &[Record], record: &Record, reported: Option<AuthorisationNumber>) -> Context {
    let asked = record.transaction().amount;
    let (key, mut terminal) =
        (TerminalKey::from(record.transaction()), TerminalIdentity::of(record.transaction()));
    let (mut previous, mut perhaps) = (Previous::Unknown, Previous::Unknown);
    let mut by_name = ShownIdentity::default();
    let earlier = records.iter().take_while(|other| other.id() != record.id());
    for earlier in earlier.filter(|earlier| key.may_be_of(earlier.transaction())) {
        perhaps = after(perhaps, earlier, asked);
        let (shown, sent_to) = (shown(earlier), TerminalIdentity::of(earlier.transaction()));
        let is_same_place = terminal.is_of(earlier.transaction());
        if !is_same_place && !terminal.has_address_of(&sent_to) {
            by_name = last_shown(by_name, shown);
            continue;
        }
        if !terminal.is(&terminal.showing(shown)) {
            // Another terminal has been put in the place of the one before: what that one did is not in this one's memory.
            previous = Previous::Unknown;
        }
        terminal = terminal.showing(last_shown(terminal.shown(), shown));
        if is_same_place {
            previous = after(previous, earlier, asked);
        }
    }
    if terminal.shown() == ShownIdentity::default() {
        // The name may have moved here with its terminal. What shows another identity is another terminal's report.
        terminal = terminal.showing(by_name);
    }
    if !terminal.is(&terminal.showing(shown(record))) {
        previous = Previous::Unknown;
    }
    terminal = terminal.showing(last_shown(terminal.shown(), shown(record)));
    let is_reported = |other: &Record| {
        other.id() != record.id()
            && accepted_number(other)
                .zip(reported)
                .is_some_and(|(number, reported)| number.compare(&reported).may_be_same())
    };
    let of_another = records.iter().any(is_reported) || perhaps == Previous::Unnumbered(asked);
    Context { terminal, previous, of_another }
}

/// Returns the identities that a terminal showed in the answer to a transaction.
fn shown(record: &Record) -> ShownIdentity {
    record.conclusion().map_or_else(ShownIdentity::default, |conclusion| ShownIdentity {
        contract: conclusion.contract,
        serial_number: conclusion.serial_number,
    })
}

/// Returns what a terminal showed last. What it did not show again stays.
fn last_shown(before: ShownIdentity, now: ShownIdentity) -> ShownIdentity {
    ShownIdentity {
        contract: now.contract.or(before.contract),
        serial_number: now.serial_number.or(before.serial_number),
    }
}

/// Returns what precedes a transaction of this amount once this earlier transaction is taken into account.
fn after(previous: Previous, earlier: &Record, asked: Amount) -> Previous {
    if earlier.is_salvaged() {
        // It stands where events were lost: the terminal may have completed any transaction since the one before.
        return Previous::Unnumbered(asked);
    }
    let Verdict { outcome, proof } = earlier.told();
    let by_a_person = earlier.decision().is_some_and(Decision::is_by_person);
    let doubtful = by_a_person || earlier.is_disputed();
    let paid = outcome.approved_amount();
    let transaction = earlier.transaction();
    let of_this_amount = paid == Some(asked)
        || (transaction.amount.currency() == asked.currency()
            && transaction.approvable().contains(&asked.minor()));
    match (paid, accepted_number(earlier)) {
        (Some(amount), Some(number)) => Previous::Authorised(number, amount),
        (Some(amount), None) if !doubtful => Previous::Unnumbered(amount),
        // Whatever was decided: perhaps it was decided before the card holder was done.
        _ if doubtful && proof != Proof::NothingSent && of_this_amount => Previous::Unnumbered(asked),
        _ => previous,
    }
}
