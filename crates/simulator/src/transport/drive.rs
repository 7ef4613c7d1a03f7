//! Runs one conversation on one line, in real time.

use std::time::Duration;

use caisse_hal::{Link, Received};

use crate::conversation::Conversation;
use crate::fault::Leaves;
use crate::shared::Shared;

/// How often a wait looks whether something has happened at the terminal.
const GLANCE: Duration = Duration::from_millis(20);

/// How long a till may take to read what is sent.
const SENDING: Duration = Duration::from_secs(5);

/// A link that can be cut in more than one way.
pub(crate) trait Line: Link {
    /// Says that nothing more will be sent, where the line can say so.
    fn finish_sending(&mut self) {}

    /// Whether the line has to make room for another, since nothing has come on it.
    fn is_unwanted(&self) -> bool {
        false
    }

    /// Closes with a reset, where the line has one.
    fn reset(&mut self) {
        self.close();
    }
}

/// Runs a conversation until it is over or the terminal is switched off.
pub(crate) fn run(conversation: &mut dyn Conversation, line: &mut dyn Line, shared: &Shared) {
    let mut buffer = [0; 4096];
    let mut open = true;
    while !shared.is_stopped() && !line.is_unwanted() {
        let (leaves, over) = {
            let now = shared.now();
            let mut terminal = shared.terminal();
            conversation.advance(now, &mut terminal);
            (conversation.poll(now, &mut terminal), conversation.is_over(now))
        };
        // What has happened is told before the till learns of it.
        shared.tell();
        match leaves {
            Leaves::Bytes(bytes) => open = open && send(line, &bytes),
            Leaves::Finish => line.finish_sending(),
            Leaves::Cut { reset } => {
                if reset {
                    line.reset()
                } else {
                    line.close()
                }
                open = false;
            }
            Leaves::Wait(_) if over => break,
            Leaves::Wait(until) => {
                let now = shared.now();
                let within = until.map_or(GLANCE, |until| until.since(now).min(GLANCE));
                if !open {
                    std::thread::sleep(within.max(Duration::from_millis(1)));
                    continue;
                }
                match line.receive(&mut buffer, within) {
                    Ok(Received::Bytes(count)) => {
                        let now = shared.now();
                        let bytes = buffer.get(..count).unwrap_or_default();
                        conversation.handle_input(now, bytes, &mut shared.terminal());
                    }
                    Ok(Received::Nothing) => {}
                    Ok(Received::Closed) | Err(_) => open = false,
                }
            }
        }
        if !open {
            // Harmless when it is said again.
            conversation.handle_closed(shared.now(), &mut shared.terminal());
        }
    }
    shared.tell();
}

fn send(line: &mut dyn Line, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match line.send(rest, SENDING) {
            Ok(accepted) => rest = rest.get(accepted..).unwrap_or_default(),
            Err(_) => return false,
        }
    }
    true
}
