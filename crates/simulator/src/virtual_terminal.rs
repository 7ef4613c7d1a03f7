//! The virtual terminal on a real line.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use caisse_hal::{Address, Instant};
use caisse_payment::Amount;

use crate::builder::Builder;
use crate::fault::Fault;
use crate::ledger::{Charge, Ledger};
use crate::script::{Script, Turn};
use crate::shared::Shared;
use crate::terminal::{Happened, NotNow, Terminal};

/// A virtual terminal on a line of its own, until it is dropped.
///
/// ```
/// use caisse_simulator::VirtualTerminal;
///
/// let terminal = VirtualTerminal::start()?; // approves, on a free port of 127.0.0.1
/// assert!(terminal.address().to_string().starts_with("tcp://127.0.0.1:"));
/// assert!(terminal.ledger().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct VirtualTerminal {
    pub(crate) shared: Arc<Shared>,
    /// Where its listener can be woken.
    pub(crate) listener: Option<SocketAddr>,
    pub(crate) serving: Option<JoinHandle<()>>,
    #[cfg(feature = "control")]
    pub(crate) control: Option<crate::control::Server>,
}

impl VirtualTerminal {
    /// A terminal that approves everything, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Sets up another one.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where a till reaches it. A pseudo-terminal that was cut comes back under another path.
    #[must_use]
    pub fn address(&self) -> Address {
        self.shared.address()
    }

    /// Where it is controlled, if it is.
    #[cfg(feature = "control")]
    #[must_use]
    pub fn control_address(&self) -> Option<SocketAddr> {
        self.control.as_ref().map(crate::control::Server::address)
    }

    /// What it has charged.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.at_terminal(|terminal, _| terminal.ledger().clone())
    }

    /// Tells it what to answer from now on.
    pub fn set_answer(&self, script: Script) {
        self.at_terminal(|terminal, _| terminal.set_script(script));
    }

    /// Puts a turn before the script: what happens in the next transaction.
    ///
    /// # Errors
    /// When ten thousand are waiting.
    pub fn push_turn(&self, turn: Turn) -> Result<(), NotNow> {
        self.at_terminal(|terminal, _| terminal.push_turn(turn))
    }

    /// Tells it what goes wrong in every transaction from now on.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.at_terminal(|terminal, _| terminal.set_faults(faults));
    }

    /// The name of its state: idle, waiting_for_card, authorising, printing, busy, asleep, background or rebooting.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.at_terminal(|terminal, _| terminal.state())
    }

    /// The customer presents a card.
    ///
    /// # Errors
    /// When it waits for none.
    pub fn present_card(&self) -> Result<(), NotNow> {
        self.at_terminal(Terminal::present_card)
    }

    /// Somebody presses the red button.
    ///
    /// # Errors
    /// When there is nothing to abandon, or it is too late.
    pub fn press_red_button(&self) -> Result<(), NotNow> {
        self.at_terminal(Terminal::press_red_button)
    }

    /// It falls asleep: on TCP nobody listens, on a serial line nobody answers.
    ///
    /// # Errors
    /// When it is not idle.
    pub fn sleep(&self) -> Result<(), NotNow> {
        self.at_terminal(Terminal::sleep)
    }

    /// Somebody wakes it, leaves its menus, or brings it to the front.
    ///
    /// # Errors
    /// When a transaction is on its way, or it is rebooting.
    pub fn wake(&self) -> Result<(), NotNow> {
        self.at_terminal(Terminal::wake)
    }

    /// It reboots for this long.
    pub fn reboot(&self, time: Duration) {
        self.at_terminal(|terminal, now| terminal.reboot(now, time));
    }

    /// Everything as at the start, for the next test.
    pub fn reset(&self) {
        self.at_terminal(Terminal::reset);
    }

    /// Does anything else at the terminal; what came of it is told to the listeners.
    pub fn at_terminal<T>(&self, action: impl FnOnce(&mut Terminal, Instant) -> T) -> T {
        let result = self.shared.at_terminal(action);
        if !self.shared.is_reachable() {
            self.nudge();
        }
        result
    }

    /// What has happened since the event of this number; 0 for all that is kept.
    #[must_use]
    pub fn events_since(&self, number: u64) -> Vec<Happened> {
        self.shared.terminal().events_since(number)
    }

    /// The command that does the same again, exactly; see [`Terminal::replay`].
    #[must_use]
    pub fn replay(&self) -> String {
        self.shared.terminal().replay()
    }

    /// Wakes the listener, which waits for connections.
    fn nudge(&self) {
        nudge(self.listener);
    }
}

/// Wakes a listener from its wait; a terminal that listens everywhere is reached on the loopback.
pub(crate) fn nudge(listener: Option<SocketAddr>) {
    let Some(mut address) = listener else { return };
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            [0, 0, 0, 0, 0, 0, 0, 1].into()
        });
    }
    // Nobody listens when it has woken by itself.
    let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
}

/// What a test may state. Each failure prints the line that starts the same terminal again, and what it did.
impl VirtualTerminal {
    fn fail(&self, what: fmt::Arguments<'_>) -> String {
        let movements: Vec<String> = self
            .ledger()
            .movements()
            .iter()
            .map(|it| format!("  {} {} {} in {}", it.number, it.kind, it.amount_minor, it.currency))
            .collect();
        format!(
            "{what}; the ledger has {} movement(s):\n{}\nreplay: {}",
            movements.len(),
            movements.join("\n"),
            self.replay()
        )
    }

    /// The one charge there is.
    ///
    /// # Panics
    /// Unless exactly one charge was made, with this amount.
    #[track_caller]
    pub fn assert_charged_once(&self, amount: Amount) -> Charge {
        let charges = self.ledger().charges();
        let wanted = |charge: &Charge| {
            (charge.amount_minor, charge.currency) == (amount.minor(), amount.currency().numeric())
        };
        match charges.as_slice() {
            [charge] if wanted(charge) => *charge,
            _ => fail(&self.fail(format_args!("expected one charge of {amount}"))),
        }
    }

    /// The one charge that carries this reference of the till (CH, else CF, else PRIV).
    ///
    /// # Panics
    /// Unless exactly one charge carries it.
    #[track_caller]
    pub fn assert_charged_once_for(&self, reference: &str) -> Charge {
        let found = self.ledger().labelled(reference);
        let charges: Vec<&Charge> = found.iter().filter(|charge| charge.kind.is_charge()).collect();
        match charges.as_slice() {
            [charge] => **charge,
            _ => fail(
                &self.fail(format_args!("expected one charge for this reference, not {}", charges.len())),
            ),
        }
    }

    /// Nothing was charged.
    ///
    /// # Panics
    /// When anything was.
    #[track_caller]
    pub fn assert_nothing_charged(&self) {
        if !self.ledger().is_empty() {
            fail(&self.fail(format_args!("expected no charge")));
        }
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "an assertion")]
fn fail(what: &str) -> ! {
    panic!("{what}")
}

impl fmt::Debug for VirtualTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTerminal").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Drop for VirtualTerminal {
    fn drop(&mut self) {
        self.shared.stop();
        let Some(serving) = self.serving.take() else { return };
        // Without descriptors the listener cannot be woken; it is left behind then.
        for look in 0..1_000 {
            if look % 100 == 0 {
                self.nudge();
            }
            if serving.is_finished() {
                let _ = serving.join();
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}
