//! What this process counts by itself, and what it remembers of the buckets that all share.

use crate::{
    Network,
    gcra::{Rate, SECOND},
    table::Table,
};
use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

/// Which bucket of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// The one of the whole surface.
    Surface,
    /// One of a principal's, or of a principal and a class.
    Principal(u64),
    /// One of a network's.
    Network(u64),
}

/// One bucket that a request is taken from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// The limit's place in the list of all.
    pub(crate) limit: usize,
    pub(crate) rate: Rate,
    pub(crate) place: Place,
}

/// How a bucket stands after a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) limit: usize,
    pub(crate) rate: Rate,
    pub(crate) ahead: u64,
    /// Whether this bucket allows it, whatever others say.
    pub(crate) allows: bool,
}

/// A request has three buckets at most: the principal's, the class's and the surface's.
pub(crate) type Few<T> = [Option<T>; 3];

/// A word that all workers write, on cache lines of its own: what stands beside it is only read.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart(AtomicU64);

/// The buckets of this process.
#[derive(Debug)]
pub(crate) struct Local {
    surface: Apart,
    /// Apart from the networks: a flood of these must not reach those who have signed in.
    principals: Table,
    networks: Table,
    start: Instant,
    /// Keyed by chance, so that nobody can choose names that share a bucket or a set.
    hasher: RandomState,
}

impl Local {
    pub(crate) fn new() -> Self {
        Self {
            surface: Apart::default(),
            principals: Table::new(),
            networks: Table::new(),
            start: Instant::now(),
            hasher: RandomState::new(),
        }
    }

    /// Ticks since the start.
    pub(crate) fn now(&self) -> u64 {
        let elapsed = self.start.elapsed();
        elapsed.as_secs().saturating_mul(SECOND) + u64::from(elapsed.subsec_nanos() / 100)
    }

    pub(crate) fn hash(&self, principal: &str) -> u64 {
        self.hasher.hash_one(principal)
    }

    /// Apart from what it fails at.
    pub(crate) fn hash_of_network(&self, network: Network) -> u64 {
        self.hasher.hash_one(("asks", network))
    }

    /// What makes a bucket of somebody's own in a class of it. Nobody's hash by itself.
    pub(crate) fn salt(&self, class: &str) -> u64 {
        self.hasher.hash_one(("class", class))
    }

    pub(crate) fn failures(&self, network: Network) -> Place {
        Place::Network(self.hasher.hash_one(("fails", network)))
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.principals.evicted() + self.networks.evicted()
    }

    /// How the bucket stands, with nothing taken from it.
    pub(crate) fn look(&self, bucket: Bucket, now: u64) -> Standing {
        let arrival = match bucket.place {
            Place::Surface => self.surface.0.load(Relaxed),
            Place::Principal(key) => self.principals.read(key),
            Place::Network(key) => self.networks.read(key),
        };
        let ahead = bucket.rate.ahead(arrival, now);
        standing(bucket, ahead, bucket.rate.allows(ahead))
    }

    /// Takes one from each bucket. When one of them has nothing left, the others get theirs back.
    pub(crate) fn take(&self, buckets: &Few<Bucket>, now: u64) -> Few<Standing> {
        let taken = buckets.map(|bucket| bucket.map(|bucket| self.take_one(bucket, now)));
        if taken.iter().flatten().any(|standing| !standing.allows) {
            for (bucket, standing) in buckets.iter().zip(&taken) {
                if let (Some(bucket), Some(Standing { allows: true, .. })) = (bucket, standing) {
                    let interval = bucket.rate.interval();
                    self.change(bucket.place, now, |arrival| Some(arrival - interval.min(arrival)));
                }
            }
        }
        taken
    }

    fn take_one(&self, bucket: Bucket, now: u64) -> Standing {
        let rate = bucket.rate;
        let (before, after) = self.change(bucket.place, now, |arrival| rate.take(arrival, now));
        standing(bucket, rate.ahead(after.unwrap_or(before), now), after.is_some())
    }

    /// Counts what happened anyway.
    pub(crate) fn charge(&self, bucket: Bucket, now: u64) {
        self.change(bucket.place, now, |arrival| Some(bucket.rate.charge(arrival, now)));
    }

    /// Remembers how far a shared bucket is ahead. Others can only have taken more since, so what is
    /// refused by this is refused by all; and this process goes on from here when Redis is away.
    pub(crate) fn learn(&self, bucket: Bucket, now: u64, ahead: u64) {
        let learned = now.saturating_add(ahead);
        self.change(bucket.place, now, |arrival| (arrival < learned).then_some(learned));
    }

    /// The arrival time before and, if there is one, after a change.
    fn change(
        &self,
        place: Place,
        now: u64,
        change: impl Fn(u64) -> Option<u64>,
    ) -> (u64, Option<u64>) {
        let in_place = |arrival: &mut u64| {
            let (before, after) = (*arrival, change(*arrival));
            *arrival = after.unwrap_or(before);
            (before, after)
        };
        match place {
            Place::Surface => match self.surface.0.fetch_update(Relaxed, Relaxed, &change) {
                Ok(before) => (before, change(before)),
                Err(before) => (before, None),
            },
            Place::Principal(key) => self.principals.change(key, now, in_place),
            Place::Network(key) => self.networks.change(key, now, in_place),
        }
    }
}

fn standing(bucket: Bucket, ahead: u64, allows: bool) -> Standing {
    let Bucket { limit, rate, .. } = bucket;
    Standing { limit, rate, ahead, allows }
}
