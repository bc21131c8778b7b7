//! The BFFs of this workspace as programs: which there are, and how they are started.
#![forbid(unsafe_code)]

pub mod declared;
pub mod program;
