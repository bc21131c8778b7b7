//! The first layer: views in memory, shared by all workers, served without being parsed again.

use bff_core::{
    Fault, Keep,
    ports::{Kept, Served, Tier},
};
use moka::{Expiry, sync::Cache};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::Instant;

/// A kept value with everything that decides how long it is served.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) value: Result<Kept, Fault>,
    /// When it was fetched: here, and by the clock that instances share.
    pub(crate) fetched: Instant,
    pub(crate) fetched_ms: u64,
    /// How long it is fresh, jitter included.
    pub(crate) lifetime: Duration,
    /// How long it may be served when it is not.
    pub(crate) grace: Duration,
    /// How long it took to fetch.
    pub(crate) cost: Duration,
    pub(crate) tags: Arc<[String]>,
    /// When it was last known that none of its tags was invalidated.
    pub(crate) verified: Instant,
    /// Until when this process serves it without a look at the layer that instances share.
    pub(crate) near_until: Option<Instant>,
    /// What it costs in memory, roughly.
    pub(crate) bytes: usize,
}

/// What one entry costs besides its key and value: our fields and moka's bookkeeping, rounded up.
const ENTRY_OVERHEAD_BYTES: usize = 384;
/// A view in memory is larger than its bytes in postcard: each text has a pointer, a length and a
/// capacity, and an allocation of its own.
const VIEW_FACTOR: usize = 3;
/// How eagerly values are renewed early; Vattani et al. show 1 to be optimal for exponential costs.
const BETA: f64 = 1.0;

impl Entry {
    /// A value whose fetch began `cost` ago. What is invalidated meanwhile is invalid: the age
    /// counts from the beginning.
    pub(crate) fn new(
        value: Result<Kept, Fault>,
        keep: &Keep,
        cost: Duration,
        tags: &[String],
        bytes: usize,
    ) -> Self {
        let lifetime = match value {
            Ok(_) => keep.lifetime(fastrand::f64()),
            Err(_) => keep.missing(),
        };
        let grace = if value.is_ok() { keep.grace() } else { Duration::ZERO };
        let now = Instant::now();
        let fetched = now.checked_sub(cost).unwrap_or(now);
        let cost_ms = u64::try_from(cost.as_millis()).unwrap_or_default();
        Self {
            value,
            fetched,
            fetched_ms: unix_ms().saturating_sub(cost_ms),
            lifetime,
            grace,
            cost,
            tags: tags.into(),
            verified: fetched,
            near_until: None,
            bytes,
        }
    }

    /// The same value as another instance fetched it at `fetched_ms`, found valid just now.
    pub(crate) fn fetched_at(self, fetched_ms: u64) -> Self {
        let (now, age) = (Instant::now(), unix_ms().saturating_sub(fetched_ms));
        let fetched = now.checked_sub(Duration::from_millis(age)).unwrap_or(now);
        Self { fetched, fetched_ms, verified: now, ..self }
    }

    pub(crate) fn age(&self) -> Duration {
        self.fetched.elapsed()
    }

    /// Whether it may be served as it is.
    pub(crate) fn is_fresh(&self) -> bool {
        self.age() < self.lifetime
    }

    /// Whether this request should renew it although it is fresh: the closer to its end and the
    /// longer a fetch takes, the likelier (XFetch: Vattani, Chierichetti, Lowenstein, "Optimal
    /// Probabilistic Cache Stampede Prevention", VLDB 2015).
    pub(crate) fn is_due_early(&self) -> bool {
        // 1 - [0, 1) is never 0.
        let ahead = self.cost.mul_f64(-BETA * (1.0 - fastrand::f64()).ln());
        self.value.is_ok() && self.age() + ahead >= self.lifetime
    }

    /// Whether it may be served while it is renewed.
    pub(crate) fn is_good_meanwhile(&self, keep: &Keep) -> bool {
        self.value.is_ok() && self.age() < self.lifetime + keep.revalidation()
    }

    /// Whether it is better than an error.
    pub(crate) fn is_good_in_need(&self) -> bool {
        self.value.is_ok() && self.age() < self.lifetime + self.grace
    }

    pub(crate) fn is_near(&self) -> bool {
        self.near_until.is_none_or(|until| Instant::now() < until)
    }

    pub(crate) fn served(&self, tier: Tier) -> Served {
        let age = self.age();
        Served {
            value: self.value.clone(),
            age,
            fresh_for: self.lifetime.saturating_sub(age),
            tier,
            instead_of: None,
        }
    }
}

/// Milliseconds since 1970, by this machine's clock.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// At most so many bytes of entries; the ones that are used least go first (TinyLFU).
#[derive(Clone)]
pub(crate) struct Near(Cache<String, Arc<Entry>>);

impl Near {
    pub(crate) fn with_limit(bytes: u64) -> Self {
        let weigh = |key: &String, entry: &Arc<Entry>| {
            let bytes = key.len() + entry.bytes * VIEW_FACTOR + ENTRY_OVERHEAD_BYTES;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(bytes).weigher(weigh).expire_after(OwnLifetime).build())
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    pub(crate) fn insert(&self, key: &str, entry: Arc<Entry>) {
        self.0.insert(key.to_owned(), entry);
    }

    /// How many entries, and how many bytes they are counted as.
    pub(crate) fn size(&self) -> (u64, u64) {
        self.0.run_pending_tasks();
        (self.0.entry_count(), self.0.weighted_size())
    }
}

/// An entry is forgotten when it is of no use even in need.
struct OwnLifetime;

fn of_use_for(entry: &Entry) -> Option<Duration> {
    Some((entry.lifetime + entry.grace).saturating_sub(entry.age()))
}

impl Expiry<String, Arc<Entry>> for OwnLifetime {
    fn expire_after_create(
        &self,
        _: &String,
        entry: &Arc<Entry>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        of_use_for(entry)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Arc<Entry>,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        of_use_for(entry)
    }
}
