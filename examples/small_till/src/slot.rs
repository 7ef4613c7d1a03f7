//! Where the one record lives.

use crate::Record;

/// The slot could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the slot cannot be read or written: no payment without it")]
pub struct SlotError;

/// Room for one record that outlives a power cut: FRAM, EEPROM, or two pages of flash.
///
/// # Contract
///
/// * **Durable.** When `write` says `Ok`, the record is there after a power cut at any later moment. A buffer that is
///   written out later is not enough: read the bytes back from the chip before saying so.
/// * **Whole.** A power cut inside `write` leaves the old record or the new one. FRAM and EEPROM write byte by byte, and
///   flash has to be erased first: keep two places, write the one that is not in use, and switch with one last byte.
/// * **Never empty.** A slot whose bytes are no record ([`Record::from_bytes`]) is an error, not a fresh start: it may be
///   the ruin of an open payment. A new till is prepared once, in the workshop, by writing [`Record::NEVER`].
pub trait Slot {
    /// The record.
    ///
    /// # Errors
    /// When it cannot be read, or is no record. Then the till takes no payment.
    fn read(&mut self) -> Result<Record, SlotError>;

    /// Puts this record in the place of the one before.
    ///
    /// # Errors
    /// When it is not certain that the record is durable. Before a payment leaves, this stops it.
    fn write(&mut self, record: &Record) -> Result<(), SlotError>;
}

impl<S: Slot + ?Sized> Slot for &mut S {
    fn read(&mut self) -> Result<Record, SlotError> {
        (**self).read()
    }

    fn write(&mut self, record: &Record) -> Result<(), SlotError> {
        (**self).write(record)
    }
}
