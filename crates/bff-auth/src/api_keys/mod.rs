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
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bff_core::ports::Principal;
use bff_files::Watched;
use entry::hash;
use file::Live;
use presented::ApiKey;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

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
    live: Arc<Watched<Live>>,
}

impl ApiKeys {
    /// Reads the file, and from now on reads it again when it has changed: what was revoked is
    /// refused within two seconds. One that cannot be read is logged, and the keys stay as they were,
    /// also revoked ones.
    ///
    /// # Errors
    /// The file cannot be read, or an entry cannot be used; with its line.
    pub fn open(settings: &ApiKeySettings) -> Result<Arc<Self>, AuthError> {
        let path = settings.file.clone();
        let live = Watched::open(vec![path.clone()], move || file::live(&path))
            .map_err(|why| AuthError::new("api_keys.file", why))?;
        Ok(Arc::new(Self { live }))
    }

    /// The partner whose key this is. Whether the id is unknown or the secret is wrong costs the
    /// same, and cannot be told from the answer.
    ///
    /// # Errors
    /// [`Refusal::ApiKeyExpired`] only when nothing else is wrong.
    pub(crate) fn verify(&self, presented: &str, now: Moment) -> Result<Arc<Principal>, Refusal> {
        let ApiKey { id, secret } = ApiKey::read(presented).ok_or(Refusal::ApiKeyMalformed)?;
        let live = self.live.current();
        let known = live.get(id);
        // No secret is known to have this hash.
        let expected = known.map_or(&[0; 32], |key| &key.hash);
        let is_right = verify_slices_are_equal(&hash(&secret), expected).is_ok();
        match known {
            Some(key) if is_right => match key.until {
                Some(until) if until <= now.seconds() => Err(Refusal::ApiKeyExpired),
                _ => Ok(Arc::clone(&key.principal)),
            },
            _ => Err(Refusal::ApiKey),
        }
    }
}
