//! The queues of lines between a command and those who read its output.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most lines of progress that wait for the reader.
const MAX_PROGRESS: usize = 4096;

/// The most lines that wait for the reader of a command that waits for its reader.
const MAX_WAITING: usize = 256;

/// How long a line waits for an older one on the other stream, so that a screen shows both in their order.
const ORDER: Duration = Duration::from_millis(100);

/// How long to wait before writing again to a stream that is full and does not block.
const FULL: Duration = Duration::from_millis(10);

/// A stream of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Why lines are missing on a stream.
#[derive(Clone, Debug)]
pub(super) enum Loss {
    /// The reader has closed its end.
    ReaderGone,
    /// The system says why.
    Failed(String),
}

#[derive(Debug)]
struct Line {
    /// Counts the lines of both streams.
    number: u64,
    text: String,
    is_progress: bool,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Line>,
    /// The number of the line that is being written.
    writing: Option<u64>,
    loss: Option<Loss>,
    /// Whether the reader is slow: the other stream does not wait for this one.
    is_slow: bool,
}

impl Queue {
    fn oldest(&self) -> Option<u64> {
        self.writing.or_else(|| self.lines.front().map(|line| line.number))
    }

    fn is_idle(&self) -> bool {
        self.oldest().is_none()
    }
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    output: Queue,
    error: Queue,
    /// How many lines of progress wait.
    progress: usize,
    /// How many were dropped, and how many of them the reader has not been told of.
    dropped: (u64, u64),
}

impl State {
    const fn queue(&mut self, stream: Stream) -> &mut Queue {
        match stream {
            Stream::Output => &mut self.output,
            Stream::Error => &mut self.error,
        }
    }

    const fn other(&mut self, stream: Stream) -> &mut Queue {
        match stream {
            Stream::Output => &mut self.error,
            Stream::Error => &mut self.output,
        }
    }

    fn push(&mut self, stream: Stream, text: String, is_progress: bool) {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let queue = self.queue(stream);
        if !matches!(queue.loss, Some(Loss::ReaderGone)) {
            queue.lines.push_back(Line { number, text, is_progress });
            self.progress = self.progress.saturating_add(usize::from(is_progress));
        }
    }
}

/// The queues of both streams.
#[derive(Debug, Default)]
pub(super) struct Queues {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queues {
    /// Starts a thread for each stream. They end with the process: one that waits for its reader cannot be ended.
    pub(super) fn start() -> io::Result<Arc<Self>> {
        let queues = Arc::new(Self::default());
        for stream in [Stream::Output, Stream::Error] {
            let queues = Arc::clone(&queues);
            let thread = thread::Builder::new().name("output".into()).stack_size(256 << 10);
            thread.spawn(move || queues.write_lines(stream))?;
        }
        Ok(queues)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a line, however many wait.
    pub(super) fn push(&self, stream: Stream, text: String) {
        self.state().push(stream, text, false);
        self.changed.notify_all();
    }

    /// Waits until fewer lines wait for the reader of standard output than wait at most, so that a command whose output is long
    /// takes no more memory than that.
    pub(super) fn wait_for_room(&self) {
        let is_full = |state: &mut State| state.output.lines.len() >= MAX_WAITING;
        drop(self.changed.wait_while(self.state(), is_full));
    }

    /// Queues a line of progress on standard output, unless too many wait. The first line after dropped ones follows one
    /// that `gap` makes of their number.
    pub(super) fn push_progress(&self, text: String, gap: impl FnOnce(u64) -> String) {
        {
            let mut state = self.state();
            let (all, untold) = state.dropped;
            if state.progress >= MAX_PROGRESS {
                state.dropped = (all.saturating_add(1), untold.saturating_add(1));
                return;
            }
            if untold > 0 {
                state.dropped = (all, 0);
                state.push(Stream::Output, gap(untold), true);
            }
            state.push(Stream::Output, text, true);
        }
        self.changed.notify_all();
    }

    pub(super) fn dropped(&self) -> u64 {
        self.state().dropped.0
    }

    pub(super) fn loss(&self, stream: Stream) -> Option<Loss> {
        self.state().queue(stream).loss.clone()
    }

    /// Waits until nothing waits to be written, at most for this time. Gives whether nothing does.
    pub(super) fn wait(&self, stream: Stream, timeout: Option<Duration>) -> bool {
        let busy = |state: &mut State| !state.queue(stream).is_idle();
        match timeout {
            None => {
                drop(self.changed.wait_while(self.state(), busy));
                true
            }
            Some(timeout) => match self.changed.wait_timeout_while(self.state(), timeout, busy) {
                Ok((_, result)) => !result.timed_out(),
                Err(_) => true,
            },
        }
    }

    fn write_lines(&self, stream: Stream) {
        loop {
            let line = self.next(stream);
            let written = match stream {
                Stream::Output => write(&mut io::stdout().lock(), &line.text),
                Stream::Error => write(&mut io::stderr().lock(), &line.text),
            };
            let mut state = self.state();
            if line.is_progress {
                state.progress = state.progress.saturating_sub(1);
            }
            let queue = state.queue(stream);
            queue.writing = None;
            queue.is_slow = false;
            if let Err(error) = written {
                if error.kind() == ErrorKind::BrokenPipe {
                    queue.loss = Some(Loss::ReaderGone);
                    let gone = std::mem::take(&mut queue.lines);
                    let progress = gone.iter().filter(|line| line.is_progress).count();
                    state.progress = state.progress.saturating_sub(progress);
                } else {
                    queue.loss.get_or_insert_with(|| Loss::Failed(error.to_string()));
                }
            }
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits for the next line of a stream, and a moment for older ones on the other.
    fn next(&self, stream: Stream) -> Line {
        let mut state = self.state();
        let mut since = None;
        loop {
            let Some(number) = state.queue(stream).lines.front().map(|line| line.number) else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let other = state.other(stream);
            let is_first = other.is_slow || other.oldest().is_none_or(|older| older > number);
            let waited = since.get_or_insert_with(Instant::now).elapsed();
            if is_first || waited >= ORDER {
                other.is_slow |= !is_first;
                let queue = state.queue(stream);
                if let Some(line) = queue.lines.pop_front() {
                    queue.writing = Some(line.number);
                    return line;
                }
            }
            let timeout = ORDER.saturating_sub(waited);
            state = self.changed.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Writes a line, whole and at once.
fn write(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    let line = format!("{text}\n");
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) => pause(error)?,
        }
    }
    loop {
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) => pause(error)?,
        }
    }
}

/// Waits before another attempt; an error that no attempt mends is given back.
fn pause(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        // A reader that set the stream so shares it with this process.
        ErrorKind::WouldBlock => {
            thread::sleep(FULL);
            Ok(())
        }
        _ => Err(error),
    }
}
