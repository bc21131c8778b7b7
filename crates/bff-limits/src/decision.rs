//! What comes of a request: the verdict of all its limits.

use crate::{
    gcra::SECOND,
    local::{Few, Standing},
};
use std::cmp::Reverse;

/// Whether a request is allowed, and how its tightest limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed. If it is not, nothing was taken from any limit.
    pub allowed: bool,
    pub(crate) policy: Policy,
    pub(crate) tightest: Option<Tightest>,
}

/// Which policies hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Anonymous,
    Principal,
    Class(usize),
    Failures,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tightest {
    pub(crate) limit: usize,
    pub(crate) remaining: u64,
    pub(crate) seconds: u64,
}

impl Decision {
    pub(crate) fn of(policy: Policy, standings: &Few<Standing>) -> Self {
        let allowed = standings.iter().flatten().all(|standing| standing.allows);
        // Among those that refuse, the one that does so longest; otherwise the one with least left.
        let tightest = standings
            .iter()
            .flatten()
            .filter(|standing| allowed || !standing.allows)
            .map(Standing::tightness)
            .min_by_key(|tight| (tight.remaining, Reverse(tight.seconds)));
        Self { allowed, policy, tightest }
    }
}

impl Standing {
    fn tightness(&self) -> Tightest {
        let Self { limit, rate, ahead, .. } = *self;
        let remaining = rate.remaining(ahead);
        let ticks = if remaining == 0 { rate.until_next(ahead) } else { ahead };
        Tightest { limit, remaining, seconds: ticks.div_ceil(SECOND) }
    }
}
