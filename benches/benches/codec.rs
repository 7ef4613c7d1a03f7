//! Ways to read and write 3.x messages, side by side on the same bytes in one run.
//!
//! What a contender does not do is said with it. Inputs are hidden from the compiler, results are asserted.

use std::hint::black_box;
use std::time::Duration;

use caisse_codec::{
    Answer, DebitRequest, FieldScanner, Fields, LONGEST_REQUEST, Message, Piece, Scan, Status, Tag, Version,
};
use caisse_payment::{Amount, Currency, Register};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};

mod contenders;
#[path = "../../crates/codec/tests/support/nom_spine.rs"]
mod nom_spine;

/// A message, and what every contender must find in it.
struct Input {
    name: &'static str,
    bytes: Vec<u8>,
    fields: usize,
    /// The amount, which lies behind a few fields.
    minor: u64,
}

fn inputs() -> Vec<Input> {
    let file = include_str!("../../docs/vectors/vectors-v3.jsonl");
    let input = |name, vector: &str, length: usize, fields, minor| {
        let lines = file.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
        let line = { lines }.find(|line: &serde_json::Value| line["name"] == vector).expect("the vector");
        let bytes = line["bytes"].as_str().expect("text").as_bytes().to_vec();
        assert_eq!(bytes.len(), length, "{vector}");
        Input { name, bytes, fields, minor }
    };
    vec![
        input("request-57", "msg.hipay.request.debit.minimal", 57, 6, 12345),
        input("answer-170", "msg.akretion.response.success.simulated", 170, 16, 11245),
        input("answer-744", "msg.payxpert.response.debit.v2.reconstructed", 744, 14, 2500),
    ]
}

fn fields(bytes: &[u8]) -> usize {
    let mut walker = Fields::new(bytes);
    let mut count = 0;
    loop {
        match walker.read_field() {
            Scan::Field(_) => count += 1,
            end => {
                assert_eq!(end, Scan::Boundary);
                return count;
            }
        }
    }
}

/// What decides: status, echoes, currency, and who authorised.
fn deciding_fields(bytes: &[u8]) -> Option<u64> {
    let answer = Answer::new(Message::decode(bytes).ok()?);
    let currency = answer.message().get(Tag::CE)?.value();
    let register = answer.message().get(Tag::CA)?.value();
    let action = answer.message().get(Tag::CD)?.value();
    let performed = answer.status() == Some(Status::Performed) && answer.authorisation().is_some();
    (performed && currency == b"978" && matches!(register, b"01" | b"1") && action == b"0")
        .then(|| answer.amount_minor())?
}

fn scan_bytes(bytes: &[u8]) -> usize {
    let mut scanner = FieldScanner::new();
    let mut ends = 0;
    for byte in bytes.chunks(1) {
        let mut input = byte;
        while let Some(piece) = scanner.next(&mut input) {
            ends += usize::from(piece == Piece::End);
        }
    }
    assert!(scanner.at_boundary());
    ends
}

fn measure<T: PartialEq + std::fmt::Debug>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    input: &[u8],
    expected: T,
    contender: impl Fn(&[u8]) -> T,
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| assert_eq!(contender(black_box(input)), expected));
    });
}

fn decode(criterion: &mut Criterion) {
    for Input { name, bytes, fields: count, minor } in inputs() {
        let mut group = criterion.benchmark_group(format!("decode/{name}"));
        group.throughput(Throughput::Elements(count as u64));
        // Structure only: all fields, nothing looked up.
        measure(&mut group, "ours: Fields", &bytes, count, fields);
        measure(&mut group, "ours: Message::decode", &bytes, true, |bytes| Message::decode(bytes).is_ok());
        measure(&mut group, "ours: FieldScanner, byte by byte", &bytes, count, scan_bytes);
        measure(&mut group, "nom: streaming fields", &bytes, count, contenders::nom_fields);
        measure(&mut group, "nom: text style, many0", &bytes, count, contenders::nom_text_style);
        // With the amount looked up.
        if name != "request-57" {
            measure(&mut group, "ours: Answer, deciding fields", &bytes, Some(minor), deciding_fields);
        }
        measure(&mut group, "nom: oracle, owned fields", &bytes, Some(minor), contenders::oracle);
        measure(&mut group, "owned Vec of fields", &bytes, Some(minor), contenders::owned);
        measure(&mut group, "HashMap<String, String>", &bytes, Some(minor), contenders::map);
        group.finish();
    }
}

fn encode(criterion: &mut Criterion) {
    let wire: &[u8] = b"CZ0040300CJ012247300123456CA00201CB00512345CD0010CE003978";
    let request = DebitRequest {
        version: Version::V3_00,
        identifier: "247300123456".parse().expect("twelve digits"),
        register: Register::FIRST,
        amount: Amount::from_minor(12345, Currency::EUR),
        partial: None,
        application: None,
        ticket: None,
    };
    let mut group = criterion.benchmark_group("encode/request-57");
    group.bench_function("ours: DebitRequest::encode", |bencher| {
        let mut buffer = [0; LONGEST_REQUEST];
        bencher.iter(|| assert_eq!(black_box(&request).encode(black_box(&mut buffer)), Ok(wire)));
    });
    group.bench_function("format! into a String", |bencher| {
        // Knows no length and no character set.
        bencher.iter(|| assert_eq!(contenders::format_request(black_box(&request)).as_bytes(), wire));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
        .without_plots()
        .configure_from_args();
    decode(&mut criterion);
    encode(&mut criterion);
    criterion.final_summary();
}
