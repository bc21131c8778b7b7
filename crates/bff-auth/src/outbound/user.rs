//! The user of a personal call as a short-lived token that the service can check (RFC 7519).
//!
//! It has no `jti`: a token is sent with every call to its service until half its life is over, so
//! that seeing it twice means nothing, and `aud` keeps it from counting anywhere else.

use super::settings::InternalTokenSettings;
use crate::{key::SigningKey, moment::Moment};
use awc::http::header::HeaderValue;
use bff_files::Watched;
use jsonwebtoken::{Algorithm, jwk::Jwk};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// The `typ` of the tokens, so that none of them is taken for an access token, nor the other way
/// round (RFC 8725, section 3.11).
const TYP: &str = "bff-user+jwt";

/// Signs users' tokens. One per process.
#[derive(Debug)]
pub(crate) struct Signer {
    /// `mobile-bff`.
    issuer: String,
    pub(crate) lifetime: Duration,
    keys: Arc<Watched<Vec<SigningKey>>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
}

#[derive(Serialize)]
struct Published<'a> {
    keys: Vec<&'a Jwk>,
}

impl Signer {
    /// Reads the key file.
    ///
    /// # Errors
    /// The key that cannot work, and why.
    pub(crate) fn new(
        issuer: &str,
        settings: &InternalTokenSettings,
    ) -> Result<Self, (&'static str, String)> {
        let lifetime = settings.lifetime;
        if !(10..=600).contains(&lifetime.as_secs()) {
            return Err(("lifetime", "must be from 10s to 10m".to_owned()));
        }
        let read = |pem: &[u8]| SigningKey::read_all(pem, &[Algorithm::EdDSA, Algorithm::ES256]);
        let keys = Watched::file(&settings.key_file, read);
        let keys = keys.map_err(|why| ("key_file", why))?;
        Ok(Self { issuer: issuer.to_owned(), lifetime, keys })
    }

    /// A token that tells the service `aud` that `sub` is the user.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn sign(&self, aud: &str, sub: &str, now: Moment) -> Result<HeaderValue, String> {
        let keys = self.keys.current();
        let key = keys.first().ok_or("no key")?;
        let iat = now.whole_seconds();
        let exp = iat + self.lifetime.as_secs();
        let token = key.sign(TYP, &Claims { iss: &self.issuer, aud, sub, iat, exp })?;
        let mut value = HeaderValue::try_from(token).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The public keys as a JWKS document (RFC 7517).
    pub(crate) fn jwks(&self) -> String {
        let keys = self.keys.current();
        let published = Published { keys: keys.iter().map(|key| &key.public).collect() };
        serde_json::to_string(&published).unwrap_or_default()
    }
}
