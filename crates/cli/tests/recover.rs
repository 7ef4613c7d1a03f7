//! `caisse journal FILE recover`, as a process: what a terminal proves is settled, what it does not stays open and says why.

#![cfg(unix)]

mod support;

use std::fs;
use std::time::Duration;

use caisse_simulator::VirtualTerminal;
use caisse_simulator::persona::Persona;
use caisse_simulator::terminal::Event;
use serde_json::{Value, json};
use support::{Ran, Shop, Terminal, raw_terminal, read_request};

/// A payment whose line is cut once the terminal has decided.
const CHARGED_AND_CUT: &str = "approve+drop@step=decided,approve";
const CANCELLED_AND_CUT: &str = "cancel+drop@step=decided,approve";

struct Case {
    shop: Shop,
    terminal: VirtualTerminal,
    dialect: &'static str,
}

impl Case {
    fn new(persona: Persona, script: &str) -> Self {
        let terminal = VirtualTerminal::builder().dialect(persona).latency(Duration::ZERO);
        let terminal = terminal.answer(script.parse().unwrap()).start().unwrap();
        Self { shop: Shop::new(), terminal, dialect: persona.name }
    }

    /// With a payment of 25.00 whose end nobody knows, behind one that the journal has from beginning to end.
    fn in_doubt(persona: Persona, script: &str) -> Self {
        let case = Self::new(persona, &format!("approve,{script}"));
        assert_eq!(case.pay("sale-0", "3.00").code, 0);
        let ran = case.pay("sale-1", "25.00");
        assert_eq!((ran.code, &ran.last()["outcome"]), (3, &json!("unknown")), "{}", ran.out);
        case
    }

    fn file(&self) -> String {
        self.shop.path("journal.sqlite")
    }

    fn pay(&self, id: &str, amount: &str) -> Ran {
        self.pay_at(&self.terminal.address().to_string(), id, amount, "")
    }

    fn pay_at(&self, address: &str, id: &str, amount: &str, more: &str) -> Ran {
        let (file, dialect) = (self.file(), self.dialect);
        self.shop.caisse(&format!(
            "pay {amount} --json --id {id} --timeout 10 --journal {file} --dialect {dialect} --terminal {address} {more}"
        ))
    }

    fn recover(&self, options: &str) -> Ran {
        self.shop.caisse(&format!("journal {} recover {options}", self.file()))
    }

    fn show(&self, id: &str) -> Value {
        self.shop.caisse(&format!("journal {} show {id} --json", self.file())).last()
    }

    fn charges(&self) -> Vec<u64> {
        let ledger = self.terminal.ledger();
        ledger.charges().iter().map(|charge| charge.amount_minor).filter(|minor| *minor != 300).collect()
    }

    /// A payment at the same terminal whose request is cut before it is whole: the terminal takes nothing.
    fn lose(&self, id: &str, amount: &str, more: &str) {
        self.terminal.set_answer("approve+drop@request-byte=10,approve".parse().unwrap());
        let ran = self.pay_at(&self.terminal.address().to_string(), id, amount, more);
        assert_eq!(ran.code, 3, "{}", ran.out);
    }

    /// How often the terminal was asked for a duplicata.
    fn duplicatas(&self) -> usize {
        let is_one = |event: &Event| matches!(event, Event::Asked { operation: "duplicata", .. });
        self.terminal.events_since(0).iter().filter(|happened| is_one(&happened.event)).count()
    }

    /// Nothing was settled, and the next customer has to wait.
    #[track_caller]
    fn stays_open(&self, ran: &Ran, why: &str) {
        assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
        let told = ran.last();
        assert_eq!((&told["finding"], &told["id"]), (&json!("open"), &json!("sale-1")), "{told}");
        assert_eq!((&told["state"], &told["outcome"]), (&json!("unresolved"), &json!("unknown")));
        assert_eq!(told["evidence"]["why_open"]["code"], why, "{told}");
        let shown = self.show("sale-1");
        assert_eq!((&shown["state"], &shown["resolved_by"]), (&json!("unresolved"), &Value::Null));
        assert!(shown["events"].as_array().unwrap().iter().all(|event| event["what"] != "recovered"));
    }
}

fn blocks(ran: &Ran) {
    assert_eq!((ran.code, &ran.last()["reason"]["code"]), (6, &json!("unresolved")), "{}", ran.out);
}

#[test]
fn a_terminal_of_our_own_proves_that_the_customer_paid() {
    let case = Case::in_doubt(Persona::NEPTING, CHARGED_AND_CUT);
    assert_eq!(case.charges(), [2500]);
    // Others may use it: then its last transaction may be theirs, and the next payment is not let through either.
    case.stays_open(&case.recover("--json"), "not_exclusive");
    // It asks nobody by itself what it could not use: that would print paper for nothing.
    blocks(&case.pay("sale-2", "10.00"));
    assert_eq!(case.duplicatas(), 1);

    let ran = case.recover("--json --exclusive");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let [first, told] = ran.lines().try_into().unwrap_or_else(|_| panic!("{}", ran.out));
    assert_eq!(first["event"], "recovering");
    for (key, expected) in [
        ("id", json!("sale-1")),
        ("finding", json!("paid")),
        ("amount_minor", json!(2500)),
        ("state", json!("final")),
        ("outcome", json!("approved")),
        ("evidence_resolved", json!(true)),
        ("resolved_by", json!("duplicata")),
    ] {
        assert_eq!(told[key], expected, "{key}");
    }
    assert_eq!(told["evidence"]["why_open"], Value::Null);
    for (language, words) in [("en", "was completed"), ("fr", "a abouti")] {
        assert!(told["evidence"][language].as_str().unwrap().ends_with(words), "{told}");
    }

    let shown = case.show("sale-1");
    assert_eq!((&shown["resolved_by"], &shown["evidence_resolved"]), (&json!("duplicata"), &json!(true)));
    let events = shown["events"].as_array().unwrap();
    let names: Vec<&str> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(names, ["started", "ended", "recovered"]);
    let detail = events[2]["detail"].as_str().unwrap();
    assert!(detail.contains("duplicata") && detail.contains("authorisation 000002"), "{detail}");

    // It is settled for good: nobody is asked again, the same id is replayed, and the next customer pays.
    let asked = case.duplicatas();
    let again = case.recover("--json --exclusive");
    assert_eq!((again.code, again.lines().len(), case.duplicatas()), (0, 0, asked), "{}", again.out);
    let same = case.pay("sale-1", "25.00");
    let outcome = same.last();
    assert_eq!((same.code, &outcome["replayed"]), (0, &json!(true)));
    assert_eq!((&outcome["outcome"], &outcome["approved_amount_minor"]), (&json!("approved"), &json!(2500)));
    assert_eq!(case.pay("sale-2", "10.00").code, 0);
    assert_eq!(case.charges(), [2500, 1000]);
}

#[test]
fn what_is_settled_is_told_to_people_in_both_languages() {
    let case = Case::in_doubt(Persona::NEPTING, CHARGED_AND_CUT);
    let open = case.recover("");
    assert_eq!(open.code, 3);
    assert!(
        open.out.contains("Others use this terminal") && open.out.contains("[not_exclusive]"),
        "{}",
        open.out
    );
    assert!(open.out.contains("D'autres utilisent ce terminal"), "{}", open.out);
    let paid = case.recover("--exclusive");
    assert_eq!(paid.code, 0);
    assert!(paid.out.contains("approved") && paid.out.contains("final"), "{}", paid.out);
    assert!(paid.out.contains("was completed / duplicata : la dernière"), "{}", paid.out);
}

#[test]
fn that_nothing_was_paid_is_not_certain_while_the_customer_may_be_there() {
    let case = Case::in_doubt(Persona::NEPTING, CANCELLED_AND_CUT);
    assert!(case.charges().is_empty());
    let ran = case.recover("--json --exclusive");
    case.stays_open(&ran, "too_soon");
    assert!(ran.last()["evidence"]["en"].as_str().unwrap().ends_with("was not completed"), "{}", ran.out);
    case.stays_open(&case.recover("--json"), "not_exclusive");
    blocks(&case.pay("sale-2", "10.00"));
    assert!(case.charges().is_empty());

    // A person who saw it can settle it.
    let words = [
        "journal",
        &case.file(),
        "resolve",
        "sale-1",
        "--not-paid",
        "--by",
        "Anne",
        "--because",
        "no ticket",
    ];
    assert_eq!(case.shop.run(&words).code, 0);
    assert_eq!(case.recover("--json --exclusive").code, 0);
    assert_eq!(case.pay("sale-2", "10.00").code, 0);
    assert_eq!(case.charges(), [1000]);
}

/// The request never reached the terminal, and its last transaction is an earlier one of the same amount.
#[test]
fn an_earlier_payment_of_the_same_amount_is_not_taken_for_it() {
    let case = Case::new(Persona::NEPTING, "approve");
    let first = case.pay_at(&case.terminal.address().to_string(), "sale-0", "25.00", "--terminal-id counter");
    assert_eq!(first.code, 0, "{}", first.out);
    case.lose("sale-1", "25.00", "--terminal-id counter");
    let ran = case.recover(&format!("--json --exclusive --terminal {}", case.terminal.address()));
    case.stays_open(&ran, "too_soon");
    assert_eq!((case.charges(), case.duplicatas()), (vec![2500], 1));
}

#[test]
fn somebody_else_s_payment_is_not_taken_for_it() {
    let case = Case::in_doubt(Persona::NEPTING, CANCELLED_AND_CUT);
    // Another shop's till, with a journal of its own, at the same terminal.
    let other = Shop::new();
    let pay = |amount: &str| {
        let file = other.path("journal.sqlite");
        let address = case.terminal.address();
        other.caisse(&format!("pay {amount} --journal {file} --dialect nepting --terminal {address}")).code
    };
    assert_eq!(pay("25.00"), 0);
    case.stays_open(&case.recover("--json"), "not_exclusive");
    assert_eq!(pay("30.00"), 0);
    case.stays_open(&case.recover("--json --exclusive"), "another_amount");
    assert_eq!(case.charges(), [2500, 3000]);
}

#[test]
fn a_terminal_that_is_not_there_proves_nothing() {
    let mut case = Case::in_doubt(Persona::NEPTING, CHARGED_AND_CUT);
    // Nobody listens there.
    let (nobody, serving) = raw_terminal(drop);
    drop(std::net::TcpStream::connect(nobody.trim_start_matches("tcp://")).unwrap());
    serving.join().unwrap();
    // An address that is new to the journal: nobody is asked without a person's word.
    let ran = case.recover(&format!("--json --exclusive --terminal {nobody}"));
    case.stays_open(&ran, "another_terminal");
    assert_eq!(ran.last()["evidence"]["code"], "new_address", "{}", ran.out);
    let ran = case.recover(&format!("--json --exclusive --new-address --terminal {nobody}"));
    case.stays_open(&ran, "unclear");
    let evidence = &ran.last()["evidence"];
    assert_eq!(
        (&evidence["code"], &evidence["no_answer"]["code"]),
        (&json!("no_answer"), &json!("connection_refused"))
    );
    for (language, words) in [("en", "does not answer"), ("fr", "ne répond pas")] {
        assert!(ran.last()["evidence"][language].as_str().unwrap().contains(words), "{}", ran.out);
    }
    // Somebody listens, and says nothing that is an answer.
    let (stranger, serving) = raw_terminal(|mut stream| drop(read_request(&mut stream)));
    let ran = case.recover(&format!("--exclusive --new-address --terminal {stranger}"));
    serving.join().unwrap();
    assert_eq!(ran.code, 3);
    // What is known of the silence is told, and what a person does next; of a word that was not said, nothing is.
    let settle = format!("caisse journal {} resolve --not-paid --by NAME", case.file());
    for words in ["does not answer", "the line was cut without an answer [closed_without_answer]", &settle] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!ran.out.contains("[unclear]"), "{}", ran.out);
    for (options, words) in [
        ("--terminal nonsense", "--config FILE"),
        ("--terminal 127.0.0.1:8888", "tcp://HOST:PORT"),
        ("--dialect swedish", "payxpress"),
        ("--config shop.toml", "shop.toml"),
    ] {
        let ran = case.recover(options);
        assert_eq!(ran.code, 2, "{options}: {}", ran.out);
        assert!(ran.err.contains(words) && ran.out.is_empty(), "{options}: {}", ran.err);
    }
    assert_eq!((case.duplicatas(), case.charges()), (0, vec![2500]));

    // Switched off: the address in the journal leads nowhere.
    case.terminal = VirtualTerminal::start().unwrap();
    case.stays_open(&case.recover("--json --exclusive"), "unclear");
}

#[test]
fn a_terminal_whose_address_nobody_knows_is_not_looked_for() {
    let case = Case::new(Persona::NEPTING, &format!("approve,{CHARGED_AND_CUT}"));
    let address = case.terminal.address().to_string();
    assert_eq!(case.pay_at(&address, "sale-0", "3.00", "--terminal-id counter").code, 0);
    assert_eq!(case.pay_at(&address, "sale-1", "25.00", "--terminal-id counter").code, 3);
    let ran = case.recover("--json --exclusive");
    assert_eq!((ran.code, &ran.last()["finding"]), (3, &json!("open")), "{}", ran.out);
    assert!(ran.last()["evidence"]["en"].as_str().unwrap().contains("--terminal"), "{}", ran.out);
    assert_eq!(case.duplicatas(), 0);

    // Said on the command line, or in the file.
    let config = case.shop.path("shop.toml");
    let text =
        format!("[terminals.counter]\naddress = \"{address}\"\ndialect = \"nepting\"\nexclusive = true\n");
    fs::write(&config, text).unwrap();
    case.stays_open(&case.recover(&format!("--json --terminal {address}")), "not_exclusive");
    let ran = case.recover(&format!("--json --config {config}"));
    assert_eq!((ran.code, &ran.last()["finding"]), (0, &json!("paid")), "{}{}", ran.out, ran.err);
    assert_eq!(case.charges(), [2500]);
}

#[test]
fn what_is_no_journal_is_said_and_left_alone() {
    let shop = Shop::new();
    let missing = shop.path("missing.sqlite");
    let garbage = shop.path("garbage.sqlite");
    fs::write(&garbage, vec![b'x'; 10_000]).unwrap();
    let folder = shop.path(".");
    for (file, code, words) in [
        (&missing, 2, "there is no such file"),
        (&garbage, 6, "not a payment journal"),
        (&folder, 6, "it is a folder"),
    ] {
        let ran = shop.caisse(&format!("journal {file} recover --exclusive"));
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{file}: {}", ran.err);
        assert!(ran.err.contains(words), "{file}: {}", ran.err);
        let ran = shop.caisse(&format!("journal {file} recover --exclusive --json"));
        let [error] = ran.lines().try_into().unwrap_or_else(|_| panic!("{}", ran.out));
        assert_eq!(ran.code, code, "{file}");
        assert!(error["error"]["message"].as_str().unwrap().contains(words), "{file}: {error}");
    }
    assert!(!fs::exists(&missing).unwrap(), "it was made");
    assert_eq!(fs::read(&garbage).unwrap(), vec![b'x'; 10_000]);
}

#[test]
fn a_journal_in_which_nothing_is_open_asks_nobody() {
    let case = Case::new(Persona::NEPTING, "approve,decline:04");
    assert_eq!((case.pay("sale-1", "25.00").code, case.pay("sale-2", "10.00").code), (0, 1));
    let ran = case.recover("--json --exclusive");
    assert_eq!((ran.code, ran.out.as_str(), case.duplicatas()), (0, "", 0));
}

/// PayXpress answers with a ticket: a person can read what it says, and a program is not convinced by it.
#[test]
fn a_ticket_is_shown_to_people_and_proves_nothing() {
    let case = Case::in_doubt(Persona::PAYXPRESS, CHARGED_AND_CUT);
    // A payment does not ask of its own accord: that would print paper, and prove nothing.
    let address = case.terminal.address().to_string();
    blocks(&case.pay_at(&address, "sale-2", "10.00", "--exclusive"));
    assert_eq!(case.duplicatas(), 0);
    let ran = case.recover("--json --exclusive");
    case.stays_open(&ran, "another_amount");
    let ticket = ran.last()["evidence"]["ticket"].as_str().unwrap_or_default().to_owned();
    assert!(ticket.contains("MONTANT 25.00 EUR"), "{ticket}");
    assert_eq!(case.duplicatas(), 1);
    let ran = case.recover("--exclusive");
    assert!(
        ran.out.contains("---------- ticket ----------") && ran.out.contains("MONTANT 25.00 EUR"),
        "{}",
        ran.out
    );
    blocks(&case.pay("sale-2", "10.00"));
    assert_eq!(case.charges(), [2500]);
}

/// No message of E asks for a duplicata, and Ingenico's terminal is played as one that does not know it.
#[test]
fn a_terminal_that_cannot_be_asked_is_told_from_one_that_cannot_answer() {
    for (persona, words, asked) in
        [(Persona::CONCERT_E, "cannot be asked", 0), (Persona::INGENICO, "nothing that can be used", 1)]
    {
        let case = Case::in_doubt(persona, CHARGED_AND_CUT);
        let ran = case.recover("--json --exclusive");
        case.stays_open(&ran, "unclear");
        assert!(ran.last()["evidence"]["en"].as_str().unwrap().contains(words), "{}", ran.out);
        assert_eq!((case.duplicatas(), case.charges()), (asked, vec![2500]), "{}", persona.name);
    }
}

/// Two doubts of the same amount at two terminals: what one of them proves is its own.
#[test]
fn a_terminal_is_asked_about_its_own_transactions_only() {
    let case = Case::in_doubt(Persona::NEPTING, CHARGED_AND_CUT);
    let bar = VirtualTerminal::builder().dialect(Persona::NEPTING).latency(Duration::ZERO);
    let bar = bar.answer(CANCELLED_AND_CUT.parse().unwrap()).start().unwrap();
    assert_eq!(case.pay_at(&bar.address().to_string(), "sale-2", "25.00", "").code, 3);
    assert!(bar.ledger().is_empty());
    let ran = case.recover(&format!("--json --exclusive --terminal {}", case.terminal.address()));
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert_eq!(case.show("sale-1")["outcome"], "approved");
    assert_eq!(case.show("sale-2")["outcome"], "unknown", "paid at no terminal");
    assert_eq!(ran.last()["id"], "sale-2");
    assert_eq!(ran.last()["evidence"]["code"], "another_terminal", "{}", ran.out);
    // Each at its own.
    let ran = case.recover("--json --exclusive");
    assert_eq!(
        (ran.code, &ran.last()["evidence"]["why_open"]["code"]),
        (3, &json!("too_soon")),
        "{}",
        ran.out
    );
}

/// One entry is open, and the terminal that is named or addressed is another one, which was paid the same amount.
#[test]
fn another_terminal_of_the_shop_is_not_asked_about_it() {
    let case = Case::in_doubt(Persona::NEPTING, CANCELLED_AND_CUT);
    let bar = VirtualTerminal::builder().dialect(Persona::NEPTING).latency(Duration::ZERO).start().unwrap();
    let bar_at = bar.address().to_string();
    assert_eq!(case.pay_at(&bar_at, "sale-2", "25.00", "").code, 0);
    let config = case.shop.path("shop.toml");
    let text = format!("[terminals.bar]\naddress = '{bar_at}'\ndialect = 'nepting'\nexclusive = true\n");
    fs::write(&config, text).unwrap();
    let port = bar_at.rsplit(':').next().unwrap();
    for terminal in [bar_at.clone(), format!("tcp://LOCALHOST:{port}"), format!("bar --config {config}")] {
        let ran = case.recover(&format!("--json --exclusive --terminal {terminal}"));
        assert_eq!((ran.code, ran.lines().len()), (3, 1), "{terminal}: {}{}", ran.out, ran.err);
        let told = ran.last();
        assert_eq!((&told["id"], &told["finding"]), (&json!("sale-1"), &json!("open")), "{terminal}");
        for (language, words) in [("en", "not asked"), ("fr", "non interrogé")] {
            assert!(told["evidence"][language].as_str().unwrap().contains(words), "{told}");
        }
        assert_eq!(case.show("sale-1")["outcome"], "unknown", "{terminal}");
    }
    // A file without its terminal is no reason not to ask where its id says that it is.
    let ran = case.recover(&format!("--json --exclusive --config {config}"));
    case.stays_open(&ran, "too_soon");
    assert_eq!((case.duplicatas(), bar.ledger().len()), (1, 1));
}

/// With nothing before it in the journal, the terminal's last transaction may be older than the journal.
#[test]
fn the_first_payment_of_a_journal_is_not_proven_by_the_last_of_the_terminal() {
    let case = Case::new(Persona::NEPTING, "approve");
    let here = case.terminal.address().to_string();
    let other = case.shop.path("moved-away.sqlite");
    let line = format!("pay 25.00 --json --journal {other} --dialect nepting --terminal {here}");
    assert_eq!(case.shop.caisse(&line).code, 0);
    case.lose("sale-1", "25.00", "--terminal-id counter");
    let ran = case.recover(&format!("--json --exclusive --terminal {here}"));
    case.stays_open(&ran, "perhaps_earlier");
    assert_eq!(case.charges(), [2500]);
}

/// Its own proof was a duplicata: the next one must not be proven by the same.
#[test]
fn one_charge_proves_one_payment() {
    let case = Case::new(Persona::NEPTING, &format!("approve,{CHARGED_AND_CUT}"));
    let (here, named) = (case.terminal.address().to_string(), "--terminal-id counter");
    assert_eq!(case.pay_at(&here, "sale-0", "3.00", named).code, 0);
    assert_eq!(case.pay_at(&here, "sale-1", "25.00", named).code, 3);
    let recover = || case.recover(&format!("--json --exclusive --terminal {here}"));
    assert_eq!(recover().code, 0);
    case.lose("sale-2", "25.00", named);
    let ran = recover();
    assert_eq!(
        (ran.code, &ran.last()["evidence"]["why_open"]["code"]),
        (3, &json!("perhaps_earlier")),
        "{}",
        ran.out
    );
    assert_eq!(case.show("sale-2")["outcome"], "unknown");
    assert_eq!(case.charges(), [2500]);
}

/// "Not paid" was said too soon, and then the customer paid: that charge proves no other payment of the same amount,
/// whatever was said of others in between.
#[test]
fn what_a_person_said_was_not_paid_may_still_be_the_terminal_s_last_transaction() {
    let case = Case::new(Persona::NEPTING, "approve,approve+drop@step=decided");
    let (here, named) = (case.terminal.address().to_string(), "--terminal-id counter");
    assert_eq!(case.pay_at(&here, "sale-0", "3.00", named).code, 0);
    let settle = |id: &str, as_what: &str| {
        let because = ["--by", "Anne", "--because", "no ticket"];
        case.shop.run(&[&["journal", &case.file(), "resolve", id, as_what][..], &because].concat()).code
    };
    let lose = |id: &str, amount: &str| case.lose(id, amount, named);
    let recover = || case.recover(&format!("--json --exclusive --terminal {here}"));
    assert_eq!((case.pay_at(&here, "sale-1", "25.00", named).code, settle("sale-1", "--not-paid")), (3, 0));
    lose("sale-2", "10.00");
    assert_eq!(settle("sale-2", "--not-paid"), 0);
    lose("sale-3", "12.00");
    assert_eq!(settle("sale-3", "--paid"), 0);
    lose("sale-4", "25.00");
    let ran = recover();
    assert_eq!(
        (ran.code, &ran.last()["evidence"]["why_open"]["code"]),
        (3, &json!("perhaps_earlier")),
        "{}",
        ran.out
    );
    assert_eq!((case.show("sale-4")["outcome"].clone(), case.charges()), (json!("unknown"), vec![2500]));

    // Another amount cannot be any of theirs.
    case.terminal.set_answer("approve+drop@step=decided,approve".parse().unwrap());
    assert_eq!((settle("sale-4", "--not-paid"), case.pay_at(&here, "sale-5", "7.00", named).code), (0, 3));
    let ran = recover();
    assert_eq!((ran.code, &ran.last()["finding"], &ran.last()["id"]), (0, &json!("paid"), &json!("sale-5")));
    assert_eq!(case.charges(), [2500, 700]);
}

/// Of two entries an address means the one that was sent there, and a name means the one under it: another name at the same
/// address is another terminal.
#[test]
fn with_two_in_doubt_each_is_asked_about_where_it_was_sent() {
    let case = Case::new(Persona::NEPTING, &format!("approve,{CHARGED_AND_CUT}"));
    let here = case.terminal.address().to_string();
    assert_eq!(case.pay_at(&here, "sale-0", "3.00", "--terminal-id counter").code, 0);
    assert_eq!(case.pay_at(&here, "sale-1", "25.00", "--terminal-id counter").code, 3);
    let (bar, serving) = raw_terminal(|mut stream| drop(read_request(&mut stream)));
    assert_eq!(case.pay_at(&bar, "sale-2", "25.00", "--terminal-id bar").code, 3);
    serving.join().unwrap();
    let unknown = "tcp://127.0.0.1:1";
    let ran = case.recover(&format!("--json --exclusive --terminal {unknown}"));
    let found: Vec<Value> = ran.lines().iter().map(|line| line["finding"].clone()).collect();
    assert_eq!((ran.code, found), (3, vec![json!("open"), json!("open")]), "{}{}", ran.out, ran.err);
    assert_eq!(case.duplicatas(), 0);

    let config = case.shop.path("shop.toml");
    let terminal = |name: &str, address: &str| {
        format!("[terminals.{name}]\naddress = '{address}'\ndialect = 'nepting'\nexclusive = true\n")
    };
    fs::write(&config, terminal("bar", &bar) + &terminal("kiosk", &here)).unwrap();
    // A name that is not that of an open entry's terminal, at the address of one.
    let ran = case.recover(&format!("--json --terminal kiosk --config {config}"));
    assert_eq!((ran.code, ran.lines().len(), case.duplicatas()), (3, 2, 0), "{}{}", ran.out, ran.err);
    fs::write(&config, terminal("bar", &bar) + &terminal("counter", &here)).unwrap();
    let ran = case.recover(&format!("--json --terminal counter --config {config}"));
    assert_eq!((ran.code, case.duplicatas()), (3, 1), "{}{}", ran.out, ran.err);
    let outcome = |id: &str| case.show(id)["outcome"].clone();
    assert_eq!((outcome("sale-1"), outcome("sale-2")), (json!("approved"), json!("unknown")));
    // Now it is the only one, and another terminal's name still is not its own.
    let ran = case.recover(&format!("--json --terminal counter --config {config}"));
    assert_eq!((ran.code, ran.lines().len(), case.duplicatas()), (3, 1, 1), "{}{}", ran.out, ran.err);
    assert_eq!(case.charges(), [2500]);
}

/// A terminal calls when it is done, and gives up soon: without being told to wait the till listens for one call.
#[test]
fn a_result_that_the_terminal_tells_a_little_later_is_heard() {
    let shop = Shop::new();
    let answers = ["--dialect", "concert-e-plus", "--answer", "approve,approve+delay@step=answer:3000"];
    let terminal = Terminal::start_on_a_pty(&shop, &answers);
    let file = shop.path("journal.sqlite");
    let at = format!("--dialect concert-e-plus --journal {file} --terminal {} --exclusive", terminal.address);
    assert_eq!(shop.caisse(&format!("pay 3.00 --id sale-0 {at}")).code, 0);
    assert_eq!(shop.caisse(&format!("pay 25.00 --id sale-1 --timeout 1 {at}")).code, 3);
    let ran =
        shop.caisse(&format!("journal {file} recover --exclusive --json --terminal {}", terminal.address));
    let told = ran.last();
    assert_eq!(
        (ran.code, &told["finding"], &told["evidence"]["code"]),
        (0, &json!("paid"), &json!("late_result"))
    );
    let charges: Vec<_> = terminal.stop().iter().map(|charge| charge["amount_minor"].clone()).collect();
    assert_eq!(charges, [json!(300), json!(2500)]);
}
