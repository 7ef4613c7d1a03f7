//! An asynchronous link for whoever may block: an inquiry waits on a thread of its own.

use std::net::SocketAddr;
use std::time::Duration;

use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use tokio::runtime::Handle;

use super::link::AnyLink;

pub(super) struct Bridge<'l> {
    pub(super) link: &'l mut dyn AnyLink,
    pub(super) runtime: Handle,
}

impl Link for Bridge<'_> {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.runtime.block_on(self.link.connect(within))
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.runtime.block_on(self.link.send(bytes, within))
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.runtime.block_on(self.link.drain(within))
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.runtime.block_on(self.link.receive(buffer, within))
    }

    fn close(&mut self) {
        self.runtime.block_on(self.link.close());
    }

    fn abort(&mut self) {
        self.runtime.block_on(self.link.abort());
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.link.peer()
    }
}
