//! The BFFs of this workspace as programs: which there are, how they are started, and what a running one answers.
#![forbid(unsafe_code)]

pub mod audit;
pub mod declared;
pub mod program;
