//! What the configuration says about the sessions of browsers.

use super::{cookies, return_to::ReturnTo, seal::Seals};
use crate::{
    proof::ClientProof,
    settings::{Algorithm, AuthError, check_sizes, max_subject_bytes, max_token_bytes},
};
use bff_redis::{RedisSettings, RedisSettingsError, masked};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};
use url::Url;

/// `[session]`: who signs browsers in, and how long that lasts.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// The identity provider, exactly as it spells itself; its discovery document is below it.
    pub issuer: String,
    /// The name of this BFF at the provider.
    pub client_id: String,
    /// A file with the secret that proves it; read again when it changes.
    pub client_secret_file: Option<PathBuf>,
    /// The secret itself, for development.
    #[serde(default, serialize_with = "masked")]
    pub client_secret: Option<SecretString>,
    /// A PEM file with a key that proves it instead (private_key_jwt, RFC 7523), RSA or P-256; read
    /// again when it changes.
    pub private_key_file: Option<PathBuf>,
    /// How browsers reach this BFF, without a path: `https://shop.example`. The provider has to know
    /// `/bff/callback` below it.
    pub public_url: Url,
    /// What is asked for at login. `openid` has to be in it; `offline_access` at most providers, for
    /// a refresh token. Without one a session lasts until it is idle or over, and cannot be exchanged
    /// for services once its access token has ended.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// OpenID Connect's `prompt`, for a provider that gives refresh tokens only with `consent`.
    pub prompt: Option<String>,
    /// The algorithms that the provider signs with.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// More hosts that the provider's endpoints may be on. The issuer's own is allowed.
    #[serde(default)]
    pub provider_hosts: Vec<String>,
    /// The name of the session cookie; it starts with `__Host-`, so that no sibling domain can set
    /// it.
    #[serde(default = "cookie")]
    pub cookie: String,
    /// How long a session lasts that nobody uses.
    #[serde(default = "idle", with = "humantime_serde")]
    pub idle: Duration,
    /// How long a session lasts at most.
    #[serde(default = "absolute", with = "humantime_serde")]
    pub absolute: Duration,
    /// How long before its end an access token is renewed.
    #[serde(default = "refresh_ahead", with = "humantime_serde")]
    pub refresh_ahead: Duration,
    /// The claims of the user that the browser may see at `/bff/user`, besides `sub`.
    #[serde(default = "claims")]
    pub claims: Vec<String>,
    /// Where else a login may return to, as origins: `https://www.shop.example`. Paths of
    /// `public_url` always may.
    #[serde(default)]
    pub return_origins: Vec<Url>,
    /// Where the provider sends the browser after logout; `public_url` when left out.
    pub after_logout: Option<Url>,
    /// A file with the keys that sessions are sealed with: one per line, 32 bytes in base64, the
    /// newest first; read again when it changes. Needed as soon as instances share sessions; without one, sessions end with
    /// the process.
    pub keys_file: Option<PathBuf>,
    /// How long after the first instance has read a new key of `keys_file` the others have it too:
    /// from then on it seals.
    #[serde(default = "key_activation", with = "humantime_serde")]
    pub key_activation: Duration,
    /// The `typ` headers of logout tokens; `JWT` for a provider that does not type them.
    #[serde(default = "logout_token_types")]
    pub logout_token_types: Vec<String>,
    /// The longest identity or logout token, in bytes.
    #[serde(default = "max_token_bytes")]
    pub max_token_bytes: usize,
    /// The longest subject, in bytes.
    #[serde(default = "max_subject_bytes")]
    pub max_subject_bytes: usize,
    /// How long a look into the store may take.
    #[serde(default = "store_timeout", with = "humantime_serde")]
    pub store_timeout: Duration,
    /// Where sessions are kept for all instances; in this process when left out.
    pub redis: Option<RedisSettings>,
    /// How many sessions are kept in this process when there is no Redis.
    #[serde(default = "max_in_memory")]
    pub max_in_memory: usize,
}

/// A setting under which nobody could sign in, or not safely.
#[derive(Debug, thiserror::Error)]
#[error("session.{key}: {why}")]
pub struct SessionSettingsError {
    key: String,
    why: String,
}

impl SessionSettingsError {
    pub(super) fn new(key: &str, why: impl Into<String>) -> Self {
        Self { key: key.to_owned(), why: why.into() }
    }
}

impl From<AuthError> for SessionSettingsError {
    fn from(AuthError { key, why }: AuthError) -> Self {
        Self { key, why }
    }
}

impl From<RedisSettingsError> for SessionSettingsError {
    fn from(error: RedisSettingsError) -> Self {
        Self { key: format!("redis.{}", error.key), why: error.why }
    }
}

impl SessionSettings {
    pub(super) fn check(&self) -> Result<(), SessionSettingsError> {
        let wrong = |key, why: &str| Err(SessionSettingsError::new(key, why));
        if self.client_id.is_empty() {
            return wrong("client_id", "must not be empty");
        }
        let issuer = Url::parse(&self.issuer).ok();
        for (key, url) in [("issuer", issuer.as_ref()), ("public_url", Some(&self.public_url))] {
            if !url.is_some_and(is_safe) {
                return wrong(key, "expected https://, or http:// on this machine in development");
            }
        }
        if self.public_url.path() != "/" || self.public_url.query().is_some() {
            return wrong("public_url", "expected an origin without a path: https://shop.example");
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return wrong("scopes", "must contain `openid`");
        }
        if self.algorithms.is_empty() {
            return wrong("algorithms", "must not be empty");
        }
        cookies::check_name(&self.cookie)
            .map_err(|why| SessionSettingsError::new("cookie", why))?;
        for (key, time) in [("idle", self.idle), ("absolute", self.absolute)] {
            if time < Duration::from_secs(60) {
                return wrong(key, "must be at least 1m");
            }
        }
        if self.absolute < self.idle {
            return wrong("absolute", "must not be less than `session.idle`");
        }
        check_sizes(self.max_token_bytes, self.max_subject_bytes)?;
        if self.redis.is_some() && self.keys_file.is_none() {
            return wrong(
                "keys_file",
                "is needed with Redis, so that all instances can read a session: `openssl rand -base64 32`",
            );
        }
        Ok(())
    }

    /// Where the browser comes back to from the provider.
    pub(super) fn callback_url(&self) -> String {
        self.below("bff/callback")
    }

    /// A URL of this BFF as browsers see it.
    pub(super) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The origin that requests to this BFF come from.
    pub(super) fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    pub(super) fn return_to(&self) -> ReturnTo {
        ReturnTo::new(&self.return_origins)
    }

    pub(super) fn seals(&self) -> Result<Seals, SessionSettingsError> {
        Seals::open(self.keys_file.as_deref())
            .map_err(|why| SessionSettingsError::new("keys_file", why))
    }

    pub(super) fn proof(&self) -> Result<ClientProof, SessionSettingsError> {
        let (file, key) = (self.client_secret_file.as_deref(), self.private_key_file.as_deref());
        ClientProof::of(self.client_secret.as_ref(), file, key)
            .map_err(|(key, why)| SessionSettingsError::new(key, why))
    }
}

/// Encrypted on the way, or never on a way.
pub(super) fn is_safe(url: &Url) -> bool {
    let local = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && local))
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email", "offline_access"].map(str::to_owned).to_vec()
}

fn algorithms() -> Vec<Algorithm> {
    vec![Algorithm::RS256]
}

fn claims() -> Vec<String> {
    ["name", "email"].map(str::to_owned).to_vec()
}

fn logout_token_types() -> Vec<String> {
    vec!["logout+jwt".to_owned()]
}

fn cookie() -> String {
    "__Host-Http-session".to_owned()
}

const fn key_activation() -> Duration {
    Duration::from_secs(5 * 60)
}

const fn idle() -> Duration {
    Duration::from_secs(30 * 60)
}

const fn absolute() -> Duration {
    Duration::from_secs(8 * 60 * 60)
}

const fn refresh_ahead() -> Duration {
    Duration::from_secs(60)
}

const fn store_timeout() -> Duration {
    Duration::from_millis(250)
}

const fn max_in_memory() -> usize {
    10_000
}
