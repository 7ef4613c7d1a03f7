//! A name or an address that leads to another terminal, as processes: what that terminal reports settles nothing, and the
//! terminal to which the payment was sent still does.

#![cfg(unix)]

mod support;

use std::fs;
use std::time::Duration;

use caisse_simulator::VirtualTerminal;
use caisse_simulator::persona::Persona;
use caisse_simulator::terminal::Event;
use serde_json::{Value, json};
use support::{Ran, Shop, Terminal};

/// The customer paid, and the till does not know.
const CHARGED: &str = "approve,approve+drop@step=decided,approve";
/// The customer did not pay, and the till does not know.
const NOT_CHARGED: &str = "approve,cancel+drop@step=decided,approve";

fn terminal(script: &str) -> VirtualTerminal {
    let terminal = VirtualTerminal::builder().dialect(Persona::NEPTING).latency(Duration::ZERO);
    terminal.answer(script.parse().unwrap()).start().unwrap()
}

fn at(terminal: &VirtualTerminal) -> String {
    terminal.address().to_string()
}

fn port(terminal: &VirtualTerminal) -> String {
    at(terminal).rsplit(':').next().unwrap().to_owned()
}

fn duplicatas(terminal: &VirtualTerminal) -> usize {
    let is_one = |event: &Event| matches!(event, Event::Asked { operation: "duplicata", .. });
    terminal.events_since(0).iter().filter(|happened| is_one(&happened.event)).count()
}

fn charges(terminal: &VirtualTerminal) -> Vec<u64> {
    terminal.ledger().charges().iter().map(|charge| charge.amount_minor).collect()
}

struct Attack {
    shop: Shop,
    /// The terminal `front`, at which a payment of 25.00 is open.
    front: VirtualTerminal,
    /// Another terminal, with another shop's payment of 25.00 as its last one.
    other: VirtualTerminal,
}

impl Attack {
    fn new(script: &str) -> Self {
        let attack = Self { shop: Shop::new(), front: terminal(script), other: terminal("approve") };
        let elsewhere = Shop::new();
        let file = elsewhere.path("journal.sqlite");
        // Two payments, so that the number of the second is not that of the payment before ours.
        for amount in ["9.00", "25.00"] {
            let there = at(&attack.other);
            let line = format!("pay {amount} --journal {file} --dialect nepting --terminal {there}");
            assert_eq!(elsewhere.caisse(&line).code, 0);
        }
        let front = at(&attack.front);
        assert_eq!(attack.pay("before", "3.00", "front", &front).code, 0);
        let ran = attack.pay("ours", "25.00", "front", &front);
        assert_eq!((ran.code, &ran.last()["outcome"]), (3, &json!("unknown")), "{}", ran.out);
        attack
    }

    fn file(&self) -> String {
        self.shop.path("journal.sqlite")
    }

    fn pay(&self, id: &str, amount: &str, name: &str, address: &str) -> Ran {
        let file = self.file();
        self.shop.caisse(&format!(
            "pay {amount} --json --id {id} --timeout 10 --journal {file} --dialect nepting --exclusive \
             --terminal-id {name} --terminal {address}"
        ))
    }

    fn recover(&self, options: &str) -> Ran {
        self.shop.caisse(&format!("journal {} recover --json --exclusive {options}", self.file()))
    }

    /// The name `front` or another one, in a file.
    fn configured(&self, terminals: &[(&str, &str)]) -> String {
        let config = self.shop.path("shop.toml");
        let of = |(name, address): &(&str, &str)| {
            format!("[terminals.{name}]\naddress = '{address}'\ndialect = 'nepting'\nexclusive = true\n")
        };
        fs::write(&config, terminals.iter().map(of).collect::<String>()).unwrap();
        config
    }

    fn show(&self, id: &str) -> Value {
        self.shop.caisse(&format!("journal {} show {id} --json", self.file())).last()
    }

    /// The entry is open, undisputed, and the parts that differ are named with both values.
    #[track_caller]
    fn stays_open(&self, ran: &Ran, parts: &[&str]) {
        assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
        let told = ran.last();
        assert_eq!((&told["id"], &told["finding"]), (&json!("ours"), &json!("open")), "{told}");
        let evidence = &told["evidence"];
        assert_eq!(evidence["why_open"]["code"], "another_terminal", "{told}");
        let differences = evidence["differences"].as_array().unwrap();
        let named: Vec<_> = differences.iter().map(|it| it["code"].as_str().unwrap()).collect();
        assert_eq!(named, parts, "{told}");
        for it in differences {
            assert!(it["recorded"] != it["found"] && it["en"] != it["fr"], "{told}");
        }
        assert_eq!(evidence["recorded_address"], format!("tcp:localhost:{}", port(&self.front)));
        self.is_unresolved();
    }

    #[track_caller]
    fn is_unresolved(&self) {
        let shown = self.show("ours");
        assert_eq!((&shown["state"], &shown["resolved_by"]), (&json!("unresolved"), &Value::Null), "{shown}");
        let events: Vec<_> = shown["events"].as_array().unwrap().iter().map(|it| &it["what"]).collect();
        assert_eq!(events, ["started", "ended"], "{shown}");
    }

    /// The neighbour that must still work: the recorded terminal, by its recorded name.
    #[track_caller]
    fn front_settles(&self) {
        let ran = self.recover(&format!("--terminal {}", at(&self.front)));
        assert_eq!((ran.code, &ran.last()["finding"]), (0, &json!("paid")), "{}{}", ran.out, ran.err);
        assert_eq!(ran.lines()[0]["address"], at(&self.front), "the address is told before it is asked");
        assert_eq!(self.show("ours")["outcome"], "approved");
        assert_eq!(charges(&self.front), [300, 2500]);
    }
}

/// The spare terminal goes by the name of the one that is broken.
#[test]
fn a_spare_terminal_with_the_name_of_another_proves_nothing() {
    for script in [CHARGED, NOT_CHARGED] {
        let attack = Attack::new(script);
        let spare = at(&attack.other);
        let config = attack.configured(&[("front", &spare)]);
        for options in ["", "--terminal front "] {
            attack.stays_open(&attack.recover(&format!("{options}--config {config}")), &["address"]);
        }
        // Nor does the next payment, which is held back, ask it.
        let ran = attack.pay("next", "7.00", "front", &spare);
        assert_eq!((ran.code, &ran.last()["reason"]["code"]), (6, &json!("unresolved")), "{}", ran.out);
        attack.is_unresolved();
        assert_eq!((duplicatas(&attack.other), charges(&attack.other)), (0, vec![900, 2500]));
    }
    Attack::new(CHARGED).front_settles();
}

/// The network gives the address to another terminal, or the two change places.
#[test]
fn a_terminal_at_the_address_of_another_proves_nothing() {
    let attack = Attack::new(NOT_CHARGED);
    let (front, other) = (at(&attack.front), at(&attack.other));
    let swapped = attack.configured(&[("front", &other), ("back", &front)]);
    attack.stays_open(&attack.recover(&format!("--terminal back --config {swapped}")), &["name"]);
    attack.stays_open(&attack.recover(&format!("--terminal front --config {swapped}")), &["address"]);
    // It is held back by its address too.
    let ran = attack.pay("next", "7.00", "back", &front);
    assert_eq!((ran.code, &ran.last()["reason"]["code"]), (6, &json!("unresolved")), "{}", ran.out);
    attack.is_unresolved();
    assert_eq!((duplicatas(&attack.front), duplicatas(&attack.other)), (0, 0));

    let attack = Attack::new(CHARGED);
    let config = attack.configured(&[("front", &at(&attack.front)), ("back", &at(&attack.other))]);
    let ran = attack.recover(&format!("--terminal front --config {config}"));
    assert_eq!((ran.code, &ran.last()["finding"]), (0, &json!("paid")), "{}{}", ran.out, ran.err);
}

/// A person may look at what a terminal reports at an address that is new to the journal. That settles nothing.
#[test]
fn an_address_that_is_new_to_the_journal_needs_a_word_and_proves_nothing() {
    for script in [CHARGED, NOT_CHARGED] {
        let attack = Attack::new(script);
        let new = at(&attack.other);
        let ran = attack.recover(&format!("--terminal {new}"));
        attack.stays_open(&ran, &["address"]);
        assert_eq!(ran.last()["evidence"]["code"], "new_address");
        assert_eq!((ran.lines().len(), duplicatas(&attack.other)), (1, 0), "{}", ran.out);

        let ran = attack.recover(&format!("--new-address --terminal {new}"));
        attack.stays_open(&ran, &["address"]);
        let evidence = &ran.last()["evidence"];
        assert_eq!((&evidence["code"], &evidence["asked_address"]), (&json!("duplicata"), &json!(new)));
        assert!(evidence["ticket"].as_str().unwrap().contains("25.00"), "{evidence}");
        assert_eq!(duplicatas(&attack.other), 1);
        // Once is not a habit: the journal has learnt nothing.
        assert_eq!(attack.recover(&format!("--terminal {new}")).last()["evidence"]["code"], "new_address");

        // The address of a terminal that the journal knows is never new.
        assert_eq!(attack.pay("theirs", "7.00", "back", &new).code, 0);
        let ran = attack.recover(&format!("--new-address --terminal {new}"));
        attack.stays_open(&ran, &["address"]);
        assert_eq!(ran.last()["evidence"]["code"], "another_terminal");
        assert_eq!(duplicatas(&attack.other), 1);
    }
    let attack = Attack::new(CHARGED);
    assert_eq!(attack.recover("--new-address").code, 2, "a word about no address");
    attack.front_settles();
}

/// `localhost`, `127.0.0.1` and `::1` are one host; every other address of the loopback is a host of its own.
#[test]
fn another_address_of_the_loopback_is_another_terminal() {
    let attack = Attack::new(CHARGED);
    let port = port(&attack.front);
    for host in ["127.0.0.2", "127.1.2.3"] {
        attack.stays_open(&attack.recover(&format!("--terminal tcp://{host}:{port}")), &["address"]);
    }
    assert_eq!(duplicatas(&attack.front), 0);
    let ran = attack.recover(&format!("--terminal tcp://localhost:{port}"));
    assert_eq!((ran.code, &ran.last()["finding"]), (0, &json!("paid")), "{}{}", ran.out, ran.err);
}

/// What differs is told to people as well, in both languages, and the recorded address where none is named.
#[test]
fn what_differs_is_told_in_words() {
    let attack = Attack::new(CHARGED);
    let new = at(&attack.other);
    let recorded = format!("tcp:localhost:{}", port(&attack.front));
    let found = format!("tcp:localhost:{}", port(&attack.other));
    let recover = |options: &str| attack.shop.caisse(&format!("journal {} recover {options}", attack.file()));
    let ran = recover(&format!("--terminal {new}"));
    for words in [
        "[another_terminal]",
        &format!("address: recorded {recorded}, found {found}"),
        &format!("adresse : inscrit {recorded}, trouvé {found}"),
        "--new-address",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let ran = recover("");
    for words in ["no address", &format!("was sent to {recorded}"), &format!("envoyé à {recorded}")] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let ran = recover(&format!("--exclusive --terminal {}", at(&attack.front)));
    assert!(ran.out.contains(&format!("asking terminal front at {}", at(&attack.front))), "{}", ran.out);
}

/// A payment of a payment app on the same device, under the same name.
#[test]
fn a_terminal_is_not_asked_about_a_payment_of_a_payment_app() {
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    let there = terminal("approve");
    let pay = format!("pay 25.00 --json --journal {file} --dialect nepting --exclusive --terminal-id front");
    assert_eq!(shop.caisse(&format!("{pay} --terminal {}", at(&there))).code, 0);
    let launch = format!("intent request 25.00 --id ours --journal {file} --terminal-id front");
    assert_eq!(shop.caisse(&launch).code, 0, "{}", shop.caisse(&launch).err);
    for (options, code) in
        [(String::new(), "app_to_app"), (format!("--terminal {}", at(&there)), "another_terminal")]
    {
        let ran = shop.caisse(&format!("journal {file} recover --json --exclusive {options}"));
        let told = ran.last();
        assert_eq!(
            (ran.code, &told["id"], &told["evidence"]["code"]),
            (3, &json!("ours"), &json!(code)),
            "{told}"
        );
        assert_eq!(told["state"], "unresolved");
        if code == "another_terminal" {
            let differences = told["evidence"]["differences"].as_array().unwrap();
            assert_eq!(
                (&differences[0]["code"], &differences[0]["recorded"], &differences[0]["found"]),
                (&json!("means"), &json!("app_to_app"), &json!("caisse_ap"))
            );
        }
    }
    assert_eq!(duplicatas(&there), 0);
}

/// A result that comes late on a serial line, to a till that knows the port under another name. Under the recorded name the
/// same result settles.
#[test]
fn a_late_result_settles_under_the_recorded_name_alone() {
    for (name, finding) in [("counter", "paid"), ("kiosk", "open")] {
        let shop = Shop::new();
        let answers = ["--dialect", "concert-e-plus", "--answer", "approve,approve+delay@step=answer:3000"];
        let terminal = Terminal::start_on_a_pty(&shop, &answers);
        let file = shop.path("journal.sqlite");
        let at = format!(
            "--dialect concert-e-plus --journal {file} --terminal-id counter --terminal {} --exclusive",
            terminal.address
        );
        assert_eq!(shop.caisse(&format!("pay 3.00 --id sale-0 {at}")).code, 0);
        assert_eq!(shop.caisse(&format!("pay 25.00 --id sale-1 --timeout 1 {at}")).code, 3);
        let config = shop.path("shop.toml");
        let line = format!(
            "[terminals.{name}]\naddress = '{}'\ndialect = 'concert-e-plus'\nexclusive = true\n",
            terminal.address
        );
        fs::write(&config, line).unwrap();
        let ran = shop.caisse(&format!("journal {file} recover --json --terminal {name} --config {config}"));
        assert_eq!(ran.last()["finding"], finding, "{name}: {}{}", ran.out, ran.err);
        let shown = shop.caisse(&format!("journal {file} show sale-1 --json")).last();
        let state = if finding == "paid" { "final" } else { "unresolved" };
        assert_eq!(shown["state"], state, "{name}: {shown}");
        drop(terminal);
    }
}
