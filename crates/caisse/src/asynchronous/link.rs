//! A link whose type the till need not know.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use caisse_hal::{AsyncLink, ConnectError, DrainError, ReceiveError, Received, SendError};

type Answer<'l, T> = Pin<Box<dyn Future<Output = T> + Send + 'l>>;

/// [`AsyncLink`] behind a pointer.
pub(super) trait AnyLink: Send {
    fn connect(&mut self, within: Duration) -> Answer<'_, Result<(), ConnectError>>;
    fn send<'l>(&'l mut self, bytes: &'l [u8], within: Duration) -> Answer<'l, Result<usize, SendError>>;
    fn drain(&mut self, within: Duration) -> Answer<'_, Result<(), DrainError>>;
    fn receive<'l>(
        &'l mut self,
        buffer: &'l mut [u8],
        within: Duration,
    ) -> Answer<'l, Result<Received, ReceiveError>>;
    fn close(&mut self) -> Answer<'_, ()>;
    fn abort(&mut self) -> Answer<'_, ()>;
    fn peer(&self) -> Option<SocketAddr>;
}

impl<L: AsyncLink + Send> AnyLink for L {
    fn connect(&mut self, within: Duration) -> Answer<'_, Result<(), ConnectError>> {
        Box::pin(AsyncLink::connect(self, within))
    }

    fn send<'l>(&'l mut self, bytes: &'l [u8], within: Duration) -> Answer<'l, Result<usize, SendError>> {
        Box::pin(AsyncLink::send(self, bytes, within))
    }

    fn drain(&mut self, within: Duration) -> Answer<'_, Result<(), DrainError>> {
        Box::pin(AsyncLink::drain(self, within))
    }

    fn receive<'l>(
        &'l mut self,
        buffer: &'l mut [u8],
        within: Duration,
    ) -> Answer<'l, Result<Received, ReceiveError>> {
        Box::pin(AsyncLink::receive(self, buffer, within))
    }

    fn close(&mut self) -> Answer<'_, ()> {
        Box::pin(AsyncLink::close(self))
    }

    fn abort(&mut self) -> Answer<'_, ()> {
        Box::pin(AsyncLink::abort(self))
    }

    fn peer(&self) -> Option<SocketAddr> {
        AsyncLink::peer(self)
    }
}
