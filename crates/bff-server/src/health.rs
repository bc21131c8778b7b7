//! Where the process is in its life: starting, ready, draining.

use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by the public port, which changes it, and the admin port, which tells it.
#[derive(Debug, Default)]
pub(crate) struct Health(AtomicU8);

const READY: u8 = 1;
const DRAINING: u8 = 2;

impl Health {
    pub(crate) fn set_ready(&self) {
        self.0.store(READY, Ordering::Release);
    }

    pub(crate) fn set_draining(&self) {
        self.0.store(DRAINING, Ordering::Release);
    }

    /// Whether start-up is over; stays true while draining.
    pub(crate) fn started(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    /// Whether new requests are welcome.
    pub(crate) fn ready(&self) -> bool {
        self.0.load(Ordering::Acquire) == READY
    }
}
