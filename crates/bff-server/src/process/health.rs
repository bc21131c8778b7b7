//! Where the process is in its life: starting, ready, draining.

use bff_limits::overload::{Level, Pressures};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Shared by the public port, which changes it, and the admin port, which tells it.
#[derive(Debug)]
pub(crate) struct Health {
    phase: AtomicU8,
    pressures: Arc<Pressures>,
}

const READY: u8 = 1;
const DRAINING: u8 = 2;

impl Health {
    pub(crate) fn new(pressures: Arc<Pressures>) -> Self {
        Self { phase: AtomicU8::new(0), pressures }
    }

    pub(crate) fn set_ready(&self) {
        self.phase.store(READY, Ordering::Release);
    }

    pub(crate) fn set_draining(&self) {
        self.phase.store(DRAINING, Ordering::Release);
    }

    /// Whether start-up is over; stays true while draining.
    pub(crate) fn started(&self) -> bool {
        self.phase.load(Ordering::Acquire) != 0
    }

    /// Whether new requests are welcome: not while draining, and not while every worker has been
    /// refusing requests for a while.
    pub(crate) fn ready(&self) -> bool {
        let overloaded = || {
            let workers = self.pressures.all();
            !workers.is_empty() && workers.iter().all(|worker| worker.level() == Level::Unready)
        };
        self.phase.load(Ordering::Acquire) == READY && !overloaded()
    }
}
