//! Model checking of whole transactions on a line with sessions: the real till machine (sessions, codec, deciding and all)
//! against the real transition function of a terminal on a bad line (`pair`), and against a peer that says anything at any
//! time (`alone`). `bugs`: what each promise is worth, shown by a mistake that it sees.
//!
//! A till machine borrows its storage and cannot be copied, so that a state is the inputs that lead to it, and each step
//! plays them again. Two states are the same when the machine shows the same, with its moments taken from now on.

mod alone;
mod bugs;
#[path = "../../../link/tests/serial_model/ends.rs"]
mod ends;
mod pair;
#[path = "../support/mod.rs"]
mod support;
mod till;

/// What must hold, by name.
mod promise {
    pub const ONCE: &str = "a financial message goes out once";
    pub const ONE_DELIVERY: &str = "a financial message is delivered once";
    pub const APPROVED: &str = "approved means that this transaction was approved";
    pub const REFUSED: &str = "declined and not sent mean that no money moves";
    pub const EARLIER: &str = "after an earlier result that could be ours, none is believed";
    pub const PROOF: &str = "nothing sent means that no byte was accepted";
    pub const ATTEMPTS: &str = "the line is asked for as often as configured";
    pub const RECORD: &str = "the start is on disk before the message, and the end before it is told";
    pub const REST: &str = "every run ends";
    pub const ALL: [&str; 9] =
        [ONCE, ONE_DELIVERY, APPROVED, REFUSED, EARLIER, PROOF, ATTEMPTS, RECORD, REST];
}
