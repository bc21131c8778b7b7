//! How an issuer knows us: by a secret (RFC 6749, section 2.3.1), or by a key that never leaves us
//! (private_key_jwt, RFC 7523).

use crate::{key::SigningKey, moment::Moment};
use awc::http::header::HeaderValue;
use base64::{Engine, prelude::BASE64_STANDARD};
use bff_files::{Watched, secret_text};
use form_urlencoded::{Serializer, byte_serialize};
use jsonwebtoken::Algorithm;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::{path::Path, sync::Arc};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion counts, in seconds; it is used at once.
const ASSERTION_LIFE: u64 = 60;

/// What proves a client to an issuer. Files are read again when they change.
pub(crate) enum ClientProof {
    Secret(SecretString),
    SecretFile(Arc<Watched<SecretString>>),
    Key(Arc<Watched<SigningKey>>),
}

/// RFC 7523, section 3.
#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: u64,
    exp: u64,
}

impl ClientProof {
    /// Exactly one of them is expected.
    ///
    /// # Errors
    /// The key that cannot work, and why.
    pub(crate) fn of(
        secret: Option<&SecretString>,
        secret_file: Option<&Path>,
        key_file: Option<&Path>,
    ) -> Result<Self, (&'static str, String)> {
        let file = |path: &Path| {
            Watched::file(path, |bytes| Ok(secret_text(bytes)?.into()))
                .map(Self::SecretFile)
                .map_err(|why| ("client_secret_file", why))
        };
        let key = |path: &Path| {
            Watched::file(path, first_key).map(Self::Key).map_err(|why| ("private_key_file", why))
        };
        match (secret, secret_file, key_file) {
            (Some(secret), None, None) => Ok(Self::Secret(secret.clone())),
            (None, Some(path), None) => file(path),
            (None, None, Some(path)) => key(path),
            _ => Err((
                "client_secret_file",
                "expected one of client_secret_file, private_key_file and client_secret: a BFF is a confidential client"
                    .to_owned(),
            )),
        }
    }

    /// Proves the client `id` in a request to `audience`: by a header, or by fields of the form.
    ///
    /// # Errors
    /// Why it cannot, in words for an operator.
    pub(crate) async fn prove(
        &self,
        id: &str,
        audience: &str,
        form: &mut Serializer<'_, String>,
        now: Moment,
    ) -> Result<Option<HeaderValue>, String> {
        let file = match self {
            Self::Secret(secret) => return basic(id, secret).map(Some),
            Self::SecretFile(file) => return basic(id, &*file.latest().await).map(Some),
            Self::Key(file) => file,
        };
        let assertion = assertion(&*file.latest().await, id, audience, now)?;
        form.append_pair("client_id", id)
            .append_pair("client_assertion_type", ASSERTION)
            .append_pair("client_assertion", &assertion);
        Ok(None)
    }
}

fn assertion(key: &SigningKey, id: &str, audience: &str, now: Moment) -> Result<String, String> {
    let iat = now.whole_seconds();
    // To be another one each time; it guards nothing.
    let jti = format!("{:032x}", fastrand::u128(..));
    let exp = iat + ASSERTION_LIFE;
    key.sign("JWT", &Assertion { iss: id, sub: id, aud: audience, jti, iat, exp })
}

fn first_key(pem: &[u8]) -> Result<SigningKey, String> {
    let keys = SigningKey::read_all(pem, &[Algorithm::ES256, Algorithm::RS256])?;
    keys.into_iter().next().ok_or_else(|| "no key in it".to_owned())
}

/// Both parts are encoded as in a form first.
fn basic(id: &str, secret: &SecretString) -> Result<HeaderValue, String> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(id), encoded(secret.expose_secret()));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair)))
        .map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}
