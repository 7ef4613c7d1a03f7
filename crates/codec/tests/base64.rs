//! Base64 as the crate of that name reads and writes it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use caisse_codec::{Encoder, LONGEST_TEXT, Message, Tag, TicketError, TicketRequest, Tickets, encode_ticket};

const JUDGE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Every text of up to five characters of a few, and every byte in each place of a group.
fn texts() -> Vec<Vec<u8>> {
    let few = b"ABQgw019z+/=-\x80";
    let mut texts = vec![vec![]];
    let mut last = texts.clone();
    for _ in 0..5 {
        last = last.iter().flat_map(|text| few.iter().map(|byte| [text, &[*byte][..]].concat())).collect();
        texts.extend(last.iter().cloned());
    }
    for place in 0..4 {
        // Blanks and line ends are skipped, which is another test's.
        for byte in (0..=255).filter(|byte| !b" \r\n".contains(byte)) {
            let mut text = b"QUJD".to_vec();
            text[place] = byte;
            texts.push(text);
        }
    }
    texts
}

#[test]
fn texts_are_read_as_the_crate_reads_them() {
    let mut accepted = 0;
    for text in texts() {
        let wire = [format!("AK{:03}", text.len()).as_bytes(), &text].concat();
        let ticket = Tickets::new(&wire).next().expect("a ticket");
        let mut buffer = [0; 4];
        let ours = ticket.decode(&mut buffer).map(<[u8]>::to_vec);
        assert_eq!(ours, JUDGE.decode(&text).map_err(|_| TicketError::NotBase64), "{text:?}");
        accepted += usize::from(ours.is_ok());
    }
    assert!(accepted > 10_000, "{accepted}");
}

#[test]
fn texts_are_written_as_the_crate_writes_them() {
    let text: Vec<u8> = (0..=255).flat_map(|byte: u8| [byte, byte.wrapping_mul(7), !byte]).collect();
    for length in 1..=LONGEST_TEXT {
        let text = &text[..length];
        let mut buffer = [0; 1000];
        let mut encoder = Encoder::new(&mut buffer);
        encode_ticket(&mut encoder, TicketRequest::CUSTOMER_TEXT, text).expect("a ticket");
        let message = Message::decode(encoder.finish()).expect("a field");
        let constructed = message.get(Tag::ZT).expect("the ticket").value();
        let base64 = JUDGE.encode(text);
        assert_eq!(constructed, format!("CK003100AK{:03}{base64}", base64.len()).as_bytes());
    }
}
