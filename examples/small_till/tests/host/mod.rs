//! What a host has in place of a microcontroller's parts: a UART, a delay, and a slot in a file.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use caisse_hal::serial::SerialLink;
use caisse_hal::{Address, Link, Received};
use caisse_small_till::{RECORD_BYTES, Record, Slot, SlotError};
use embedded_io::ErrorKind;

/// A serial port of this host, with the traits that the UART of a microcontroller has.
pub struct Uart {
    port: SerialLink,
    /// A byte that came while the program only asked whether one is there.
    ahead: Option<u8>,
}

impl Uart {
    /// Opens the port.
    pub fn open(address: Address) -> io::Result<Self> {
        let Address::Serial(address) = address else { return Err(io::ErrorKind::Unsupported.into()) };
        let mut port = SerialLink::new(address);
        port.connect(Duration::from_secs(5)).map_err(io::Error::other)?;
        Ok(Self { port, ahead: None })
    }
}

impl embedded_io::ErrorType for Uart {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        if self.ahead.is_none() {
            let mut byte = [0];
            match self.port.receive(&mut byte, Duration::ZERO) {
                Ok(Received::Bytes(_)) => self.ahead = Some(byte[0]),
                Ok(Received::Nothing) => {}
                Ok(Received::Closed) | Err(_) => return Err(ErrorKind::BrokenPipe),
            }
        }
        Ok(self.ahead.is_some())
    }
}

impl embedded_io::Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        loop {
            if let Some(byte) = self.ahead.take() {
                *first = byte;
                return Ok(1);
            }
            embedded_io::ReadReady::read_ready(self)?;
        }
    }
}

impl embedded_io::WriteReady for Uart {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(true)
    }
}

impl embedded_io::Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.port.send(bytes, Duration::from_secs(1)).map_err(|_| ErrorKind::BrokenPipe)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.port.drain(Duration::from_secs(5)).map_err(|_| ErrorKind::BrokenPipe)
    }
}

/// The delay of a program that has an operating system.
pub struct Sleep;

impl embedded_hal::delay::DelayNs for Sleep {
    fn delay_ns(&mut self, nanoseconds: u32) {
        thread::sleep(Duration::from_nanos(nanoseconds.into()));
    }
}

/// A slot in a file: a new record is written beside the old one, and takes its place at once.
pub struct FileSlot(PathBuf);

impl FileSlot {
    /// Prepares a new slot, as the workshop does; one that is there is kept.
    pub fn prepare(path: &Path) -> Result<Self, SlotError> {
        let mut slot = Self(path.to_owned());
        if !path.exists() {
            slot.write(&Record::NEVER)?;
        }
        Ok(slot)
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let beside = self.0.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &self.0)?;
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Slot for FileSlot {
    fn read(&mut self) -> Result<Record, SlotError> {
        let bytes = fs::read(&self.0).map_err(|_| SlotError)?;
        let bytes: [u8; RECORD_BYTES] = bytes.try_into().map_err(|_| SlotError)?;
        Record::from_bytes(&bytes).ok_or(SlotError)
    }

    fn write(&mut self, record: &Record) -> Result<(), SlotError> {
        self.replace(&record.to_bytes()).map_err(|_| SlotError)
    }
}
