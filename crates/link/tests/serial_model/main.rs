//! Model checking of the real transition function. `pair`: a till and a terminal of ours on a line that loses, repeats,
//! changes, delays and goes away. `alone`: one of ours against a peer that says anything at any time. `bugs`: what each
//! promise is worth, shown by a mistake that it sees.

mod alone;
mod bugs;
mod ends;
mod pair;

use caisse_link::serial::{Effects, Input, Rules, State};

/// The transition function, or one with a mistake in it.
type Step<M> = fn(State<M>, Input<M>, &Rules) -> (State<M>, Effects<M>);

/// What must hold, by name.
mod promise {
    pub const ONCE: &str = "a request is emitted once";
    pub const ONE_DELIVERY: &str = "a request is delivered once";
    pub const EARLIER: &str = "what came before our message is not our answer";
    pub const OURS: &str = "our answer is not filed as an earlier one";
    pub const RECEIPT: &str = "delivered means acknowledged after it has left";
    pub const HEARD: &str = "delivered means that the terminal has it";
    pub const PROOF: &str = "nothing sent means that no byte has left";
    pub const ATTEMPTS: &str = "the line is asked for as often as configured";
    pub const COPIES: &str = "a result is said as often as allowed";
    pub const ONE_END: &str = "an errand ends once";
    pub const REST: &str = "left alone, it comes to rest";
    pub const ALL: [&str; 11] =
        [ONCE, ONE_DELIVERY, EARLIER, OURS, RECEIPT, HEARD, PROOF, ATTEMPTS, COPIES, ONE_END, REST];
}
