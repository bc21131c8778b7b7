//! The time of a request, read once and passed on, so that every rule about time can be tested
//! without waiting.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One point in time on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// What tokens are dated in; an operator may turn it back.
    wall: SystemTime,
    /// What ages and pauses are measured in; it only goes forward.
    pub(crate) steady: Instant,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { wall: SystemTime::now(), steady: Instant::now() }
    }

    /// Seconds since 1970, with fractions, as in the claims of a token.
    pub(crate) fn seconds(self) -> f64 {
        self.wall.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
    }

    /// Whole seconds since 1970, as tokens of our own have them.
    pub(crate) fn whole_seconds(self) -> u64 {
        self.wall.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
    }

    #[cfg(test)]
    pub(crate) fn later(self, by: Duration) -> Self {
        Self { wall: self.wall + by, steady: self.steady + by }
    }
}
