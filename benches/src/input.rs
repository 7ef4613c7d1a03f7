//! The messages, out of the published vectors, and what is known of them.

use caisse_link::frame::{Decoder, Found, Tolerance};
use serde_json::Value;

use crate::Deciding;

/// A message, and what every contender must find in it.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is, and its length in bytes.
    pub name: &'static str,
    /// The bytes, without a frame.
    pub bytes: Vec<u8>,
    /// How many fields it has.
    pub fields: usize,
    /// Whether every field is as documented.
    pub documented: bool,
    /// What decides in it.
    pub deciding: Deciding,
}

const REQUEST: Deciding = Deciding {
    register: 1,
    minor: 12345,
    currency: 978,
    action: Some(b'0'),
    performed: None,
    complement: None,
    immediate: false,
};
const ANSWER: Deciding = Deciding { minor: 11245, performed: Some(true), ..REQUEST };

/// A debit request with what a till must send and nothing more: 6 fields.
#[must_use]
pub fn request_57() -> Input {
    tlv("request-57", "msg.hipay.request.debit.minimal", 6, REQUEST)
}

/// An answer that says yes: 16 fields, every one of them as documented.
#[must_use]
pub fn answer_170() -> Input {
    tlv("answer-170", "msg.akretion.response.success.simulated", 16, ANSWER)
}

/// An answer with a ticket of 604 bytes, and a register of one digit, which is not as documented.
#[must_use]
pub fn answer_744() -> Input {
    let deciding = Deciding { minor: 2500, complement: Some(*b"01"), ..ANSWER };
    let input = tlv("answer-744", "msg.payxpert.response.debit.v2.reconstructed", 14, deciding);
    Input { documented: false, ..input }
}

/// An E+ request.
#[must_use]
pub fn e_plus_34() -> Input {
    fixed("e-plus-request-34", "eplus-card-12.42-A010", 9, Deciding { minor: 1242, ..REQUEST })
}

/// An answer to E or E+ without the report of the application.
#[must_use]
pub fn answer_25() -> Input {
    fixed("e-answer-25", "resp25-ok-A010", 6, Deciding { minor: 1242, action: None, ..ANSWER })
}

/// An answer to E or E+ with the report of the application.
#[must_use]
pub fn answer_80() -> Input {
    fixed("e-answer-80", "resp80-pytelium-readme-pan", 7, Deciding { minor: 1250, action: None, ..ANSWER })
}

fn tlv(name: &'static str, vector: &str, fields: usize, deciding: Deciding) -> Input {
    let line = find(include_str!("../../docs/vectors/vectors-v3.jsonl"), vector);
    let bytes = line["bytes"].as_str().expect("text").as_bytes().to_vec();
    assert!(name.ends_with(&bytes.len().to_string()), "{name}: {} bytes", bytes.len());
    Input { name, bytes, fields, documented: true, deciding }
}

fn fixed(name: &'static str, vector: &str, fields: usize, deciding: Deciding) -> Input {
    let line = find(include_str!("../../docs/vectors/vectors-v2.jsonl"), vector);
    let digits = line["hex"].as_str().expect("text").as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    let frame: Vec<u8> = digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    let mut storage = [0; 512];
    let mut decoder = Decoder::new(&mut storage, Tolerance::default());
    let Some(Found::Body(body)) = decoder.next(&mut frame.as_slice()) else { panic!("{vector} is no frame") };
    assert!(name.ends_with(&body.len().to_string()), "{name}: {} bytes", body.len());
    Input { name, bytes: body.to_vec(), fields, documented: true, deciding }
}

fn find(file: &str, vector: &str) -> Value {
    let lines = file.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    { lines }.find(|line: &Value| line["name"] == vector).expect("the vector")
}
