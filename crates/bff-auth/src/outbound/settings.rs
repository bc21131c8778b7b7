//! What the configuration says about the BFF's own credentials.

use bff_redis::masked;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use url::Url;

/// `[credentials.<name>]`: something by which this BFF proves itself to services.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CredentialSettings {
    /// A token of the BFF's own (RFC 6749, section 4.4).
    ClientCredentials(TokenSettings),
    /// For personal calls, a token that the issuer gives for the user's (RFC 8693). Shared calls
    /// are made with a token of the BFF's own.
    TokenExchange(TokenSettings),
    /// A key that never changes by itself.
    StaticKey(StaticKeySettings),
}

/// How tokens are got. Exactly one of `client_secret`, `client_secret_file` and `private_key_file`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// The issuer's token endpoint.
    pub token_url: Url,
    /// Who this BFF is to the issuer.
    pub client_id: String,
    /// A file with the client secret, read again when it changes.
    pub client_secret_file: Option<PathBuf>,
    /// The client secret itself, for development.
    #[serde(default, serialize_with = "masked")]
    pub client_secret: Option<SecretString>,
    /// A PEM file with a PKCS#8 key for `private_key_jwt` (RFC 7523, section 2.2), P-256 or RSA; read
    /// again when it changes.
    pub private_key_file: Option<PathBuf>,
    /// The scopes to ask for, separated by spaces.
    pub scope: Option<String>,
    /// For whom the token is to be; a token exchange needs it.
    pub audience: Option<String>,
}

/// A header with a secret value. Exactly one of `file` and `secret`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StaticKeySettings {
    /// The header's name.
    pub header: String,
    /// A file with its value, read again when it changes.
    pub file: Option<PathBuf>,
    /// The value itself, for development.
    #[serde(default, serialize_with = "masked")]
    pub secret: Option<SecretString>,
}

/// `[internal_tokens]`: how services learn in a way that they can check who the user is.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InternalTokenSettings {
    /// A PEM file with PKCS#8 keys, Ed25519 or P-256: the first one signs, all are published. Read
    /// again when it changes.
    pub key_file: PathBuf,
    /// How long a token counts: 10 s to 10 min.
    #[serde(default = "lifetime", with = "humantime_serde")]
    pub lifetime: Duration,
    /// Where services fetch the public keys: a port with nothing else on it. Without it the keys are
    /// on the admin port only.
    pub listen: Option<SocketAddr>,
}

fn lifetime() -> Duration {
    Duration::from_secs(60)
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct CredentialError {
    key: String,
    why: String,
}

impl CredentialError {
    pub(crate) fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }
}
