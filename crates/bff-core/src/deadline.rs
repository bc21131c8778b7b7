//! Until when a request, and its calls, have to be done.

use std::time::Duration;
use tokio::time::Instant;

/// When a request has to be done, and when its calls have to be.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    budget: Duration,
}

impl Deadline {
    /// A request that begins now and may take `budget`.
    #[must_use]
    pub fn starting_now(budget: Duration) -> Self {
        Self { start: Instant::now(), budget }
    }

    /// When the request began.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.start
    }

    /// When the answer has to be on its way.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.start + self.budget
    }

    /// When calls have to be done: a tenth of the budget before the end, so that a hanging optional
    /// call still leaves time to answer with its fallback.
    #[must_use]
    pub fn calls_until(&self) -> Instant {
        self.start + self.budget.mul_f64(0.9)
    }
}
