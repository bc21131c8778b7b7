//! Tokens that must not get in, whatever it is that they try.

use crate::{
    INVALID, World, refused,
    support::{US, run},
    with, with_raw,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bff_fixtures::issuer::{EC_KEY_ID, Issuer};
use serde_json::{Value, json};

#[test]
fn without_a_bearer_token_nobody_is_signed_in() {
    run(async {
        let world = World::new().await;
        let token = world.issuer.token("u-1", US);
        let others = [
            "",
            " ",
            "Basic dTpw",
            "Bearer,",
            &token,
            &format!("Token {token}"),
            &format!(" Bearer {token}"),
        ];
        for authorization in [None].into_iter().chain(others.into_iter().map(Some)) {
            let problem = world.caller(authorization).await.unwrap_err();
            assert_eq!(
                (problem.code(), problem.class().status()),
                ("UNAUTHENTICATED", 401),
                "{authorization:?}"
            );
        }
        assert_eq!(world.endpoint.asked(), 0);
    });
}

#[test]
fn what_is_no_access_token_is_refused_without_asking_the_issuer() {
    run(async {
        let world = World::new().await;
        let issuer = world.issuer;
        let (header, claims) = (issuer.header(), issuer.claims("u-1", US));
        let good = issuer.sign(&header, &claims);
        let [head, payload, signature] = parts(&good);
        let attacks = [
            ("empty", String::new()),
            ("garbage", "garbage".to_owned()),
            ("dots", "..".to_owned()),
            ("dots in quantity", ".".repeat(8000)),
            ("not base64url", "a b.c+d.e/f".to_owned()),
            ("no JSON", "YQ.YQ.YQ".to_owned()),
            ("not ASCII", format!("{good}\u{e9}")),
            (
                "9 KiB",
                issuer.sign(&header, &with(claims.clone(), "roles", json!("x".repeat(7000)))),
            ),
            ("no signature", format!("{head}.{payload}.")),
            ("no payload", format!("{head}..{signature}")),
            ("no header", format!(".{payload}.{signature}")),
            ("two parts", format!("{head}.{payload}")),
            ("four parts", format!("{good}.{signature}")),
            ("padded", format!("{good}==")),
            ("two tokens", format!("{good} {good}")),
            ("two tokens with a comma", format!("{good},{good}")),
            (
                "header as array",
                issuer.sign_text(r#"["RS256","at+jwt","dev-1"]"#, &claims.to_string()),
            ),
            (
                "alg twice",
                issuer
                    .sign_text(r#"{"alg":"RS256","alg":"RS256","typ":"JWT"}"#, &claims.to_string()),
            ),
            (
                "an algorithm that is not configured",
                issuer.sign_rs512(&with(header.clone(), "alg", json!("RS512")), &claims),
            ),
            (
                "an identity token",
                issuer.sign(&with(header.clone(), "typ", json!("id+jwt")), &claims),
            ),
            ("deep header", issuer.sign_text(&"[".repeat(3000), "{}")),
        ];
        for (what, token) in attacks {
            assert_eq!(world.outcome(&token).await, INVALID, "{what}");
        }
        assert_eq!(world.endpoint.asked(), 0);
    });
}

#[test]
fn a_token_cannot_choose_how_it_is_verified() {
    run(async {
        let world = World::new().await;
        let issuer = world.issuer;
        let (good, claims) = (issuer.header(), issuer.claims("u-1", US));
        let header = |member: &str, value: Value| with(good.clone(), member, value);
        let mut attacks = Vec::new();
        for none in ["none", "None", "NONE", "nOnE", ""] {
            let token = issuer.sign(&header("alg", json!(none)), &claims);
            attacks.push(("alg none, signed", token.clone()));
            attacks
                .push(("alg none, unsigned", token.rsplit_once('.').unwrap().0.to_owned() + "."));
        }
        let (pem, der) = (issuer.public_key_pem(), issuer.public_key_der());
        for secret in [pem.as_bytes(), pem.trim_end().as_bytes(), der, b""] {
            for alg in ["HS256", "RS256"] {
                attacks.push((
                    "HS256",
                    issuer.sign_hs256(&header("alg", json!(alg)), &claims, secret),
                ));
            }
        }
        let (rs512, es256) = (header("alg", json!("RS512")), header("alg", json!("ES256")));
        attacks.push(("RS512", issuer.sign_rs512(&rs512, &claims)));
        attacks.push(("RS512 that says RS256", issuer.sign_rs512(&good, &claims)));
        attacks.push((
            "RS256 that says ES256",
            issuer.sign(&with(es256.clone(), "kid", json!(EC_KEY_ID)), &claims),
        ));
        attacks.push(("ES256 with the RSA key's id", issuer.sign_es256(&es256, &claims)));
        attacks.push((
            "RS256 with the EC key's id",
            issuer.sign(&header("kid", json!(EC_KEY_ID)), &claims),
        ));
        for (member, value) in [
            ("alg", Value::Null),
            ("alg", json!(["RS256"])),
            ("kid", json!("../../dev/null")),
            ("kid", json!("' OR 1=1 --")),
            ("kid", json!(1)),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("crit", json!("b64")),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("zip", json!("DEF")),
            ("typ", Value::Null),
            ("typ", json!("")),
            ("typ", json!("logout+jwt")),
            ("typ", json!("id+jwt")),
            ("typ", json!("application/application/at+jwt")),
        ] {
            attacks.push(("header", issuer.sign(&header(member, value), &claims)));
        }
        attacks.push((
            "crit null",
            issuer.sign_text(&with_raw(&good, r#""crit":null"#), &claims.to_string()),
        ));
        attacks.push((
            "kid null",
            issuer.sign_text(&with_raw(&good, r#""kid":null"#), &claims.to_string()),
        ));
        refused(&world, &attacks, INVALID).await;
        assert!(world.endpoint.asked() <= 2);
    });
}

#[test]
fn only_what_the_issuer_signed_counts() {
    run(async {
        let world = World::new().await;
        let stranger = Issuer::new();
        let issuer = world.issuer;
        let (mine, yours) = (issuer.token("u-1", US), issuer.token("u-2", US));
        let ([head, payload, signature], [_, other_payload, other_signature]) =
            (parts(&mine), parts(&yours));
        let key: Value = serde_json::from_str(&stranger.jwks()).unwrap();
        let with_key = with(issuer.header(), "jwk", key["keys"][0].clone());
        let with_url = with(issuer.header(), "jku", json!("https://stranger.test/keys"));
        let claims = issuer.claims("u-1", US);
        let attacks = [
            ("another token's signature", format!("{head}.{payload}.{other_signature}")),
            ("another token's payload", format!("{head}.{other_payload}.{signature}")),
            (
                "a signature cut short",
                format!("{head}.{payload}.{}", &signature[..signature.len() - 4]),
            ),
            (
                "a signature of zeros",
                format!("{head}.{payload}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 256])),
            ),
            ("a header with white space", format!("{}.{payload}.{signature}", spaced(head))),
            ("a stranger's signature", stranger.token("u-1", US)),
            ("a stranger's key inside", stranger.sign(&with_key, &claims)),
            ("a stranger's key by URL", stranger.sign(&with_url, &claims)),
        ];
        refused(&world, &attacks, INVALID).await;
    });
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// The same header in other bytes.
fn spaced(header: &str) -> String {
    let json = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
    BASE64_URL_SAFE_NO_PAD.encode([b" ", json.as_slice()].concat())
}
