//! Requests that a page of somebody else's sends with the user's cookie.

use crate::bed::{self, ME, ORIGIN};

#[test]
fn every_request_with_a_session_needs_the_header_and_our_own_origin() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let before = bed.calls();
    for (headers, code) in [
        (&[][..], "CSRF_HEADER_MISSING"),
        (&[("x-csrf", "0")], "CSRF_HEADER_MISSING"),
        (&[("x-csrf", "1"), ("x-csrf", "1")], "CSRF_HEADER_MISSING"),
        (&[("x-csrf", "1"), ("origin", "https://evil.example")], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("origin", "null")], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("origin", ORIGIN), ("origin", ORIGIN)], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("origin", "https://sh\u{f6}p.example")], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("sec-fetch-site", "same-origin\u{e9}")], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("sec-fetch-site", "cross-site")], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("sec-fetch-site", "same-site")], "CROSS_ORIGIN"),
        (&[("x-csrf", "1"), ("sec-fetch-site", "none")], "CROSS_ORIGIN"),
    ] {
        for target in [ME, "/bff/user"] {
            let reply = browser.send(bed.at(0), "GET", target, headers, "");
            assert_eq!((reply.status, reply.code().as_str()), (403, code), "{target} {headers:?}");
        }
        let reply = bed::add_to_cart(&mut browser, bed.at(0), headers);
        assert_eq!((reply.status, reply.code().as_str()), (403, code), "{headers:?}");
    }
    assert_eq!(bed.calls(), before, "none of them reached a service");
    let own = [("x-csrf", "1"), ("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    let added = bed::add_to_cart(&mut browser, bed.at(0), &own);
    assert_eq!((added.status, added.at("/units")), (200, 2.into()), "{}", added.text());
}

#[test]
fn a_form_of_another_site_cannot_write_and_no_origin_is_approved() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    for typ in
        ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
    {
        let headers = [("content-type", typ), ("x-csrf", "1")];
        let reply = browser.send(bed.at(0), "POST", "/test/v1/items", &headers, "{}");
        assert_eq!((reply.status, reply.code().as_str()), (415, "BODY_NOT_JSON"), "{typ}");
    }
    let json = ("content-type", "application/json");
    for (headers, code) in [
        (&[json, ("content-type", "text/plain")][..], "BODY_NOT_JSON"),
        (&[("content-type", "application/json, text/plain")], "BODY_NOT_JSON"),
        (&[("content-type", "text/plain; application/json")], "BODY_NOT_JSON"),
        (&[json, ("content-encoding", "gzip")], "BODY_ENCODED"),
        (&[json, ("content-encoding", "identity"), ("content-encoding", "br")], "BODY_ENCODED"),
    ] {
        let headers = [headers, &[("x-csrf", "1")]].concat();
        let reply = browser.send(bed.at(0), "POST", "/test/v1/items", &headers, "{}");
        assert_eq!((reply.status, reply.code().as_str()), (415, code), "{headers:?}");
    }
    let preflight = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-csrf,content-type"),
    ];
    for target in ["/test/v1/items", ME, "/bff/user", "/test/v1/hello"] {
        let reply = browser.send(bed.at(0), "OPTIONS", target, &preflight, "");
        let approves = |(name, _): &(String, String)| name.starts_with("access-control-");
        assert!(reply.status == 405 && !reply.headers.iter().any(approves), "{target}");
    }
}

#[test]
fn c15_a_body_that_is_json_is_read_in_whatever_words_it_says_so() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let item = r#"{"productId":"p-1","units":2}"#;
    for headers in [
        &[("content-type", "Application/JSON ;\tCharset=\"UTF-8\"")][..],
        &[("content-type", "application/json; x=M\u{fc}nchen; \"")],
        &[("content-type", "application/json"), ("content-encoding", "Identity")],
        &[("content-type", "application/json"), ("content-encoding", "identity, ,IDENTITY")],
        &[("content-type", "application/json"), ("content-encoding", "")],
    ] {
        let headers = [headers, &[("x-csrf", "1"), ("idempotency-key", "k-1")]].concat();
        let reply = browser.send(bed.at(0), "POST", "/test/v1/items", &headers, item);
        assert_eq!(reply.status, 200, "{headers:?}: {}", reply.text());
    }
}

#[test]
fn a_page_for_everybody_looks_at_no_cookie() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let reply = browser.go(bed.at(0), "/test/v1/hello");
    assert_eq!(reply.status, 200);
    assert!(reply.header("cache-control").unwrap().starts_with("public"));
    assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("strict-transport-security", "max-age=31536000"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
}
