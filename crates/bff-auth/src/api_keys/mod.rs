//! API keys: for programs of other companies, where nobody can sign in.
//!
//! A key is `bffp_<id>_<secret>`. The id finds the entry, the secret proves it. The file holds the
//! SHA-256 of the secret: slow hashes protect words that people can remember, and nobody guesses
//! 256 random bits. A partner that changes its key has two entries for a while.

mod both;
mod edit;
mod entry;
mod file;
mod presented;
#[cfg(test)]
mod tests;

pub use both::BearerOrKey;
pub use edit::{KeyFileError, NewKey, issue, list, revoke};
pub use entry::Entry;

use crate::{moment::Moment, refusal::Refusal, settings::AuthError};
use arc_swap::ArcSwap;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bff_core::ports::Principal;
use entry::hash;
use file::{Live, Source};
use presented::ApiKey;
use serde::{Deserialize, Serialize};
use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// How often the file is looked at: what was revoked is refused within two seconds.
const POLL: Duration = Duration::from_secs(1);

/// `[api_keys]`: where the keys of partners are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySettings {
    /// The file that `bff-key` writes. It is read again when it changes.
    pub file: PathBuf,
}

/// The keys that count. One per process.
#[derive(Debug)]
pub struct ApiKeys {
    live: Arc<ArcSwap<Live>>,
    /// Dropped with it, which ends the thread that looks at the file.
    _watched: mpsc::Sender<()>,
}

impl ApiKeys {
    /// Reads the file, and from now on reads it again when it has changed. One that cannot be read
    /// is logged, and the keys stay as they were.
    ///
    /// # Errors
    /// The file cannot be read, or an entry cannot be used; with its line.
    pub fn open(settings: &ApiKeySettings) -> Result<Arc<Self>, AuthError> {
        let failed = |why: String| AuthError::new("api_keys.file", why);
        let (source, first) = Source::open(&settings.file).map_err(failed)?;
        let live = Arc::new(ArcSwap::from_pointee(first));
        let (watched, ended) = mpsc::channel();
        let watching = Arc::clone(&live);
        // A thread of its own, because a file may be on a disk that hangs, and workers must not.
        thread::Builder::new()
            .name("api-keys".to_owned())
            .spawn(move || watch(source, &watching, &ended))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Arc::new(Self { live, _watched: watched }))
    }

    /// The partner whose key this is. Whether the id is unknown or the secret is wrong costs the
    /// same, and cannot be told from the answer.
    ///
    /// # Errors
    /// [`Refusal::KeyExpired`] only when nothing else is wrong.
    pub(crate) fn verify(&self, presented: &str, now: Moment) -> Result<Arc<Principal>, Refusal> {
        let ApiKey { id, secret } =
            ApiKey::read(presented).ok_or(Refusal::KeyInvalid("not an API key"))?;
        let live = self.live.load();
        let known = live.get(id);
        // No secret is known to have this hash.
        let expected = known.map_or(&[0; 32], |key| &key.hash);
        let is_right = verify_slices_are_equal(&hash(&secret), expected).is_ok();
        match known {
            Some(key) if is_right => match key.until {
                Some(until) if until <= now.seconds() => Err(Refusal::KeyExpired),
                _ => Ok(Arc::clone(&key.principal)),
            },
            _ => Err(Refusal::KeyInvalid("unknown API key")),
        }
    }
}

/// Until all that could use the keys is gone.
fn watch(mut source: Source, live: &ArcSwap<Live>, ended: &mpsc::Receiver<()>) {
    while ended.recv_timeout(POLL) == Err(mpsc::RecvTimeoutError::Timeout) {
        match source.changed() {
            None => {}
            Some(Ok(keys)) => {
                tracing::info!(keys = keys.len(), "the API keys were read again");
                live.store(Arc::new(keys));
            }
            Some(Err(why)) => tracing::error!(
                why,
                "the changed file of API keys cannot be used; the keys before the change stay in use, also \
                 revoked ones; repair the file"
            ),
        }
    }
}
