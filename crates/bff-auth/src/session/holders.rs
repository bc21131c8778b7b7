//! Which keys each of the instances can open with that share sessions, so that none of them seals with
//! a key that another one lacks.
//!
//! Files of keys reach instances one by one, in any order, and whenever. So each says in the store
//! what it can open with, and looks what the others say. What an instance said outlives it for a
//! while: it may be restarting, and come back before its file does.

use super::{Vault, store::Away};
use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// How often each worker looks whether there is something to do, at most.
const TICK: Duration = Duration::from_secs(1);
/// How often the others are asked once the newest key is everybody's, at most.
const CALM: Duration = Duration::from_secs(15);
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

/// What the other instances can open with.
#[derive(Debug)]
pub(super) enum Others {
    /// There are none: sessions are in this process.
    Nobody,
    /// What each of them said when this instance had said `mine`. About a key that is newer than that
    /// nothing is known: an instance may have begun since, with an older file.
    Said { mine: Vec<KeyId>, theirs: Vec<Vec<KeyId>> },
}

impl Others {
    pub(super) fn all_have(&self, key: KeyId) -> bool {
        match self {
            Self::Nobody => true,
            Self::Said { mine, theirs } => {
                mine.contains(&key) && theirs.iter().all(|keys| keys.contains(&key))
            }
        }
    }

    pub(super) fn any_has(&self, key: KeyId) -> bool {
        match self {
            Self::Nobody => false,
            Self::Said { theirs, .. } => theirs.iter().any(|keys| keys.contains(&key)),
        }
    }
}

/// What this instance has said, and when it is to say it again.
#[derive(Debug)]
pub(super) struct Holder {
    /// By chance, and another one after a restart.
    instance: String,
    /// How long what it says counts.
    counts_for: Duration,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    keys: Vec<KeyId>,
    sealing: Option<KeyId>,
    due: Option<Instant>,
}

impl Holder {
    pub(super) fn new(instance: String, counts_for: Duration) -> Self {
        Self { instance, counts_for, said: Mutex::default() }
    }

    /// Often enough for what it says to last.
    fn tick(&self) -> Duration {
        TICK.min(self.counts_for / 8)
    }

    fn calm(&self) -> Duration {
        CALM.min(self.counts_for / 4)
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
        said.due = Some(now + self.tick());
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
            let tick = vault.holder.tick();
            drop(vault);
            sleep(tick).await;
        }
    }

    async fn compare(self: &Arc<Self>, keys: &[KeyId]) -> Result<(), Away> {
        let instance = &self.holder.instance;
        let mine: Vec<_> = keys.iter().map(KeyId::to_string).collect();
        self.store.say(instance, mine.join(" "), self.holder.counts_for).await?;
        let said = self.store.said_by_others(instance).await?;
        let read = |said: &String| said.split(' ').filter_map(|key| key.parse().ok()).collect();
        let theirs: Vec<Vec<KeyId>> = said.iter().map(read).collect();
        let newest = keys.first().copied();
        let lacks = |keys: &&Vec<KeyId>| newest.is_some_and(|newest| !keys.contains(&newest));
        let lacking = theirs.iter().filter(lacks).count();
        self.seals.learn(Others::Said { mine: keys.to_vec(), theirs });
        let sealing = self.seals.sealing();
        let mut said = self.holder.said();
        if said.sealing != sealing {
            said.sealing = sealing;
            if let (Some(newest), Some(sealing)) = (newest, sealing) {
                tracing::info!(%sealing, %newest, lacking, "sessions are sealed with this key; the newest one follows when no instance lacks it");
            }
        }
        if sealing == newest {
            said.due = Some(Instant::now() + self.holder.calm());
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
