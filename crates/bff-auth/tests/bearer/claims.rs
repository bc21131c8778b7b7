//! Tokens of our issuer that are not for us, not for now, or about nobody.

use crate::{
    INVALID, World, outcome_of, refused,
    support::{Answer, KeyEndpoint, US, run, settings},
    with, with_raw,
};
use bff_auth::IssuerSettings;
use bff_fixtures::Issuer;
use serde_json::{Value, json};

#[test]
fn claims_have_to_be_there_and_right() {
    run(async {
        let world = World::new().await;
        let issuer = world.issuer;
        let good = issuer.claims("u-1", US);
        let exp = good["exp"].as_f64().unwrap();
        let mut attacks = Vec::new();
        for (claim, value) in [
            ("iss", Value::Null),
            ("iss", json!("https://issuer.test/")),
            ("iss", json!("https://stranger.test")),
            ("iss", json!(["https://issuer.test"])),
            ("aud", Value::Null),
            ("aud", json!("web")),
            ("aud", json!("mobile ")),
            ("aud", json!(7)),
            ("aud", json!([])),
            ("aud", json!(["web"])),
            ("aud", json!([US, 7])),
            ("aud", json!({ "mobile": true })),
            ("exp", Value::Null),
            ("exp", json!(exp.to_string())),
            ("exp", json!([exp])),
            ("exp", json!(exp * 1000.0)),
            ("exp", json!(1e300)),
            ("exp", json!(u64::MAX)),
            ("nbf", json!(exp)),
            ("nbf", json!("0")),
            ("nbf", json!(1e300)),
            ("nbf", json!(u64::MAX)),
            ("nbf", json!([0])),
            ("iat", json!(exp)),
            ("iat", json!(true)),
            ("iat", json!("now")),
            ("iat", json!("-inf")),
            ("iat", json!(exp.to_string())),
            ("iat", json!(1e300)),
            ("iat", json!(u64::MAX)),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("sub", json!(1)),
            ("sub", json!(["u-1"])),
            ("sub", json!("x".repeat(256))),
            ("sub", json!("é".repeat(128))),
        ] {
            attacks.push((claim, issuer.sign(&issuer.header(), &with(good.clone(), claim, value))));
        }
        for raw in [
            r#""sub":"u-2""#,
            r#""iss":"https://issuer.test""#,
            r#""aud":"mobile""#,
            r#""exp":9999999999"#,
            r#""iat":1,"iat":1"#,
        ] {
            attacks
                .push((raw, issuer.sign_text(&issuer.header().to_string(), &with_raw(&good, raw))));
        }
        let no_exp = with(good.clone(), "exp", Value::Null);
        for raw in [r#""exp":null"#, r#""exp":1e999"#, r#""exp":NaN"#, r#""exp":3,"exp":null"#] {
            attacks.push((
                raw,
                issuer.sign_text(&issuer.header().to_string(), &with_raw(&no_exp, raw)),
            ));
        }
        let array = json!([good["iss"], good["aud"], good["sub"], good["exp"]]);
        attacks.push(("claims as array", issuer.sign(&issuer.header(), &array)));
        refused(&world, &attacks, INVALID).await;
    });
}

#[test]
fn a_token_whose_time_is_over_says_so_and_only_if_nothing_else_is_wrong() {
    run(async {
        let world = World::new().await;
        let issuer = world.issuer;
        let claims = issuer.claims("u-1", US);
        let exp = claims["exp"].as_f64().unwrap();
        let ending = |exp: f64| with(claims.clone(), "exp", json!(exp));
        let attacks = [exp - 3631.0, exp - 3630.5, 0.0, -1.0, -1e300]
            .map(|exp| ("expired", issuer.sign(&issuer.header(), &ending(exp))));
        refused(&world, &attacks, "401 TOKEN_EXPIRED").await;
        let elsewhere = with(ending(0.0), "aud", json!("web"));
        let forged = Issuer::new().sign(&issuer.header(), &ending(0.0));
        let attacks =
            [("for others", issuer.sign(&issuer.header(), &elsewhere)), ("forged", forged)];
        refused(&world, &attacks, INVALID).await;
    });
}

#[test]
fn c6_whoever_the_issuer_vouches_for_is_a_caller() {
    run(async {
        let world = World::new().await;
        let longest = ["x".repeat(255), "é".repeat(127)];
        for subject in [
            "S//808E9UOiYKKAkagOBLGx=",
            "samlp|Okta|o'brien@x.test",
            "https://idp.test/users/1",
            "spiffe://shop.test/ns/a/sa/b",
            "user#1",
            ".",
            "..",
            "../admin",
            "u-1/../u-2",
            "u-1\r\nX-User: u-2",
            "\0",
            " ",
            "a:b:c",
            "\u{202e}\u{feff}",
            "CN=Ada Lovelace,O=Shop",
            &"x".repeat(129),
            &longest[0],
            &longest[1],
        ] {
            let token = world.issuer.token(subject, US);
            let caller = world.caller(Some(&format!("Bearer {token}"))).await;
            assert_eq!(caller.as_deref(), Ok(subject));
        }
    });
}

#[test]
fn c6_how_long_a_subject_may_be_is_a_setting() {
    run(async {
        let endpoint = KeyEndpoint::start(Answer::Body(Issuer::shared().jwks())).await;
        for (most, length, expected) in
            [(1, 1, "ok"), (1, 2, INVALID), (1024, 1024, "ok"), (1024, 1025, INVALID)]
        {
            let settings =
                IssuerSettings { max_subject_bytes: most, ..settings(endpoint.source()) };
            let token = Issuer::shared().token(&"x".repeat(length), US);
            let outcome = outcome_of(settings, &token).await;
            assert_eq!(outcome, expected, "{length} where {most} are allowed");
        }
    });
}

#[test]
fn the_form_of_a_claim_that_nobody_needs_fails_no_token() {
    run(async {
        let world = World::new().await;
        let issuer = world.issuer;
        let good = issuer.claims("u-1", US);
        let odd =
            [json!(true), json!("x"), json!(-1.5), json!([1, null]), json!({ "a": {} }), json!("")];
        for claim in ["azp", "client_id", "acr", "email", "jti", "auth_time", "amr", "cnf", "act"] {
            for value in odd.iter().chain([&Value::Null]) {
                let mut claims = good.clone();
                claims[claim] = value.clone();
                let token = issuer.sign(&issuer.header(), &claims);
                assert_eq!(world.outcome(&token).await, "ok", "{claim}: {value}");
            }
        }
        let deep = format!("{}{}", "[".repeat(1500), "]".repeat(1500));
        let deep = format!(r#""groups":{deep}"#);
        let lenient = with(with(good.clone(), "iat", Value::Null), "nbf", Value::Null);
        for raw in [
            r#""email":null,"email":null"#,
            r#""updated_at":1e999"#,
            r#""nbf":null"#,
            r#""nbf":-1e999,"iat":-1"#,
            r#""iat":1.5"#,
            r#""iat":"1700000000""#,
            r#""iat":null"#,
            r#""scope":null,"scp":null"#,
            r#""":"","\u0000":"""#,
            &deep,
        ] {
            let text = with_raw(&lenient, raw);
            let token = issuer.sign_text(&issuer.header().to_string(), &text);
            assert_eq!(world.outcome(&token).await, "ok", "{raw}");
        }
    });
}
