//! Instructions (callgrind) and heap (DHAT) of the contenders.

#![allow(missing_docs, reason = "the macros of gungraun write public items")]

use caisse_benches::input::{self, Input};
use caisse_benches::{Deciding, limit, nom_style, ours, owned};
use gungraun::{
    Callgrind, Dhat, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};

fn bytes(input: fn() -> Input) -> &'static [u8] {
    input().bytes.leak()
}

#[library_benchmark]
#[bench::answer_170(args = (input::answer_170), setup = bytes)]
fn bare_walk(bytes: &[u8]) -> usize {
    limit::bare_walk(bytes)
}

#[library_benchmark]
#[bench::answer_170(args = (input::answer_170), setup = bytes)]
fn fields(bytes: &[u8]) -> usize {
    ours::fields(bytes)
}

#[library_benchmark]
#[bench::answer_170(args = (input::answer_170), setup = bytes)]
fn message(bytes: &[u8]) -> bool {
    ours::message(bytes)
}

#[library_benchmark]
#[bench::answer_170(args = (input::answer_170), setup = bytes)]
#[bench::answer_744(args = (input::answer_744), setup = bytes)]
fn typed_answer(bytes: &[u8]) -> Option<(Deciding, bool)> {
    ours::answer(bytes)
}

#[library_benchmark]
#[bench::answer_170(args = (input::answer_170), setup = bytes)]
fn map(bytes: &[u8]) -> Option<Deciding> {
    owned::map(bytes)
}

library_benchmark_group!(name = decode, benchmarks = [bare_walk, fields, message, typed_answer, map]);

main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default())
        .tool(Dhat::default());
    library_benchmark_groups = decode
);
