//! What can be looked at on a serial line: parity, and the other usual speeds.

use std::time::Duration;

use caisse_hal::Address;
use caisse_hal::serial::{Baud, DataBits, LineSettings, Parity, SerialAddress};
use caisse_journal::TerminalLock;

use super::{Examination, Fault};
use crate::probe::{Probe, Voice};

/// The speeds that terminals can be set to (PayXpert's serial page), the commonest first.
const SPEEDS: [Baud; 6] = [Baud::B9600, Baud::B1200, Baud::B19200, Baud::B38400, Baud::B57600, Baud::B115200];

/// Some tills give an enquiry no more than this; six seconds for all speeds would be too long to look at.
const WAIT: Duration = Duration::from_millis(500);

/// What came has a parity that the line does not have.
pub(super) fn wrong_parity(examination: &mut Examination, probe: &Probe, voice: Voice) {
    let parity = if voice == Voice::OddParity { Parity::Odd } else { Parity::Even };
    let line = probe.config().dialect.session.line;
    let right = LineSettings { data_bits: DataBits::Seven, parity, ..line };
    let (fr, en) = match parity {
        Parity::Odd => ("impaire", "odd"),
        _ => ("paire", "even"),
    };
    let (fr, en) = (
        format!("des caractères de 7 bits à parité {fr}, lus sur 8 bits"),
        format!("characters of 7 bits and {en} parity, read as 8 bits"),
    );
    match at(probe, right) {
        Some(address) => examination.propose(Fault::LineSettings, fr, en, address),
        None => examination.find(Fault::LineSettings, fr, en),
    }
}

/// Asks at the other usual speeds, with ENQ and EOT alone. Says whether one was answered.
pub(super) fn try_speeds(examination: &mut Examination, probe: &Probe, lock: &TerminalLock) -> bool {
    let line = probe.config().dialect.session.line;
    for baud in SPEEDS.into_iter().filter(|baud| *baud != line.baud) {
        if probe.is_stopped() {
            return false;
        }
        let Some(address) = at(probe, LineSettings { baud, ..line }) else { continue };
        let shown = address.to_string();
        let mut other = probe.moved(Address::Serial(address)).in_haste(WAIT);
        let Ok(reply) = other.ask_presence(lock) else { continue };
        if reply.is_alive() {
            let (fr, en) = (
                format!("ENQ sans réponse à {} bauds, accepté à {}", bits(line.baud), bits(baud)),
                format!("ENQ is not answered at {} baud, and is at {}", bits(line.baud), bits(baud)),
            );
            examination.propose(Fault::LineSettings, fr, en, shown);
            return true;
        }
    }
    false
}

const fn bits(baud: Baud) -> u32 {
    baud.bits_per_second()
}

/// The same port on another line.
fn at(probe: &Probe, line: LineSettings) -> Option<SerialAddress> {
    match probe.address() {
        Address::Serial(address) => SerialAddress::new(address.path(), line).ok(),
        Address::Tcp(_) => None,
    }
}
