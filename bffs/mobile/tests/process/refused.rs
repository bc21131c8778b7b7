//! What the log says of callers who are let in by any name, and of those who are not.

use crate::running::{HOME, Running};
use bff_testkit::{Issuer, Json, http, json};
use rustix::process::Signal;

#[test]
fn the_log_names_the_rule_that_refused_a_token_and_nobody_in_it() {
    let bff = Running::start(&[]);
    let issuer = Issuer::shared();
    let ask = |token: &str| {
        let credential = format!("Bearer {token}");
        http::send(bff.address, "GET", HOME, &[("authorization", &credential)]).unwrap()
    };
    let hostile = "mallory\r\n{\"level\":\"ERROR\",\"message\":\"mallory\"}\u{1b}[31m\u{2028}";
    // The sample services know nobody of that name.
    assert_eq!(ask(&issuer.token(hostile, "mobile-bff")).code(), "USER_PROFILE_NOT_FOUND");
    let change = |claim: &str, value: Json| {
        let mut claims = issuer.claims("mallory", "mobile-bff");
        claims[claim] = value;
        issuer.sign(&issuer.header(), &claims)
    };
    let refused = [
        ("aud", change("aud", json!("mallory"))),
        ("sub", change("sub", json!("mallory".repeat(100)))),
        ("scope", change("scope", json!([{ "mallory": 1 }]))),
        ("kind", {
            let mut claims = issuer.claims("mallory", "mobile-bff");
            claims["nonce"] = json!("mallory");
            issuer.sign(&json!({ "alg": "RS256", "typ": "JWT", "kid": "dev-1" }), &claims)
        }),
        ("malformed", "mallory.mallory.mallory".to_owned()),
    ];
    for (reason, token) in &refused {
        let reply = ask(token);
        assert_eq!((reply.status, reply.code().as_str()), (401, "TOKEN_INVALID"), "{reason}");
    }
    bff.signal(Signal::TERM);
    let (_, output, errors) = bff.end();
    assert_eq!(errors, "");

    let lines: Vec<Json> = output.lines().map(|line| line.parse().unwrap()).collect();
    let audited: Vec<_> = lines.iter().filter(|line| line["message"] == "identity").collect();
    for ((reason, _), line) in refused.iter().zip(&audited) {
        let told = ["action", "outcome", "reason", "endpoint"].map(|name| line[name].clone());
        assert_eq!(json!(told), json!(["authenticate", "TOKEN_INVALID", reason, "home"]));
    }
    assert_eq!(audited.len(), refused.len(), "{output}");
    assert!(!output.contains("mallory") && !output.contains("bWFsbG9ye"), "{output}");
}
