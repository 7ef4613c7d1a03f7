//! `caisse terminal`: the virtual terminal as a server.

use std::net::ToSocketAddrs;
use std::time::Duration;

use caisse::{Amount, Currency};
use caisse_simulator::{Charge, Script, VIRTUAL, VirtualTerminal};
use serde_json::json;

use crate::args::TerminalArguments;
use crate::output::Output;
use crate::stop;
use crate::usage::Wrong;

pub(crate) fn run(arguments: &TerminalArguments, output: &Output) -> Result<u8, Wrong> {
    let listen = &arguments.listen;
    let wrong =
        |why: &str| Wrong::usage("listen", format_args!("'{listen}': {why}, such as tcp://127.0.0.1:8888"));
    let authority = listen.strip_prefix("tcp://").ok_or_else(|| wrong("expected tcp://HOST:PORT"))?;
    let addresses = authority.to_socket_addrs().map_err(|_| wrong("expected an address of this machine"))?;
    let address = { addresses }.next().ok_or_else(|| wrong("expected an address of this machine"))?;
    let script: Script = arguments
        .answer
        .parse()
        .map_err(|error| Wrong::usage("answer", format_args!("'{}': {error}", arguments.answer)))?;
    let signal = stop::first_signal()?;
    let announcing = *output;
    let terminal = VirtualTerminal::builder()
        .listen(address)
        .answer(script)
        .latency(Duration::from_millis(arguments.latency))
        .on_charge(move |charge| announce(charge, announcing))
        .start()
        .map_err(|error| Wrong::failure(1, "listen", format_args!("{listen}: {error}")))?;
    output.notice(VIRTUAL);
    output.text(format_args!("listening {}", terminal.address()));
    output.json(&json!({ "event": "listening", "at": terminal.address().to_string() }));
    // A signal ends the wait, and so does the end of the thread that takes signals.
    let _ = signal.recv();
    Ok(0)
}

fn announce(charge: &Charge, output: Output) {
    let currency = Currency::from_numeric(charge.currency).unwrap_or(Currency::EUR);
    let amount = Amount::from_minor(charge.amount_minor, currency);
    output.text(format_args!("charged {amount}, register {:02} (charge {})", charge.register, charge.number));
    output.json(&json!({
        "event": "charged",
        "number": charge.number,
        "amount": amount.decimal().to_string(),
        "amount_minor": charge.amount_minor,
        "currency": currency.code(),
        "register": format!("{:02}", charge.register),
    }));
}
