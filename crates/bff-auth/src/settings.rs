//! What the configuration says about bearer tokens: from whom, for whom, and how they are signed.

use bff_core::ports::Principal;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};
use url::Url;

/// `[issuers.<name>]`: one issuer, and which of its bearer tokens count.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// The issuer, exactly as the `iss` claim spells it.
    pub issuer: String,
    /// The name of this BFF that `aud` has to contain.
    pub audience: String,
    /// The claim that has to have this name, for an issuer whose access tokens have no `aud`.
    #[serde(default)]
    pub audience_claim: AudienceClaim,
    /// The algorithms that the issuer signs with. A token cannot choose any other.
    pub algorithms: Vec<Algorithm>,
    /// Where the issuer's public keys are.
    pub keys: KeySource,
    /// How far the issuer's clock may be from ours.
    #[serde(default = "leeway", with = "humantime_serde")]
    pub leeway: Duration,
    /// The `typ` headers of access tokens, so that an identity or logout token of the same issuer
    /// is not taken for one. Case and a leading `application/` do not matter.
    #[serde(default = "token_types")]
    pub token_types: Vec<String>,
    /// Whether tokens without a `typ` count as well: those of issuers that write none. What tells
    /// their other tokens apart is in `claims/kind.rs`.
    #[serde(default)]
    pub allow_untyped: bool,
    /// The longest token, in bytes.
    #[serde(default = "max_token_bytes")]
    pub max_token_bytes: usize,
    /// The longest subject, in bytes.
    #[serde(default = "max_subject_bytes")]
    pub max_subject_bytes: usize,
    /// The clients whose tokens count, by `azp` or else `client_id` (RFC 9068); empty for all.
    #[serde(default)]
    pub authorized_parties: Vec<String>,
    /// Whether a verified token is kept with its caller, to be exchanged for tokens that services
    /// accept (RFC 8693). What is not needed is not kept.
    #[serde(default)]
    pub exchange: bool,
}

/// Where an access token says for whom it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AudienceClaim {
    /// In `aud` (RFC 7519).
    #[default]
    Aud,
    /// In `client_id`: the issuer knows clients only, as Amazon Cognito does, and this BFF is one of
    /// them. An `aud` that is there has to have the name as well.
    ClientId,
}

/// Where the issuer's public keys are: `{ file = "keys.json" }` or `{ url = "https://issuer/keys" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// A JWKS file, read once at start.
    File(PathBuf),
    /// A JWKS that is fetched when first needed and kept fresh.
    Url(Url),
}

/// A signature algorithm. Only asymmetric ones have a name here: whoever can verify must not be
/// able to sign, and `none` is not an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037, which define them")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::RS256 => Self::RS256,
            Algorithm::RS384 => Self::RS384,
            Algorithm::RS512 => Self::RS512,
            Algorithm::PS256 => Self::PS256,
            Algorithm::PS384 => Self::PS384,
            Algorithm::PS512 => Self::PS512,
            Algorithm::ES256 => Self::ES256,
            Algorithm::ES384 => Self::ES384,
            Algorithm::EdDSA => Self::EdDSA,
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct AuthError {
    pub(crate) key: String,
    pub(crate) why: String,
}

impl AuthError {
    pub(crate) fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }

    /// The same for a key inside `table`.
    pub(crate) fn within(self, table: &str) -> Self {
        Self { key: format!("{table}.{}", self.key), ..self }
    }
}

impl IssuerSettings {
    /// Refuses settings under which every token, or none, would be refused for a reason nobody
    /// meant.
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        for (key, empty) in [
            ("issuer", self.issuer.is_empty()),
            ("audience", self.audience.is_empty()),
            ("algorithms", self.algorithms.is_empty()),
            ("token_types", self.token_types.is_empty()),
        ] {
            if empty {
                return Err(AuthError::new(key, "must not be empty"));
            }
        }
        check_sizes(self.max_token_bytes, self.max_subject_bytes)
    }
}

/// Refuses bounds that no token meets, or that nothing behind them can bear.
pub(crate) fn check_sizes(
    max_token_bytes: usize,
    max_subject_bytes: usize,
) -> Result<(), AuthError> {
    let most = Principal::MAX_SUBJECT_BYTES;
    if max_token_bytes == 0 {
        return Err(AuthError::new("max_token_bytes", "must not be 0"));
    }
    if !(1..=most).contains(&max_subject_bytes) {
        return Err(AuthError::new("max_subject_bytes", format!("must be from 1 to {most}")));
    }
    Ok(())
}

fn leeway() -> Duration {
    Duration::from_secs(30)
}

/// Longer than most tokens, and far below what a request's head may have.
pub(crate) const fn max_token_bytes() -> usize {
    8 * 1024
}

/// OpenID Connect Core, section 2.
pub(crate) const fn max_subject_bytes() -> usize {
    255
}

fn token_types() -> Vec<String> {
    vec!["at+jwt".to_owned(), "JWT".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::{AudienceClaim, IssuerSettings, KeySource};
    use std::time::Duration;

    const GOOD: &str = r#"
        issuer = "https://issuer.test"
        audience = "mobile"
        algorithms = ["RS256", "EdDSA"]
        keys = { file = "keys.json" }
    "#;

    #[test]
    fn what_is_not_said_has_a_safe_default() {
        let settings: IssuerSettings = toml::from_str(GOOD).unwrap();
        assert_eq!(settings.keys, KeySource::File("keys.json".into()));
        assert_eq!(settings.leeway, Duration::from_secs(30));
        assert_eq!(settings.token_types, ["at+jwt", "JWT"]);
        assert!(settings.authorized_parties.is_empty() && !settings.exchange);
        assert_eq!(settings.audience_claim, AudienceClaim::Aud);
        assert!(!settings.allow_untyped);
        assert_eq!((settings.max_token_bytes, settings.max_subject_bytes), (8192, 255));
    }

    #[test]
    fn what_cannot_be_meant_is_an_error() {
        for (good, bad) in [
            ("\"RS256\"", "\"HS256\""),
            ("\"RS256\"", "\"none\""),
            ("algorithms", "algorithm"),
            (
                "{ file = \"keys.json\" }",
                "{ file = \"keys.json\", url = \"https://issuer.test/keys\" }",
            ),
            ("{ file = \"keys.json\" }", "\"keys.json\""),
            ("{ file = \"keys.json\" }", "{ url = \"issuer.test/keys\" }"),
        ] {
            assert!(toml::from_str::<IssuerSettings>(&GOOD.replace(good, bad)).is_err(), "{bad}");
        }
        for (good, bad) in
            [("https://issuer.test", ""), ("mobile", ""), ("\"RS256\", \"EdDSA\"", "")]
        {
            let settings: IssuerSettings = toml::from_str(&GOOD.replace(good, bad)).unwrap();
            assert!(settings.check().is_err(), "{settings:?}");
        }
        for bad in ["max_token_bytes = 0", "max_subject_bytes = 0", "max_subject_bytes = 1025"] {
            let settings: IssuerSettings = toml::from_str(&format!("{GOOD}\n{bad}")).unwrap();
            assert!(settings.check().is_err(), "{bad}");
        }
    }
}
