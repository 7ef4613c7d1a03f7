//! What public documents say of each tag: name, length, characters, secrecy, direction, and presence in each
//! operation.

mod charset;
mod form;
mod presence;

use core::ops::RangeInclusive;

use caisse_payment::Text;

use crate::Tag;

pub use charset::Charset;
pub(crate) use charset::{HIGH, WORD};
pub use form::find;
pub(crate) use form::{FORMS, place, row_of};
pub use presence::{Exchange, Presence};

/// The messages that carry a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directions {
    /// Only requests, from the till to the terminal.
    Request,
    /// Only answers, from the terminal to the till.
    Answer,
    /// Both.
    Both,
}

/// One documented tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The tag.
    pub tag: Tag,
    /// Its name.
    pub name: Text,
    /// The least length of its value, in bytes.
    pub least: usize,
    /// The largest length of its value, in bytes.
    pub most: usize,
    /// Its characters.
    pub charset: Charset,
    /// Whether its value may identify a person or hold a secret.
    pub sensitive: bool,
    /// The messages that carry it. Of AP and AQ it is inferred; BA is a till's, and one simulator echoes it.
    pub directions: Directions,
    /// Whether only one vendor documents it: PayXpert (AP, AQ, ID, IM) or Fidecoin (AD, AG, AH, AM, AN).
    pub vendor: bool,
}

impl Definition {
    /// The documented lengths.
    #[must_use]
    pub const fn lengths(&self) -> RangeInclusive<usize> {
        self.least..=self.most
    }

    /// Whether a value has a documented length and only characters of the set.
    #[must_use]
    pub fn allows(&self, value: &[u8]) -> bool {
        self.lengths().contains(&value.len()) && self.charset.holds(value)
    }
}

const fn define(
    tag: Tag,
    (least, most): (usize, usize),
    charset: Charset,
    fr: &'static str,
    en: &'static str,
) -> Definition {
    // The letter says whose a tag is: A the terminal's, B the register's, C and Z both.
    let directions = match tag.letters() {
        [b'A', _] => Directions::Answer,
        [b'B', _] => Directions::Request,
        _ => Directions::Both,
    };
    Definition {
        tag,
        name: Text { fr, en },
        least,
        most,
        charset,
        sensitive: false,
        directions,
        vendor: false,
    }
}

const fn sensitive(definition: Definition) -> Definition {
    Definition { sensitive: true, ..definition }
}

const fn vendor(definition: Definition) -> Definition {
    Definition { vendor: true, ..definition }
}

const fn carried(directions: Directions, definition: Definition) -> Definition {
    Definition { directions, ..definition }
}

use Charset::{Alphanumeric, Base64, Digits, Fields, Printable};

/// Every documented tag, in alphabetic order. Lengths and names follow `docs/protocol.en.md`; where sources
/// disagree the wider bound stands, and vendor tags without a documented maximum get that of the length field.
pub const DEFINITIONS: &[Definition] = &[
    sensitive(define(Tag::AA, (1, 64), Printable, "Numéro de carte (PAN)", "Card number (PAN)")),
    sensitive(define(Tag::AB, (4, 4), Digits, "Date de fin de validité", "Expiry date")),
    define(Tag::AC, (1, 10), Alphanumeric, "Numéro d'autorisation", "Authorisation number"),
    vendor(sensitive(define(Tag::AD, (1, 999), Printable, "Piste CMC7 du chèque", "CMC7 track of a cheque"))),
    define(Tag::AE, (2, 2), Digits, "État de l'action", "Status of the action"),
    define(Tag::AF, (2, 50), Printable, "Complément d'état", "Complement to the status"),
    vendor(sensitive(define(Tag::AG, (1, 999), Printable, "Réponse FNCI", "FNCI answer (cheque file)"))),
    vendor(sensitive(define(
        Tag::AH,
        (1, 999),
        Printable,
        "Réponse garantie chèque",
        "Cheque guarantee answer",
    ))),
    define(Tag::AI, (1, 32), Alphanumeric, "Identifiant d'application (AID)", "Card application (AID)"),
    carried(
        Directions::Both,
        sensitive(define(Tag::AK, (1, 900), Base64, "Données du ticket", "Ticket data")),
    ),
    define(Tag::AL, (1, 1), Alphanumeric, "Type de PAN", "Type of card number"),
    vendor(sensitive(define(
        Tag::AM,
        (1, 999),
        Printable,
        "Téléphone saisi au terminal",
        "Telephone typed on the terminal",
    ))),
    vendor(sensitive(define(
        Tag::AN,
        (1, 999),
        Printable,
        "E-mail saisi au terminal",
        "E-mail typed on the terminal",
    ))),
    vendor(define(
        Tag::AP,
        (13, 13),
        Printable,
        "Date de l'opération (PayXpert)",
        "Date of the operation (PayXpert)",
    )),
    vendor(define(
        Tag::AQ,
        (2, 20),
        Printable,
        "Numéro de série du terminal (PayXpert)",
        "Serial number of the terminal (PayXpert)",
    )),
    carried(
        Directions::Both,
        define(Tag::BA, (1, 1), Digits, "Réponse immédiate ou différée", "Immediate or deferred answer"),
    ),
    define(Tag::BB, (1, 1), Digits, "Demande d'autorisation forcée", "Force an authorisation request"),
    define(Tag::BF, (1, 1), Digits, "Paiement partiel", "Partial payment"),
    sensitive(define(Tag::BH, (8, 20), Digits, "Téléphone du client", "Customer's telephone")),
    sensitive(define(Tag::BI, (6, 256), Printable, "E-mail du client", "Customer's e-mail")),
    define(Tag::CA, (2, 2), Digits, "Numéro de caisse", "Register number"),
    define(Tag::CB, (2, 12), Digits, "Montant", "Amount"),
    define(Tag::CC, (3, 3), Alphanumeric, "Application", "Application"),
    define(Tag::CD, (1, 1), Alphanumeric, "Type d'action", "Type of action"),
    define(Tag::CE, (3, 3), Digits, "Devise", "Currency"),
    sensitive(define(Tag::CF, (1, 99), Printable, "Données privées", "Private data")),
    carried(
        Directions::Answer,
        define(Tag::CG, (1, 10), Printable, "Contrat commerçant", "Merchant contract"),
    ),
    carried(
        Directions::Request,
        define(Tag::CH, (1, 99), Printable, "Référence externe", "External reference"),
    ),
    define(Tag::CI, (1, 1), Digits, "Mode de lecture", "Reading mode"),
    define(
        Tag::CJ,
        (12, 12),
        Digits,
        "Identifiant protocole Concert (IPC)",
        "Concert protocol identifier (IPC)",
    ),
    define(Tag::CK, (3, 3), Alphanumeric, "Gestion du ticket", "Ticket management"),
    define(Tag::CZ, (4, 4), Digits, "Version du protocole", "Protocol version"),
    carried(
        Directions::Answer,
        vendor(define(
            Tag::ID,
            (1, 999),
            Printable,
            "Identifiant de transaction (PayXpert)",
            "Transaction id (PayXpert)",
        )),
    ),
    carried(
        Directions::Request,
        vendor(define(
            Tag::IM,
            (1, 999),
            Printable,
            "Identifiant du débit d'origine (PayXpert)",
            "Id of the original debit (PayXpert)",
        )),
    ),
    sensitive(define(Tag::ZT, (1, 999), Fields, "Ticket construit", "Constructed ticket")),
];
