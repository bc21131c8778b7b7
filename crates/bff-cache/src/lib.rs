//! The in-process store behind `bff-core`'s cache port: bounded by bytes, each value with its own
//! lifetime.
//!
//! It is shared by all workers of a process. A second layer that processes share fits behind the
//! same port.
#![forbid(unsafe_code)]

use bff_core::ports::{Entry, Key, Local, Store};
use bytes::Bytes;
use moka::{Expiry, sync::Cache};
use std::{
    future::ready,
    time::{Duration, Instant},
};

/// Values in memory. Clones share one memory.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    values: Cache<String, Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    value: Bytes,
    since: Instant,
    keep: Duration,
}

/// What one entry costs besides its key and value: our fields and moka's bookkeeping, rounded up.
const ENTRY_OVERHEAD_BYTES: usize = 256;

impl MemoryStore {
    /// A store that holds at most about `limit_bytes`, and forgets what is used least when it is
    /// full.
    #[must_use]
    pub fn with_limit(limit_bytes: u64) -> Self {
        let values = Cache::builder()
            .max_capacity(limit_bytes)
            .weigher(|key: &String, kept: &Kept| {
                u32::try_from(key.len() + kept.value.len() + ENTRY_OVERHEAD_BYTES)
                    .unwrap_or(u32::MAX)
            })
            .expire_after(OwnLifetime)
            .build();
        Self { values }
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a Key) -> Local<'a, Option<Entry>> {
        let kept = self.values.get(key.as_str());
        Box::pin(ready(kept.map(|kept| Entry { value: kept.value, age: kept.since.elapsed() })))
    }

    fn put<'a>(&'a self, key: &'a Key, value: Bytes, keep: Duration) -> Local<'a, ()> {
        self.values.insert(key.as_str().to_owned(), Kept { value, since: Instant::now(), keep });
        Box::pin(ready(()))
    }
}

struct OwnLifetime;

impl Expiry<String, Kept> for OwnLifetime {
    fn expire_after_create(&self, _: &String, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.keep)
    }

    fn expire_after_update(
        &self,
        _: &String,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.keep)
    }
}
