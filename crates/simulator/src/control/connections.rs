//! The connections of control: a limited number at once, and none that is idle for long.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::descriptors::max_connections;

/// The most connections at once, if the descriptors suffice. For one more the oldest idle one is closed.
const MAX_CONNECTIONS: usize = 64;

/// How long a connection may take to send the head of its next request.
const IDLE: Duration = Duration::from_secs(30);

/// How long to wait after the system gave no connection, for want of descriptors say.
const PAUSE: Duration = Duration::from_millis(50);

/// How old an idle connection has to be to be closed because the system gave no further one: a younger one is about to send its
/// request.
const MIN_AGE: Duration = Duration::from_secs(1);

/// Shows, as long as it is held, that a connection is not idle.
#[derive(Clone, Debug)]
pub(crate) struct Busy {
    _token: Arc<()>,
}

/// A connection that was taken.
struct Connection {
    task: AbortHandle,
    /// Shared with the connection's task, and with each request that is being done.
    token: Arc<()>,
    taken_at: Instant,
}

impl Connection {
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.token) <= 2
    }
}

/// The connections that were taken, oldest first.
struct Connections {
    taken: VecDeque<Connection>,
    max: usize,
}

impl Connections {
    /// Serves a connection, unless there are too many that are not idle.
    fn take(&mut self, stream: TcpStream, router: &Router) {
        self.taken.retain(|connection| !connection.task.is_finished());
        if self.taken.len() >= self.max && !self.close_one(Duration::ZERO) {
            return;
        }
        let token = Arc::new(());
        let task = tokio::spawn(converse(stream, router.clone(), Arc::clone(&token)));
        self.taken.push_back(Connection { task: task.abort_handle(), token, taken_at: Instant::now() });
    }

    /// Closes the oldest idle connection of at least this age. Returns whether there is one.
    fn close_one(&mut self, min_age: Duration) -> bool {
        let is_closable = |it: &Connection| it.is_idle() && it.taken_at.elapsed() >= min_age;
        let oldest = self.taken.iter().position(is_closable);
        match oldest.and_then(|oldest| self.taken.remove(oldest)) {
            Some(connection) => {
                connection.task.abort();
                true
            }
            None => false,
        }
    }
}

/// Takes connections until it is dropped. Without descriptors it closes an idle connection, waits a moment, and goes on.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let mut connections = Connections { taken: VecDeque::new(), max: max_connections(MAX_CONNECTIONS, 1) };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.take(stream, &router),
            Err(_) => {
                connections.close_one(MIN_AGE);
                sleep(PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it is closed or idle for too long.
async fn converse(stream: TcpStream, router: Router, token: Arc<()>) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        let busy = Busy { _token: Arc::clone(&token) };
        request.extensions_mut().insert(busy.clone());
        let answer = router.call(request);
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    poll_fn(|context| {
        // hyper writes the date and panics where it cannot.
        if clock_is_usable() { connection.as_mut().poll(context).map(drop) } else { Poll::Ready(()) }
    })
    .await;
}

/// Whether HTTP can write the date: from 1970 to 9999.
pub(crate) fn clock_is_usable() -> bool {
    const YEAR_10_000: u64 = 253_402_300_800;
    SystemTime::now().duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < YEAR_10_000)
}
