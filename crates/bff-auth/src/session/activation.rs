//! Which of the keys seals while a new one is on its way to all instances, and what it means when
//! none of them opens a record.
//!
//! Instances read a new key at different times, and restart in between. So a key opens as soon as it
//! is read, and seals only when the first instance has had it for `session.key_activation`. The
//! Redis of the sessions remembers since when that is, by the key's id, which tells nothing about
//! the key.

use super::{
    Vault,
    seal::{Key, KeyId, Plain, Ring},
    store::{Away, Store},
};
use arc_swap::ArcSwapOption;
use bff_redis::Spell;
use std::{sync::Arc, time::Duration};

/// How long after a key may seal an instance may still lack it. What is sealed with one that is
/// older, and that nobody has here, was sealed with a key that was taken away.
const LATE: Duration = Duration::from_secs(60 * 60);

/// When keys seal.
pub(super) struct Activation {
    after: Duration,
    /// The key on top, once it may seal.
    settled: ArcSwapOption<KeyId>,
    lacking: Spell,
}

impl Activation {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, settled: ArcSwapOption::empty(), lacking: Spell::default() }
    }

    /// Whether this is the key that seals here.
    pub(super) fn seals_with(&self, key: &KeyId) -> bool {
        self.settled.load().as_deref() == Some(key)
    }

    /// The newest key that every instance can be expected to have; when it cannot be known, one that
    /// has been in use.
    async fn choose<'ring>(&self, ring: &'ring Ring, store: &Store) -> &'ring Key {
        let newest = ring.newest();
        if self.seals_with(&newest.id) {
            return newest;
        }
        let ids: Vec<_> = ring.keys().map(|key| &key.id).collect();
        let Ok(ages) = store.key_ages(&ids).await else { return self.last_used(ring) };
        let of_age = ring.keys().zip(ages).find(|(_, age)| *age >= self.after);
        let key = of_age.map_or_else(|| self.last_used(ring), |(key, _)| key);
        if !self.seals_with(&key.id) {
            self.settled.store(Some(Arc::new(key.id.clone())));
            tracing::info!(key = %key.id, "sessions are sealed with this key");
        }
        key
    }

    fn last_used<'ring>(&self, ring: &'ring Ring) -> &'ring Key {
        ring.keys().find(|key| self.seals_with(&key.id)).unwrap_or_else(|| ring.oldest())
    }

    /// A key that others have begun to use and that is not here yet.
    async fn lacks(&self, ring: &Ring, store: &Store) -> Result<Option<KeyId>, Away> {
        let recent = store.keys_since(self.after.saturating_add(LATE)).await?;
        Ok(recent.into_iter().find(|id| ring.keys().all(|key| key.id != *id)))
    }
}

impl Vault {
    /// Seals `plain` for `name`.
    ///
    /// # Errors
    /// There is no randomness.
    pub(super) async fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, Away> {
        let ring = self.seals.ring()?;
        let key = self.activation.choose(&ring, &self.store).await;
        key.seal(name, plain).ok_or(Away)
    }

    /// What was sealed for `name`; `None` for what no key of ours sealed.
    ///
    /// # Errors
    /// It may be sealed with a key that this instance does not have yet, or nobody can say.
    pub(super) async fn unseal(&self, name: &str, record: &[u8]) -> Result<Option<Plain>, Away> {
        let ring = self.seals.ring()?;
        if let Some(plain) = ring.unseal(name, record) {
            return Ok(Some(plain));
        }
        self.counts.unopened.add(1);
        let lacks = self.activation.lacks(&ring, &self.store).await?;
        let Some(key) = lacks else { return Ok(None) };
        if self.activation.lacking.begins() {
            let advice = "write it into session.keys_file of this instance too";
            tracing::warn!(%key, advice, "other instances seal sessions with a key that is not here");
        }
        Err(Away)
    }
}
