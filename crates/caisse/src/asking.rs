//! Asks a terminal something that carries no money, and waits for its answer.

use std::net::SocketAddr;
use std::time::Duration;

use caisse_hal::{Clock, Instant, Link};
use caisse_transaction::probe::{ProbeAction, ProbeConfig, ProbeMachine};

use crate::CancelHandle;

/// How often a wait looks for a request to stop.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// The time for the session around a question: three attempts to open it, and three to send the message.
const SESSION: Duration = Duration::from_secs(60);

/// How long a session may take to end once the question is given up.
const LINGER: Duration = Duration::from_secs(5);

/// When a question is given up.
pub(crate) struct Limits<'c> {
    /// Asks for it.
    pub(crate) cancel: &'c CancelHandle,
    /// The longest time from the beginning, whatever the terminal sends.
    pub(crate) longest: Duration,
}

impl<'c> Limits<'c> {
    /// The limits of a question that is set up so.
    pub(crate) fn new(config: &ProbeConfig, cancel: &'c CancelHandle) -> Self {
        let session = if config.has_sessions() { SESSION } else { Duration::ZERO };
        // The time-out of the answer is that of the sending too.
        let parts =
            [config.connect_timeout, config.answer_timeout, config.answer_timeout, config.listen, session];
        Self { cancel, longest: parts.into_iter().fold(Duration::ZERO, Duration::saturating_add) }
    }
}

/// Drives a probe to its end. `store` stores a message that is no answer, and returns whether it is stored. Returns the
/// address that was connected, if it is known.
pub(crate) fn ask(
    link: &mut dyn Link,
    clock: &dyn Clock,
    machine: &mut ProbeMachine<'_>,
    limits: &Limits<'_>,
    mut store: impl FnMut(&[u8]) -> bool,
) -> Option<SocketAddr> {
    let (mut buffer, mut peer) = ([0; 1024], None);
    let left = |deadline: Option<Instant>| deadline.map_or(GLANCE, |deadline| deadline.since(clock.now()));
    machine.start(clock.now());
    let mut giving_up = GivingUp { cancelled: false, at: clock.now().after(limits.longest) };
    loop {
        giving_up.heed(machine, clock.now(), limits);
        let deadline = machine.deadline();
        match machine.poll() {
            ProbeAction::Connect => {
                let opened = link.connect_unless(left(deadline), &|| limits.cancel.is_requested());
                peer = link.peer();
                machine.handle_connected(clock.now(), opened);
            }
            ProbeAction::Persist(body) => {
                if store(body) {
                    machine.handle_persisted(clock.now());
                } else {
                    machine.handle_persist_failed(clock.now());
                }
            }
            ProbeAction::Look => {
                let received = link.receive(&mut buffer, Duration::ZERO);
                machine.handle_received(clock.now(), received, &buffer);
            }
            ProbeAction::Send(bytes) => {
                let sent = link.send(bytes, left(deadline));
                machine.handle_sent(clock.now(), sent);
            }
            ProbeAction::Drain => {
                let drained = link.drain(left(deadline));
                machine.handle_drained(clock.now(), drained);
            }
            ProbeAction::Close => link.close(),
            ProbeAction::Abort => link.abort(),
            ProbeAction::Wait { until } => {
                let received = link.receive(&mut buffer, left(until).min(GLANCE));
                machine.handle_received(clock.now(), received, &buffer);
                machine.handle_timeout(clock.now());
            }
            ProbeAction::Done(_) => return peer,
        }
    }
}

/// When a question is given up, and whether it was.
struct GivingUp {
    cancelled: bool,
    at: Instant,
}

impl GivingUp {
    /// Gives the question up when that is asked for, and when its time is over: the first time the session is ended; the
    /// second time, after a while, the line is closed.
    fn heed(&mut self, machine: &mut ProbeMachine<'_>, now: Instant, limits: &Limits<'_>) {
        if now >= self.at || (!self.cancelled && limits.cancel.is_requested()) {
            machine.give_up(now);
            (self.cancelled, self.at) = (true, now.after(LINGER));
        }
    }
}
