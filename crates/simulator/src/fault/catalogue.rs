//! Every fault there is, as a table: the grammar, the documentation and the tests are made from it.

use serde::Serialize;

use super::{Fault, Position, Step};
use crate::persona::Generation;
use crate::random::Random;

/// On which lines a fault can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lines {
    /// TCP and serial.
    Any,
    /// Only where messages travel in frames with control characters: serial lines, and E or E+ over TCP.
    Framed,
}

/// What may stand behind the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    None,
    /// A whole number from the first to the last, with its unit; the default when it is left out.
    Number { least: u64, most: u64, default: Option<u64>, unit: &'static str },
    /// One of these words; the first is the default.
    Word(&'static [&'static str]),
}

/// Where a fault may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) byte: bool,
    pub(crate) request_byte: bool,
    pub(crate) steps: &'static [&'static str],
    /// Where it happens unless told otherwise, as it is written behind the `@`; nothing where the place is chosen by
    /// the seed or makes no difference.
    pub(crate) default: Option<&'static str>,
}

/// One fault as the table has it.
#[derive(Debug)]
pub struct Description {
    /// Its name.
    pub fault: Name,
    /// How it is written.
    pub name: &'static str,
    /// On which lines it happens.
    pub lines: Lines,
    /// What it does.
    pub text: &'static str,
    /// A whole example.
    pub example: &'static str,
    pub(crate) places: Places,
    pub(crate) value: Value,
}

/// Steps of every exchange, in their order.
const STEPS: &[&str] = &["connected", "reading", "request", "decided", "answer", "answered"];
const NOWHERE: Places = Places { byte: false, request_byte: false, steps: &[], default: None };
const CUT: Places = Places { byte: true, request_byte: true, steps: STEPS, default: Some("step=decided") };
const HANDSHAKE: &[&str] = &["enquiry", "message"];
const FOUR_ACKS: &[&str] = &["enquiry", "message", "result-enquiry", "result"];

const fn millis(default: u64) -> Value {
    Value::Number { least: 1, most: 3_600_000, default: Some(default), unit: "milliseconds" }
}

const fn times(default: u64) -> Value {
    Value::Number { least: 1, most: 1_000, default: Some(default), unit: "times" }
}

macro_rules! catalogue {
    ($($fault:ident $name:literal $lines:ident, $places:expr, $value:expr, $example:literal, $text:literal;)*) => {
        /// The name of a fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Name {
            $(#[doc = concat!("`", $name, "`: ", $text)] $fault,)*
        }

        /// Every fault, in the order of [`Name`].
        pub const CATALOGUE: &[Description] = &[$(Description {
            fault: Name::$fault,
            name: $name,
            lines: Lines::$lines,
            text: $text,
            example: $example,
            places: $places,
            value: $value,
        },)*];
    };
}

catalogue! {
    Split "split" Any, Places { byte: true, default: Some("byte=10"), ..NOWHERE }, millis(50), "split@byte=10:50",
        "A pause after this many bytes: the answer arrives in two pieces.";
    Merge "merge" Any, NOWHERE, millis(100), "merge:100",
        "What leaves within this time leaves in one piece: control characters, frames and answers run together.";
    Drip "drip" Any, NOWHERE, millis(5), "drip:5",
        "One byte at a time, with this pause between two.";
    Delay "delay" Any, Places { steps: STEPS, default: Some("step=answer"), ..NOWHERE }, millis(1_000),
        "delay@step=answer:1000",
        "Nothing leaves for this long, from this step on.";
    Stall "stall" Any, Places { byte: true, steps: STEPS, default: Some("step=answer"), ..NOWHERE },
        Value::Number { least: 1, most: 3_600_000, default: None, unit: "milliseconds" }, "stall@byte=40",
        "The terminal stops sending in the middle of it; without a time, for good. The line stays open.";
    Drop "drop" Any, CUT, Value::Word(&["close", "reset"]), "drop@step=decided",
        "The line is cut: in order, or with a reset. At `decided` the money has moved and no byte of the answer has left.";
    HalfOpen "half-open" Any, CUT, Value::None, "half-open@step=decided",
        "The line is dead and nobody says so: nothing more is sent or read, and nothing is closed.";
    SingleRead "single-read" Any, NOWHERE, Value::None, "single-read",
        "The terminal reads once and takes what came for the whole request.";
    Duplicate "duplicate" Any, NOWHERE, Value::None, "duplicate",
        "The answer comes twice.";
    Earlier "earlier" Any, NOWHERE, Value::Word(&["instead", "before"]), "earlier:instead",
        "The answer of an earlier transaction comes, instead of this one's or before it.";
    Garbage "garbage" Any, Places { byte: true, steps: STEPS, default: Some("step=answer"), ..NOWHERE },
        Value::Number { least: 1, most: 65_536, default: Some(16), unit: "bytes" }, "garbage@byte=30:16",
        "Bytes that mean nothing, as the seed chooses them: before the answer, inside it or behind it.";
    Flip "flip" Any, Places { byte: true, default: None, ..NOWHERE },
        Value::Number { least: 0, most: 7, default: None, unit: "bit" }, "flip@byte=30:0",
        "One bit of one byte is turned over. The seed chooses what is not said.";
    Oversized "oversized" Any, NOWHERE,
        Value::Number { least: 600, most: 1_048_576, default: Some(20_000), unit: "bytes" }, "oversized:20000",
        "The answer is this long: 3.x with fields that nobody knows, E and E+ with blanks.";
    WrongAmount "wrong-amount" Any, NOWHERE,
        Value::Number { least: 0, most: 99_999_999, default: None, unit: "minor units" }, "wrong-amount:2600",
        "Another amount is echoed; 1.00 more unless said.";
    WrongCurrency "wrong-currency" Any, NOWHERE,
        Value::Number { least: 0, most: 999, default: None, unit: "number of ISO 4217" }, "wrong-currency:840",
        "Another currency is echoed; the dollar (the euro for dollars) unless said.";
    WrongRegister "wrong-register" Any, NOWHERE,
        Value::Number { least: 0, most: 99, default: None, unit: "register" }, "wrong-register:02",
        "Another register is echoed; the next one unless said.";
    WrongAction "wrong-action" Any, NOWHERE,
        Value::Number { least: 0, most: 9, default: None, unit: "type of action" }, "wrong-action:1",
        "Another type of action is echoed; a credit (a debit for credits) unless said. E and E+ echo none.";
    BadLrc "bad-lrc" Framed, NOWHERE, times(1), "bad-lrc:1",
        "The check byte of the result is wrong, this many times.";
    LostAck "lost-ack" Framed, Places { steps: FOUR_ACKS, default: Some("step=message"), ..NOWHERE }, times(1),
        "lost-ack@step=message",
        "An ACK never arrives: the terminal's to the till's ENQ or message, or the till's to the result's ENQ or to the result.";
    LostNak "lost-nak" Framed, Places { steps: HANDSHAKE, default: Some("step=message"), ..NOWHERE }, times(1),
        "lost-nak@step=message",
        "The terminal refuses the ENQ or the message, and its NAK never arrives.";
    Nak "nak" Framed, Places { steps: HANDSHAKE, default: Some("step=message"), ..NOWHERE }, times(1),
        "nak@step=message",
        "The terminal answers the ENQ or the message with NAK, this many times.";
    Collision "collision" Framed, NOWHERE, Value::None, "collision",
        "The till's ENQ meets an ENQ of the terminal, which brings the result of an earlier transaction.";
    NoEot "no-eot" Framed, NOWHERE, Value::None, "no-eot",
        "The result ends without its EOT.";
    Random "random" Any, NOWHERE,
        Value::Number { least: 1, most: 100, default: Some(50), unit: "percent of the transactions" }, "random:50",
        "One of the others that can happen on this line, at a place that the seed chooses, for this share of the transactions.";
}

impl Name {
    /// Its line of the table.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "the table has one line for each variant")]
    pub fn description(self) -> &'static Description {
        // Enum and table are made of the same lines.
        &CATALOGUE[self as usize]
    }
}

impl Description {
    /// The places where it may happen, as they are written behind the `@`.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let bytes = [(self.places.byte, "byte=N"), (self.places.request_byte, "request-byte=N")];
        let bytes = bytes.into_iter().filter(|(may, _)| *may).map(|(_, text)| text.to_owned());
        bytes.chain(self.places.steps.iter().map(|step| format!("step={step}"))).collect()
    }

    /// What may stand behind the colon, in words; nothing when nothing may.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        match self.value {
            Value::None => None,
            Value::Number { least, most, default, unit } => {
                let default = default.map_or_else(|| "not said".to_owned(), |number| number.to_string());
                Some(format!("{least} to {most} {unit} (default: {default})"))
            }
            Value::Word(words) => Some(format!("{} (default: {})", words.join(" or "), words.first()?)),
        }
    }

    /// The table's line as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "lines": self.lines,
            "places": self.places(),
            "default_place": self.places.default,
            "value": self.value(),
            "example": self.example,
            "text": self.text,
        })
    }
}

/// The same fault at one of the places where it may happen.
pub(crate) fn somewhere(fault: Fault, generation: Generation, random: &mut Random) -> Fault {
    // What an exchange has on the way to the till, and on the way from it.
    let (to_till, from_till) = match generation {
        Generation::Three => (160, 60),
        Generation::E | Generation::EPlus => (32, 32),
    };
    let places = fault.name().description().places;
    let steps: Vec<Step> =
        Step::ALL.iter().copied().filter(|step| places.steps.contains(&step.name())).collect();
    let mut ways = Vec::new();
    if places.byte {
        ways.push(Position::Byte(random.below(to_till)));
    }
    if places.request_byte {
        ways.push(Position::RequestByte(random.below(from_till)));
    }
    ways.extend(random.choose(&steps).map(Position::Step));
    match random.choose(&ways) {
        Some(position) => fault.at(position),
        None => fault,
    }
}
