//! Tokens that are rightly signed, and not for us, not for now, or about nobody.

use crate::forge::*;
use bff_testkit::{Json, json};

fn signed(claim: &str, value: Json) -> String {
    issuer().sign(&issuer().header(), &with(claims(), claim, value))
}

fn raw(without: &str, raw: &str) -> String {
    let rest = with(claims(), without, Json::Null);
    issuer().sign_text(&issuer().header().to_string(), &with_raw(&rest, raw))
}

pub(crate) fn all() -> Vec<Attack> {
    let end = claims()["exp"].as_f64().unwrap();
    let nested = format!(r#""aud":{}{US:?}{}"#, "[".repeat(500), "]".repeat(500));
    vec![
        ("iss missing", signed("iss", Json::Null)),
        ("iss unknown", signed("iss", json!("https://stranger.test"))),
        ("iss with a slash", signed("iss", json!("https://issuer.test/"))),
        ("iss in upper case", signed("iss", json!("https://ISSUER.test"))),
        ("iss with a port", signed("iss", json!("https://issuer.test:443"))),
        ("iss as list", signed("iss", json!(["https://issuer.test"]))),
        ("iss with a space", signed("iss", json!("https://issuer.test "))),
        ("aud missing", signed("aud", Json::Null)),
        ("aud of another surface", signed("aud", json!("web-bff"))),
        ("aud empty", signed("aud", json!([]))),
        ("aud nested", signed("aud", json!([[US]]))),
        ("aud as number", signed("aud", json!(7))),
        ("aud with a number beside us", signed("aud", json!([US, 7]))),
        ("aud as object", signed("aud", json!({ US: true }))),
        ("aud that begins like ours", signed("aud", json!("test"))),
        ("aud that contains ours", signed("aud", json!("test-bff-admin"))),
        ("aud in upper case", signed("aud", json!("TEST-BFF"))),
        ("aud very deep", raw("aud", &nested)),
        ("exp missing", signed("exp", Json::Null)),
        ("exp null", raw("exp", r#""exp":null"#)),
        ("exp as text", signed("exp", json!(end.to_string()))),
        ("exp NaN", raw("exp", r#""exp":NaN"#)),
        ("exp as text NaN", signed("exp", json!("NaN"))),
        ("exp Infinity", raw("exp", r#""exp":Infinity"#)),
        ("exp beyond all numbers", raw("exp", r#""exp":1e999"#)),
        ("exp huge", signed("exp", json!(1e300))),
        ("exp as large as a number can be", signed("exp", json!(u64::MAX))),
        ("exp in milliseconds", signed("exp", json!(end * 1e3))),
        ("exp as list", signed("exp", json!([end]))),
        ("nbf in the future", signed("nbf", json!(end))),
        ("nbf as text", signed("nbf", json!("0"))),
        ("iat in the future", signed("iat", json!(end))),
        ("iat as words", signed("iat", json!("now"))),
        ("iat as flag", signed("iat", json!(true))),
        ("sub missing", signed("sub", Json::Null)),
        ("sub empty", signed("sub", json!(""))),
        ("sub as number", signed("sub", json!(1))),
        ("sub as list", signed("sub", json!(["u-1"]))),
        ("sub very long", signed("sub", json!("u".repeat(256)))),
        ("azp of another client", signed("azp", json!("other-app"))),
        ("azp missing", signed("azp", Json::Null)),
        ("azp as list", signed("azp", json!([CLIENT]))),
        ("client_id of another client", raw("azp", r#""client_id":"other-app""#)),
        ("scope as list with a number", signed("scope", json!(["orders:read", 1]))),
        ("scope as nested list", signed("scope", json!([["orders:read"]]))),
        ("scope as flag", signed("scope", json!(true))),
        ("scp as object", signed("scp", json!({ "orders:read": true }))),
        ("scp with a number", signed("scp", json!(["orders:read", 1]))),
        ("sub twice", raw("", r#""sub":"u-2""#)),
        ("iss twice", raw("", r#""iss":"https://other.test""#)),
        ("exp twice", raw("", r#""exp":9999999999"#)),
        ("aud twice", raw("", r#""aud":"test-bff""#)),
    ]
}

/// The one thing that a client can do something about.
pub(crate) fn expired() -> Vec<Attack> {
    let now = claims()["iat"].as_f64().unwrap();
    vec![
        ("over since a minute", signed("exp", json!(now - 60.0))),
        ("over since 1970", signed("exp", json!(0))),
        ("before 1970", signed("exp", json!(-1))),
        ("long before", signed("exp", json!(-1e300))),
    ]
}
