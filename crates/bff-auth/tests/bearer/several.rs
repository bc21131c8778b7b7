//! Several issuers side by side, and what a token's claims make of its caller.

use crate::{
    INVALID,
    support::{Answer, KeyEndpoint, US, issuers, run, settings},
    with,
};
use bff_auth::{Bearer, IssuerSettings, Issuers, KeySource};
use bff_core::{
    Problem,
    ports::{Authenticator, Presented, Principal},
};
use bff_fixtures::Issuer;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const OTHER: &str = "https://other.test";

async fn ask(bearer: &Bearer, token: &str) -> Result<Arc<Principal>, Problem> {
    let authorization = format!("Bearer {token}");
    bearer.authenticate(Presented::authorization(&authorization)).await
}

async fn outcome(bearer: &Bearer, token: &str) -> String {
    match ask(bearer, token).await {
        Ok(_) => "ok".to_owned(),
        Err(problem) => format!("{} {}", problem.class().status(), problem.code()),
    }
}

/// The test issuer as `main`, and `other` with keys of its own under the same key ids.
fn two(main: KeySource, other: KeySource) -> Bearer {
    let other = IssuerSettings { issuer: OTHER.to_owned(), ..settings(other) };
    let both = [("main".to_owned(), settings(main)), ("other".to_owned(), other)];
    Bearer::new(&Issuers::new(&BTreeMap::from(both)).unwrap())
}

fn claims_of(issuer: &Issuer, iss: &str) -> Value {
    with(issuer.claims("u-1", US), "iss", json!(iss))
}

#[test]
fn the_issuer_that_a_token_names_is_the_only_one_whose_keys_count() {
    run(async {
        let (a, b) = (Issuer::shared(), Issuer::new());
        let main = KeyEndpoint::start(Answer::Body(a.jwks())).await;
        let other = KeyEndpoint::start(Answer::Body(b.jwks())).await;
        let bearer = two(main.source(), other.source());
        let cases = [
            (a, a.issuer(), "ok"),
            (&b, OTHER, "ok"),
            (a, OTHER, INVALID),
            (&b, a.issuer(), INVALID),
            (a, "https://third.test", INVALID),
        ];
        for (signer, iss, expected) in cases {
            let token = signer.sign(&signer.header(), &claims_of(signer, iss));
            for _ in 0..2 {
                assert_eq!(outcome(&bearer, &token).await, expected, "{iss}");
            }
        }
        assert_eq!((main.asked(), other.asked()), (1, 1));
    });
}

#[test]
fn one_issuers_trouble_and_flood_is_not_the_others() {
    run(async {
        let (a, b) = (Issuer::shared(), Issuer::new());
        let main = KeyEndpoint::start(Answer::Body("garbage".to_owned())).await;
        let other = KeyEndpoint::start(Answer::Body(b.jwks())).await;
        let bearer = two(main.source(), other.source());
        for n in 0..20 {
            let header = with(b.header(), "kid", json!(format!("kid-{n}")));
            let flood = a.sign(&header, &claims_of(a, a.issuer()));
            assert_eq!(outcome(&bearer, &flood).await, "503 IDENTITY_UNAVAILABLE");
            let good = b.sign(&b.header(), &claims_of(&b, OTHER));
            assert_eq!(outcome(&bearer, &good).await, "ok");
        }
        assert_eq!((main.asked(), other.asked()), (1, 1));
    });
}

#[test]
fn two_tables_for_one_issuer_are_refused() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("twice");
    std::fs::create_dir_all(&dir).unwrap();
    let keys = KeySource::File(Issuer::shared().write_jwks(&dir).unwrap());
    let both = ["a", "b"].map(|name| (name.to_owned(), settings(keys.clone())));
    let error = Issuers::new(&BTreeMap::from(both)).unwrap_err().to_string();
    assert!(error.starts_with("issuers.b.issuer: ") && error.contains("`issuers.a`"), "{error}");
}

#[test]
fn c5_scopes_are_read_in_every_way_of_writing_them() {
    run(async {
        let issuer = Issuer::shared();
        let endpoint = KeyEndpoint::start(Answer::Body(issuer.jwks())).await;
        let bearer = Bearer::new(&issuers(settings(endpoint.source())));
        for (claim, value, granted) in [
            ("scope", json!("a b"), "ab"),
            ("scope", json!(""), ""),
            ("scope", json!(" a  b "), "ab"),
            ("scp", json!("a b"), "ab"),
            ("scp", json!(["a", "b"]), "ab"),
            ("scp", json!(["a b"]), ""),
            ("scp", json!([]), ""),
            ("scp", json!(["", "a", "openid"]), "a"),
            ("scp", Value::Null, ""),
            ("scope", json!(["a", "b"]), "ab"),
            ("scope", json!(["a b"]), ""),
            ("scope", json!(["openid", "b", "b"]), "b"),
            ("scope", json!([]), ""),
            ("scope", json!(["\u{e9}", "a"]), "a"),
            ("roles", json!(["a"]), ""),
        ] {
            let claims = with(issuer.claims("u-1", US), claim, value.clone());
            let caller = ask(&bearer, &issuer.sign(&issuer.header(), &claims)).await.unwrap();
            let may: String =
                ["a", "b", ""].into_iter().filter(|scope| caller.may(scope)).collect();
            assert_eq!(may, granted, "{claim} {value}");
            assert!(caller.token().is_none(), "what is not needed is not kept");
        }
        for (claim, value) in [
            ("scope", json!(7)),
            ("scope", json!({ "a": true })),
            ("scope", json!(["a", 7])),
            ("scope", json!(["a", null])),
            ("scope", json!([["a"]])),
            ("scp", json!(true)),
            ("scp", json!({ "a": true })),
            ("scp", json!(["a", 7])),
            ("scp", json!([{}])),
        ] {
            let claims = with(issuer.claims("u-1", US), claim, value.clone());
            let token = issuer.sign(&issuer.header(), &claims);
            assert_eq!(outcome(&bearer, &token).await, INVALID, "{claim} {value}");
        }
    });
}

#[test]
fn only_the_clients_that_are_named_may_pass_a_token_on() {
    run(async {
        let issuer = Issuer::shared();
        let endpoint = KeyEndpoint::start(Answer::Body(issuer.jwks())).await;
        let parties = vec!["app".to_owned(), "kiosk".to_owned()];
        let settings =
            IssuerSettings { authorized_parties: parties, ..settings(endpoint.source()) };
        let bearer = Bearer::new(&issuers(settings));
        for (claims, expected) in [
            (json!({ "azp": "app" }), "ok"),
            (json!({ "client_id": "kiosk" }), "ok"),
            (json!({ "azp": "app", "client_id": "other" }), "ok"),
            (json!({ "azp": "other", "client_id": "app" }), INVALID),
            (json!({ "azp": "App" }), INVALID),
            (json!({ "client_id": ["app"] }), INVALID),
            (json!({}), INVALID),
        ] {
            let mut all = issuer.claims("u-1", US);
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            let token = issuer.sign(&issuer.header(), &all);
            assert_eq!(outcome(&bearer, &token).await, expected, "{claims}");
        }
    });
}

#[test]
fn a_token_is_kept_where_it_is_exchanged() {
    use secrecy::ExposeSecret;
    run(async {
        let issuer = Issuer::shared();
        let endpoint = KeyEndpoint::start(Answer::Body(issuer.jwks())).await;
        let settings = IssuerSettings { exchange: true, ..settings(endpoint.source()) };
        let bearer = Bearer::new(&issuers(settings));
        let token = issuer.token("u-1", US);
        let caller = ask(&bearer, &token).await.unwrap();
        assert_eq!(caller.token().map(ExposeSecret::expose_secret), Some(token.as_str()));
    });
}
