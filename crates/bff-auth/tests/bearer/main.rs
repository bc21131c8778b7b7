//! Bearer tokens as a BFF meets them: good ones, attacks, and an issuer that is not always there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the unit tests; each user needs a part of it"
)]
mod support;

mod attacks;
mod claims;
mod issuer_away;
mod kinds;
mod several;

use bff_auth::{Bearer, IssuerSettings, Issuers, KeySource};
use bff_core::{
    Problem,
    ports::{Authenticator, Presented},
};
use bff_fixtures::Issuer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{Answer, KeyEndpoint, US, bearer, issuers, run, settings};

const INVALID: &str = "401 TOKEN_INVALID";

/// The shared issuer with its endpoint, and a worker that knows callers by its tokens.
struct World {
    issuer: &'static Issuer,
    endpoint: KeyEndpoint,
    bearer: Bearer,
}

impl World {
    async fn new() -> Self {
        Self::with(Answer::Body(Issuer::shared().jwks())).await
    }

    async fn with(answer: Answer) -> Self {
        let endpoint = KeyEndpoint::start(answer).await;
        let bearer = bearer(endpoint.source());
        Self { issuer: Issuer::shared(), endpoint, bearer }
    }

    /// The caller's subject.
    async fn caller(&self, authorization: Option<&str>) -> Result<String, Problem> {
        self.bearer
            .authenticate(Presented { authorization, ..Presented::default() })
            .await
            .map(|principal| principal.subject().to_owned())
    }

    /// The code of the problem, or `ok`.
    async fn outcome(&self, token: &str) -> String {
        said(self.caller(Some(&format!("Bearer {token}"))).await)
    }
}

fn said<T>(outcome: Result<T, Problem>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(problem) => format!("{} {}", problem.class().status(), problem.code()),
    }
}

/// The same from a worker that accepts the tokens of one issuer.
async fn outcome_of(settings: IssuerSettings, token: &str) -> String {
    let bearer = Bearer::new(&issuers(settings));
    let authorization = format!("Bearer {token}");
    said(bearer.authenticate(Presented::authorization(&authorization)).await)
}

/// Sends each token, and then again: a refusal must not be remembered as anything else.
async fn refused(world: &World, attacks: &[(&str, String)], outcome: &str) {
    for (what, token) in attacks {
        for _ in 0..2 {
            assert_eq!(world.outcome(token).await, outcome, "{what}");
        }
    }
    assert_eq!(
        world.outcome(&world.issuer.token("u-1", US)).await,
        "ok",
        "a good token, after all that"
    );
}

/// `object` with `member` set to `value`, or without it when that is `null`.
fn with(mut object: Value, member: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(member),
        value => members.insert(member.to_owned(), value),
    };
    object
}

/// The text of `object` with the members `raw` at its end, repeated or not.
fn with_raw(object: &Value, raw: &str) -> String {
    format!("{},{raw}}}", object.to_string().trim_end_matches('}'))
}

#[test]
fn good_tokens_are_accepted() {
    run(async {
        let world = World::new().await;
        let issuer = world.issuer;
        let (header, claims) = (issuer.header(), issuer.claims("u-1", US));
        let exp = claims["exp"].as_f64().unwrap();
        let es256 =
            json!({ "alg": "ES256", "typ": "at+jwt", "kid": bff_fixtures::issuer::EC_KEY_ID });
        for (what, token) in [
            ("as issued", issuer.token("u-1", US)),
            ("ES256", issuer.sign_es256(&es256, &claims)),
            ("without kid", issuer.sign(&with(header.clone(), "kid", Value::Null), &claims)),
            (
                "aud as array",
                issuer.sign(&header, &with(claims.clone(), "aud", json!(["web", US]))),
            ),
            (
                "fractional exp",
                issuer.sign(&header, &with(claims.clone(), "exp", json!(exp + 0.5))),
            ),
            (
                "exp within the leeway",
                issuer.sign(&header, &with(claims.clone(), "exp", json!(exp - 3610.0))),
            ),
            (
                "nbf within the leeway",
                issuer.sign(&header, &with(claims.clone(), "nbf", json!(exp - 3590.0))),
            ),
            ("without nbf", issuer.sign(&header, &with(claims.clone(), "nbf", Value::Null))),
            (
                "long type",
                issuer.sign(&with(header.clone(), "typ", json!("Application/AT+JWT")), &claims),
            ),
            ("type JWT", issuer.sign(&with(header.clone(), "typ", json!("jwt")), &claims)),
            (
                "7 KiB",
                issuer.sign(&header, &with(claims.clone(), "roles", json!("x".repeat(5000)))),
            ),
        ] {
            for scheme in ["Bearer", "bearer", "BEARER"] {
                let caller = world.caller(Some(&format!("{scheme} {token}"))).await;
                assert_eq!(caller.as_deref(), Ok("u-1"), "{what}, {scheme}");
            }
        }
        assert_eq!(world.endpoint.asked(), 1);
    });
}

#[test]
fn a_token_that_comes_again_is_remembered() {
    run(async {
        let world = World::new().await;
        let authorization = format!("Bearer {}", world.issuer.token("u-1", US));
        let first =
            world.bearer.authenticate(Presented::authorization(&authorization)).await.unwrap();
        let again =
            world.bearer.authenticate(Presented::authorization(&authorization)).await.unwrap();
        assert!(std::sync::Arc::ptr_eq(&first, &again));
    });
}

#[test]
fn keys_in_a_file_are_read_at_start() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = Issuer::shared().write_jwks(dir).unwrap();
    run(async {
        let bearer = bearer(KeySource::File(path));
        let token = format!("Bearer {}", Issuer::shared().token("u-1", US));
        assert!(bearer.authenticate(Presented::authorization(&token)).await.is_ok());
    });
}

#[test]
fn settings_that_cannot_work_are_an_error_that_names_them() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        KeySource::File(path)
    };
    let secret = r#"{ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }] }"#;
    for (source, named) in [
        (KeySource::File(dir.join("missing.json")), "missing.json"),
        (file("garbage.json", "garbage"), "garbage.json"),
        (file("empty.json", r#"{ "keys": [] }"#), "empty.json"),
        (file("secret.json", secret), "secret.json"),
        (KeySource::Url("ftp://issuer.test/keys".parse().unwrap()), "issuers.main.keys.url"),
        (KeySource::Url("https://u:p@issuer.test/keys".parse().unwrap()), "issuers.main.keys.url"),
    ] {
        let main = BTreeMap::from([("main".to_owned(), settings(source))]);
        let error = Issuers::new(&main).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
