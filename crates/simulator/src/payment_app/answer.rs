//! The results that the app writes, in every shape that PayXpert's pages have had.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::request::Asked;
use crate::VIRTUAL;

/// Which generation of field names, and which numbering of types with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Names {
    /// August 2024: `transactionId`, `resultCode`; types 1 to 4; tickets within the transaction.
    First,
    /// Later: `id`, `error`; types 0, 1, 2 and 8; tickets beside it.
    #[default]
    Second,
}

/// How `tickets` is written: "String", says the page, and shows an object with an array of the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TicketsShape {
    /// Text that holds the JSON.
    #[default]
    Text,
    /// The object.
    Object,
    /// The array alone.
    Array,
    /// None.
    Absent,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// The field names.
    pub names: Names,
    /// The shape of the tickets.
    pub tickets: TicketsShape,
    /// Numbers as text.
    pub numbers_as_text: bool,
    /// The currency as digits.
    pub numeric_currency: bool,
    /// The tip is part of the amount.
    pub amount_includes_tip: bool,
}

impl Style {
    fn number(&self, number: i64) -> Value {
        if self.numbers_as_text { Value::String(number.to_string()) } else { json!(number) }
    }
}

fn money(minor: u64) -> i64 {
    i64::try_from(minor).unwrap_or(i64::MAX)
}

/// A result without a transaction's details: all that is known is the code.
pub(super) fn bare(style: &Style, status: i64, error: i64) -> String {
    let name = if style.names == Names::First { "resultCode" } else { "error" };
    let mut transaction = Map::new();
    transaction.insert(name.to_owned(), style.number(error));
    json!({ "status": style.number(status), "transaction": transaction }).to_string()
}

pub(super) fn printed(printed: bool, tickets: Option<Value>) -> String {
    let mut outcome = Map::new();
    outcome.insert("status".to_owned(), json!(i64::from(!printed)));
    outcome.extend(tickets.filter(|it| !it.is_null()).map(|tickets| ("tickets".to_owned(), tickets)));
    Value::Object(outcome).to_string()
}

pub(super) fn outcome(
    style: &Style,
    status: i64,
    error: i64,
    asked: &Asked,
    tip: u64,
    (letters, digits): (&str, u16),
    number: u64,
) -> String {
    let first = style.names == Names::First;
    let name = |newest: &'static str, oldest: &'static str| if first { oldest } else { newest };
    let transaction_type = match (first, asked.transaction_type) {
        (true, number) => number,
        (false, 1) => 0,
        (false, 3) => 1,
        (false, 4) => 8,
        (false, number) => number,
    };
    let included = if style.amount_includes_tip { tip } else { 0 };
    let mut transaction = Map::new();
    let mut put = |name: &str, value: Value| {
        transaction.insert(name.to_owned(), value);
    };
    put(name("id", "transactionId"), json!(format!("1p5jiofow7-{number:04x}")));
    put("transactionType", style.number(transaction_type.into()));
    put(name("mode", "paymentMethod"), style.number(1));
    put("date", style.number(1_710_172_393_000));
    put(name("reference", "externalReference"), json!(asked.reference));
    put("amount", style.number(money(asked.amount_minor.saturating_add(included))));
    put("currency", json!(if style.numeric_currency { digits.to_string() } else { letters.to_owned() }));
    put(name("error", "resultCode"), style.number(error));
    if tip > 0 {
        put("amountTips", style.number(money(tip)));
    }
    if status == 0 {
        put("aid", json!("A0000000421010"));
        put("isDegradedMode", json!(false));
        // In clear, as panType 0 says: the till has to mask it.
        put("maskedPan", json!("4970101234123457"));
        put("panType", style.number(0));
        put("cardLabel", json!("CB"));
        put("expirationDate", style.number(301_231));
        put("numAuthorization", json!(format!("{:06}", number % 1_000_000)));
    }
    let tickets = tickets(style, asked, status == 0, letters);
    let has_tickets = !tickets.is_null();
    let mut outcome = Map::new();
    outcome.insert("status".to_owned(), style.number(status));
    if has_tickets && first {
        put("tickets", tickets);
        outcome.insert("transaction".to_owned(), Value::Object(transaction));
    } else {
        outcome.insert("transaction".to_owned(), Value::Object(transaction));
        if has_tickets {
            outcome.insert("tickets".to_owned(), tickets);
        }
    }
    Value::Object(outcome).to_string()
}

/// Both tickets; null for none.
pub(super) fn tickets(style: &Style, asked: &Asked, paid: bool, currency: &str) -> Value {
    let ticket = |kind: &str, title: &str| {
        let verdict = if paid { "ACCEPTEE" } else { "NON ABOUTIE" };
        let (whole, cents) = (asked.amount_minor / 100, asked.amount_minor % 100);
        let text = format!(
            "{VIRTUAL}\nCARTE BANCAIRE\nSANS CONTACT\n{}\nMONTANT {whole},{cents:02} {currency}\n{verdict}\n{title}\n",
            asked.reference
        );
        // One byte a character: the page says ASCII, and Concert's says Latin-1.
        let bytes: Vec<u8> = text.chars().map(|it| u8::try_from(u32::from(it)).unwrap_or(b'?')).collect();
        json!({ "type": kind, "ticket": BASE64.encode(bytes) })
    };
    let list = json!([ticket("CLIENT", "TICKET CLIENT"), ticket("MERCHANT", "TICKET COMMERÇANT")]);
    match style.tickets {
        TicketsShape::Text => Value::String(json!({ "tickets": list }).to_string()),
        TicketsShape::Object => json!({ "tickets": list }),
        TicketsShape::Array => list,
        TicketsShape::Absent => Value::Null,
    }
}
