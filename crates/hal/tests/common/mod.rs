//! What several tests use.
#![allow(dead_code, reason = "each test uses its part")]

pub mod far;
pub mod wire;
