//! `[cache]`: what is kept where, and for how long at most.

use bff_redis::{RedisSettings, RedisSettingsError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `[cache]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// What this process may keep in memory, in bytes; 0 keeps nothing there.
    pub memory_bytes: u64,
    /// With Redis: how long a value is served from memory before Redis is asked again. It bounds
    /// what a lost invalidation can do.
    #[serde(with = "humantime_serde")]
    pub near_for: Duration,
    /// With Redis: how long one instance may fetch a value while the others wait for it.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// Whether answers say in `x-cache-debug` what came from where. For development: it tells
    /// callers the names of calls.
    pub debug_header: bool,
    /// `[cache.redis]`: the layer that instances share. None when left out.
    pub redis: Option<RedisSettings>,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * 1024 * 1024,
            near_for: Duration::from_secs(60),
            lease: Duration::from_millis(250),
            debug_header: false,
            redis: None,
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheSettingsError {
    /// One of `[cache]`.
    #[error("cache.{key}: {why}")]
    Cache {
        /// The key.
        key: &'static str,
        /// Why, and what to write instead.
        why: &'static str,
    },
    /// One of `[cache.redis]`.
    #[error("cache.redis.{0}")]
    Redis(#[from] RedisSettingsError),
}

impl CacheSettings {
    pub(crate) fn check(&self) -> Result<(), CacheSettingsError> {
        let more = "must be more than zero";
        for (key, zero) in [("near_for", self.near_for.is_zero()), ("lease", self.lease.is_zero())]
        {
            if zero {
                return Err(CacheSettingsError::Cache { key, why: more });
            }
        }
        Ok(self.redis.as_ref().map_or(Ok(()), RedisSettings::check)?)
    }
}
