//! Instructions (callgrind) and heap (DHAT) of the contenders. What comes out does not depend on what else the machine
//! does. Hard limits stand here, of instructions and of heap; `pinned` also holds each count to the one in `counts.csv`.
#![allow(missing_docs, reason = "the macros of gungraun write public items")]

use std::path::Path;
use std::time::Duration;

use caisse_benches::encode::{self, AnswerValues};
use caisse_benches::input::{self, Input};
use caisse_benches::{Deciding, limit, nom_style, ours, owned};
use caisse_codec::fixed::{self, Report};
use caisse_codec::{DebitRequest, LONGEST_ANSWER, TerminalAnswer, TicketRequest};
use caisse_journal::{Journal, SqliteJournal};
use gungraun::{
    Callgrind, Dhat, DhatMetric, EventKind, LibraryBenchmarkConfig, library_benchmark,
    library_benchmark_group, main,
};

type Contender<T> = (fn(&[u8]) -> T, &'static [u8]);

/// A contender and the bytes of an input, out of the reach of the count.
fn with<T>(contender: fn(&[u8]) -> T, input: fn() -> Input) -> Contender<T> {
    (contender, input().bytes.leak())
}

fn is_16(fields: usize) {
    assert_eq!(fields, 16);
}

fn is_true(found: bool) {
    assert!(found);
}

fn decides(found: Option<Deciding>) {
    let tlv = [input::request_57(), input::answer_170(), input::answer_744()];
    let fixed = [input::e_plus_34(), input::answer_25(), input::answer_80()];
    assert!(tlv.iter().chain(&fixed).any(|input| Some(input.deciding) == found), "{found:?}");
}

fn decides_and_is_checked(found: Option<(Deciding, bool)>) {
    let inputs = [input::answer_170(), input::answer_744()];
    assert!(inputs.iter().any(|input| Some((input.deciding, input.documented)) == found), "{found:?}");
}

#[library_benchmark(setup = with, teardown = is_16)]
#[bench::bare_walk_170(limit::bare_walk, input::answer_170)]
#[bench::fields_170(ours::fields, input::answer_170)]
fn structure((contender, bytes): Contender<usize>) -> usize {
    contender(bytes)
}

#[library_benchmark(setup = with, teardown = is_true)]
#[bench::characters_alone_170(limit::characters, input::answer_170)]
#[bench::message_57(ours::message, input::request_57)]
#[bench::message_170(ours::message, input::answer_170)]
#[bench::message_744(ours::message, input::answer_744)]
#[bench::body_34(ours::body, input::e_plus_34)]
#[bench::body_80(ours::body, input::answer_80)]
fn validated((contender, bytes): Contender<bool>) -> bool {
    contender(bytes)
}

#[library_benchmark(setup = with, teardown = decides)]
#[bench::request_57(ours::request, input::request_57)]
#[bench::request_34(ours::fixed_request, input::e_plus_34)]
#[bench::answer_25(ours::fixed_answer, input::answer_25)]
#[bench::answer_80(ours::fixed_answer, input::answer_80)]
fn typed((contender, bytes): Contender<Option<Deciding>>) -> Option<Deciding> {
    contender(bytes)
}

/// What no change may cost, whatever is pinned.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

#[library_benchmark(setup = with, teardown = decides_and_is_checked)]
#[bench::answer_170(args = (ours::answer, input::answer_170), config = at_most(1_400))]
#[bench::answer_744(ours::answer, input::answer_744)]
fn typed_answer((contender, bytes): Contender<Option<(Deciding, bool)>>) -> Option<(Deciding, bool)> {
    contender(bytes)
}

/// The bytes of an input, so many times.
fn repeated(times: usize) -> &'static [u8] {
    input::answer_744().bytes.repeat(times).leak()
}

fn are_14_each(fields: usize) {
    assert!([14, 28, 56].contains(&fields), "{fields}");
}

#[library_benchmark(setup = repeated, teardown = are_14_each)]
#[bench::once(1)]
#[bench::twice(2)]
#[bench::four_times(4)]
fn byte_by_byte(bytes: &[u8]) -> usize {
    ours::scan(bytes, 1)
}

library_benchmark_group!(
    name = decoding,
    benchmarks = [structure, validated, typed, typed_answer, byte_by_byte]
);

#[library_benchmark(setup = with, teardown = is_16)]
#[bench::nom_take(nom_style::fields, input::answer_170)]
#[bench::nom_text(nom_style::text, input::answer_170)]
fn structure_otherwise((contender, bytes): Contender<usize>) -> usize {
    contender(bytes)
}

#[library_benchmark(setup = with, teardown = decides)]
#[bench::nom_take(nom_style::deciding, input::answer_170)]
#[bench::list(owned::list, input::answer_170)]
#[bench::map(owned::map, input::answer_170)]
fn typed_otherwise((contender, bytes): Contender<Option<Deciding>>) -> Option<Deciding> {
    contender(bytes)
}

type Buffer = &'static mut [u8];

fn buffer() -> Buffer {
    vec![0; LONGEST_ANSWER].leak()
}

fn is_answer_170(wire: &[u8]) {
    assert_eq!(wire, input::answer_170().bytes);
}

fn is_request_57(wire: &[u8]) {
    assert_eq!(wire, input::request_57().bytes);
}

fn is_e_plus_34(wire: &[u8]) {
    assert_eq!(wire, input::e_plus_34().bytes);
}

fn is_fixed_answer(wire: &[u8]) {
    assert!(wire == input::answer_25().bytes || wire == input::answer_80().bytes);
}

fn is_debit_answer(wire: &[u8]) {
    let wires = [None, Some(TICKET)].map(encode::format_debit_answer);
    assert!(wires.iter().any(|it| it.as_bytes() == wire));
}

const TICKET: &[u8] = &[b'x'; 450];

fn report() -> Report<'static> {
    let bytes = input::answer_80().bytes.leak();
    Report::new(bytes[12..].first_chunk().expect("55 characters")).expect("printable")
}

#[library_benchmark(teardown = is_request_57)]
#[bench::request_57(encode::debit_request(), buffer())]
fn encode_request(request: DebitRequest, buffer: Buffer) -> &'static [u8] {
    request.encode(buffer).unwrap_or_default()
}

#[library_benchmark(teardown = is_answer_170)]
#[bench::answer_170(args = (encode::answer_values(), buffer()), config = at_most(1_300))]
fn encode_fields(values: AnswerValues<'static>, buffer: Buffer) -> &'static [u8] {
    encode::answer(&values, buffer).unwrap_or_default()
}

#[library_benchmark(teardown = is_debit_answer)]
#[bench::without_ticket(encode::debit_answer(&[]), buffer())]
#[bench::with_ticket(encode::debit_answer(&[(TicketRequest::CUSTOMER_TEXT, TICKET)]), buffer())]
fn encode_answer(answer: TerminalAnswer<'static>, buffer: Buffer) -> &'static [u8] {
    answer.encode(buffer).unwrap_or_default()
}

#[library_benchmark(teardown = is_e_plus_34)]
#[bench::e_plus_34(encode::e_plus_request(), buffer())]
fn encode_fixed_request(request: fixed::Request, buffer: Buffer) -> &'static [u8] {
    request.encode(buffer).unwrap_or_default()
}

#[library_benchmark(teardown = is_fixed_answer)]
#[bench::answer_25(encode::fixed_answer(None), buffer())]
#[bench::answer_80(encode::fixed_answer(Some(report())), buffer())]
fn encode_fixed_answer(answer: fixed::Answer<'static>, buffer: Buffer) -> &'static [u8] {
    answer.encode(buffer).unwrap_or_default()
}

library_benchmark_group!(
    name = encoding,
    benchmarks = [encode_request, encode_fields, encode_answer, encode_fixed_request, encode_fixed_answer]
);

/// How many payments there are before the one that is counted: enough for the look back along those of its terminal.
const BEFORE: u64 = 100;

/// A journal in a file, in use: its statements are prepared, and its log was just written into the file.
fn journal() -> (tempfile::TempDir, SqliteJournal) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    let mut journal = SqliteJournal::open(folder.path().join("journal.db")).expect("a journal");
    journal.set_checkpoint_delay(Duration::MAX);
    caisse_benches::journal::fill(&mut journal, BEFORE).expect("settled payments");
    caisse_benches::journal::pay(&mut journal, BEFORE).expect("a payment");
    journal.checkpoint().expect("the log in the file");
    (folder, journal)
}

fn saw_one(seen: (tempfile::TempDir, SqliteJournal, usize)) {
    assert_eq!(seen.2, 1);
    assert_eq!(seen.1.list().expect("records").len(), usize::try_from(BEFORE).expect("a number") + 2);
}

#[library_benchmark(setup = journal, teardown = saw_one)]
#[bench::a_payment()]
fn in_a_file(journal: (tempfile::TempDir, SqliteJournal)) -> (tempfile::TempDir, SqliteJournal, usize) {
    let (folder, mut journal) = journal;
    let seen =
        caisse_benches::journal::pay(&mut journal, std::hint::black_box(BEFORE + 1)).expect("a payment");
    (folder, journal, seen)
}

// SQLite takes memory from the heap.
library_benchmark_group!(
    name = journals,
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default())
        .tool(Dhat::default().hard_limits([(DhatMetric::TotalBytes, 1_000_000)])),
    benchmarks = [in_a_file]
);

// Others, for the table: they may take what they like.
library_benchmark_group!(
    name = others,
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default())
        .tool(Dhat::default().hard_limits([(DhatMetric::TotalBytes, 100_000)])),
    benchmarks = [structure_otherwise, typed_otherwise]
);

main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default())
        // Nothing of ours takes memory from the heap.
        .tool(Dhat::default().hard_limits([(DhatMetric::TotalBytes, 0)]));
    library_benchmark_groups = decoding, encoding, journals, others
);
