//! `caisse pay --allow-tip` at a virtual terminal whose customer adds a tip.

#![cfg(unix)]

mod support;

use serde_json::{Value, json};
use support::{Ran, Shop, Terminal};

fn check(line: &Value, expected: &[(&str, Value)]) {
    for (key, value) in expected {
        assert_eq!(&line[key], value, "{key} of {line}");
    }
}

/// A bill of 25.00 and a tip of at most 5.00: what the till says of it, in JSON, in words and in the journal.
#[test]
fn a_tip_is_told_by_every_command() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--answer", "tip:2.00"]);
    let journal = shop.path("a.sqlite");
    let pay = |what: &str| -> Ran {
        let ran = shop.caisse(&format!("pay {what} --journal {journal} --terminal {}", terminal.address));
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    };
    let tip = [
        ("outcome", json!("approved")),
        ("amount", json!("25.00")),
        ("approved_amount", json!("27.00")),
        ("approved_amount_minor", json!(2700)),
        ("tip", json!("2.00")),
        ("tip_minor", json!(200)),
        ("reported_amount", Value::Null),
        ("amount_due", Value::Null),
        ("reason", Value::Null),
    ];
    let first = pay("25.00 --allow-tip 5.00 --id bill --json");
    assert_eq!(first.code, 0);
    check(&first.last(), &tip);
    check(&first.last(), &[("replayed", json!(false)), ("journaled", json!(true))]);

    // The same id again, in words and in JSON.
    let again = pay("25.00 --allow-tip 5.00 --id bill --json");
    assert_eq!(again.code, 0);
    check(&again.last(), &tip);
    check(&again.last(), &[("replayed", json!(true))]);
    let again = pay("25.00 --allow-tip 5.00 --id bill");
    assert!(again.out.contains("Payment approved: 27.00 EUR, with a tip of 2.00 EUR"), "{}", again.out);
    assert!(again.out.contains("Paiement accepté : 27,00 EUR, dont 2,00 EUR de pourboire"), "{}", again.out);

    // With another tip, or without one, it is another payment.
    for other in ["--allow-tip 5.01", "--allow-tip 4.99", ""] {
        let ran = pay(&format!("25.00 {other} --id bill --json"));
        assert_eq!((ran.code, &ran.last()["reason"]["code"]), (6, &json!("id_conflict")), "{other}");
    }

    let list = shop.caisse(&format!("journal {journal} list --json")).last();
    check(&list, &tip[..7]);
    let list = shop.caisse(&format!("journal {journal} list")).out;
    assert!(list.contains("debit 25.00 EUR  approved 27.00 EUR, tip 2.00 EUR"), "{list}");
    let show = shop.caisse(&format!("journal {journal} show bill")).out;
    assert!(show.contains("with a tip of at most 5.00 EUR"), "{show}");
    assert_eq!(terminal.stop().len(), 1, "charged once");
}

/// Above the largest tip, or without one: unknown, and the amount is named so that a person can decide.
#[test]
fn an_amount_that_no_tip_explains_is_unknown_and_named() {
    let shop = Shop::new();
    for (number, (answer, options, reported, reason)) in [
        ("tip:2.00", "--allow-tip 1.99", "27.00", "amount_higher"),
        ("tip:2.00", "", "27.00", "amount_higher"),
        ("partial:20.00", "--allow-tip 5.00", "20.00", "partial_not_allowed"),
    ]
    .into_iter()
    .enumerate()
    {
        let terminal = Terminal::start(&shop, &["--answer", answer]);
        let journal = shop.path(&format!("{number}.sqlite"));
        let pay = |json: &str| {
            let at = format!("--journal {journal} --terminal {}", terminal.address);
            shop.caisse(&format!("pay 25.00 {options} --id bill {at} {json}"))
        };
        let doubt = [
            ("outcome", json!("unknown")),
            ("approved_amount", Value::Null),
            ("tip", Value::Null),
            ("reported_amount", json!(reported)),
        ];
        for replayed in [false, true] {
            let ran = pay("--json");
            assert_eq!((ran.code, &ran.last()["reason"]["code"]), (3, &json!(reason)), "{answer} {options}");
            check(&ran.last(), &doubt);
            check(&ran.last(), &[("replayed", json!(replayed))]);
        }
        let told = pay("").out;
        let french = reported.replace('.', ",");
        assert!(told.contains(&format!("the terminal reports {reported} EUR for the 25.00 EUR")), "{told}");
        assert!(told.contains(&format!("le terminal annonce {french} EUR pour 25,00 EUR")), "{told}");
        let list = shop.caisse(&format!("journal {journal} list --unresolved --json"));
        assert_eq!(list.code, 3);
        check(&list.last(), &doubt);
        let list = shop.caisse(&format!("journal {journal} list")).out;
        assert!(list.contains(&format!("unknown [{reason}] reported {reported} EUR")), "{list}");
        let show = shop.caisse(&format!("journal {journal} show bill")).out;
        assert!(show.contains(&format!("unknown ({reason}), reported {reported} EUR")), "{show}");
        assert_eq!(terminal.stop().len(), 1);
    }
}

/// Money goes back up to what was paid, and a cancellation is for the whole of it.
#[test]
fn a_tip_is_given_back_with_the_payment() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--answer", "tip:2.00,approve", "--dialect", "ingenico"]);
    let journal = shop.path("a.sqlite");
    let at = format!("--dialect ingenico --exclusive --journal {journal} --terminal {}", terminal.address);
    let pay = |what: &str| shop.caisse(&format!("pay {what} {at} --json"));
    assert_eq!(pay("25.00 --allow-tip 5.00 --id bill").code, 0);
    for (what, code, reason) in [
        ("27.01 --operation credit --original bill", 6, json!("credit_exceeds_original")),
        ("25.00 --operation cancellation --original bill", 6, json!("original_amount_differs")),
        ("27.00 --operation cancellation --original bill", 0, Value::Null),
        ("0.01 --operation credit --original bill", 6, json!("credit_exceeds_original")),
    ] {
        let ran = pay(what);
        let last = ran.last();
        let found = if last["reason"].is_null() { Value::Null } else { last["reason"]["code"].clone() };
        assert_eq!((ran.code, found), (code, reason), "{what}: {last}");
    }
    assert_eq!(terminal.stop().len(), 2);
}

#[test]
fn a_tip_that_cannot_be_asked_for_is_wrong_usage() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    for (what, words) in [
        ("25.00 --allow-tip 0", "the largest tip must be more than zero"),
        ("25.00 --allow-tip 0.00", "the largest tip must be more than zero"),
        ("25.00 --allow-tip -1", "never negative"),
        ("25.00 --allow-tip 1,50", "a comma"),
        ("25.00 --allow-tip 1.234", "too many decimals"),
        ("25.00 --allow-tip x", "not an amount"),
        ("25.00 --allow-tip 9999999999.00", "the amount with the largest tip is too large"),
        ("2500 --currency JPY --allow-tip 5.00", "too many decimals"),
        ("25.00 --operation credit --allow-tip 5.00", "a credit allows no tip"),
        ("25.00 --operation cheque --allow-tip 5.00", "a cheque allows no tip"),
        ("25.00 --operation cancellation --original a --allow-tip 5.00", "a cancellation allows no tip"),
        ("25.00 --allow-tip", "--allow-tip <MAX>"),
    ] {
        let ran = shop.caisse(&format!("pay {what}"));
        assert!(ran.code == 2 && ran.err.contains(words), "{what}: {} {}", ran.code, ran.err);
        let at = format!("--terminal {}", terminal.address);
        let ran = shop.caisse(&format!("pay {at} --json {what}"));
        assert_eq!(ran.code, 2, "{what}");
    }
    assert_eq!(terminal.stop(), Vec::<Value>::new(), "nothing reached the terminal");
}

/// A tip that is allowed and not given changes nothing.
#[test]
fn without_a_tip_the_amount_is_approved() {
    let ran = Shop::new().caisse("pay 25.00 --allow-tip 5.00 --json");
    assert_eq!(ran.code, 0);
    check(&ran.last(), &[("approved_amount", json!("25.00")), ("tip", Value::Null)]);
}
