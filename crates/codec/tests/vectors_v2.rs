//! Every published vector of the serial generation, through the layer that it speaks of: a test of its own name each.
//!
//! `valid` is the verdict of whoever collected the vector: that bytes work with a real terminal, not only that they are
//! sound. `v3-serial-caissefacile-2.50-AF09` is `false` although frame and fields are whole (a Move/5000 answered
//! "format error"), and so are both `v3-ip-papeterie-*` (their CJ has 3 characters, a fault of meaning). The other way
//! round, `e-eptemulator-26.90-B8` is `true` although its register is no number: it takes a tolerance here.

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;

use caisse_codec::fixed::{
    Answer, Body, Delay, Fault, FieldName, Form, Kind, LONGEST_ANSWER, LONGEST_REQUEST, Reason, Received,
    ReceivedForm, Request, Tolerance, recognise,
};
use caisse_codec::{DecodeError, Encoder, Message, check};
use caisse_link::frame::{self, Control, Decoder, Found};
use serde_json::Value;
use support::named::{conclude, named};

/// All lines of the file. It may grow, and then each new line needs its place here.
const COUNT: usize = 98;

const STRICT: Tolerance = Tolerance { receipt: false, register_letters: false };

struct Vector {
    name: String,
    layer: String,
    to_terminal: bool,
    valid: bool,
    bytes: Vec<u8>,
    line: Value,
}

fn all() -> Vec<Vector> {
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let text = |key: &str| line[key].as_str().unwrap_or_else(|| panic!("no {key}: {line}")).to_owned();
        let hex = text("hex");
        let digits = hex.as_bytes().chunks_exact(2);
        assert!(digits.remainder().is_empty(), "{line}");
        Vector {
            name: text("name"),
            layer: text("layer"),
            to_terminal: text("direction") == "pos->terminal",
            valid: line["valid"].as_bool().expect("a verdict"),
            bytes: digits
                .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).expect("hexadecimal"))
                .collect(),
            line,
        }
    };
    include_str!("../../../docs/vectors/vectors-v2.jsonl").lines().map(read).collect()
}

/// What the link found, owned.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Body(Vec<u8>),
    Control(Control),
    Fault(frame::Fault),
    Stray(u8),
    /// A frame that began and did not end.
    Unfinished,
}

fn link(bytes: &[u8], tolerance: frame::Tolerance) -> Vec<Seen> {
    let mut storage = [0; frame::LONGEST_BODY];
    let mut decoder = Decoder::new(&mut storage, tolerance);
    let mut input = bytes;
    let mut seen = Vec::new();
    while let Some(found) = decoder.next(&mut input) {
        seen.push(match found {
            Found::Body(body) => Seen::Body(body.to_vec()),
            Found::Control(control) => Seen::Control(control),
            Found::Fault(fault) => Seen::Fault(fault),
            Found::Stray(byte) => Seen::Stray(byte),
        });
    }
    if decoder.is_inside() {
        seen.push(Seen::Unfinished);
    }
    seen
}

fn framed(body: &[u8]) -> Vec<u8> {
    frame::encode(body, &mut [0; frame::LONGEST_FRAME]).expect("a body that fits").to_vec()
}

/// The body of the only frame, which writes back as it came.
fn only_body(vector: &Vector) -> Vec<u8> {
    let name = &vector.name;
    let seen = link(&vector.bytes, frame::Tolerance::default());
    let [Seen::Body(body)] = seen.as_slice() else { panic!("{name}: {seen:?}") };
    assert_eq!(framed(body), vector.bytes, "{name}: check byte");
    assert_eq!(recognise(&vector.bytes), Kind::Neither(Reason::FramedOrSession), "{name}");
    body.clone()
}

fn control(vector: &Vector) {
    let name = &vector.name;
    let seen = link(&vector.bytes, frame::Tolerance::default());
    let all_known = seen.iter().all(|seen| matches!(seen, Seen::Control(_)));
    assert_eq!(all_known, vector.valid, "{name}: {seen:?}");
    for (seen, byte) in seen.iter().zip(&vector.bytes) {
        let known = Control::from_byte(*byte);
        assert_eq!(*seen, known.map_or(Seen::Stray(*byte), Seen::Control), "{name}");
    }
    assert_eq!(seen.len(), vector.bytes.len(), "{name}");
    assert_eq!(recognise(&vector.bytes), Kind::Neither(Reason::FramedOrSession), "{name}");
}

/// A request is read and, if a till could have sent it, written again by the typed encoder.
fn request(name: &str, body: &[u8]) {
    let strict = Received::decode(body, STRICT);
    let letters = name == "e-eptemulator-26.90-B8";
    assert_eq!(strict.is_err(), letters, "{name}: {strict:?}");
    let received = strict.or(Received::decode(body, Tolerance { register_letters: true, ..STRICT }));
    let received = received.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    let form = match received.form {
        ReceivedForm::E => Some(Form::E),
        ReceivedForm::EWithReceipt => Some(Form::EWithReceipt),
        ReceivedForm::EPlus { delay: Delay::End, authorisation } => Some(Form::EPlus(authorisation)),
        // The till has no word for it.
        ReceivedForm::EPlus { delay: Delay::Immediate, .. } => None,
    };
    assert_eq!(form.is_none(), body.ends_with(b"A011B010"), "{name}");
    let (Some(form), Some(register)) = (form, received.register.register()) else { return };
    let Received { amount, flag, mode, transaction, private, .. } = received;
    let request = Request { register, amount, flag, mode, transaction, private, form };
    assert_eq!(request.encode(&mut [0; LONGEST_REQUEST]), Ok(body), "{name}");
}

fn answer(name: &str, body: &[u8]) {
    let answer = Answer::decode(body, STRICT).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    assert_eq!(answer.encode(&mut [0; LONGEST_ANSWER]), Ok(body), "{name}");
    assert_eq!(answer.register.to_string(), "01", "{name}");
    assert_eq!(answer.report.is_some(), name.starts_with("resp80"), "{name}");
    let card = answer.card().map(|card| card.masked().to_owned());
    let expected = (name.starts_with("resp80") && !name.contains("zero-rep")).then_some("471169******8807");
    assert_eq!(card.as_deref(), expected, "{name}");
}

/// A frame of E or E+ that works.
fn sound_frame(vector: &Vector) {
    let body = only_body(vector);
    let kind = recognise(&body);
    let Kind::Fixed(layout) = kind else { panic!("{}: {kind}", vector.name) };
    assert_eq!(layout.is_request(), vector.to_terminal, "{}", vector.name);
    if vector.to_terminal { request(&vector.name, &body) } else { answer(&vector.name, &body) }
}

/// Where a frame is refused that does not work.
enum Refusal {
    Link(Seen),
    Length(usize),
    Field(FieldName, usize),
}

fn refusals() -> BTreeMap<&'static str, Refusal> {
    use Refusal::{Field, Length, Link};
    let check_byte = || Link(Seen::Fault(frame::Fault::CheckByte));
    let character = |offset| Link(Seen::Fault(frame::Fault::Character { offset }));
    BTreeMap::from([
        ("resp25-tony-good", check_byte()),
        ("neg-lrc-off-by-one-bit", check_byte()),
        ("neg-lrc-includes-stx", check_byte()),
        ("neg-lrc-without-etx", check_byte()),
        ("neg-truncated-no-lrc", Link(Seen::Unfinished)),
        ("neg-truncated-no-etx", Link(Seen::Unfinished)),
        ("neg-overlong-513-data", Link(Seen::Fault(frame::Fault::TooLong))),
        ("neg-8bit-data", character(20)),
        ("neg-control-in-body", character(20)),
        ("neg-amount-not-numeric", Field(FieldName::Amount, 10)),
        ("neg-resp-79", Length(79)),
        ("eplus-pytelium-bad-delay", Length(58)),
        ("neg-java-exodec", Length(42)),
        ("neg-tpebridge-33", Length(33)),
        ("neg-caissefacile-v2-14", Length(14)),
        ("neg-caissefacile-v3bin-19", Length(19)),
        ("neg-caissefacile-v3bin-17", Length(17)),
        ("neg-caissefacile-17-type01", Length(17)),
        ("neg-caissefacile-13", Length(13)),
    ])
}

fn broken_frame(vector: &Vector, refusal: &Refusal) {
    let name = &vector.name;
    if let Refusal::Link(expected) = refusal {
        let seen = link(&vector.bytes, frame::Tolerance::default());
        assert_eq!(seen, std::slice::from_ref(expected), "{name}");
        return;
    }
    let body = only_body(vector);
    for tolerance in [STRICT, Tolerance { register_letters: true, ..STRICT }] {
        for fault in [
            Body::decode(&body, tolerance).map(|_| ()),
            Received::decode(&body, tolerance).map(|_| ()),
            Answer::decode(&body, tolerance).map(|_| ()),
        ]
        .map(|result| result.expect_err(name))
        {
            match (refusal, fault) {
                (Refusal::Length(length), Fault::Length { length: at, .. }) => {
                    assert_eq!(*length, at, "{name}")
                }
                (Refusal::Field(wrong, offset), Fault::Field { field, offset: at, .. }) => {
                    assert_eq!((*wrong, *offset), (field, at), "{name}");
                }
                // An answer is no request, wherever its fault stands.
                (Refusal::Field(..), Fault::Length { .. }) => {}
                (Refusal::Length(_) | Refusal::Link(_), fault) => panic!("{name}: {fault}"),
            }
        }
    }
    assert!(matches!(recognise(&body), Kind::Neither(Reason::Fixed(_))), "{name}");
}

fn tlv(name: &str, body: &[u8]) {
    assert_eq!(recognise(body), Kind::Tlv, "{name}");
    let message = Message::decode(body).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(check::first_fault_of_order(message), None, "{name}");
    let mut buffer = vec![0; body.len()];
    let mut encoder = Encoder::new(&mut buffer);
    for field in message.fields() {
        encoder.raw(field.tag(), field.value()).expect(name);
    }
    assert_eq!(encoder.finish(), body, "{name}");
}

/// 3.x on the serial line. All of them are sound, also the one that a terminal refused (see above).
fn frame_with_tlv(vector: &Vector) {
    let body = only_body(vector);
    tlv(&vector.name, &body);
    assert_eq!(vector.valid, vector.name != "v3-serial-caissefacile-2.50-AF09", "{}", vector.name);
    if vector.name == "edge-512-data" {
        assert_eq!(body.len(), frame::LONGEST_BODY);
    }
}

/// 3.x on TCP.
fn message(vector: &Vector) {
    let (name, line) = (&vector.name, &vector.line);
    assert_eq!(recognise(&vector.bytes), Kind::Tlv, "{name}");
    let offset = line["offset"].as_u64().map(|offset| usize::try_from(offset).unwrap());
    match line["structure"].as_str() {
        Some("ok") => {
            tlv(name, &vector.bytes);
            assert_eq!(offset, None, "{name}");
        }
        Some("malformed") => {
            let error = Message::decode(&vector.bytes).expect_err(name);
            let DecodeError::Malformed(fault) = error else { panic!("{name}: {error}") };
            assert_eq!(Some(fault.offset), offset, "{name}");
        }
        stranger => panic!("{name}: {stranger:?}"),
    }
    // Of a message that goes wrong, the fields in front of that place.
    let (whole, _) = Message::read(&vector.bytes);
    let semantic: Vec<_> = check::faults(whole).map(|fault| Value::from(fault.to_string())).collect();
    assert_eq!(Value::from(semantic), line["semantic"], "{name}");
}

fn by_name(name: &str) -> Vector {
    all().into_iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("no vector {name}"))
}

/// Whole exchanges, the view of a line with parity, and bytes that are nothing.
fn stream(vector: &Vector) {
    let name = vector.name.as_str();
    let body_of = |name| Seen::Body(only_body(&by_name(name)));
    let control = Seen::Control;
    let (enq, ack, eot) =
        (control(Control::Enquiry), control(Control::Acknowledge), control(Control::EndOfSession));
    let plain = link(&vector.bytes, frame::Tolerance::default());
    let stripped = link(&vector.bytes, frame::Tolerance { parity_bits: true, ..Default::default() });
    match name {
        "session-pos-side-bytes" => {
            assert_eq!(plain, [enq, body_of("eplus-card-12.42-A010"), eot, ack.clone(), ack], "{name}");
        }
        "session-terminal-side-bytes" => {
            assert_eq!(plain, [ack.clone(), ack, enq, body_of("resp25-ok-A010"), eot], "{name}");
        }
        "session-tony-mock-terminal" => {
            assert_eq!(plain, [ack.clone(), ack, enq, body_of("resp25-tony-bad"), eot], "{name}");
        }
        // Without the tolerance these are no frames; with it they are those that they were made of.
        "parity-eplus-7e1-read-as-8bit" | "parity-resp-7e1-read-as-8bit" => {
            let original = if vector.to_terminal { "eplus-card-12.42-A010" } else { "resp25-tony-bad" };
            assert!(!plain.iter().any(|seen| matches!(seen, Seen::Body(_))), "{name}");
            assert_eq!(stripped, [body_of(original)], "{name}");
            let even = |byte: &u8| if byte.count_ones().is_multiple_of(2) { *byte } else { byte | 0x80 };
            let original: Vec<_> = by_name(original).bytes.iter().map(even).collect();
            assert_eq!(vector.bytes, original, "{name}");
            assert_eq!(recognise(&vector.bytes), Kind::Neither(Reason::EighthBit), "{name}");
        }
        // STX and ETX stand in a row here: as a stream that is a frame without a body, whose check byte is EOT.
        "parity-controls-7e1-read-as-8bit" => {
            let empty = Seen::Fault(frame::Fault::CheckByte);
            assert_eq!(stripped, [empty, enq, ack, control(Control::Refuse)], "{name}");
            let known = |byte: &u8| Control::from_byte(byte & 0x7f);
            let found: Vec<_> = vector.bytes.iter().filter_map(known).collect();
            assert_eq!(
                found,
                [Control::EndOfSession, Control::Enquiry, Control::Acknowledge, Control::Refuse],
                "{name}"
            );
        }
        "neg-shouldnotbedecoded" | "neg-short-sequence" | "raw-pax-a920-usb-answer-text" => {
            assert!(plain.iter().all(|seen| matches!(seen, Seen::Stray(_))), "{name}");
            let kind = recognise(&vector.bytes);
            assert!(matches!(kind, Kind::Neither(Reason::Fixed(Fault::Length { .. }))), "{name}: {kind}");
        }
        stranger => panic!("{stranger} has no expectation"),
    }
}

/// What kind of line it is, and whether it does what is said of it.
fn run(vector: &Vector) {
    let name = &vector.name;
    match (kind(vector), refusals().get(name.as_str())) {
        ("control", _) => control(vector),
        ("frame", _) => {
            assert!(vector.valid, "{name}");
            sound_frame(vector);
        }
        ("frame refused", Some(refusal)) => {
            assert!(!vector.valid, "{name}");
            broken_frame(vector, refusal);
        }
        ("frame-tlv", _) => frame_with_tlv(vector),
        ("message", _) => message(vector),
        ("stream-or-other", _) => stream(vector),
        (stranger, _) => panic!("{name}: layer {stranger}"),
    }
}

fn kind(vector: &Vector) -> &str {
    if refusals().contains_key(vector.name.as_str()) { "frame refused" } else { &vector.layer }
}

fn main() -> ExitCode {
    let lines = all().into_iter().map(|vector| named(vector.name.clone(), move || run(&vector)));
    conclude(lines.chain([
        named("every_kind_has_its_vectors".to_owned(), every_kind_has_its_vectors),
        named(
            "an_answer_that_echoes_a_misread_request_does_not_match_it".to_owned(),
            an_answer_that_echoes_a_misread_request_does_not_match_it,
        ),
    ]))
}

fn every_kind_has_its_vectors() {
    let mut counts = BTreeMap::<String, usize>::new();
    for vector in all() {
        assert!(kind(&vector) != "frame refused" || vector.layer == "frame", "{}", vector.name);
        *counts.entry(kind(&vector).to_owned()).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<usize>(), COUNT);
    assert_eq!(counts["frame refused"], refusals().len());
    let expected = [
        ("control", 9),
        ("frame", 43),
        ("frame refused", 19),
        ("frame-tlv", 5),
        ("message", 13),
        ("stream-or-other", 9),
    ];
    assert_eq!(counts, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

fn an_answer_that_echoes_a_misread_request_does_not_match_it() {
    // What the PAX A920 Pro displayed, blanks put back: accepted, but 10 000.00 in currency 097. Only the comparison
    // with the request can tell, and it needs what the codec hands out.
    let answer = Answer::decode(b"010010000003097          ", STRICT).unwrap();
    assert_eq!(answer.minor, 1_000_000);
    assert_eq!((answer.currency, answer.amount()), (97, None));
}
