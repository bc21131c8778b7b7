//! What is kept about a browser that signed in.

use super::{Vault, store::Away};
use crate::token_endpoint::Granted;
use bff_core::ports::Principal;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize, Serializer};
use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

/// A session. Times are whole seconds since 1970.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) subject: String,
    /// The provider's own session (`sid`), for back-channel logout.
    pub(super) provider_session: Option<String>,
    /// What `/bff/user` may tell.
    pub(super) claims: BTreeMap<String, serde_json::Value>,
    pub(super) scopes: Vec<String>,
    #[serde(serialize_with = "exposed")]
    pub(super) access_token: SecretString,
    pub(super) access_until: u64,
    #[serde(serialize_with = "exposed_if")]
    pub(super) refresh_token: Option<SecretString>,
    /// When the session ends however much it is used.
    pub(super) until: u64,
    /// Counts the renewals.
    pub(super) generation: u64,
}

impl Record {
    /// The record as it is kept under `name`.
    ///
    /// # Errors
    /// It cannot be sealed.
    pub(super) async fn seal(&self, name: &str, vault: &Vault) -> Result<Vec<u8>, Away> {
        let json = serde_json::to_vec(self).map_err(|_never| Away)?;
        vault.seal(name, &Zeroizing::new(json)).await
    }

    /// What was kept under `name`; `None` for what no key of ours sealed, or another release in
    /// another shape.
    ///
    /// # Errors
    /// It may be sealed with a key that this instance does not have yet.
    pub(super) async fn open(
        name: &str,
        sealed: &[u8],
        vault: &Vault,
    ) -> Result<Option<Self>, Away> {
        let plain = vault.unseal(name, sealed).await?;
        Ok(plain.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// The caller that this session stands for.
    pub(super) fn principal(&self) -> Option<Principal> {
        let principal = Principal::new(&self.subject)?;
        let principal = principal.with_scopes(self.scopes.iter().map(String::as_str));
        // One that has ended, because there was none to renew it by, proves nothing.
        let lives = now() < self.access_until;
        Some(if lives { principal.with_token(self.access_token.clone()) } else { principal })
    }

    /// Whether the session is over by its own account.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.until <= now
    }
}

/// What an access token lives when the provider does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 300;

/// When an access token ends that is granted at `now`.
pub(super) fn access_until(now: u64, granted: &Granted) -> u64 {
    let lifetime = granted.lifetime.map_or(DEFAULT_LIFETIME, |lifetime| lifetime.as_secs());
    now.saturating_add(lifetime)
}

/// Now, as records count.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

fn exposed_if<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose_secret()),
        None => serializer.serialize_none(),
    }
}
