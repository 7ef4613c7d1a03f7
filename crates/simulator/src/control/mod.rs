//! The HTTP interface: what a test in any language does to the terminal, and what it sees of it.

mod answers;
mod connections;
mod events;
mod guard;
mod reading;
mod routes;
mod steering;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::{self, JoinHandle};

use tokio::sync::{oneshot, watch};

use crate::shared::{Listeners, Shared};

/// Where to serve it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) address: SocketAddr,
    /// Whether an address that others can reach is meant.
    pub(crate) beyond_loopback: bool,
}

/// What every handler knows.
pub(crate) struct Context {
    shared: Arc<Shared>,
    /// The terminal's own listener, which sleeps until it is woken.
    listener: Option<SocketAddr>,
    /// The number of the last event.
    seen: watch::Receiver<u64>,
    streams: AtomicUsize,
    beyond_loopback: bool,
}

/// The interface, bound and not yet served.
pub(crate) struct Bound {
    listener: TcpListener,
    seen: watch::Receiver<u64>,
    beyond_loopback: bool,
}

/// The interface while it is served, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Takes the port, and a place among those who hear of events.
    pub(crate) fn bind(settings: Settings, listeners: &mut Listeners) -> io::Result<Bound> {
        let Settings { address, beyond_loopback } = settings;
        if !beyond_loopback && !address.ip().is_loopback() {
            let why = "control is served on the loopback only: there is no password";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let (sender, seen) = watch::channel(0);
        listeners.events.push(Box::new(move |happened| {
            sender.send_replace(happened.number);
        }));
        Ok(Bound { listener, seen, beyond_loopback })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Bound {
    /// Serves it.
    pub(crate) fn serve(self, shared: &Arc<Shared>, listener: Option<SocketAddr>) -> io::Result<Server> {
        let address = self.listener.local_addr()?;
        if !connections::clock_is_usable() {
            return Err(io::Error::other("control needs a system clock between 1970 and 9999"));
        }
        let context = Arc::new(Context {
            shared: Arc::clone(shared),
            listener,
            seen: self.seen,
            streams: AtomicUsize::new(0),
            beyond_loopback: self.beyond_loopback,
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(self.listener)?
        };
        let thread = thread::Builder::new().name("virtual terminal: control".into()).spawn(move || {
            runtime.spawn(connections::serve(listener, routes::router(context)));
            // An error means that the server was dropped, which is the same.
            let _ = runtime.block_on(stopped);
            // Streams of events have no end of their own.
            runtime.shutdown_background();
        })?;
        Ok(Server { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
