//! An older copy of the journal, as the command meets it: refused, and accepted by a person.

#![cfg(unix)]

mod support;

use std::fs;

use caisse_simulator::VirtualTerminal;
use support::Shop;

#[test]
fn an_older_copy_is_refused_until_a_person_accepts_it() {
    let shop = Shop::new();
    let terminal = VirtualTerminal::start().unwrap();
    let file = shop.path("journal.sqlite");
    let pay = |id: &str| {
        let address = terminal.address();
        shop.caisse(&format!(
            "pay 25.00 --json --id {id} --journal {file} --terminal {address} --terminal-id counter"
        ))
    };
    assert_eq!(pay("order-1").code, 0);
    let older = fs::read(&file).unwrap();
    let accept = |more: &str| {
        shop.run(&["journal", &file, "accept-older", "--by", "Zoé", "--because", "disque perdu", more])
    };
    assert_eq!(accept("--json").code, 1);
    assert_eq!(pay("order-2").code, 0);
    // The newest events lead from a recent copy to the newest one.
    fs::write(&file, &older).unwrap();
    let replayed = pay("order-2").last();
    assert_eq!((&replayed["outcome"], &replayed["replayed"]), (&"approved".into(), &true.into()));
    fs::write(&file, &older).unwrap();
    fs::remove_file(format!("{file}.locks/recent-events")).unwrap();

    let blocked = pay("order-2");
    assert_eq!((blocked.code, &blocked.last()["reason"]["code"]), (6, &"journal_replaced".into()));
    // What to do about it is told.
    assert!(blocked.err.contains("accept-older --by WHO --because WHY"), "{}", blocked.err);
    let list = shop.caisse(&format!("journal {file} list --json"));
    assert_eq!((list.code, &list.last()["error"]["kind"]), (6, &"journal".into()));

    let wrong = shop.run(&["journal", &file, "accept-older", "--by", "a@b.example", "--because", "x"]);
    assert_eq!(wrong.code, 2);
    let accepted = accept("--json");
    assert_eq!(accepted.code, 0, "{}{}", accepted.out, accepted.err);
    assert_eq!((&accepted.last()["last_event"], &accepted.last()["recorded_event"]), (&2.into(), &4.into()));
    assert_eq!(accept("--json").code, 1);
    assert_eq!(terminal.ledger().len(), 2);
    assert_eq!(pay("order-3").code, 0);
    let replayed = pay("order-1").last();
    assert_eq!((&replayed["outcome"], &replayed["replayed"]), (&"approved".into(), &true.into()));
}

#[test]
fn a_journal_with_two_hard_links_takes_no_payment_and_can_be_read() {
    let shop = Shop::new();
    let terminal = VirtualTerminal::start().unwrap();
    let (file, link) = (shop.path("journal.sqlite"), shop.path("link.sqlite"));
    let pay = |file: &str, id: &str| {
        let address = terminal.address();
        shop.caisse(&format!(
            "pay 25.00 --json --id {id} --journal {file} --terminal {address} --terminal-id counter"
        ))
    };
    assert_eq!(pay(&file, "order-1").code, 0);
    fs::hard_link(&file, &link).unwrap();
    for path in [&file, &link] {
        let blocked = pay(path, "order-2");
        assert_eq!((blocked.code, &blocked.last()["reason"]["code"]), (6, &"journal_replaced".into()));
        assert!(blocked.err.contains("several hard links"), "{}", blocked.err);
        assert_eq!(shop.caisse(&format!("journal {path} list")).code, 0);
        assert_eq!(shop.caisse(&format!("journal {path} show order-1")).code, 0);
        let resolve = format!("journal {path} resolve order-1 --paid --by Zoé --because vu");
        assert_eq!(shop.caisse(&resolve).code, 6);
    }
    fs::remove_file(&link).unwrap();
    assert_eq!(pay(&file, "order-2").code, 0);
    // A symbolic link is no second path.
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(pay(&link, "order-2").last()["replayed"], true);
    assert_eq!(terminal.ledger().len(), 2);
}
