//! How long an answer is kept, and what may be served while nobody has a newer one.
//!
//! ```
//! # use bff_core::prelude::*;
//! fn menu() -> Call<String, Shared> {
//!     Service::named("kitchen").get("menu").at("text").named("menu")
//! }
//!
//! let _kept = menu().cached(keep::CATALOGUE);
//! ```

use std::time::Duration;

/// A policy of one class of data. Written at the call: `.cached(keep::CATALOGUE)`, or
/// `.cached(minutes(5).while_revalidating(minutes(1)))` by way of [`Keep::of`].
///
/// | age | what is served |
/// |---|---|
/// | below `fresh` | the kept answer; now and then one request renews it early, in the background |
/// | up to `while_revalidating` more | the kept answer, while it is renewed in the background |
/// | up to `if_error` more | a new answer; the kept one, marked `stale`, when there is none |
/// | beyond | a new answer |
///
/// ```
/// # use bff_core::prelude::*;
///
/// const MENU: Keep = Keep::of(minutes(5)).while_revalidating(minutes(1)).stale_if_error(minutes(60));
///
/// fn menu() -> Call<String, Shared> {
///     Service::named("kitchen").get("menu").at("text").named("menu")
/// }
///
/// let _kept = menu().cached(MENU);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    fresh: Duration,
    while_revalidating: Duration,
    if_error: Duration,
    missing: Duration,
    jitter_percent: u8,
}

/// Products, categories, texts: changed by people.
pub const CATALOGUE: Keep = Keep::of(Duration::from_secs(600))
    .while_revalidating(Duration::from_secs(600))
    .stale_if_error(Duration::from_secs(3600))
    .missing_for(Duration::from_secs(30));
/// Stores, opening hours, delivery areas: changed now and then.
pub const STORES: Keep = Keep::of(Duration::from_secs(3600))
    .while_revalidating(Duration::from_secs(3600))
    .stale_if_error(Duration::from_secs(86_400))
    .missing_for(Duration::from_secs(60));
/// Feature flags: a change is wanted within seconds, and their absence breaks pages.
pub const FLAGS: Keep = Keep::of(Duration::from_secs(15))
    .while_revalidating(Duration::from_secs(15))
    .stale_if_error(Duration::from_secs(3600));
/// Reviews and ratings: many, and nobody waits for the newest.
pub const REVIEWS: Keep = Keep::of(Duration::from_secs(300))
    .while_revalidating(Duration::from_secs(300))
    .stale_if_error(Duration::from_secs(3600))
    .missing_for(Duration::from_secs(30));
/// Prices and stock: only as long as a burst of equal requests.
pub const MICRO: Keep = Keep::of(Duration::from_millis(200)).jitter_percent(0);

impl Keep {
    /// Fresh for this long, give or take a half, and not served a moment longer.
    #[must_use]
    pub const fn of(fresh: Duration) -> Self {
        Self {
            fresh,
            while_revalidating: Duration::ZERO,
            if_error: Duration::ZERO,
            missing: Duration::ZERO,
            jitter_percent: 50,
        }
    }

    /// For this much longer a kept answer is served while it is renewed in the background.
    #[must_use]
    pub const fn while_revalidating(self, extra: Duration) -> Self {
        Self { while_revalidating: extra, ..self }
    }

    /// For this much longer, after that, a kept answer is served when there is no new one. The
    /// section is then marked `stale` with its age.
    #[must_use]
    pub const fn stale_if_error(self, extra: Duration) -> Self {
        Self { if_error: extra, ..self }
    }

    /// For this long it is remembered that there is no such thing (404 or 410).
    #[must_use]
    pub const fn missing_for(self, time: Duration) -> Self {
        Self { missing: time, ..self }
    }

    /// How much each answer's lifetime differs from `fresh` at most, so that what was read together
    /// does not expire together; 50 unless said otherwise: their expiries are then as far apart as `fresh` is
    /// long.
    #[must_use]
    pub const fn jitter_percent(self, percent: u8) -> Self {
        Self { jitter_percent: percent, ..self }
    }

    /// The lifetime of one answer: `fresh` with its jitter, for a `chance` from 0 to 1.
    #[must_use]
    pub fn lifetime(&self, chance: f64) -> Duration {
        let share = f64::from(self.jitter_percent.min(100)) / 100.0;
        self.fresh.mul_f64(1.0 + share * (2.0 * chance - 1.0))
    }

    /// How long after its lifetime an answer may be served while it is renewed.
    #[must_use]
    pub const fn revalidation(&self) -> Duration {
        self.while_revalidating
    }

    /// How long after its lifetime an answer may be served at all.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.while_revalidating.saturating_add(self.if_error)
    }

    /// How long it is remembered that there is no such thing.
    #[must_use]
    pub const fn missing(&self) -> Duration {
        self.missing
    }
}

impl From<Duration> for Keep {
    fn from(fresh: Duration) -> Self {
        Self::of(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_spread_around_the_one_that_was_written() {
        let keep = Keep::of(Duration::from_secs(60));
        let lifetimes = [0.0, 0.5, 1.0].map(|chance| keep.lifetime(chance).as_secs());
        assert_eq!(lifetimes, [30, 60, 90]);
        assert_eq!(MICRO.lifetime(0.9), Duration::from_millis(200));
    }
}
