//! The issuer's public keys as a document (RFC 7517): which of them may verify what.

use crate::settings::Algorithm;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use std::time::Instant;

/// More keys than any issuer has; the rest of a longer document is not read.
const MAX_KEYS: usize = 100;

/// The keys of one document, at least one.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
    /// When the document was asked for.
    pub(crate) read_at: Instant,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// What it may verify, at least one: configured, and fitting to the key.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// Each key on its own: one that we cannot read must not hide the others.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// The keys in `json` that can verify with one of the `allowed` algorithms.
    ///
    /// # Errors
    /// What is wrong with the document, in words for an operator; a document without a usable key
    /// is wrong.
    pub(crate) fn read(json: &[u8], allowed: &[Algorithm], now: Instant) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(json).map_err(|error| format!("not a JWKS: {error}"))?;
        let keys: Vec<Key> = document
            .keys
            .iter()
            .take(MAX_KEYS)
            .filter_map(|value| Key::read(value, allowed))
            .collect();
        if keys.is_empty() {
            return Err(format!("no key in it verifies signatures with one of {allowed:?}"));
        }
        Ok(Self { keys, read_at: now })
    }

    /// The key that a token names or, when it names none, the only one that could be meant.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithms.contains(&algorithm));
        let Some(id) = id else {
            let only = fitting.next()?;
            return fitting.next().is_none().then_some(&only.key);
        };
        fitting.find(|key| key.id.as_deref() == Some(id)).map(|key| &key.key)
    }
}

impl Key {
    fn read(value: &serde_json::Value, allowed: &[Algorithm]) -> Option<Self> {
        let jwk = Jwk::deserialize(value).ok()?;
        let algorithms: Vec<_> =
            allowed.iter().copied().filter(|algorithm| fits(&jwk, *algorithm)).collect();
        if algorithms.is_empty() || !is_for_verifying(&jwk) {
            return None;
        }
        Some(Self { key: DecodingKey::from_jwk(&jwk).ok()?, id: jwk.common.key_id, algorithms })
    }
}

/// Whether the issuer meant `jwk` for signatures with `algorithm`. A secret (`oct`) fits none.
fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let meant = KeyAlgorithm::from(jsonwebtoken::Algorithm::from(algorithm));
    let possible = match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), RS256 | RS384 | RS512 | PS256 | PS384 | PS512) => true,
        (AlgorithmParameters::EllipticCurve(key), ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), ES384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    possible && jwk.common.key_algorithm.is_none_or(|named| named == meant)
}

fn is_for_verifying(jwk: &Jwk) -> bool {
    let signs =
        jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let verifies =
        jwk.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    signs && verifies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::Issuer;
    use Algorithm::{ES256, PS256, RS256, RS512};
    use serde_json::{Value, json};

    /// The shared issuer's RSA key with `changes`, alone in a set.
    fn rsa(changes: &Value) -> Result<KeySet, String> {
        let mut document: Value = serde_json::from_str(&Issuer::shared().jwks()).unwrap();
        let key = document["keys"][0].as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            key.insert(name.clone(), value.clone());
        }
        let alone = json!({ "keys": [key] }).to_string();
        KeySet::read(alone.as_bytes(), &[RS256, PS256, ES256], Instant::now())
    }

    #[test]
    fn a_key_verifies_only_what_it_is_for() {
        let named = rsa(&json!({})).unwrap();
        assert!(named.find(Some("dev-1"), RS256).is_some());
        for other in [PS256, ES256, RS512] {
            assert!(named.find(Some("dev-1"), other).is_none(), "{other:?}");
        }
        let unnamed = rsa(&json!({ "alg": null })).unwrap();
        assert!(unnamed.find(Some("dev-1"), PS256).is_some());
        assert!(unnamed.find(Some("dev-1"), RS512).is_none(), "not configured");
    }

    #[test]
    fn a_key_for_something_else_is_no_key() {
        for changes in [
            json!({ "use": "enc" }),
            json!({ "key_ops": ["encrypt"] }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "RSA-OAEP" }),
            json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "RS256" }),
            json!({ "kty": "EC", "crv": "P-384", "x": "AAAA", "y": "AAAA", "alg": "ES256" }),
            json!({ "n": "not base64!" }),
        ] {
            assert!(rsa(&changes).is_err(), "{changes}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_does_not_hide_the_others() {
        let mut document: Value = serde_json::from_str(&Issuer::shared().jwks()).unwrap();
        let keys = document["keys"].as_array_mut().unwrap();
        keys.splice(
            0..0,
            [json!("garbage"), json!({ "kty": "EC", "crv": "secp256k1" }), json!({ "kid": 7 })],
        );
        let set = KeySet::read(document.to_string().as_bytes(), &[RS256], Instant::now()).unwrap();
        assert!(set.find(Some("dev-1"), RS256).is_some());
    }

    #[test]
    fn a_token_without_key_id_needs_the_only_key() {
        let mut document: Value = serde_json::from_str(&Issuer::shared().jwks()).unwrap();
        let read = |document: &Value| {
            KeySet::read(document.to_string().as_bytes(), &[RS256, ES256], Instant::now()).unwrap()
        };
        assert!(read(&document).find(None, RS256).is_some(), "one RSA key and one for ES256");
        let keys = document["keys"].as_array_mut().unwrap();
        keys.push(keys[0].clone());
        assert!(read(&document).find(None, RS256).is_none(), "two RSA keys");
    }
}
