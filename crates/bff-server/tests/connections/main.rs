//! What a client can make of a connection: requests that are framed oddly, answers that it does not
//! read, bodies that do not end, and connections that live while the server stops.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

mod bed;
mod bounds;
mod drain;
mod flood;
mod framing;
