//! A port whose own reads and writes keep a deadline, as those of Windows do. It is also built for the tests under Unix,
//! so that it cannot rot unseen.

use std::boxed::Box;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use serialport::{ClearBuffer, SerialPort, SerialPortBuilder};

use crate::deadline::Deadline;

pub(super) struct Port(Box<dyn SerialPort>);

impl Port {
    pub(super) fn open(builder: &SerialPortBuilder) -> serialport::Result<Self> {
        builder.clone().open().map(Self)
    }

    /// How many bytes came, none when the time is over.
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        loop {
            self.limit(deadline)?;
            match self.0.read(buffer) {
                Ok(count) => return Ok(Some(count)),
                Err(error) if !is_silence(&error) => return Err(error),
                Err(_) if deadline.is_over() => return Ok(None),
                Err(_) => {}
            }
        }
    }

    /// How many bytes were accepted, none when the time is over. An error accepted nothing.
    pub(super) fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<Option<usize>> {
        self.limit(deadline)?;
        match self.0.write(bytes) {
            // A write that ran out of time before its first byte is no error on Windows.
            Ok(0) => Ok(None),
            Ok(count) => Ok(Some(count)),
            Err(error) if is_silence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many accepted bytes wait in the system's queue.
    pub(super) fn queued(&self) -> serialport::Result<u32> {
        self.0.bytes_to_write()
    }

    /// Throws away what waits, so that closing cannot wait for it.
    pub(super) fn discard_output(&self) {
        // What does not wait has left, and must not be called back: on a pseudo-terminal a flush would.
        if self.queued().is_ok_and(|queued| queued > 0) {
            // A port that has gone has nothing to throw away.
            let _ = self.0.clear(ClearBuffer::Output);
        }
    }

    /// Zero would be "no deadline" to some systems.
    fn limit(&mut self, deadline: Deadline) -> io::Result<()> {
        Ok(self.0.set_timeout(deadline.left().max(Duration::from_millis(1)))?)
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Port").field(&self.0.name()).finish()
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(all(test, unix))]
mod tests {
    use std::boxed::Box;
    use std::io::{Read, Write};
    use std::time::{Duration, Instant};

    use serialport::TTYPort;

    use super::Port;
    use crate::deadline::Deadline;

    const SOON: Duration = Duration::from_millis(60);

    #[test]
    fn bytes_go_both_ways_with_deadlines() {
        let (mut far, near) = TTYPort::pair().unwrap();
        let mut port = Port(Box::new(near));
        let mut buffer = [0; 8];
        for (within, most) in [(SOON, 1_000), (Duration::ZERO, 50)] {
            let start = Instant::now();
            assert_eq!(port.read(&mut buffer, Deadline::after(within)).unwrap(), None);
            assert!(start.elapsed() >= within && start.elapsed() < Duration::from_millis(most));
        }
        assert_eq!(port.write(b"ping", Deadline::after(SOON)).unwrap(), Some(4));
        assert_eq!(port.queued().unwrap(), 0);
        assert_eq!(far.read(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"ping");
        far.write_all(b"pong!").unwrap();
        assert_eq!(port.read(&mut buffer, Deadline::after(SOON)).unwrap(), Some(5));
        drop(far);
        assert!(port.read(&mut buffer, Deadline::after(SOON)).is_err());
        assert!(port.write(b"x", Deadline::after(SOON)).is_err());
        port.discard_output();
    }

    #[test]
    fn what_is_no_port_does_not_open() {
        assert!(Port::open(&serialport::new("/dev/no-such-port", 9_600)).is_err());
    }
}
