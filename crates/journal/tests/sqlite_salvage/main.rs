//! Salvage: of a damaged journal all that verifies is in the new one, and what is lost is held back.

mod any_damage;
#[path = "../common/mod.rs"]
mod common;
mod damage;
mod files;
mod hostile;
mod shop;
mod single;

#[test]
fn child() {
    match common::task() {
        Some((task, path)) if task == "hold" => hostile::hold(&path),
        Some((task, _)) => panic!("{task}"),
        None => {}
    }
}
