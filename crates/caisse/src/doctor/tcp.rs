//! What can be looked at on TCP: the name, and the other usual ports of the same host.

use std::time::Duration;

use caisse_hal::tcp::{TcpAddress, TcpLink};
use caisse_hal::{Address, ConnectError, Link};
use caisse_journal::Journal;

use super::{Examination, Fault};
use crate::builder::address_name;
use crate::probe::Probe;

/// The ports that terminals are known to listen on: 8888 nearly all, 5000 in an example of HiPay's, 20002 a terminal of
/// Nepting's. No others are ever tried.
pub(super) const USUAL_PORTS: [u16; 3] = [8888, 5000, 20002];

const RESOLVE: Duration = Duration::from_secs(10);

/// A terminal that is awake on the same network answers within milliseconds.
const CONNECT: Duration = Duration::from_secs(1);

/// Whether the name has an address.
pub(super) fn resolve(address: &TcpAddress, examination: &mut Examination) -> bool {
    let host = address.host();
    match address.resolve(RESOLVE) {
        Ok(found) if !found.is_empty() => {
            let numbers: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
            let numbers = numbers.join(", ");
            if numbers != host {
                examination.works(
                    format_args!("{host} a l'adresse {numbers}"),
                    format_args!("{host} has the address {numbers}"),
                );
            }
            true
        }
        result => {
            let late = result == Err(ConnectError::TimedOut);
            let (fr, en) = if late {
                ("le serveur de noms ne répond pas", "the name server does not answer")
            } else {
                ("aucune adresse pour ce nom", "no address for this name")
            };
            examination.find(
                Fault::NameNotResolved,
                format_args!("{host} : {fr}"),
                format_args!("{host}: {en}"),
            );
            false
        }
    }
}

/// Tries the other usual ports for a connection and sends nothing. A port that is another terminal's, with a payment on
/// it, is left alone.
pub(super) fn try_ports(
    examination: &mut Examination,
    address: &TcpAddress,
    journal: &dyn Journal,
    probe: &Probe,
) {
    for port in USUAL_PORTS {
        let other = TcpAddress::new(address.host(), port);
        if port == address.port() || probe.is_stopped() {
            continue;
        }
        let there = Address::Tcp(other.clone());
        let Some(terminal) = address_name(&there) else { continue };
        let Ok(_lock) = journal.lock(&terminal) else { continue };
        let mut link = TcpLink::new(other);
        if link.connect(CONNECT).is_ok() {
            link.close();
            examination.propose(
                Fault::OtherPort,
                format_args!("le port {port} est ouvert"),
                format_args!("port {port} is open"),
                there,
            );
        }
    }
}
