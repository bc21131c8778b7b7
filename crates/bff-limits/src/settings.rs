//! `[limits]`: who may ask how often.

use crate::gcra::{Rate, SECOND};
use bff_redis::{RedisSettings, RedisSettingsError};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// `[limits]`. What is left out is not limited.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Requests of one principal.
    pub per_principal: Option<Quota>,
    /// Requests to the whole BFF, all instances together.
    pub per_surface: Option<Quota>,
    /// Requests of one principal to the routes of a class, by the name of the class.
    pub classes: BTreeMap<String, Quota>,
    /// Authentication failures from one address; in IPv6 from one /64, which is one customer's.
    pub failures_per_ip: Option<Quota>,
    /// `[limits.shared]`: where all instances count together. Each counts for itself when it is
    /// left out, and while Redis is away.
    pub shared: Option<RedisSettings>,
    /// The longest that a request waits for Redis before this instance decides alone; 10 ms.
    #[serde(with = "humantime_serde")]
    pub within: Duration,
}

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How many.
    pub requests: u32,
    /// In what time, in whole seconds.
    #[serde(with = "humantime_serde")]
    pub per: Duration,
    /// How many may come at once; `requests` when left out. In any stretch of time no more are
    /// allowed than these and what the rate allows in it.
    pub burst: Option<u32>,
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitSettingsError {
    /// One of `[limits]`.
    #[error("limits.{key}: {why}")]
    Limit {
        /// The key.
        key: String,
        /// Why, and what to write instead.
        why: &'static str,
    },
    /// One of `[limits.shared]`.
    #[error("limits.shared.{0}")]
    Shared(#[from] RedisSettingsError),
}

/// The names that the other limits have in answers.
pub(crate) const PRINCIPAL: &str = "principal";
pub(crate) const SURFACE: &str = "surface";
pub(crate) const FAILURES: &str = "failures";

/// The highest rate: a hundred ticks for each, so that rounding is a hundredth at most.
const MOST_PER_SECOND: u64 = 100_000;
/// The longest that a bucket may take to be whole again.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            per_principal: None,
            per_surface: None,
            classes: BTreeMap::new(),
            failures_per_ip: None,
            shared: None,
            within: Duration::from_millis(10),
        }
    }
}

impl LimitSettings {
    /// Finds what parses and still cannot work.
    ///
    /// # Errors
    /// The first such setting, by its key.
    pub fn check(&self) -> Result<(), LimitSettingsError> {
        let quotas = [
            ("per_principal", &self.per_principal),
            ("per_surface", &self.per_surface),
            ("failures_per_ip", &self.failures_per_ip),
        ];
        for (key, quota) in quotas {
            quota.as_ref().map_or(Ok(()), |quota| quota.check(key))?;
        }
        for (name, quota) in &self.classes {
            let key = format!("classes.{name}");
            let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(letter) {
                return Err(refuse(&key, "the name may have letters, digits, `-` and `_` only"));
            }
            if [PRINCIPAL, SURFACE, FAILURES].contains(&name.as_str()) {
                return Err(refuse(&key, "this is the name of another limit: name the class else"));
            }
            quota.check(&key)?;
        }
        if self.within.is_zero() {
            return Err(refuse("within", "must be more than zero"));
        }
        Ok(self.shared.as_ref().map_or(Ok(()), RedisSettings::check)?)
    }
}

impl Quota {
    pub(crate) fn rate(&self) -> Rate {
        Rate::new(self.requests, self.per, self.burst.unwrap_or(self.requests))
    }

    fn check(&self, key: &str) -> Result<(), LimitSettingsError> {
        let seconds = self.per.as_secs();
        let too_fast = u64::from(self.requests) > MOST_PER_SECOND.saturating_mul(seconds);
        let longest = LONGEST.as_secs().saturating_mul(SECOND);
        let wrong = [
            ("requests", self.requests == 0, "must be more than zero"),
            ("per", seconds == 0, "must be at least 1s"),
            ("per", self.per.subsec_nanos() != 0, "must be whole seconds"),
            ("requests", too_fast, "must be at most 100000 in a second"),
            ("burst", self.burst == Some(0), "must be more than zero"),
            (
                "burst",
                self.rate().tolerance() > longest,
                "would take more than 31 days to come back: lower it, or shorten `per`",
            ),
        ];
        match wrong.into_iter().find(|(_, is_wrong, _)| *is_wrong) {
            Some((part, _, why)) => Err(refuse(&format!("{key}.{part}"), why)),
            None => Ok(()),
        }
    }
}

fn refuse(key: &str, why: &'static str) -> LimitSettingsError {
    LimitSettingsError::Limit { key: key.to_owned(), why }
}
