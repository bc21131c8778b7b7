//! What was invalidated, and when: a value fetched before that is not served.

use crate::near::Entry;
use moka::sync::Cache;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How many invalidations are remembered; beyond, everything tagged is looked at again.
const MOST_TAGS: u64 = 100_000;
/// How long they are: longer than anything is kept near.
const REMEMBER: Duration = Duration::from_secs(24 * 3600);

/// The invalidations that this process heard of.
#[derive(Debug)]
pub(crate) struct Tags {
    when: Cache<String, Instant>,
    /// Before this, messages may have been lost.
    unsure_before: Mutex<Option<Instant>>,
    heard: AtomicU64,
}

impl Tags {
    pub(crate) fn new() -> Self {
        let when = Cache::builder().max_capacity(MOST_TAGS).time_to_live(REMEMBER).build();
        Self { when, unsure_before: Mutex::default(), heard: AtomicU64::new(0) }
    }

    /// Everything fetched before now that has this tag is out of date.
    pub(crate) fn invalidate(&self, tag: &str) {
        self.heard.fetch_add(1, Relaxed);
        self.when.insert(tag.to_owned(), Instant::now());
    }

    /// Messages may have been lost: what is tagged has to be looked at again.
    pub(crate) fn may_have_missed_some(&self) {
        let mut unsure = self.unsure_before.lock().unwrap_or_else(PoisonError::into_inner);
        *unsure = Some(Instant::now());
    }

    /// How many invalidations were heard.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }

    /// Whether a tag of the entry was invalidated after it was fetched.
    pub(crate) fn outdate(&self, entry: &Entry) -> bool {
        entry.tags.iter().any(|tag| self.when.get(tag).is_some_and(|when| when >= entry.fetched))
    }

    /// Whether one of these was invalidated after `begun` and before `asked`.
    pub(crate) fn invalidated_between(
        &self,
        tags: &[String],
        begun: Instant,
        asked: Instant,
    ) -> bool {
        let within = |when| begun <= when && when <= asked;
        tags.iter().any(|tag| self.when.get(tag).is_some_and(within))
    }

    /// Whether an invalidation of the entry may have been missed.
    pub(crate) fn are_unsure_about(&self, entry: &Entry) -> bool {
        if entry.tags.is_empty() {
            return false;
        }
        let unsure = *self.unsure_before.lock().unwrap_or_else(PoisonError::into_inner);
        unsure.is_some_and(|before| entry.verified <= before)
    }
}
