//! Which keys each of the instances can open with that share sessions, so that none of them seals with
//! a key that another one lacks.
//!
//! Files of keys reach instances one by one, in any order, and whenever. So each says in the store
//! what it can open with, and looks what the others say.

use super::{Vault, store::Away};
use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// How often each worker looks whether there is something to do.
const TICK: Duration = Duration::from_secs(1);
/// How often the others are asked while the newest key is not everybody's.
const EAGER: Duration = Duration::from_secs(1);
/// And how often otherwise.
const CALM: Duration = Duration::from_secs(15);
/// An instance that has said nothing for so long is gone.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(60);
/// A key that is missing for so long here is not on its way: what it sealed has ended.
const HOPELESS: Duration = Duration::from_secs(15 * 60);
/// How often an operator is told of one.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// Keys that are known to be missing.
const MOST_MISSING: usize = 64;

/// The name of a key where others can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KeyId([u8; 4]);

impl KeyId {
    pub(super) fn of(secret: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = blake3::derive_key("bff-auth 2026-11 key id", secret);
        Self([a, b, c, d])
    }

    /// The one that a record begins with.
    pub(super) fn in_front_of(record: &[u8]) -> Option<Self> {
        record.first_chunk().map(|octets| Self(*octets))
    }

    pub(super) fn octets(self) -> [u8; 4] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl FromStr for KeyId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes()))
    }
}

/// What each of the other instances can open with.
#[derive(Debug, Default)]
pub(super) struct Others(Vec<Vec<KeyId>>);

impl Others {
    pub(super) fn all_have(&self, key: KeyId) -> bool {
        self.0.iter().all(|keys| keys.contains(&key))
    }

    pub(super) fn any_has(&self, key: KeyId) -> bool {
        self.0.iter().any(|keys| keys.contains(&key))
    }

    fn lacking(&self, key: KeyId) -> usize {
        self.0.iter().filter(|keys| !keys.contains(&key)).count()
    }
}

impl FromIterator<Vec<KeyId>> for Others {
    fn from_iter<I: IntoIterator<Item = Vec<KeyId>>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// What this instance has said, and when it is to say it again.
#[derive(Debug)]
pub(super) struct Holder {
    /// By chance, and another one after a restart.
    pub(super) instance: String,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    keys: Vec<KeyId>,
    sealing: Option<KeyId>,
    due: Option<Instant>,
}

impl Holder {
    pub(super) fn new(instance: String) -> Self {
        Self { instance, said: Mutex::default() }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is the caller's turn: one worker's at a time, and at once when the keys changed.
    fn is_due(&self, keys: &[KeyId]) -> bool {
        let mut said = self.said();
        let now = Instant::now();
        if said.keys == keys && said.due.is_some_and(|due| now < due) {
            return false;
        }
        said.keys = keys.to_vec();
        said.due = Some(now + EAGER);
        true
    }
}

impl Vault {
    /// Says what this instance can open with and learns what the others can, as long as there is a
    /// vault.
    pub(super) async fn stay_in_touch(vault: Weak<Self>) {
        while let Some(vault) = vault.upgrade() {
            let keys = vault.seals.ids();
            // Nothing was learnt while the store is away: it is tried again with the next tick.
            if vault.holder.is_due(&keys) && vault.compare(&keys).await == Err(Away) {
                vault.holder.said().due = None;
            }
            drop(vault);
            sleep(TICK).await;
        }
    }

    async fn compare(self: &Arc<Self>, keys: &[KeyId]) -> Result<(), Away> {
        let instance = &self.holder.instance;
        let mine: Vec<_> = keys.iter().map(KeyId::to_string).collect();
        self.store.say(instance, mine.join(" "), GONE_AFTER).await?;
        let said = self.store.said_by_others(instance).await?;
        let read = |said: &String| said.split(' ').filter_map(|key| key.parse().ok()).collect();
        let others: Others = said.iter().map(read).collect();
        let newest = keys.first().copied();
        let lacking = newest.map_or(0, |newest| others.lacking(newest));
        self.seals.learn(others);
        let sealing = self.seals.sealing();
        let mut said = self.holder.said();
        if said.sealing != sealing {
            said.sealing = sealing;
            if let (Some(newest), Some(sealing)) = (newest, sealing) {
                tracing::info!(%sealing, %newest, lacking, "sessions are sealed with this key; the newest one follows when no instance lacks it");
            }
        }
        if sealing == newest {
            said.due = Some(Instant::now() + CALM);
        }
        Ok(())
    }
}

/// Keys that records name and this instance does not have.
#[derive(Debug, Default)]
pub(super) struct Missing(Mutex<HashMap<KeyId, Since>>);

#[derive(Debug, Clone, Copy)]
struct Since {
    first: Instant,
    told: Instant,
}

impl Missing {
    /// Takes note of a record that no key opens. Whether the key may still come: until then its
    /// session has not ended.
    pub(super) fn may_come(&self, key: KeyId) -> bool {
        let now = Instant::now();
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.len() >= MOST_MISSING && !missing.contains_key(&key) {
            let oldest = missing.iter().min_by_key(|(_, since)| since.first).map(|(key, _)| *key);
            oldest.and_then(|oldest| missing.remove(&oldest));
        }
        let is_new = !missing.contains_key(&key);
        let since = missing.entry(key).or_insert(Since { first: now, told: now });
        let may_come = now.duration_since(since.first) < HOPELESS;
        if may_come && (is_new || now.duration_since(since.told) >= TOLD_EVERY) {
            since.told = now;
            let advice = "write it into session.keys_file of every instance again: users get 503 until then, and have to sign in anew after 15 minutes";
            tracing::warn!(%key, advice, "a session is sealed with a key that this instance does not have");
        }
        may_come
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyId, MOST_MISSING, Missing};

    #[test]
    fn c19_a_key_is_named_the_same_wherever_it_is_read() {
        for secret in [[0; 32], [1; 32], [255; 32]] {
            let id = KeyId::of(&secret);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(KeyId::in_front_of(&[&id.octets()[..], b"rest"].concat()), Some(id));
        }
        assert_eq!(KeyId::in_front_of(b"abc"), None);
    }

    #[test]
    fn c19_what_is_remembered_of_missing_keys_is_bounded() {
        let missing = Missing::default();
        for number in 0..1000_u32 {
            assert!(missing.may_come(KeyId(number.to_be_bytes())));
        }
        assert_eq!(missing.0.lock().unwrap().len(), MOST_MISSING);
    }
}
