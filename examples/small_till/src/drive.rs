//! The loop: what the machine asks for is done here, and nothing else.

use core::time::Duration;

use caisse_hal::{Clock, Instant, Link};
use caisse_payment::Blocked;
use caisse_payment::entry::Entry;
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
        loop {
            let deadline = machine.deadline();
            match machine.poll() {
                Action::Done(_) => return,
                Action::Event(event) => on_event(event),
                // The caller hears it at the end.
                Action::Verdict(_) => {}
                // The slot holds one payment, and a person has settled those before it.
                Action::Persist(_) => machine.handle_persisted(self.clock.now()),
                Action::Look => self.listen(machine, Duration::ZERO),
                Action::Dispute(_) => self.write(machine, Standing::Open),
                Action::Close => self.link.close(),
                Action::Abort => self.link.abort(),
                Action::Record(entry) => self.record(machine, &entry),
                Action::Connect => {
                    let opened = self.link.connect(self.left(deadline));
                    machine.handle_connected(self.clock.now(), opened.map(|()| None));
                }
                Action::Send(bytes) => {
                    let length = bytes.len();
                    let sent = self.link.send(bytes, self.left(deadline));
                    machine.handle_sent(self.clock.now(), sent);
                    if sent == Ok(length) {
                        self.drain(machine);
                    }
                }
                Action::Wait { until } => {
                    self.listen(machine, self.left(until));
                    machine.handle_timeout(self.clock.now());
                }
            }
        }
    }

    /// Write ahead: only after `handle_written` does the machine hand out the request.
    fn record(&mut self, machine: &mut TillMachine<'_>, entry: &Entry) {
        let standing = match entry {
            Entry::Started(_) => Standing::Open,
            Entry::Ended(end) | Entry::NeverSent(_, end) => Standing::after(end.verdict.outcome),
        };
        self.write(machine, standing);
    }

    fn write(&mut self, machine: &mut TillMachine<'_>, standing: Standing) {
        let written = self.slot.write(&Record { standing, ..self.record });
        let written = written.map_err(|_| WriteError::Failed(Blocked::JournalUnavailable));
        machine.handle_written(self.clock.now(), written);
    }

    /// Reports to the machine what comes within this time.
    fn listen(&mut self, machine: &mut TillMachine<'_>, timeout: Duration) {
        let mut buffer = [0; 64];
        let received = self.link.receive(&mut buffer, timeout);
        machine.handle_received(self.clock.now(), received, &buffer);
    }

    /// Waits until the last bit has left: the timer of an acknowledgement starts there.
    fn drain(&mut self, machine: &mut TillMachine<'_>) {
        let drained = self.link.drain(self.left(machine.deadline()));
        machine.handle_drained(self.clock.now(), drained);
    }

    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(GLANCE, |deadline| deadline.since(self.clock.now()))
    }
}
