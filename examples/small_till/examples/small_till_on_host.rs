//! The small till on this host: a pseudo-terminal for a UART, a file for its slot, the virtual terminal at the other end.

#[cfg(unix)]
#[path = "../tests/host/mod.rs"]
mod host;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use caisse_hal::SystemClock;
    use caisse_hal::embedded::PortLink;
    use caisse_payment::{Amount, Currency};
    use caisse_simulator::VirtualTerminal;
    use caisse_simulator::persona::Persona;
    use caisse_small_till::{SmallTill, e_plus};
    use host::{FileSlot, Sleep, Uart};

    let folder = tempfile::tempdir()?;
    let terminal = VirtualTerminal::builder()
        .pty()
        .dialect("concert-e-plus".parse::<Persona>()?)
        .answer("approve,decline:04,timeout".parse()?)
        .start()?;
    let clock = SystemClock::new();
    let mut config = e_plus("000000000000".parse()?);
    config.answer_timeout = std::time::Duration::from_secs(3);
    let start = || -> Result<_, Box<dyn std::error::Error>> {
        let link = PortLink::new(Uart::open(terminal.address())?, clock, Sleep);
        let slot = FileSlot::prepare(&folder.path().join("slot"))?;
        Ok(SmallTill::new(config, "counter".parse()?, link, clock, slot))
    };

    let amount = Amount::from_minor(250, Currency::EUR);
    let mut till = start()?;
    for number in 1..=3 {
        let ended = till.pay(number, amount, |event| println!("  {event:?}"))?;
        println!("payment {number}: {}", ended.verdict.outcome);
    }
    // The power goes, and comes back.
    drop(till);
    let mut till = start()?;
    println!("after the restart: {:?}", till.last()?);
    println!("payment 4: {}", till.pay(4, amount, |_| {})?.verdict.outcome);
    println!("charged: {}", terminal.ledger().len());
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("this example needs pseudo-terminals: it runs under Unix");
}
