//! A till in a machine without an operating system: enough of it to make the linker want all of the core crates.
#![no_std]

use caisse_hal::Link;
use caisse_payment::entry::Content;
use caisse_payment::{Amount, Currency, Operation, Register};
use caisse_transaction::{Action, Config, Dialect, Instant, Request, TillMachine};
use core::time::Duration;

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
    let content = Content {
        operation: Operation::Debit,
        original: None,
        amount: Amount::from_minor(2500, Currency::EUR),
        allow_partial: false,
        terminal,
        register: Register::FIRST,
        reference: None,
    };
    if machine.start(now, Request { id, content, ticket: None, application: None }).is_err() {
        return 0;
    }
    for count in 1..100 {
        match machine.poll() {
            Action::Connect if link.connect(Duration::from_secs(1)).is_ok() => machine.handle_connected(now),
            Action::Record(_) => machine.handle_journaled(now),
            Action::Send(bytes) => {
                let sent = link.send(bytes, Duration::from_secs(1)).unwrap_or(0);
                machine.handle_sent(now, sent);
            }
            Action::Wait { .. } => machine.handle_timeout(Instant::from_millis(300_000)),
            Action::Done(_) => return count,
            Action::Connect | Action::Close | Action::Event(_) => {}
        }
    }
    0
}
