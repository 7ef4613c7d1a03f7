//! The loop: what the machine asks for is done here, and nothing else.

use core::time::Duration;

use caisse_hal::{Clock, Instant, Link};
use caisse_payment::Blocked;
use caisse_transaction::{Action, Event, TillMachine, WriteError};

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
        let mut buffer = [0; 64];
        loop {
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Connect => {
                    let opened = self.link.connect(self.left(deadline)).map(|()| None);
                    machine.handle_connected(self.clock.now(), opened);
                }
                Action::RecordStart(_) | Action::Dispute(_) => {
                    let written = self.write(Standing::Open);
                    machine.handle_written(self.clock.now(), written);
                }
                Action::RecordEnd(_, end) | Action::RecordNeverSent(_, end) => {
                    let written = self.write(Standing::after(end.verdict.outcome));
                    machine.handle_written(self.clock.now(), written);
                }
                // The slot holds one payment, and a person has settled those before it.
                Action::Persist(_) => machine.handle_persisted(self.clock.now()),
                Action::Look => {
                    let received = self.link.receive(&mut buffer, Duration::ZERO);
                    machine.handle_received(self.clock.now(), received, &buffer);
                }
                Action::Send(bytes) => {
                    let sent = self.link.send(bytes, self.left(deadline));
                    machine.handle_sent(self.clock.now(), sent);
                }
                Action::Drain => {
                    let drained = self.link.drain(self.left(deadline));
                    machine.handle_drained(self.clock.now(), drained);
                }
                Action::Close => self.link.close(),
                Action::Abort => self.link.abort(),
                Action::Event(event) => on_event(event),
                // The caller reads it at the end.
                Action::Verdict(_) => {}
                Action::Wait { until } => {
                    let received = self.link.receive(&mut buffer, self.left(until));
                    machine.handle_received(self.clock.now(), received, &buffer);
                    machine.handle_timeout(self.clock.now());
                }
                Action::Done(_) => return,
            }
        }
    }

    /// Write ahead: only after this does the machine hand out the request.
    fn write(&mut self, standing: Standing) -> Result<(), WriteError> {
        let written = self.slot.write(&Record { standing, ..self.record });
        written.map_err(|_| WriteError::Failed(Blocked::JournalUnavailable))
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(GLANCE, |deadline| deadline.since(self.clock.now()))
    }
}
