//! Sessions on a serial or USB line: who may speak, what was heard, and how often it is tried. Without I/O or clock.
//!
//! Both ends are the same machine. Whoever has something to say asks for the line (ENQ), is granted it (ACK), says it in
//! one frame, is told that it was well received (ACK) and ends the session (EOT). A till sends its request so, and later
//! the terminal its result.
//!
//! * [`Session`] holds instants, storage and counters; the owner reports what happens and drains [`Session::poll`].
//! * [`step`] is its transition function: pure, small, and what the model checker runs.
//! * [`Permit`] is the right to put a message on the line. A till has [`Once`] and no way to a second one, a terminal
//!   [`Copies`], a probe [`Never`].
//! * [`SerialConfig`] holds every timer and count, each with its source; [`LineSettings`] the speed and form of a
//!   character.

mod config;
mod event;
mod line_settings;
mod listening;
mod opening;
mod outbox;
mod permit;
mod probe;
mod session;
mod speaking;
mod state;
mod step;

pub use config::{Contention, Reaction, Readiness, Rules, SerialConfig, Timers};
pub use event::{AttemptFailure, Counters, Event, Instead, Proof, SessionEnd, Standing};
pub use line_settings::{Baud, DataBits, LineSettings, LineSettingsError, Parity, StopBits};
pub use permit::{Copies, Never, Once, Permit};
pub use probe::{Probe, ProbeAction};
pub use session::{Action, Session, SpeakError};
pub use state::{Call, Errand, Listening, Opening, Own, Past, Speaking, Spent, State, Timer};
pub use step::{Effect, Effects, Input, step};
