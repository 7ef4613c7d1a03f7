//! The time of every contender, in one run. Read `docs/performance.md` before believing a number.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::Duration;

use caisse_benches::encode::{self, answer_values};
use caisse_benches::input::{self, Input};
use caisse_benches::{limit, nom_style, ours, owned};
use caisse_codec::fixed::{self, Report};
use caisse_codec::{LONGEST_ANSWER, LONGEST_REQUEST, LONGEST_TEXT, TicketRequest};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};

/// One decoder on bytes that the compiler does not know.
fn decode<T: PartialEq + Debug>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    bytes: &[u8],
    expected: T,
    contender: impl Fn(&[u8]) -> T,
) {
    group.bench_function(name, |bencher| bencher.iter(|| assert_eq!(contender(black_box(bytes)), expected)));
}

/// The parts of the work that no reader can leave out, and a copy to compare them with.
fn limits(group: &mut BenchmarkGroup<'_, WallTime>, bytes: &[u8]) {
    let check_byte = bytes.iter().fold(3, |check, byte| check ^ byte);
    decode(group, "limit: characters alone", bytes, true, limit::characters);
    decode(group, "limit: check byte alone", bytes, check_byte, limit::check_byte);
    group.bench_function("limit: memcpy", |bencher| {
        let mut buffer = [0; 1024];
        bencher.iter(|| limit::copy(black_box(bytes), black_box(&mut buffer)).len());
        assert_eq!(&buffer[..bytes.len()], bytes);
    });
}

fn decode_tlv(criterion: &mut Criterion) {
    for input in [input::request_57(), input::answer_170(), input::answer_744()] {
        let Input { name, bytes, fields, documented, deciding } = &input;
        let is_answer = deciding.performed.is_some();
        let mut group = criterion.benchmark_group(format!("decode/{name}"));
        decode(&mut group, "limit: bare walk", bytes, *fields, limit::bare_walk);
        limits(&mut group, bytes);
        decode(&mut group, "ours: fields", bytes, *fields, ours::fields);
        decode(&mut group, "ours: message", bytes, true, ours::message);
        if is_answer {
            decode(&mut group, "ours: typed answer", bytes, Some((*deciding, *documented)), ours::answer);
        } else {
            decode(&mut group, "ours: typed request", bytes, Some(*deciding), ours::request);
        }
        decode(&mut group, "nom: take, structure", bytes, *fields, nom_style::fields);
        decode(&mut group, "nom: take, deciding", bytes, Some(*deciding), nom_style::deciding);
        decode(&mut group, "nom: text, structure", bytes, *fields, nom_style::text);
        decode(&mut group, "owned: Vec", bytes, Some(*deciding), owned::list);
        decode(&mut group, "owned: HashMap", bytes, Some(*deciding), owned::map);
        group.finish();
    }
}

fn decode_fixed(criterion: &mut Criterion) {
    let ours: [fn(&[u8]) -> _; 2] = [ours::fixed_request, ours::fixed_answer];
    let nom: [fn(&[u8]) -> _; 2] = [nom_style::fixed_request, nom_style::fixed_answer];
    let e_plus = (input::e_plus_34(), owned::E_PLUS);
    for (input, layout) in
        [e_plus, (input::answer_25(), owned::SHORT_ANSWER), (input::answer_80(), owned::LONG_ANSWER)]
    {
        let Input { name, bytes, deciding, .. } = &input;
        let way = usize::from(deciding.performed.is_some());
        let mut group = criterion.benchmark_group(format!("decode/{name}"));
        limits(&mut group, bytes);
        decode(&mut group, "ours: body", bytes, true, ours::body);
        decode(&mut group, "ours: typed", bytes, Some(*deciding), ours[way]);
        decode(&mut group, "nom: take, deciding", bytes, Some(*deciding), nom[way]);
        decode(&mut group, "owned: Vec", bytes, Some(*deciding), |it| owned::fixed_list(it, layout));
        decode(&mut group, "owned: HashMap", bytes, Some(*deciding), |it| owned::fixed_map(it, layout));
        group.finish();
    }
}

/// The bytes of one answer as they dribble in: the time must grow as the number of pieces and of bytes, no faster.
fn feed(criterion: &mut Criterion) {
    let one = input::answer_744();
    for times in [1, 2, 4, 8] {
        let bytes = one.bytes.repeat(times);
        let mut group = criterion.benchmark_group(format!("feed/{}", bytes.len()));
        for piece in [1, 16, 512] {
            let name = format!("ours: in pieces of {piece}");
            decode(&mut group, &name, &bytes, one.fields * times, |bytes| ours::scan(bytes, piece));
        }
        group.finish();
    }
}

/// One encoder on values that the compiler does not know.
fn write<V, T: AsRef<[u8]>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    values: &V,
    wire: &[u8],
    contender: impl Fn(&V) -> T,
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| assert_eq!(contender(black_box(values)).as_ref(), wire));
    });
}

/// The same into a buffer that the compiler does not know either.
fn write_into<V>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    values: &V,
    wire: &[u8],
    contender: impl for<'b> Fn(&V, &'b mut [u8]) -> &'b [u8],
) {
    let mut buffer = [0; LONGEST_ANSWER];
    group.bench_function(name, |bencher| {
        bencher.iter(|| assert_eq!(contender(black_box(values), black_box(&mut buffer)), wire));
    });
}

fn encode_tlv(criterion: &mut Criterion) {
    let (request, wire) = (encode::debit_request(), input::request_57().bytes);
    let mut group = criterion.benchmark_group("encode/request-57");
    write_into(&mut group, "ours: typed request", &request, &wire, |request, buffer| {
        request.encode(buffer.first_chunk_mut::<LONGEST_REQUEST>().expect("room")).expect("a request")
    });
    write(&mut group, "format!", &request, &wire, encode::format_request);
    group.finish();

    let (values, input) = (answer_values(), input::answer_170());
    let mut group = criterion.benchmark_group("encode/answer-170");
    // What the encoding is held against, in the same run.
    decode(&mut group, "limit: bare walk", &input.bytes, input.fields, limit::bare_walk);
    write_into(&mut group, "limit: memcpy", &input.bytes, &input.bytes, |bytes, buffer| {
        limit::copy(bytes, buffer)
    });
    write_into(&mut group, "ours: 16 fields, each checked", &values, &input.bytes, |values, buffer| {
        encode::answer(values, buffer).expect("an answer")
    });
    write(&mut group, "Vec and write!", &values, &input.bytes, encode::write_answer);
    write(&mut group, "format!", &values, &input.bytes, encode::format_answer);
    group.finish();

    let text = [b'x'; LONGEST_TEXT];
    for (name, ticket) in [("without", None), ("with", Some(text.get(..450).expect("450 bytes")))] {
        let tickets: Vec<_> = ticket.map(|text| (TicketRequest::CUSTOMER_TEXT, text)).into_iter().collect();
        let answer = encode::debit_answer(&tickets);
        let wire = encode::format_debit_answer(ticket);
        let mut group = criterion.benchmark_group(format!("encode/debit answer {name} a ticket"));
        write_into(&mut group, "ours: typed answer", &answer, wire.as_bytes(), |answer, buffer| {
            answer.encode(buffer).expect("an answer")
        });
        write(&mut group, "format!", &ticket, wire.as_bytes(), |ticket| encode::format_debit_answer(*ticket));
        group.finish();
    }
}

fn encode_fixed(criterion: &mut Criterion) {
    let (request, wire) = (encode::e_plus_request(), input::e_plus_34().bytes);
    let mut group = criterion.benchmark_group("encode/e-plus-request-34");
    write_into(&mut group, "ours: typed", &request, &wire, |request, buffer| {
        request.encode(buffer).expect("a request")
    });
    write(&mut group, "format!", &request, &wire, encode::format_e_plus);
    group.finish();

    let long = input::answer_80();
    let report = long.bytes[12..].first_chunk().expect("55 characters");
    let report = Report::new(report).expect("printable");
    for (input, report) in [(input::answer_25(), None), (long.clone(), Some(report))] {
        let answer: fixed::Answer<'_> = encode::fixed_answer(report);
        let mut group = criterion.benchmark_group(format!("encode/{}", input.name));
        write_into(&mut group, "ours: typed", &answer, &input.bytes, |answer, buffer| {
            answer.encode(buffer).expect("an answer")
        });
        write(&mut group, "format!", &answer, &input.bytes, |it| encode::format_fixed_answer(it));
        group.finish();
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .without_plots()
        .configure_from_args();
    decode_tlv(&mut criterion);
    decode_fixed(&mut criterion);
    feed(&mut criterion);
    encode_tlv(&mut criterion);
    encode_fixed(&mut criterion);
    criterion.final_summary();
}
