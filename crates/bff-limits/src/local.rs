//! What this process counts by itself, and what it remembers of the buckets that all share.

use crate::{
    gcra::{Rate, SECOND},
    table::Table,
};
use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
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
    /// An address's.
    Address(u64),
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
    /// Apart from the addresses: a flood of these must not reach those who have signed in.
    principals: Table,
    addresses: Table,
    start: Instant,
    /// Keyed by chance, so that nobody can choose names that share a bucket or a set.
    hasher: RandomState,
}

impl Local {
    pub(crate) fn new() -> Self {
        Self {
            surface: Apart::default(),
            principals: Table::new(),
            addresses: Table::new(),
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

    /// What makes a bucket of a principal's own in a class of it. No principal's hash by itself.
    pub(crate) fn salt(&self, class: &str) -> u64 {
        self.hasher.hash_one(("class", class))
    }

    pub(crate) fn address(&self, ip: IpAddr) -> Place {
        Place::Address(self.hasher.hash_one(network(ip)))
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.principals.evicted() + self.addresses.evicted()
    }

    /// How the bucket stands, with nothing taken from it.
    pub(crate) fn look(&self, bucket: Bucket, now: u64) -> Standing {
        let arrival = match bucket.place {
            Place::Surface => self.surface.0.load(Relaxed),
            Place::Principal(key) => self.principals.read(key),
            Place::Address(key) => self.addresses.read(key),
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
            Place::Address(key) => self.addresses.change(key, now, in_place),
        }
    }
}

fn standing(bucket: Bucket, ahead: u64, allows: bool) -> Standing {
    let Bucket { limit, rate, .. } = bucket;
    Standing { limit, rate, ahead, allows }
}

/// Whose address it is: an IPv4 address, or a /64 of IPv6.
pub(crate) fn network(ip: IpAddr) -> [u8; 8] {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            // No address of the Internet begins like this (RFC 4291, 2.5.3).
            [0, 0, 0, 0, a, b, c, d]
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, h, ..] = ip.octets();
            [a, b, c, d, e, f, g, h]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_customer() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
