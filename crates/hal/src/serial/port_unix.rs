//! A port under Unix.
//!
//! `serialport` itself waits until a port can take a byte and then writes with the file blocking: a port that takes one
//! byte and then stops holds the call for ever. So the file is made non-blocking (by `mio-serial`), and all waiting is
//! done here, with a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use mio_serial::SerialStream;
use serialport::{ClearBuffer, SerialPort, SerialPortBuilder};

use crate::deadline::Deadline;

/// Each wait ends after this long to look for itself: no lost wake-up costs more.
const GLANCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Port {
    stream: SerialStream,
    poll: Poll,
    events: Events,
}

impl Port {
    pub(super) fn open(builder: &SerialPortBuilder) -> serialport::Result<Self> {
        let mut stream = SerialStream::open(builder)?;
        let poll = Poll::new()?;
        poll.registry().register(&mut stream, Token(0), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, poll, events: Events::with_capacity(4) })
    }

    /// How many bytes came, none when the time is over; zero when the port has gone.
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        self.until(deadline, |stream| stream.read(buffer))
    }

    /// How many bytes were accepted, none when the time is over. An error accepted nothing.
    pub(super) fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<Option<usize>> {
        self.until(deadline, |stream| stream.write(bytes))
    }

    /// How many accepted bytes wait in the system's queue.
    pub(super) fn queued(&self) -> serialport::Result<u32> {
        self.stream.bytes_to_write()
    }

    /// Throws away what waits, so that closing cannot wait for it.
    pub(super) fn discard_output(&self) {
        // What does not wait has left, and must not be called back: on a pseudo-terminal a flush would.
        if self.queued().is_ok_and(|queued| queued > 0) {
            // A port that has gone has nothing to throw away.
            let _ = self.stream.clear(ClearBuffer::Output);
        }
    }

    fn until(
        &mut self,
        deadline: Deadline,
        mut attempt: impl FnMut(&mut SerialStream) -> io::Result<usize>,
    ) -> io::Result<Option<usize>> {
        loop {
            match attempt(&mut self.stream) {
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                Err(_) if deadline.is_over() => return Ok(None),
                Err(_) => {}
            }
            match self.poll.poll(&mut self.events, Some(deadline.left().min(GLANCE))) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }
}
