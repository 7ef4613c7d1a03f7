//! Ctrl-C, and its kin from the system.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use caisse::CancelHandle;

use crate::usage::Wrong;

fn install(handler: impl FnMut() + Send + 'static) -> Result<(), Wrong> {
    ctrlc::set_handler(handler).map_err(|error| Wrong::failure(70, "signals", error))
}

/// The first signal asks the payment to stop, the second gives up waiting.
pub(crate) fn cancel_on_signal(cancel: CancelHandle) -> Result<(), Wrong> {
    let count = AtomicU32::new(0);
    install(
        move || if count.fetch_add(1, Ordering::Relaxed) == 0 { cancel.cancel() } else { cancel.give_up() },
    )
}

/// Something that waits for the first signal.
pub(crate) fn first_signal() -> Result<mpsc::Receiver<()>, Wrong> {
    let (sender, receiver) = mpsc::channel();
    install(move || {
        // The receiver goes when the program does.
        let _ = sender.send(());
    })?;
    Ok(receiver)
}
