//! Ways to read and write the messages of a terminal, side by side on the same bytes. `benches/codec.rs` takes their
//! time, `benches/counts.rs` their instructions and their heap; `docs/performance.md` says what came out.
//!
//! Every contender answers with something that is compared with what is known of the input, so that none can win by
//! doing nothing. What a contender leaves out is said with it.

pub mod encode;
pub mod input;
pub mod limit;
pub mod nom_style;
pub mod ours;
pub mod owned;

/// What decides, of a request or an answer of either generation: what a till compares with what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// The register (CA, POS).
    pub register: u8,
    /// The amount in minor units (CB, MNT).
    pub minor: u64,
    /// The number of the currency (CE, DEV).
    pub currency: u16,
    /// What was asked for (CD, TYPE); answers of E and E+ do not say it.
    pub action: Option<u8>,
    /// Whether an answer says that it was done (AE, STAT); nothing in a request.
    pub performed: Option<bool>,
    /// The complement of an answer (AF): the two digits.
    pub complement: Option<[u8; 2]>,
    /// Whether the answer comes at once and decides nothing (BA, DELAI).
    pub immediate: bool,
}
