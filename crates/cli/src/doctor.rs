//! `caisse doctor`: what is wrong between till and terminal.

use caisse::doctor::{Examination, Fault, Finding, Port, Words, examine, ports};
use caisse::{Address, SqliteJournal};
use serde_json::{Value, json};

use crate::output::Output;
use crate::probing::ProbeArguments;
use crate::report::harmless;
use crate::stop;
use crate::usage::Wrong;

const HEALTHY: u8 = 0;
const FINDINGS: u8 = 1;

/// As a payment waits for its connection.
const TIMEOUT: u64 = 10;

pub(crate) fn run(arguments: &ProbeArguments, output: &Output) -> Result<u8, Wrong> {
    let asked = arguments.understand(TIMEOUT, output)?;
    stop::end_on_signal(asked.probe.cancel_handle(), FINDINGS)?;
    let address = asked.probe.address().clone();
    let journal = asked
        .file(output)
        .and_then(|file| SqliteJournal::open(&file).map_err(|error| format!("{}: {error}", file.display())));
    let examination = match journal {
        Ok(mut journal) => examine(asked.probe, &mut journal),
        Err(why) => without_journal(&address, &why),
    };
    for port in &examination.ports {
        tell_port(port, output);
    }
    for finding in &examination.findings {
        tell_finding(finding, output);
    }
    tell_end(&address, &examination, output);
    Ok(if examination.is_healthy() { HEALTHY } else { FINDINGS })
}

/// Nothing is asked of a terminal that cannot be locked; its ports can be listed all the same.
fn without_journal(address: &Address, why: &str) -> Examination {
    let seen = Words { fr: why.to_owned(), en: why.to_owned() };
    let finding = Finding { fault: Fault::JournalUnusable, seen, attempt: None, reasons: Vec::new() };
    let ports = if matches!(address, Address::Serial(_)) { ports() } else { Vec::new() };
    Examination { findings: vec![finding], works: Vec::new(), ports }
}

fn tell_port(port: &Port, output: &Output) {
    let ids = port.usb.map(|(vendor, product)| format!("{vendor:04X}:{product:04X}"));
    output.json(&json!({
        "event": "port",
        "address": port.address,
        "usb": ids,
        "description": port.description,
        "maker": port.maker.map(|maker| json!({ "fr": maker.fr, "en": maker.en })),
    }));
    let ids = ids.unwrap_or_else(|| "not USB".to_owned());
    // A device can say anything of itself.
    let description = harmless(port.description.as_deref().unwrap_or_default());
    output.text(format_args!("port {}  {ids}  {description}", port.address));
    if let Some(maker) = port.maker {
        output.text(format_args!("  {} / {}", maker.en, maker.fr));
    }
}

fn tell_finding(finding: &Finding, output: &Output) {
    let Finding { fault, seen, attempt, reasons } = finding;
    let (meaning, advice) = (fault.meaning(), fault.advice());
    let told: Vec<Value> = reasons
        .iter()
        .map(|reason| json!({ "code": reason.code(), "fr": reason.text().fr, "en": reason.text().en }))
        .collect();
    output.json(&json!({
        "event": "finding",
        "code": fault.code(),
        "seen": { "fr": seen.fr, "en": seen.en },
        "meaning": { "fr": meaning.fr, "en": meaning.en },
        "advice": { "fr": advice.fr, "en": advice.en },
        "try": attempt,
        "reasons": told,
    }));
    output.text(format_args!("{}: {}", fault.code(), seen.en));
    output.text(format_args!("  {}", meaning.en));
    output.text(format_args!("  -> {}", advice.en));
    output.text(format_args!("{} : {}", fault.code(), seen.fr));
    output.text(format_args!("  {}", meaning.fr));
    output.text(format_args!("  -> {}", advice.fr));
    for reason in reasons {
        output.text(format_args!("  * {}", reason.text().en));
        output.text(format_args!("  * {}", reason.text().fr));
    }
    if let Some(attempt) = attempt {
        output.text(format_args!("  try / essayez : {attempt}"));
    }
    output.text("");
}

fn tell_end(address: &Address, examination: &Examination, output: &Output) {
    let healthy = examination.is_healthy();
    let works: Vec<Value> =
        examination.works.iter().map(|words| json!({ "fr": words.fr, "en": words.en })).collect();
    output.json(&json!({
        "event": "examined",
        "terminal": address.to_string(),
        "healthy": healthy,
        "findings": examination.findings.len(),
        "works": works,
    }));
    for words in &examination.works {
        output.text(format_args!("ok: {} / {}", words.en, words.fr));
    }
    let count = examination.findings.len();
    if healthy {
        output.text(format_args!("{address}: healthy / rien à signaler"));
    } else {
        output.text(format_args!("{address}: {count} finding(s) / {count} constat(s)"));
    }
}
