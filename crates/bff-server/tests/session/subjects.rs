//! Users whom their provider calls by any text, and identity tokens in odd forms.

use crate::bed;
use bff_testkit::{Browser, Json, Service, json};

#[test]
fn c6_a_user_of_any_name_signs_in_and_is_signed_out_by_it() {
    let bed = bed::several(1, "");
    for (subject, segment) in [
        ("S//808E9UOiYKKAkagOBLGx=", "%21Uy8vODA4RTlVT2lZS0tBa2FnT0JMR3g9"),
        ("samlp|Okta|o'brien@x.test", "%21c2FtbHB8T2t0YXxvJ2JyaWVuQHgudGVzdA"),
        ("https://idp.test/users/1", "%21aHR0cHM6Ly9pZHAudGVzdC91c2Vycy8x"),
        ("user#1", "%21dXNlciMx"),
        ("..", "%21Li4"),
        ("u-2\r\nset-cookie: a=b", "%21dS0yDQpzZXQtY29va2llOiBhPWI"),
        (&"x".repeat(255), &"x".repeat(255)),
    ] {
        bed.idp.set_id_token_claims(json!({ "sub": subject }));
        let mut browser = bed.signed_in("u-1");
        let user = browser.fetch(bed.at(0), "/bff/user");
        assert_eq!(user.at("/claims/sub"), subject, "{}", user.text());
        // The sample services know nobody of that name.
        assert_eq!(bed.me(0, &browser).code(), "USER_PROFILE_NOT_FOUND");
        let stats = bed.bffs[0].services.stats(Service::Users);
        assert_eq!(stats.last_target, format!("/users/{segment}"));
        let lists = bed.redis.as_ref().unwrap().cli(&["KEYS", "*"]);
        let is_hashed = |key: &str| {
            key.bytes().all(|b| b.is_ascii_graphic()) && !key.contains(subject) && key.len() < 120
        };
        assert!(lists.lines().all(is_hashed), "{lists}");
        let token = bed.idp.logout_token("web-bff", subject, "ignored", |_, claims| {
            claims.as_object_mut().unwrap().remove("sid");
        });
        let fields = [("logout_token", token.as_str())];
        let told = Browser::new().submit(bed.at(0), "/bff/backchannel-logout", &fields);
        assert_eq!(told.status, 200, "{}", told.text());
        assert_eq!(bed.me(0, &browser).code(), "SESSION_ENDED", "{subject}");
    }
}

#[test]
fn the_odd_form_of_a_claim_that_nobody_needs_fails_no_login() {
    let bed = bed::one();
    for odd in [
        json!({ "acr": { "level": 1 }, "amr": 7, "auth_time": "now" }),
        json!({ "azp": ["web-bff"] }),
        json!({ "email": null, "name": { "first": "Ada" } }),
        json!({ "sid": 7, "nbf": "tomorrow", "scope": [1] }),
        json!({ "iat": "1700000000" }),
        json!({ "exp": 1e300 }),
        json!({ "exp": u64::MAX }),
    ] {
        bed.idp.set_id_token_claims(odd.clone());
        let browser = bed.signed_in("u-1");
        assert_eq!(bed.me(0, &browser).at("/userId"), "u-1", "{odd}");
    }
}

#[test]
fn a_login_that_is_refused_is_counted_by_its_rule_and_the_user_does_not_hear_it() {
    let bed = bed::with("max_subject_bytes = 10", 1, false);
    let refused = |claims: Json, reason: &str| {
        let metric = format!("bff_auth_refusals_total{{reason=\"{reason}\"}}");
        let before = bed.bffs[0].metric(&metric);
        bed.idp.set_id_token_claims(claims);
        let back = Browser::new().sign_in(bed.at(0), &bed.idp, "u-1");
        assert_eq!((back.status, back.code().as_str()), (502, "LOGIN_INVALID"));
        let again = Browser::new().sign_in(bed.at(0), &bed.idp, "u-1");
        assert_eq!(back.at("/message"), again.at("/message"));
        assert_eq!(bed.bffs[0].metric(&metric), before + 2.0, "{reason}");
    };
    refused(json!({ "sub": "a".repeat(11) }), "sub");
    refused(json!({ "sub": 7 }), "sub");
    refused(json!({ "nonce": "another" }), "nonce");
    refused(json!({ "aud": "mobile-bff" }), "aud");
    refused(json!({ "iss": "https://evil.example" }), "iss");
    refused(json!({ "exp": 7 }), "expired");
    let nothing = [("logout_token", "a.b.c")];
    let told = Browser::new().submit(bed.at(0), "/bff/backchannel-logout", &nothing);
    assert_eq!(told.code(), "INVALID_LOGOUT_TOKEN");
    assert_eq!(bed.bffs[0].metric("bff_auth_refusals_total{reason=\"malformed\"}"), 1.0);
}
