//! How each thing in the input is told, to people and to programs.

use std::fmt::Display;

use caisse::Text;
use caisse_codec::explain::{Direction, Explanation, Language};
use caisse_codec::fixed::{self, Body, Layout, Tolerance};
use caisse_codec::{Field, Message, Tag, check};
use caisse_link::frame::Control;
use serde_json::{Value, json};

use super::items::Item;
use crate::output::Output;

pub(super) struct Show {
    pub(super) language: Language,
    pub(super) reveal: bool,
    pub(super) output: Output,
}

/// A value as it may be told: nothing where it is withheld.
type Told = Option<String>;

impl Show {
    /// Tells one thing; says whether it is whole.
    pub(super) fn item(&self, item: &Item) -> bool {
        match item {
            Item::Tlv { at, framed, bytes } => self.tlv(*at, *framed, bytes),
            Item::Fixed { at, framed, bytes } => self.fixed(*at, *framed, bytes),
            Item::Control { at, control } => self.control(*at, *control),
            Item::Error { offset, expected } => {
                self.output.json(&json!({ "error": { "offset": offset, "expected": expected } }));
                self.problem(format_args!("offset {offset}: expected {expected}"));
                return false;
            }
            Item::Incomplete { offset, needed } => {
                self.output.json(&json!({ "incomplete": { "offset": offset, "needed": needed } }));
                self.problem(format_args!(
                    "offset {offset}: the message is cut, at least {needed} more byte(s) needed"
                ));
                return false;
            }
        }
        true
    }

    fn problem(&self, what: impl Display) {
        if !self.output.is_json() {
            self.output.notice(format_args!("error: {what}"));
        }
    }

    fn control(&self, at: usize, control: Control) {
        let name = match control {
            Control::Enquiry => "ENQ",
            Control::Acknowledge => "ACK",
            Control::Refuse => "NAK",
            Control::EndOfSession => "EOT",
        };
        self.output.json(&json!({ "kind": "control", "at": at, "name": name }));
        self.output.text(format_args!("{at:>4}  {name}"));
    }

    fn tlv(&self, at: usize, framed: bool, bytes: &[u8]) {
        let (message, _) = Message::read(bytes);
        let (direction, words) = match Direction::of(message) {
            Direction::Request => ("request", Text { fr: "demande", en: "request" }),
            Direction::Answer => ("answer", Text { fr: "réponse", en: "answer" }),
        };
        let faults = check::first_fault_of_order(message).into_iter().chain(check::faults(message));
        let faults: Vec<_> = faults.map(|fault| fault.to_string()).collect();
        let kind = format!("Concert 3.x, {}", self.language.of(words));
        self.output.text(self.headline(&kind, framed, bytes));
        for field in message.fields() {
            self.field_text(&field, message, 0);
        }
        for fault in &faults {
            self.output.text(format_args!("! {fault}"));
        }
        self.output.json(&json!({
            "kind": "concert-3",
            "direction": direction,
            "framed": framed,
            "at": at,
            "fields": message.fields().map(|field| self.field_json(&field, message)).collect::<Vec<_>>(),
            "faults": faults,
        }));
    }

    fn headline(&self, kind: &str, framed: bool, bytes: &[u8]) -> String {
        let length = self.language.of(Text { fr: "octets", en: "bytes" });
        let frame = self.language.of(Text { fr: ", dans une trame", en: ", in a frame" });
        format!("{kind}, {} {length}{}", bytes.len(), if framed { frame } else { "" })
    }

    /// Bytes that are not ASCII are told as Latin-1.
    fn told(&self, shown: Option<&str>, value: &[u8]) -> Told {
        match shown.filter(|shown| shown.len() == value.len()) {
            Some(shown) => Some(shown.to_owned()),
            None if value.is_empty() => Some(String::new()),
            None if self.reveal => Some(value.iter().map(|byte| char::from(*byte)).collect()),
            None => None,
        }
    }

    fn field_json(&self, field: &Field<'_>, message: Message<'_>) -> Value {
        let explanation = Explanation::new(*field, message, self.language);
        let told = self.told(field.shown(), field.value());
        let (tag, name) = (field.tag().to_string(), explanation.name());
        let mut json = row(&tag, field.offset(), field.value(), told, name, &explanation);
        if field.tag() == Tag::ZT {
            let inner = Message::read(field.value()).0;
            json["fields"] = inner.fields().map(|field| self.field_json(&field, inner)).collect();
        }
        json
    }

    fn field_text(&self, field: &Field<'_>, message: Message<'_>, depth: usize) {
        let explanation = Explanation::new(*field, message, self.language);
        let (tag, offset, length) = (field.tag(), field.offset(), field.value().len());
        let indent = depth * 2;
        if field.tag() == Tag::ZT {
            self.output.text(format_args!("{:indent$}{offset:>4}  {tag} {length:>3}  {explanation}", ""));
            let inner = Message::read(field.value()).0;
            for field in inner.fields() {
                self.field_text(&field, inner, depth + 1);
            }
        } else {
            let value = printable(self.told(field.shown(), field.value()));
            self.output
                .text(format_args!("{:indent$}{offset:>4}  {tag} {length:>3}  {value}  ({explanation})", ""));
        }
    }

    fn fixed(&self, at: usize, framed: bool, bytes: &[u8]) {
        // Found with the same tolerance a moment ago.
        let Ok(body) = Body::decode(bytes, Tolerance::ALL) else { return };
        let layout = body.layout();
        let kind = if layout == Layout::RequestEPlus { "concert-e-plus" } else { "concert-e" };
        let direction = if layout.is_request() { "request" } else { "answer" };
        self.output.text(self.headline(self.language.of(layout.text()), framed, bytes));
        let mut fields = Vec::new();
        for field in body.fields() {
            let explanation = fixed::Explanation::new(field, body, self.language);
            let told = self.told(field.shown(), field.value());
            let (code, offset) = (field.name().code(), field.offset());
            let value = printable(told.clone());
            let length = field.value().len();
            self.output.text(format_args!("{offset:>4}  {code:<5} {length:>3}  {value}  ({explanation})"));
            fields.push(row(code, offset, field.value(), told, explanation.name(), &explanation));
        }
        self.output.json(&json!({
            "kind": kind,
            "direction": direction,
            "framed": framed,
            "at": at,
            "fields": fields,
        }));
    }
}

fn printable(told: Told) -> String {
    told.map_or_else(|| "[redacted]".to_owned(), |value| value.escape_debug().to_string())
}

fn row(tag: &str, offset: usize, value: &[u8], told: Told, name: &str, meaning: &impl Display) -> Value {
    json!({
        "tag": tag,
        "offset": offset,
        "length": value.len(),
        "redacted": told.is_none(),
        "value": told,
        "name": name,
        "meaning": meaning.to_string(),
    })
}
