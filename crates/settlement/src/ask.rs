//! Ask: may a terminal be asked about an unresolved transaction?
//!
//! A question for a duplicate receipt occupies a terminal and may print paper. It is not put to a terminal that is known
//! beforehand to be another one than the one to which the transaction was sent.

use crate::context::context;
use crate::{IdentityPart, Mismatch, Record, TerminalIdentity};

/// Whether a terminal may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The terminal may be asked: as far as is known it is the one to which the transaction was sent.
    Allowed,
    /// A person wants to see what the terminal reports, at an address that is new to the journal. The report proves nothing.
    ToShow(Mismatch),
    /// The address is new to the journal. Only a person's word allows the question.
    NewAddress(Mismatch),
    /// The terminal is another one.
    AnotherTerminal(Mismatch),
}

/// Decides whether a terminal may be asked about an unresolved transaction. `found` is the terminal as it is reached now, and
/// `at_new_address` a person's word that a terminal at an address that is new to the journal may be asked.
#[must_use]
pub fn may_ask(
    records: &[Record],
    record: &Record,
    found: &TerminalIdentity,
    at_new_address: bool,
) -> Asking {
    let recorded = context(records, record, None).terminal;
    let Some(mismatch) = Mismatch::between(&recorded, found) else { return Asking::Allowed };
    let moved = mismatch.parts().all(|part| matches!(part, IdentityPart::Address | IdentityPart::Usb));
    if !moved || !is_new(records, found) {
        return Asking::AnotherTerminal(mismatch);
    }
    if at_new_address { Asking::ToShow(mismatch) } else { Asking::NewAddress(mismatch) }
}

/// Whether no transaction of the journal was sent to this address or to this device.
fn is_new(records: &[Record], found: &TerminalIdentity) -> bool {
    let is_known = |record: &Record| {
        let known = TerminalIdentity::of(record.transaction());
        known.has_address_of(found) || known.usb.is_some() && known.usb == found.usb
    };
    found.address.is_some() && !records.iter().any(is_known)
}
