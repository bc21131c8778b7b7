//! How often anybody may ask for the pages around signing in.

use crate::bed::{self, Bed, ORIGIN};
use bff_testkit::{Browser, http::Reply, idp::Endpoint};

/// One instance with more in its settings, behind a proxy that tells who asks.
fn limited(limits: &str) -> Bed {
    let mut bed = bed::one();
    bed.start_another_with(|settings| {
        let behind = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\nforwarding_header = \"x-forwarded-for\"";
        format!("{}\n{limits}", settings.replacen("[server]", behind, 1))
    });
    bed.tell_idp(1);
    bed
}

fn from(bed: &Bed, browser: &mut Browser, address: &str, target: &str) -> Reply {
    let headers = [
        ("x-forwarded-for", address),
        ("accept", "text/html"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "same-origin"),
    ];
    browser.send(bed.at(1), "GET", target, &headers, "")
}

fn user(bed: &Bed, browser: &mut Browser, address: &str) -> Reply {
    let headers = [
        ("x-forwarded-for", address),
        ("x-csrf", "1"),
        ("origin", ORIGIN),
        ("sec-fetch-site", "same-origin"),
    ];
    browser.send(bed.at(1), "GET", "/bff/user", &headers, "")
}

/// A limit of four, of which signing a user in takes two.
const FOUR: &str = "[limits.classes.sign-in]\nrequests = 4\nper = \"1h\"";

#[test]
fn c23_signing_in_is_under_the_limits_of_its_address() {
    for (what, other) in [
        ("/bff/login", "198.51.100.8"),
        ("/bff/login?return_to=//evil.example", "198.51.100.8"),
        ("/bff/callback?state=x&code=y", "198.51.100.8"),
        ("/bff/callback", "2001:db8:0:1::1"),
        ("/bff/logout", "2001:db8:0:1::1"),
        ("/bff/logout?key=x", "2001:db8:0:1::1"),
    ] {
        let bed = limited(FOUR);
        // Addresses of one /64 are one.
        for nth in 1..=4 {
            let reply = from(&bed, &mut Browser::new(), &format!("2001:db8::{nth}"), what);
            assert_ne!(reply.status, 429, "{what}: {nth}");
        }
        let refused = from(&bed, &mut Browser::new(), "2001:db8::5", what);
        assert_eq!(refused.status, 429, "{what}");
        assert!(refused.header("retry-after").is_some(), "{what}: {:?}", refused.headers);
        assert!(refused.header("content-type").unwrap_or_default().starts_with("text/html"));
        let reply = from(&bed, &mut Browser::new(), other, what);
        assert_ne!(reply.status, 429, "{what}: another address");
    }
}

#[test]
fn c23_who_is_signed_in_goes_on_where_an_address_has_had_enough() {
    let bed =
        limited(&format!("[limits]\nper_principal = {{ requests = 9, per = \"1h\" }}\n{FOUR}"));
    let [mut one, mut other] = ["u-1", "u-2"].map(|name| {
        let mut browser = Browser::new();
        assert_eq!(browser.sign_in(bed.at(1), &bed.idp, name).status, 303);
        browser
    });
    assert_eq!(from(&bed, &mut Browser::new(), "127.0.0.1", "/bff/login").status, 429);
    for _ in 0..9 {
        let page = user(&bed, &mut one, "127.0.0.1");
        assert_eq!((page.status, page.at("/claims/sub")), (200, "u-1".into()), "{}", page.text());
    }
    assert_eq!(user(&bed, &mut one, "203.0.113.1").status, 429, "it counts for the user");
    assert_eq!(user(&bed, &mut other, "127.0.0.1").status, 200, "and for no other");
}

#[test]
fn c23_a_way_back_that_is_not_this_browsers_costs_the_provider_nothing() {
    let bed = limited("");
    let mut victim = Browser::new();
    let back = victim.sign_in_at(bed.at(1), &bed.idp, "/bff/login", "u-1");
    let mut attacker = Browser::new();
    assert_eq!(attacker.go(bed.at(1), "/bff/login").status, 303);
    let tossed: Vec<_> = attacker.cookies(bed.at(1)).into_iter().collect();
    for nth in 0..100 {
        let mut forged = Browser::new();
        for (name, value) in &tossed {
            // Its own login, and one that it made up.
            forged.toss(bed.at(1), name, &value[nth % 2..]);
        }
        for target in [&back, "/bff/callback?code=c&state=s", "/bff/callback?code=c"] {
            let reply = forged.go(bed.at(1), target);
            assert!(reply.status == 400 || reply.status == 303, "{}", reply.text());
        }
    }
    assert_eq!(bed.idp.count(Endpoint::Token), 0);
    let signed_in = victim.go(bed.at(1), &back);
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/")));
}

#[test]
fn c23_signing_in_is_limited_where_nobody_says_so() {
    let bed = bed::one();
    let begun = Browser::new().go(bed.at(0), "/bff/login");
    assert_eq!(begun.status, 303);
    assert_eq!(begun.header("ratelimit-policy"), Some("\"sign-in\";q=3000;w=60"));
}
