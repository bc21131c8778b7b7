//! Getting a value for everybody who waits: what instances share, or what the service says.

use crate::{Cache, near::Entry, question::Question};
use bff_core::{
    Fault, Reason,
    flight::Lead,
    ports::{Kept, Local, Served, Tier},
};
use bff_redis::{Lease, Token};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// What a flight came up with.
#[derive(Clone)]
pub(crate) struct Landed {
    pub(crate) served: Served,
    /// What was invalidated after this may be out of date in it.
    pub(crate) begun: Instant,
}

impl Cache {
    /// The near entry, unless it is out of date. Asks Redis when that is not certain; trouble there
    /// leaves the entry in use.
    pub(crate) async fn verified(
        &self,
        entry: Option<Arc<Entry>>,
        question: Question<'_>,
    ) -> Option<Arc<Entry>> {
        let (tags, near) = (&self.0.tags, &self.0.near);
        let entry = entry.filter(|entry| !tags.outdate(entry))?;
        let Some(far) = self.0.far.as_ref().filter(|_| tags.are_unsure_about(&entry)) else {
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
    pub(crate) async fn lead(
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
    pub(crate) async fn fetch(
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

    pub(crate) fn keep_near(&self, question: Question<'_>, mut entry: Entry) -> Arc<Entry> {
        if self.0.far.is_some() {
            entry.near_until = Some(Instant::now() + self.0.near_for);
        }
        let entry = Arc::new(entry);
        self.0.near.insert(question.key.as_str(), entry.clone());
        entry
    }
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
