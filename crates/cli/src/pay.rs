//! `caisse pay`: one payment.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use caisse::configuration::ConfiguredTerminal;
use caisse::{
    Address, Amount, Application, Blocked, CancelHandle, Currency, Dialect, Duty, Event, Identifier,
    MemoryJournal, Operation, OperatorOverride, Payment, PaymentRequest, Register, SqliteJournal, TerminalId,
    Till,
};
use caisse_simulator::{VIRTUAL, VirtualTerminal};
use serde_json::json;

use crate::args::PayArguments;
use crate::configuration::{Target, dialect_of, own_journal};
use crate::harmless::{Reach, Resolved, is_this_machine};
use crate::output::Output;
use crate::report::{self, AmountKnown, exit_code, shell_word};
use crate::stop;
use crate::usage::{Wrong, quoted};

/// Everything that the command line says, understood.
struct Wanted {
    request: PaymentRequest,
    dialect: Dialect,
    register: Register,
    identifier: Option<Identifier>,
    terminal_id: Option<TerminalId>,
    exclusive: bool,
}

pub(crate) fn run(arguments: &PayArguments, output: &Output) -> Result<u8, Wrong> {
    let Some(terminal) = &arguments.terminal else {
        return pay_virtually(arguments, output);
    };
    let target = Target::find(terminal, arguments.config.as_deref(), output)?;
    let wanted = understand(arguments, target.terminal())?;
    let address = &target.address;
    let cancel = CancelHandle::default();
    stop::cancel_on_signal(cancel.clone())?;
    let mut resolved = None;
    let harmless = match (Reach::of(address), address) {
        (Reach::Harmless, _) => true,
        (Reach::Name, Address::Tcp(tcp)) if !arguments.confirm_real_payment => {
            // Resolving the name is a part of connecting.
            let announce = || show(Event::Connecting, wanted.request.transaction_id().as_str(), output);
            let found = Resolved::find(tcp, &cancel, &announce);
            // A payment that is cancelled meanwhile goes no further than the journal.
            let harmless = found.is_harmless() || cancel.is_requested();
            resolved = Some(found);
            harmless
        }
        (Reach::Name, Address::Tcp(tcp)) => is_this_machine(tcp),
        (Reach::Real | Reach::Name, _) => false,
    };
    if !harmless && !arguments.confirm_real_payment {
        let message =
            format!("{address} may be a real terminal: say --confirm-real-payment to move real money");
        return Err(Wrong::usage("confirm-real-payment", message));
    }
    let longest = wanted.dialect.longest_transaction.as_secs();
    if !harmless && arguments.timeout.is_some_and(|timeout| timeout < longest) {
        output.notice(format_args!(
            "warning: with --timeout below {longest} a slow card holder leaves the outcome unknown"
        ));
    }
    let file = match (&arguments.journal, target.journal()) {
        (Some(file), _) => Ok(file.clone()),
        (None, Some(file)) => {
            output.notice(format_args!("journal: {}", file.display()));
            Ok(file.to_owned())
        }
        (None, None) => default_journal(output),
    };
    let opened = file.map_err(|why| (why, Blocked::JournalUnavailable)).and_then(|file| {
        match SqliteJournal::open(&file) {
            Ok(journal) => Ok((file, journal)),
            Err(error) => Err((format!("{}: {error}", file.display()), error.blocks())),
        }
    });
    let (file, journal) = match opened {
        Ok(opened) => opened,
        Err((why, reason)) => {
            output.notice(format_args!("journal: {why}"));
            let request = &wanted.request;
            let (id, operation) = (request.transaction_id(), request.operation());
            let payment = Payment::blocked(id, operation, request.amount(), reason);
            finish(&payment, false, output);
            return Ok(exit_code(payment.outcome));
        }
    };
    let mut builder = Till::builder().address(&address.to_string()).journal(journal).cancel_handle(cancel);
    let is_announced = resolved.as_ref().is_some_and(|resolved| resolved.is_announced);
    if let Some(Resolved { addresses, left, .. }) = resolved {
        builder = builder.resolved(addresses).connect_timeout(left);
    }
    match (&wanted.terminal_id, address) {
        (Some(id), _) => builder = builder.terminal_id(id.as_str()),
        // This machine has several names and is one terminal.
        (None, Address::Tcp(address)) if is_this_machine(address) => {
            builder = builder.terminal_id(&format!("tcp:127.0.0.1:{}", address.port()));
        }
        (None, _) if harmless => {}
        (None, _) => output.notice(
            "warning: without --terminal-id a terminal that changes its address counts as another one",
        ),
    }
    take(arguments, &wanted, builder, Some(&file), is_announced, output)
}

fn pay_virtually(arguments: &PayArguments, output: &Output) -> Result<u8, Wrong> {
    let PayArguments { journal, config, confirm_real_payment, .. } = arguments;
    let needs_a_terminal = [
        ("journal", journal.is_some()),
        ("config", config.is_some()),
        ("confirm-real-payment", *confirm_real_payment),
    ];
    if let Some((kind, _)) = needs_a_terminal.into_iter().find(|(_, given)| *given) {
        let message = "needs --terminal: without one the payment runs on a virtual terminal";
        return Err(Wrong::usage(kind, message));
    }
    let wanted = understand(arguments, None)?;
    output.notice(VIRTUAL);
    let terminal = VirtualTerminal::start().map_err(|error| Wrong::failure(70, "virtual terminal", error))?;
    let builder = Till::builder()
        .tcp(&terminal.address().to_string())
        .terminal_id("virtual")
        .journal(MemoryJournal::new());
    let cancel = CancelHandle::default();
    stop::cancel_on_signal(cancel.clone())?;
    take(arguments, &wanted, builder.cancel_handle(cancel), None, false, output)
}

fn take(
    arguments: &PayArguments,
    wanted: &Wanted,
    builder: caisse::Builder,
    file: Option<&Path>,
    is_announced: bool,
    output: &Output,
) -> Result<u8, Wrong> {
    let mut builder =
        builder.dialect(wanted.dialect).exclusive(wanted.exclusive).register(&wanted.register.to_string());
    if let Some(timeout) = arguments.timeout {
        builder = builder.answer_timeout(Duration::from_secs(timeout));
    }
    if let Some(identifier) = wanted.identifier {
        builder = builder.identifier(&identifier.to_string());
    }
    let mut till = builder.build().map_err(|error| Wrong::usage("till", error))?;
    let id = wanted.request.transaction_id();
    // Told as soon as it is certain, and again if it has changed by the time the terminal is free.
    let payment = till
        .pay_reporting(
            &wanted.request,
            |event| {
                if !(is_announced && event == Event::Connecting) {
                    show(event, id.as_str(), output);
                }
            },
            |payment| finish(payment, file.is_none(), output),
        )
        .map_err(|error| Wrong::usage("request", error))?;
    let code = exit_code(payment.outcome);
    let open = payment.outcome.is_unknown()
        || payment.disputed
        || payment.outcome.duty() == Some(Duty::ResolveEarlier);
    if let (true, Some(file)) = (open, file) {
        how_to_ask(arguments, file, output);
        let unresolved = till.unresolved().unwrap_or_default();
        let contested = till.contested().unwrap_or_default();
        let mut open: Vec<_> = unresolved
            .iter()
            .chain(&contested)
            .map(|record| (record.id(), AmountKnown::of(record)))
            .collect();
        if payment.disputed && open.iter().all(|(id, _)| *id != payment.id) {
            open.push((payment.id, AmountKnown::reported(payment.reported_amount)));
        }
        report::how_to_settle(file, &open, output);
    }
    Ok(code)
}

/// The command that has the till ask the terminal.
fn how_to_ask(arguments: &PayArguments, file: &Path, output: &Output) {
    let word = |text: &dyn Display| shell_word(&text.to_string());
    let option =
        |name, value: Option<String>| value.map(|value| format!(" {name} {value}")).unwrap_or_default();
    let terminal = option("--terminal", arguments.terminal.as_ref().map(|it| word(it)));
    let config = option("--config", arguments.config.as_ref().map(|it| word(&it.display())));
    let dialect = option("--dialect", arguments.dialect.as_ref().map(|it| word(it)));
    let exclusive = if arguments.exclusive == Some(true) { " --exclusive" } else { "" };
    output.text("  to have the terminal asked / pour interroger le terminal :");
    let file = word(&file.display());
    output
        .text(format_args!("    caisse journal {file} recover --wait{terminal}{config}{dialect}{exclusive}"));
}

fn finish(payment: &Payment, is_virtual: bool, output: &Output) {
    let mut line = report::json(payment, is_virtual);
    line["dropped_events"] = json!(output.dropped());
    output.json(&line);
    report::text(payment, is_virtual, output);
}

/// The command line goes before the configuration file, and that before what is usual.
fn understand(arguments: &PayArguments, configured: Option<&ConfiguredTerminal>) -> Result<Wanted, Wrong> {
    let currency: Currency = parse("currency", &arguments.currency)?;
    let amount = |kind, text: &str| {
        Amount::parse(text, currency)
            .map_err(|error| Wrong::usage(kind, format_args!("{}: {error}", quoted(text))))
    };
    let operation: Operation = parse("operation", &arguments.operation)?;
    let mut request = PaymentRequest::new(operation, amount("amount", &arguments.amount)?);
    if let Some(id) = &arguments.id {
        request = request.id(parse("id", id)?);
    }
    if let Some(reference) = &arguments.reference {
        // A reference that is refused may be somebody's card number: it is not repeated.
        let reference = reference.parse().map_err(|error| Wrong::usage("reference", error))?;
        request = request.reference(reference);
    }
    if let Some(application) = &arguments.application {
        request = request.application(parse::<Application>("application", application)?);
    }
    if arguments.allow_partial {
        request = request.allow_partial();
    }
    if let Some(max) = &arguments.allow_tip {
        request = request.allow_tip(amount("allow-tip", max)?);
    }
    if arguments.ticket {
        request = request.with_ticket();
    }
    if arguments.no_wait {
        request = request.without_waiting();
    }
    if let Some(original) = &arguments.original {
        request = request.original(parse("original", original)?);
    }
    if let (Some(by), Some(because)) = (&arguments.by, &arguments.because) {
        // As above: who and why may hold anything.
        let person = OperatorOverride::new(by, because);
        request = request.with_override(person.map_err(|error| Wrong::usage("because", error))?);
    }
    let dialect = match (&arguments.dialect, configured) {
        (Some(dialect), _) => dialect_of(dialect)?,
        (None, Some(terminal)) => terminal.dialect,
        (None, None) => Dialect::PAYXPRESS,
    };
    request.validate(&dialect).map_err(|error| Wrong::usage("request", error))?;
    let register = given("register", arguments.register.as_deref())?;
    let identifier = given("ipc", arguments.ipc.as_deref())?;
    let terminal_id = given("terminal-id", arguments.terminal_id.as_deref())?;
    Ok(Wanted {
        request,
        dialect,
        register: register.or_else(|| configured?.register).unwrap_or(Register::FIRST),
        identifier: identifier.or_else(|| configured?.identifier),
        terminal_id: terminal_id.or_else(|| configured.map(|terminal| terminal.id)),
        exclusive: arguments.exclusive.or_else(|| configured.map(|it| it.exclusive)).unwrap_or(false),
    })
}

pub(crate) fn given<T: FromStr<Err: Display>>(
    kind: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Wrong> {
    text.map(|text| parse(kind, text)).transpose()
}

fn parse<T: FromStr<Err: Display>>(kind: &'static str, text: &str) -> Result<T, Wrong> {
    text.parse().map_err(|error| Wrong::usage(kind, format_args!("{}: {error}", quoted(text))))
}

/// Your own journal's file, in a folder that is there; or why it cannot be.
pub(crate) fn default_journal(output: &Output) -> Result<PathBuf, String> {
    let file = own_journal()?;
    let directory = file.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(directory).map_err(|error| {
        format!("no place for your own: {}: {error}; say --journal FILE", directory.display())
    })?;
    output.notice(format_args!("journal: {}", file.display()));
    Ok(file)
}

fn show(event: Event, id: &str, output: &Output) {
    let (name, en, fr) = match event {
        Event::Connecting => ("connecting", "connecting to the terminal", "connexion au terminal"),
        Event::Connected => ("connected", "connected", "connecté"),
        Event::Recorded => ("recorded", "recorded in the journal", "inscrit au journal"),
        Event::Sent => ("sent", "sent to the terminal", "envoyé au terminal"),
        Event::Waiting => ("waiting", "waiting for the card holder", "en attente du client"),
        Event::Answer => ("answer", "the terminal answers", "le terminal répond"),
        Event::Recovering => (
            "recovering",
            "asking the terminal about a transaction whose end is not known",
            "question au terminal sur une transaction dont l'issue est inconnue",
        ),
        Event::LateAnswer => (
            "late_answer",
            "a result of an earlier transaction came; it changes nothing here",
            "le résultat d'une transaction précédente est arrivé ; il ne change rien à celle-ci",
        ),
        Event::PressRedButton => (
            "press_red_button",
            "too late to stop from here: press the RED button of the terminal",
            "trop tard pour arrêter d'ici : appuyez sur le bouton ROUGE du terminal",
        ),
    };
    output.progress(&json!({ "event": name, "id": id }), format_args!("… {en} / {fr}"));
}
