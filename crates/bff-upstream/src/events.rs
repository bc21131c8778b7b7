//! What the policies did, counted: read by metrics and the admin port. All but the attempts is written
//! only when something happens that a healthy call does not know.

use crate::policy::breaker::Change;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The counts of one service.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Requests to hosts, retries and hedges included.
    pub(crate) attempts: Count,
    pub(crate) retries: Count,
    pub(crate) hedges: Count,
    pub(crate) hedges_won: Count,
    /// Retries and hedges that were not made because the budget was spent.
    pub(crate) budget_spent: Count,
    pub(crate) opened: Count,
    pub(crate) closed: Count,
    pub(crate) refused_open: Count,
    pub(crate) refused_full: Count,
    pub(crate) refused_late: Count,
    /// Reads that were answered by another caller's call.
    pub(crate) shared: Count,
}

impl Events {
    pub(crate) fn count(&self, change: Change) {
        match change {
            Change::Opened(_) => self.opened.add(),
            Change::Closed => self.closed.add(),
        }
    }
}
