//! The tickets that the virtual terminal sends, in Latin-1.

use caisse_codec::{Copies, TicketRequest};
use caisse_payment::Amount;

use crate::terminal::{CONTRACT, Operation};

/// The line that stands on every ticket and every screen of a virtual terminal.
pub const VIRTUAL: &str = "VIRTUAL TERMINAL: no money moved";

/// The card of every customer, as the terminal masks it.
pub(crate) const CARD: &str = "497010******1234";

/// The most characters of a receipt of E and E+.
const LONGEST_RECEIPT: usize = caisse_codec::fixed::LONGEST_RECEIPT;

/// What the terminal shows instead of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The last transaction was not completed.
    NotCompleted,
    /// None since the last telecollection.
    NoDuplicata,
}

impl Note {
    /// The words as HiPay documents them.
    const fn text(self) -> &'static str {
        match self {
            Self::NotCompleted => "DERNIERE TRANSACTION NON ABOUTIE\nPAS DE DUPLICATA",
            Self::NoDuplicata => "DUPLICATA IMPOSSIBLE",
        }
    }
}

/// What a ticket says of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketContent {
    operation: Operation,
    approved: bool,
    duplicate: bool,
    amount: Option<Amount>,
    read: bool,
    authorisation: Option<String>,
    note: Option<Note>,
}

impl TicketContent {
    /// The ticket of a transaction that was not performed; `read` says whether a card was there.
    pub(crate) const fn of(operation: Operation, amount: Option<Amount>, read: bool) -> Self {
        Self { operation, approved: false, duplicate: false, amount, read, authorisation: None, note: None }
    }

    /// A note instead of a ticket.
    pub(crate) fn note(note: Note) -> Self {
        Self { note: Some(note), ..Self::of(Operation::Duplicata, None, false) }
    }

    pub(crate) fn approved(self, authorisation: Option<String>) -> Self {
        Self { approved: true, authorisation, ..self }
    }

    pub(crate) fn duplicate(self) -> Self {
        Self { duplicate: true, ..self }
    }

    fn lines(&self, copies: Copies) -> Vec<String> {
        if let Some(note) = self.note {
            return [VIRTUAL].into_iter().chain(note.text().lines()).map(str::to_owned).collect();
        }
        let cheque = self.operation == Operation::Cheque;
        let title = match copies {
            Copies::Customer => "TICKET CLIENT",
            Copies::Merchant => "TICKET COMMERÇANT",
            Copies::Both => "TICKET CLIENT ET COMMERÇANT",
        };
        let verdict = match self.operation {
            _ if !self.approved => "TRANSACTION REFUSÉE",
            Operation::Credit | Operation::LinkedCredit => "CRÉDIT",
            Operation::Cancellation => "ANNULATION",
            _ => "DÉBIT",
        };
        let mut lines = vec![VIRTUAL.to_owned()];
        lines.extend(self.duplicate.then(|| "DUPLICATA".to_owned()));
        let means: &[&str] = if cheque { &["CHÈQUE"] } else { &["CARTE BANCAIRE", "SANS CONTACT"] };
        lines.extend(means.iter().map(|line| (*line).to_owned()));
        lines.push(format!("CONTRAT {CONTRACT}"));
        lines.extend((!cheque).then(|| CARD.to_owned()));
        lines.extend(self.authorisation.as_ref().map(|number| format!("N° AUTO {number}")));
        lines.extend(self.amount.map(|amount| format!("MONTANT {amount}")));
        lines.extend([verdict, title, "À CONSERVER"].map(str::to_owned));
        lines
    }

    /// The text, at most 500 bytes of Latin-1. With `x2x` one ticket serves both: how two are laid out in one ZT is not
    /// documented.
    pub(crate) fn render(&self, request: TicketRequest) -> Vec<u8> {
        let lines = self.lines(request.copies);
        let text = if request.html {
            format!("<pre>{}</pre>\n", lines.join("<br>"))
        } else {
            format!("{}\n", lines.join("\n"))
        };
        // Every character above is one of Latin-1.
        text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
    }

    /// The receipt of E, which has seven bits for a character: accents are dropped, as such terminals do.
    pub(crate) fn receipt(&self) -> Vec<u8> {
        let plain = |character: char| match character {
            'À' => 'A',
            'É' | 'È' => 'E',
            'Ç' => 'C',
            '°' => 'o',
            other => other,
        };
        let text: String = self.lines(Copies::Customer).join("\n").chars().map(plain).collect();
        let text = text.bytes().map(|byte| if byte.is_ascii() { byte } else { b'?' });
        text.chain([b'\n']).take(LONGEST_RECEIPT).collect()
    }
}
