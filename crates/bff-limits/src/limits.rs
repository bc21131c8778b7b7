//! The limits of a process: who is asked, in which order, and what comes of it.

use crate::{
    Network,
    decision::{Decision, Policy},
    headers::Headers,
    local::{Bucket, Few, Local, Standing},
    rules::{Request, Rules, Who},
    settings::{LimitSettings, LimitSettingsError},
    shared::Shared,
};
use bff_redis::{Redis, RedisStats};
use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The limits of a process. Clones share everything.
///
/// While Redis is away each instance goes on from what it knows of the shared buckets, with the
/// whole quota. Redis is not told afterwards: whenever it is back there can be one burst more.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    rules: Rules,
    local: Local,
    shared: Option<Shared>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    refused: AtomicU64,
    refused_unasked: AtomicU64,
    shared: AtomicU64,
    alone: AtomicU64,
    failures: AtomicU64,
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitStats {
    /// Requests refused.
    pub refused: u64,
    /// Those of them that were refused without asking Redis, because it was known already.
    pub refused_unasked: u64,
    /// Decisions of all instances together.
    pub shared: u64,
    /// Decisions of this instance alone because Redis was away, late, or refused to count.
    pub alone: u64,
    /// Authentication failures.
    pub failures: u64,
    /// Buckets that were forgotten before they were whole, because there were too many.
    pub evicted: u64,
}

impl Limits {
    /// Makes the limits of the BFF `surface`. They are shared through `redis`, or else through a
    /// link of their own to `[limits.shared]`; with neither this process counts alone.
    ///
    /// # Errors
    /// The first setting that cannot work, by its key.
    pub fn start(
        surface: &str,
        settings: &LimitSettings,
        redis: Option<Redis>,
    ) -> Result<Self, LimitSettingsError> {
        settings.check()?;
        let redis = match (redis, &settings.shared) {
            (None, Some(own)) => Some(Redis::start(own, Vec::new())?),
            (redis, _) => redis,
        };
        let local = Local::new();
        let rules = Rules::of(settings, &local);
        let shared = redis.map(|redis| Shared::new(surface, redis, settings.within));
        Ok(Self(Arc::new(Inner { rules, local, shared, counts: Counts::default() })))
    }

    /// Takes the request from all limits that it is under, or from none if one of them has nothing
    /// left. With Redis it waits for it no longer than `limits.within`; without, it does not wait.
    /// Redis may have counted it also when the caller did not wait for the answer.
    pub async fn take(&self, request: &Request<'_>) -> Decision {
        self.take_from(request.principal.map_or(Who::Nobody, Who::Principal), request.class).await
    }

    /// As [`take`](Self::take), for somebody who is known by nothing but an address: everybody of one
    /// [`Network`] is under the limits of one principal.
    pub async fn take_anonymous(&self, ip: IpAddr, class: Option<&str>) -> Decision {
        self.take_from(Who::Network(Network::of(ip)), class).await
    }

    async fn take_from(&self, who: Who<'_>, class: Option<&str>) -> Decision {
        let Inner { rules, local, shared, counts } = &*self.0;
        let (policy, buckets) = rules.buckets(who, class, local);
        let now = local.now();
        let Some(shared) = shared.as_ref().filter(|_| buckets.iter().any(Option::is_some)) else {
            return self.0.decide(policy, &local.take(&buckets, now));
        };
        let known = buckets.map(|bucket| bucket.map(|bucket| local.look(bucket, now)));
        if known.iter().flatten().any(|standing| !standing.allows) {
            counts.refused_unasked.fetch_add(1, Relaxed);
            return self.0.decide(policy, &known);
        }
        let asked: Vec<_> = buckets.iter().flatten().collect();
        let keyed: Vec<_> = asked.iter().map(|bucket| rules.keyed(shared, bucket, who)).collect();
        match shared.take(&keyed, false).await {
            Ok((allowed, ahead)) => {
                counts.shared.fetch_add(1, Relaxed);
                let mut ahead = ahead.into_iter();
                let standings = buckets.map(|bucket| {
                    let (bucket, ahead) = (bucket?, ahead.next()?);
                    local.learn(bucket, now, ahead);
                    let Bucket { limit, rate, .. } = bucket;
                    Some(Standing { limit, rate, ahead, allows: allowed || rate.allows(ahead) })
                });
                self.0.decide(policy, &standings)
            }
            Err(_said_by_the_link) => {
                counts.alone.fetch_add(1, Relaxed);
                self.0.decide(policy, &local.take(&buckets, local.now()))
            }
        }
    }

    /// Whether somebody at this address may try to authenticate: its network has not failed too often.
    /// Never waits.
    #[must_use]
    pub fn may_try(&self, ip: IpAddr) -> Decision {
        let local = &self.0.local;
        let bucket = self.0.rules.failures_of(Network::of(ip), local);
        let standing = bucket.map(|bucket| local.look(bucket, local.now()));
        self.0.decide(Policy::Failures, &[standing, None, None])
    }

    /// Counts an authentication failure from this address. All instances hear of it: at once those
    /// that the address fails at, and it counts also when it was one too many, so that an address
    /// which goes from one to the next gets no further on the whole.
    pub async fn failed(&self, ip: IpAddr) {
        let Inner { rules, local, shared, counts } = &*self.0;
        counts.failures.fetch_add(1, Relaxed);
        let network = Network::of(ip);
        let Some(bucket) = rules.failures_of(network, local) else { return };
        let now = local.now();
        local.charge(bucket, now);
        let Some(shared) = shared else { return };
        let key = shared.key("f", network.octets());
        match shared.take(&[(key, bucket.rate)], true).await {
            Ok((_, ahead)) => {
                counts.shared.fetch_add(1, Relaxed);
                ahead.into_iter().for_each(|ahead| local.learn(bucket, now, ahead));
            }
            Err(_said_by_the_link) => drop(counts.alone.fetch_add(1, Relaxed)),
        }
    }

    /// What an answer says about a decision; nothing when the request is under no limit.
    #[must_use]
    pub fn headers(&self, decision: &Decision) -> Option<Headers<'_>> {
        self.0.rules.headers(decision)
    }

    /// What has happened on the link to Redis; `None` where this process counts alone.
    #[must_use]
    pub fn redis(&self) -> Option<RedisStats> {
        self.0.shared.as_ref().map(Shared::stats)
    }

    /// What has happened since the start.
    #[must_use]
    pub fn stats(&self) -> LimitStats {
        let Inner { counts, local, .. } = &*self.0;
        LimitStats {
            refused: counts.refused.load(Relaxed),
            refused_unasked: counts.refused_unasked.load(Relaxed),
            shared: counts.shared.load(Relaxed),
            alone: counts.alone.load(Relaxed),
            failures: counts.failures.load(Relaxed),
            evicted: local.evicted(),
        }
    }
}

impl Inner {
    fn decide(&self, policy: Policy, standings: &Few<Standing>) -> Decision {
        let decision = Decision::of(policy, standings);
        if !decision.allowed {
            self.counts.refused.fetch_add(1, Relaxed);
        }
        decision
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
