//! What the explanations say, in both languages.

use caisse_codec::explain::{Direction, Explanation, Language, Meaning};
use caisse_codec::{Message, Tag, dictionary};
use caisse_payment::{Amount, Currency, Refusal};

fn lines(wire: &str, language: Language) -> Vec<String> {
    let message = Message::decode(wire.as_bytes()).expect(wire);
    message.fields().map(|field| Explanation::new(field, message, language).to_string()).collect()
}

/// The last field of a message, explained in French and in English.
fn last(wire: &str) -> (String, String) {
    let explain = |language| lines(wire, language).pop().unwrap();
    (explain(Language::French), explain(Language::English))
}

const REQUEST: &str = "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978";

#[test]
fn a_request_is_explained_field_by_field() {
    assert_eq!(
        lines(REQUEST, Language::English),
        [
            "Protocol version: 3.00",
            "Concert protocol identifier (IPC)",
            "Register number",
            "Amount: 25.00 EUR",
            "Type of action: debit",
            "Currency: EUR",
        ]
    );
    assert_eq!(
        lines(REQUEST, Language::French),
        [
            "Version du protocole : 3.00",
            "Identifiant protocole Concert (IPC)",
            "Numéro de caisse",
            "Montant : 25.00 EUR",
            "Type d'action : débit",
            "Devise : EUR",
        ]
    );
    assert_eq!(Language::default(), Language::English);
}

#[test]
fn an_answer_is_explained_and_its_secrets_are_not() {
    let answer = "CZ0040301CJ012323540032810CA00201CB0042500CD0010CE003978AA016501767712200067\
                  4AB0041603AC006A00395AI014A0000000421010AL0011AE00210AF00201CC00300BCF003abcCG0071234567CI0012\
                  ZT021CK003100AK0080sjYQQ==XY003abc";
    assert_eq!(
        lines(answer, Language::English)[6..],
        [
            "Card number (PAN)",
            "Expiry date",
            "Authorisation number",
            "Card application (AID)",
            "Type of card number: partial",
            "Status of the action: operation performed",
            "Complement to the status: transaction authorised",
            "Application: CB contactless",
            "Private data",
            "Merchant contract",
            "Reading mode: contactless",
            "Constructed ticket",
            "Undocumented field",
        ]
    );
    assert_eq!(
        lines(answer, Language::French)[6..],
        [
            "Numéro de carte (PAN)",
            "Date de fin de validité",
            "Numéro d'autorisation",
            "Identifiant d'application (AID)",
            "Type de PAN : partiel",
            "État de l'action : opération effectuée",
            "Complément d'état : transaction autorisée",
            "Application : CB sans contact",
            "Données privées",
            "Contrat commerçant",
            "Mode de lecture : sans contact",
            "Ticket construit",
            "Champ non documenté",
        ]
    );
    let refused = "CZ0040300AE00201AF00204";
    assert_eq!(
        lines(refused, Language::English)[1..],
        [
            "Status of the action: operation not performed",
            "Complement to the status: The bank refused the payment.",
        ]
    );
}

#[test]
fn every_documented_tag_has_its_name() {
    for row in dictionary::DEFINITIONS {
        let wire = format!("{}0011", row.tag);
        let message = Message::decode(wire.as_bytes()).unwrap();
        let field = message.fields().next().unwrap();
        for (language, name) in [(Language::French, row.name.fr), (Language::English, row.name.en)] {
            let explanation = Explanation::new(field, message, language);
            assert_eq!(explanation.name(), name);
            assert!(explanation.to_string().starts_with(name));
        }
    }
}

/// The tables of the protocol documents, by hand: field, French, English.
const VALUES: &[(&str, &str, &str)] = &[
    ("CD0010", "débit", "debit"),
    ("CD0011", "crédit", "credit"),
    ("CD0012", "annulation", "cancellation"),
    ("CD0013", "duplicata", "duplicata"),
    ("CD0014", "pré-autorisation", "pre-authorisation"),
    ("CD0017", "débit différé", "deferred debit"),
    ("CD001B", "télécollecte", "telecollection"),
    ("CD001C", "état CTMS", "CTMS status"),
    ("CD001I", "identification", "identification"),
    ("CD001P", "impression d'un ticket", "print a ticket"),
    ("CD001R", "redémarrage", "reboot"),
    ("CD001T", "état de la transaction", "transaction status"),
    ("AE00201", "opération non effectuée", "operation not performed"),
    ("AE00210", "opération effectuée", "operation performed"),
    ("AE00211", "demande prise en compte, sans résultat", "request taken into account, no result yet"),
    ("AE00200", "état inconnu", "unknown status"),
    ("AF00201", "transaction autorisée", "transaction authorised"),
    ("CI0010", "au choix", "any"),
    ("CI0011", "puce demandée", "chip asked for"),
    ("CI0012", "sans contact demandé", "contactless asked for"),
    ("CI0013", "piste magnétique demandée", "magnetic stripe asked for"),
    ("CI0014", "saisie manuelle demandée", "manual entry asked for"),
    ("AE00210CI0010", "indifférent", "indifferent"),
    ("AE00210CI0011", "puce", "chip"),
    ("AE00210CI0012", "sans contact", "contactless"),
    ("AE00210CI0013", "piste magnétique", "magnetic stripe"),
    ("AE00210CI0014", "saisie manuelle", "manual entry"),
    ("CC003000", "indifférent", "indifferent"),
    ("CC003001", "CB (Visa, Mastercard) contact", "CB (Visa, Mastercard) contact"),
    ("CC00300C", "chèque", "cheque"),
    ("CC00300V", "ANCV (chèques-vacances)", "ANCV (holiday vouchers)"),
    ("CK003000", "pas de ticket pour la caisse", "no ticket for the till"),
    ("CK003100", "ticket client, Latin-1", "customer's ticket, Latin-1"),
    ("CK003101", "ticket client, HTML", "customer's ticket, HTML"),
    ("CK003110", "ticket commerçant, Latin-1", "merchant's ticket, Latin-1"),
    ("CK003121", "tickets client et commerçant, HTML", "customer's and merchant's tickets, HTML"),
    ("BA0010", "réponse en fin de transaction", "answer at the end of the transaction"),
    (
        "BA0011",
        "réponse immédiate : ne dit rien du paiement",
        "immediate answer: says nothing of the payment",
    ),
    ("BB0010", "non", "no"),
    ("BB0011", "oui", "yes"),
    ("BF0010", "non", "no"),
    ("BF0011", "oui", "yes"),
    ("AL0011", "partiel", "partial"),
    ("CZ0040320", "3.20", "3.20"),
    ("CZ0040301", "3.01", "3.01"),
    ("CZ0040125", "1.25", "1.25"),
    ("CE003978", "EUR", "EUR"),
    ("CE003036", "AUD", "AUD"),
    ("CE003392", "JPY", "JPY"),
    ("CB0042500", "2500 unités mineures", "2500 minor units"),
    ("CB0070000005", "5 unités mineures", "5 minor units"),
];

#[test]
fn every_documented_value_has_its_words() {
    for (wire, fr, en) in VALUES {
        let (french, english) = last(wire);
        let message = Message::decode(wire.as_bytes()).unwrap();
        let name = dictionary::find(message.fields().last().unwrap().tag()).unwrap().name;
        assert_eq!(french, format!("{} : {fr}", name.fr), "{wire}");
        assert_eq!(english, format!("{}: {en}", name.en), "{wire}");
    }
}

#[test]
fn every_refusal_has_its_sentence() {
    // A person's decision is no answer of a terminal.
    for &refusal in Refusal::ALL.iter().filter(|&&refusal| refusal != Refusal::DecidedNotPaid) {
        let code = if refusal == Refusal::Other { "14" } else { refusal.code() };
        let (french, english) = last(&format!("AF002{code}"));
        assert_eq!(french, format!("Complément d'état : {}", refusal.text().fr));
        assert_eq!(english, format!("Complement to the status: {}", refusal.text().en));
    }
}

#[test]
fn a_long_complement_shows_its_codes_and_not_the_banks_text() {
    for (wire, fr, en) in [
        (
            "AF02904148HOLDER INVALID          ",
            "Paiement refusé par la banque. (champ CB2A 39 : 14)",
            "The bank refused the payment. (CB2A field 39: 14)",
        ),
        (
            "AF02904  HOLDER INVALID       12A7",
            "Paiement refusé par la banque. (champ CB2A 55 : 12, champ CB2A 58 : A7)",
            "The bank refused the payment. (CB2A field 55: 12, CB2A field 58: A7)",
        ),
        (
            "AF0290100                     0000",
            "transaction autorisée (champ CB2A 39 : 00, champ CB2A 55 : 00, champ CB2A 58 : 00)",
            "transaction authorised (CB2A field 39: 00, CB2A field 55: 00, CB2A field 58: 00)",
        ),
        (
            "AF02904                           ",
            "Paiement refusé par la banque.",
            "The bank refused the payment.",
        ),
        // Not of the form: a code of one character, or another length.
        (
            "AF029041 8HOLDER INVALID          ",
            "Paiement refusé par la banque.",
            "The bank refused the payment.",
        ),
        ("AF01904148HOLDER INVALID", "Paiement refusé par la banque.", "The bank refused the payment."),
    ] {
        let expected = (format!("Complément d'état : {fr}"), format!("Complement to the status: {en}"));
        assert_eq!(last(wire), expected);
    }
}

#[test]
fn a_value_that_no_document_knows_has_a_name_and_no_meaning() {
    for (wire, name) in [
        ("CD0015", "Type of action"),
        ("CD0016", "Type of action"),
        ("CD00200", "Type of action"),
        ("AE0011", "Status of the action"),
        ("AF001A", "Complement to the status"),
        ("CI0015", "Reading mode"),
        ("CK003200", "Ticket management"),
        ("CC003999", "Application"),
        ("CC00200", "Application"),
        ("BA0012", "Immediate or deferred answer"),
        ("BB0012", "Force an authorisation request"),
        ("BF000", "Partial payment"),
        ("AL0012", "Type of card number"),
        ("CZ003320", "Protocol version"),
        ("CZ0050320x", "Protocol version"),
        ("CZ004032A", "Protocol version"),
        ("CE003000", "Currency"),
        ("CE0040978", "Currency"),
        ("CE003EUR", "Currency"),
        ("CB000", "Amount"),
        ("CB003+25", "Amount"),
        ("CB0130000000002500", "Amount"),
    ] {
        assert_eq!(last(wire).1, name, "{wire}");
    }
}

#[test]
fn an_amount_takes_the_currency_of_its_message() {
    for (wire, shown) in [
        ("CE003978CB0042500", "Amount: 25.00 EUR"),
        ("CE003392CB0042500", "Amount: 2500 JPY"),
        ("CE003788CB0042500", "Amount: 2.500 TND"),
        ("CE003999CB0042500", "Amount: 2500 minor units"),
        ("CE003978CB00205", "Amount: 0.05 EUR"),
    ] {
        assert_eq!(last(wire).1, shown, "{wire}");
    }
    let message = Message::decode(REQUEST.as_bytes()).unwrap();
    let explanation = Explanation::new(message.get(Tag::CB).unwrap(), message, Language::English);
    assert_eq!(explanation.meaning(), Some(Meaning::Amount(Amount::from_minor(2500, Currency::EUR))));
    let version = Explanation::new(message.get(Tag::CZ).unwrap(), message, Language::English);
    assert_eq!(version.meaning(), Some(Meaning::Version(300)));
    let register = Explanation::new(message.get(Tag::CA).unwrap(), message, Language::English);
    assert_eq!(register.meaning(), None);
}

#[test]
fn only_an_answer_has_a_status() {
    let direction = |wire: &str| Direction::of(Message::decode(wire.as_bytes()).unwrap());
    assert_eq!(direction(REQUEST), Direction::Request);
    assert_eq!(direction("CZ0040300AE00201AF00206"), Direction::Answer);
    assert_eq!(direction("CZ0040300AF00206"), Direction::Request);
}
