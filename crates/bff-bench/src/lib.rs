//! What the benchmark's programs share: sockets without a framework, cutting JSON without reading it, and figures.
#![forbid(unsafe_code)]

pub mod arguments;
pub mod figures;
pub mod message;
pub mod poll;
pub mod socket;
pub mod splice;
