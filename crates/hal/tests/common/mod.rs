//! What several tests use.
#![allow(dead_code, reason = "each test uses its part")]

#[cfg(all(unix, feature = "pty", feature = "serial", feature = "conformance"))]
pub mod far;
#[cfg(feature = "conformance")]
pub mod wire;
