//! Between what a terminal thinks and what stands on the wire, in both generations of the protocol.

pub(crate) mod fixed;
pub(crate) mod three;
