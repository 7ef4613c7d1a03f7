//! The lines on which a terminal is reached, and what drives it: sockets, ports, threads, or virtual time.

mod drive;
mod in_memory;
#[cfg(any(feature = "serial", all(unix, feature = "pty")))]
mod serial;
mod tcp;

pub use in_memory::{VirtualLine, VirtualWorld};

#[cfg(any(feature = "serial", all(unix, feature = "pty")))]
pub(crate) use serial::{Port, serve as serve_port};
pub(crate) use tcp::serve as serve_tcp;
