//! The keys that sign, the ones that clients still accept, and checking our own signatures.

use bff_fixtures::{Issuer, Json};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

/// All keys so far.
#[derive(Debug)]
pub(super) struct Keys {
    current: Arc<Issuer>,
    old: Vec<Arc<Issuer>>,
    /// How many of the oldest are no longer in the JWKS.
    withdrawn: usize,
    generations: usize,
}

impl Keys {
    pub(super) fn new(url: &str) -> Self {
        Self {
            current: Arc::new(generation(url, 1)),
            old: Vec::new(),
            withdrawn: 0,
            generations: 1,
        }
    }

    /// The key that signs.
    pub(super) fn current(&self) -> &Arc<Issuer> {
        &self.current
    }

    /// The number of the next keys, given out once.
    pub(super) fn next_generation(&mut self) -> usize {
        self.generations += 1;
        self.generations
    }

    pub(super) fn replace(&mut self, newest: Issuer) {
        self.old.push(std::mem::replace(&mut self.current, Arc::new(newest)));
    }

    pub(super) fn withdraw_old(&mut self) {
        self.withdrawn = self.old.len();
    }

    /// The JWKS document.
    pub(super) fn jwks(&self) -> Json {
        let published = self.old.iter().skip(self.withdrawn).chain([&self.current]);
        let keys = published.flat_map(|keys| match serde_json::from_str(&keys.jwks()) {
            Ok(Value::Object(mut document)) => match document.remove("keys") {
                Some(Value::Array(keys)) => keys,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// The claims of a token of ours of the given `typ`, however old it is.
    pub(super) fn verified(&self, token: &str, typ: &str) -> Option<Json> {
        let header =
            decode_header(token).ok().filter(|header| header.typ.as_deref() == Some(typ))?;
        let kid = header.kid?;
        let keys = self.old.iter().chain([&self.current]).find(|keys| keys.key_id() == kid)?;
        let key = DecodingKey::from_rsa_pem(keys.public_key_pem().as_bytes()).ok()?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_aud = false;
        rules.validate_exp = false;
        rules.required_spec_claims = HashSet::new();
        decode(token, &key, &rules).ok().map(|token| token.claims)
    }
}

/// The n-th keys of an issuer. Making them takes a moment.
pub(super) fn generation(url: &str, n: usize) -> Issuer {
    Issuer::named(url, &format!("idp-{n}"), &format!("idp-{n}-ec"))
}
