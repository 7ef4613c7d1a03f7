//! What several tests need.
#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod canary;
pub(crate) mod named;
pub(crate) mod nom_spine;
pub(crate) mod vectors;
pub(crate) mod walks;
