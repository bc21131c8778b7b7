//! What a person sees where signing in or out does not go on.

use crate::bed::{self, SESSION};
use bff_testkit::{
    Browser,
    browser::{BY_A_PERSON, location},
    http::Reply,
    idp::{Endpoint, IdpFault},
};

/// A page of our own: accessible, without a script, stored nowhere, and with what support needs.
fn is_a_page(reply: &Reply, status: u16, code: &str) {
    let text = reply.text();
    assert_eq!(reply.status, status, "{text}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{text}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("x-schema-version"), None);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(text.starts_with("<!doctype html><html lang=\"en\">"), "{text}");
    let handlers = ["<script", " onload", " onclick", " onerror", "javascript:"];
    assert!(!handlers.iter().any(|handler| text.contains(handler)), "{text}");
    assert_eq!(text.matches("<h1>").count(), 1, "{text}");
    assert!(text.contains(code), "{text}");
    assert!(text.contains(reply.header("x-trace-id").unwrap()), "{text}");
    let links: Vec<_> = text.split("href=\"").skip(1).collect();
    assert!(links.iter().all(|link| link.starts_with('/') && !link.starts_with("//")), "{text}");
    assert!(!links.is_empty(), "a way out: {text}");
}

#[test]
fn a_person_at_a_sign_in_that_is_over_sees_a_page_and_a_script_a_problem() {
    let bed = bed::one();
    let mut browser = Browser::new();
    for query in ["", "?state=gone&code=x", "?state=", "?error=access_denied"] {
        let target = format!("/bff/callback{query}");
        is_a_page(&browser.click(bed.at(0), &target), 400, "LOGIN_UNKNOWN");
        let script = browser.fetch(bed.at(0), &target);
        assert_eq!((script.status, script.code().as_str()), (400, "LOGIN_UNKNOWN"));
    }
    // Straight from the provider our own cookies do not show, so a page of ours asks once more.
    let led = browser.led(bed.at(0), "/bff/callback?state=gone&code=secret", &[]);
    is_a_page(&led, 400, "");
    let page = led.text();
    assert!(page.contains("http-equiv=\"refresh\" content=\"0; url=/bff/callback\""), "{page}");
    assert!(!page.contains("secret"), "{page}");
}

#[test]
fn a_person_who_is_signed_in_already_is_led_on() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login?return_to=/cart", "u-1");
    let back = browser.led(bed.at(0), &callback, &[]);
    assert_eq!((back.status, back.header("location")), (303, Some("/cart")));
    let session = browser.cookies(bed.at(0));
    for target in [callback.as_str(), "/bff/callback", "/bff/callback?state=x"] {
        let again = browser.click(bed.at(0), target);
        assert_eq!((again.status, again.header("location")), (303, Some("/")), "{target}");
    }
    // A second click at the provider: the same way back, before the first one's answer.
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-2");
    let mut second = browser.clone();
    let _first = browser.led(bed.at(0), &callback, &[]);
    is_a_page(&second.led(bed.at(0), &callback, &[]), 400, "");
    assert!(session.contains_key(SESSION));
    assert_eq!(bed.me(0, &browser).at("/userId"), "u-2");
}

#[test]
fn a_person_is_told_in_words_what_else_went_wrong() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    is_a_page(&browser.click(bed.at(0), "/bff/logout?key=x"), 400, "INVALID_LOGOUT_KEY");
    let elsewhere = browser.click(bed.at(0), "/bff/login?return_to=//evil.example");
    is_a_page(&elsewhere, 400, "INVALID_RETURN_URL");
    assert!(!elsewhere.text().contains("evil"));

    let mut browser = Browser::new();
    let started = location(&browser.go(bed.at(0), "/bff/login")).unwrap();
    let state = started.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let denied = format!(
        "/bff/callback?error=access_denied&state={state}&iss={}&error_description=%3Cscript%3Ealert(1)",
        bed.idp.url()
    );
    let denied = browser.led(bed.at(0), &denied, &[]);
    is_a_page(&denied, 403, "LOGIN_DENIED");

    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Status(503)));
    let away = browser.led(bed.at(0), &callback, &[]);
    is_a_page(&away, 503, "IDENTITY_UNAVAILABLE");
    assert!(away.header("retry-after").is_some());
}

#[test]
fn what_a_client_accepts_decides_what_it_gets() {
    let bed = bed::one();
    let [_, mode, dest] = BY_A_PERSON;
    for (accept, mode, dest, is_page) in [
        ("text/html", mode, dest, true),
        ("application/json, TEXT/HTML;q=0.5", mode, dest, true),
        ("text/html;level=1", mode, dest, true),
        ("*/*", mode, dest, false),
        ("text/html;q=0", mode, dest, false),
        ("text/html; q=0.000, */*", mode, dest, false),
        ("text/htmlx", mode, dest, false),
        ("application/json", mode, dest, false),
        ("text/html", ("sec-fetch-mode", "cors"), dest, false),
        ("text/html", mode, ("sec-fetch-dest", "empty"), false),
    ] {
        let headers = [("accept", accept), mode, dest, ("sec-fetch-site", "same-origin")];
        let reply = Browser::new().send(bed.at(0), "GET", "/bff/callback?state=x", &headers, "");
        let kind = reply.header("content-type").unwrap();
        assert_eq!(kind.starts_with("text/html"), is_page, "{headers:?}: {kind}");
    }
}
