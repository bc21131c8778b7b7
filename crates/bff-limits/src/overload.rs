//! What one worker does when there is more to do than it can: first without optional calls, then
//! without unimportant requests, then with as many requests as it can answer in time.
//!
//! Optional calls are left out by a dimmer, a share of the requests that follows the lag, so that a
//! little too much load costs a little (Klein, Maggio, Arzen, Hernandez-Rodriguez, "Brownout", ICSE
//! 2014). Pressure is measured where it hurts: how late the event loop comes to a timer, and how many
//! requests are in flight. The number of requests that are let in follows the lag by additive
//! increase and multiplicative decrease. As in CoDel (RFC 8289) the smallest of the last few lags
//! counts: a queue that stands is overload, one that empties is a burst. Nothing here has a clock
//! of its own.

use bff_core::Priority;
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// `[overload]`, for each worker.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverloadSettings {
    /// The most requests in flight, per worker.
    pub max_in_flight: u32,
    /// Above this lag of the event loop more and more requests are answered without optional calls.
    #[serde(with = "humantime_serde")]
    pub brownout_lag: Duration,
    /// Above this lag requests of low priority are refused and fewer of the others are let in.
    #[serde(with = "humantime_serde")]
    pub shed_lag: Duration,
    /// After refusing requests for this long without a pause the worker calls itself not ready.
    #[serde(with = "humantime_serde")]
    pub unready_after: Duration,
    /// How long it has to be calm before one measure is taken back.
    #[serde(with = "humantime_serde")]
    pub calm: Duration,
}

impl Default for OverloadSettings {
    fn default() -> Self {
        Self {
            max_in_flight: 1024,
            brownout_lag: Duration::from_millis(20),
            shed_lag: Duration::from_millis(100),
            unready_after: Duration::from_secs(5),
            calm: Duration::from_secs(1),
        }
    }
}

/// How bad it is. Each level includes the ones before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything is done.
    #[default]
    Calm,
    /// Some or all requests are answered without optional calls.
    Brownout,
    /// Requests of low priority are refused, others when there are too many.
    Shedding,
    /// It has been shedding for long, and should get no traffic.
    Unready,
}

impl Level {
    /// The number of the level in metrics: 0 to 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    const fn of(number: u8) -> Self {
        match number {
            0 => Self::Calm,
            1 => Self::Brownout,
            2 => Self::Shedding,
            _ => Self::Unready,
        }
    }
}

/// How often the lag is measured.
pub const TICK: Duration = Duration::from_millis(25);
/// This share of `max_in_flight` is always let in: with fewer in flight a slow event loop, in which
/// each of a page's steps waits for a turn, would stay busy with refusing.
const FEWEST: u32 = 4;
/// What the number of requests that are let in falls to per tick under too much lag.
const DECREASE: f64 = 0.9;
/// What it grows by per tick without.
const INCREASE: u32 = 16;
/// The smallest lag of so many ticks counts.
const TICKS: usize = 4;
/// The dimmer at its darkest: every request does without optional calls.
const DARK: u32 = 1000;
/// How fast it darkens and lightens, per tick: within 100 ms, and within 2 s.
const DARKEN: u32 = 250;
const LIGHTEN: u32 = 12;

/// One worker's pressure. Written by its thread, read by the admin port.
#[derive(Debug)]
pub struct Pressure {
    settings: OverloadSettings,
    in_flight: AtomicU32,
    let_in: AtomicU32,
    /// In microseconds, the oldest first.
    lags: [AtomicU64; TICKS],
    level: AtomicU8,
    /// How many of a thousand requests do without optional calls.
    dimmer: AtomicU32,
    refused: AtomicU64,
    /// What had been refused at the last tick.
    refused_before: AtomicU64,
    /// When it was last too much for this level, and since when requests are refused without a
    /// pause, in microseconds.
    trouble_at: AtomicU64,
    refusing_since: AtomicU64,
}

/// A request that was let in; it counts as in flight until this is dropped.
#[derive(Debug)]
pub struct Admitted<'a>(&'a Pressure);

impl Pressure {
    /// A worker without load.
    #[must_use]
    pub fn new(settings: OverloadSettings) -> Self {
        Self {
            in_flight: AtomicU32::new(0),
            let_in: AtomicU32::new(settings.max_in_flight),
            lags: Default::default(),
            level: AtomicU8::new(0),
            dimmer: AtomicU32::new(0),
            refused: AtomicU64::new(0),
            refused_before: AtomicU64::new(0),
            trouble_at: AtomicU64::new(0),
            refusing_since: AtomicU64::new(0),
            settings,
        }
    }

    /// Lets a request in, or refuses it.
    pub fn admit(&self, priority: Priority) -> Option<Admitted<'_>> {
        let in_flight = self.in_flight.load(Relaxed);
        let most = match priority {
            Priority::High => self.settings.max_in_flight,
            Priority::Low if self.level() >= Level::Shedding => 0,
            Priority::Normal | Priority::Low => self.let_in.load(Relaxed),
        };
        if in_flight >= most {
            self.refused.fetch_add(1, Relaxed);
            return None;
        }
        self.in_flight.fetch_add(1, Relaxed);
        Some(Admitted(self))
    }

    /// Whether a request does without optional calls.
    #[must_use]
    pub fn skips_optional(&self) -> bool {
        let dimmer = self.dimmer.load(Relaxed);
        dimmer > 0 && fastrand::u32(..DARK) < dimmer
    }

    /// A timer of [`TICK`] came `lag` too late. Returns the level when it changed.
    pub fn tick(&self, now: Duration, lag: Duration) -> Option<Level> {
        let now = micros(now);
        let _oldest =
            self.lags.iter().rev().fold(micros(lag), |lag, place| place.swap(lag, Relaxed));
        let lag = self.lag();
        self.adapt(lag);
        self.dim(lag);
        let refusing = self.refusing_for(now);
        let (old, wanted) = (self.level(), self.wanted(lag, refusing));
        if wanted >= old {
            self.trouble_at.store(now, Relaxed);
        }
        let calm = now.saturating_sub(self.trouble_at.load(Relaxed)) >= micros(self.settings.calm);
        let new = match () {
            () if wanted > old => wanted,
            () if wanted < old && calm => {
                self.trouble_at.store(now, Relaxed);
                Level::of(old.number() - 1)
            }
            () => old,
        };
        self.level.store(new.number(), Relaxed);
        (new != old).then_some(new)
    }

    /// How bad it is now.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::of(self.level.load(Relaxed))
    }

    /// How late the event loop has been for the last few ticks at least.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let lags = self.lags.iter().map(|lag| lag.load(Relaxed));
        Duration::from_micros(lags.min().unwrap_or_default())
    }

    /// Requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// How many may be.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.let_in.load(Relaxed)
    }

    /// Requests refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn adapt(&self, lag: Duration) {
        let old = self.let_in.load(Relaxed);
        let new = match () {
            () if lag > self.settings.shed_lag => {
                // What is not in flight cannot be the reason.
                let fewest = self.settings.max_in_flight.div_ceil(FEWEST);
                let used = old.min(self.in_flight().max(fewest));
                ((f64::from(used) * DECREASE) as u32).max(fewest)
            }
            () if lag < self.settings.shed_lag / 2 => old.saturating_add(INCREASE),
            () => old,
        };
        self.let_in.store(new.min(self.settings.max_in_flight), Relaxed);
    }

    fn dim(&self, lag: Duration) {
        let (old, threshold) = (self.dimmer.load(Relaxed), self.settings.brownout_lag);
        let new = match () {
            () if lag > threshold => (old + DARKEN).min(DARK),
            () if lag < threshold / 2 => old.saturating_sub(LIGHTEN),
            () => old,
        };
        self.dimmer.store(new, Relaxed);
    }

    /// Going back needs half the lag that going there needed.
    fn wanted(&self, lag: Duration, refusing_for: u64) -> Level {
        let OverloadSettings { shed_lag, unready_after, .. } = self.settings;
        let shedding = self.level() >= Level::Shedding;
        let most = if shedding { shed_lag / 2 } else { shed_lag };
        match () {
            () if refusing_for >= micros(unready_after) => Level::Unready,
            () if lag > most || refusing_for > 0 => Level::Shedding,
            () if self.dimmer.load(Relaxed) > 0 => Level::Brownout,
            () => Level::Calm,
        }
    }

    /// For how long each tick has seen refusals, in microseconds; 0 for a tick without.
    fn refusing_for(&self, now: u64) -> u64 {
        let refused = self.refused();
        if self.refused_before.swap(refused, Relaxed) == refused {
            self.refusing_since.store(0, Relaxed);
            return 0;
        }
        match self.refusing_since.load(Relaxed) {
            0 => {
                self.refusing_since.store(now.max(1), Relaxed);
                1
            }
            since => now.saturating_sub(since).max(1),
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The pressure of every worker of a process, for whoever tells how the process is.
#[derive(Debug)]
pub struct Pressures {
    /// What each worker goes by.
    pub settings: OverloadSettings,
    workers: Mutex<Vec<Arc<Pressure>>>,
}

impl Pressures {
    /// No worker yet.
    #[must_use]
    pub fn new(settings: OverloadSettings) -> Self {
        Self { settings, workers: Mutex::default() }
    }

    /// Those of all workers that have begun.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Pressure>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// That of one more worker.
    #[must_use]
    pub fn begin(&self) -> Arc<Pressure> {
        let pressure = Arc::new(Pressure::new(self.settings.clone()));
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(pressure.clone());
        pressure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker and its clock.
    struct Run {
        pressure: Pressure,
        now: Duration,
        changes: Vec<Level>,
    }

    impl Run {
        fn new() -> Self {
            let pressure = Pressure::new(OverloadSettings::default());
            Self { pressure, now: Duration::ZERO, changes: Vec::new() }
        }

        fn ticks(&mut self, n: u32, lag_ms: u64, refusals: bool) {
            for _ in 0..n {
                self.now += TICK;
                if refusals {
                    self.pressure.refused.fetch_add(1, Relaxed);
                }
                let change = self.pressure.tick(self.now, Duration::from_millis(lag_ms));
                self.changes.extend(change);
            }
        }
    }

    #[test]
    fn measures_are_taken_in_order_and_taken_back_one_by_one() {
        let mut run = Run::new();
        run.ticks(40, 30, false);
        assert_eq!(run.changes, [Level::Brownout]);
        run.ticks(40, 130, false);
        run.ticks(240, 130, true);
        assert_eq!(run.changes, [Level::Brownout, Level::Shedding, Level::Unready]);
        run.ticks(180, 0, false);
        let back = [Level::Shedding, Level::Brownout, Level::Calm];
        assert_eq!(run.changes.split_off(3), back, "all within 4.5 seconds");
    }

    #[test]
    fn a_few_late_ticks_are_no_overload() {
        let mut run = Run::new();
        run.ticks(100, 0, false);
        run.ticks(3, 600, false);
        run.ticks(100, 0, false);
        assert!(run.changes.is_empty(), "{:?}", run.changes);
    }

    #[test]
    fn lag_around_a_threshold_does_not_flap() {
        let mut run = Run::new();
        for _ in 0..500 {
            run.ticks(6, 25, false);
            run.ticks(6, 14, false);
        }
        assert_eq!(run.changes, [Level::Brownout]);
    }

    #[test]
    fn low_priority_goes_first_and_high_goes_last() {
        let mut run = Run::new();
        run.ticks(40, 130, false);
        assert_eq!(run.pressure.level(), Level::Shedding);
        assert!(run.pressure.admit(Priority::Low).is_none());
        let mut held: Vec<_> =
            std::iter::from_fn(|| run.pressure.admit(Priority::Normal)).collect();
        assert_eq!(held.len(), run.pressure.limit() as usize);
        assert_eq!(held.len(), 256, "a quarter");
        held.extend(run.pressure.admit(Priority::High));
        assert_eq!(run.pressure.in_flight() as usize, held.len());
        drop(held);
        assert_eq!(run.pressure.in_flight(), 0);
    }

    #[test]
    fn a_little_too_much_costs_a_little() {
        let mut run = Run::new();
        run.ticks(5, 21, false);
        let dimmed = (0..10_000).filter(|_| run.pressure.skips_optional()).count();
        assert!((4000..=6000).contains(&dimmed), "{dimmed} of 10000 after two ticks");
        run.ticks(10, 21, false);
        assert!((0..1000).all(|_| run.pressure.skips_optional()));
        run.ticks(100, 0, false);
        assert!(!(0..1000).any(|_| run.pressure.skips_optional()));
    }

    #[test]
    fn the_limit_comes_back() {
        let mut run = Run::new();
        run.ticks(40, 130, false);
        run.ticks(100, 0, false);
        assert_eq!(run.pressure.limit(), 1024);
    }
}
