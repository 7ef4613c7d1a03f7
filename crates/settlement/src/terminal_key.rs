//! The key of a terminal in the journal.

use caisse_payment::{TerminalId, Transaction};

/// The key of a terminal: its name, and its address where it has one. A name may change while a transaction is unresolved,
/// and one program may use the address where another uses a name; both still mean one terminal.
///
/// ```
/// use caisse_settlement::TerminalKey;
///
/// let address = Some("tcp:192.0.2.7:8888".parse()?);
/// let front = TerminalKey { terminal: "front".parse()?, address };
/// assert_ne!(front, TerminalKey::from(front.terminal));
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalKey {
    /// The name of the terminal.
    pub terminal: TerminalId,
    /// The address of the terminal, as [`Transaction::address`].
    pub address: Option<TerminalId>,
}

impl From<TerminalId> for TerminalKey {
    /// The key of a terminal of which only the name is known.
    fn from(terminal: TerminalId) -> Self {
        Self { terminal, address: None }
    }
}

impl From<&Transaction> for TerminalKey {
    /// The key of the terminal to which the transaction was sent.
    fn from(transaction: &Transaction) -> Self {
        Self { terminal: transaction.terminal, address: transaction.address }
    }
}

impl TerminalKey {
    /// Whether the transaction may have been sent to this terminal: the name or the address is the same. Enough to hold a
    /// payment back, and never enough for evidence.
    #[must_use]
    pub fn may_be_of(&self, transaction: &Transaction) -> bool {
        let names = [Some(self.terminal), self.address];
        names.contains(&Some(transaction.terminal))
            || transaction.address.is_some() && names.contains(&transaction.address)
    }
}
