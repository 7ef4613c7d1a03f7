//! No way of printing shows what identifies a person: card number, e-mail, ticket, private data, unknown fields.

mod support;

use caisse_codec::explain::{Explanation, Language};
use caisse_codec::{
    Answer, CardFields, Complement, DebitRequest, Encoder, FieldScanner, Fields, Identifier, LONGEST_ANSWER,
    Message, Piece, ReadingMode, Status, Tag, TerminalAnswer, TicketRequest, Tickets, Version, dictionary,
};
use caisse_payment::{Amount, Currency, Register};
use support::canary::{Printed, base64_digits, joined};

const PAN: &str = "4970101234123457";
const EMAIL: &str = "jean.dupont@example.com";
/// `TARJETA 4970101234123457 jean.dupont` in base64.
const TICKET: &str = "VEFSSkVUQSA0OTcwMTAxMjM0MTIzNDU3IGplYW4uZHVwb250";
const TICKET_TEXT: &str = "TARJETA 4970101234123457 jean.dupont";

const CANARIES: &[&str] = &[PAN, EMAIL, TICKET, TICKET_TEXT];

/// Messages that carry a canary: in every sensitive tag, in tags that nobody documents, and in tags that may be
/// shown but not with such a value.
fn messages() -> Vec<(Tag, Vec<u8>)> {
    let sensitive = dictionary::DEFINITIONS.iter().filter(|row| row.sensitive).map(|row| row.tag);
    let unknown = [*b"XY", *b"OD", *b"TI", *b"LB"].map(|tag| Tag::new(tag).unwrap());
    let mut all = Vec::new();
    let mut add = |tag: Tag, value: &str| {
        let wire = format!("CZ0040320CA00201{tag}{:03}{value}CB0042500CE003978AE00210", value.len());
        all.push((tag, wire.into_bytes()));
    };
    for tag in sensitive.chain(unknown) {
        for value in [PAN, EMAIL, TICKET, TICKET_TEXT] {
            add(tag, value);
        }
        add(tag, &format!("CK003100AK{:03}{TICKET}", TICKET.len()));
    }
    // A card number hides a value wherever it stands; behind the code of a complement anything may.
    for tag in [Tag::CB, Tag::CJ, Tag::CH, Tag::ID, Tag::IM, Tag::AC, Tag::AQ, Tag::CG, Tag::AI, Tag::CZ] {
        add(tag, PAN);
        add(tag, "4970 1012 3412 3457");
    }
    add(Tag::CB, &format!("00000{PAN}"));
    add(Tag::CJ, &format!("{PAN}{PAN}"));
    add(Tag::AF, &format!("04{EMAIL}"));
    add(Tag::AF, &format!("04 {PAN}"));
    add(Tag::AE, PAN);
    all
}

#[test]
fn the_canaries_are_what_they_should_be() {
    assert!(caisse_payment::holds_card_number(PAN));
    assert_eq!(base64_digits(TICKET_TEXT.as_bytes()), TICKET);
    let pan = PAN.as_bytes();
    for shown in [
        format!("{pan:?}"),
        format!("{pan:#?}"),
        format!("{pan:02x?}"),
        joined(pan, "", |byte| format!("{byte:02X}")),
        format!("text {PAN} text"),
        TICKET.to_owned(),
    ] {
        let mut printed = Printed::new(CANARIES);
        printed.text("a careless type", shown.clone());
        assert!(printed.leak().is_some(), "the search does not find {shown}");
    }
    let mut printed = Printed::new(CANARIES);
    printed.text("a mask", "497010******3457 is at 57".replace("497010", "******"));
    assert_eq!(printed.leak(), None);
    assert!(messages().len() > 80);
}

#[test]
fn messages_and_their_parts_hide_them() {
    let mut printed = Printed::new(CANARIES);
    for (tag, wire) in messages() {
        let message = Message::decode(&wire).unwrap();
        let name = tag.to_string();
        printed.debug(&format!("Message with {name}"), message);
        printed.debug(&format!("Message::read with {name}"), Message::read(&wire));
        printed.debug(&format!("Answer with {name}"), Answer::new(message));
        printed.debug(&format!("Fields at {name}"), message.fields());
        for field in message.fields() {
            printed.debug(&name, field);
            printed.debug(&name, caisse_codec::Scan::Field(field));
            for language in [Language::French, Language::English] {
                let explanation = Explanation::new(field, message, language);
                printed.debug(&format!("Explanation of {name}"), explanation);
                printed.display(&format!("Explanation of {name}"), explanation);
                printed.debug(&format!("meaning of {name}"), explanation.meaning());
            }
        }
        let answer = Answer::new(message);
        printed.debug("card", answer.card());
        printed.debug("tickets", answer.tickets());
        printed.debug("ticket", answer.tickets().next());
        printed.debug("fault", caisse_codec::check::faults(message).collect::<Vec<_>>());
        if let Some(shown) = message.fields().nth(2).unwrap().shown() {
            assert!(tag == Tag::AF && shown == "04", "{tag} shows {shown:?}");
        }
    }
    printed.check();
}

#[test]
fn a_scanner_hides_them_at_every_byte() {
    let mut printed = Printed::new(CANARIES);
    for (tag, wire) in messages() {
        let mut scanner = FieldScanner::new();
        for byte in wire.chunks(1) {
            let mut input = byte;
            while let Some(piece) = scanner.next(&mut input) {
                printed.debug(&format!("Piece of {tag}"), piece);
            }
            printed.debug(&format!("FieldScanner in {tag}"), scanner);
        }
        let mut whole = wire.as_slice();
        let mut scanner = FieldScanner::new();
        while let Some(piece) = scanner.next(&mut whole) {
            printed.debug(&format!("Piece of {tag}"), piece);
        }
    }
    printed.check();
}

#[test]
fn a_scanner_in_the_wrong_place_shows_nothing_of_where_it_is() {
    // A length that is one short puts the next header into the value: five bytes of it, and not one may show.
    let mut scanner = FieldScanner::new();
    let mut input = b"JD749".as_slice();
    assert!(matches!(scanner.next(&mut input), Some(Piece::Begin { length: 749, .. })));
    let shown = format!("{scanner:?}");
    for trace in ["JD", "[74", "74, 68", "55, 52, 57"] {
        assert!(!shown.contains(trace), "{shown}");
    }
    assert!(shown.contains("left: 749") && shown.contains("offset: 0"), "{shown}");
}

#[test]
fn errors_say_where_and_never_what() {
    let mut printed = Printed::new(CANARIES);
    for (tag, wire) in messages() {
        for end in 0..wire.len() {
            if let Err(error) = Message::decode(&wire[..end]) {
                printed.error(&format!("DecodeError in {tag}"), error);
            }
        }
        // A length that lies puts the walker into the middle of the value.
        let mut desynchronised = wire.clone();
        desynchronised[20] = b'1';
        if let Err(error) = Message::decode(&desynchronised) {
            printed.error(&format!("DecodeError behind {tag}"), error);
        }
        printed.debug("remainder", Message::read(&desynchronised).1);
        let message = Message::decode(&wire).unwrap();
        if let Err(fault) = DebitRequest::read(&message) {
            printed.error(&format!("RequestFault in {tag}"), fault);
        }
        for ticket in Tickets::new(message.get(tag).unwrap().value()) {
            printed.debug("decoded ticket", ticket.decode(&mut [0; 3]).map_err(|error| error.to_string()));
        }
    }
    let mut buffer = [0; 2048];
    let mut encoder = Encoder::new(&mut buffer);
    for row in dictionary::DEFINITIONS {
        for value in [PAN, EMAIL, &PAN.repeat(99)] {
            if let Err(error) = encoder.field(row.tag, value.as_bytes()) {
                printed.error(&format!("EncodeError in {}", row.tag), error);
            }
        }
        printed.debug("Encoder", &encoder);
    }
    for text in [PAN, EMAIL] {
        printed.error("Version", text.parse::<Version>().unwrap_err());
        printed.error("Identifier", text.parse::<Identifier>().unwrap_err());
    }
    printed.check();
}

#[test]
fn a_request_with_a_canary_where_it_decides_is_refused_in_silence() {
    let mut printed = Printed::new(CANARIES);
    let plain = "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978BA0010BF0010CC003001CK003100";
    for field in [
        "CZ0040300",
        "CA00201",
        "CB0042500",
        "CD0010",
        "CE003978",
        "BA0010",
        "BF0010",
        "CC003001",
        "CK003100",
    ] {
        for value in [PAN, EMAIL] {
            let wire = plain.replacen(field, &format!("{}{:03}{value}", &field[..2], value.len()), 1);
            let fault = DebitRequest::read(&Message::decode(wire.as_bytes()).unwrap()).unwrap_err();
            assert_eq!(fault.tag.to_string(), field[..2]);
            printed.error("RequestFault", fault);
        }
    }
    printed.check();
}

#[test]
fn what_a_terminal_writes_hides_them() {
    let answer = TerminalAnswer {
        amount: Some(Amount::from_minor(2500, Currency::EUR)),
        complement: Some(Complement::AUTHORISED.into()),
        card: Some(CardFields {
            number: PAN,
            expiry: "2612",
            authorisation: None,
            aid: "A0000000041010",
            application: "00B".parse().unwrap(),
            reading_mode: ReadingMode::Contact,
        }),
        tickets: &[(TicketRequest::CUSTOMER_TEXT, TICKET_TEXT.as_bytes())],
        ..TerminalAnswer::new(Version::V3_20, Register::FIRST, Status::Performed)
    };
    let mut printed = Printed::new(CANARIES);
    printed.debug("TerminalAnswer", answer);
    printed.debug("CardFields", answer.card);
    let shown = format!("{answer:?}");
    for part in ["0320", "25.00 EUR", "Performed", "CardFields", "36"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("2612"), "the expiry date of a card is not shown: {shown}");
    let mut buffer = [0; LONGEST_ANSWER];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.field(Tag::AA, PAN.as_bytes()).unwrap();
    printed.debug("Encoder", &encoder);
    let mut buffer = [0; LONGEST_ANSWER];
    let wire = answer.encode(&mut buffer).unwrap();
    let message = Message::decode(wire).unwrap();
    printed.debug("Answer", Answer::new(message));
    printed.debug("card", Answer::new(message).card());
    let ticket = Answer::new(message).tickets().next().unwrap();
    assert_eq!(ticket.decode(&mut [0; 36]).unwrap(), TICKET_TEXT.as_bytes());
    printed.debug("Ticket", ticket);
    printed.debug("Tickets", Answer::new(message).tickets());
    #[cfg(feature = "alloc")]
    {
        let receipt = ticket.receipt().unwrap();
        assert_eq!(receipt.text(), TICKET_TEXT);
        printed.debug("Receipt", receipt);
    }
    printed.check();
}

#[test]
fn what_is_harmless_is_shown() {
    let wire = b"CZ0040320CA00201CB0042500CE003978CF003abcAE00201AF02904148HOLDER INVALID          XY003abcCH007order 7";
    let message = Message::decode(wire).unwrap();
    assert_eq!(
        format!("{message:?}"),
        "[CZ@0[4]=0320, CA@9[2]=01, CB@16[4]=2500, CE@25[3]=978, CF@33[3]=[redacted], AE@41[2]=01, \
         AF@48[29]=04, XY@82[3]=[redacted], CH@90[7]=order 7]"
    );
    assert_eq!(format!("{:?}", Fields::new(wire)), "Fields(at 0, 102 bytes left)");
    let shown =
        |wire: &[u8]| Message::decode(wire).unwrap().fields().next().unwrap().shown().map(str::to_owned);
    assert_eq!(shown(b"CA0011").as_deref(), Some("1"), "what real tills send");
    assert_eq!(shown(b"CB000").as_deref(), Some(""));
    assert_eq!(shown(b"CB012999999999999").as_deref(), Some("999999999999"));
    assert_eq!(shown(b"CB0130999999999999"), None, "longer than its tag allows");
    assert_eq!(shown(b"CB00312A"), None, "not of its characters");
    assert_eq!(shown(b"CH003a\xe9b"), None);
    assert_eq!(shown(b"AF0010").as_deref(), Some("0"));
}

#[test]
fn what_does_not_show_its_bytes_shows_their_number() {
    let mut buffer = [0; 16];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.field(Tag::CZ, b"0320").unwrap();
    assert_eq!(format!("{encoder:?}"), "Encoder(9 bytes)");
    let ticket = Tickets::new(b"CK003100AK0040sjY").next().unwrap();
    let kind = "Some(TicketRequest { copies: Customer, html: false })";
    assert_eq!(format!("{ticket:?}"), format!("Ticket({kind}, 4 bytes)"));
    let mut scanner = FieldScanner::new();
    let mut input = b"CA00201x".as_slice();
    let mut pieces = Vec::new();
    while let Some(piece) = scanner.next(&mut input) {
        pieces.push(format!("{piece:?}"));
        if matches!(piece, Piece::Malformed(_)) {
            break;
        }
    }
    assert_eq!(
        pieces,
        ["Begin(CA, 2)", "Value(2 bytes)", "End", "Malformed(offset 7: expected a tag of two letters A-Z)"]
    );
}

#[cfg(feature = "serde")]
#[test]
fn json_hides_them() {
    use caisse_codec::Revealed;

    let mut printed = Printed::new(CANARIES);
    for (tag, wire) in messages() {
        let message = Message::decode(&wire).unwrap();
        printed.display(&format!("JSON with {tag}"), serde_json::to_string(&message).unwrap());
        printed.display(&format!("pretty JSON with {tag}"), serde_json::to_string_pretty(&message).unwrap());
        for field in message.fields() {
            printed.display(&format!("JSON of {tag}"), serde_json::to_string(&field).unwrap());
        }
    }
    printed.check();
    // Only what is asked for is shown: in clear, whatever its bytes, and still not printed.
    for (tag, wire) in messages() {
        let revealed = Revealed(Message::decode(&wire).unwrap());
        let json = serde_json::to_value(revealed).unwrap();
        let field = revealed.0.fields().nth(2).unwrap();
        let value: String = field.value().iter().map(|byte| char::from(*byte)).collect();
        assert_eq!(json[2], serde_json::to_value(Revealed(field)).unwrap());
        assert_eq!(
            (json[2]["tag"].as_str(), json[2]["value"].as_str()),
            (Some(&*tag.to_string()), Some(&*value))
        );
        printed.debug("Revealed", revealed);
        printed.debug("Revealed", Revealed(field));
    }
    printed.check();
    let accent = Message::decode(b"CF003a\xe9\x00").unwrap();
    let clear = r#"[{"tag":"CF","offset":0,"length":3,"value":"aé\u0000"}]"#;
    assert_eq!(serde_json::to_string(&Revealed(accent)).unwrap(), clear);
    let message = Message::decode(b"CB0042500BI006a@b.fr").unwrap();
    assert_eq!(
        serde_json::to_string(&message).unwrap(),
        r#"[{"tag":"CB","offset":0,"length":4,"value":"2500"},{"tag":"BI","offset":9,"length":6,"value":null}]"#
    );
}
