//! A link to Redis that nobody waits for longer than he said: values and leases for a cache, commands
//! and scripts for state that instances share, and messages that every instance hears.
//!
//! Everything that is said to Redis is said by one thread of its own. A lookup of the cache waits for
//! that thread no longer than [`RedisSettings::lookup_timeout`], a command no longer than its caller
//! wants: a Redis that is down, slow, hanging, full or in the middle of a failover is noticed in
//! time, and after a few failures it is left alone until it answers again.
#![forbid(unsafe_code)]

mod breaker;
mod commands;
mod lane;
mod lease;
mod link;
mod nodes;
mod pools;
mod publication;
mod reply;
mod run;
mod script;
mod servers;
mod settings;
mod spell;
mod stats;
mod subscription;
mod thread;
mod trouble;
mod value;
mod writes;

pub use lease::{Lease, Token};
pub use redis::{Cmd, ToRedisArgs, cmd};
pub use reply::FromReply;
pub use script::{Command, Script};
pub use settings::{Mode, RedisSettings, RedisSettingsError, masked};
pub use spell::Spell;
pub use stats::RedisStats;
pub use subscription::{Heard, Invalidation, Listener, OnInvalidation};
pub use trouble::Trouble;

use breaker::Breaker;
use bytes::Bytes;
use publication::What;
use stats::Stats;
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use thread::{Ask, Reply, Senders};
use tokio::{
    sync::{mpsc::error::TrySendError, oneshot},
    time::{Instant, timeout_at},
};
use value::{Decoded, HEADER_BYTES};
use writes::Write;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Redis, shared by all workers of a process. Clones are handles of one connection pool and one
/// thread, which ends with the last of them.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

struct Shared {
    senders: Senders,
    breaker: Arc<Breaker>,
    stats: Arc<Stats>,
    lookup_timeout: Duration,
    max_value_bytes: usize,
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The value that was put.
    Found(Bytes),
    /// There is none, or something that nobody here has put.
    Missing,
    /// Redis did not answer in time, or not with an answer. What is there is not known.
    Trouble,
}

impl Redis {
    /// Checks the settings and starts the thread. Redis need not be there yet.
    ///
    /// # Errors
    /// The setting that cannot work, by its key below the table that the settings came from.
    pub fn start(
        settings: &RedisSettings,
        listeners: Vec<Listener>,
    ) -> Result<Self, RedisSettingsError> {
        let (breaker, stats) = (Arc::new(Breaker::of(settings.mode)), Arc::new(Stats::default()));
        let senders = thread::start(settings, listeners, Arc::clone(&breaker), Arc::clone(&stats))?;
        let RedisSettings { lookup_timeout, max_value_bytes, .. } = *settings;
        let shared = Shared { senders, breaker, stats, lookup_timeout, max_value_bytes };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The value under `key`, within the lookup timeout.
    pub async fn get(&self, key: &str) -> Lookup {
        let (stats, begun) = (&self.shared.stats, Instant::now());
        let answer = self.ask(|reply| Ask::Get { key: key.to_owned(), reply }).await;
        stats.lookup_took(begun.elapsed());
        let raw = match answer {
            Ok(raw) => raw,
            Err(trouble) => {
                stats.trouble(&trouble);
                return Lookup::Trouble;
            }
        };
        let decoded = raw.map_or(Decoded::Foreign, |raw| {
            stats.bytes_read.fetch_add(raw.len() as u64, Ordering::Relaxed);
            value::decode(raw, self.shared.max_value_bytes)
        });
        match decoded {
            Decoded::Value(value) => {
                stats.hits.fetch_add(1, Ordering::Relaxed);
                Lookup::Found(value)
            }
            Decoded::Nothing => {
                stats.misses.fetch_add(1, Ordering::Relaxed);
                Lookup::Missing
            }
            Decoded::Foreign => {
                stats.foreign.fetch_add(1, Ordering::Relaxed);
                Lookup::Missing
            }
        }
    }

    /// Keeps `value` under `key` for `ttl`, when Redis gets to it. Dropped and counted when the
    /// value is too large, the queue is full or Redis is away.
    pub fn put(&self, key: String, value: Bytes, ttl: Duration) {
        self.write(Write::Put { key, value, ttl, fence: None });
    }

    /// Like [`put`](Self::put), but only while the lease is still the caller's, which ends in the
    /// same step. A holder that comes too late changes nothing.
    pub fn put_fenced(&self, key: String, value: Bytes, ttl: Duration, token: Token) {
        self.write(Write::Put { key, value, ttl, fence: Some(token) });
    }

    /// Asks for the right to recompute the value under `key` for everybody, for at most `for_`,
    /// within the lookup timeout.
    pub async fn lease(&self, key: &str, for_: Duration) -> Lease {
        let token = Token::new();
        let sent = token.clone();
        let answer =
            self.ask(|reply| Ask::Lease { key: key.to_owned(), token: sent, for_, reply }).await;
        match answer {
            Ok(true) => Lease::Held(token),
            Ok(false) => Lease::Taken,
            Err(trouble) => {
                self.shared.stats.trouble(&trouble);
                Lease::Trouble
            }
        }
    }

    /// Gives a lease back early, when Redis gets to it. A lease that is no longer the caller's is
    /// left alone.
    pub fn release(&self, key: String, token: Token) {
        self.write(Write::Release { key, token });
    }

    /// Tells every instance that what it knows under `tag` is out of date, and keeps the time of
    /// it for [`tag_times`](Self::tag_times). While Redis is away it is tried again until it is
    /// older than [`RedisSettings::invalidation_patience`].
    pub fn publish_invalidation(&self, tag: &str) {
        let what = What::Invalidation { tag: tag.to_owned() };
        self.announce(&self.shared.senders.invalidations, what);
    }

    /// When each of `tags` was last invalidated, in milliseconds since 1970 by the publisher's
    /// clock, in the order asked; within the lookup timeout. `None` as a whole when Redis is in
    /// trouble.
    ///
    /// A value is out of date when it was read before the newest of its tags' times.
    pub async fn tag_times(&self, tags: &[&str]) -> Option<Vec<Option<u64>>> {
        if tags.is_empty() {
            return Some(Vec::new());
        }
        let keys = tags.iter().map(|tag| commands::tag_key(tag)).collect();
        match self.ask(|reply| Ask::TagTimes { keys, reply }).await {
            Ok(times) => Some(times),
            Err(trouble) => {
                self.shared.stats.trouble(&trouble);
                None
            }
        }
    }

    /// What has happened since the start.
    #[must_use]
    pub fn stats(&self) -> RedisStats {
        self.shared.stats.snapshot(self.shared.breaker.is_open())
    }

    /// Hands a question to the thread and waits for its answer, both within the lookup timeout.
    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, Trouble> {
        self.ask_within(self.shared.lookup_timeout, ask).await
    }

    async fn ask_within<T>(
        &self,
        within: Duration,
        ask: impl FnOnce(Reply<T>) -> Ask,
    ) -> Result<T, Trouble> {
        let Shared { senders, breaker, .. } = &*self.shared;
        if breaker.is_open() {
            return Err(Trouble::BreakerOpen);
        }
        let until = Instant::now() + within;
        let (sender, answer) = oneshot::channel();
        match senders.asks.try_send(ask(Reply { sender, until })) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Trouble::Timeout),
            Err(TrySendError::Closed(_)) => return Err(Trouble::Broken),
        }
        match timeout_at(until, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_gone)) => Err(Trouble::Broken),
            Err(_late) => Err(Trouble::Timeout),
        }
    }

    fn write(&self, write: Write) {
        let Shared { senders, stats, max_value_bytes, .. } = &*self.shared;
        if write.value_bytes() > *max_value_bytes {
            stats.dropped_too_large.fetch_add(1, Ordering::Relaxed);
        } else if !senders.writes.offer(write) {
            stats.dropped_queue_full.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// The most that a stored value can take: what `max_value_bytes` allows, and our header.
fn max_stored_bytes(max_value_bytes: usize) -> usize {
    max_value_bytes.saturating_add(HEADER_BYTES)
}
