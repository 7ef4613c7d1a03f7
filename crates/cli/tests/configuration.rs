//! Terminals and dialects from files, on the command line.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Ran, Shop, Terminal, raw_terminal, read_request};

impl Shop {
    /// A file in the shop's home, and where it is.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

/// Wrong usage, found before anything was opened: no journal, no directory for one.
fn is_wrong(shop: &Shop, ran: &Ran, words: &str) {
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(words), "expected {words}\n{}", ran.err);
    assert!(ran.out.is_empty(), "{}", ran.out);
    assert!(!Path::new(&shop.path("data")).exists());
    assert!(!Path::new(&shop.path("journal.sqlite")).exists());
}

/// The only transaction of a journal.
fn recorded(shop: &Shop, journal: &str) -> Value {
    let ran = shop.run(&["journal", journal, "list", "--json"]);
    assert_eq!(ran.lines().len(), 1, "{}", ran.out);
    ran.last()
}

/// A terminal that takes one request and refuses it, and what it was asked.
fn asked(pay: impl FnOnce(&str) -> Ran) -> (String, Ran) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let (address, _) = raw_terminal(move |mut stream| {
        sender.send(read_request(&mut stream)).unwrap();
        std::io::Write::write_all(&mut stream, b"CZ0040300AE00201AF00204").unwrap();
    });
    let ran = pay(&address);
    let request = receiver.recv_timeout(Duration::from_secs(10));
    let request = request.unwrap_or_else(|_| panic!("nothing was asked: {}", ran.err));
    (String::from_utf8(request).unwrap(), ran)
}

#[test]
fn a_named_terminal_takes_a_payment() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let text = format!(
        "journal = 'journal.sqlite'\n[terminals.counter]\naddress = '{}'\nregister = '42'\n",
        terminal.address
    );
    let config = shop.write("caisse.toml", &text);
    let ran = shop.run(&["pay", "25.00", "--terminal", "counter", "--config", &config, "--json"]);
    assert_eq!((ran.code, &ran.last()["outcome"]), (0, &json!("approved")), "{}", ran.err);
    // It has a name of its own, and needs no hint.
    let journal = shop.path("journal.sqlite");
    assert_eq!(ran.err, format!("journal: {journal}\n"));
    assert_eq!(recorded(&shop, &journal)["terminal"], "counter");
    let charges = terminal.stop();
    assert_eq!((charges.len(), &charges[0]["register"]), (1, &json!("42")));
}

#[test]
fn a_named_terminal_on_a_serial_line_is_spoken_to_in_its_dialect() {
    let shop = Shop::new();
    for (dialect, mine) in [
        ("concert-e", "base = 'concert-e'\nsession.attempts = 2\n"),
        ("concert-e-plus", "base = 'concert-e-plus'\nreport = true\n"),
        ("ingenico", "base = 'ingenico'\n[session]\nline = 'baud=1200&line=8n1'\n"),
    ] {
        let terminal = Terminal::start_on_a_pty(&shop, &["--dialect", dialect]);
        shop.write("dialects/mine.toml", mine);
        let text = format!(
            "journal = '{dialect}.sqlite'\n[terminals.counter]\naddress = '{}'\ndialect = 'dialects/mine.toml'\n",
            terminal.address
        );
        let config = shop.write("caisse.toml", &text);
        let ran = shop.run(&["pay", "25.00", "--terminal", "counter", "--config", &config, "--json"]);
        assert_eq!((ran.code, &ran.last()["outcome"]), (0, &json!("approved")), "{dialect}: {}", ran.err);
        assert_eq!(recorded(&shop, &shop.path(&format!("{dialect}.sqlite")))["terminal"], "counter");
        assert_eq!(terminal.stop().len(), 1);
    }
}

#[test]
fn your_own_file_is_used_for_a_name_alone() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let text = format!("[terminals.counter]\naddress = '{}'\n", terminal.address);
    let own = shop.write("config/caisse/caisse.toml", &text);
    let ran = shop.caisse("pay 25.00 --terminal counter");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let journal = shop.path("data/caisse/journal.sqlite");
    assert_eq!(ran.err, format!("configuration: {own}\njournal: {journal}\n"));
    assert_eq!(recorded(&shop, &journal)["terminal"], "counter");

    // What is in it does not matter to an address, or to a virtual terminal.
    shop.write("config/caisse/caisse.toml", "not TOML");
    let ran = shop.caisse(&format!("pay 25.00 --terminal {}", terminal.address));
    assert_eq!((ran.code, ran.err.contains("configuration")), (0, false), "{}", ran.err);
    assert_eq!(shop.caisse("pay 25.00").code, 0);
    let ran = shop.caisse("pay 25.00 --terminal counter");
    assert_eq!((ran.code, ran.err.contains(&format!("{own}:1:"))), (2, true), "{}", ran.err);
    // A file that is given goes before it.
    let other = shop.write("other.toml", &text);
    let ran = shop.run(&["pay", "25.00", "--terminal", "counter", "--config", &other]);
    assert_eq!((ran.code, ran.err.contains("configuration")), (0, false), "{}", ran.err);
    assert_eq!(terminal.stop().len(), 3);
}

#[test]
fn the_command_line_goes_before_the_file_and_the_file_before_what_is_usual() {
    let shop = Shop::new();
    let file = "journal = 'of-the-file.sqlite'\n[defaults]\nregister = '08'\n[terminals.counter]\n\
                dialect = 'ingenico'\nregister = '07'\nipc = '777777777777'\n";
    let of_defaults = "journal = 'of-the-file.sqlite'\n[defaults]\ndialect = './wide.toml'\nregister = '08'\n\
                       ipc = '888888888888'\n[terminals.counter]\n";
    let nothing = "journal = 'of-the-file.sqlite'\n[terminals.counter]\n";
    shop.write("wide.toml", "base = 'nepting'\namount_digits = 6\n");
    let own =
        shop.write("elsewhere/own.toml", "base = 'payxpress'\nversion = '0310'\noptional.ticket = false\n");
    for (index, (text, options, request)) in [
        (nothing, vec![], "CZ0040320CJ012012345678901CA00201CB003250CD0010CE003978CK003100"),
        (file, vec![], "CZ0040300CJ012777777777777CA00207CB003250CD0010CE003978CK003100"),
        (of_defaults, vec![], "CZ0040320CJ012888888888888CA00208CB006000250CD0010CE003978CK003100"),
        (
            file,
            vec!["--dialect", "payxpress"],
            "CZ0040320CJ012777777777777CA00207CB003250CD0010CE003978CK003100",
        ),
        (file, vec!["--dialect", &own], "CZ0040310CJ012777777777777CA00207CB003250CD0010CE003978"),
        (file, vec!["--register", "99"], "CZ0040300CJ012777777777777CA00299CB003250CD0010CE003978CK003100"),
        (
            file,
            vec!["--ipc", "999999999999"],
            "CZ0040300CJ012999999999999CA00207CB003250CD0010CE003978CK003100",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (asked, ran) = asked(|address| {
            let config = shop.write("caisse.toml", &format!("{text}address = '{address}'\n"));
            let pay = ["pay", "2.50", "--ticket", "--json", "--terminal", "counter", "--config", &config];
            shop.run(&[&pay[..], &options].concat())
        });
        assert_eq!((ran.code, &ran.last()["outcome"]), (1, &json!("declined")), "{index}: {}", ran.err);
        assert_eq!(sorted(&asked), sorted(request), "{index}");
    }
    // The journal and the id of the terminal.
    let (_, ran) = asked(|address| {
        let config = shop.write("caisse.toml", &format!("{file}address = '{address}'\n"));
        let own = shop.path("own.sqlite");
        shop.run(&[
            "pay",
            "2.50",
            "--terminal",
            "counter",
            "--config",
            &config,
            "--journal",
            &own,
            "--terminal-id",
            "till-3",
        ])
    });
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(recorded(&shop, &shop.path("own.sqlite"))["terminal"], "till-3");
    let list = shop.run(&["journal", &shop.path("of-the-file.sqlite"), "list", "--json"]);
    assert_eq!(list.lines().len(), 7);
    assert!(list.lines().iter().all(|line| line["terminal"] == "counter"));
}

/// The fields of a request, whatever their order.
fn sorted(request: &str) -> Vec<String> {
    let (mut fields, mut rest) = (Vec::new(), request);
    while !rest.is_empty() {
        let length: usize = rest[2..5].parse().unwrap();
        fields.push(rest[..5 + length].to_owned());
        rest = &rest[5 + length..];
    }
    fields.sort();
    fields
}

#[test]
fn a_cancellation_is_taken_where_the_terminal_is_exclusive() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    for (exclusive, option, outcome) in [
        ("true", None, "approved"),
        ("false", None, "blocked"),
        ("false", Some("--exclusive"), "approved"),
        ("true", Some("--exclusive=false"), "blocked"),
    ] {
        let name = format!("{exclusive}{}", option.map_or(0, str::len));
        let text = format!(
            "journal = '{name}.sqlite'\n[terminals.counter]\naddress = '{}'\nexclusive = {exclusive}\n",
            terminal.address
        );
        let config = shop.write("caisse.toml", &text);
        let pay = ["pay", "2.50", "--json", "--terminal", "counter", "--config", &config];
        assert_eq!(shop.run(&[&pay[..], &["--id", "sale"]].concat()).code, 0);
        let cancel = ["--operation", "cancellation", "--original", "sale"];
        let ran = shop.run(&[&pay[..], &cancel, option.as_slice()].concat());
        assert_eq!(ran.last()["outcome"], outcome, "{exclusive} {option:?}: {} {}", ran.out, ran.err);
    }
}

#[test]
fn a_terminal_that_may_be_real_is_still_asked_about() {
    let shop = Shop::new();
    let config = shop.write("caisse.toml", "[terminals.counter]\naddress = 'tcp://192.0.2.1'\n");
    let ran = shop.run(&["pay", "1.00", "--terminal", "counter", "--config", &config]);
    is_wrong(&shop, &ran, "--confirm-real-payment");
}

#[test]
fn what_is_wrong_with_a_file_is_wrong_usage() {
    let shop = Shop::new();
    let good = "address = 'tcp://127.0.0.1:1'\n";
    shop.write("bad.toml", "base = 'ingenico'\namount_digits = 13\n");
    for (text, words) in [
        ("", "caisse.toml:1:1: expected a key `terminals`"),
        ("[terminals.bar]\n{good}", "'counter': {config}: no terminal of this name: expected bar"),
        ("[terminals.counter]\n", "caisse.toml:1:1: terminals.counter: expected a key `address`"),
        (
            "[terminals.counter]\naddress = '127.0.0.1'",
            "caisse.toml:2:11: terminals.counter.address: not an address",
        ),
        (
            "[terminals.counter]\n{good}dialect = 'swedish'",
            "caisse.toml:3:11: terminals.counter.dialect: not a",
        ),
        (
            "[terminals.counter]\n{good}dialect = 'bad.toml'",
            "bad.toml:2:17: amount_digits: expected a whole number",
        ),
        ("[terminals.counter]\n{good}dialect = 'x/y'", "counter.dialect: {home}x/y: there is no such file"),
        (
            "[terminals.counter]\n{good}registre = '01'",
            "caisse.toml:3:1: terminals.counter.registre: not a key",
        ),
        (
            "[terminals.counter]\n{good}register = '1'",
            "caisse.toml:3:12: terminals.counter.register: expected 2",
        ),
        (
            "[terminals.counter]\n{good}[terminals.bar]\n{good}",
            "expected an address of its own: it is that of bar",
        ),
    ] {
        let config = shop.write("caisse.toml", &text.replace("{good}", good));
        let words = words.replace("{config}", &config).replace("{home}", &shop.path(""));
        let line = ["pay", "1.00", "--terminal", "counter", "--config", &config];
        is_wrong(&shop, &shop.run(&line), &words);
        let ran = shop.run(&[&line[..], &["--json"]].concat());
        let message = ran.last()["error"]["message"].as_str().unwrap().to_owned();
        assert!(ran.code == 2 && message.contains(&words) && ran.lines().len() == 1, "{words}\n{message}");
    }
}

#[test]
fn what_is_wrong_with_the_command_line_is_wrong_usage() {
    let shop = Shop::new();
    let terminals = "[terminals.counter]\naddress = 'tcp://127.0.0.1:1'\n";
    let config = shop.write("caisse.toml", terminals);
    let own = shop.path("config/caisse/caisse.toml");
    shop.write("bad.toml", "base = 'ingenico'\nversion = '0200'\n");
    let bad = shop.path("bad.toml");
    for (line, words) in [
        (format!("pay 1.00 --config {config}"), "config: needs --terminal"),
        (format!("pay 1.00 --config {config} --terminal tcp://127.0.0.1:1"), "config: needs --terminal NAME"),
        (format!("pay 1.00 --config {config} --terminal serial:x"), "config: needs --terminal NAME"),
        (format!("pay 1.00 --config {config}x --terminal counter"), "caisse.tomlx: there is no such file"),
        (format!("pay 1.00 --config {} --terminal counter", shop.path("")), ": expected a file"),
        ("pay 1.00 --terminal counter".to_owned(), &*format!("say --config FILE or write {own}")),
        ("pay 1.00 --terminal a/b".to_owned(), "'a/b': expected tcp://HOST:PORT, serial:PATH or the name"),
        ("pay 1.00 --terminal 4970101234123457".to_owned(), "(not repeated)"),
        (
            format!("pay 1.00 --config {config} --terminal counter --dialect {bad}"),
            "bad.toml:2:11: version: expected",
        ),
        ("pay 1.00 --dialect nowhere.toml".to_owned(), "nowhere.toml: there is no such file"),
        ("pay 1.00 --dialect swedish".to_owned(), "'swedish': not a dialect: expected payxpress"),
        ("pay 1.00 --dialect 4970101234123457".to_owned(), "(not repeated)"),
        ("pay 1.00 --exclusive=perhaps".to_owned(), "true, false"),
        ("dialect swedish".to_owned(), "'swedish': not a dialect: expected payxpress"),
        (format!("dialect {bad}"), "bad.toml:2:11: version: expected"),
    ] {
        is_wrong(&shop, &shop.caisse(&line), words);
    }
}

#[test]
fn a_dialect_is_printed_as_a_file_that_gives_the_same() {
    let shop = Shop::new();
    for name in ["payxpress", "ingenico", "nepting", "concert-e", "concert-e-plus"] {
        let ran = shop.run(&["dialect", name]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/dialects/{name}.toml"));
        assert_eq!(ran.out, fs::read_to_string(path).unwrap());
        let file = shop.write("again.toml", &ran.out);
        assert_eq!(shop.run(&["dialect", &file]).out, ran.out);
    }
    let file = shop.write("mine.toml", "base = 'concert-e'\n[session]\nattempts = 2\n");
    assert!(shop.run(&["dialect", &file]).out.contains("\nattempts = 2\n"));
}
