//! The output of a command. A reader that has stopped reading never stops a payment.

mod queue;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stop::{self, End};
use crate::usage::Wrong;
use queue::{Loss, Queues, Stream};

/// How long a line on standard error may wait for its reader once standard output is written.
const STANDARD_ERROR: Duration = Duration::from_secs(1);

/// The output of a command: text for people or JSON lines for programs.
///
/// Two threads write the lines to standard output and standard error; no method waits for either reader. [`end`](Self::end)
/// does, when nothing is locked any more.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    json: bool,
    queues: Arc<Queues>,
}

impl Output {
    /// Starts the threads that write.
    pub(crate) fn new(json: bool) -> Result<Self, Wrong> {
        let queues = Queues::start().map_err(|error| Wrong::failure(70, "threads", error))?;
        Ok(Self { json, queues })
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// A line for people, on standard output.
    pub(crate) fn text(&self, line: impl fmt::Display) {
        if !self.json {
            self.line(line);
        }
    }

    /// A line for programs, on standard output.
    pub(crate) fn json(&self, value: &Value) {
        if self.json {
            self.line(value);
        }
    }

    /// A line on standard output, for people and for programs.
    pub(crate) fn line(&self, line: impl fmt::Display) {
        self.queues.push(Stream::Output, line.to_string());
    }

    /// A line that tells of progress: for programs, and for people. It is dropped, and counted, while too many wait for the
    /// reader.
    pub(crate) fn progress(&self, value: &Value, text: impl fmt::Display) {
        let line = if self.json { value.to_string() } else { text.to_string() };
        let json = self.json;
        self.queues.push_progress(line, |dropped| {
            if json {
                json!({ "event": "dropped", "dropped_events": dropped }).to_string()
            } else {
                format!("… {dropped} line(s) dropped / {dropped} ligne(s) perdue(s)")
            }
        });
    }

    /// How many lines of progress were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.queues.dropped()
    }

    /// A warning or a hint, on standard error whatever the form of the output.
    pub(crate) fn notice(&self, line: impl fmt::Display) {
        self.queues.push(Stream::Error, line.to_string());
    }

    /// Waits while many lines wait for the reader of standard output. Only for a command that holds nothing.
    pub(crate) fn wait_for_room(&self) {
        self.queues.wait_for_room();
    }

    /// Waits until standard output is written; `false` when its reader has gone away or it cannot be written. Only for a
    /// command that holds nothing.
    pub(crate) fn flush(&self) -> bool {
        self.queues.wait(Stream::Output, None) && self.queues.loss(Stream::Output).is_none()
    }

    /// Waits for the readers at the end of a command, which holds nothing any more: for standard output as long as
    /// `patience` says or until signals end the wait, for standard error a moment. Gives the exit code.
    pub(crate) fn end(&self, code: u8, end: &Ending) -> u8 {
        stop::begin_to_tell();
        let began = Instant::now();
        let mut signalled: Option<(Instant, Duration)> = None;
        while !self.queues.wait(Stream::Output, Some(Duration::from_millis(20))) {
            let now = Instant::now();
            let grace = match stop::end_of_telling() {
                End::None => None,
                End::Soon => Some(Duration::from_secs(5)),
                End::Now => Some(Duration::from_millis(500)),
            };
            if let Some(grace) = grace {
                let (since, shortest) = signalled.unwrap_or((now, grace));
                let shortest = shortest.min(grace);
                signalled = Some((since, shortest));
                if now.saturating_duration_since(since) >= shortest {
                    break;
                }
            }
            if end.patience.is_some_and(|patience| now.saturating_duration_since(began) >= patience) {
                break;
            }
        }
        let mut code = code;
        match self.queues.loss(Stream::Output) {
            Some(Loss::Failed(why)) => {
                self.notice(format_args!(
                    "error: standard output could not be written: {why}; lines are missing there"
                ));
                self.notice(format_args!(
                    "erreur : la sortie standard n'a pas pu être écrite : {why} ; il y manque des lignes"
                ));
                code = end.unwritten.unwrap_or(code);
            }
            // A reader that has gone away has read what it wanted.
            Some(Loss::ReaderGone) | None => {}
        }
        let dropped = self.dropped();
        if dropped > 0 {
            self.notice(format_args!(
                "warning: {dropped} line(s) of progress were dropped: the reader of standard output does not read"
            ));
            self.notice(format_args!(
                "attention : {dropped} ligne(s) perdue(s) : le lecteur de la sortie standard ne lit pas"
            ));
        }
        self.queues.wait(Stream::Error, Some(STANDARD_ERROR));
        code
    }
}

/// How a command ends whose output has not been read or written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ending {
    /// The exit code when standard output could not be written. None where the exit code itself is what the command has
    /// found out or done.
    pub(crate) unwritten: Option<u8>,
    /// How long the reader of standard output is waited for; none is until a signal.
    pub(crate) patience: Option<Duration>,
}
