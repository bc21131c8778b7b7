//! The store: near, then far, then the service; once at a time, renewed before it is too late.

use crate::{
    far::Far,
    near::{Entry, Near},
    settings::{CacheSettings, CacheSettingsError},
    tags::Tags,
};
use bff_core::{
    Fault, Keep, Reason,
    flight::{Flights, Lead, Part, landed},
    ports::{Codec, Kept, Key, Local, Served, Store, Tier, Wanted},
};
use bff_redis::{Invalidation, Lease, Listener, Redis, RedisStats, Token};
use bytes::Bytes;
use serde::Serialize;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// The cache of a process. Clones share everything.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    near: Near,
    /// `None` without Redis.
    far: Option<Far>,
    /// How long a value is served from memory before Redis is asked again.
    near_for: Duration,
    tags: Arc<Tags>,
    flights: Flights<Landed>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    refreshes: AtomicU64,
    early_refreshes: AtomicU64,
    lease_waits: AtomicU64,
    lease_waits_in_vain: AtomicU64,
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

/// What a flight came up with.
#[derive(Clone)]
struct Landed {
    served: Served,
    /// What was invalidated after this may be out of date in it.
    begun: Instant,
}

/// What is asked for, without the ways to fetch it.
#[derive(Clone, Copy)]
struct Question<'a> {
    key: &'a Key,
    keep: &'a Keep,
    tags: &'a [String],
    codec: &'static Codec,
}

/// The same, for work that outlives the request.
struct OwnQuestion {
    key: Key,
    keep: Keep,
    tags: Vec<String>,
    codec: &'static Codec,
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

impl Cache {
    /// The near entry, unless it is out of date. Asks Redis when that is not certain; trouble there
    /// leaves the entry in use.
    async fn verified(
        &self,
        entry: Option<Arc<Entry>>,
        question: Question<'_>,
    ) -> Option<Arc<Entry>> {
        let Inner { tags, far, near, .. } = &*self.0;
        let entry = entry.filter(|entry| !tags.outdate(entry))?;
        let Some(far) = far.as_ref().filter(|_| tags.are_unsure_about(&entry)) else {
            return Some(entry);
        };
        match far.is_valid(question.tags, entry.fetched_ms).await {
            Some(true) => {
                let entry = Arc::new(Entry { verified: Instant::now(), ..(*entry).clone() });
                near.insert(question.key.as_str(), entry.clone());
                Some(entry)
            }
            Some(false) => None,
            None => Some(entry),
        }
    }

    /// Fetches for everybody who waits.
    async fn lead(
        &self,
        question: Question<'_>,
        lead: Lead<'_, Landed>,
        near: Option<Arc<Entry>>,
        fetch: Local<'_, Result<Kept, Fault>>,
        renew: impl FnOnce(Arc<Entry>),
    ) -> Served {
        let begun = Instant::now();
        let (far, token) = self.look_far(question).await;
        let usable = far.as_ref().filter(|entry| entry.is_good_meanwhile(question.keep));
        if let Some(entry) = usable {
            let entry = self.keep_near(question, entry.clone());
            let served = entry.served(Tier::Far);
            lead.land(&Landed { served: served.clone(), begun });
            if !entry.is_fresh() {
                renew(entry);
            }
            return served;
        }
        let old = far.map(Arc::new).or(near);
        let served = match self.fetch(question, fetch, token).await {
            Ok(entry) => entry.served(Tier::Service),
            Err(fault) => in_need(old.as_deref(), fault),
        };
        // Having had no time, or being of a kind that is not made now, is this caller's own trouble.
        let own_trouble =
            |fault: &Fault| matches!(fault, Fault::Late | Fault::TimedOut(_) | Fault::Skipped);
        if !served.value.as_ref().is_err_and(own_trouble) {
            lead.land(&Landed { served: served.clone(), begun });
        }
        served
    }

    /// What instances share, or the lease to fetch it for all of them. Whoever has neither fetches
    /// for itself.
    async fn look_far(&self, question: Question<'_>) -> (Option<Entry>, Option<Token>) {
        let Question { key, keep, tags, codec } = question;
        let Some(far) = &self.0.far else { return (None, None) };
        // What was invalidated here a moment ago may not be marked there yet.
        let is_current = |entry: &Entry| !self.0.tags.outdate(entry);
        let found = far.get(key, keep, tags, codec).await.filter(is_current);
        if found.as_ref().is_some_and(|entry| entry.is_good_meanwhile(keep)) {
            return (found, None);
        }
        match far.lease(key).await {
            // Who held it before may have written since the look above.
            Lease::Held(token) => match far.get(key, keep, tags, codec).await.filter(is_current) {
                Some(newer) if newer.is_good_meanwhile(keep) => {
                    far.release(key, Some(token));
                    (Some(newer), None)
                }
                _ => (found, Some(token)),
            },
            Lease::Trouble => (found, None),
            Lease::Taken => {
                self.0.counts.lease_waits.fetch_add(1, Relaxed);
                let waited = far.wait(key, keep, tags, codec).await.filter(is_current);
                if waited.is_none() {
                    self.0.counts.lease_waits_in_vain.fetch_add(1, Relaxed);
                }
                (waited.or(found), None)
            }
        }
    }

    /// Fetches and keeps. A thing that does not exist is remembered, here only.
    async fn fetch(
        &self,
        question: Question<'_>,
        fetch: Local<'_, Result<Kept, Fault>>,
        token: Option<Token>,
    ) -> Result<Arc<Entry>, Fault> {
        let Question { key, keep, tags, codec } = question;
        let begun = Instant::now();
        let fetched = fetch.await;
        let cost = begun.elapsed();
        let far = self.0.far.as_ref();
        match fetched {
            Ok(value) => {
                let encoded = (codec.encode)(&*value).unwrap_or_default();
                let entry = Entry::new(Ok(value), keep, cost, tags, encoded.len());
                if let Some(far) = far.filter(|_| !encoded.is_empty()) {
                    far.put(key, &entry, &encoded, token);
                }
                Ok(self.keep_near(question, entry))
            }
            Err(fault) => {
                if let Some(far) = far {
                    far.release(key, token);
                }
                let remembered = fault.reason() == Reason::NotFound && !keep.missing().is_zero();
                if remembered {
                    let entry = Entry::new(Err(fault.clone()), keep, cost, tags, 0);
                    self.keep_near(question, entry);
                }
                Err(fault)
            }
        }
    }

    fn keep_near(&self, question: Question<'_>, mut entry: Entry) -> Arc<Entry> {
        if self.0.far.is_some() {
            entry.near_until = Some(Instant::now() + self.0.near_for);
        }
        let entry = Arc::new(entry);
        self.0.near.insert(question.key.as_str(), entry.clone());
        entry
    }

    /// Renews a value that requests are still served with. Another instance may have done it, or be
    /// doing it.
    fn renew(
        self,
        question: OwnQuestion,
        again: Local<'static, Result<Kept, Fault>>,
        known: Arc<Entry>,
    ) -> Local<'static, ()> {
        Box::pin(async move {
            let question = question.borrow();
            let Part::Lead(lead) = self.0.flights.join(question.key.as_str()) else { return };
            let begun = Instant::now();
            let token = match self.renewal(question, &known).await {
                Renewal::Ours(token) => token,
                Renewal::Done => return,
            };
            let counts = &self.0.counts;
            counts.refreshes.fetch_add(1, Relaxed);
            counts.early_refreshes.fetch_add(u64::from(known.is_fresh()), Relaxed);
            // A fault leaves the old value in use; the call's own record tells about it.
            if let Ok(entry) = self.fetch(question, again, token).await {
                lead.land(&Landed { served: entry.served(Tier::Service), begun });
            }
        })
    }

    async fn renewal(&self, question: Question<'_>, known: &Entry) -> Renewal {
        let Question { key, keep, tags, codec } = question;
        let Some(far) = &self.0.far else { return Renewal::Ours(None) };
        let is_newer = |newer: &Entry| {
            !self.0.tags.outdate(newer)
                && (newer.fetched_ms > known.fetched_ms || newer.is_fresh() && !known.is_near())
        };
        if let Some(newer) = far.get(key, keep, tags, codec).await.filter(is_newer) {
            self.keep_near(question, newer);
            return Renewal::Done;
        }
        match far.lease(key).await {
            // Who held it before may have written since the look above.
            Lease::Held(token) => match far.get(key, keep, tags, codec).await {
                Some(newer) if newer.fetched_ms > known.fetched_ms && is_newer(&newer) => {
                    far.release(key, Some(token));
                    self.keep_near(question, newer);
                    Renewal::Done
                }
                _ => Renewal::Ours(Some(token)),
            },
            Lease::Taken => Renewal::Done,
            // Without Redis there is nothing to ask there: what is fresh stays in use.
            Lease::Trouble if known.is_fresh() && !known.is_near() => {
                self.keep_near(question, known.clone());
                Renewal::Done
            }
            Lease::Trouble => Renewal::Ours(None),
        }
    }
}

/// Who renews a value.
enum Renewal {
    /// This process, under a lease where there is Redis.
    Ours(Option<Token>),
    /// Another instance did, or does.
    Done,
}

/// The old value when it may stand in for the new one.
fn in_need(old: Option<&Entry>, fault: Fault) -> Served {
    match old.filter(|old| old.is_good_in_need() && fault.reason() != Reason::NotFound) {
        Some(old) => {
            let tier = Tier::Near;
            Served { instead_of: Some(fault), fresh_for: Duration::ZERO, ..old.served(tier) }
        }
        None => Served {
            value: Err(fault),
            age: Duration::ZERO,
            fresh_for: Duration::ZERO,
            tier: Tier::Service,
            instead_of: None,
        },
    }
}

impl Question<'_> {
    fn own(&self) -> OwnQuestion {
        let Self { key, keep, tags, codec } = *self;
        OwnQuestion { key: key.clone(), keep: *keep, tags: tags.to_vec(), codec }
    }
}

impl OwnQuestion {
    fn borrow(&self) -> Question<'_> {
        let Self { key, keep, tags, codec } = self;
        Question { key, keep, tags, codec }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("far", &self.0.far.is_some()).finish_non_exhaustive()
    }
}
