//! What an implementer provides.

use std::time::Duration;
use std::vec::Vec;

use crate::Link;

/// Makes lines with your link at one end.
pub trait Harness {
    /// The link to check.
    type Link: Link;
    /// What holds the other end.
    type Peer: Peer + Send + 'static;

    /// A new line: the link, closed, and its other end. Earlier lines may be gone by then.
    fn line(&mut self) -> (Self::Link, Self::Peer);

    /// A link that cannot be opened because nothing is there (a dead port, a missing device); none where opening cannot
    /// fail.
    fn nowhere(&mut self) -> Option<Self::Link> {
        None
    }

    /// What the link can know when its other end goes. The default is [`Unplugged::Seen`].
    fn unplugged(&self) -> Unplugged {
        Unplugged::Seen
    }

    /// Whether a line on which nobody reads takes no more bytes at some time (64 MiB are tried). The default is that it
    /// does; a UART without flow control goes on for ever.
    fn fills(&self) -> bool {
        true
    }

    /// Whether the other end can tell a [`close`](Link::close) from an [`abort`](Link::abort), as on TCP. The default is that
    /// it cannot, as on a serial line.
    fn tells_ends_apart(&self) -> bool {
        false
    }
}

/// The other end of a line. Its calls may panic when something goes wrong that is not the link's fault.
pub trait Peer {
    /// Called each time that the link has been opened: a listener takes the connection here.
    fn accept(&mut self) {}

    /// Puts bytes on the line, all of them. They have to be there for the link within a tenth of a second.
    fn write(&mut self, bytes: &[u8]);

    /// What arrives within this time; returns earlier with so many bytes.
    fn read(&mut self, most: usize, within: Duration) -> Vec<u8>;

    /// What arrives until the connection ends, and how it ended. Called only where the harness
    /// [tells ends apart](Harness::tells_ends_apart).
    fn read_to_end(&mut self, within: Duration) -> (Vec<u8>, Ended) {
        (self.read(0, within), Ended::Open)
    }

    /// Goes away: pulls the plug, closes the socket, or falls silent for ever.
    fn unplug(&mut self);
}

/// What a link can know of its other end's going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplugged {
    /// It sees it: the next [`receive`](Link::receive) ends at once, closed or broken, and sending fails before long.
    Seen,
    /// It cannot: the line falls silent (a wire that is cut, TCP whose peer lost its power). Deadlines hold.
    Silent,
}

/// How a connection ended for the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It has not ended within the time.
    Open,
    /// In order: all bytes before the end have come.
    InOrder,
    /// By a reset: bytes may be missing.
    Reset,
}
