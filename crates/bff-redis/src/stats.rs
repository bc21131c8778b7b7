//! What happened between us and Redis, as counters.

use super::trouble::Trouble;
use serde::Serialize;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RedisStats {
    /// Lookups that found a value.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Lookups that found something that is no value of ours: foreign bytes, or another type.
    pub foreign: u64,
    /// Lookups, leases and commands without an answer in time.
    pub timeouts: u64,
    /// Lookups, leases and commands that found no connection, or one that broke.
    pub broken: u64,
    /// Lookups, leases and commands that got an error for an answer.
    pub server_errors: u64,
    /// Lookups, leases and commands that were not asked, because Redis was in trouble a moment before.
    pub breaker_refusals: u64,
    /// Whether lookups are not asked now.
    pub breaker_open: bool,
    /// Writes that Redis has taken.
    pub writes: u64,
    /// Writes dropped because too many were waiting.
    pub dropped_queue_full: u64,
    /// Writes dropped because the value is larger than `max_value_bytes`.
    pub dropped_too_large: u64,
    /// Writes dropped because Redis was in trouble or refused them.
    pub dropped_trouble: u64,
    /// Fenced writes refused because the lease was no longer the writer's.
    pub fenced_off: u64,
    /// Invalidations published.
    pub invalidations_sent: u64,
    /// Invalidations heard, our own included.
    pub invalidations_heard: u64,
    /// Invalidations dropped: too many or too old when Redis was back.
    pub dropped_invalidations: u64,
    /// Commands that other parts than the cache had answered.
    pub commands: u64,
    /// What all of them took together, those without an answer included.
    pub command_time: Duration,
    /// Messages published.
    pub messages_sent: u64,
    /// Messages heard, our own included.
    pub messages_heard: u64,
    /// Messages dropped: too many or too old when Redis was back.
    pub dropped_messages: u64,
    /// Bytes of stored values read.
    pub bytes_read: u64,
    /// Bytes of stored values written.
    pub bytes_written: u64,
    /// Lookups, whatever came of them.
    pub lookups: u64,
    /// What all lookups took together.
    pub lookup_time: Duration,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) foreign: AtomicU64,
    timeouts: AtomicU64,
    broken: AtomicU64,
    server_errors: AtomicU64,
    breaker_refusals: AtomicU64,
    pub(super) writes: AtomicU64,
    pub(super) dropped_queue_full: AtomicU64,
    pub(super) dropped_too_large: AtomicU64,
    pub(super) dropped_trouble: AtomicU64,
    pub(super) fenced_off: AtomicU64,
    pub(super) invalidations_sent: AtomicU64,
    pub(super) invalidations_heard: AtomicU64,
    pub(super) dropped_invalidations: AtomicU64,
    pub(super) commands: AtomicU64,
    pub(super) messages_sent: AtomicU64,
    pub(super) messages_heard: AtomicU64,
    pub(super) dropped_messages: AtomicU64,
    pub(super) bytes_read: AtomicU64,
    pub(super) bytes_written: AtomicU64,
    lookups: AtomicU64,
    lookup_nanos: AtomicU64,
    command_nanos: AtomicU64,
}

impl Stats {
    pub(super) fn trouble(&self, trouble: &Trouble) {
        let counter = match trouble {
            Trouble::Timeout => &self.timeouts,
            Trouble::Broken => &self.broken,
            Trouble::BreakerOpen => &self.breaker_refusals,
            Trouble::Unready(_) | Trouble::Refused(_) | Trouble::Unreadable => &self.server_errors,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lookup_took(&self, time: Duration) {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.lookup_nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    pub(super) fn command_took(&self, time: Duration) {
        self.command_nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self, breaker_open: bool) -> RedisStats {
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RedisStats {
            hits: now(&self.hits),
            misses: now(&self.misses),
            foreign: now(&self.foreign),
            timeouts: now(&self.timeouts),
            broken: now(&self.broken),
            server_errors: now(&self.server_errors),
            breaker_refusals: now(&self.breaker_refusals),
            breaker_open,
            writes: now(&self.writes),
            dropped_queue_full: now(&self.dropped_queue_full),
            dropped_too_large: now(&self.dropped_too_large),
            dropped_trouble: now(&self.dropped_trouble),
            fenced_off: now(&self.fenced_off),
            invalidations_sent: now(&self.invalidations_sent),
            invalidations_heard: now(&self.invalidations_heard),
            dropped_invalidations: now(&self.dropped_invalidations),
            commands: now(&self.commands),
            command_time: Duration::from_nanos(now(&self.command_nanos)),
            messages_sent: now(&self.messages_sent),
            messages_heard: now(&self.messages_heard),
            dropped_messages: now(&self.dropped_messages),
            bytes_read: now(&self.bytes_read),
            bytes_written: now(&self.bytes_written),
            lookups: now(&self.lookups),
            lookup_time: Duration::from_nanos(now(&self.lookup_nanos)),
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
