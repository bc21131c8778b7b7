//! What the cache did since the start, and what it is like now.

use bff_redis::RedisStats;
use serde::Serialize;
use std::sync::atomic::AtomicU64;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) refreshes: AtomicU64,
    pub(crate) early_refreshes: AtomicU64,
    pub(crate) lease_waits: AtomicU64,
    pub(crate) lease_waits_in_vain: AtomicU64,
}

/// What the cache is like now.
#[derive(Debug, Clone, Serialize)]
pub struct CacheStatus {
    /// Values in memory.
    pub near_entries: u64,
    /// What they are counted as, in bytes.
    pub near_bytes: u64,
    /// Values renewed in the background since the start.
    pub refreshes: u64,
    /// Those of them that were still fresh.
    pub early_refreshes: u64,
    /// Requests that waited for what another instance fetched.
    pub lease_waits: u64,
    /// Those of them that had to fetch it themselves.
    pub lease_waits_in_vain: u64,
    /// Invalidations heard.
    pub invalidations: u64,
    /// Values in Redis that were of another shape, or no values at all.
    pub unreadable: u64,
    /// Redis, where it is configured.
    pub redis: Option<RedisStats>,
}
