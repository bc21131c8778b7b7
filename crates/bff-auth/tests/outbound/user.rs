//! Who the user is, in a way that services can check.

use crate::{credentials, introduced, keys, shown, support::run, user};
use bff_auth::outbound::{Credentials, Wanted};
use bff_core::ports::{Identity, Vouch};
use bff_fixtures::TestFile;
use jsonwebtoken::{
    Algorithm, DecodingKey, TokenData, Validation, decode, decode_header,
    jwk::{JwkSet, ThumbprintHash},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::task::yield_now;

fn signing(file: &TestFile) -> Credentials {
    credentials(&format!("[internal_tokens]\nkey_file = {:?}\nlifetime = \"40s\"", file.0)).unwrap()
}

/// What the service `me` makes of a token, as docs/services.md tells it to.
fn check(
    token: &str,
    jwks: &str,
    me: &str,
) -> Result<TokenData<Value>, jsonwebtoken::errors::Error> {
    let keys: JwkSet = serde_json::from_str(jwks).unwrap();
    let header = decode_header(token)?;
    assert_eq!(header.typ.as_deref(), Some("bff-user+jwt"));
    let key = keys.find(&header.kid.unwrap()).unwrap();
    assert_eq!(key.common.key_id, key.thumbprint(ThumbprintHash::SHA256).ok());
    let algorithm = key.common.key_algorithm.unwrap().to_string().parse::<Algorithm>()?;
    let mut rules = Validation::new(algorithm);
    rules.set_audience(&[me]);
    rules.set_issuer(&["mobile-bff"]);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    decode(token, &DecodingKey::from_jwk(key)?, &rules)
}

#[test]
fn a_service_can_check_who_the_user_is_and_another_service_cannot_use_it() {
    for (name, pem) in [("ed", keys::ed25519()), ("ec", keys::p256())] {
        let file = TestFile::new(&format!("user-{name}.pem"), &pem);
        let credentials = signing(&file);
        run(async {
            let jwks = credentials.internal_jwks();
            assert!(!jwks.contains("\"d\""), "{jwks}");
            for service in ["users", "orders"] {
                let proof = credentials.voucher(service).at_hand(Some(&user("u-1"))).unwrap();
                let line = introduced(&proof);
                let token = line.strip_prefix("x-user-token: ").unwrap();
                let checked = check(token, &jwks, service).unwrap().claims;
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
                let iat = checked["iat"].as_u64().unwrap();
                assert!((now - 20..=now).contains(&iat), "{checked}");
                assert_eq!(checked["exp"], iat + 40);
                assert_eq!(checked["sub"], "u-1");
                assert_eq!(checked.as_object().unwrap().len(), 5, "{checked}");
                assert!(check(token, &jwks, "pricing").is_err(), "for another service");
                let forged = token.replace('.', ".A");
                assert!(decode_header(&forged).is_err() || check(&forged, &jwks, service).is_err());
            }
        });
    }
}

#[test]
fn a_shared_call_says_nothing_about_the_user() {
    let file = TestFile::new("user-shared.pem", &keys::ed25519());
    for credentials in [signing(&file), credentials("").unwrap()] {
        run(async {
            let proof = credentials.voucher("users").at_hand(None).unwrap();
            assert!(proof.user.is_none() && proof.credential.is_none());
        });
    }
}

#[test]
fn a_user_is_introduced_as_the_service_wants_it() {
    let file = TestFile::new("user-wanted.pem", &keys::ed25519());
    let internal = toml::from_str(&format!("key_file = {:?}", file.0)).unwrap();
    for (internal, identity, begins) in [
        (Some(&internal), None, "x-user-token: ey"),
        (Some(&internal), Some(Identity::Signed), "x-user-token: ey"),
        (Some(&internal), Some(Identity::Plain), "x-user-id: u-1"),
        (Some(&internal), Some(Identity::None), ""),
        (None, None, "x-user-id: u-1"),
        (None, Some(Identity::None), ""),
    ] {
        let wanted = Wanted { service: "users", credential: None, identity };
        let credentials = Credentials::new("mobile", &BTreeMap::new(), internal, [wanted]).unwrap();
        run(async {
            let proof = credentials.voucher("users").at_hand(Some(&user("u-1"))).unwrap();
            let line = introduced(&proof);
            assert!(line.starts_with(begins), "{identity:?}: {line}");
            assert_eq!(line.is_empty(), begins.is_empty(), "{identity:?}: {line}");
        });
    }
}

#[test]
fn a_token_is_signed_once_for_many_calls_and_never_for_another_user() {
    // Each signature with such a key is another one.
    let file = TestFile::new("user-kept.pem", &keys::p256());
    let credentials = signing(&file);
    run(async {
        let voucher = credentials.voucher("users");
        let of = |name: &str| introduced(&voucher.at_hand(Some(&user(name))).unwrap());
        let (one, other) = (of("u-1"), of("u-2"));
        assert_ne!(one, other);
        assert_eq!((of("u-1"), of("u-2")), (one.clone(), other));
        // More users than are kept: each is still introduced as themselves.
        let jwks = credentials.internal_jwks();
        for n in 0..1500 {
            let name = format!("many-{n}");
            let line = of(&name);
            let token = line.strip_prefix("x-user-token: ").unwrap();
            assert_eq!(check(token, &jwks, "users").unwrap().claims["sub"], name);
        }
        assert_ne!(of("u-1"), one, "memory is bounded");
    });
}

#[test]
fn a_new_key_is_published_first_and_signs_later() {
    let (old, new) = (keys::ed25519(), keys::p256());
    let file = TestFile::new("user-rotated.pem", &format!("{old}{new}"));
    let credentials = signing(&file);
    run(async {
        let token = |name: &str| {
            let voucher = credentials.voucher("users");
            introduced(&voucher.at_hand(Some(&user(name))).unwrap()).replace("x-user-token: ", "")
        };
        let before = credentials.internal_jwks();
        let signed = token("u-1");
        assert_eq!(decode_header(&signed).unwrap().alg, Algorithm::EdDSA);
        file.write(&format!("{new}# the old key, until its last token has expired\n{old}"));
        let until = Instant::now() + Duration::from_secs(20);
        while credentials.internal_jwks() == before {
            assert!(Instant::now() < until, "the change was not seen");
            yield_now().await;
        }
        let after = credentials.internal_jwks();
        let resigned = token("u-1");
        assert_eq!(decode_header(&resigned).unwrap().alg, Algorithm::ES256);
        for (token, jwks) in [(&signed, &after), (&resigned, &after), (&resigned, &before)] {
            assert_eq!(check(token, jwks, "users").unwrap().claims["sub"], "u-1");
        }
        assert!(shown(&credentials.voucher("users"), Some(&user("u-1"))).await.is_ok());
    });
}
