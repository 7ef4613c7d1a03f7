//! The same link for callers that do not block.

use core::net::SocketAddr;
use core::time::Duration;

use crate::{ConnectError, DrainError, ReceiveError, Received, SendError};

/// A [`Link`](crate::Link) whose calls are futures that may move between threads, as Tokio's do. The contract is
/// [`Link`](crate::Link)'s, word for word, deadlines included.
///
/// # Dropping a future before it is ready
///
/// | future | what is lost |
/// |---|---|
/// | `connect` | nothing: the link is closed |
/// | `send` | **what was accepted**: it is as uncertain as after [`SendError::Uncertain`]. Await it to its end, it has a deadline |
/// | `drain` | nothing |
/// | `receive` | nothing: no byte that has come is lost, the next call gives it |
/// | `close` | nothing: the link is closed, though what was not drained may be lost |
/// | `abort` | nothing: the link is closed |
///
/// ```
/// use caisse_hal::{AsyncLink, Received};
/// use core::time::Duration;
///
/// /// The stale bytes of a line: none of them belongs to what comes next.
/// async fn discard(link: &mut impl AsyncLink) {
///     let mut buffer = [0; 64];
///     while let Ok(Received::Bytes(_)) = link.receive(&mut buffer, Duration::ZERO).await {}
/// }
/// ```
pub trait AsyncLink {
    /// As [`Link::connect`](crate::Link::connect).
    ///
    /// # Errors
    /// When it does not open within the time; then nothing was sent and the link is closed.
    fn connect(&mut self, within: Duration) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// As [`Link::send`](crate::Link::send).
    ///
    /// # Errors
    /// When the system accepted no byte of this call; only [`SendError::Uncertain`] says that this is not certain.
    fn send(
        &mut self,
        bytes: &[u8],
        within: Duration,
    ) -> impl Future<Output = Result<usize, SendError>> + Send;

    /// As [`Link::drain`](crate::Link::drain).
    ///
    /// # Errors
    /// When bytes still wait after this time, or the link is closed or broken.
    fn drain(&mut self, within: Duration) -> impl Future<Output = Result<(), DrainError>> + Send;

    /// As [`Link::receive`](crate::Link::receive).
    ///
    /// # Errors
    /// When the connection broke, or is closed on this side.
    fn receive(
        &mut self,
        buffer: &mut [u8],
        within: Duration,
    ) -> impl Future<Output = Result<Received, ReceiveError>> + Send;

    /// As [`Link::close`](crate::Link::close).
    fn close(&mut self) -> impl Future<Output = ()> + Send;

    /// As [`Link::abort`](crate::Link::abort).
    fn abort(&mut self) -> impl Future<Output = ()> + Send {
        self.close()
    }

    /// As [`Link::peer`](crate::Link::peer).
    fn peer(&self) -> Option<SocketAddr> {
        None
    }
}

/// An [`AsyncLink`] whose futures stay on one thread, as those of most embedded ports do. Every [`AsyncLink`] is one.
/// Contract and cancel safety are the same.
#[allow(async_fn_in_trait, reason = "AsyncLink is the same with Send")]
pub trait LocalAsyncLink {
    /// As [`AsyncLink::connect`].
    ///
    /// # Errors
    /// When it does not open within the time; then nothing was sent and the link is closed.
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError>;

    /// As [`AsyncLink::send`].
    ///
    /// # Errors
    /// When the system accepted no byte of this call; only [`SendError::Uncertain`] says that this is not certain.
    async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError>;

    /// As [`AsyncLink::drain`].
    ///
    /// # Errors
    /// When bytes still wait after this time, or the link is closed or broken.
    async fn drain(&mut self, within: Duration) -> Result<(), DrainError>;

    /// As [`AsyncLink::receive`].
    ///
    /// # Errors
    /// When the connection broke, or is closed on this side.
    async fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError>;

    /// As [`AsyncLink::close`].
    async fn close(&mut self);

    /// As [`AsyncLink::abort`].
    async fn abort(&mut self) {
        self.close().await;
    }

    /// As [`AsyncLink::peer`].
    fn peer(&self) -> Option<SocketAddr> {
        None
    }
}

impl<L: AsyncLink + ?Sized> LocalAsyncLink for L {
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        AsyncLink::connect(self, within).await
    }

    async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        AsyncLink::send(self, bytes, within).await
    }

    async fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        AsyncLink::drain(self, within).await
    }

    async fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        AsyncLink::receive(self, buffer, within).await
    }

    async fn close(&mut self) {
        AsyncLink::close(self).await;
    }

    async fn abort(&mut self) {
        AsyncLink::abort(self).await;
    }

    fn peer(&self) -> Option<SocketAddr> {
        AsyncLink::peer(self)
    }
}
