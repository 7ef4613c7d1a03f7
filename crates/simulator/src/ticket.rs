//! The tickets that the virtual terminal sends, in Latin-1.

use caisse_codec::{Copies, TicketRequest};
use caisse_payment::Amount;

/// The line that stands on every ticket and every screen of a virtual terminal.
pub const VIRTUAL: &str = "VIRTUAL TERMINAL: no money moved";

/// What a ticket says of a payment.
#[derive(Debug)]
pub(crate) struct TicketContent<'a> {
    pub(crate) request: TicketRequest,
    pub(crate) approved: bool,
    pub(crate) amount: Amount,
    pub(crate) card: &'a str,
    pub(crate) authorisation: Option<&'a str>,
    pub(crate) contract: &'a str,
}

impl TicketContent<'_> {
    /// The text, at most 500 bytes of Latin-1. With `x2x` one ticket serves both: how two are laid out in one ZT is not
    /// documented.
    pub(crate) fn render(&self) -> Vec<u8> {
        let (title, keep) = match self.request.copies {
            Copies::Customer => ("TICKET CLIENT", "À CONSERVER"),
            Copies::Merchant => ("TICKET COMMERÇANT", "À CONSERVER"),
            Copies::Both => ("TICKET CLIENT ET COMMERÇANT", "À CONSERVER"),
        };
        let verdict = if self.approved { "DÉBIT" } else { "TRANSACTION REFUSÉE" };
        let mut lines = vec![
            VIRTUAL.to_owned(),
            "CARTE BANCAIRE".to_owned(),
            "SANS CONTACT".to_owned(),
            format!("CONTRAT {}", self.contract),
            self.card.to_owned(),
        ];
        lines.extend(self.authorisation.map(|number| format!("N° AUTO {number}")));
        lines.extend([
            format!("MONTANT {}", self.amount),
            verdict.to_owned(),
            title.to_owned(),
            keep.to_owned(),
        ]);
        let text = if self.request.html {
            format!("<pre>{}</pre>\n", lines.join("<br>"))
        } else {
            format!("{}\n", lines.join("\n"))
        };
        // Every character above is one of Latin-1.
        text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
    }
}
