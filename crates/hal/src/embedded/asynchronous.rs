//! An asynchronous byte port and a delay.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use embedded_hal_async::delay::DelayNs;
use embedded_io::Error as _;
use embedded_io_async::{Read, Write};

use super::is_gone;
use crate::{ConnectError, DrainError, LocalAsyncLink, ReceiveError, Received, SendError};

/// An asynchronous byte port as a link: each call of the port runs beside a delay, and whichever ends first decides.
///
/// * **The port's `read` must be cancel-safe**: dropped before it is ready, it must have taken nothing. The trait only
///   encourages this, and a port that reads by DMA into the caller's buffer is not. A byte lost here can be the one that
///   says "approved".
/// * A write that runs out of time is [`SendError::Uncertain`]: the trait does not say what a dropped write has done.
/// * [`drain`](LocalAsyncLink::drain) is the port's `flush`.
/// * An error of the port other than its loss counts as noise: the byte is lost, the line goes on.
/// * `connect` and `close` open and close the link, not the port: there is nothing to open.
#[derive(Debug)]
pub struct AsyncPortLink<P, D> {
    port: P,
    delay: D,
    open: bool,
}

impl<P, D> AsyncPortLink<P, D> {
    /// A link over this port, not yet open.
    pub const fn new(port: P, delay: D) -> Self {
        Self { port, delay, open: false }
    }

    /// The parts again.
    pub fn release(self) -> (P, D) {
        (self.port, self.delay)
    }
}

/// The future's result, or none when the timer ends first. The future is asked first: what is ready counts, however late
/// the program looks.
async fn before<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = pin!(timer);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Runs for at least this long, however long that is, and never for no time at all: some runtimes learn what has come only
/// when they wait, and stale bytes that are not seen would pass for an answer.
async fn wait<D: DelayNs>(delay: &mut D, time: Duration) {
    // The trait's waits are counted in 32 bits.
    let mut left = time.as_nanos().div_ceil(1_000_000).max(1);
    while left > 0 {
        let step = u32::try_from(left).unwrap_or(u32::MAX);
        delay.delay_ms(step).await;
        left = left.saturating_sub(step.into());
    }
}

impl<P: Read + Write, D: DelayNs> LocalAsyncLink for AsyncPortLink<P, D> {
    async fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        self.open = true;
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        if !self.open {
            return Err(SendError::Closed);
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        match before(wait(&mut self.delay, within), self.port.write(bytes)).await {
            None => Err(SendError::Uncertain),
            Some(Ok(0)) => Err(SendError::Closed),
            Some(Ok(count)) => Ok(count),
            Some(Err(error)) if is_gone(error.kind()) => Err(SendError::Closed),
            // The trait does not say that a write that fails has written nothing.
            Some(Err(_)) => Err(SendError::Uncertain),
        }
    }

    async fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        if !self.open {
            return Err(DrainError::Closed);
        }
        match before(wait(&mut self.delay, within), self.port.flush()).await {
            None => Err(DrainError::TimedOut),
            Some(Err(_)) => Err(DrainError::Closed),
            Some(Ok(())) => Ok(()),
        }
    }

    async fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        if !self.open {
            return Err(ReceiveError);
        }
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        let port = &mut self.port;
        let reading = async {
            loop {
                match port.read(buffer).await {
                    // A line has no end in order: a read of nothing is a port that has gone.
                    Ok(0) => return Err(ReceiveError),
                    Ok(count) => return Ok(Received::Bytes(count)),
                    Err(error) if is_gone(error.kind()) => return Err(ReceiveError),
                    // Noise. The port may be ready with the next error at once: others must have their turn.
                    Err(_) => yield_now().await,
                }
            }
        };
        before(wait(&mut self.delay, within), reading).await.unwrap_or(Ok(Received::Nothing))
    }

    async fn close(&mut self) {
        self.open = false;
    }
}

/// Not ready once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
