//! Tokens of our issuer that are not for us, not for now, or about nobody.

use crate::{
    INVALID, World,
    issuer::Issuer,
    refused,
    support::{US, run},
    with, with_raw,
};
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
            ("nbf", json!(exp)),
            ("nbf", json!("0")),
            ("iat", json!(exp)),
            ("iat", json!(true)),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("sub", json!(".")),
            ("sub", json!("../admin")),
            ("sub", json!("u-1/../u-2")),
            ("sub", json!("u-1\r\nX-User: u-2")),
            ("sub", json!(1)),
            ("sub", json!("x".repeat(129))),
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
        for raw in [r#""exp":null"#, r#""exp":1e999"#, r#""exp":NaN"#] {
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
