#![doc = include_str!("../README.md")]
#![no_std]
#![deny(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

extern crate alloc;

pub mod am;
mod component;
mod exception;
mod extras;
pub mod flags;
mod intent;
mod java;
#[cfg(feature = "json")]
pub mod json;
mod rect;
mod string;
mod uri;
mod value;

pub use component::ComponentName;
pub use exception::{Exception, ExceptionClass};
pub use extras::{Categories, Extras};
pub use intent::Intent;
pub use rect::Rect;
pub use string::{JavaString, LoneSurrogate};
pub use uri::UriFlags;
pub use value::Value;

/// The action that an `intent:` URI has unless it names another: `android.intent.action.VIEW`.
pub const ACTION_VIEW: &str = "android.intent.action.VIEW";

/// The action that starts an app: `android.intent.action.MAIN`.
pub const ACTION_MAIN: &str = "android.intent.action.MAIN";

/// The category of the activities that a launcher shows: `android.intent.category.LAUNCHER`.
pub const CATEGORY_LAUNCHER: &str = "android.intent.category.LAUNCHER";
