//! A till in a machine without an operating system: enough of it to make the linker want all of the core crates.
#![no_std]
#![forbid(unsafe_code)]

pub mod small_till;

use caisse_hal::Link;
use caisse_link::serial::{self, Once, SerialConfig, Session};
use caisse_payment::{Amount, Currency, Operation, Transaction};
use caisse_transaction::{Action, Config, Dialect, Instant, Request, TillMachine};
use core::time::Duration;

/// Without a caller nothing of a library is compiled for the machine: these make it so.
#[used]
static ENTRIES: (fn(&mut dyn Link) -> usize, fn(&mut dyn Link, &[u8]) -> usize, fn(u32, u64) -> bool) =
    (drive, speak, small_till::pay);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Drives a debit over some link; returns how many actions it took.
pub fn drive(link: &mut dyn Link) -> usize {
    let mut storage = [0; 512];
    let Ok(identifier) = "012345678901".parse() else { return 0 };
    let mut machine = TillMachine::new(Config::new(Dialect::INGENICO, identifier), &mut storage);
    let now = Instant::from_millis(0);
    let (Ok(id), Ok(terminal)) = ("sale-1".parse(), "counter".parse()) else { return 0 };
    let Ok(dialect) = Dialect::INGENICO.name.parse() else { return 0 };
    let amount = Amount::from_minor(2500, Currency::EUR);
    let transaction = Transaction::new(id, Operation::Debit, amount, terminal, dialect);
    if machine.start(now, Request { transaction, ticket: None, application: None }).is_err() {
        return 0;
    }
    for count in 1..100 {
        match machine.poll() {
            Action::Connect if link.connect(Duration::from_secs(1)).is_ok() => {
                machine.handle_connected(now, Ok(None))
            }
            Action::RecordStart(_)
            | Action::RecordEnd(..)
            | Action::RecordNeverSent(..)
            | Action::Dispute(_) => machine.handle_written(now, Ok(())),
            Action::Persist(_) => machine.handle_persist_failed(now),
            Action::Drain => machine.handle_drained(now, link.drain(Duration::from_secs(1))),
            Action::Look => machine.handle_idle(now),
            Action::Send(bytes) => {
                let sent = link.send(bytes, Duration::from_secs(1)).unwrap_or(0);
                machine.handle_sent(now, Ok(sent));
            }
            Action::Wait { .. } => machine.handle_timeout(Instant::from_millis(300_000)),
            Action::Done(_) => return count,
            Action::Connect | Action::Close | Action::Abort | Action::Event(_) | Action::Verdict(_) => {}
        }
    }
    0
}

/// Drives a session of a serial line over some link; returns how many bytes of the message went out.
pub fn speak(link: &mut dyn Link, frame: &[u8]) -> usize {
    let (mut storage, mut input) = ([0; 512], [0; 64]);
    let mut session = Session::<Once>::new(SerialConfig::TILL, &mut storage);
    let mut now = Instant::from_millis(0);
    if session.send(now, frame.len()).is_err() {
        return 0;
    }
    let mut out = 0;
    for _ in 0..100 {
        let bytes = match session.poll() {
            serial::Action::Send(control) => control.bytes(),
            serial::Action::Emit { from, .. } => frame.get(from..).unwrap_or_default(),
            serial::Action::Event(_) => continue,
            serial::Action::Wait { until: None } => break,
            serial::Action::Wait { until: Some(until) } => {
                if let Ok(caisse_hal::Received::Bytes(count)) = link.receive(&mut input, until.since(now)) {
                    let mut heard = input.get(..count).unwrap_or_default();
                    while !heard.is_empty() {
                        session.handle_input(now, &mut heard);
                    }
                }
                now = until;
                session.handle_timeout(now);
                continue;
            }
        };
        let sent = link.send(bytes, Duration::from_secs(1)).unwrap_or(0);
        out = usize::max(out, sent);
        session.handle_sent(now, sent);
        session.handle_drained(now);
    }
    out
}
