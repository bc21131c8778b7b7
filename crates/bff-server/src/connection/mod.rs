//! The connections of the public port, and how much a client can make one of them cost.
//!
//! actix reads ahead of the answers, drains an unread body for as long as it comes, and waits without
//! end for a client that does not read. The socket under it ([`Socket`]) and a timer beside it
//! ([`Watched`]) bound all of that:
//!
//! | the client | what bounds it |
//! |---|---|
//! | sends nothing, or half a head | `server.keep_alive`, `server.head_timeout` |
//! | pipelines without reading | the next request waits until the last answer has been written |
//! | does not read its answer | `server.write_timeout` since the last byte that it took |
//! | sends a body that is not read | the connection closes behind the answer, [`LINGER`] and [`LINGER_BYTES`] later |
//! | pipelines | actix gets one head at a time, and a few kilobytes wait in front of it |
//! | sends while its request is answered | nothing is read then; the kernel's buffer is what it may fill |
//!
//! No request costs a timer: one is armed per connection, and set again only for an earlier end.

mod flow;
mod open;
mod socket;
mod watched;

pub(crate) use self::{
    flow::{Bounds, Flow},
    open::Connections,
    socket::Socket,
    watched::Watched,
};

use std::time::Duration;

/// How long a connection is read on after its last answer, so that the client gets that answer and
/// not a reset (lingering close: RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(1);

/// How many bytes are read and dropped in that time.
const LINGER_BYTES: usize = 64 * 1024;
