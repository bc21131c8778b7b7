//! Refresh tokens: each good once, a family gone when one comes twice.

use super::{Browser, claims, error, idp, redeem, refresh, text, token, tokens_of};
use crate::idp::DEMO_SECRET;
use serde_json::json;
use std::time::Duration;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[test]
fn a_refresh_token_is_exchanged_for_the_next() {
    let idp = idp();
    let first = tokens_of(&idp, "u-1");
    let second = refresh(&idp, text(&first, "refresh_token")).json();
    let third = refresh(&idp, text(&second, "refresh_token")).json();
    let [one, two] = [&first, &third].map(|body| claims(&idp, text(body, "id_token"), "JWT"));
    assert_eq!((&one["sid"], &one["auth_time"]), (&two["sid"], &two["auth_time"]));
    assert!(two["nonce"].is_null(), "{two}");
    assert_eq!((idp.refreshes(), idp.live_refresh_tokens("u-1")), (2, 1));
}

#[test]
fn a_refresh_token_that_comes_twice_ends_its_family() {
    let idp = idp();
    let (first, of_another) = (tokens_of(&idp, "u-1"), tokens_of(&idp, "u-1"));
    let second = refresh(&idp, text(&first, "refresh_token")).json();
    assert_eq!(error(&refresh(&idp, text(&first, "refresh_token"))), invalid_grant());
    assert_eq!(idp.reused_refresh_tokens(), 1);
    assert!(!idp.is_live(text(&second, "access_token")));
    assert_eq!(error(&refresh(&idp, text(&second, "refresh_token"))), invalid_grant());
    assert_eq!((idp.refreshes(), idp.reused_refresh_tokens()), (1, 1));
    assert_eq!(refresh(&idp, text(&of_another, "refresh_token")).status, 200);
}

#[test]
fn lifetimes_can_be_set() {
    let idp = idp();
    idp.set_access_token_lifetime(Duration::from_secs(7));
    let body = tokens_of(&idp, "u-1");
    assert_eq!(body["expires_in"], json!(7));
    idp.set_access_token_lifetime(Duration::ZERO);
    idp.set_refresh_token_lifetime(Duration::ZERO);
    let expired = redeem(&idp, &Browser::new(&idp).code("u-1"), &[]).json();
    for name in ["access_token", "refresh_token"] {
        assert_eq!([&body, &expired].map(|body| idp.is_live(text(body, name))), [true, false]);
    }
    assert_eq!(error(&refresh(&idp, text(&expired, "refresh_token"))), invalid_grant());
}

#[test]
fn a_refresh_token_is_of_its_client_and_never_widens() {
    let idp = idp();
    let body = tokens_of(&idp, "u-1");
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", text(&body, "refresh_token"))];
    let other = super::post(&idp, "/token", Some(("web-bff", DEMO_SECRET)), &pairs);
    assert_eq!(error(&other), invalid_grant());
    let wider = token(&idp, &[pairs[0], pairs[1], ("scope", "openid offline_access")]);
    assert_eq!(error(&wider), (400, "invalid_scope".to_owned()));
    let narrower = token(&idp, &[pairs[0], pairs[1], ("scope", "openid")]);
    let access = claims(&idp, text(&narrower.json(), "access_token"), "at+jwt");
    assert_eq!(access["scope"], json!("openid"));
}
