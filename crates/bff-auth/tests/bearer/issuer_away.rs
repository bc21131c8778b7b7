//! The issuer's endpoint is slow, broken, gone, or has new keys: who gets in, and how often is it
//! asked?

use crate::{
    INVALID, World,
    support::{Answer, KeyEndpoint, US, bearer, issuers, run, settings},
    with,
};
use bff_auth::{Bearer, KeySource};
use bff_core::ports::{Authenticator, Presented};
use bff_fixtures::Issuer;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const AWAY: &str = "503 IDENTITY_UNAVAILABLE";

/// All the ways in which an endpoint can fail.
fn faults() -> Vec<(&'static str, Answer)> {
    let raw = |text: &str| Answer::Raw(text.to_owned());
    let body = |text: &str| Answer::Body(text.to_owned());
    let jwks = Issuer::shared().jwks();
    let half = &jwks[..jwks.len() / 2];
    vec![
        ("closes at once", raw("")),
        ("no HTTP", raw("garbage\r\n\r\n")),
        ("500", raw("HTTP/1.1 500 Oops\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")),
        (
            "keys with status 404",
            raw(&format!("HTTP/1.1 404 No\r\ncontent-length: {}\r\n\r\n{jwks}", jwks.len())),
        ),
        ("a redirect", raw("HTTP/1.1 302 Found\r\nlocation: /keys\r\ncontent-length: 0\r\n\r\n")),
        (
            "less than announced",
            raw(&format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{half}")),
        ),
        (
            "a header name that makes awc panic",
            raw(&format!("HTTP/1.1 200 OK\r\n{}: x\r\n\r\n", "x".repeat(66_000))),
        ),
        ("empty", body("")),
        ("garbage", body("<html></html>")),
        ("no keys", body(r#"{"keys":[]}"#)),
        (
            "only a secret",
            body(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256","kid":"dev-1"}]}"#),
        ),
        ("deep", Answer::Body("[".repeat(100_000))),
        ("more than 256 KiB", Answer::Body(format!("{jwks}{}", " ".repeat(256 * 1024)))),
    ]
}

fn with_kid(issuer: &Issuer, kid: &str) -> String {
    issuer.sign(&with(issuer.header(), "kid", json!(kid)), &issuer.claims("u-1", US))
}

#[test]
fn a_flood_of_unknown_keys_does_not_reach_the_issuer() {
    run(async {
        let world = World::new().await;
        let tokens: Vec<_> =
            (0..300).map(|n| with_kid(world.issuer, &format!("kid-{n}"))).collect();
        let outcomes = join_all(tokens.iter().map(|token| world.outcome(token))).await;
        assert!(outcomes.iter().all(|outcome| outcome == INVALID), "{outcomes:?}");
        for token in &tokens {
            assert_eq!(world.outcome(token).await, INVALID);
        }
        assert_eq!(world.outcome(&world.issuer.token("u-1", US)).await, "ok");
        assert_eq!(world.endpoint.asked(), 2, "once for the first keys, once for an unknown one");
    });
}

#[test]
fn a_flood_through_many_workers_is_one_fetch_whatever_the_issuer_answers() {
    run(async {
        let good = [("good", Answer::Body(Issuer::shared().jwks()))];
        for (what, answer) in good.into_iter().chain(faults()) {
            let world = World::new().await;
            let issuers = issuers(settings(world.endpoint.source()));
            let workers: Vec<_> = (0..4).map(|_| Bearer::new(&issuers)).collect();
            let known = format!("Bearer {}", world.issuer.token("u-1", US));
            let tokens: Vec<_> = (0..300)
                .map(|n| format!("Bearer {}", with_kid(world.issuer, &format!("kid-{n}"))))
                .collect();
            let ask = async |(n, token): (usize, &String)| {
                let presented = Presented::authorization(token);
                match workers[n % workers.len()].authenticate(presented).await {
                    Ok(_) => "ok".to_owned(),
                    Err(problem) => problem.code().to_owned(),
                }
            };
            assert_eq!(ask((0, &known)).await, "ok", "{what}");
            world.endpoint.says(answer);
            for outcome in join_all(tokens.iter().enumerate().map(ask)).await {
                assert_eq!(outcome, "TOKEN_INVALID", "{what}");
            }
            for outcome in join_all(tokens.iter().rev().enumerate().map(ask)).await {
                assert_eq!(outcome, "TOKEN_INVALID", "{what}");
            }
            assert_eq!(world.endpoint.asked(), 2, "{what}: the pause is one for all workers");
            for n in 0..workers.len() {
                let other = format!("Bearer {}", world.issuer.token("u-2", US));
                assert_eq!(ask((n, &other)).await, "ok", "{what}: known keys go on");
            }
        }
    });
}

#[test]
fn many_first_callers_on_many_workers_cause_one_fetch() {
    run(async {
        let endpoint = KeyEndpoint::start(Answer::Body(Issuer::shared().jwks())).await;
        let issuers = issuers(settings(endpoint.source()));
        let workers: Vec<_> = (0..8).map(|_| Bearer::new(&issuers)).collect();
        let token = format!("Bearer {}", Issuer::shared().token("u-1", US));
        let calls = workers.iter().flat_map(|worker| {
            (0..20).map(|_| worker.authenticate(Presented::authorization(&token)))
        });
        assert!(join_all(calls).await.iter().all(Result::is_ok));
        assert_eq!(endpoint.asked(), 1);
    });
}

#[test]
fn a_new_key_is_found_when_a_token_names_it() {
    run(async {
        let mut document: Value = serde_json::from_str(&Issuer::shared().jwks()).unwrap();
        let world = World::with(Answer::Body(document.to_string())).await;
        let (old, new) = (world.issuer.token("u-1", US), with_kid(world.issuer, "dev-3"));
        assert_eq!(world.outcome(&old).await, "ok");
        document["keys"][0]["kid"] = json!("dev-3");
        world.endpoint.says(Answer::Body(document.to_string()));
        assert_eq!(world.outcome(&old).await, "ok", "nobody has noticed yet");
        assert_eq!(world.outcome(&new).await, "ok");
        assert_eq!(world.outcome(&old).await, INVALID, "withdrawn");
        assert_eq!(world.endpoint.asked(), 2);
    });
}

#[test]
fn whatever_the_endpoint_does_later_known_keys_go_on() {
    run(async {
        for (what, fault) in faults() {
            let world = World::new().await;
            assert_eq!(world.outcome(&world.issuer.token("u-1", US)).await, "ok", "{what}");
            world.endpoint.says(fault);
            assert_eq!(world.outcome(&with_kid(world.issuer, "new")).await, INVALID, "{what}");
            assert_eq!(world.endpoint.asked(), 2, "{what}");
            assert_eq!(world.outcome(&world.issuer.token("u-2", US)).await, "ok", "{what}");
        }
    });
}

#[test]
fn without_any_keys_nobody_can_be_told_apart() {
    run(async {
        for (what, fault) in faults() {
            let world = World::with(fault).await;
            assert_eq!(world.outcome(&world.issuer.token("u-1", US)).await, AWAY, "{what}");
            assert_eq!(
                world.outcome(&world.issuer.token("u-1", US)).await,
                AWAY,
                "{what}, at once again"
            );
            assert_eq!(world.outcome("garbage").await, INVALID, "{what}");
            assert_eq!(world.endpoint.asked(), 1, "{what}");
        }
    });
}

#[test]
fn nobody_waits_for_an_endpoint_that_says_nothing() {
    run(async {
        let world = World::new().await;
        assert_eq!(world.outcome(&world.issuer.token("u-1", US)).await, "ok");
        world.endpoint.says(Answer::Silence);
        let (unknown, known) = (with_kid(world.issuer, "new"), world.issuer.token("u-2", US));
        let start = Instant::now();
        let waiting = join_all((0..50).map(|_| world.outcome(&unknown)));
        let (refused, ()) = tokio::join!(waiting, async {
            assert_eq!(world.outcome(&known).await, "ok");
            assert!(start.elapsed() < Duration::from_secs(1), "known keys need no fetch");
        });
        assert!(refused.iter().all(|outcome| outcome == INVALID));
        assert!(start.elapsed() < Duration::from_secs(4), "one time-out, not one after the other");
        assert_eq!(world.endpoint.asked(), 2);
    });
}

#[test]
fn a_caller_that_hangs_up_does_not_end_the_fetch_for_the_others() {
    run(async {
        let world = World::new().await;
        let authorization = format!("Bearer {}", world.issuer.token("u-1", US));
        let mut first = world.bearer.authenticate(Presented::authorization(&authorization));
        assert!(futures_util::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(world.outcome(&world.issuer.token("u-1", US)).await, "ok");
        assert_eq!(world.endpoint.asked(), 1);
    });
}

#[test]
fn an_endpoint_that_is_not_there_is_unavailable_with_http_and_with_https() {
    run(async {
        let world = World::new().await;
        let KeySource::Url(url) = world.endpoint.source() else { unreachable!() };
        drop(world);
        let mut https = url.clone();
        https.set_scheme("https").unwrap();
        for url in [url, https, "http://[::1]:1/keys".parse().unwrap()] {
            let bearer = bearer(KeySource::Url(url));
            let token = format!("Bearer {}", Issuer::shared().token("u-1", US));
            let problem = bearer.authenticate(Presented::authorization(&token)).await.unwrap_err();
            assert_eq!((problem.code(), problem.class().status()), ("IDENTITY_UNAVAILABLE", 503));
            assert_eq!(problem.retry_after_seconds(), Some(1));
        }
    });
}

#[test]
fn https_to_something_that_speaks_no_tls_is_unavailable() {
    run(async {
        let world = World::new().await;
        let KeySource::Url(mut url) = world.endpoint.source() else { unreachable!() };
        url.set_scheme("https").unwrap();
        let bearer = bearer(KeySource::Url(url));
        let token = format!("Bearer {}", world.issuer.token("u-1", US));
        assert_eq!(
            bearer.authenticate(Presented::authorization(&token)).await.unwrap_err().code(),
            "IDENTITY_UNAVAILABLE"
        );
        assert_eq!(world.endpoint.asked(), 1);
    });
}
