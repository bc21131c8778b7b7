//! What another site can do to a user who is signed in, or is about to: nothing.

use crate::bed::{self, Bed, ME, SESSION};
use bff_testkit::{Browser, browser::location, http::Reply, idp::Endpoint};

const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");
const CROSS: (&str, &str) = ("sec-fetch-site", "cross-site");

fn sets_cookies(reply: &Reply) -> bool {
    reply.header("set-cookie").is_some()
}

fn goes_to_the_provider(bed: &Bed, reply: &Reply) -> bool {
    reply.header("location").is_some_and(|location| location.starts_with(bed.idp.url()))
}

#[test]
fn c1_nobody_is_signed_out_without_the_key_that_the_sessions_browser_knows() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl").as_str().unwrap().to_owned();
    let mut nobody = Browser::new();
    // The cookie is not there, because it is Strict: as from a browser of today, from one that says
    // little, and from an old one that says nothing.
    let said: [&[(&str, &str)]; 7] = [
        &[CROSS, NAVIGATE, ("sec-fetch-dest", "document")],
        &[CROSS, NAVIGATE],
        &[CROSS],
        &[],
        &[("sec-fetch-site", "same-site"), NAVIGATE],
        &[("sec-fetch-site", "none"), NAVIGATE],
        &[("accept", "text/html")],
    ];
    for headers in said {
        for target in ["/bff/logout", "/bff/logout?key=", "/bff/logout?key=x", &url] {
            let out = nobody.send(bed.at(0), "GET", target, headers, "");
            assert_eq!(out.status, 303, "{target} {headers:?}");
            assert!(!sets_cookies(&out), "{target} {headers:?}: {:?}", out.headers);
            assert!(!goes_to_the_provider(&bed, &out), "{target} {headers:?}: {:?}", out.headers);
        }
    }
    let led = browser.led(bed.at(0), &url, &[]);
    assert_eq!((led.status, led.header("location")), (303, Some("/")), "to the start");
    assert_eq!(bed.me(0, &browser).status, 200, "still signed in");
    assert_eq!(bed.idp.count(Endpoint::EndSession), 0);
    assert_eq!(bed.idp.live_refresh_tokens("u-1"), 1);
    let out = browser.click(bed.at(0), &url);
    assert!(goes_to_the_provider(&bed, &out) && sets_cookies(&out), "{:?}", out.headers);
}

#[test]
fn c1_who_was_signed_in_once_is_led_somewhere_and_loses_nothing() {
    let mut bed = bed::one();
    bed.start_another_with(|settings| {
        settings.replace("[session]", "[session]\nafter_logout = \"https://www.shop.example/bye\"")
    });
    let out = Browser::new().click(bed.at(0), "/bff/logout?key=old");
    assert_eq!((out.status, out.header("location")), (303, Some("http://127.0.0.1:8082/")));
    let out = Browser::new().click(bed.at(1), "/bff/logout?key=old");
    assert_eq!((out.status, out.header("location")), (303, Some("https://www.shop.example/bye")));
    // With the cookie of a session that is over: it is this browser's, and goes.
    let mut browser = bed.signed_in("u-1");
    let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl").as_str().unwrap().to_owned();
    bed.idp.end_user_session("u-1");
    assert!(bed::eventually(|| bed.me(0, &browser).status == 401));
    let out = browser.click(bed.at(0), &url);
    assert!(goes_to_the_provider(&bed, &out), "{:?}", out.headers);
    assert!(!browser.cookies(bed.at(0)).contains_key(SESSION));
}

#[test]
fn c1_no_refusal_takes_a_cookie_away() {
    let bed = bed::one();
    let browser = bed.signed_in("u-1");
    bed.idp.end_user_session("u-1");
    assert!(bed::eventually(|| bed.me(0, &browser).status == 401));
    let is_harmless = |mut browser: Browser, target: &str, headers: &[(&str, &str)]| {
        let before = browser.cookies(bed.at(0));
        let reply = browser.send(bed.at(0), "GET", target, headers, "");
        assert!(reply.status >= 400 && !sets_cookies(&reply), "{target}: {:?}", reply.headers);
        assert_eq!(browser.cookies(bed.at(0)), before, "{target}");
    };
    let script = [("x-csrf", "1"), ("sec-fetch-site", "same-origin")];
    for browser in [browser, Browser::new()] {
        for target in [ME, "/bff/user"] {
            is_harmless(browser.clone(), target, &script);
            is_harmless(browser.clone(), target, &[CROSS, NAVIGATE]);
        }
        is_harmless(browser.clone(), "/bff/callback?state=x&code=y", &[]);
        is_harmless(browser.clone(), "/bff/login?return_to=//evil.example", &[]);
        is_harmless(browser, "/bff/login", &[CROSS, ("sec-fetch-dest", "image")]);
    }
}

#[test]
fn c1_another_site_begins_no_login_and_replaces_no_session() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let session = browser.cookies(bed.at(0));
    for (headers, by_itself) in [(&[][..], false), (&[("sec-fetch-user", "?1")], true)] {
        let led = browser.led(bed.at(0), "/bff/login?return_to=/cart%3Fa=%22%3E", headers);
        assert_eq!((led.status, sets_cookies(&led)), (403, false), "{}", led.text());
        assert_eq!(led.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(led.header("cache-control"), Some("no-store"));
        let page = led.text();
        assert!(
            page.contains("href=\"/bff/login?return_to=%2Fcart%3Fa%3D%2522%253E&amp;keep=true\""),
            "{page}"
        );
        assert_eq!(page.contains("http-equiv=\"refresh\""), by_itself, "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
    // From our own origin the session shows, and stays.
    let on = browser.click(bed.at(0), "/bff/login?return_to=/cart&keep=true");
    assert_eq!((on.status, on.header("location")), (303, Some("/cart")));
    assert_eq!(browser.cookies(bed.at(0)), session);
    let mut stranger = Browser::new();
    let on = stranger.click(bed.at(0), "/bff/login?return_to=/cart&keep=true");
    assert!(goes_to_the_provider(&bed, &on) && sets_cookies(&on), "{:?}", on.headers);
    // Where nobody reads a page there is none.
    let script = [("accept", "*/*"), CROSS];
    let refused = stranger.send(bed.at(0), "GET", "/bff/login", &script, "");
    assert_eq!((refused.status, refused.code().as_str()), (403, "CROSS_ORIGIN"));
}

#[test]
fn c1_parts_of_a_page_and_looks_ahead_change_nothing() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl").as_str().unwrap().to_owned();
    let mut other = Browser::new();
    let callback = other.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-2");
    let same_site = ("sec-fetch-site", "same-site");
    let own = ("sec-fetch-site", "same-origin");
    let parts: [&[(&str, &str)]; 7] = [
        &[CROSS, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[CROSS, NAVIGATE, ("sec-fetch-dest", "iframe")],
        &[CROSS, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")],
        &[same_site, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[same_site, NAVIGATE, ("sec-fetch-dest", "iframe")],
        &[own, NAVIGATE, ("sec-purpose", "prefetch;prerender")],
        &[own, NAVIGATE, ("purpose", "prefetch")],
    ];
    for headers in parts {
        for (mut browser, target) in [
            (browser.clone(), "/bff/login"),
            (Browser::new(), "/bff/login"),
            (browser.clone(), &url),
            (other.clone(), &callback),
        ] {
            let reply = browser.send(bed.at(0), "GET", target, headers, "");
            let seen = (reply.status, reply.code(), sets_cookies(&reply));
            assert_eq!(seen, (403, "NOT_A_VISIT".to_owned(), false), "{target} {headers:?}");
        }
    }
    assert_eq!(bed.me(0, &browser).status, 200);
    assert_eq!(bed.idp.count(Endpoint::Token), 1, "nothing was redeemed");
    assert_eq!(other.go(bed.at(0), &callback).status, 303, "the sign-in itself goes on");
}

#[test]
fn c1_a_login_that_is_under_way_survives_whatever_another_site_sends() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login?return_to=/cart", "u-1");
    for _ in 0..5 {
        let _led = browser.led(bed.at(0), "/bff/login", &[]);
        let _led = browser.led(bed.at(0), "/bff/logout", &[]);
        let _led = browser.led(bed.at(0), "/bff/callback?code=x&state=y", &[]);
        let _led = browser.led(bed.at(0), "/bff/user", &[]);
    }
    let back = browser.led(bed.at(0), &callback, &[]);
    assert_eq!((back.status, back.header("location")), (303, Some("/cart")), "{}", back.text());
    assert!(location(&back).is_none(), "a path of our own");
    assert_eq!(bed.me(0, &browser).status, 200);
}
