//! From the sign-in page to tokens, and the ways in which that must not work.

use super::{
    CALLBACK, ID, authorize,
    browser::{Browser, ticket},
    claims, error, get, idp, in_location, redeem, text,
};
use bff_fixtures::http;
use serde_json::json;

#[test]
fn a_person_signs_in_and_the_client_gets_tokens() {
    let idp = idp();
    let reply = Browser::new(&idp).sign_in(&authorize(&[]), "u-1");
    assert_eq!(reply.status, 303);
    assert!(reply.header("location").unwrap().starts_with(&format!("{CALLBACK}&code=")));
    assert_eq!(in_location(&reply, "state").as_deref(), Some("st&te"));
    assert_eq!(in_location(&reply, "iss").as_deref(), Some(idp.url()));

    let reply = redeem(&idp, &in_location(&reply, "code").unwrap(), &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    let id = claims(&idp, text(&body, "id_token"), "JWT");
    assert_eq!((&id["sub"], &id["aud"], &id["azp"]), (&json!("u-1"), &json!(ID), &json!(ID)));
    assert_eq!((&id["nonce"], &id["email"]), (&json!("n-1"), &json!("user1@example.com")));
    assert!(id["auth_time"].is_u64() && id["iat"].is_u64() && id["name"].is_string());
    let access = claims(&idp, text(&body, "access_token"), "at+jwt");
    assert_eq!((&access["sub"], &access["client_id"]), (&json!("u-1"), &json!(ID)));
    assert_eq!(access["aud"], json!([ID, "shop-services"]));
    assert_eq!((&access["scope"], &access["sid"]), (&json!("openid profile email"), &id["sid"]));
    assert_eq!(access["exp"].as_u64().unwrap() - access["iat"].as_u64().unwrap(), 300);

    let bearer = format!("Bearer {}", text(&body, "access_token"));
    let headers = [("authorization", bearer.as_str())];
    let reply = http::send(idp.address(), "GET", "/userinfo", &headers).unwrap();
    assert_eq!((reply.at("/sub"), reply.at("/name")), (json!("u-1"), id["name"].clone()));
    assert_eq!(get(&idp, "/userinfo").status, 401);
}

#[test]
fn without_openid_there_is_no_id_token() {
    let idp = idp();
    let reply = Browser::new(&idp).sign_in(&authorize(&[("scope", "profile")]), "u-1");
    let body = redeem(&idp, &in_location(&reply, "code").unwrap(), &[]).json();
    assert!(body["access_token"].is_string() && body["id_token"].is_null(), "{body}");
}

#[test]
fn who_is_signed_in_goes_straight_through() {
    let idp = idp();
    let mut browser = Browser::new(&idp);
    let none = browser.get(&authorize(&[("prompt", "none")]));
    assert_eq!(
        (none.status, in_location(&none, "error")),
        (303, Some("login_required".to_owned()))
    );
    assert_eq!(in_location(&none, "state").as_deref(), Some("st&te"));
    assert_eq!(in_location(&none, "iss").as_deref(), Some(idp.url()));
    browser.code("u-2");
    for prompt in ["", "none"] {
        let reply = browser.get(&authorize(&[("prompt", prompt)]));
        assert!(in_location(&reply, "code").is_some(), "{prompt}: {}", reply.text());
    }
    let page = browser.get(&authorize(&[("prompt", "login")]));
    assert_eq!((page.status, idp.signed_in().len()), (200, 1));
    assert_eq!(idp.signed_in()[0].clients, [ID]);
}

#[test]
fn an_unregistered_address_gets_nothing() {
    let idp = idp();
    for wrong in ["http://127.0.0.1:9/callback", "http://127.0.0.1:9/callback?from=idp&x=1", ""] {
        let reply = get(&idp, &authorize(&[("redirect_uri", wrong)]));
        assert_eq!((reply.status, reply.header("location")), (400, None), "{wrong}");
    }
    assert_eq!(get(&idp, &authorize(&[("client_id", "nobody")])).header("location"), None);
    // The same address has to come again with the code.
    let code = Browser::new(&idp).code("u-1");
    let reply = redeem(&idp, &code, &[("redirect_uri", "http://127.0.0.1:9/callback")]);
    assert_eq!(error(&reply), (400, "invalid_grant".to_owned()));
}

#[test]
fn a_code_needs_its_verifier() {
    let idp = idp();
    for wrong in ["", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"] {
        let code = Browser::new(&idp).code("u-1");
        let reply = redeem(&idp, &code, &[("code_verifier", wrong)]);
        assert_eq!(error(&reply), (400, "invalid_grant".to_owned()));
    }
    for (name, value) in [("code_challenge", ""), ("code_challenge_method", "plain")] {
        let reply = get(&idp, &authorize(&[(name, value)]));
        assert_eq!(in_location(&reply, "error").as_deref(), Some("invalid_request"), "{name}");
    }
}

#[test]
fn a_code_that_comes_twice_takes_back_what_it_gave() {
    let idp = idp();
    let code = Browser::new(&idp).code("u-1");
    let body = redeem(&idp, &code, &[]).json();
    let tokens = ["access_token", "refresh_token"].map(|name| text(&body, name));
    assert_eq!(tokens.map(|token| idp.is_live(token)), [true; 2]);
    assert_eq!(error(&redeem(&idp, &code, &[])), (400, "invalid_grant".to_owned()));
    assert_eq!(tokens.map(|token| idp.is_live(token)), [false; 2]);
}

#[test]
fn what_a_client_may_not_ask_for_it_is_told() {
    let idp = idp();
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "openid admin", "invalid_scope"),
        ("request", "e30.e30.", "request_not_supported"),
        ("max_age", "soon", "invalid_request"),
    ] {
        let reply = get(&idp, &authorize(&[(name, value)]));
        assert_eq!(in_location(&reply, "error").as_deref(), Some(code), "{name}");
    }
    let twice = format!("{}&scope=openid", authorize(&[]));
    assert_eq!(error(&get(&idp, &twice)), (400, "invalid_request".to_owned()));
}

#[test]
fn a_form_is_good_once_and_for_its_own_browser() {
    let idp = idp();
    let (mut owner, mut other) = (Browser::new(&idp), Browser::new(&idp));
    let ticket = ticket(&owner.get(&authorize(&[])));
    other.get(&authorize(&[]));
    let pairs = [("ticket", ticket.as_str()), ("user", "u-1")];
    assert_eq!(other.post("/sign-in", &pairs).status, 400);
    assert_eq!(owner.post("/sign-out", &pairs).status, 400);
    assert_eq!(owner.post("/sign-in", &pairs).status, 303);
    assert_eq!(owner.post("/sign-in", &pairs).status, 400);
}

#[test]
fn only_users_sign_in() {
    let idp = idp();
    let mut browser = Browser::new(&idp);
    let ticket = ticket(&browser.get(&authorize(&[])));
    let mut choose = |user| browser.post("/sign-in", &[("ticket", &ticket), ("user", user)]).status;
    for nobody in ["u-0", "u-5001", "u-01", "admin", ""] {
        assert_eq!(choose(nobody), 400, "{nobody}");
    }
    assert_eq!(choose("u-5000"), 303);
}

#[test]
fn the_page_runs_nothing_and_quotes_everything() {
    let idp = idp();
    let page = get(&idp, &authorize(&[("login_hint", "\"><script>alert(1)</script>")]));
    assert!(page.text().contains("&quot;&gt;&lt;script&gt;") && !page.text().contains("<script>"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
    // Browsers follow the redirect after the form only to an address that this names.
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
