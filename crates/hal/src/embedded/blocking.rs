//! A byte port, a clock and a delay.

use core::time::Duration;

use caisse_link::Instant;
use embedded_hal::delay::DelayNs;
use embedded_io::{Error, Read, ReadReady, Write, WriteReady};

use super::is_gone;
use crate::{Clock, ConnectError, DrainError, Link, ReceiveError, Received, SendError};

/// A byte port as a link: a UART with a receive buffer that interrupts fill, or a USB serial class.
///
/// The port is read and written only when it is ready, so that no call of it waits. Between two looks the delay passes
/// the time; one that does nothing makes it a busy wait, which is right where the clock's interrupt ends a sleep.
///
/// * The receive buffer below has to hold what comes while the program does something else: a terminal's answer is up to
///   516 bytes.
/// * [`drain`](Link::drain) is the port's `flush`, which has no deadline. On a UART without flow control it ends when the
///   shift register is empty; a port whose `flush` can hang must not be used as it is.
/// * An error of the port other than its loss counts as noise: the byte is lost, the line goes on.
/// * `connect` and `close` open and close the link, not the port: there is nothing to open.
///
/// ```
/// use caisse_hal::embedded::PortLink;
/// use caisse_hal::{Clock, Instant, Link, Received};
/// use core::time::Duration;
/// # use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
/// # struct Uart(u8);
/// # impl ErrorType for Uart { type Error = embedded_io::ErrorKind; }
/// # impl Read for Uart {
/// #     fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> { self.0 = 0; buffer[0] = 6; Ok(1) }
/// # }
/// # impl ReadReady for Uart { fn read_ready(&mut self) -> Result<bool, Self::Error> { Ok(self.0 > 0) } }
/// # impl Write for Uart {
/// #     fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> { self.0 = 1; Ok(bytes.len()) }
/// #     fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # impl WriteReady for Uart { fn write_ready(&mut self) -> Result<bool, Self::Error> { Ok(true) } }
/// # struct Timer(std::time::Instant);
/// # impl Clock for &Timer {
/// #     fn now(&self) -> Instant { Instant::default().after(self.0.elapsed()) }
/// # }
/// # struct Delay;
/// # impl embedded_hal::delay::DelayNs for Delay { fn delay_ns(&mut self, _: u32) {} }
/// # let (uart, timer, delay) = (Uart(0), Timer(std::time::Instant::now()), Delay);
///
/// let mut link = PortLink::new(uart, &timer, delay);
/// link.connect(Duration::ZERO).unwrap();
/// link.send(b"\x05", Duration::from_millis(100)).unwrap(); // ENQ
/// let mut answer = [0; 1];
/// assert_eq!(link.receive(&mut answer, Duration::from_secs(3)), Ok(Received::Bytes(1)));
/// assert_eq!(answer, *b"\x06"); // ACK
/// ```
#[derive(Debug)]
pub struct PortLink<P, C, D> {
    port: P,
    clock: C,
    delay: D,
    open: bool,
}

/// How long the delay runs between two looks at the port: a tenth of a character at 9600 baud.
const LOOK_US: u32 = 100;

impl<P, C, D> PortLink<P, C, D> {
    /// A link over this port, not yet open.
    pub const fn new(port: P, clock: C, delay: D) -> Self {
        Self { port, clock, delay, open: false }
    }

    /// The parts again.
    pub fn release(self) -> (P, C, D) {
        (self.port, self.clock, self.delay)
    }
}

impl<P, C, D> PortLink<P, C, D>
where
    P: Read + ReadReady + Write + WriteReady,
    C: Clock,
    D: DelayNs,
{
    /// Whether the port became ready before the time was over, or the port's loss. It is looked at once more after the
    /// end: a program that came late must not take a full buffer for silence.
    fn wait(
        &mut self,
        deadline: Instant,
        is_ready: fn(&mut P) -> Result<bool, P::Error>,
    ) -> Result<bool, Gone> {
        loop {
            let is_over = self.clock.now() >= deadline;
            match is_ready(&mut self.port) {
                Ok(true) => return Ok(true),
                Err(error) if is_gone(error.kind()) => return Err(Gone),
                Ok(false) | Err(_) if is_over => return Ok(false),
                Ok(false) | Err(_) => self.delay.delay_us(LOOK_US),
            }
        }
    }
}

/// The port is gone.
struct Gone;

impl<P, C, D> Link for PortLink<P, C, D>
where
    P: Read + ReadReady + Write + WriteReady,
    C: Clock,
    D: DelayNs,
{
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        self.open = true;
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        if !self.open {
            return Err(SendError::Closed);
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        let deadline = self.clock.now().after(within);
        match self.wait(deadline, P::write_ready) {
            Ok(true) => {}
            Ok(false) => return Err(SendError::TimedOut),
            Err(Gone) => return Err(SendError::Closed),
        }
        match self.port.write(bytes) {
            Ok(0) => Err(SendError::Closed),
            Ok(count) => Ok(count),
            Err(error) if is_gone(error.kind()) => Err(SendError::Closed),
            // The trait does not say that a write that fails has written nothing.
            Err(_) => Err(SendError::Uncertain),
        }
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        if !self.open {
            return Err(DrainError::Closed);
        }
        self.port.flush().map_err(|_| DrainError::Closed)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        if !self.open {
            return Err(ReceiveError);
        }
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        let deadline = self.clock.now().after(within);
        loop {
            match self.wait(deadline, P::read_ready) {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Nothing),
                Err(Gone) => return Err(ReceiveError),
            }
            match self.port.read(buffer) {
                // A line has no end in order: a read of nothing is a port that has gone.
                Ok(0) => return Err(ReceiveError),
                Ok(count) => return Ok(Received::Bytes(count)),
                Err(error) if is_gone(error.kind()) => return Err(ReceiveError),
                Err(_) if self.clock.now() >= deadline => return Ok(Received::Nothing),
                Err(_) => {}
            }
        }
    }

    fn close(&mut self) {
        self.open = false;
    }
}
