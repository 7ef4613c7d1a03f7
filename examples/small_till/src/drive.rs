//! The loop: what the machine asks for is done here, and nothing else.

use core::time::Duration;

use caisse_hal::{Clock, ConnectError, Instant, Link, Received, SendError};
use caisse_payment::entry::Entry;
use caisse_payment::{Blocked, NotSent};
use caisse_transaction::till::Closed;
use caisse_transaction::{Action, Event, TillMachine};

use crate::{Record, Slot, Standing};

/// How long one look at the line lasts while the machine names no moment.
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) struct Driver<'d, L, C, S> {
    pub(crate) link: &'d mut L,
    pub(crate) clock: &'d C,
    pub(crate) slot: &'d mut S,
    /// What is to be written, but for its standing.
    pub(crate) record: Record,
}

impl<L: Link, C: Clock, S: Slot> Driver<'_, L, C, S> {
    /// Runs a started machine to its end.
    pub(crate) fn run(&mut self, machine: &mut TillMachine<'_>, on_event: &mut dyn FnMut(Event)) {
        loop {
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Done(_) => return,
                Action::Event(event) => on_event(event),
                // The caller hears it at the end.
                Action::Verdict(_) => {}
                // The slot holds one payment, and a person has settled those before it.
                Action::Persist(_) => machine.handle_persisted(self.clock.now()),
                Action::Look => {
                    if !self.listen(machine, Duration::ZERO) {
                        machine.handle_idle(self.clock.now());
                    }
                }
                Action::Dispute(_) => self.write(machine, Standing::Open),
                Action::Close => self.link.close(),
                Action::Abort => self.link.abort(),
                Action::Record(entry) => self.record(machine, &entry),
                Action::Connect => {
                    let opened = self.link.connect(self.left(deadline));
                    let now = self.clock.now();
                    match opened {
                        Ok(()) => machine.handle_connected(now),
                        Err(error) => machine.handle_closed(now, Closed::NotOpened(not_opened(error))),
                    }
                }
                Action::Send(bytes) => {
                    let length = bytes.len();
                    let sent = self.link.send(bytes, self.left(deadline));
                    let now = self.clock.now();
                    match sent {
                        Ok(accepted) => {
                            machine.handle_sent(now, accepted);
                            if accepted == length {
                                self.drain(machine);
                            }
                        }
                        Err(SendError::TimedOut | SendError::Closed) => machine.handle_send_failed(now, 0),
                        Err(SendError::Uncertain) => machine.handle_send_uncertain(now),
                    }
                }
                Action::Wait { until } => {
                    self.listen(machine, self.left(until));
                    machine.handle_timeout(self.clock.now());
                }
            }
        }
    }

    /// Write ahead: only after `handle_journaled` does the machine hand out the request.
    fn record(&mut self, machine: &mut TillMachine<'_>, entry: &Entry) {
        let standing = match entry {
            Entry::Started(_) => Standing::Open,
            Entry::Ended(end) | Entry::NeverSent(_, end) => Standing::after(end.verdict.outcome),
        };
        self.write(machine, standing);
    }

    fn write(&mut self, machine: &mut TillMachine<'_>, standing: Standing) {
        let written = self.slot.write(&Record { standing, ..self.record });
        let now = self.clock.now();
        match written {
            Ok(()) => machine.handle_journaled(now),
            Err(_) => machine.handle_journal_failed(now, Blocked::JournalUnavailable),
        }
    }

    /// Reports to the machine what comes within this time; returns whether anything did.
    fn listen(&mut self, machine: &mut TillMachine<'_>, timeout: Duration) -> bool {
        let mut buffer = [0; 64];
        let received = self.link.receive(&mut buffer, timeout);
        let now = self.clock.now();
        match received {
            Ok(Received::Bytes(count)) => machine.handle_input(now, buffer.get(..count).unwrap_or_default()),
            Ok(Received::Nothing) => return false,
            Ok(Received::Closed) | Err(_) => machine.handle_closed(now, Closed::ByPeer),
        }
        true
    }

    /// Waits until the last bit has left: the timer of an acknowledgement starts there.
    fn drain(&mut self, machine: &mut TillMachine<'_>) {
        let drained = self.link.drain(self.left(machine.deadline()));
        let now = self.clock.now();
        match drained {
            Ok(()) => machine.handle_drained(now),
            Err(_) => machine.handle_undrained(now),
        }
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(GLANCE, |deadline| deadline.since(self.clock.now()))
    }
}

const fn not_opened(error: ConnectError) -> NotSent {
    match error {
        ConnectError::PortNotFound => NotSent::PortMissing,
        ConnectError::PortBusy => NotSent::PortBusy,
        ConnectError::PermissionDenied => NotSent::PortForbidden,
        ConnectError::NotAPort => NotSent::NotAPort,
        ConnectError::TimedOut => NotSent::ConnectTimedOut,
        _ => NotSent::ConnectFailed,
    }
}
