//! Asks a terminal something that carries no money, and waits for its answer.

use std::time::Duration;

use caisse_hal::{Clock, Instant, Link, Received, SendError};
use caisse_transaction::probe::{ProbeAction, ProbeMachine};
use caisse_transaction::till::Closed;

use crate::driver::not_connected;

/// Drives a probe to its end. `on_stray` takes a message that is no answer before the terminal hears that somebody has it,
/// and says whether it is kept; if not, the terminal does not hear it.
pub(crate) fn ask(
    link: &mut dyn Link,
    clock: &dyn Clock,
    machine: &mut ProbeMachine<'_>,
    mut on_stray: impl FnMut(&[u8]) -> bool,
) {
    let mut buffer = [0; 1024];
    let left = |deadline: Option<Instant>| {
        deadline.map_or(Duration::from_secs(1), |deadline| deadline.since(clock.now()))
    };
    machine.start(clock.now());
    loop {
        let deadline = machine.deadline();
        match machine.poll() {
            ProbeAction::Done(_) => return,
            ProbeAction::Close => link.close(),
            ProbeAction::Abort => link.abort(),
            ProbeAction::Connect => {
                let result = link.connect(left(deadline));
                let now = clock.now();
                match result {
                    Ok(()) => machine.handle_connected(now),
                    Err(error) => machine.handle_closed(now, Closed::NotOpened(not_connected(error))),
                }
            }
            ProbeAction::Send(bytes) => {
                let length = bytes.len();
                let result = link.send(bytes, left(deadline));
                let now = clock.now();
                match result {
                    Ok(accepted) => {
                        machine.handle_sent(now, accepted);
                        // A question that does not leave is not answered; nothing worse can come of it.
                        if accepted == length && link.drain(left(machine.deadline())).is_ok() {
                            machine.handle_drained(clock.now());
                        }
                    }
                    Err(SendError::TimedOut | SendError::Closed | SendError::Uncertain) => {
                        machine.handle_send_failed(now, 0);
                    }
                }
            }
            ProbeAction::Wait { until } => {
                let result = link.receive(&mut buffer, left(until));
                let now = clock.now();
                match result {
                    Ok(Received::Bytes(count)) => {
                        machine.handle_input(now, buffer.get(..count).unwrap_or_default());
                        if machine.stray().is_some_and(|body| !on_stray(body)) {
                            link.abort();
                            machine.handle_closed(now, Closed::ByPeer);
                        }
                    }
                    Ok(Received::Nothing) => {}
                    Ok(Received::Closed) | Err(_) => machine.handle_closed(now, Closed::ByPeer),
                }
                machine.handle_timeout(clock.now());
            }
        }
    }
}
