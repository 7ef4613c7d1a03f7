//! The tickets of a result, in every shape that the documentation leaves open.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use caisse_payment::Receipt;
use caisse_payment::receipt::{Copy, Format};
use serde_json::Value;
use serde_json::value::RawValue;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The tickets that can be read, and how many cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tickets {
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) unreadable: usize,
}

impl Tickets {
    /// Reads what a field `tickets` holds, behind what other fields of this name held.
    pub(crate) fn take(&mut self, value: &RawValue) {
        match serde_json::from_str::<Value>(value.get()) {
            Ok(Value::Null) => {}
            // A String that is described as JSON.
            Ok(Value::String(text)) => match serde_json::from_str::<Value>(&text) {
                Ok(value) => self.take_list(&value),
                Err(_) => self.count_unreadable(),
            },
            Ok(value) => self.take_list(&value),
            Err(_) => self.count_unreadable(),
        }
    }

    fn take_list(&mut self, value: &Value) {
        let list = match value {
            Value::Array(list) => Some(list),
            Value::Object(object) => object.get("tickets").and_then(Value::as_array),
            _ => None,
        };
        match list {
            Some(list) => list.iter().for_each(|ticket| match receipt(ticket) {
                Some(receipt) => self.receipts.push(receipt),
                None => self.count_unreadable(),
            }),
            None => self.count_unreadable(),
        }
    }

    const fn count_unreadable(&mut self) {
        self.unreadable = self.unreadable.saturating_add(1);
    }
}

fn receipt(ticket: &Value) -> Option<Receipt> {
    let copy = match ticket.get("type").and_then(Value::as_str) {
        Some("CLIENT") => Copy::Customer,
        // A guess: the published example ends before the second type.
        Some("MERCHANT") => Copy::Merchant,
        _ => Copy::Unstated,
    };
    let base64: Vec<u8> =
        ticket.get("ticket")?.as_str()?.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(base64).ok()?;
    Some(Receipt::new(copy, Format::Text, characters(bytes)))
}

/// "ASCII", says the page; accents come as Latin-1 in the Concert page's words, or as what Java writes by default. Bytes
/// that make UTF-8 beyond ASCII by chance are next to impossible in French, so that one is tried first.
fn characters(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        // The web's Latin-1, as for the tickets of Caisse-AP.
        encoding_rs::WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned()
    })
}
