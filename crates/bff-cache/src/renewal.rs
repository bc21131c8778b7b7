//! Renewing a value in the background while requests are still served with it.

use crate::{
    Cache,
    fetching::Landed,
    near::Entry,
    question::{OwnQuestion, Question},
};
use bff_core::{
    Fault,
    flight::Part,
    ports::{Kept, Local, Tier},
};
use bff_redis::{Lease, Token};
use std::sync::{Arc, atomic::Ordering::Relaxed};
use tokio::time::Instant;

/// Who renews a value.
enum Renewal {
    /// This process, under a lease where there is Redis.
    Ours(Option<Token>),
    /// Another instance did, or does.
    Done,
}

impl Cache {
    /// Renews a value that requests are still served with. Another instance may have done it, or be
    /// doing it.
    pub(crate) fn renew(
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
