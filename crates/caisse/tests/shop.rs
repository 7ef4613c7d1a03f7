//! The file of a shop: what it may say, what is wrong with it, and a till set up from it.

use std::fs;
use std::path::Path;

use caisse::configuration::{ConfigurationError, Shop};
use caisse::{Amount, Currency, Dialect, MemoryJournal, PaymentRequest, Register, Till};
use caisse_simulator::VirtualTerminal;

fn read(text: &str) -> Result<Shop, ConfigurationError> {
    Shop::read(text.as_bytes(), "shop/caisse.toml".as_ref())
}

const SHOP: &str = r#"
    journal = "journal.sqlite"

    [defaults]
    dialect = "ingenico"
    exclusive = true
    register = "07"
    ipc = "123456789012"

    [terminals.counter]
    address = "tcp://192.168.1.50"

    [terminals.bar]
    address = "serial:/dev/ttyACM0?line=8n1"
    dialect = "concert-e-plus"
    exclusive = false
    register = "08"
    ipc = "000000000001"
"#;

#[test]
fn what_the_file_says() {
    let shop = read(SHOP).unwrap();
    assert_eq!(shop.file(), Path::new("shop/caisse.toml"));
    assert_eq!(shop.journal(), Some(Path::new("shop/journal.sqlite")));
    let names: Vec<_> = shop.terminals().iter().map(|terminal| terminal.id.to_string()).collect();
    assert_eq!(names, ["bar", "counter"]);

    let counter = shop.terminal("counter").unwrap();
    assert_eq!(counter.address.to_string(), "tcp://192.168.1.50:8888");
    assert_eq!((counter.dialect, counter.exclusive), (Dialect::INGENICO, true));
    assert_eq!(counter.register, Register::new(7));
    assert_eq!(counter.identifier.unwrap().to_string(), "123456789012");

    let bar = shop.terminal("bar").unwrap();
    assert_eq!(bar.address.to_string(), "serial:/dev/ttyACM0?baud=9600&line=8n1");
    assert_eq!((bar.dialect, bar.exclusive), (Dialect::CONCERT_E_PLUS, false));
    assert_eq!(bar.register, Register::new(8));
    assert_eq!(bar.identifier.unwrap().to_string(), "000000000001");

    let error = shop.terminal("Counter").unwrap_err();
    assert_eq!(error.to_string(), "shop/caisse.toml: no terminal of this name: expected bar or counter");
}

#[test]
fn what_the_file_leaves_out() {
    let shop = read("[terminals.counter]\naddress = 'serial:COM3'").unwrap();
    let counter = shop.terminal("counter").unwrap();
    assert_eq!((shop.journal(), counter.dialect, counter.exclusive), (None, Dialect::PAYXPRESS, false));
    assert_eq!((counter.register, counter.identifier), (None, None));
    let absolute = read("journal = '/var/j'\n[terminals.a]\naddress = 'serial:COM3'").unwrap();
    assert_eq!(absolute.journal(), Some(Path::new("/var/j")));
    let here = Shop::read(SHOP.as_bytes(), "caisse.toml".as_ref()).unwrap();
    assert_eq!(here.journal(), Some(Path::new("journal.sqlite")));
}

#[test]
fn what_is_wrong_says_where_and_what_was_expected() {
    let address = "address = 'tcp://h'";
    for (text, expected) in [
        ("", ":1:1: expected a key `terminals`"),
        ("\n[terminals]", ":2:1: terminals: expected a terminal, as in [terminals.counter]"),
        ("terminals = 1", ":1:13: terminals: expected a map"),
        ("[terminals]\na = 1", ":2:5: terminals.a: expected a table"),
        ("\n[terminals.a]", ":2:1: terminals.a: expected a key `address`"),
        ("[terminals.a]\naddress = 5", ":2:11: terminals.a.address: expected a text in quotation marks"),
        ("[terminals.a]\naddress = 'h:1'", ":2:11: terminals.a.address: not an address: expected tcp://"),
        ("[terminals.a]\naddress = 'serial:'", ":2:11: terminals.a.address: the port: expected the name"),
        ("[terminals.a]\naddress = 'serial:a?b'", ":2:11: terminals.a.address: the settings after"),
        ("[terminals.a]\nadress = 'tcp://h'", ":2:1: terminals.a.adress: not a key of this table: expected"),
        ("[terminals.a]\n{a}\nregister = '7'", ":3:12: terminals.a.register: expected 2 characters"),
        ("[terminals.a]\n{a}\nregister = 7", ":3:12: terminals.a.register: expected a text in quotation"),
        ("[terminals.a]\n{a}\nipc = '1'", ":3:7: terminals.a.ipc: expected an identifier of twelve digits"),
        ("[terminals.a]\n{a}\nexclusive = 'no'", ":3:13: terminals.a.exclusive: expected a boolean"),
        ("[terminals.a]\n{a}\ndialect = ''", ":3:11: terminals.a.dialect: expected a text that is not empty"),
        (
            "[terminals.a]\n{a}\ndialect = 'custom'",
            ":3:11: terminals.a.dialect: not a dialect: expected payx",
        ),
        (
            "[terminals.a]\n{a}\ndialect = 'no.toml'",
            ":3:11: terminals.a.dialect: shop/no.toml: there is no such file",
        ),
        ("[terminals.'tcp:a']\n{a}", ":1:1: terminals.tcp:a: expected a name that does not begin as an"),
        ("\n[terminals.'serial:a']\n{a}", ":2:1: terminals.serial:a: expected a name that does not begin"),
        ("[terminals.'a b']\n{a}", ":1:1: terminals.…: as the name of a terminal: position 1: expected"),
        ("[terminals.'']\n{a}", ":1:1: terminals.: as the name of a terminal: expected 1 to 64 characters"),
        ("journal = ' '\n[terminals.a]\n{a}", ":1:11: journal: expected a text that is not empty"),
        ("[defaults]\naddress = ''\n[terminals.a]\n{a}", ":2:1: defaults.address: not a key of this table"),
        ("[defaults]\ndialect = 'x'\n[terminals.a]\n{a}", ":2:11: defaults.dialect: not a dialect"),
        ("[terminal.a]\n{a}", ":1:2: terminal: not a key of this table: expected one of `journal`"),
        ("[terminals.a\n{a}", ":1:13: unclosed table, expected `]`"),
        (
            "[terminals.a]\n{a}\n[terminals.b]\naddress = 'tcp://H:8888'",
            ":4:11: terminals.b.address: expected an address of its own: it is that of a",
        ),
        (
            "[terminals.b]\naddress = 'serial:COM3'\n[terminals.a]\naddress = 'serial:COM3?baud=1200'",
            ":2:11: terminals.b.address: expected an address of its own: it is that of a",
        ),
    ] {
        let text = text.replace("{a}", address);
        let error = read(&text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("shop/caisse.toml{expected}")), "{text}\n{error}");
    }
    // Terminals that only look alike.
    let apart = "[terminals.a]\naddress = 'tcp://h:1'\n[terminals.b]\naddress = 'tcp://h:2'\n\
                 [terminals.c]\naddress = 'tcp://i:1'\n[terminals.d]\naddress = 'serial:COM1'\n\
                 [terminals.e]\naddress = 'serial:com1'\n";
    assert_eq!(read(apart).unwrap().terminals().len(), 5);
}

#[test]
fn what_stands_there_is_never_repeated() {
    let number = "4970101234123457";
    for text in [
        format!("[terminals.a]\naddress = '{number}'"),
        format!("[terminals.a]\naddress = 'tcp://{number}/'"),
        format!("[terminals.a]\naddress = 'serial:x?{number}'"),
        format!("[terminals.a]\naddress = {number}"),
        format!("[terminals.a]\naddress = 'tcp://h'\nregister = '{number}'"),
        format!("[terminals.a]\naddress = 'tcp://h'\nipc = '{number}'"),
        format!("[terminals.a]\naddress = 'tcp://h'\ndialect = '{number}'"),
        format!("[terminals.a]\naddress = 'tcp://h'\nexclusive = '{number}'"),
        format!("[terminals.'{number} ']\naddress = 'tcp://h'"),
        format!("[terminals.a]\n{number} = 'tcp://h'"),
        number.to_owned(),
        format!("journal = {number}"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(!error.contains("4970"), "{text}\n{error}");
    }
}

#[test]
fn files_are_found_beside_the_file_that_names_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("caisse.toml");
    let dialects = directory.path().join("dialects");
    fs::create_dir(&dialects).unwrap();
    fs::write(dialects.join("slow.toml"), "base = 'nepting'\nanswer.quiet_ms = 900\n").unwrap();
    fs::write(&file, "[terminals.a]\naddress = 'tcp://h'\ndialect = 'dialects/slow.toml'\n").unwrap();
    let shop = Shop::load(&file).unwrap();
    assert_eq!(shop.terminals()[0].dialect.name, "custom");
    assert_eq!(shop.terminals()[0].dialect.answer.quiet.as_millis(), 900);

    fs::write(dialects.join("slow.toml"), "base = 'nepting'\nanswer.quiet_ms = 9\n").unwrap();
    let error = Shop::load(&file).unwrap_err();
    assert_eq!((error.file(), error.line()), (dialects.join("slow.toml").as_path(), Some(2)));
    assert_eq!((error.column(), error.key()), (Some(19), Some("answer.quiet_ms")));
}

#[test]
fn what_is_no_file_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let error = |path: &Path| Shop::load(path).unwrap_err().to_string();
    assert!(error(&directory.path().join("none")).ends_with("/none: there is no such file"));
    assert!(error(directory.path()).ends_with(": expected a file"));
    // As large as a file may be, and one byte more.
    let file = directory.path().join("caisse.toml");
    let good = "[terminals.a]\naddress = 'tcp://h'\n";
    let filled = |length: usize| format!("{good}#{}", "x".repeat(length - good.len() - 1));
    fs::write(&file, filled(262_144)).unwrap();
    assert_eq!(Shop::load(&file).unwrap().terminals().len(), 1);
    fs::write(&file, filled(262_145)).unwrap();
    assert!(error(&file).ends_with(": expected at most 262144 bytes"));
    fs::write(&file, filled(600_000)).unwrap();
    assert!(error(&file).ends_with(": expected at most 262144 bytes"));
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(Shop::load(&pipe).unwrap_err().to_string().ends_with(": expected a file"));
}

#[test]
fn a_till_from_the_file() {
    let terminal = VirtualTerminal::start().unwrap();
    let text = format!(
        "defaults.register = '42'\n[terminals.counter]\naddress = '{}'\nexclusive = true\nipc = '999999999999'\n",
        terminal.address()
    );
    let shop = read(&text).unwrap();
    let counter = shop.terminal("counter").unwrap();
    let mut till = Till::builder().configured(counter).journal(MemoryJournal::new()).build().unwrap();
    let payment = till.pay(PaymentRequest::debit(Amount::parse("25.00", Currency::EUR).unwrap())).unwrap();
    assert_eq!(payment.outcome.name(), "approved");
    assert_eq!(terminal.ledger().charges()[0].register, 42);
    let record = &till.journal().list().unwrap()[0];
    assert_eq!(record.transaction().terminal.as_str(), "counter");
    assert_eq!(record.transaction().register.number(), 42);
    let told = format!("{till:?}");
    assert!(told.contains("999999999999"), "{told}");
}

/// What a till is set up with, as it shows itself.
fn set_up(text: &str, change: impl Fn(caisse::Builder) -> caisse::Builder) -> String {
    let shop = read(text).unwrap();
    let builder = Till::builder().register("11").identifier("111111111111");
    let builder = change(builder.configured(shop.terminal("a").unwrap())).journal(MemoryJournal::new());
    format!("{:?}", builder.build().unwrap())
}

#[test]
fn what_is_said_later_wins() {
    let text = "[terminals.a]\naddress = 'tcp://h'\ndialect = 'nepting'\nipc = '222222222222'\n";
    let told = set_up(text, |builder| builder);
    assert!(told.contains("nepting") && told.contains("222222222222"));
    assert!(set_up(text, |it| it.dialect(Dialect::INGENICO)).contains("ingenico"));
    assert!(set_up(text, |it| it.identifier("333333333333")).contains("333333333333"));
    assert!(set_up(text, |it| it.terminal_id("other")).contains("other"));
    // What the file leaves out stays as it was said before.
    assert!(set_up("[terminals.a]\naddress = 'tcp://h'\n", |it| it).contains("111111111111"));
}

#[test]
fn the_line_is_that_of_the_address_or_else_of_the_dialect() {
    let directory = tempfile::tempdir().unwrap();
    let dialect = directory.path().join("slow.toml");
    fs::write(&dialect, "base = 'concert-e'\nsession.line = 'baud=1200&line=8n1'\n").unwrap();
    for (address, baud, bits) in [
        ("serial:COM3", "B1200", "Eight"),
        ("serial:COM3?baud=9600&line=7e1", "B9600", "Seven"),
        ("serial:COM3?baud=19200", "B19200", "Seven"),
    ] {
        let told = set_up(
            &format!("[terminals.a]\naddress = '{address}'\ndialect = '{}'\n", dialect.display()),
            |it| it,
        );
        assert!(told.contains(baud) && told.contains(&format!("data_bits: {bits}")), "{address}: {told}");
    }
}
