//! What the benches share: recorded answers, the home screen, and requests that nobody sent.
#![allow(dead_code, reason = "shared by two benches; each uses its own part")]

pub(crate) mod bodies;
pub(crate) mod home;
pub(crate) mod loopback;
pub(crate) mod plain;
pub(crate) mod request;
