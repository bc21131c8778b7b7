//! Signing in, and all the ways in which somebody else would like to.

use crate::bed::{self, ME, SESSION};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bff_testkit::{
    Browser,
    browser::{location, target},
    idp::{Client, Endpoint, IdpFault},
    json,
};
use url::Url;

#[test]
fn signing_in_shows_the_users_own_page_and_never_a_token() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let anonymous = browser.fetch(bed.at(0), ME);
    assert_eq!((anonymous.status, anonymous.code().as_str()), (401, "UNAUTHENTICATED"));
    let back = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login?return_to=/cart%3Fa=1", "u-2");
    let back = browser.go(bed.at(0), &back);
    assert_eq!((back.status, back.header("location")), (303, Some("/cart?a=1")));
    assert_eq!(back.header("cache-control"), Some("no-store"));
    let page = browser.fetch(bed.at(0), ME);
    assert_eq!((page.status, page.at("/userId")), (200, "u-2".into()));
    assert!(page.header("cache-control").unwrap().contains("no-store"));
    let user = browser.fetch(bed.at(0), "/bff/user");
    assert_eq!((user.status, user.at("/claims/sub")), (200, "u-2".into()));
    assert_eq!(
        user.names(""),
        ["claims", "idleAfterSeconds", "logoutUrl", "sessionExpiresInSeconds"]
    );
}

#[test]
fn the_session_cookie_has_every_protection_and_means_nothing() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let back = browser.sign_in(bed.at(0), &bed.idp, "u-1");
    let cookies: Vec<_> = back.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    let (_, session) = cookies.iter().find(|(_, value)| value.starts_with(SESSION)).unwrap();
    let (value, attributes) = session.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Strict");
    assert_eq!(value.len(), SESSION.len() + 1 + 43, "256 random bits");
    let (_, login) =
        cookies.iter().find(|(_, value)| value.starts_with("__Host-Http-login")).unwrap();
    assert!(login.ends_with("SameSite=Lax; Max-Age=0"), "{login}");
    assert!(cookies.iter().all(|(_, value)| value.len() < 4096));
}

#[test]
fn what_one_browser_began_no_other_browser_ends() {
    let bed = bed::one();
    let mut attacker = Browser::new();
    let callback = attacker.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-666");
    let mut victim = Browser::new();
    let lured = victim.go(bed.at(0), &callback);
    assert_eq!((lured.status, lured.code().as_str()), (400, "LOGIN_UNKNOWN"));
    // Also when the victim began one of its own.
    victim.go(bed.at(0), "/bff/login");
    assert_eq!(victim.go(bed.at(0), &callback).code(), "LOGIN_UNKNOWN");
    assert!(!victim.cookies(bed.at(0)).contains_key(SESSION));
    assert_eq!(bed.idp.count(Endpoint::Token), 0, "no code was redeemed");
}

#[test]
fn a_way_back_works_once() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
    let mut copy = browser.clone();
    assert_eq!(browser.go(bed.at(0), &callback).status, 303);
    assert_eq!(copy.go(bed.at(0), &callback).code(), "LOGIN_REPLAYED");
    assert_eq!(browser.go(bed.at(0), &callback).code(), "LOGIN_UNKNOWN", "its cookie is gone");
    assert_eq!(bed.idp.count(Endpoint::Token), 1, "the replay did not reach the provider");
    assert_eq!(bed.me(0, &browser).status, 200);
}

#[test]
fn a_changed_way_back_leads_nowhere() {
    let changed = |callback: &str, name: &str, value: &str| {
        let url = Url::parse(&format!("http://x{callback}")).unwrap();
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(known, old)| {
                let new = if known == name { value.to_owned() } else { old.into_owned() };
                (known.into_owned(), new)
            })
            .collect();
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/bff/callback?{query}")
    };
    let bed = bed::one();
    let code_of_another = {
        let callback = Browser::new().sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-666");
        let url = Url::parse(&format!("http://x{callback}")).unwrap();
        url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    for (name, value, code) in [
        ("state", "guessed", "LOGIN_UNKNOWN"),
        ("state", "", "LOGIN_UNKNOWN"),
        ("iss", "https://evil.example", "LOGIN_MIXED_UP"),
        ("code", "guessed", "LOGIN_REFUSED"),
        // Injected: PKCE binds a code to the browser that asked for it.
        ("code", &code_of_another, "LOGIN_REFUSED"),
    ] {
        let mut browser = Browser::new();
        let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
        let back = browser.go(bed.at(0), &changed(&callback, name, value));
        assert_eq!((back.status, back.code().as_str()), (400, code), "{name}={value}");
        assert!(!browser.cookies(bed.at(0)).contains_key(SESSION));
    }
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
    let twice = browser.go(bed.at(0), &format!("{callback}&state=other"));
    assert_eq!(twice.code(), "LOGIN_UNKNOWN", "two states are none");
    let (with_iss, _) = callback.split_once("&iss=").or(callback.split_once("iss=")).unwrap();
    let silent = browser.go(bed.at(0), with_iss);
    assert!(
        ["LOGIN_MIXED_UP", "LOGIN_UNKNOWN"].contains(&silent.code().as_str()),
        "{}",
        silent.text()
    );
}

#[test]
fn a_session_that_somebody_prepared_is_not_the_one_that_signs_in() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let prepared = "A".repeat(43);
    browser.toss(bed.at(0), SESSION, &prepared);
    assert_eq!(bed.me(0, &browser).code(), "SESSION_ENDED");
    browser.sign_in(bed.at(0), &bed.idp, "u-1");
    let first = browser.cookies(bed.at(0))[SESSION].clone();
    assert_ne!(first, prepared);
    let mut old = browser.clone();
    browser.sign_in(bed.at(0), &bed.idp, "u-1");
    assert_ne!(browser.cookies(bed.at(0))[SESSION], first, "a new name at every login");
    assert_eq!(old.fetch(bed.at(0), ME).code(), "SESSION_ENDED", "the old session is over");
    assert_eq!(bed.me(0, &browser).status, 200);
}

#[test]
fn a_cookie_that_is_there_twice_is_none() {
    let bed = bed::one();
    let browser = bed.signed_in("u-1");
    let session = &browser.cookies(bed.at(0))[SESSION];
    for cookies in [
        format!("{SESSION}={session}; {SESSION}=tossed"),
        format!("{SESSION}=tossed; {SESSION}={session}"),
        format!("{SESSION}={session}x"),
        format!("session={session}"),
        format!("__Host-session={session}"),
    ] {
        let headers = [("cookie", cookies.as_str()), ("x-csrf", "1")];
        let reply = bed.bffs[0].send("GET", ME, &headers);
        assert_eq!(reply.status, 401, "{cookies}");
    }
}

#[test]
fn nobody_is_sent_anywhere_else_afterwards() {
    let bed = bed::one();
    for wanted in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "/%0a/evil.example",
        "https://evil.example",
        "http://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/.//evil.example",
        "/a/..//evil.example",
        "/%252e//evil.example%00",
        "cart",
        "",
        "%20//evil.example",
        "?x",
        "#x",
        "http://127.0.0.1:8082@evil.example",
        "http://127.0.0.1:8082.evil.example",
        "https://127.0.0.1:8082/",
        "ftp://127.0.0.1:8082/",
        "vbscript:x",
        "/%20/evil.example",
        "//%65vil.example",
        "mailto:a@b.example",
        "blob:http://127.0.0.1:8082/x",
    ] {
        let query = if wanted.contains('%') {
            format!("return_to={wanted}")
        } else {
            form_urlencoded::Serializer::new(String::new())
                .append_pair("return_to", wanted)
                .finish()
        };
        let reply = Browser::new().go(bed.at(0), &format!("/bff/login?{query}"));
        let refused = ["INVALID_RETURN_URL", "INVALID_ENCODING"].contains(&reply.code().as_str());
        assert!(reply.status == 400 && refused, "{wanted}: {} {}", reply.status, reply.text());
        assert!(reply.header("set-cookie").is_none());
    }
}

#[test]
fn a_provider_that_says_no_or_nothing_signs_nobody_in() {
    let bed = bed::one();
    let mut browser = Browser::new();
    let started = location(&browser.go(bed.at(0), "/bff/login")).unwrap();
    let state = started.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let issuer = bed.idp.url();
    let denied = format!("/bff/callback?error=access_denied&state={state}&iss={issuer}");
    let denied = browser.go(bed.at(0), &denied);
    assert_eq!((denied.status, denied.code().as_str()), (403, "LOGIN_DENIED"));

    for fault in [IdpFault::Status(503), IdpFault::Garbage, IdpFault::Close, IdpFault::Hang] {
        let bed = bed::one();
        let mut browser = Browser::new();
        let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
        bed.idp.set_fault(Endpoint::Token, Some(fault));
        let away = browser.go(bed.at(0), &callback);
        assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"), "{fault:?}");
        assert!(away.header("retry-after").is_some());
        bed.idp.set_fault(Endpoint::Token, None);
        assert!(bed::eventually(
            || browser.clone().sign_in(bed.at(0), &bed.idp, "u-1").status == 303
        ));
    }
}

#[test]
fn what_is_asked_of_the_provider_is_all_that_the_standard_wants() {
    let bed = bed::one();
    let started = location(&Browser::new().go(bed.at(0), "/bff/login")).unwrap();
    let asked: std::collections::BTreeMap<_, _> = started.query_pairs().collect();
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["redirect_uri"], "http://127.0.0.1:8082/bff/callback");
    for random in ["state", "nonce", "code_challenge"] {
        assert_eq!(asked[random].len(), 43, "{random}");
    }
    let again = location(&Browser::new().go(bed.at(0), "/bff/login")).unwrap();
    assert_ne!(target(&started), target(&again));
    assert_eq!(Browser::new().go(bed.at(0), "/bff/nothing").status, 404);
    assert_eq!(bed.bffs[0].send("POST", "/bff/login", &[]).status, 405);
}

#[test]
fn a_key_proves_the_client_as_well_as_a_secret_and_another_one_does_not() {
    let mut bed = bed::one();
    let [ours, strange] = [(); 2].map(|()| rcgen::KeyPair::generate().unwrap());
    let part = |range| BASE64_URL_SAFE_NO_PAD.encode(&ours.public_key_raw()[range]);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65) });
    for (key, status) in [(&ours, 303), (&strange, 503)] {
        let file = std::env::temp_dir().join(format!("bff-client-key-{}", std::process::id()));
        std::fs::write(&file, key.serialize_pem()).unwrap();
        bed.start_another_with(|settings| {
            let secret = format!("client_secret = \"{}\"", bff_testkit::idp::DEMO_SECRET);
            settings.replace(&secret, &format!("private_key_file = {file:?}"))
        });
        let client = Client::demo();
        bed.idp.register(Client { secret: None, public_key_jwk: Some(jwk.clone()), ..client });
        let back = Browser::new().sign_in(bed.bffs.last().unwrap().address, &bed.idp, "u-1");
        assert_eq!(back.status, status, "{}", back.text());
    }
}
