//! The terminal on a serial port or a pseudo-terminal.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use caisse_hal::Address;
use caisse_hal::Link;
#[cfg(all(unix, feature = "pty"))]
use caisse_hal::pty::PtyLink;
use caisse_hal::serial::LineSettings;
#[cfg(feature = "serial")]
use caisse_hal::serial::{SerialAddress, SerialLink};
use caisse_hal::{ConnectError, DrainError, ReceiveError, Received, SendError};
use caisse_link::frame::LONGEST_BODY;
use caisse_link::serial::SerialConfig;

use super::drive::{Line, run};
use crate::conversation::{Conversation, Framed};
use crate::shared::Shared;

/// How long a line that was cut stays away.
const UNPLUGGED: Duration = Duration::from_millis(200);

/// How long a port may take to open.
const OPENING: Duration = Duration::from_secs(5);

/// A line to plug in.
#[derive(Debug)]
pub(crate) enum Port {
    /// A pseudo-terminal: the till finds it under a path of the system's choice.
    #[cfg(all(unix, feature = "pty"))]
    Pty(PtyLink),
    /// A port of this machine.
    #[cfg(feature = "serial")]
    Serial(SerialLink),
}

impl Port {
    /// A new pseudo-terminal.
    #[cfg(all(unix, feature = "pty"))]
    pub(crate) fn pty() -> io::Result<Self> {
        Ok(Self::Pty(PtyLink::open()?))
    }

    /// A port of this machine, opened.
    #[cfg(feature = "serial")]
    pub(crate) fn serial(address: &SerialAddress) -> io::Result<Self> {
        let mut link = SerialLink::new(address.clone());
        link.connect(OPENING).map_err(io::Error::other)?;
        Ok(Self::Serial(link))
    }

    /// Where a till finds it.
    pub(crate) fn address(&self) -> Option<Address> {
        match self {
            #[cfg(all(unix, feature = "pty"))]
            Self::Pty(link) => {
                // Without settings, which have no effect there: other programs take what stands behind `serial:` as it is.
                format!("serial:{}", link.path()?.to_str()?).parse().ok()
            }
            #[cfg(feature = "serial")]
            Self::Serial(link) => Some(Address::Serial(link.address().clone())),
        }
    }

    /// Speed and form of a character.
    fn settings(&self) -> LineSettings {
        match self {
            #[cfg(all(unix, feature = "pty"))]
            Self::Pty(_) => LineSettings::USB,
            #[cfg(feature = "serial")]
            Self::Serial(link) => link.address().line(),
        }
    }

    fn link(&mut self) -> &mut dyn Link {
        match self {
            #[cfg(all(unix, feature = "pty"))]
            Self::Pty(link) => link,
            #[cfg(feature = "serial")]
            Self::Serial(link) => link,
        }
    }
}

impl Link for Port {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.link().connect(within)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.link().send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.link().drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.link().receive(buffer, within)
    }

    fn close(&mut self) {
        self.link().close();
    }
}

impl Line for Port {}

/// Serves a line until the terminal is switched off. A line that was cut comes back; a pseudo-terminal under a new path.
pub(crate) fn serve(mut port: Port, shared: &Arc<Shared>) {
    // The eighth bit is nobody's: some tills send seven bits with parity through a line of eight.
    let mut config = SerialConfig { line: port.settings(), ..SerialConfig::TERMINAL };
    config.tolerance.parity_bits = true;
    while !shared.is_stopped() {
        let mut storage = [0; LONGEST_BODY];
        let mut framed = Framed::new(config, true, &mut storage);
        run(&mut framed, &mut port, shared);
        framed.close(&mut shared.terminal());
        while !shared.is_stopped() {
            thread::sleep(UNPLUGGED);
            if port.connect(OPENING).is_ok() {
                if let Some(address) = port.address() {
                    shared.moved(address);
                }
                break;
            }
        }
    }
}
