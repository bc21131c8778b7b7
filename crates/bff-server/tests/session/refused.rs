//! A refusal of the provider is about one code or one refresh token: it is nobody else's.

use crate::bed::{self, Bed, SESSION};
use bff_testkit::{
    Browser,
    http::Reply,
    idp::{Endpoint, IdpFault},
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::OnceLock,
    thread,
    time::Duration,
};

/// Signs in with an access token that is over at once; the next one lasts.
fn expired(bed: &Bed, user: &str) -> Browser {
    bed.idp.set_access_token_lifetime(Duration::ZERO);
    let browser = bed.signed_in(user);
    bed.idp.set_access_token_lifetime(Duration::from_secs(300));
    browser
}

/// A browser that is back from the provider, and the address that it is about to go to.
fn on_the_way_back(bed: &Bed, user: &str) -> (Browser, String) {
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", user);
    (browser, callback)
}

fn told(reply: &Reply) -> (u16, String) {
    (reply.status, reply.code())
}

fn says(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Does something while the provider answers every request for tokens so.
fn while_it_says<T>(bed: &Bed, fault: IdpFault, work: impl FnOnce() -> T) -> T {
    bed.idp.set_fault(Endpoint::Token, Some(fault));
    let done = work();
    bed.idp.set_fault(Endpoint::Token, None);
    done
}

/// What a provider may say to one request and mean nobody else by it; whether the user has to sign
/// in again.
const REFUSALS: [(IdpFault, bool); 17] = [
    (IdpFault::Answer(400, r#"{"error":"invalid_grant"}"#), true),
    (IdpFault::Answer(400, r#"{"error":"invalid_request"}"#), true),
    (IdpFault::Answer(400, r#"{"error":"interaction_required"}"#), true),
    (IdpFault::Answer(400, r#"{"error":"unauthorized_client"}"#), true),
    (IdpFault::Answer(400, r#"{"error":"unsupported_grant_type"}"#), true),
    (IdpFault::Answer(403, r#"{"error":"mfa_required"}"#), true),
    (IdpFault::Answer(400, "\u{feff}{\"error\":\"invalid_grant\"}"), true),
    (IdpFault::Answer(401, r#"{"error":"invalid_client"}"#), false),
    (IdpFault::Answer(400, r#"{"error":"slow_down"}"#), false),
    (IdpFault::Answer(400, r#"{"error":"temporarily_unavailable"}"#), false),
    (IdpFault::Answer(400, "<html>blocked</html>"), false),
    (IdpFault::Answer(404, ""), false),
    (IdpFault::Answer(500, r#"{"error":"server_error"}"#), false),
    (IdpFault::Answer(200, "<html>hello</html>"), false),
    (IdpFault::Answer(200, r#"{"token_type":"Bearer"}"#), false),
    (IdpFault::Answer(200, r#"{"access_token":"a","token_type":"DPoP"}"#), false),
    (IdpFault::Garbage, false),
];

#[test]
fn c3_a_refused_code_is_one_logins_trouble() {
    let bed = bed::one();
    for (fault, is_over) in REFUSALS {
        let (mut attacker, his) = on_the_way_back(&bed, "u-3");
        let (mut browser, callback) = on_the_way_back(&bed, "u-1");
        let session = expired(&bed, "u-2");
        let refused = while_it_says(&bed, fault, || attacker.go(bed.at(0), &his));
        let expected = match is_over {
            true => says(400, "LOGIN_REFUSED"),
            false => says(503, "IDENTITY_UNAVAILABLE"),
        };
        assert_eq!(told(&refused), expected, "{fault:?}");
        assert_eq!(browser.go(bed.at(0), &callback).status, 303, "{fault:?}: another login");
        assert_eq!(bed.me(0, &session).status, 200, "{fault:?}: a renewal");
        assert_eq!(attacker.go(bed.at(0), &his).code(), "LOGIN_REPLAYED", "{fault:?}");
    }
}

#[test]
fn c3_a_refused_refresh_is_one_sessions_trouble() {
    let bed = bed::one();
    for (fault, is_over) in REFUSALS {
        let (one, other) = (expired(&bed, "u-1"), expired(&bed, "u-2"));
        let refused = while_it_says(&bed, fault, || bed.me(0, &one));
        let expected = match is_over {
            true => says(401, "SESSION_ENDED"),
            false => says(503, "IDENTITY_UNAVAILABLE"),
        };
        assert_eq!(told(&refused), expected, "{fault:?}");
        assert_eq!(bed.me(0, &other).status, 200, "{fault:?}: another session");
        assert_eq!(Browser::new().sign_in(bed.at(0), &bed.idp, "u-3").status, 303, "{fault:?}");
        let kept = bed::eventually(|| bed.me(0, &one).status == 200 || is_over);
        assert!(kept, "{fault:?}: {}", bed.me(0, &one).text());
    }
}

#[test]
fn c3_a_page_that_comes_again_and_again_does_not_go_to_the_provider_each_time() {
    let bed = bed::one();
    for fault in [
        IdpFault::Answer(401, r#"{"error":"invalid_client"}"#),
        IdpFault::Answer(403, "<html>blocked</html>"),
        IdpFault::Answer(200, "[]"),
        IdpFault::Answer(500, ""),
    ] {
        let browser = expired(&bed, "u-1");
        let before = bed.idp.count(Endpoint::Token);
        let polled = || (0..200).all(|_| bed.me(0, &browser).status == 503);
        assert!(while_it_says(&bed, fault, polled), "{fault:?}");
        // Its pauses are of half a second at least, and double.
        let asked = bed.idp.count(Endpoint::Token) - before;
        assert!((1..=4).contains(&asked), "{fault:?}: asked {asked} times");
    }
}

#[test]
fn c3_what_no_provider_gave_is_refused_before_it_is_asked() {
    let bed = bed::one();
    let long = "x".repeat(4097);
    for bad in ["", "%20", "%00", "a%0D%0Ab", "caf%C3%A9", "%EF%BB%BFa", long.as_str()] {
        let (mut browser, callback) = on_the_way_back(&bed, "u-1");
        let (before, good) = callback.split_once("code=").unwrap();
        let (_, after) = good.split_once('&').unwrap();
        let before_it = bed.idp.count(Endpoint::Token);
        for odd in [
            format!("{before}code={bad}&{after}"),
            format!("{before}{after}"),
            format!("{callback}&code=other"),
        ] {
            let refused = browser.go(bed.at(0), &odd);
            assert_eq!(told(&refused), says(400, "LOGIN_REFUSED"), "{odd:.80}");
        }
        assert_eq!(bed.idp.count(Endpoint::Token), before_it, "{bad:.20}");
        assert_eq!(browser.go(bed.at(0), &callback).status, 303, "{bad:.20}: nothing was used up");
    }
    for state in ["", "%00", "AAAAAAAA", &"A".repeat(42), &"A".repeat(44), &"A".repeat(4000)] {
        let (mut browser, _) = on_the_way_back(&bed, "u-1");
        let unknown = browser.go(bed.at(0), &format!("/bff/callback?code=x&state={state}"));
        assert_eq!(told(&unknown), says(400, "LOGIN_UNKNOWN"), "{state:.20}");
    }
}

#[test]
fn c3_a_way_back_that_never_reached_the_provider_works_later() {
    for shared in [false, true] {
        let bed = bed::with("", 1, shared);
        let (mut first, asked) = on_the_way_back(&bed, "u-1");
        let (mut second, waits) = on_the_way_back(&bed, "u-2");
        while_it_says(&bed, IdpFault::Status(503), || {
            let away = first.go(bed.at(0), &asked);
            assert_eq!(told(&away), says(503, "IDENTITY_UNAVAILABLE"));
            let paused = second.go(bed.at(0), &waits);
            assert_eq!(told(&paused), says(503, "IDENTITY_UNAVAILABLE"));
            assert!(paused.header("retry-after").is_some());
        });
        assert_eq!(bed.idp.count(Endpoint::Token), 1, "the second one waits");
        assert!(bed::eventually(|| second.clone().go(bed.at(0), &waits).status == 303));
        assert_eq!(second.go(bed.at(0), &waits).code(), "LOGIN_REPLAYED", "once is once");
        assert_eq!(first.go(bed.at(0), &asked).code(), "LOGIN_REPLAYED", "it was asked");
        assert!(!first.cookies(bed.at(0)).contains_key(SESSION));
    }
}

/// Where a token endpoint is to be that nobody listens at yet.
static DEAD: OnceLock<SocketAddr> = OnceLock::new();

#[test]
fn c3_a_way_back_to_a_closed_port_works_when_it_opens() {
    let bed = bed::one();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = *DEAD.get_or_init(|| port.local_addr().unwrap());
    drop(port);
    bed.idp.set_wording(
        Endpoint::Discovery,
        Some(|document| {
            let mut document: bff_testkit::Json = serde_json::from_str(document).unwrap();
            document["token_endpoint"] = format!("http://{}/token", DEAD.get().unwrap()).into();
            document.to_string()
        }),
    );
    let (mut browser, callback) = on_the_way_back(&bed, "u-1");
    for _ in 0..3 {
        let away = browser.go(bed.at(0), &callback);
        assert_eq!(told(&away), says(503, "IDENTITY_UNAVAILABLE"));
    }
    forward(TcpListener::bind(address).unwrap(), bed.idp.address());
    assert!(bed::eventually(|| browser.clone().go(bed.at(0), &callback).status == 303));
    assert_eq!(browser.go(bed.at(0), &callback).code(), "LOGIN_REPLAYED");
}

/// Connects whoever comes to `to`, for as long as the test runs.
fn forward(listener: TcpListener, to: SocketAddr) {
    fn copy(mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..read]).is_err() {
                return;
            }
        }
    }
    thread::spawn(move || {
        for here in listener.incoming().flatten() {
            let there = TcpStream::connect(to).unwrap();
            let (back, forth) = (there.try_clone().unwrap(), here.try_clone().unwrap());
            thread::spawn(move || copy(here, there));
            thread::spawn(move || copy(back, forth));
        }
    });
}

#[test]
fn c3_logins_and_renewals_do_not_share_a_pause() {
    for trouble in [IdpFault::Status(503), IdpFault::Status(429), IdpFault::Close] {
        let bed = bed::one();
        let session = expired(&bed, "u-1");
        let (mut unlucky, callback) = on_the_way_back(&bed, "u-2");
        while_it_says(&bed, trouble, || {
            assert_eq!(unlucky.go(bed.at(0), &callback).status, 503, "{trouble:?}");
        });
        assert_eq!(bed.me(0, &session).status, 200, "{trouble:?}: logins wait, renewals go on");

        let bed = bed::one();
        let (unlucky, (mut browser, callback)) =
            (expired(&bed, "u-1"), on_the_way_back(&bed, "u-2"));
        while_it_says(&bed, trouble, || assert_eq!(bed.me(0, &unlucky).status, 503));
        assert_eq!(browser.go(bed.at(0), &callback).status, 303, "{trouble:?}: the other way");
    }
}

#[test]
fn c3_what_the_provider_says_in_the_browser_is_one_logins_too() {
    let bed = bed::one();
    for (error, status, code) in [
        ("access_denied", 403, "LOGIN_DENIED"),
        ("invalid_client", 403, "LOGIN_DENIED"),
        ("consent_required", 403, "LOGIN_DENIED"),
        ("", 403, "LOGIN_DENIED"),
        ("a&error=b", 403, "LOGIN_DENIED"),
        ("server_error", 503, "IDENTITY_UNAVAILABLE"),
        ("temporarily_unavailable", 503, "IDENTITY_UNAVAILABLE"),
    ] {
        let (mut browser, callback) = on_the_way_back(&bed, "u-1");
        let refused = browser.go(bed.at(0), &format!("{callback}&error={error}"));
        assert_eq!(told(&refused), says(status, code), "{error}");
        // Who goes back to the provider and lets it in after all comes with the same state.
        assert_eq!(browser.go(bed.at(0), &callback).status, 303, "{error}");
    }
}
