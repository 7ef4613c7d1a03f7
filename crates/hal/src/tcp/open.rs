//! Opening a connection: settings first, one address at a time, interruptibly.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::ConnectError;
use crate::deadline::{Deadline, GLANCE};

/// A socket that does not block, with the settings that a payment needs. They are set before the socket connects, so that
/// no connection ever lacks them: no delay, and no lingering. When such a socket is closed, by this process or by its
/// death, the connection is reset and what waits in this machine is thrown away: no request of a finished attempt can
/// leave later.
pub(crate) fn socket(address: &SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    socket.set_linger(Some(Duration::ZERO))?;
    limit_delivery(&socket)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// How long the system tries to deliver what it has accepted. Far less than a transaction takes at most: once that time has
/// passed, what a terminal reports of its last transaction may prove that nothing was paid, and nothing may leave then, also not
/// from a connection that was left open. The usual limit of Linux is some fifteen minutes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_DELIVERY: Duration = Duration::from_secs(20);

/// Has the connection broken off when the peer has acknowledged nothing of what was sent for [`MAX_DELIVERY`].
#[cfg(any(target_os = "linux", target_os = "android"))]
fn limit_delivery(socket: &Socket) -> io::Result<()> {
    let milliseconds = u32::try_from(MAX_DELIVERY.as_millis()).unwrap_or(u32::MAX);
    Ok(rustix::net::sockopt::set_tcp_user_timeout(socket, milliseconds)?)
}

/// The limits of these systems are their own; those of Windows are short.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const fn limit_delivery(_: &Socket) -> io::Result<()> {
    Ok(())
}

/// Lets the system deliver what was sent after the stream is dropped, and then tell the peer the end.
pub(crate) fn close_in_order<S>(stream: &S)
where
    for<'s> SockRef<'s>: From<&'s S>,
{
    // Where the system refuses, the connection is aborted.
    let _ = SockRef::from(stream).set_linger(None);
}

/// Has the connection reset when the stream is dropped. Sockets that [`socket`] made need no call: this is for those that
/// were opened elsewhere.
pub(crate) fn abort<S>(stream: &S)
where
    for<'s> SockRef<'s>: From<&'s S>,
{
    // Where the system refuses, a connection that was opened elsewhere is closed in order.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Connects to one address. However the attempt fails, it has been aborted when this returns.
pub(crate) fn connect(
    address: SocketAddr,
    within: Duration,
    is_stopped: &dyn Fn() -> bool,
) -> Result<TcpStream, ConnectError> {
    let deadline = Deadline::after(within);
    let socket = socket(&address).map_err(|_| ConnectError::Other)?;
    // No fast open: the request must not travel with the handshake.
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error) if is_under_way(&error) => wait(&socket, deadline, is_stopped)?,
        Err(error) => return Err(not_connected(&error)),
    }
    socket.set_nonblocking(false).map_err(|_| ConnectError::Other)?;
    let stream = TcpStream::from(socket);
    if is_own_end(&stream).map_err(|error| not_connected(&error))? {
        return Err(ConnectError::Refused);
    }
    Ok(stream)
}

/// Waits until the socket is connected.
fn wait(socket: &Socket, deadline: Deadline, is_stopped: &dyn Fn() -> bool) -> Result<(), ConnectError> {
    loop {
        if is_stopped() {
            return Err(ConnectError::Cancelled);
        }
        look(socket, GLANCE.min(deadline.left()));
        match socket.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => return Err(not_connected(&error)),
        }
        if socket.peer_addr().is_ok() {
            return Ok(());
        }
        if deadline.is_over() {
            return Err(ConnectError::TimedOut);
        }
    }
}

/// Returns when the attempt may have come to its end, or this time is over.
#[cfg(unix)]
fn look(socket: &Socket, within: Duration) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    // A call that fails looks once more.
    let within = Timespec::try_from(within).ok();
    let _ = poll(&mut [PollFd::new(socket, PollFlags::OUT)], within.as_ref());
}

#[cfg(not(unix))]
fn look(_: &Socket, within: Duration) {
    std::thread::sleep(within.min(Duration::from_millis(2)));
}

/// Whether the system goes on connecting.
fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::WouldBlock
}

/// Whether the connection leads back to its own socket. On a port of the system's own range where nobody listens, a socket
/// can connect to itself; it would then receive its own request as an answer.
pub(crate) fn is_own_end<S>(stream: &S) -> io::Result<bool>
where
    for<'s> SockRef<'s>: From<&'s S>,
{
    let socket = SockRef::from(stream);
    Ok(socket.local_addr()? == socket.peer_addr()?)
}

/// Why the system did not connect.
pub(crate) fn not_connected(error: &io::Error) -> ConnectError {
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectError::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ConnectError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            ConnectError::Unreachable
        }
        _ => ConnectError::Other,
    }
}
