//! Salvage: of a damaged journal, everything that verifies goes into a new one, and what is lost is held back.
//!
//! The damaged file is read page by page, without SQLite: one page that is damaged hides no other. Every event proves itself by
//! its chain, so it does not matter in which page it is found, or whether the tree still leads there.

mod builder;
mod contents;
mod entry;
mod found;
mod holding;
mod log;
mod outcome;
mod page;
mod rescue;
mod row;
mod source;
mod stand_in;
mod trees;
mod verified;

pub use outcome::{HeldBack, HeldBackReason, Salvaged};
