//! Ending a session: by its user, by the provider, and by nobody else.

use crate::bed::{self, Bed, ME, SESSION};
use bff_testkit::{Browser, browser::location, json};

fn logout_url(bed: &Bed, browser: &mut Browser) -> String {
    browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl").as_str().unwrap().to_owned()
}

#[test]
fn logout_ends_the_session_here_and_the_refresh_token_and_goes_on_to_the_provider() {
    let bed = bed::several(2, "");
    let mut browser = bed.signed_in("u-1");
    assert_eq!(bed.idp.live_refresh_tokens("u-1"), 1);
    let url = logout_url(&bed, &mut browser);
    let mut thief = browser.clone();
    let out = browser.go(bed.at(0), &url);
    let to = location(&out).unwrap();
    assert!(out.status == 303 && to.as_str().starts_with(bed.idp.url()), "{to}");
    assert!(!to.as_str().contains("eyJ"), "no token in the address bar: {to}");
    assert!(!browser.cookies(bed.at(0)).contains_key(SESSION));
    for instance in 0..2 {
        assert_eq!(thief.fetch(bed.at(instance), ME).code(), "SESSION_ENDED");
    }
    assert!(bed::eventually(|| bed.idp.live_refresh_tokens("u-1") == 0));
    assert_eq!(browser.go(bed.at(0), "/bff/logout").status, 303, "twice does no harm");
}

#[test]
fn nobody_else_signs_a_user_out() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let mut other = bed.signed_in("u-2");
    let key_of_another = logout_url(&bed, &mut other);
    for target in ["/bff/logout", "/bff/logout?key=", "/bff/logout?key=x", &key_of_another] {
        let reply = browser.go(bed.at(0), target);
        assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_LOGOUT_KEY"), "{target}");
    }
    assert_eq!(bed.me(0, &browser).status, 200);
}

#[test]
fn the_provider_ends_a_session_on_all_instances() {
    let bed = bed::several(3, "");
    let (ended, stays) = (bed.signed_in("u-1"), bed.signed_in("u-2"));
    assert_eq!(bed.idp.end_user_session("u-1"), 1);
    assert!(bed::eventually(|| bed.me(2, &ended).status == 401));
    for instance in 0..3 {
        assert_eq!(bed.me(instance, &ended).code(), "SESSION_ENDED");
        assert_eq!(bed.me(instance, &stays).status, 200);
    }
}

#[test]
fn a_logout_token_without_a_session_ends_all_of_the_user() {
    let bed = bed::one();
    let browsers = [bed.signed_in("u-1"), bed.signed_in("u-1")];
    let token = bed.idp.logout_token("web-bff", "u-1", "ignored", |_, claims| {
        claims.as_object_mut().unwrap().remove("sid");
    });
    let told =
        Browser::new().submit(bed.at(0), "/bff/backchannel-logout", &[("logout_token", &token)]);
    assert_eq!((told.status, told.header("cache-control")), (200, Some("no-store")));
    assert!(browsers.iter().all(|browser| bed.me(0, browser).code() == "SESSION_ENDED"));
}

#[test]
fn only_a_logout_token_of_the_provider_for_us_ends_anything() {
    let bed = bed::one();
    let browser = bed.signed_in("u-1");
    let sid = bed.idp.signed_in()[0].sid.clone();
    type Change = fn(&mut bff_testkit::Json, &mut bff_testkit::Json);
    let changes: [(&str, Change); 15] = [
        ("another issuer", |_, claims| claims["iss"] = json!("https://evil.example")),
        ("another client", |_, claims| claims["aud"] = json!("mobile-bff")),
        ("one of several clients", |_, claims| claims["aud"] = json!(["web-bff", "other"])),
        ("a nonce", |_, claims| claims["nonce"] = json!("n")),
        ("no event", |_, claims| claims["events"] = json!({})),
        ("another event", |_, claims| claims["events"] = json!({ "http://x": {} })),
        ("an event that is no object", |_, claims| {
            claims["events"] = json!({ "http://schemas.openid.net/event/backchannel-logout": 1 });
        }),
        ("nobody", |_, claims| {
            let claims = claims.as_object_mut().unwrap();
            claims.remove("sub");
            claims.remove("sid");
        }),
        ("no number", |_, claims| drop(claims.as_object_mut().unwrap().remove("jti"))),
        ("expired", |_, claims| claims["exp"] = json!(1_000_000_000)),
        ("from yesterday", |_, claims| {
            claims["iat"] = json!(claims["iat"].as_u64().unwrap() - 86_400);
        }),
        ("from the future", |_, claims| {
            claims["iat"] = json!(claims["iat"].as_u64().unwrap() + 3600);
        }),
        ("an identity token's type", |header, _| header["typ"] = json!("JWT")),
        ("another algorithm", |header, _| header["alg"] = json!("none")),
        ("an unknown key", |header, _| header["kid"] = json!("../../etc/passwd")),
    ];
    for (what, change) in changes {
        let token = bed.idp.logout_token("web-bff", "u-1", &sid, change);
        let told = Browser::new().submit(
            bed.at(0),
            "/bff/backchannel-logout",
            &[("logout_token", &token)],
        );
        assert_eq!((told.status, told.code().as_str()), (400, "INVALID_LOGOUT_TOKEN"), "{what}");
    }
    let good = bed.idp.logout_token("web-bff", "u-1", &sid, |_, _| {});
    let (cut, twice) = (&good[..good.len() - 2], [("logout_token", good.as_str()); 2]);
    for fields in [&[][..], &[("logout_token", "")], &[("logout_token", cut)], &twice] {
        assert_eq!(Browser::new().submit(bed.at(0), "/bff/backchannel-logout", fields).status, 400);
    }
    assert_eq!(bed.me(0, &browser).status, 200);
    let told =
        Browser::new().submit(bed.at(0), "/bff/backchannel-logout", &[("logout_token", &good)]);
    assert_eq!(told.status, 200);
    assert_eq!(bed.me(0, &browser).code(), "SESSION_ENDED");
}
