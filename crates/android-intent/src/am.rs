//! The words of `am start`, Android's command that starts an activity: `Intent.parseCommandArgs` and the options of the
//! command itself.
//!
//! What stands here ends where the intent is built. The command then adds `FLAG_ACTIVITY_NEW_TASK` and starts it as the
//! shell's user; it has no way to read the activity's result.

mod difference;
mod extra;
mod fill;
mod flag_options;
mod quote;
mod read;
mod words;
mod write;

use crate::Intent;

pub use quote::{CannotQuote, quote};
pub use write::CannotSay;

/// Everything that the words behind `am start` say.
///
/// ```
/// use caisse_android_intent::am::Start;
/// use caisse_android_intent::{ComponentName, Intent};
///
/// let words = ["-W", "-n", "com.shop.pay/.Main", "--ei", "amount", "0x5dc"].map(Into::into);
/// let start = Start::parse(&words)?;
/// assert!(start.options.wait);
/// let intent = Intent::new().with_component(ComponentName::new("com.shop.pay", "com.shop.pay.Main"));
/// assert_eq!(start.intent, intent.with_extra("amount", 1500));
/// # Ok::<(), caisse_android_intent::Exception>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The intent to start.
    pub intent: Intent,
    /// What the command does besides.
    pub options: StartOptions,
}

impl From<Intent> for Start {
    /// Starts the intent, and does nothing besides.
    fn from(intent: Intent) -> Self {
        Self { intent, options: StartOptions::default() }
    }
}

/// The options of the command that concern the start and not the intent. Those of profilers, agents, windows and tasks are
/// read and checked, and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartOptions {
    /// `-W`: wait for the launch (not for the activity's result).
    pub wait: bool,
    /// `-S`: stop the app first.
    pub stop: bool,
    /// [`Self::DEBUG`], [`Self::TRACK_ALLOCATION`], [`Self::NATIVE_DEBUGGING`].
    pub start_flags: i32,
    /// `-R`: how often to repeat.
    pub repeat: i32,
    /// `--user`: the user, [`Self::CURRENT_USER`] or [`Self::ALL_USERS`].
    pub user: i32,
}

impl StartOptions {
    /// `-D`: let a debugger attach.
    pub const DEBUG: i32 = 2;
    /// `--track-allocation`.
    pub const TRACK_ALLOCATION: i32 = 4;
    /// `-N`: native debugging.
    pub const NATIVE_DEBUGGING: i32 = 8;
    /// The user before the screen.
    pub const CURRENT_USER: i32 = -2;
    /// All users; the command then refuses to start an activity.
    pub const ALL_USERS: i32 = -1;
}

impl Default for StartOptions {
    fn default() -> Self {
        Self { wait: false, stop: false, start_flags: 0, repeat: 0, user: Self::CURRENT_USER }
    }
}
