//! A BFF as a process: it takes its ports when everything else is known to work, answers on several workers,
//! and ends in time.

pub(crate) mod health;
pub(crate) mod lifecycle;
pub(crate) mod listen;
pub(crate) mod optional_parts;
pub(crate) mod randomness;
pub(crate) mod server;
pub(crate) mod start_error;
pub(crate) mod version;
pub(crate) mod worker;
