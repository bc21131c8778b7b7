//! What numbers mean, in one word.

use bff_core::Criticality;
use serde::Serialize;

/// A dependency that fails more often than this, in percent of its calls, is in trouble: on the
/// console and for the alerts.
pub const FAILING_PERCENT: f64 = 5.0;
/// A single failure means nothing.
pub(crate) const FAILING_LEAST: u64 = 2;

/// How something is, the worse the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Nobody asked, so nobody knows.
    Idle,
    /// As it should be.
    Ok,
    /// Pages go without something.
    Degraded,
    /// Pages fail.
    Failing,
}

impl Verdict {
    /// What so many failures of a dependency mean.
    pub(crate) fn of(all: u64, failed: u64, criticality: Criticality) -> Self {
        let percent = failed as f64 * 100.0 / all.max(1) as f64;
        match criticality {
            _ if all == 0 => Self::Idle,
            _ if failed < FAILING_LEAST || percent <= FAILING_PERCENT => Self::Ok,
            Criticality::Optional => Self::Degraded,
            Criticality::Critical => Self::Failing,
        }
    }

    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_failure_means_nothing_and_five_percent_are_too_many() {
        let of = |all, failed| {
            [Criticality::Critical, Criticality::Optional].map(|c| Verdict::of(all, failed, c))
        };
        assert_eq!(of(0, 0), [Verdict::Idle; 2]);
        assert_eq!([of(1, 1), of(40, 2)], [[Verdict::Ok; 2]; 2]);
        assert_eq!(of(39, 2), [Verdict::Failing, Verdict::Degraded]);
    }
}
