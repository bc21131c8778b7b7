//! The second layer: values in Redis, which instances share, with the times that make them usable.

use crate::near::Entry;
use bff_core::{
    Keep,
    ports::{Codec, Key},
};
use bff_redis::{Lease, Lookup, Redis, Token};
use bytes::{BufMut, Bytes, BytesMut};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// When it was fetched (8 bytes, milliseconds since 1970), for how long it is fresh and what it cost
/// (4 bytes each, milliseconds and microseconds): big-endian, before the fingerprint and the view.
const HEAD_BYTES: usize = 16;
/// Instances' clocks may differ by this much.
const CLOCK_SKEW_MS: u64 = 1000;

/// Redis, with what it is used for here.
#[derive(Debug)]
pub(crate) struct Far {
    pub(crate) redis: Redis,
    /// How long one instance may fetch while the others wait.
    pub(crate) lease: Duration,
    unreadable: AtomicU64,
}

/// Redis does not answer, or not with an answer.
struct InTrouble;

impl Far {
    pub(crate) fn new(redis: Redis, lease: Duration) -> Self {
        Self { redis, lease, unreadable: AtomicU64::new(0) }
    }

    /// Values of another shape, or that were no value at all.
    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable.load(Relaxed)
    }

    /// The value under `key`, unless one of its tags was invalidated after it was fetched.
    pub(crate) async fn get(
        &self,
        key: &Key,
        keep: &Keep,
        tags: &[String],
        codec: &Codec,
    ) -> Option<Entry> {
        self.look(key, keep, tags, codec).await.unwrap_or_default()
    }

    /// The same, with Redis in trouble apart from nothing there.
    async fn look(
        &self,
        key: &Key,
        keep: &Keep,
        tags: &[String],
        codec: &Codec,
    ) -> Result<Option<Entry>, InTrouble> {
        let names: Vec<&str> = tags.iter().map(String::as_str).collect();
        let (found, times) =
            futures_util::join!(self.redis.get(key.as_str()), self.redis.tag_times(&names));
        let times = times.ok_or(InTrouble)?;
        let bytes = match found {
            Lookup::Found(bytes) => bytes,
            Lookup::Missing => return Ok(None),
            Lookup::Trouble => return Err(InTrouble),
        };
        let read = read(&bytes, keep, tags, codec);
        if read.is_none() {
            self.unreadable.fetch_add(1, Relaxed);
        }
        let invalidated = times.into_iter().flatten().max().unwrap_or_default();
        let is_valid = |entry: &Entry| {
            entry.fetched_ms > invalidated.saturating_add(CLOCK_SKEW_MS) || invalidated == 0
        };
        Ok(read.filter(is_valid))
    }

    /// Whether none of the tags was invalidated after `fetched_ms`; `None` when nobody knows.
    pub(crate) async fn is_valid(&self, tags: &[String], fetched_ms: u64) -> Option<bool> {
        let names: Vec<&str> = tags.iter().map(String::as_str).collect();
        let times = self.redis.tag_times(&names).await?;
        let invalidated = times.into_iter().flatten().max().unwrap_or_default();
        Some(invalidated == 0 || fetched_ms > invalidated.saturating_add(CLOCK_SKEW_MS))
    }

    /// Writes in the background; with a lease only as long as it is still held.
    pub(crate) fn put(&self, key: &Key, entry: &Entry, encoded: &[u8], token: Option<Token>) {
        let mut stored = BytesMut::with_capacity(HEAD_BYTES + encoded.len());
        stored.put_u64(entry.fetched_ms);
        stored.put_u32(u32::try_from(entry.lifetime.as_millis()).unwrap_or(u32::MAX));
        stored.put_u32(u32::try_from(entry.cost.as_micros()).unwrap_or(u32::MAX));
        stored.put_slice(encoded);
        let (key, value) = (key.as_str().to_owned(), stored.freeze());
        let ttl = entry.lifetime + entry.grace;
        match token {
            Some(token) => self.redis.put_fenced(key, value, ttl, token),
            None => self.redis.put(key, value, ttl),
        }
    }

    /// Gives a lease back when nothing was fetched.
    pub(crate) fn release(&self, key: &Key, token: Option<Token>) {
        if let Some(token) = token {
            self.redis.release(key.as_str().to_owned(), token);
        }
    }

    pub(crate) async fn lease(&self, key: &Key) -> Lease {
        self.redis.lease(key.as_str(), self.lease).await
    }

    /// Waits for the value that another instance fetches, as long as its lease can last and Redis could tell.
    pub(crate) async fn wait(
        &self,
        key: &Key,
        keep: &Keep,
        tags: &[String],
        codec: &Codec,
    ) -> Option<Entry> {
        let until = Instant::now() + self.lease;
        let mut pause = Duration::from_millis(5);
        while Instant::now() + pause < until {
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            match self.look(key, keep, tags, codec).await {
                Ok(Some(entry)) if entry.is_fresh() => return Some(entry),
                Ok(_) => {}
                Err(InTrouble) => return None,
            }
            pause = (pause * 2).min(Duration::from_millis(40));
        }
        None
    }
}

fn read(bytes: &Bytes, keep: &Keep, tags: &[String], codec: &Codec) -> Option<Entry> {
    let (head, encoded) = bytes.split_at_checked(HEAD_BYTES)?;
    let (fetched, rest) = head.split_first_chunk()?;
    let (lifetime, cost) = rest.split_first_chunk()?;
    let (fetched_ms, lifetime) = (u64::from_be_bytes(*fetched), u32::from_be_bytes(*lifetime));
    let cost = u32::from_be_bytes(*cost.first_chunk()?);
    let value = (codec.decode)(encoded)?;
    let cost = Duration::from_micros(cost.into());
    let entry = Entry::new(Ok(value), keep, cost, tags, encoded.len());
    let lifetime = Duration::from_millis(lifetime.into());
    Some(Entry { lifetime, ..entry }.fetched_at(fetched_ms))
}
