//! `caisse intent request` and `caisse intent result`, as processes.

mod support;

use serde_json::{Value, json};
use support::{Ran, Shop};

const URI: &str = "intent:#Intent;component=com.payxpert.merchant/.ui.transaction.TransactionActivity;\
    i.transaction_bundle_key_transaction_type=1;S.transaction_bundle_key_action=PERFORM;\
    S.transaction_bundle_key_reference=test;i.transaction_bundle_key_amount=1500;";

fn accepted(reference: &str) -> Value {
    json!({ "status": 0, "transaction": {
        "id": "1p5jiofow7-1duh", "transactionType": 0, "mode": 1, "date": 1_710_172_393_000_u64, "reference": reference,
        "amount": 1500, "currency": "EUR", "error": 0, "maskedPan": "4970101234123457", "panType": 0,
        "numAuthorization": "123456",
    }, "tickets": [{ "type": "CLIENT", "ticket": "VElDS0VU" }]})
}

fn refused(reference: &str, error: i64) -> Value {
    let mut result = accepted(reference);
    result["status"] = json!(1);
    result["transaction"]["error"] = json!(error);
    result
}

fn result(shop: &Shop, more: &[&str], text: &str) -> Ran {
    let mut arguments = vec!["intent", "result", "--id", "order-7", "--amount", "15.00"];
    arguments.extend(more);
    arguments.push(text);
    shop.run(&arguments)
}

#[test]
fn a_request_in_every_form() {
    let shop = Shop::new();
    let request = |more: &str| shop.caisse(&format!("intent request 15.00 --id test {more}"));
    let text = request("");
    assert_eq!(text.code, 0, "{}", text.err);
    for line in [
        "component's package: \"com.payxpert.merchant\"",
        "extra \"transaction_bundle_key_amount\": int 1500",
        "extra \"transaction_bundle_key_reference\": String \"test\"",
        "shell  'am' 'start' '-n' 'com.payxpert.merchant/.ui.transaction.TransactionActivity'",
    ] {
        assert!(text.out.contains(line), "{line}\n{}", text.out);
    }
    let uri = request("--format uri");
    // The vector has print_ticket too, which stands in front of the amount.
    let expected = format!("{URI}end\n");
    let sorted = |uri: &str| {
        let mut items: Vec<_> = uri.trim_end().split(';').map(str::to_owned).collect();
        items.sort();
        items
    };
    assert_eq!(sorted(&uri.out), sorted(&expected));
    let all = request("--print-ticket false --json").last();
    assert_eq!(
        (&all["id"], &all["operation"], &all["amount"]),
        (&json!("test"), &json!("debit"), &json!("15.00"))
    );
    assert_eq!(
        (&all["amount_minor"], &all["currency"], &all["recorded"]),
        (&json!(1500), &json!("EUR"), &json!(false))
    );
    assert_eq!(all["intent"]["extras"].as_array().unwrap().len(), 5);
    // What this command prints, the other one reads.
    let parsed = shop.run(&["intent", "parse", "--json", all["uri"].as_str().unwrap()]).last();
    assert_eq!(parsed["intent"]["extras"], all["intent"]["extras"]);
    let words: Vec<_> = all["am"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let mut parse = vec!["intent", "parse", "--format", "am", "--json", "--"];
    parse.extend(&words);
    assert_eq!(shop.run(&parse).last()["intent"], all["intent"]);
    assert!(all["shell"].as_str().unwrap().starts_with("'am' 'start' '-n' "));
    let am = request("--print-ticket false --format am");
    assert_eq!(am.out.trim_end(), all["shell"]);
    let json: Value = serde_json::from_str(&request("--print-ticket false --format json").out).unwrap();
    assert_eq!(json, all["intent"]);
}

fn extras(ran: &Ran) -> Vec<(String, String, Value)> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut extras: Vec<_> = ran.last()["intent"]["extras"]
        .as_array()
        .unwrap()
        .iter()
        .map(|extra| {
            let [key, kind] = ["key", "type"].map(|name| extra[name].as_str().unwrap().to_owned());
            (key, kind, extra["value"].clone())
        })
        .collect();
    extras.sort_by(|left, right| left.0.cmp(&right.0));
    extras
}

#[test]
fn every_operation_of_both_apps() {
    let shop = Shop::new();
    let request = |line: &str| extras(&shop.caisse(&format!("intent request {line} --json")));
    for (operation, number) in [("debit", 1), ("cancellation", 2), ("credit", 3), ("deferred_debit", 4)] {
        let extras = request(&format!("0.01 --id a --operation {operation}"));
        let kind = extras.iter().find(|(key, ..)| key.ends_with("transaction_type")).unwrap();
        assert_eq!((kind.1.as_str(), &kind.2), ("int", &json!(number)));
    }
    let own = request(
        "1.00 --id a --extra string:original=x=1 --extra long:n=-7 --extra boolean:b=true --extra double:d=1.5 --extra int:i=2",
    );
    let find = |key: &str| own.iter().find(|extra| extra.0 == key).map(|extra| extra.1.as_str()).unwrap();
    assert_eq!(["original", "n", "b", "d", "i"].map(find), ["String", "long", "boolean", "double", "int"]);
    for (tickets, number) in [("both", 0), ("client", 1), ("merchant", 2)] {
        let print = request(&format!("--print-last {tickets}"));
        assert_eq!(
            print[1],
            ("transaction_bundle_key_type_print_ticket".into(), "int".into(), json!(number))
        );
    }
    let keys = |line: &str| request(line).into_iter().map(|extra| extra.0).collect::<Vec<_>>();
    let common = ["amount", "is_refund", "payment_request_from_another_app"];
    assert_eq!(keys("15.10 --app apm --id a"), common);
    assert_eq!(keys("15.10 --app apm --id a --operation credit"), common);
    let with_id = "15.10 --app apm --id a --operation credit --app-original 1p5jiofow7-1duh";
    assert_eq!(keys(with_id), ["amount", "is_refund", "payment_request_from_another_app", "transaction_id"]);
    let direct = request(&format!("{with_id} --direct"));
    assert_eq!(direct.iter().map(|extra| extra.0.as_str()).collect::<Vec<_>>()[1], "is_direct_refund");
    assert_eq!(direct[0].1, "double");
}

#[test]
fn wrong_requests_are_wrong_usage() {
    let shop = Shop::new();
    for (line, kind) in [
        ("15.00", "usage"),
        ("--id a", "usage"),
        ("15,00 --id a", "amount"),
        ("-1.00 --id a", "amount"),
        ("0.00 --id a", "request"),
        ("21474836.48 --id a", "request"),
        ("15.00 --id a/b", "id"),
        ("15.00 --id a --currency eur", "currency"),
        ("15.00 --id a --operation refund", "operation"),
        ("15.00 --id a --operation cheque", "request"),
        ("15.00 --id a --app apm --operation cancellation", "operation"),
        ("15.00 --id a --app apm --print-ticket true", "print-ticket"),
        ("15.00 --id a --app apm --app-original x", "app-original"),
        ("15.00 --id a --app-original x", "app-original"),
        ("15.00 --id a --app apm --operation credit --direct", "usage"),
        ("15.00 --id a --original b", "usage"),
        ("15.00 --id a --print-last both", "usage"),
        ("--print-last both --app apm", "print-last"),
        ("15.00 --id a --extra x", "extra"),
        ("15.00 --id a --extra int:x", "extra"),
        ("15.00 --id a --extra int:=1", "extra"),
        ("15.00 --id a --extra int:x=1.5", "extra"),
        ("15.00 --id a --extra double:x=NaN", "extra"),
        ("15.00 --id a --extra Uri:x=y", "extra"),
        ("15.00 --id a --extra int:transaction_bundle_key_amount=1", "request"),
        ("15.00 --id a --extra int:x=1 --extra int:x=2", "request"),
    ] {
        let ran = shop.caisse(&format!("intent request {line} --json"));
        assert_eq!(ran.code, 2, "{line}: {}{}", ran.out, ran.err);
        assert_eq!(ran.last()["error"]["kind"], kind, "{line}");
        assert!(!ran.out.contains("intent:"), "{line}");
    }
}

#[test]
fn the_exit_code_is_that_of_pay() {
    let shop = Shop::new();
    for (text, code, outcome) in [
        (accepted("order-7").to_string(), 0, "approved"),
        (refused("order-7", 1).to_string(), 1, "declined"),
        (refused("order-7", 7).to_string(), 1, "cancelled"),
        (refused("order-7", 3).to_string(), 6, "blocked"),
        (refused("order-7", 2).to_string(), 3, "unknown"),
        (refused("order-7", 8).to_string(), 3, "unknown"),
        (accepted("order-8").to_string(), 3, "unknown"),
        (refused("order-8", 1).to_string(), 3, "unknown"),
        ("{}".to_owned(), 3, "unknown"),
        ("".to_owned(), 3, "unknown"),
        ("[".to_owned(), 3, "unknown"),
    ] {
        for android in ["-1", "0", "1"] {
            let ran = result(&shop, &["--json", "--code", android], &text);
            assert_eq!(ran.code, code, "{text} {}", ran.err);
            let line = ran.last();
            assert_eq!(
                (&line["event"], &line["outcome"], &line["id"]),
                (&json!("outcome"), &json!(outcome), &json!("order-7"))
            );
            assert_eq!(ran.lines().len(), 1);
            assert_eq!(line["safe_to_retry"], json!(code == 1));
            assert_eq!((&line["journaled"], &line["virtual"]), (&json!(false), &json!(false)));
        }
    }
    let null = shop.run(&[
        "intent", "result", "--id", "order-7", "--amount", "15.00", "--null", "--code", "0", "--json",
    ]);
    let line = null.last();
    assert_eq!(
        (null.code, &line["reason"]["code"], &line["proof"]),
        (3, &json!("no_result"), &json!("perhaps_sent"))
    );
    let pending = result(&shop, &["--pending", "--json"], &refused("order-7", 3).to_string());
    assert_eq!((pending.code, &pending.last()["reason"]["code"]), (3, &json!("payment_app_busy")));
    let refund = result(&shop, &["--operation", "credit"], &accepted("order-7").to_string());
    assert_eq!(refund.code, 3);
    let dollars = result(&shop, &["--currency", "USD"], &accepted("order-7").to_string());
    assert_eq!(dollars.code, 3);
}

#[test]
fn a_result_in_every_form() {
    let shop = Shop::new();
    let text = accepted("order-7").to_string();
    let expected = result(&shop, &["--json"], &text).last();
    assert_eq!(expected["card"]["masked"], "497010******3457");
    assert_eq!((&expected["authorisation"], &expected["ticket"]), (&json!("123456"), &json!("TICKET")));
    assert_eq!(expected["app"]["at"], "2024-03-11T15:53:13.000Z");
    assert_eq!(
        (&expected["app"]["code_name"], &expected["app"]["id"]),
        (&json!("ACCEPTED"), &json!("1p5jiofow7-1duh"))
    );
    let intent = json!({ "extras": [{ "key": "result", "type": "String", "value": text }] }).to_string();
    let uri = shop.run(&["intent", "write", &intent]).out;
    for (format, form) in [("uri", uri.trim_end()), ("json", &intent)] {
        let ran = result(&shop, &["--json", "--format", format], form);
        assert_eq!((ran.code, ran.last()), (0, expected.clone()), "{format} {}", ran.err);
    }
    let arguments = "intent result --id order-7 --amount 15.00 --json --format am -- -a x --es result";
    let mut words: Vec<_> = arguments.split(' ').collect();
    words.push(&text);
    assert_eq!(shop.run(&words).last(), expected);
    let fed = shop
        .feed(&["intent", "result", "--id", "order-7", "--amount", "15.00", "--json", "-"], text.as_bytes());
    assert_eq!(fed.last(), expected);
    let tipped = text.replace("\"amount\":1500", "\"amount\":1700,\"amountTips\":200");
    let line = result(&shop, &["--json"], &tipped).last();
    assert_eq!(
        (&line["approved_amount"], &line["tip"], &line["tip_minor"]),
        (&json!("15.00"), &json!("2.00"), &json!(200))
    );
}

#[test]
fn people_read_both_languages_and_no_card_number() {
    let shop = Shop::new();
    let ran = result(&shop, &[], &accepted("order-7").to_string());
    for words in ["Payment approved: 15.00 EUR", "Paiement accepté", "497010******3457", "123456", "TICKET"]
    {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    assert!(!ran.out.contains("4970101234123457") && !ran.err.contains("journal"), "{}", ran.err);
    let ran = result(&shop, &[], &refused("order-7", 9).to_string());
    assert!(ran.out.contains("OUTCOME UNKNOWN") && ran.out.contains("RÉSULTAT INCONNU"), "{}", ran.out);
    assert!(ran.out.contains("not safe to retry"));
}

#[test]
fn wrong_results_are_wrong_usage() {
    let shop = Shop::new();
    for line in [
        "--id a {}",
        "--amount 1.00 {}",
        "--id a --amount 1.00",
        "--id a --amount x {}",
        "--id a/b --amount 1.00 {}",
        "--id a --amount 1.00 --operation refund {}",
        "--id a --amount 1.00 --currency X {}",
        "--id a --amount 1.00 --null {}",
        "--id a --amount 1.00 {} {}",
        "--id a --amount 1.00 --format uri intent:#Intent;x;end",
        "--id a --amount 1.00 --format json {",
        "--id a --amount 1.00 --format am -- --ei a 08",
        "--id a --journal none.db {}",
        "--id a --amount 1.00 --journal none.db {}",
    ] {
        let ran = shop.caisse(&format!("intent result --json {line}"));
        assert_eq!(ran.code, 2, "{line}: {}{}", ran.out, ran.err);
        assert!(ran.last()["error"]["message"].is_string(), "{line}");
    }
}

/// The whole life over a file: recorded, printed once, unknown until a result or a person.
#[test]
fn with_a_journal_a_transaction_is_asked_for_once() {
    let shop = Shop::new();
    let journal = shop.path("journal.db");
    let request =
        |id: &str| shop.run(&["intent", "request", "15.00", "--id", id, "--journal", &journal, "--json"]);
    let result = |id: &str, text: &str| {
        shop.run(&["intent", "result", "--id", id, "--journal", &journal, "--json", text])
    };
    let first = request("order-7");
    assert_eq!((first.code, &first.last()["recorded"]), (0, &json!(true)));
    assert!(first.last()["uri"].as_str().unwrap().starts_with("intent:"));
    let again = request("order-7");
    assert_eq!(
        (again.code, &again.last()["outcome"], &again.last()["replayed"]),
        (3, &json!("unknown"), &json!(true))
    );
    assert!(again.last().get("uri").is_none());
    let other = request("order-8");
    assert_eq!((other.code, &other.last()["reason"]["code"]), (6, &json!("unresolved")));
    let unresolved = shop.run(&["journal", &journal, "list", "--unresolved"]);
    assert_eq!(unresolved.code, 3);

    let paid = result("order-7", &accepted("order-7").to_string());
    assert_eq!((paid.code, &paid.last()["journaled"]), (0, &json!(true)), "{}", paid.err);
    assert_eq!(request("order-7").code, 0);
    assert_eq!(result("order-7", &accepted("order-7").to_string()).last()["replayed"], json!(true));
    let disputed = result("order-7", &refused("order-7", 1).to_string());
    assert_eq!((disputed.code, &disputed.last()["disputed"]), (0, &json!(true)));
    assert_eq!(result("nobody", "{}").code, 2);

    // A cancellation names what it undoes; without it nothing is recorded.
    let cancel = [
        "intent",
        "request",
        "15.00",
        "--id",
        "c",
        "--operation",
        "cancellation",
        "--journal",
        &journal,
        "--json",
    ];
    let with = |more: &[&str]| {
        let mut arguments = cancel.to_vec();
        arguments.extend(more);
        shop.run(&arguments)
    };
    // A later result contradicts the newest transaction of the device: nothing new begins before a person has decided.
    let blocked = with(&["--original", "order-7", "--exclusive"]);
    assert_eq!((blocked.code, &blocked.last()["reason"]["code"]), (6, &json!("unresolved")));
    let settle =
        ["journal", &journal, "resolve", "order-7", "--paid", "--by", "Camille", "--because", "seen"];
    assert_eq!(shop.run(&settle).code, 0);
    for (more, reason) in
        [(&[][..], "original_missing"), (&["--original", "nobody"], "original_not_approved")]
    {
        let blocked = with(more);
        assert_eq!((blocked.code, &blocked.last()["reason"]["code"]), (6, &json!(reason)));
    }
    // Somebody at the app's own menu may have paid since.
    let blocked = with(&["--original", "order-7"]);
    assert_eq!((blocked.code, &blocked.last()["reason"]["code"]), (6, &json!("original_not_last")));
    assert_eq!(with(&["--by", "Camille"]).code, 2);
    assert_eq!(with(&["--original", "order-7", "--exclusive"]).last()["recorded"], json!(true));
    assert_eq!(result("c", "garbage").code, 3);
    let resolve =
        ["journal", &journal, "resolve", "c", "--not-paid", "--by", "Camille", "--because", "PayXpress list"];
    assert_eq!(shop.run(&resolve).code, 0);
    let ordered = with(&["--by", "Camille", "--because", "customer's ticket", "--id=o"]);
    assert_eq!(ordered.code, 2, "an id is given once");
    assert_eq!(request("order-8").code, 0);
    let shown = shop.run(&["journal", &journal, "show", "order-8", "--json"]).last();
    assert_eq!((&shown["terminal"], &shown["state"]), (&json!("device"), &json!("unresolved")));
    std::fs::write(shop.path("other.db"), "x".repeat(8192)).unwrap();
    assert_eq!(
        shop.run(&["intent", "request", "1.00", "--id", "z", "--journal", &shop.path("other.db")]).code,
        6
    );
    assert_eq!(
        shop.run(&["intent", "result", "--id", "z", "--journal", &shop.path("other.db"), "{}"]).code,
        6
    );
}
