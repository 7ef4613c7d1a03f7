//! `caisse journal resolve`, as a process: the truth above and below what was asked for, corrections, and what is not overruled.

#![cfg(unix)]

mod support;

use caisse_simulator::VirtualTerminal;
use serde_json::{Value, json};
use support::{Ran, Shop};

/// A payment that ended like this.
struct Case {
    shop: Shop,
    file: String,
    terminal: VirtualTerminal,
}

const UNKNOWN: &str = "approve+drop@step=decided";

impl Case {
    fn new(answer: &str, code: i32) -> Self {
        let shop = Shop::new();
        let file = shop.path("journal.sqlite");
        let terminal = VirtualTerminal::builder().answer(answer.parse().unwrap()).start().unwrap();
        let case = Self { shop, file, terminal };
        assert_eq!(case.pay("").code, code);
        case
    }

    /// The same payment, once more.
    fn pay(&self, more: &str) -> Ran {
        let (file, at) = (&self.file, self.terminal.address());
        let line = format!(
            "pay 25.00 --id sale-1 --journal {file} --terminal {at} --terminal-id counter --timeout 5 {more}"
        );
        self.shop.caisse(line.trim_end())
    }

    fn resolve(&self, id: &str, by: &str, words: &[&str]) -> Ran {
        let mut line = vec!["journal", &self.file, "resolve", id, "--by", by, "--because", "seen", "--json"];
        line.extend(words);
        self.shop.run(&line)
    }

    fn told(&self) -> Value {
        self.pay("--json").last()
    }
}

#[test]
fn a_mistake_is_corrected_and_every_replay_says_who_decided() {
    let case = Case::new(UNKNOWN, 3);
    let charged = case.terminal.ledger().len();
    for (number, (words, by, outcome, approved, code)) in [
        (&["--not-paid"][..], "Anne", "declined", Value::Null, 1),
        (&["--paid"], "Camille", "approved", json!("25.00"), 0),
        // What was really paid, above the amount asked for and below it.
        (&["--paid", "27.50", "--confirmed", "more-than-asked"], "Camille", "approved", json!("27.50"), 0),
        (&["--paid", "20.00"], "Anne", "partially_approved", json!("20.00"), 5),
        (&["--not-paid"], "Camille", "declined", Value::Null, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let resolved = case.resolve("sale-1", by, words);
        assert_eq!((resolved.code, &resolved.last()["state"]), (0, &json!("final")), "{}", resolved.err);
        assert_eq!(resolved.last()["events"].as_array().unwrap().len(), 3 + number, "all of them stay");
        let again = case.resolve("sale-1", by, words);
        assert_eq!(again.code, 1, "nothing to correct");
        let told = case.pay("--json");
        assert_eq!(told.code, code);
        let told = told.last();
        let decision = if words[0] == "--paid" { "paid" } else { "not_paid" };
        for (key, expected) in [
            ("outcome", json!(outcome)),
            ("approved_amount", approved.clone()),
            ("replayed", json!(true)),
            ("disputed", json!(false)),
            ("decision", json!(decision)),
            ("decided_by", json!(by)),
            ("decided_because", json!("seen")),
        ] {
            assert_eq!(told[key], expected, "{key}");
        }
        assert!(told["decided_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(told["amount_due"].is_null(), outcome != "partially_approved");
        // The terminal has refused nothing.
        if outcome == "declined" {
            assert_eq!(told["reason"]["code"], "decided_not_paid");
        }
        let text = case.pay("").out;
        for part in [&format!("{by} decided at"), &format!("{by} a décidé le"), "not the terminal's"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let file = &case.file;
        let listed = case.shop.caisse(&format!("journal {file} list --json")).last();
        assert_eq!((&listed["decided_by"], &listed["decision"]), (&json!(by), &json!(decision)));
        assert!(case.shop.caisse(&format!("journal {file} list")).out.contains(&format!("decided by {by}")));
    }
    assert_eq!(case.terminal.ledger().len(), charged, "nothing was sent again");
}

#[test]
fn what_nobody_decided_names_nobody() {
    let case = Case::new("approve", 0);
    let told = case.told();
    for key in ["decision", "decided_by", "decided_because", "decided_at"] {
        assert_eq!(told[key], Value::Null, "{key}");
    }
}

#[test]
fn the_terminals_proof_is_disputed_and_not_overruled() {
    for (answer, code, says, outcome) in
        [("approve", 0, "--not-paid", "approved"), ("decline:04", 1, "--paid", "unknown")]
    {
        let case = Case::new(answer, code);
        // Whoever says what is known has nothing to say.
        let agrees = if says == "--paid" { "--not-paid" } else { "--paid" };
        assert_eq!(case.resolve("sale-1", "Anne", &[agrees]).code, 1);
        assert_eq!(case.told()["disputed"], false);
        let refused = case.resolve("sale-1", "Anne", &[says]);
        assert_eq!((refused.code, &refused.last()["state"]), (1, &json!("disputed")));
        assert!(refused.err.contains("the terminal's own proof says otherwise"), "{}", refused.err);
        assert!(refused.err.contains("la preuve du terminal dit le contraire"), "{}", refused.err);
        let told = case.told();
        assert_eq!((&told["outcome"], &told["disputed"]), (&json!(outcome), &json!(true)));
        assert_eq!((&told["safe_to_retry"], &told["retry"]), (&json!(false), &json!("no")));
        let events = refused.last()["events"].clone();
        let detail = events.as_array().unwrap().last().unwrap()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("says Anne: seen"), "{detail}");
        // A person decides about the dispute.
        assert_eq!(case.resolve("sale-1", "Camille", &["--paid"]).code, 0);
        assert_eq!(
            (&case.told()["outcome"], &case.told()["decided_by"]),
            (&json!("approved"), &json!("Camille"))
        );
    }
}

#[test]
fn a_decision_on_which_a_credit_rests_is_disputed_and_the_credit_named() {
    let case = Case::new(UNKNOWN, 3);
    // A slip of the keyboard is refused, and changes nothing.
    for slip in ["27.50", "2500.00", "25.01"] {
        let refused = case.resolve("sale-1", "Anne", &["--paid", slip]);
        assert_eq!(refused.code, 2, "{slip}: {}", refused.out);
        let said = refused.last()["error"]["message"].as_str().unwrap().to_owned();
        for part in ["more than the 25.00 EUR", "dépasse 25.00 EUR", "--confirmed more-than-asked"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(case.told()["outcome"], "unknown");
    }
    let more = ["--paid", "27.50", "--confirmed", "more-than-asked"];
    let confirmed = case.resolve("sale-1", "Anne", &more);
    assert_eq!((confirmed.code, &confirmed.last()["confirmed"]), (0, &json!(["more-than-asked"])));
    case.terminal.set_answer("approve".parse().unwrap());
    let (file, at) = (&case.file, case.terminal.address());
    let credit = |amount: &str, id: &str| {
        case.shop.caisse(&format!(
            "pay {amount} --operation credit --original sale-1 --id {id} --journal {file} --terminal {at} \
             --terminal-id counter --json"
        ))
    };
    assert_eq!(credit("27.51", "credit-1").last()["reason"]["code"], "credit_exceeds_original");
    assert_eq!(credit("27.50", "credit-2").code, 0);
    let refused = case.resolve("sale-1", "Anne", &["--not-paid"]);
    assert_eq!((refused.code, &refused.last()["state"]), (1, &json!("disputed")));
    assert!(refused.err.contains("(credit-2)"), "{}", refused.err);
}

#[test]
fn what_was_confirmed_is_recorded_and_asked_for() {
    let case = Case::new(UNKNOWN, 3);
    let bare = case.resolve("sale-1", "Anne", &["--not-paid"]);
    assert_eq!((bare.code, &bare.last()["confirmed"]), (0, &json!([])));
    for part in ["nothing was confirmed", "rien n'a été confirmé", "may erase", "peut effacer", "--confirmed"]
    {
        assert!(bare.err.contains(part), "{part}: {}", bare.err);
    }
    let last = |ran: &Ran| ran.last()["events"].as_array().unwrap().last().unwrap()["detail"].clone();
    assert_eq!(last(&bare), "not paid, says Anne: seen; confirmed: nothing");
    assert_eq!(case.resolve("sale-1", "Anne", &["--paid"]).code, 0);
    let steps = ["--not-paid", "--confirmed", "restarted,recovered-again", "--confirmed", "recovered"];
    let confirmed = case.resolve("sale-1", "Anne", &steps);
    assert_eq!(confirmed.code, 0);
    assert_eq!(confirmed.last()["confirmed"], json!(["recovered", "restarted", "recovered-again"]));
    assert!(!confirmed.err.contains("nothing was confirmed"), "{}", confirmed.err);
    assert_eq!(last(&confirmed), "not paid, says Anne: seen; confirmed: recovered,restarted,recovered-again");
    assert_eq!(case.resolve("sale-1", "Anne", &["--paid", "--confirmed", "prayed"]).code, 2);
}
