//! Backups: a copy of a journal in use that takes no payment, and the way back.

#![cfg(unix)]

#[path = "support/records.rs"]
mod records;
mod support;

use caisse::{Amount, Currency, SqliteJournal, WallTime};
use caisse_payment::Outcome;
use caisse_simulator::VirtualTerminal;
use serde_json::json;
use support::Shop;

fn write(journal: &mut SqliteJournal, id: &str) {
    let approved = Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) };
    records::write(journal, id, records::debit(2500, "counter"), approved, WallTime::now());
}

#[test]
fn a_backup_is_read_and_takes_no_payment() {
    let shop = Shop::new();
    let (file, copy) = (shop.path("journal.sqlite"), shop.path("copy"));
    // A till has the journal open all the while.
    let mut journal = SqliteJournal::open(&file).unwrap();
    write(&mut journal, "sale-1");
    let made = shop.caisse(&format!("journal {file} backup {copy} --json"));
    assert_eq!((made.code, &made.last()["last_event"]), (0, &json!(2)), "{}", made.err);
    write(&mut journal, "sale-2");
    let before = std::fs::read(&copy).unwrap();
    for read in ["list", "show sale-1", "totals", "list --csv"] {
        assert_eq!(shop.caisse(&format!("journal {copy} {read}")).code, 0, "{read}");
    }
    let ids = |path: &str| {
        let lines = shop.caisse(&format!("journal {path} list --json")).lines();
        lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((ids(&copy), ids(&file)), (vec!["sale-1".to_owned()], vec!["sale-1".into(), "sale-2".into()]));
    let terminal = VirtualTerminal::start().unwrap();
    let at = format!("--terminal {} --terminal-id counter", terminal.address());
    for refused in [
        format!("pay 1.00 --journal {copy} {at}"),
        format!("journal {copy} resolve sale-1 --paid --by Zoé --because vu"),
        format!("journal {copy} recover"),
        format!("journal {copy} forget --older-than 31"),
        format!("journal {copy} accept-older --by Zoé --because vu"),
    ] {
        let ran = shop.caisse(&refused);
        assert_eq!(ran.code, 6, "{refused}: {}", ran.out);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("backup of a journal"), "{refused}: {said}");
    }
    assert_eq!(terminal.ledger().charges().len(), 0);
    assert!(std::fs::read(&copy).unwrap() == before, "reading changes no byte");
    // Nothing is ever overwritten, a journal least of all.
    for target in [&copy, &file] {
        let ran = shop.caisse(&format!("journal {file} backup {target}"));
        assert_eq!(ran.code, 6, "{}", ran.out);
        assert!(ran.err.contains("there is a file already; nothing was overwritten"), "{}", ran.err);
    }
    assert_eq!(shop.caisse(&format!("journal {file} backup {}/no/copy", shop.path(""))).code, 6);
    assert!(!std::path::Path::new(&format!("{copy}.part")).exists());
    // A copy of a journal that is damaged or missing is none.
    let garbage = shop.path("garbage");
    std::fs::write(&garbage, vec![7; 4096]).unwrap();
    assert_eq!(shop.caisse(&format!("journal {garbage} backup {}", shop.path("other"))).code, 6);
    assert_eq!(shop.caisse(&format!("journal {} backup {}", shop.path("none"), shop.path("other"))).code, 2);
    assert!(!std::path::Path::new(&shop.path("other")).exists());
}

#[test]
fn a_backup_becomes_a_journal_by_a_persons_word() {
    let shop = Shop::new();
    let (file, copy) = (shop.path("journal.sqlite"), shop.path("copy"));
    let mut journal = SqliteJournal::open(&file).unwrap();
    write(&mut journal, "sale-1");
    assert_eq!(shop.caisse(&format!("journal {file} backup {copy}")).code, 0);
    write(&mut journal, "sale-2");
    drop(journal);
    let restore =
        |to: &str| shop.caisse(&format!("journal {to} restore {copy} --by Zoé --because disque --json"));
    let refused = restore(&file);
    assert_eq!(refused.code, 6, "over a journal that is there");
    // Where the journal was lost, and its mark was not.
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{file}{ending}"));
    }
    let restored = restore(&file);
    assert_eq!(
        (restored.code, &restored.last()["last_event"]),
        (0, &json!(2)),
        "{} {}",
        restored.out,
        restored.err
    );
    let terminal = VirtualTerminal::start().unwrap();
    let pay = |file: &str, id: &str| {
        let at = format!("--terminal {} --terminal-id counter", terminal.address());
        shop.caisse(&format!("pay 25.00 --json --id {id} --journal {file} {at}"))
    };
    // What the backup knows is replayed; what it does not know is charged.
    assert_eq!(pay(&file, "sale-1").last()["replayed"], true);
    assert_eq!((pay(&file, "sale-3").code, terminal.ledger().charges().len()), (0, 1));
    // On another machine there is no mark.
    let elsewhere = shop.path("elsewhere.sqlite");
    assert_eq!(restore(&elsewhere).code, 0);
    assert_eq!(pay(&elsewhere, "sale-1").last()["replayed"], true);
    for path in [&file, &elsewhere] {
        let connection = rusqlite::Connection::open(path).unwrap();
        let word: (String, String) = connection
            .query_row("SELECT by, because FROM accepted_copies", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(word, ("Zoé".into(), "disque".into()), "{path}");
    }
    // The log of a journal that was there would be played back into the restored one.
    let killed = shop.path("killed.sqlite");
    std::fs::write(format!("{killed}-wal"), "the last payments").unwrap();
    let refused = restore(&killed);
    assert_eq!(refused.code, 6, "{}", refused.out);
    assert!(
        refused.out.contains("killed.sqlite-wal") && refused.out.contains("move it elsewhere first"),
        "{}",
        refused.out
    );
    assert!(!std::path::Path::new(&killed).exists());
    std::fs::remove_file(format!("{killed}-wal")).unwrap();
    assert_eq!(restore(&killed).code, 0);
    // A name that SQLite would remove, and a backup that is not there.
    assert_eq!(shop.caisse(&format!("journal {file} backup {file}-journal")).code, 6);
    let missing = shop.path("missing");
    let line = format!("journal {} restore {missing} --by Zoé --because vu", shop.path("y.sqlite"));
    assert_eq!(shop.caisse(&line).code, 6);
    assert!(!std::path::Path::new(&missing).exists());
    // Only a backup is restored.
    let journal =
        shop.caisse(&format!("journal {} restore {file} --by Zoé --because vu", shop.path("x.sqlite")));
    assert_eq!(journal.code, 6, "{}", journal.out);
}
