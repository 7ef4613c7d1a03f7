//! Tickets: what is inside ZT.

mod support;

use caisse_codec::{
    Copies, EncodeError, Encoder, LONGEST_TEXT, Message, Tag, TicketError, TicketRequest, Tickets,
    encode_ticket,
};
use support::vectors::bytes;

fn constructed(name: &str) -> Vec<u8> {
    let wire = bytes(name);
    Message::decode(&wire).unwrap().get(Tag::ZT).unwrap().value().to_vec()
}

fn decode(base64: &[u8]) -> Result<Vec<u8>, TicketError> {
    let mut zt = b"CK003100AK".to_vec();
    zt.extend(format!("{:03}", base64.len()).bytes());
    zt.extend(base64);
    let mut buffer = vec![0; base64.len() * 3 / 4];
    let ticket = Tickets::new(&zt).next().expect("one ticket");
    assert_eq!(ticket.base64(), base64);
    ticket.decode(&mut buffer).map(<[u8]>::to_vec)
}

#[test]
fn line_feeds_inside_base64_are_skipped() {
    let zt = constructed("msg.payxpert.response.debit.v2.reconstructed");
    assert_eq!(zt.iter().filter(|byte| **byte == b'\n').count(), 8);
    let ticket = Tickets::new(&zt).next().unwrap();
    let mut buffer = [0; 453];
    let text = ticket.decode(&mut buffer).unwrap();
    assert_eq!(text.len(), 446);
    assert!(text.starts_with(b"TARJETA BANCARIA\nSIN CONTACTO\n"));
    assert!(text.trim_ascii_end().ends_with(b"DUPLICADO\nMerci, au revoir.") && text.ends_with(b" \n"));
}

#[test]
fn blanks_behind_base64_are_skipped() {
    let zt = constructed("msg.hipay.response.success.reconstructed");
    assert!(zt.ends_with(b"=\n"));
    let ticket = Tickets::new(&zt).next().unwrap();
    assert_eq!(ticket.decode(&mut [0; 271]).unwrap().len(), 269);
    for base64 in
        ["Qm9uam91cg==", "Qm9uam91cg==\n", "Qm9uam91cg== \r\n ", "Qm9u\r\nam91\r\ncg==", " Qm9uam91cg=\n="]
    {
        assert_eq!(decode(base64.as_bytes()).as_deref(), Ok(b"Bonjour".as_slice()), "{base64:?}");
    }
}

#[test]
fn padding_may_be_missing() {
    for (base64, text) in [
        ("Qm9uam91cg", "Bonjour"),
        ("Qm9uam91cjE", "Bonjour1"),
        ("Qm9uam91cjE=", "Bonjour1"),
        ("Qm9uam91cjEy", "Bonjour12"),
        ("", ""),
        ("\n\n", ""),
    ] {
        assert_eq!(decode(base64.as_bytes()).as_deref(), Ok(text.as_bytes()), "{base64:?}");
    }
}

#[test]
fn what_is_not_base64_is_refused() {
    for base64 in [
        "receipt!",
        "Q",
        "Qm9ua",
        "Qm9u-_",
        "Qm9u=",
        "Q===",
        "====",
        "Qm==9uam",
        "cg==cg==",
        "cg==cg",
        "Qm9uam91cg===",
        "Qm9uam91cg==x",
        "Qm9u\tam91",
        "Qm9u\0",
        "Qm9uam91c\u{7f}==",
        "Qm9uam91ch", // bits behind the last byte
    ] {
        assert_eq!(decode(base64.as_bytes()), Err(TicketError::NotBase64), "{base64:?}");
    }
    assert_eq!(TicketError::NotBase64.to_string(), "the text of the ticket is not base64");
    assert_eq!(TicketError::NoRoom.to_string(), "the buffer is too small for the text of the ticket");
}

#[test]
fn a_buffer_too_small_is_refused_at_every_size() {
    for name in ["msg.payxpert.response.debit.v2.reconstructed", "msg.hipay.response.success.reconstructed"] {
        let zt = constructed(name);
        let ticket = Tickets::new(&zt).next().unwrap();
        let mut whole = [0; 999];
        let whole = ticket.decode(&mut whole).unwrap();
        for size in 0..whole.len() + 4 {
            let mut buffer = vec![0; size];
            let result = ticket.decode(&mut buffer);
            let expected = if size < whole.len() { Err(TicketError::NoRoom) } else { Ok(whole) };
            assert_eq!(result, expected, "{size}");
        }
    }
}

#[test]
fn two_tickets_keep_their_kinds_and_their_order() {
    let zt = b"CK003100AK012Qm9uam91cg==CK003111AK0040sjYCK003999AK0040sjYAK0040sjYXY001?AK0040sjYCK003100";
    let kinds: Vec<_> = Tickets::new(zt).map(|ticket| ticket.kind()).collect();
    let merchant = TicketRequest { copies: Copies::Merchant, html: true };
    // A CK speaks of the AK behind it alone, and one that is not documented says nothing.
    assert_eq!(kinds, [Some(TicketRequest::CUSTOMER_TEXT), Some(merchant), None, None, None]);
    let first = Tickets::new(zt).next().unwrap();
    assert_eq!(first.decode(&mut [0; 7]), Ok(b"Bonjour".as_slice()));
    assert_eq!(Tickets::new(zt).nth(1).unwrap().base64(), b"0sjY");
    assert_eq!(Tickets::new(b"CK003000AK0040sjY").next().unwrap().kind(), None);
    assert_eq!(Tickets::new(b"").count(), 0);
    assert_eq!(Tickets::new(b"CK003100AK9990sjY").count(), 0);
}

#[test]
fn each_side_finds_its_ticket() {
    let found = |constructed: &str| {
        let tickets = Tickets::new(constructed.as_bytes());
        let base64 =
            |ticket: Option<caisse_codec::Ticket<'_>>| ticket.map(|it| String::from_utf8(it.base64().into()));
        let text = |ticket| base64(ticket).transpose().unwrap();
        (text(tickets.customer()), text(tickets.merchant()))
    };
    let some = |text: &str| Some(text.to_owned());
    for (constructed, customer, merchant) in [
        ("CK003100AK004QQ==CK003110AK004Qg==", some("QQ=="), some("Qg==")),
        ("CK003110AK004Qg==CK003100AK004QQ==", some("QQ=="), some("Qg==")),
        // In HTML as well; of both; of nobody; refused by CK itself; and of several the first.
        ("CK003111AK004Qg==CK003101AK004QQ==", some("QQ=="), some("Qg==")),
        ("CK003120AK004QQ==", some("QQ=="), some("QQ==")),
        ("AK004QQ==", some("QQ=="), None),
        ("CK003000AK004QQ==", some("QQ=="), None),
        ("CK003110AK004Qg==", None, some("Qg==")),
        ("CK003100AK004QQ==", some("QQ=="), None),
        ("CK003100AK004QQ==CK003100AK004QUE=CK003110AK004Qg==CK003110AK004QkI=", some("QQ=="), some("Qg==")),
        ("", None, None),
        ("CK003100", None, None),
    ] {
        assert_eq!(found(constructed), (customer, merchant), "{constructed}");
    }
}

#[test]
fn the_longest_ticket_fits_and_the_next_does_not() {
    let text: Vec<u8> = (0..=LONGEST_TEXT).map(|index| index as u8).collect();
    for length in [1, 2, 3, 674, LONGEST_TEXT] {
        let mut buffer = [0; 1024];
        let mut encoder = Encoder::new(&mut buffer);
        encode_ticket(&mut encoder, TicketRequest::CUSTOMER_TEXT, &text[..length]).unwrap();
        let message = encoder.finish();
        let base64 = length.div_ceil(3) * 4;
        assert!(message.starts_with(format!("ZT{:03}CK003100AK{base64:03}", 13 + base64).as_bytes()));
        assert_eq!(message.len(), 5 + 13 + base64);
        let zt = Message::decode(message).unwrap().get(Tag::ZT).unwrap();
        let mut decoded = [0; LONGEST_TEXT];
        assert_eq!(Tickets::new(zt.value()).next().unwrap().decode(&mut decoded).unwrap(), &text[..length]);
    }
    let mut buffer = [0; 2048];
    for length in [0, LONGEST_TEXT + 1] {
        let mut encoder = Encoder::new(&mut buffer);
        let refusal = EncodeError::Length { tag: Tag::AK, least: 1, most: 675, length };
        let result = encode_ticket(&mut encoder, TicketRequest::CUSTOMER_TEXT, &text[..length]);
        assert_eq!(result, Err(refusal));
        assert_eq!(encoder.as_bytes(), b"");
    }
}

#[test]
fn a_message_without_room_for_the_ticket_is_refused_whole() {
    let length = 5 + 13 + 12;
    for size in 0..length {
        let mut buffer = vec![0; size];
        let mut encoder = Encoder::new(&mut buffer);
        let result = encode_ticket(&mut encoder, TicketRequest::CUSTOMER_TEXT, b"Bonjour");
        assert_eq!(result, Err(EncodeError::NoRoom(Tag::ZT)), "{size}");
        assert_eq!(encoder.finish(), b"");
    }
    let mut buffer = vec![0; length];
    let mut encoder = Encoder::new(&mut buffer);
    encode_ticket(&mut encoder, TicketRequest { copies: Copies::Both, html: true }, b"Bonjour").unwrap();
    assert_eq!(encoder.finish(), b"ZT025CK003121AK012Qm9uam91cg==");
}

#[cfg(feature = "alloc")]
mod owned {
    use caisse_payment::receipt::{Copy, Format};

    use super::*;

    fn receipt(kind: &str, base64: &str) -> Result<caisse_payment::Receipt, TicketError> {
        let zt = format!("{kind}AK{:03}{base64}", base64.len());
        Tickets::new(zt.as_bytes()).next().unwrap().receipt()
    }

    #[test]
    fn accents_are_latin_1() {
        // "Reçu payé, 5 €" with the euro sign where careless terminals put it.
        let receipt = receipt("CK003100", "UmXndSBwYXnpLCA1IIA=").unwrap();
        assert_eq!(receipt.text(), "Re\u{e7}u pay\u{e9}, 5 \u{20ac}");
        assert_eq!((receipt.copy(), receipt.format()), (Copy::Customer, Format::Text));
    }

    #[test]
    fn no_byte_is_lost_and_no_mark_is_swallowed() {
        // EF BB BF would be a byte order mark in another encoding.
        assert_eq!(receipt("CK003100", "77u/QQ==").unwrap().text(), "\u{ef}\u{bb}\u{bf}A");
    }

    #[test]
    fn the_kind_is_what_ck_says() {
        for (kind, copy, format) in [
            ("CK003100", Copy::Customer, Format::Text),
            ("CK003101", Copy::Customer, Format::Html),
            ("CK003110", Copy::Merchant, Format::Text),
            ("CK003111", Copy::Merchant, Format::Html),
            ("CK003120", Copy::Unstated, Format::Text),
            ("CK003121", Copy::Unstated, Format::Html),
            ("", Copy::Unstated, Format::Text),
        ] {
            let receipt = receipt(kind, "Qm9uam91cg==").unwrap();
            assert_eq!((receipt.copy(), receipt.format()), (copy, format), "{kind}");
            assert_eq!(receipt.text(), "Bonjour");
        }
    }

    #[test]
    fn what_is_not_base64_is_no_receipt_and_the_longest_is_one() {
        assert_eq!(receipt("CK003100", "receipt!"), Err(TicketError::NotBase64));
        assert_eq!(receipt("CK003100", &"QUFB".repeat(249)).unwrap().text(), "AAA".repeat(249));
    }
}
