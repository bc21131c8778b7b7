//! The issuer's public keys as a document (RFC 7517): which of them may verify what.

use crate::{
    foreign::{self, Members, Said},
    settings::Algorithm,
};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
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

/// What is used of a key (RFC 7517, section 4; RFC 7518, section 6). An odd one of these spoils the
/// key; any other one, such as a certificate, nothing.
const MEMBERS: [&str; 10] = ["kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e"];

impl KeySet {
    /// The keys in `json` that can verify with one of the `allowed` algorithms.
    ///
    /// # Errors
    /// What is wrong with the document, in words for an operator; a document without a usable key
    /// is wrong.
    pub(crate) fn read(json: &[u8], allowed: &[Algorithm], now: Instant) -> Result<Self, String> {
        let text = foreign::text(json);
        let keys = Members::read(&text).and_then(|document| document.need("keys"));
        let keys: Vec<&RawValue> = keys.map_err(|why| format!("not a JWKS: it {why}"))?;
        // Each on its own: one that we cannot read must not hide the others.
        let read = |key: &&RawValue| Key::read(key.get(), allowed);
        let keys: Vec<Key> = keys.iter().take(MAX_KEYS).filter_map(read).collect();
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
    fn read(text: &str, allowed: &[Algorithm]) -> Option<Self> {
        let members = Members::read(text).ok()?;
        let mut used = Map::new();
        for name in MEMBERS {
            match members.get::<Value>(name) {
                Said::Well(value) => drop(used.insert(name.to_owned(), value)),
                Said::Not => {}
                Said::Oddly => return None,
            }
        }
        let jwk = Jwk::deserialize(Value::Object(used)).ok()?;
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
    use Algorithm::{ES256, PS256, RS256, RS512};
    use bff_fixtures::Issuer;
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
        let document: Value = serde_json::from_str(&Issuer::shared().jwks()).unwrap();
        let good = document["keys"][0].clone();
        let (n, deep) = (good["n"].as_str().unwrap(), "[".repeat(500) + &"]".repeat(500));
        for odd in [
            r#""garbage""#,
            "null",
            "[]",
            "1e999",
            r#"{"kid":7}"#,
            r#"{"kty":"XYZ","kid":"dev-1"}"#,
            r#"{"kty":"AKP","alg":"ML-DSA-44","kid":"dev-1","pub":"AA"}"#,
            r#"{"kty":"EC","crv":"secp256k1","kid":"dev-1","x":"AA","y":"AA"}"#,
            r#"{"kty":"RSA","kid":"dev-1","n":"not base64!","e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":"dev-1","n":7,"e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":"dev-1","e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":"dev-1","n":"\ud800","e":"AQAB"}"#,
            // Which of the two would it be?
            &format!(r#"{{"kty":"RSA","kid":"a","kid":"dev-1","n":"{n}","e":"AQAB"}}"#),
            &deep,
        ] {
            for (first, second) in [(odd, &*good.to_string()), (&*good.to_string(), odd)] {
                let json = format!("\u{feff}{{\"keys\":[{first},{second}],\"x\":{odd}}}");
                let set = KeySet::read(json.as_bytes(), &[RS256], Instant::now());
                let set = set.unwrap_or_else(|why| panic!("{odd:.60}: {why}"));
                assert!(set.find(Some("dev-1"), RS256).is_some(), "{odd:.60}");
                assert!(set.find(None, RS256).is_some(), "{odd:.60}: it counts as a key");
            }
        }
    }

    #[test]
    fn what_is_not_used_of_a_key_does_not_spoil_it() {
        for (name, value) in [
            ("x5c", json!("no list")),
            ("x5u", json!(7)),
            ("x5t#S256", json!({})),
            ("kid_of_next", json!([[]])),
            ("exp", json!("soon")),
            ("k", json!(7)),
            ("use", json!(null)),
        ] {
            let set = rsa(&json!({ name: value })).unwrap();
            assert!(set.find(Some("dev-1"), RS256).is_some(), "{name}");
        }
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
