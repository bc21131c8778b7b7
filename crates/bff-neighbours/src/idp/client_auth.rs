//! Which client asks: a secret in a header or a form, or an assertion signed with its key.

use super::{
    asked::Asked,
    client::Client,
    provider::{Provider, now},
    reply::OAuthError,
    secrets::equal,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::Jwk};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use std::{borrow::Cow, collections::HashSet};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// An assertion is good for a moment, in seconds.
const LONGEST_ASSERTION: u64 = 600;
/// The clocks of two machines differ, in seconds.
const LEEWAY: u64 = 30;

#[derive(Deserialize)]
struct Assertion {
    jti: String,
    exp: u64,
}

impl Provider {
    /// The client of a request, by exactly one method (RFC 6749, section 2.3).
    pub(super) fn client(&mut self, asked: &Asked) -> Result<Client, OAuthError> {
        let params = &asked.params;
        let secret = params.get("client_secret");
        let assertion = params.get("client_assertion");
        let client = match (asked.authorization.is_some(), secret, assertion) {
            (true, None, None) => {
                let (id, secret) = basic(asked)
                    .ok_or(OAuthError::invalid_client("the Authorization header is unreadable"))?;
                self.with_secret(&id, &secret)?
            }
            (false, Some(secret), None) => self.with_secret(params.need("client_id")?, secret)?,
            (false, None, Some(assertion)) => {
                if params.get("client_assertion_type") != Some(JWT_BEARER) {
                    return Err(OAuthError::invalid_request("no such client_assertion_type"));
                }
                self.with_assertion(assertion)?
            }
            (false, None, None) => return Err(OAuthError::invalid_client("no client credentials")),
            _ => return Err(OAuthError::invalid_request("two ways of client authentication")),
        };
        match params.get("client_id") {
            Some(id) if id != client.id => {
                Err(OAuthError::invalid_request("client_id is another client"))
            }
            _ => Ok(client),
        }
    }

    fn with_secret(&self, id: &str, secret: &str) -> Result<Client, OAuthError> {
        let client = self.clients.get(id).filter(|client| {
            client.secret.as_deref().is_some_and(|expected| equal(expected, secret))
        });
        client.cloned().ok_or(OAuthError::invalid_client("unknown client or wrong secret"))
    }

    /// RFC 7523, section 3.
    fn with_assertion(&mut self, assertion: &str) -> Result<Client, OAuthError> {
        const REFUSED: &str = "the client assertion is not accepted";
        let accepted = self.clients.values().find_map(|client| {
            let claims = self.claims_of(client, assertion)?;
            Some((client.clone(), claims))
        });
        let (client, claims) = accepted.ok_or(OAuthError::invalid_client(REFUSED))?;
        let id = format!("{} {}", client.id, claims.jti);
        if claims.exp > now() + LONGEST_ASSERTION || self.assertions.get(&id).is_some() {
            return Err(OAuthError::invalid_client(REFUSED));
        }
        self.assertions.insert(id, ());
        Ok(client)
    }

    fn claims_of(&self, client: &Client, assertion: &str) -> Option<Assertion> {
        let jwk: Jwk = serde_json::from_value(client.public_key_jwk.clone()?).ok()?;
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.algorithms = vec![Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];
        rules.algorithms.retain(|algorithm| algorithm.family() == key.family());
        rules.leeway = LEEWAY;
        rules.required_spec_claims = HashSet::from(["iss", "sub", "aud", "exp"].map(str::to_owned));
        rules.set_issuer(&[&client.id]);
        rules.sub = Some(client.id.clone());
        rules.set_audience(&[self.url.clone(), format!("{}/token", self.url)]);
        decode(assertion, &key, &rules).ok().map(|jwt| jwt.claims)
    }
}

/// Id and secret, each encoded as in a form (RFC 6749, section 2.3.1).
fn basic(asked: &Asked) -> Option<(String, String)> {
    let bytes = BASE64_STANDARD.decode(asked.credential("Basic")?).ok()?;
    let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().ok().map(Cow::into_owned)
    };
    Some((decoded(id)?, decoded(secret)?))
}
