//! Pseudo-terminals: a serial line without a wire, for virtual terminals and for tests.
//!
//! ```
//! use caisse_hal::pty::PtyLink;
//! use caisse_hal::{Link, Received};
//! use core::time::Duration;
//!
//! let mut terminal = PtyLink::open()?;
//! println!("listening serial:{}", terminal.path().unwrap().display());
//!
//! // Until a till opens that path, nothing comes and what is sent is lost, as on any wire.
//! assert_eq!(terminal.receive(&mut [0; 8], Duration::from_millis(10)), Ok(Received::Nothing));
//! assert_eq!(terminal.send(b"\x05", Duration::ZERO), Ok(1));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::slice;
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, QueueSelector};

use crate::deadline::Deadline;
use crate::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};

/// How often a line without a till is looked at. The system cannot be asked to wait for one.
const LOOK: Duration = Duration::from_millis(5);

/// What happens when the program at the other end closes its port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HangUp {
    /// Nothing: a terminal on a wire does not see it either.
    #[default]
    Unseen,
    /// [`Received::Closed`], once each time. The link stays open for the next program.
    Closed,
}

/// The terminal's end of a pseudo-terminal: the till opens [`path`](Self::path) as a serial port.
///
/// The till's end may be closed and opened again as often as one likes. While nobody has it open, nothing is received and
/// what is sent is lost. [`close`](Link::close) pulls the plug: the till's port breaks and its path is gone;
/// [`connect`](Link::connect) plugs a new line in, **under a new path**.
#[derive(Debug, Default)]
pub struct PtyLink {
    line: Option<Line>,
    hang_up: HangUp,
}

#[derive(Debug)]
struct Line {
    master: OwnedFd,
    path: PathBuf,
    /// A program has had the other end open since the last hang-up.
    seen: bool,
}

impl PtyLink {
    /// A pseudo-terminal that is not there yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { line: None, hang_up: HangUp::Unseen }
    }

    /// A pseudo-terminal.
    ///
    /// # Errors
    /// When the system has no more of them.
    pub fn open() -> io::Result<Self> {
        Ok(Self { line: Some(Line::open()?), hang_up: HangUp::Unseen })
    }

    /// What happens when the program at the other end closes its port.
    #[must_use]
    pub fn on_hang_up(self, hang_up: HangUp) -> Self {
        Self { hang_up, ..self }
    }

    /// Where the till finds it; none while it is closed.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.line.as_ref().map(|line| &*line.path)
    }
}

impl Line {
    fn open() -> io::Result<Self> {
        // Not the terminal that controls this program, and not for programs that it starts: the other end would never
        // see that the plug is pulled.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        // At once, where that can be: a program could be started in between.
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
        let flags = flags | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let path = rustix::pty::ptsname(&master, Vec::new())?.into_bytes();
        let path = PathBuf::from(OsString::from_vec(path));
        let line = Self { master, path, seen: false };
        let till = line.as_till()?;
        // Before the first program opens it: what is sent must not come back as an echo.
        let mut settings = rustix::termios::tcgetattr(&till)?;
        settings.make_raw();
        rustix::termios::tcsetattr(&till, OptionalActions::Now, &settings)?;
        Ok(line)
    }

    /// Opens the till's end for a moment.
    fn as_till(&self) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(&self.path, flags, Mode::empty())
    }

    /// Whether no program has the other end open.
    fn is_alone(&self) -> bool {
        self.wait(PollFlags::empty(), Duration::ZERO).contains(PollFlags::HUP)
    }

    /// What happened within this time. A signal, like everything else, only ends the wait.
    fn wait(&self, events: PollFlags, within: Duration) -> PollFlags {
        let mut polled = PollFd::from_borrowed_fd(self.master.as_fd(), events);
        let within = Timespec::try_from(within.min(Duration::from_secs(1))).ok();
        match poll(slice::from_mut(&mut polled), within.as_ref()) {
            Ok(_) => polled.revents(),
            Err(_) => PollFlags::empty(),
        }
    }

    /// The program has gone: what it had not read is gone with it, as in a port's driver that is closed.
    fn hung_up(&mut self) {
        self.seen = false;
        if let Ok(till) = self.as_till() {
            // It is only tidying up.
            let _ = rustix::termios::tcflush(till, QueueSelector::IFlush);
        }
    }
}

impl Link for PtyLink {
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        self.close();
        self.line = Some(Line::open().map_err(|_| ConnectError::Other)?);
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        let line = self.line.as_mut().ok_or(SendError::Closed)?;
        let deadline = Deadline::after(within);
        loop {
            if bytes.is_empty() || line.is_alone() {
                return Ok(bytes.len());
            }
            match rustix::io::write(&line.master, bytes) {
                Ok(count) if count > 0 => return Ok(count),
                Ok(_) | Err(Errno::AGAIN | Errno::INTR) if deadline.is_over() => {
                    return Err(SendError::TimedOut);
                }
                Ok(_) | Err(Errno::AGAIN | Errno::INTR) => line.wait(PollFlags::OUT, deadline.left()),
                Err(_) => return Err(SendError::Closed),
            };
        }
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        // What was accepted lies in the other end's buffer.
        if self.line.is_some() { Ok(()) } else { Err(DrainError::Closed) }
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let line = self.line.as_mut().ok_or(ReceiveError)?;
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        let deadline = Deadline::after(within);
        loop {
            match rustix::io::read(&line.master, &mut *buffer) {
                // Nobody has the other end open: an error on Linux, an end elsewhere.
                Ok(0) | Err(Errno::IO) => {
                    if line.seen {
                        line.hung_up();
                        if self.hang_up == HangUp::Closed {
                            return Ok(Received::Closed);
                        }
                    }
                    thread::sleep(LOOK.min(deadline.left()));
                }
                Ok(count) => {
                    line.seen = true;
                    return Ok(Received::Bytes(count));
                }
                Err(Errno::AGAIN) => {
                    line.seen = true;
                    line.wait(PollFlags::IN, deadline.left());
                }
                Err(Errno::INTR) => {}
                Err(_) => return Err(ReceiveError),
            }
            if deadline.is_over() {
                return Ok(Received::Nothing);
            }
        }
    }

    fn close(&mut self) {
        self.line = None;
    }
}
