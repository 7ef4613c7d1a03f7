//! One fault at a time.

use std::fs;

use caisse_journal::{Salvaged, SqliteJournal};

use crate::common::*;
use crate::damage::Damage;
use crate::shop::{LIVES, Life, PAGE, Shop, folder};

fn all_kinds() -> Shop {
    let lives: Vec<(Life, usize)> = (0..140)
        .map(|number| match number % 7 {
            3 => (LIVES[number / 7 % LIVES.len()], number % 3),
            _ => (Life::Approved, 3),
        })
        .collect();
    Shop::new(&lives)
}

#[test]
fn a_whole_journal_is_carried_over_to_the_letter() {
    let folder = folder();
    let before = content(&filled(&path(&folder)));
    let into = folder.path().join("salvaged.db");
    let salvaged = SqliteJournal::salvage(path(&folder), &into, time(1_000)).unwrap();
    let expected = Salvaged {
        transactions: 6,
        events: 13,
        rebuilt_events: 0,
        lost_events: vec![],
        unplaced_events: vec![],
        may_miss_transactions: false,
        is_alone: false,
        held_back: vec![],
        is_backup: false,
        lost_forgotten: false,
        lost_acceptances: 0,
    };
    assert_eq!(salvaged, expected);
    assert_eq!(content(&SqliteJournal::open(&into).unwrap()), before);
    // The next journal is the same to the letter: a mark of the damaged one fits it.
    let events = |path: &std::path::Path| {
        let database = rusqlite::Connection::open(path).unwrap();
        let mut query = database.prepare("SELECT number, id, hex(chain) FROM events").unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        };
        query.query_map([], row).unwrap().map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(events(&into), events(&path(&folder)));
}

/// Each page in turn, in three ways.
#[test]
fn one_page_that_is_lost_loses_little() {
    let shop = all_kinds();
    let pages = shop.bytes().len() / PAGE;
    let (mut recovered, mut held) = (0, 0);
    for page in 0..pages {
        for damage in [Damage::ZeroPage(page), Damage::Garbage(page, 7), Damage::Overwrite(page + 1, page)] {
            let mut bytes = shop.bytes();
            damage.apply(&mut bytes);
            let salvaged = shop.salvage(&bytes).unwrap();
            shop.check(&salvaged, &bytes);
            if !shop.has_events(page) && page != 0 && page != shop.root {
                assert_eq!(salvaged.held_back, [], "page {page}, {damage:?}");
                assert_eq!(salvaged.lost_events, [], "page {page}, {damage:?}");
            }
            recovered += usize::from(salvaged.held_back.is_empty());
            held += usize::from(!salvaged.held_back.is_empty());
        }
    }
    println!("{pages} pages, recovered {recovered}, held back {held}");
    let _ = fs::remove_dir_all(shop.folder.path());
}
