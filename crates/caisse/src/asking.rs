//! Asks a terminal something that carries no money, and waits for its answer.

use std::net::SocketAddr;
use std::time::Duration;

use caisse_hal::{Clock, Instant, Link, Received};
use caisse_transaction::probe::{ProbeAction, ProbeConfig, ProbeMachine};

use crate::CancelHandle;

/// How often a wait looks for a request to stop.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// The time for the session around a question: three attempts to open it, and three to send the message.
const SESSION: Duration = Duration::from_secs(60);

/// How long a session may take to end once the question is given up.
const LINGER: Duration = Duration::from_secs(5);

/// How often bytes are read after their time is over: a line that never falls silent holds nobody.
const MAX_LOOKS: usize = 64;

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
    let mut buffer = [0; 1024];
    let left = |deadline: Option<Instant>| {
        deadline.map_or(Duration::from_secs(1), |deadline| deadline.since(clock.now()))
    };
    let mut looks = 0usize;
    machine.start(clock.now());
    let mut give_up_at = clock.now().after(limits.longest);
    let mut cancelled = false;
    let mut peer = None;
    loop {
        let now = clock.now();
        let cancels = !cancelled && limits.cancel.is_requested();
        if cancels || now >= give_up_at {
            // The first time the session is ended; the second time, after a while, the line is closed.
            machine.give_up(now);
            cancelled = true;
            give_up_at = now.after(LINGER);
        }
        let deadline = machine.deadline();
        match machine.poll() {
            ProbeAction::Done(_) => return peer,
            ProbeAction::Close => link.close(),
            ProbeAction::Abort => link.abort(),
            ProbeAction::Persist(body) => {
                let is_stored = store(body);
                let now = clock.now();
                if is_stored {
                    machine.handle_persisted(now);
                } else {
                    machine.handle_persist_failed(now);
                }
            }
            ProbeAction::Connect => {
                let opened = link.connect_unless(left(deadline), &|| limits.cancel.is_requested());
                peer = link.peer();
                machine.handle_connected(clock.now(), opened);
            }
            ProbeAction::Send(bytes) => {
                let length = bytes.len();
                let sent = link.send(bytes, left(deadline));
                machine.handle_sent(clock.now(), sent);
                if sent == Ok(length) {
                    let drained = link.drain(left(machine.deadline()));
                    machine.handle_drained(clock.now(), drained);
                }
            }
            ProbeAction::Wait { until } => {
                let timeout = left(until).min(GLANCE);
                // What is over now counts once a look at the line finds nothing, and not what is over after that look.
                let before = clock.now();
                let result = link.receive(&mut buffer, timeout);
                let now = clock.now();
                looks = if timeout.is_zero() { looks.saturating_add(1) } else { 0 };
                match result {
                    Ok(Received::Bytes(count)) => {
                        machine.handle_input(now, buffer.get(..count).unwrap_or_default());
                    }
                    Ok(Received::Nothing) if timeout.is_zero() => machine.handle_timeout(before),
                    Ok(Received::Nothing) => {}
                    Ok(Received::Closed) | Err(_) => machine.handle_closed(now),
                }
                if looks > MAX_LOOKS {
                    machine.handle_timeout(before);
                }
            }
        }
    }
}
