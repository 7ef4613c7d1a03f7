//! `caisse explain`: what the bytes of a message say.

use std::fs::File;
use std::io::{self, Read};

use caisse_codec::explain::{Direction, Explanation, Language};
use caisse_codec::{Field, Message, Remainder, Tag, check};
use serde_json::{Value, json};

use crate::args::{ExplainArguments, LanguageArgument};
use crate::output::Output;
use crate::usage::Wrong;

/// More than any message, and little enough for any machine.
const LONGEST_INPUT: u64 = 1 << 20;

/// Exit code for bytes that are not one whole message.
const NOT_A_MESSAGE: u8 = 1;

pub(crate) fn run(arguments: &ExplainArguments, output: &Output) -> Result<u8, Wrong> {
    let bytes = read(arguments)?;
    let language = match arguments.lang {
        LanguageArgument::En => Language::English,
        LanguageArgument::Fr => Language::French,
    };
    let explainer = Explainer { language, reveal: arguments.reveal, output };
    Ok(explainer.explain(&bytes))
}

fn read(arguments: &ExplainArguments) -> Result<Vec<u8>, Wrong> {
    let file = arguments.file.display();
    let wrong = |error: io::Error| Wrong::usage("file", format_args!("{file}: {error}"));
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = if arguments.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&arguments.file).map_err(wrong)?)
    };
    source.take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > LONGEST_INPUT {
        return Err(Wrong::usage("file", format_args!("{file}: longer than {LONGEST_INPUT} bytes")));
    }
    if arguments.hex { from_hex(&bytes) } else { Ok(bytes) }
}

/// Pairs of hexadecimal digits, with blanks and line ends anywhere between them.
fn from_hex(text: &[u8]) -> Result<Vec<u8>, Wrong> {
    let wrong = |offset: usize| {
        Wrong::usage("hex", format_args!("position {offset}: expected two hexadecimal digits"))
    };
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for (offset, byte) in text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()) {
        let digit = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or_else(|| wrong(offset))?;
        half = match half {
            None => Some(digit),
            Some(high) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    if half.is_some() { Err(wrong(text.len())) } else { Ok(bytes) }
}

struct Explainer<'o> {
    language: Language,
    reveal: bool,
    output: &'o Output,
}

impl Explainer<'_> {
    fn explain(&self, bytes: &[u8]) -> u8 {
        let (message, remainder) = Message::read(bytes);
        let fields: Vec<_> = message.fields().collect();
        for field in &fields {
            self.show(field, message, 0);
        }
        let rest = &bytes[message.as_bytes().len()..];
        // A file usually ends with a line end, and some terminals end their answers so.
        let only_blanks = rest.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' '));
        match remainder {
            _ if only_blanks && !fields.is_empty() => {
                let direction = match Direction::of(message) {
                    Direction::Request => "request",
                    Direction::Answer => "answer",
                };
                let faults = check::first_fault_of_order(message).into_iter().chain(check::faults(message));
                let faults: Vec<_> = faults.map(|fault| fault.to_string()).collect();
                self.output.json(&json!({
                    "kind": "concert-3",
                    "direction": direction,
                    "framed": false,
                    "fields": fields.iter().map(|field| self.json(field, message)).collect::<Vec<_>>(),
                    "faults": faults.clone(),
                }));
                self.output
                    .text(format_args!("Concert 3.x, {direction}, {} bytes", message.as_bytes().len()));
                for fault in faults {
                    self.output.text(format_args!("! {fault}"));
                }
                0
            }
            Remainder::Malformed(fault) => {
                let (offset, expected) = (fault.offset, fault.expected.to_string());
                self.output.json(&json!({ "error": { "offset": offset, "expected": expected } }));
                self.say_error(format_args!("offset {offset}: expected {expected}"));
                if matches!(bytes.first(), Some(0x02 | 0x05)) {
                    self.output
                        .notice("the bytes begin with a control character of the serial line (STX or ENQ)");
                }
                NOT_A_MESSAGE
            }
            Remainder::NeedMore(more) => self.incomplete(more.offset, more.needed),
            Remainder::Boundary => self.incomplete(0, caisse_codec::HEADER),
        }
    }

    fn incomplete(&self, offset: usize, needed: usize) -> u8 {
        self.output.json(&json!({ "incomplete": { "offset": offset, "needed": needed } }));
        self.say_error(format_args!(
            "offset {offset}: the message is cut, at least {needed} more byte(s) needed"
        ));
        NOT_A_MESSAGE
    }

    fn say_error(&self, what: std::fmt::Arguments<'_>) {
        if !self.output.is_json() {
            self.output.notice(format_args!("error: {what}"));
        }
    }

    /// The value as text, and whether it is withheld. Bytes that are not ASCII are told as Latin-1.
    fn value(&self, field: &Field<'_>) -> (Option<String>, bool) {
        let shown = field.shown().filter(|shown| shown.len() == field.value().len());
        match shown {
            Some(shown) => (Some(shown.to_owned()), false),
            None if field.value().is_empty() => (Some(String::new()), false),
            None if self.reveal => {
                (Some(field.value().iter().map(|byte| char::from(*byte)).collect()), false)
            }
            None => (None, true),
        }
    }

    fn json(&self, field: &Field<'_>, message: Message<'_>) -> Value {
        let (value, redacted) = self.value(field);
        let explanation = Explanation::new(*field, message, self.language);
        let mut json = json!({
            "tag": field.tag().to_string(),
            "offset": field.offset(),
            "length": field.value().len(),
            "value": value,
            "redacted": redacted,
            "name": explanation.name(),
            "meaning": explanation.to_string(),
        });
        if field.tag() == Tag::ZT {
            let inner = Message::read(field.value()).0;
            json["fields"] = inner.fields().map(|field| self.json(&field, inner)).collect();
        }
        json
    }

    fn show(&self, field: &Field<'_>, message: Message<'_>, depth: usize) {
        let (value, redacted) = self.value(field);
        let value = if redacted { "[redacted]".to_owned() } else { value.unwrap_or_default() };
        let explanation = Explanation::new(*field, message, self.language);
        let indent = depth * 2;
        let (tag, offset, length) = (field.tag(), field.offset(), field.value().len());
        if field.tag() == Tag::ZT {
            self.output.text(format_args!("{:indent$}{offset:>4}  {tag} {length:>3}  {explanation}", ""));
            let inner = Message::read(field.value()).0;
            for field in inner.fields() {
                self.show(&field, inner, depth + 1);
            }
        } else {
            let value = value.escape_debug();
            self.output
                .text(format_args!("{:indent$}{offset:>4}  {tag} {length:>3}  {value}  ({explanation})", ""));
        }
    }
}
