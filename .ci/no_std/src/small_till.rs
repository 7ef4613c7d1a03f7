//! The small till of the examples, over the byte port of a UART.

use caisse_hal::embedded::PortLink;
use caisse_hal::{Clock, Instant};
use caisse_payment::{Amount, Currency, Outcome};
use caisse_small_till::{Record, Slot, SlotError, SmallTill, e_plus};
use embedded_io::ErrorKind;

/// A UART to which nothing is wired.
#[derive(Debug)]
pub struct Uart;

impl embedded_io::ErrorType for Uart {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(false)
    }
}

impl embedded_io::Read for Uart {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::Other)
    }
}

impl embedded_io::WriteReady for Uart {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(true)
    }
}

impl embedded_io::Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A timer that the caller turns.
#[derive(Debug)]
pub struct Timer(core::cell::Cell<u64>);

impl Clock for &Timer {
    fn now(&self) -> Instant {
        self.0.set(self.0.get().saturating_add(1));
        Instant::from_millis(self.0.get())
    }
}

/// A busy wait.
#[derive(Debug)]
pub struct Busy;

impl embedded_hal::delay::DelayNs for Busy {
    fn delay_ns(&mut self, _: u32) {}
}

/// A slot that forgets nothing as long as the power lasts.
#[derive(Debug)]
pub struct Ram([u8; caisse_small_till::RECORD_BYTES]);

impl Slot for Ram {
    fn read(&mut self) -> Result<Record, SlotError> {
        Record::from_bytes(&self.0).ok_or(SlotError)
    }

    fn write(&mut self, record: &Record) -> Result<(), SlotError> {
        self.0 = record.to_bytes();
        Ok(())
    }
}

/// Takes a payment; says whether the customer paid.
pub fn pay(number: u32, minor: u64) -> bool {
    let timer = Timer(core::cell::Cell::new(0));
    let (Ok(identifier), Ok(terminal)) = ("000000000000".parse(), "counter".parse()) else { return false };
    let link = PortLink::new(Uart, &timer, Busy);
    let mut till = SmallTill::new(e_plus(identifier), terminal, link, &timer, Ram(Record::NEVER.to_bytes()));
    let ended = till.pay(number, Amount::from_minor(minor, Currency::EUR), |_| {});
    matches!(ended.map(|ended| ended.verdict.outcome), Ok(Outcome::Approved { .. }))
}
