//! The store: near, then far, then the service; once at a time, renewed before it is too late.

use crate::{
    far::Far,
    fetching::Landed,
    near::{Entry, Near},
    question::Question,
    settings::{CacheSettings, CacheSettingsError},
    status::{CacheStatus, Counts},
    tags::Tags,
};
use bff_core::{
    Keep,
    flight::{Flights, Part, landed},
    ports::{Key, Local, Served, Store, Tier, Wanted},
};
use bff_redis::{Invalidation, Listener, Redis};
use bytes::Bytes;
use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// The cache of a process. Clones share everything.
#[derive(Clone)]
pub struct Cache(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) near: Near,
    /// `None` without Redis.
    pub(crate) far: Option<Far>,
    /// How long a value is served from memory before Redis is asked again.
    pub(crate) near_for: Duration,
    pub(crate) tags: Arc<Tags>,
    pub(crate) flights: Flights<Landed>,
    pub(crate) counts: Counts,
}

impl Cache {
    /// A cache in memory, and in Redis where it is configured. `None` when the settings switch it
    /// off.
    ///
    /// # Errors
    /// The first setting that cannot work, by its key.
    pub fn start(settings: &CacheSettings) -> Result<Option<Self>, CacheSettingsError> {
        settings.check()?;
        if settings.memory_bytes == 0 && settings.redis.is_none() {
            return Ok(None);
        }
        let tags = Arc::new(Tags::new());
        let far = match &settings.redis {
            None => None,
            Some(redis) => {
                let heard = tags.clone();
                let hear = move |invalidation: Invalidation<'_>| match invalidation {
                    Invalidation::Tag(tag) => heard.invalidate(tag),
                    Invalidation::Everything => heard.may_have_missed_some(),
                };
                let redis = Redis::start(redis, vec![Listener::to_invalidations(Box::new(hear))])?;
                Some(Far::new(redis, settings.lease))
            }
        };
        Ok(Some(Self(Arc::new(Inner {
            near: Near::with_limit(settings.memory_bytes),
            far,
            near_for: settings.near_for,
            tags,
            flights: Flights::default(),
            counts: Counts::default(),
        }))))
    }

    /// Forgets everything with this tag, here at once and in other instances within a second.
    pub fn invalidate(&self, tag: &str) {
        self.0.tags.invalidate(tag);
        if let Some(far) = &self.0.far {
            far.redis.publish_invalidation(tag);
        }
    }

    /// A whole page that was kept under `key` and is still good.
    #[must_use]
    pub fn page(&self, key: &str) -> Option<Bytes> {
        let entry = self.0.near.get(key)?;
        let tags = &self.0.tags;
        let good = entry.is_fresh() && !tags.outdate(&entry) && !tags.are_unsure_about(&entry);
        let page = entry.value.as_ref().ok().filter(|_| good)?;
        page.downcast_ref::<Bytes>().cloned()
    }

    /// Keeps a whole page, in this process, until `keep` is over or one of `tags` is invalidated.
    /// `took` is how long ago its making began.
    pub fn keep_page(
        &self,
        key: &str,
        page: Bytes,
        keep: Duration,
        took: Duration,
        tags: &[String],
    ) {
        let (keep, bytes) = (Keep::of(keep), page.len());
        let entry = Entry::new(Ok(Arc::new(page)), &keep, took, tags, bytes);
        self.0.near.insert(key, Arc::new(entry));
    }

    /// What the cache is like now.
    #[must_use]
    pub fn status(&self) -> CacheStatus {
        let Inner { near, far, tags, counts, .. } = &*self.0;
        let (near_entries, near_bytes) = near.size();
        CacheStatus {
            near_entries,
            near_bytes,
            refreshes: counts.refreshes.load(Relaxed),
            early_refreshes: counts.early_refreshes.load(Relaxed),
            lease_waits: counts.lease_waits.load(Relaxed),
            lease_waits_in_vain: counts.lease_waits_in_vain.load(Relaxed),
            invalidations: tags.heard(),
            unreadable: far.as_ref().map_or(0, Far::unreadable),
            redis: far.as_ref().map(|far| far.redis.stats()),
        }
    }
}

impl Store for Cache {
    fn near(&self, key: &Key, _keep: &Keep) -> Option<Served> {
        let entry = self.0.near.get(key.as_str())?;
        let at_once = entry.is_fresh()
            && entry.is_near()
            && !entry.is_due_early()
            && !self.0.tags.outdate(&entry)
            && !self.0.tags.are_unsure_about(&entry);
        at_once.then(|| entry.served(Tier::Near))
    }

    fn find<'a>(&'a self, wanted: Wanted<'a>) -> Local<'a, Served> {
        Box::pin(async move {
            let Wanted { key, keep, tags, codec, fetch, again, background, .. } = wanted;
            let (question, asked) = (Question { key, keep, tags, codec }, Instant::now());
            let near = self.verified(self.0.near.get(key.as_str()), question).await;
            if let Some(entry) = near.as_ref().filter(|entry| entry.is_good_meanwhile(keep)) {
                if !self.0.flights.has(key.as_str()) {
                    background.spawn(self.clone().renew(question.own(), again(), entry.clone()));
                }
                return entry.served(Tier::Near);
            }
            loop {
                let lead = match self.0.flights.join(key.as_str()) {
                    Part::Lead(lead) => lead,
                    Part::Follow(flight) => match landed(flight).await {
                        // Who asks after an invalidation is not told what was asked before it.
                        Some(Landed { served, begun })
                            if !self.0.tags.invalidated_between(tags, begun, asked) =>
                        {
                            return Served { tier: Tier::Shared, ..served };
                        }
                        _ => continue,
                    },
                };
                return self
                    .lead(question, lead, near, fetch, |entry| {
                        background.spawn(self.clone().renew(question.own(), again(), entry));
                    })
                    .await;
            }
        })
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("far", &self.0.far.is_some()).finish_non_exhaustive()
    }
}
