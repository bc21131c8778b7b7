//! What became of a look into the cache.

use crate::ports::{Served, Tier};
use std::{fmt, time::Duration};
use tokio::time::Instant;

/// What became of one look into the cache: the one value behind its metric and the debug header.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The name of the call.
    pub entity: &'static str,
    /// Where the value was found.
    pub tier: Tier,
    /// How old it was.
    pub age: Duration,
    /// How long it stays fresh.
    pub fresh_for: Duration,
    /// What it was.
    pub outcome: Outcome,
    /// When the look began.
    pub started: Instant,
    /// How long it took, with the call if there was one.
    pub took: Duration,
}

/// What a look into the cache yielded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A kept value, fresh or being renewed.
    Hit,
    /// A kept value, because there was no new one.
    Stale,
    /// A new value.
    Miss,
    /// The memory that there is no such thing.
    Missing,
    /// Nothing.
    Error,
}

impl Outcome {
    /// Whether it was answered from what is kept.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Hit | Self::Stale | Self::Missing)
    }

    /// The word for it, as in metrics and in the debug header.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Missing => "missing",
            Self::Error => "error",
        }
    }
}

/// `product;tier=near;outcome=hit;age=12;ttl=588`: one item of the debug header, in the syntax of
/// structured fields (RFC 9651); times in seconds.
impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tier, outcome) = (self.tier.word(), self.outcome.word());
        let (age, ttl) = (self.age.as_secs(), self.fresh_for.as_secs());
        write!(f, "{};tier={tier};outcome={outcome};age={age};ttl={ttl}", self.entity)
    }
}

impl Looked {
    pub(crate) fn new(entity: &'static str, found: &Served, started: Instant) -> Self {
        let Served { value, age, fresh_for, tier, instead_of } = found;
        let kept = matches!(tier, Tier::Near | Tier::Far);
        let outcome = match value {
            Ok(_) if instead_of.is_some() => Outcome::Stale,
            Ok(_) if kept => Outcome::Hit,
            Ok(_) => Outcome::Miss,
            Err(_) if kept => Outcome::Missing,
            Err(_) => Outcome::Error,
        };
        let took = if *tier == Tier::Near { Duration::ZERO } else { started.elapsed() };
        Self { entity, tier: *tier, age: *age, fresh_for: *fresh_for, outcome, started, took }
    }
}
