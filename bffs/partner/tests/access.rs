//! Who may read the catalogue: a partner with the scope, by token or by API key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use bff_testkit::{
    TestBff,
    api_keys::{NewKey, issue, revoke},
    http::Reply,
};
use std::{path::PathBuf, time::Duration};

const PRODUCT: &str = "/v2/products/p-1";

fn key(scopes: &[&str], expires: Option<&str>) -> NewKey {
    NewKey {
        subject: "partner-1".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires: expires.map(str::to_owned),
    }
}

/// A file of the test's own, and a BFF that reads it.
fn start(name: &str, keys: &[NewKey]) -> (TestBff, PathBuf, Vec<String>) {
    let file = std::env::temp_dir().join(format!("bff-keys-{name}-{}.toml", std::process::id()));
    let _left_from_another_run = std::fs::remove_file(&file);
    let issued = keys.iter().cloned().map(|key| issue(&file, key).unwrap()).collect();
    let bff = TestBff::start_with(&partner::bff(), |settings| {
        settings.api_keys = Some(bff_testkit::api_keys::ApiKeySettings { file: file.clone() });
    });
    (bff, file, issued)
}

fn with_key(bff: &TestBff, key: &str) -> Reply {
    bff.send("GET", PRODUCT, &[("x-api-key", key)])
}

#[test]
fn without_the_scope_nothing_is_read() {
    let bff = TestBff::start(&partner::bff());
    for scopes in [&[][..], &["catalogue:write"], &["catalogue"]] {
        let credential = bff.credential_with("partner-1", scopes);
        let reply = bff.send("GET", PRODUCT, &[("authorization", &credential)]);
        assert_eq!((reply.status, reply.code().as_str()), (403, "INSUFFICIENT_SCOPE"));
        let challenge = r#"Bearer error="insufficient_scope", scope="catalogue:read""#;
        assert_eq!(reply.header("www-authenticate"), Some(challenge));
    }
    assert_eq!(bff.services.stats(bff_testkit::Service::Catalog).requests_started, 0);
    let credential = bff.credential_with("partner-1", &["orders:read", "catalogue:read"]);
    assert_eq!(bff.send("GET", PRODUCT, &[("authorization", &credential)]).status, 200);
}

#[test]
fn a_partner_has_two_keys_for_a_while_and_a_revoked_one_ends_within_seconds() {
    let good = key(&["catalogue:read"], None);
    let (bff, file, keys) = start("two", &[good.clone(), good]);
    let [old, new] = &keys[..] else { unreachable!("two keys") };
    assert_eq!([with_key(&bff, old).status, with_key(&bff, new).status], [200, 200]);
    let id = old.split('_').nth(1).unwrap();
    revoke(&file, id).unwrap();
    let ended = |bff: &TestBff| with_key(bff, old).code() == "API_KEY_INVALID";
    assert!(bff.eventually(Duration::from_secs(10), ended));
    assert_eq!(with_key(&bff, new).status, 200);
}

#[test]
fn a_key_that_is_none_is_refused_and_says_nothing() {
    let keys = [
        key(&["catalogue:read"], Some("2020-01-01")),
        key(&[], None),
        key(&["catalogue:read"], None),
    ];
    let (bff, _file, keys) = start("none", &keys);
    let [expired, powerless, good] = &keys[..] else { unreachable!("three keys") };
    assert_eq!(with_key(&bff, expired).code(), "API_KEY_EXPIRED");
    assert_eq!(with_key(&bff, powerless).code(), "INSUFFICIENT_SCOPE");
    // A secret may have underscores in it, too.
    let secret = good.splitn(3, '_').nth(2).unwrap();
    let head = good.strip_suffix(secret).unwrap();
    let other = good.replace(good.split('_').nth(1).unwrap(), "00000000");
    let flipped =
        format!("{head}{}{}", if secret.starts_with('A') { 'B' } else { 'A' }, &secret[1..]);
    for bad in ["", "bffp", "bffp__", &other, &flipped, &format!("{good}x"), &good[..20]] {
        let reply = with_key(&bff, bad);
        let code = reply.code();
        assert!(
            reply.status == 401 && ["API_KEY_INVALID", "UNAUTHENTICATED"].contains(&code.as_str()),
            "{bad}: {code}"
        );
        assert!(!reply.text().contains(secret));
    }
    let both = [("x-api-key", good.as_str()), ("authorization", &bff.credential("partner-1"))];
    assert_eq!(bff.send("GET", PRODUCT, &both).status, 401, "two credentials are none");
    let twice = [("x-api-key", good.as_str()), ("x-api-key", good.as_str())];
    assert_eq!(bff.send("GET", PRODUCT, &twice).status, 401);
    let credential = bff.credential("partner-1");
    let three = [
        ("authorization", credential.as_str()),
        ("authorization", &credential),
        ("x-api-key", good),
    ];
    assert_eq!(bff.send("GET", PRODUCT, &three).status, 401);
    assert_eq!(with_key(&bff, good).status, 200);
}
