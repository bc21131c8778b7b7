//! Documents of a provider with odd parts: only what is needed of them can fail anybody.

use crate::bed::{self, Bed};
use bff_testkit::{Browser, Json, browser::location, idp::Endpoint, json};

type Reword = fn(&str) -> String;

fn changed(document: &str, change: impl FnOnce(&mut Json)) -> String {
    let mut document = serde_json::from_str(document).unwrap();
    change(&mut document);
    document.to_string()
}

fn lives_for(answer: &str, life: &str) -> String {
    let (before, after) = answer.split_once("\"expires_in\":").unwrap();
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}\"expires_in\":{life}{rest}")
}

/// Signs in, and looks at five pages.
fn works(bed: &Bed, what: &str) -> Browser {
    let mut browser = Browser::new();
    let back = browser.sign_in(bed.at(0), &bed.idp, "u-1");
    assert_eq!(back.status, 303, "{what}: {}", back.text());
    for _ in 0..5 {
        let page = bed.me(0, &browser);
        assert_eq!(page.status, 200, "{what}: {}", page.text());
    }
    browser
}

#[test]
fn c10_a_lifetime_in_any_form_is_no_reason_to_refuse_a_login() {
    let bed = bed::one();
    let cases: [(&str, Reword); 12] = [
        ("text", |answer| lives_for(answer, "\"3600\"")),
        ("a fraction that is none", |answer| lives_for(answer, "3600.0")),
        ("a fraction", |answer| lives_for(answer, "3599.5")),
        ("null", |answer| lives_for(answer, "null")),
        ("less than nothing", |answer| lives_for(answer, "-1")),
        ("for ever", |answer| lives_for(answer, "1e300")),
        ("longer than a number", |answer| lives_for(answer, "1e999")),
        ("the longest", |answer| lives_for(answer, "18446744073709551615")),
        ("an object", |answer| lives_for(answer, "{\"seconds\":3600}")),
        ("a word", |answer| lives_for(answer, "\"soon\"")),
        ("twice", |answer| lives_for(answer, "0,\"expires_in\":0")),
        ("behind a byte order mark", |answer| format!("\u{feff}{answer}")),
    ];
    for (what, reword) in cases {
        bed.idp.set_wording(Endpoint::Token, Some(reword));
        works(&bed, what);
        assert_eq!(bed.idp.refreshes(), 0, "{what}: no page needs another token");
    }
}

#[test]
fn c10_what_else_is_odd_in_a_token_answer_costs_only_itself() {
    let bed = bed::one();
    let cases: [(&str, Reword); 7] = [
        ("no refresh token", |answer| changed(answer, |it| it["refresh_token"] = json!(null))),
        ("a list of refresh tokens", |answer| {
            changed(answer, |it| it["refresh_token"] = json!(["r"]))
        }),
        ("an empty refresh token", |answer| changed(answer, |it| it["refresh_token"] = json!(""))),
        ("scopes as a list", |answer| {
            changed(answer, |it| it["scope"] = json!(["openid", "profile"]))
        }),
        ("scopes as a number", |answer| changed(answer, |it| it["scope"] = json!(7))),
        ("something deep", |answer| {
            format!("{{\"x\":{}{},{}", "[".repeat(500), "]".repeat(500), &answer[1..])
        }),
        ("an error beside it", |answer| changed(answer, |it| it["error"] = json!("none"))),
    ];
    for (what, reword) in cases {
        bed.idp.set_wording(Endpoint::Token, Some(reword));
        works(&bed, what);
    }
}

#[test]
fn an_odd_part_of_the_discovery_document_costs_only_itself() {
    let cases: [(&str, Reword); 6] = [
        ("a byte order mark", |document| format!("\u{feff}{document}")),
        ("no end", |document| changed(document, |it| it["end_session_endpoint"] = json!(null))),
        ("no address", |document| changed(document, |it| it["end_session_endpoint"] = json!(7))),
        ("elsewhere", |document| {
            changed(document, |it| it["end_session_endpoint"] = json!("https://evil.example/x"))
        }),
        ("no revocation", |document| changed(document, |it| it["revocation_endpoint"] = json!({}))),
        ("names nobody uses", |document| {
            changed(document, |it| it["scopes_supported"] = json!("openid"))
        }),
    ];
    for (what, reword) in cases {
        let bed = bed::one();
        bed.idp.set_wording(Endpoint::Discovery, Some(reword));
        let mut browser = works(&bed, what);
        let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl");
        let out = browser.go(bed.at(0), url.as_str().unwrap());
        assert_eq!(out.status, 303, "{what}");
        assert!(!location(&out).unwrap().as_str().contains("evil"), "{what}");
        assert_eq!(bed.me(0, &browser).status, 401, "{what}");
    }
}

#[test]
fn a_discovery_document_without_what_is_needed_is_everybodys_trouble_until_it_is_mended() {
    let bed = bed::one();
    bed.idp.set_wording(
        Endpoint::Discovery,
        Some(|document| {
            changed(document, |it| it["token_endpoint"] = json!("http://evil.example"))
        }),
    );
    for _ in 0..20 {
        let away = Browser::new().go(bed.at(0), "/bff/login");
        assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"));
    }
    let asked = bed.idp.count(Endpoint::Discovery);
    assert!(asked <= 2, "asked {asked} times");
    bed.idp.set_wording(Endpoint::Discovery, None);
    assert!(bed::eventually(|| Browser::new().go(bed.at(0), "/bff/login").status == 303));
}

#[test]
fn one_odd_key_of_the_provider_costs_no_other() {
    let bed = bed::one();
    bed.idp.set_wording(
        Endpoint::Jwks,
        Some(|document| {
            let odd = r#""garbage",{"kty":"XYZ"},{"kty":"RSA","kid":7,"n":"!","e":""},1e999"#;
            format!("\u{feff}{}", document.replacen("\"keys\":[", &format!("\"keys\":[{odd},"), 1))
        }),
    );
    works(&bed, "odd keys");
}
