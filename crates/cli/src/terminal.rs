//! `caisse terminal`: the virtual terminal as a server.

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use caisse_hal::Address;
use caisse_hal::serial::{LineSettings, SerialAddress};
use caisse_simulator::fault::{CATALOGUE, Fault};
use caisse_simulator::persona::Persona;
use caisse_simulator::script::{Scenario, Script};
use caisse_simulator::terminal::{Event, Happened, Movement};
use caisse_simulator::{Builder, VIRTUAL, VirtualTerminal};
use clap::Args;
use serde_json::{Value, json};

use crate::configuration::dialect_and_base_of;
use crate::output::Output;
use crate::stop;
use crate::usage::Wrong;

/// Play a terminal as a server, until Ctrl-C.
///
/// When it is ready it prints one line, `listening tcp://HOST:PORT` or `listening serial:PATH`, and a line for each
/// movement of money. No money moves.
#[derive(Debug, Args)]
pub(crate) struct TerminalArguments {
    /// Where to listen; port 0 takes a free one. tcp://127.0.0.1:8888 unless given.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["serial", "pty"])]
    pub(crate) listen: Option<String>,
    /// The serial port on which to play it, with its settings as in PATH?baud=9600&line=7e1.
    #[arg(long, value_name = "PATH", conflicts_with = "pty")]
    pub(crate) serial: Option<String>,
    /// Play it on a pseudo-terminal (not under Windows). What it prints is what a till of ours takes; the path for any other
    /// program stands behind `serial:`, and with --json under "path".
    #[arg(long)]
    pub(crate) pty: bool,
    /// Which terminal to play: payxpress, ingenico, nepting, concert-e or concert-e-plus, or one that a file of the till's
    /// describes, such as ./mine.toml. payxpress unless given.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) dialect: Option<String>,
    /// What to answer: approve, partial:AMOUNT, decline:NN, cancel or timeout; several with commas, of which the last one
    /// stays; each with faults of its own behind a plus sign; or by-amount, or random. approve unless given.
    #[arg(long, value_name = "SPEC", conflicts_with = "scenario")]
    pub(crate) answer: Option<String>,
    /// A scenario in TOML: dialect, times, faults and turns.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// What goes wrong in every transaction: NAME, NAME@byte=N, NAME@request-byte=N or NAME@step=STEP, each perhaps with
    /// :VALUE behind. See --list-faults.
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<String>,
    /// List every fault, and exit.
    #[arg(long)]
    pub(crate) list_faults: bool,
    /// How long the card holder takes, in milliseconds. 0 unless given.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=3_600_000))]
    pub(crate) latency: Option<u64>,
    /// Wait until control presents the card.
    #[arg(long)]
    pub(crate) manual_card: bool,
    /// Where chance begins: the same number gives the same faults. 0 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Serve the HTTP interface with which any language steers the terminal, on this address of the loopback.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) control: Option<String>,
    /// Let control listen on any address: whoever reaches it steers the terminal.
    #[arg(long, requires = "control")]
    pub(crate) control_beyond_loopback: bool,
    /// Print every event, not the movements of money alone.
    #[arg(long)]
    pub(crate) events: bool,
    /// Print JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &TerminalArguments, output: &Output) -> Result<u8, Wrong> {
    if arguments.list_faults {
        list_faults(output);
        return Ok(0);
    }
    let place = arguments.place();
    let builder = play(arguments, VirtualTerminal::builder())?;
    let builder = plug_in(arguments, builder)?;
    let builder = listen_for_control(arguments, builder)?;
    stop::wake_on_signal()?;
    let (telling, moving, all) = (output.clone(), output.clone(), arguments.events);
    let terminal = builder
        .on_event(move |happened| tell(happened, &telling, all))
        .on_move(move |address| announce(address, None, &moving))
        .start()
        .map_err(|error| Wrong::failure(1, "listen", format_args!("{place}: {error}")))?;
    output.notice(VIRTUAL);
    announce(&terminal.address(), terminal.control_address(), output);
    stop::wait(None);
    Ok(0)
}

impl TerminalArguments {
    /// Where it is to be played, in words.
    fn place(&self) -> String {
        match (&self.serial, self.pty) {
            (Some(path), _) => path.clone(),
            (None, true) => "a pseudo-terminal".to_owned(),
            (None, false) => self.listen.clone().unwrap_or_else(|| "tcp://127.0.0.1:8888".to_owned()),
        }
    }
}

/// What is played: dialect, script, faults, times.
fn play(arguments: &TerminalArguments, mut builder: Builder) -> Result<Builder, Wrong> {
    if let Some(file) = &arguments.scenario {
        let wrong =
            |why: &dyn std::fmt::Display| Wrong::usage("scenario", format_args!("{}: {why}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
        builder = builder.scenario(text.parse::<Scenario>().map_err(|error| wrong(&error))?);
    }
    if let Some((persona, _)) = persona(arguments)? {
        builder = builder.dialect(persona);
    }
    if let Some(answer) = &arguments.answer {
        let script: Script =
            answer.parse().map_err(|error| Wrong::usage("answer", format_args!("'{answer}': {error}")))?;
        builder = builder.answer(script);
    }
    for text in &arguments.faults {
        let fault: Fault =
            text.parse().map_err(|error| Wrong::usage("fault", format_args!("'{text}': {error}")))?;
        builder = builder.fault(fault);
    }
    if let Some(latency) = arguments.latency {
        builder = builder.latency(Duration::from_millis(latency));
    }
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
    }
    if arguments.manual_card {
        builder = builder.manual_card();
    }
    Ok(builder)
}

/// The terminal that is played, and the usual line of its kind.
fn persona(arguments: &TerminalArguments) -> Result<Option<(Persona, LineSettings)>, Wrong> {
    let Some(text) = &arguments.dialect else { return Ok(None) };
    let (dialect, base) = dialect_and_base_of(text)?;
    let family: Persona =
        base.name.parse().map_err(|error| Wrong::usage("dialect", format_args!("'{text}': {error}")))?;
    let persona = if dialect == base {
        family
    } else {
        // Once in the life of a process: it is what the line that replays a failure has to say.
        family.with_dialect(text.clone().leak(), &dialect)
    };
    Ok(Some((persona, dialect.session.line)))
}

/// On which line.
fn plug_in(arguments: &TerminalArguments, builder: Builder) -> Result<Builder, Wrong> {
    if let Some(path) = &arguments.serial {
        let path = path.strip_prefix("serial:").unwrap_or(path);
        let address: SerialAddress = format!("serial:{path}")
            .parse()
            .map_err(|error| Wrong::usage("serial", format_args!("'{path}': {error}")))?;
        let usual = persona(arguments)?.map_or_else(LineSettings::default, |(_, line)| line);
        return Ok(builder.serial(address.with_usual_line(usual)));
    }
    if arguments.pty {
        #[cfg(unix)]
        return Ok(builder.pty());
        #[cfg(not(unix))]
        return Err(Wrong::usage("pty", "this system has no pseudo-terminals"));
    }
    let listen = arguments.place();
    let wrong =
        |why: &str| Wrong::usage("listen", format_args!("'{listen}': {why}, such as tcp://127.0.0.1:8888"));
    let authority = listen.strip_prefix("tcp://").ok_or_else(|| wrong("expected tcp://HOST:PORT"))?;
    let address = resolve(authority).ok_or_else(|| wrong("expected an address of this machine"))?;
    Ok(builder.listen(address))
}

fn listen_for_control(arguments: &TerminalArguments, builder: Builder) -> Result<Builder, Wrong> {
    let Some(control) = &arguments.control else { return Ok(builder) };
    let wrong = |why: &str| Wrong::usage("control", format_args!("'{control}': {why}"));
    let authority = control.strip_prefix("http://").unwrap_or(control).trim_end_matches('/');
    let address =
        resolve(authority).ok_or_else(|| wrong("expected HOST:PORT of this machine, such as 127.0.0.1:0"))?;
    if arguments.control_beyond_loopback {
        return Ok(builder.control_beyond_loopback(address));
    }
    if !address.ip().is_loopback() {
        return Err(wrong("others could steer the terminal; if that is meant: --control-beyond-loopback"));
    }
    Ok(builder.control(address))
}

fn resolve(authority: &str) -> Option<SocketAddr> {
    authority.to_socket_addrs().ok()?.next()
}

fn announce(address: &Address, control: Option<SocketAddr>, output: &Output) {
    output.text(format_args!("listening {address}"));
    let mut listening = json!({ "event": "listening", "at": address.to_string() });
    if let Some(object) = listening.as_object_mut() {
        if let Address::Serial(serial) = address {
            object.insert("path".to_owned(), json!(serial.path()));
        }
        if let Some(control) = control {
            object.insert("control".to_owned(), json!(format!("http://{control}")));
            output.text(format_args!("control http://{control}"));
        }
    }
    output.json(&listening);
}

fn tell(happened: &Happened, output: &Output, all: bool) {
    let told = match &happened.event {
        Event::Charged(movement) => Some(("charged", movement)),
        Event::Credited(movement) => Some(("credited", movement)),
        Event::Cancelled(movement) => Some(("cancelled", movement)),
        _ => None,
    };
    if let Some((word, movement)) = told {
        let Movement { number, amount, currency, register, .. } = movement;
        let text = format!("{word} {amount} {currency}, register {register} (charge {number})");
        let mut value = json!({ "event": word });
        if let (Some(object), Value::Object(fields)) = (value.as_object_mut(), json!(movement)) {
            object.extend(fields);
        }
        output.progress(&value, text);
    } else if all {
        let value = json!(happened);
        output.progress(&value, &value);
    }
}

fn list_faults(output: &Output) {
    for fault in CATALOGUE {
        output.json(&fault.to_json());
        let places = fault.places();
        let places = if places.is_empty() { String::new() } else { format!("  @ {}", places.join(", ")) };
        let value = fault.value().map(|value| format!("  : {value}")).unwrap_or_default();
        output.text(format_args!("{}\n  {}\n  such as {}", fault.name, fault.text, fault.example));
        for line in [places, value] {
            if !line.is_empty() {
                output.text(line);
            }
        }
    }
}
