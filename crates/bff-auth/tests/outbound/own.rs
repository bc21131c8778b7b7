//! A token of the BFF's own.

use crate::{credential, credentials, keys, shown, support::run, user};
use bff_core::{Fault, ports::Vouch};
use bff_fixtures::{
    TestFile,
    token_endpoint::{Says, TokenEndpoint},
};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, decode, jwk::Jwk};
use serde_json::Value;
use std::{sync::Arc, thread, time::Duration};
use tokio::time::timeout;

fn settings(endpoint: &TokenEndpoint, more: &str) -> String {
    let url = endpoint.url();
    format!(
        "[credentials.main]\nkind = \"client_credentials\"\ntoken_url = \"{url}\"\n\
         client_id = \"mobile-bff\"\n{more}"
    )
}

const SECRET: &str = "client_secret = \"hunter2\"\n";

#[test]
fn many_calls_on_several_threads_share_one_token() {
    let endpoint = TokenEndpoint::start(Says::Token(300));
    let more = format!("{SECRET}scope = \"users:read a b\"\naudience = \"https://users\"");
    let credentials = Arc::new(credentials(&settings(&endpoint, &more)).unwrap());
    let workers = [0; 2].map(|_| {
        let credentials = Arc::clone(&credentials);
        thread::spawn(move || {
            run(async {
                let voucher = credentials.voucher("users");
                let caller = user("u-1");
                for user in [None, Some(&caller)] {
                    let all = join_all((0..25).map(|_| shown(&voucher, user))).await;
                    for proof in all {
                        assert_eq!(credential(&proof.unwrap()), "authorization: Bearer token-1");
                    }
                }
            });
        })
    });
    for worker in workers {
        worker.join().unwrap();
    }
    let asked = endpoint.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let (head, form) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /token HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Basic bW9iaWxlLWJmZjpodW50ZXIy"), "{head}");
    assert_eq!(
        form,
        "grant_type=client_credentials&scope=users%3Aread+a+b&audience=https%3A%2F%2Fusers"
    );
}

#[test]
fn the_first_token_is_fetched_before_the_first_call() {
    let endpoint = TokenEndpoint::start(Says::Token(300));
    let credentials = credentials(&settings(&endpoint, SECRET)).unwrap();
    run(async {
        let voucher = credentials.voucher("users");
        let soon = timeout(Duration::from_secs(20), async {
            while voucher.at_hand(None).is_none() {
                tokio::task::yield_now().await;
            }
        });
        soon.await.unwrap();
        assert_eq!(endpoint.asked().len(), 1);
    });
}

#[test]
fn an_issuer_that_hangs_fails_the_call_and_does_not_hold_the_next_one_up_for_ever() {
    let endpoint = TokenEndpoint::start(Says::Silence);
    let credentials = credentials(&settings(&endpoint, SECRET)).unwrap();
    run(async {
        let voucher = credentials.voucher("users");
        // A call with less time than the issuer is waited for: it ends, the fetch goes on.
        assert!(timeout(Duration::from_millis(50), voucher.find(None)).await.is_err());
        endpoint.says(Says::Token(300));
        let Err(Fault::NoCredential(why)) = voucher.find(None).await else {
            unreachable!("the issuer said nothing")
        };
        assert!(why.contains("no complete answer"), "{why}");
        assert_eq!(endpoint.asked().len(), 1);
    });
}

#[test]
fn a_client_can_prove_itself_with_a_key() {
    for (pem, algorithm) in [(keys::p256(), Algorithm::ES256), (keys::rsa(), Algorithm::RS256)] {
        let key = match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        };
        let public = Jwk::from_encoding_key(&key.unwrap(), algorithm).unwrap();
        let file = TestFile::new(&format!("client-{algorithm:?}.pem"), &pem);
        let endpoint = TokenEndpoint::start(Says::Token(300));
        let more = format!("private_key_file = {:?}", file.0);
        let credentials = credentials(&settings(&endpoint, &more)).unwrap();
        run(async {
            let proof = shown(&credentials.voucher("users"), None).await.unwrap();
            assert_eq!(credential(&proof), "authorization: Bearer token-1");
        });
        let asked = endpoint.asked();
        assert!(!asked[0].to_lowercase().contains("authorization:"), "{}", asked[0]);
        let form: Vec<(String, String)> =
            form_urlencoded::parse(asked[0].split_once("\r\n\r\n").unwrap().1.as_bytes())
                .into_owned()
                .collect();
        let field = |name: &str| form.iter().find(|(n, _)| n == name).unwrap().1.clone();
        assert_eq!(field("client_id"), "mobile-bff");
        assert_eq!(
            field("client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let mut rules = Validation::new(algorithm);
        rules.set_audience(&[endpoint.url()]);
        rules.set_issuer(&["mobile-bff"]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        let checked = DecodingKey::from_jwk(&public).unwrap();
        let token = decode::<Value>(field("client_assertion"), &checked, &rules).unwrap();
        assert_eq!(token.claims["sub"], "mobile-bff");
        assert_eq!(token.claims["exp"].as_u64(), token.claims["iat"].as_u64().map(|at| at + 60));
        assert_eq!(token.claims["jti"].as_str().map(str::len), Some(32));
        assert_eq!(token.header.kid.map(|id| id.len()), Some(43));
    }
}
