//! Tokens that were verified a moment ago: a signature costs more to check than everything else in
//! a request.

use crate::{jwks::KeySet, moment::Moment};
use bff_core::ports::Principal;
use std::{collections::HashMap, sync::Arc};

/// How many tokens are remembered, per worker.
const MAX_ENTRIES: usize = 1024;
/// How long, in seconds; a token that ends sooner is forgotten sooner.
const MAX_SECONDS: f64 = 60.0;

/// Verified tokens by hash, so that a memory dump holds no credentials.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The keys that verified all entries: with other keys, nothing here counts.
    keys: Option<Arc<KeySet>>,
    entries: HashMap<blake3::Hash, Entry>,
}

#[derive(Debug)]
struct Entry {
    principal: Arc<Principal>,
    /// In seconds since 1970.
    until: f64,
}

impl Seen {
    /// The caller of a token that `keys` have verified and that is still good.
    pub(crate) fn get(
        &self,
        token: &blake3::Hash,
        keys: &Arc<KeySet>,
        now: Moment,
    ) -> Option<Arc<Principal>> {
        let same = self.keys.as_ref().is_some_and(|known| Arc::ptr_eq(known, keys));
        let entry = self.entries.get(token).filter(|entry| same && now.seconds() < entry.until)?;
        Some(Arc::clone(&entry.principal))
    }

    /// Remembers a token that `keys` have just verified and that expires at `exp`.
    pub(crate) fn put(
        &mut self,
        token: blake3::Hash,
        keys: &Arc<KeySet>,
        principal: &Arc<Principal>,
        exp: f64,
        now: Moment,
    ) {
        if !self.keys.as_ref().is_some_and(|known| Arc::ptr_eq(known, keys)) {
            *self = Self { keys: Some(Arc::clone(keys)), ..Self::default() };
        }
        // Starting over is the simplest bound, and costs at most one more check per token.
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.clear();
        }
        let until = exp.min(now.seconds() + MAX_SECONDS);
        self.entries.insert(token, Entry { principal: Arc::clone(principal), until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Algorithm;
    use bff_fixtures::Issuer;
    use std::time::Duration;

    fn keys(now: Moment) -> Arc<KeySet> {
        Arc::new(
            KeySet::read(Issuer::shared().jwks().as_bytes(), &[Algorithm::RS256], now.steady)
                .unwrap(),
        )
    }

    #[test]
    fn a_token_is_remembered_for_a_minute_or_its_life_by_the_keys_that_verified_it() {
        let now = Moment::now();
        let (keys, other_keys) = (keys(now), keys(now));
        let (long, short) = (blake3::hash(b"long"), blake3::hash(b"short"));
        let principal = Arc::new(Principal::new("u-1").unwrap());
        let mut seen = Seen::default();
        seen.put(long, &keys, &principal, now.seconds() + 3600.0, now);
        seen.put(short, &keys, &principal, now.seconds() + 10.0, now);
        for (token, keys, seconds, known) in [
            (&long, &keys, 0, true),
            (&long, &keys, 59, true),
            (&long, &keys, 61, false),
            (&short, &keys, 9, true),
            (&short, &keys, 11, false),
            (&long, &other_keys, 0, false),
        ] {
            let later = now.later(Duration::from_secs(seconds));
            assert_eq!(seen.get(token, keys, later).is_some(), known, "{token} after {seconds} s");
        }
        seen.put(short, &other_keys, &principal, now.seconds() + 10.0, now);
        assert!(seen.get(&long, &other_keys, now).is_none(), "verified by the former keys");
    }

    #[test]
    fn memory_is_bounded() {
        let now = Moment::now();
        let (keys, principal) = (keys(now), Arc::new(Principal::new("u-1").unwrap()));
        let mut seen = Seen::default();
        for n in 0..3 * MAX_ENTRIES {
            let token = blake3::hash(&n.to_le_bytes());
            seen.put(token, &keys, &principal, now.seconds() + 10.0, now);
            assert!(seen.get(&token, &keys, now).is_some());
            assert!(seen.entries.len() <= MAX_ENTRIES);
        }
    }
}
