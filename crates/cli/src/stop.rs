//! The signals that ask a command to stop.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use caisse::CancelHandle;

use crate::usage::Wrong;

/// How long a question that carries no money may still take once a signal has asked it to stop.
const HASTE: Duration = Duration::from_secs(1);

/// What a signal does.
#[derive(Clone, Debug)]
enum Meaning {
    /// Wakes whoever [waits](wait).
    Wake,
    /// The first asks a payment to stop, the second gives up waiting.
    Payment(CancelHandle),
    /// Asks a question to stop, and ends the process with this code if that takes long.
    Question(CancelHandle, u8),
    /// The command has ended; its output waits for a reader.
    Tell,
}

#[derive(Debug)]
struct State {
    is_installed: bool,
    meaning: Meaning,
    /// How many signals came.
    count: u32,
    /// Whether one came that only a program or the system sends.
    terminated: bool,
    /// Whether such a one came while output waited for a reader.
    terminated_at_the_end: bool,
}

#[derive(Debug)]
struct Stop {
    state: Mutex<State>,
    changed: Condvar,
}

static STOP: Stop = Stop {
    state: Mutex::new(State {
        is_installed: false,
        meaning: Meaning::Wake,
        count: 0,
        terminated: false,
        terminated_at_the_end: false,
    }),
    changed: Condvar::new(),
};

fn state() -> MutexGuard<'static, State> {
    STOP.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has signals mean this from now on. Until this is called first, they end the process.
fn install(meaning: Meaning) -> Result<(), Wrong> {
    let (is_installed, count) = {
        let mut state = state();
        state.meaning = meaning.clone();
        (std::mem::replace(&mut state.is_installed, true), state.count)
    };
    if !is_installed {
        return system::install().map_err(|error| Wrong::failure(70, "signals", error));
    }
    // A signal that came before this was asked for counts too.
    match (count, meaning) {
        (0, _) | (_, Meaning::Wake | Meaning::Tell) => {}
        (1, Meaning::Payment(cancel)) => cancel.cancel(),
        (_, Meaning::Payment(cancel) | Meaning::Question(cancel, _)) => cancel.give_up(),
    }
    Ok(())
}

/// The first signal asks the payment to stop, the second gives up waiting.
pub(crate) fn cancel_on_signal(cancel: CancelHandle) -> Result<(), Wrong> {
    install(Meaning::Payment(cancel))
}

/// A signal ends a question that carries no money; if that takes long, the process ends with this code.
pub(crate) fn end_on_signal(cancel: CancelHandle, code: u8) -> Result<(), Wrong> {
    install(Meaning::Question(cancel, code))
}

/// A signal wakes whoever [waits](wait).
pub(crate) fn wake_on_signal() -> Result<(), Wrong> {
    install(Meaning::Wake)
}

/// Waits for a signal, at most for this time. Gives whether one has come.
pub(crate) fn wait(timeout: Option<Duration>) -> bool {
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut state = state();
    while state.count == 0 {
        state = match end {
            None => STOP.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(end) => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                STOP.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
    true
}

/// The command has ended: from now on signals end the wait for the reader of its output.
pub(crate) fn begin_to_tell() {
    state().meaning = Meaning::Tell;
}

/// Whether signals end the wait for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// None came, or one that the command has heeded.
    None,
    /// A program asked the command to end before there was anything to read.
    Soon,
    /// Two came, or one that only a program or the system sends, since the wait began.
    Now,
}

pub(crate) fn end_of_telling() -> End {
    let state = state();
    match (state.count, state.terminated_at_the_end, state.terminated) {
        (2.., ..) | (_, true, _) => End::Now,
        (_, _, true) => End::Soon,
        _ => End::None,
    }
}

/// A signal came; `terminates` if only a program or the system sends it.
fn handle(terminates: bool) {
    let (meaning, count) = {
        let mut state = state();
        state.count = state.count.saturating_add(1);
        state.terminated |= terminates;
        state.terminated_at_the_end |= terminates && matches!(state.meaning, Meaning::Tell);
        (state.meaning.clone(), state.count)
    };
    STOP.changed.notify_all();
    match meaning {
        Meaning::Wake | Meaning::Tell => {}
        Meaning::Payment(cancel) if count == 1 => cancel.cancel(),
        Meaning::Payment(cancel) => cancel.give_up(),
        Meaning::Question(cancel, code) => {
            cancel.give_up();
            thread::sleep(HASTE);
            if matches!(state().meaning, Meaning::Question(..)) {
                // The journal takes a process that ends at any moment, and no money is on its way.
                std::process::exit(code.into());
            }
        }
    }
}

/// Has signals that stand for a limit, or for nothing here, no longer end the process: a write beyond the limit of a file's
/// size fails then.
pub(crate) fn survive_limits() -> io::Result<()> {
    system::survive_limits()
}

#[cfg(unix)]
mod system {
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::signal::{
        SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
    };
    use signal_hook::iterator::backend::SignalDelivery;
    use signal_hook::iterator::exfiltrator::SignalOnly;

    /// SIGALRM comes from whoever has started the process with an alarm, and SIGXCPU at the soft limit of the processor's
    /// time, a second before the next one.
    const STOPPING: [i32; 5] = [SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGXCPU];

    /// How long to wait before the next look where the system cannot tell that a signal came.
    const GLANCE: Duration = Duration::from_millis(50);

    pub(super) fn install() -> io::Result<()> {
        let (read, write) = UnixStream::pair()?;
        let mut signals = SignalDelivery::with_pipe(read, write, SignalOnly, STOPPING)?;
        let thread = thread::Builder::new().name("signals".into());
        thread.spawn(move || {
            loop {
                // The byte only wakes this thread: a read that fails takes no signal away.
                if !matches!(signals.get_read_mut().read(&mut [0]), Ok(1..)) {
                    thread::sleep(GLANCE);
                }
                signals.pending().for_each(|signal| super::handle(signal != SIGINT));
            }
        })?;
        Ok(())
    }

    pub(super) fn survive_limits() -> io::Result<()> {
        for signal in [SIGXFSZ, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO] {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
        Ok(())
    }
}

#[cfg(windows)]
mod system {
    use std::io;

    pub(super) fn install() -> io::Result<()> {
        ctrlc::set_handler(|| super::handle(false)).map_err(io::Error::other)
    }

    pub(super) const fn survive_limits() -> io::Result<()> {
        Ok(())
    }
}
