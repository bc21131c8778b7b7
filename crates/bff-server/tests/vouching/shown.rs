//! What services are shown, and what they are not.

use crate::{ONCE, PRODUCT, PROFILE, own, picky::Picky, service, start, write};
use bff_fixtures::{
    TestFile,
    token_endpoint::{Says, TokenEndpoint},
};
use bff_testkit::{Service as Sample, TestBff, http};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use rcgen::KeyPair;

/// The value of a header of the last request that a service got; empty for none.
fn sent(bff: &TestBff, service: Sample, name: &str) -> String {
    let headers = bff.services.stats(service).last_headers;
    let mut named = headers.into_iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let value = named.next().map(|(_, value)| value).unwrap_or_default();
    assert!(named.next().is_none(), "{name} is there twice");
    value
}

fn key_file(name: &str) -> TestFile {
    TestFile::new(name, &KeyPair::generate().unwrap().serialize_pem())
}

fn tables(issuer: &TokenEndpoint, keys: &TestFile) -> String {
    let key = "[credentials.key]\nkind = \"static_key\"\nheader = \"X-Key\"\nsecret = \"sesame\"\n";
    own(&issuer.url())
        + key
        + &format!("[internal_tokens]\nkey_file = {:?}\n", keys.0)
        + &service("users", "http://users", "credential = \"own\"")
        + &service("catalog", "http://catalog", "credential = \"key\"")
}

#[test]
fn each_service_is_shown_what_is_configured_for_it() {
    let (issuer, keys) = (TokenEndpoint::start(Says::Token(300)), key_file("shown.pem"));
    let bff = start(&tables(&issuer, &keys));
    assert_eq!((bff.get(PROFILE).status, bff.get(PRODUCT).status), (200, 200));
    let shown = |name| sent(&bff, Sample::Users, name);
    assert_eq!(shown("authorization"), "Bearer token-1");
    assert_eq!((shown("x-user-id"), shown("x-key")), Default::default());
    assert_eq!(shown("x-service-account"), "test-bff");

    // As a service does it.
    let token = shown("x-user-token");
    let published = http::send(bff.admin_address, "GET", "/internal-jwks", &[]).unwrap();
    assert_eq!(published.header("content-type"), Some("application/jwk-set+json"));
    let known: JwkSet = serde_json::from_slice(&published.body).unwrap();
    let header = decode_header(&token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("bff-user+jwt"));
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&["users"]);
    rules.set_issuer(&["test-bff"]);
    let key = DecodingKey::from_jwk(known.find(&header.kid.unwrap()).unwrap()).unwrap();
    let claims = decode::<bff_testkit::Json>(&token, &key, &rules).unwrap().claims;
    assert_eq!(claims["sub"], "u-1");

    let shown = |name| sent(&bff, Sample::Catalog, name);
    assert_eq!(shown("x-key"), "sesame");
    for name in ["authorization", "x-user-id", "x-user-token"] {
        assert_eq!(shown(name), "", "{name}: a shared call says nothing about the user");
    }
}

#[test]
fn no_service_ever_sees_what_the_client_proves_itself_with() {
    let (issuer, keys) = (TokenEndpoint::start(Says::Token(300)), key_file("never.pem"));
    for identity in ["signed", "plain", "none"] {
        let picky = Picky::start("nothing");
        let mut tables = tables(&issuer, &keys) + &service("picky", &picky.url(), "");
        for name in ["users", "catalog", "picky"] {
            let table = format!("[services.{name}]\n");
            tables = tables.replace(&table, &format!("{table}identity = \"{identity}\"\n"));
        }
        never_sent(&start(&tables), &picky, &issuer);
    }
}

fn never_sent(bff: &TestBff, picky: &Picky, issuer: &TokenEndpoint) {
    bff.services.listen();
    let extra = [
        ("cookie", "session=cookie-of-mine; other=1"),
        ("x-api-key", "api-key-of-mine"),
        ("proxy-authorization", "Basic proxy-of-mine"),
    ];
    let mut secrets = vec!["-of-mine".to_owned()];
    for user in ["u-1", "u-2"] {
        let credential = bff.credential(user);
        for target in [PROFILE, PRODUCT] {
            let headers = [&[("authorization", credential.as_str())], &extra[..]].concat();
            let reply = bff.send("GET", target, &headers);
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        let token = credential.replace("Bearer ", "");
        // Not even a piece of the signature.
        let signature = token.rsplit_once('.').unwrap().1.as_bytes();
        let pieces = signature.windows(24).map(|piece| String::from_utf8_lossy(piece).into_owned());
        secrets.extend(pieces);
    }
    assert_eq!(write(bff, ONCE, &extra).status, 200);
    let heard = bff.services.heard() + &picky.heard();
    for there in ["Bearer token-", "sesame", "/users/u-2", "/products/p-1", "written"] {
        assert!(heard.contains(there), "{there} was not heard: {heard}");
    }
    let asked = issuer.asked().concat();
    for secret in secrets {
        assert!(!heard.contains(&secret) && !asked.contains(&secret), "{secret}: {heard}");
    }
}
