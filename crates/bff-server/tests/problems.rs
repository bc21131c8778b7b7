//! Every refusal and every failure reaches the client as one kind of document that says nothing about the inside.

use bff_core::{Auth, Bff, prelude::*};
use bff_server::Settings;
use bff_testkit::{
    Fault, Service as Sample, TestBff,
    http::{self, Reply},
};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

const CATALOG: Service = Service::named("catalog");
const GOOD: &str = "/test/v1/products/p-1";
/// What a panic says here must be said to nobody outside.
const PANIC: &str = "the vault code is 4711";

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct ProductPage {
    title: String,
}

async fn product(cx: &Cx, id: Id<Product>) -> Result<ProductPage> {
    cx.gather(Critical(CATALOG.get(("products", &id)).named("product"))).await
}

#[expect(clippy::panic, reason = "the panic is what the test is about")]
async fn panics(_: &Cx) -> Result<ProductPage> {
    std::future::ready(()).await;
    panic!("{PANIC}")
}

async fn never_ends(_: &Cx) -> Result<ProductPage> {
    std::future::pending().await
}

fn bff(auth: Auth) -> Bff {
    let endpoints = vec![
        get("/test/v1/products/{id}").to(product),
        get("/test/v1/panic").to(panics),
        get("/test/v1/endless").budget(millis(50)).to(never_ends),
    ];
    Bff { name: "test", version: "1.0.0", auth, endpoints }
}

const SETTINGS: &str = r#"
    [server]
    listen = "127.0.0.1:0"
    # So long, and a second more, a connection waits for a body that was announced and never comes.
    drain_timeout = "1s"
    [admin]
    listen = "127.0.0.1:0"
    [services.catalog]
    url = "http://catalog"
    timeout = "700ms"
    connect_timeout = "700ms"
"#;

const AUTH: &str = r#"
    [issuers.main]
    issuer = "https://issuer.test"
    audience = "test-bff"
    algorithms = ["RS256"]
    keys = { file = "replaced" }
"#;

fn settings(text: &str) -> Settings {
    toml::from_str(text).unwrap_or_else(|error| unreachable!("{error}"))
}

fn start() -> TestBff {
    TestBff::start_from(&bff(Auth::Open), settings(SETTINGS))
}

fn start_with_auth() -> TestBff {
    TestBff::start_from(&bff(Auth::Bearer), settings(&format!("{SETTINGS}{AUTH}")))
}

/// The one form of a problem, and nothing of the inside in head or body.
fn check(what: &str, reply: &Reply, status: u16, code: &str) {
    let text = reply.text();
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{what}: {text}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(reply.header("x-schema-version"), Some("problem/1"), "{what}");
    let members = ["code", "message", "retryable", "status", "title", "traceId", "type"];
    assert_eq!(reply.names(""), members, "{what}");
    assert_eq!(reply.at("/type"), "about:blank", "{what}");
    assert_eq!(reply.at("/status"), status, "{what}");
    assert_eq!(reply.at("/retryable"), matches!(status, 408 | 503 | 504), "{what}");
    assert_eq!(reply.header("retry-after").is_some(), status == 503, "{what}");
    for words in ["/title", "/message"] {
        assert!(reply.at(words).as_str().is_some_and(|text| !text.is_empty()), "{what}: {text}");
    }
    let trace_id = reply.at("/traceId").as_str().unwrap_or_default().to_owned();
    assert_eq!(reply.header("x-trace-id"), Some(trace_id.as_str()), "{what}");
    assert!(trace_id.len() == 32 && trace_id != "0".repeat(32), "{what}: {trace_id}");
    let whole = format!("{:?} {text}", reply.headers).to_lowercase();
    for inside in ["127.0.0.1", "internal=", "sample-", "catalog", "actix", "src/", "panick", PANIC]
    {
        assert!(!whole.contains(inside), "{what}: `{inside}` in {whole}");
    }
}

#[test]
fn what_the_perimeter_refuses_is_a_problem_and_reaches_no_service() {
    let bff = start();
    let (long_id, long) = ("x".repeat(65), "x".repeat(8 * 1024 + 1));
    let targets = [
        ("/", 404, "NO_SUCH_ROUTE"),
        ("/nowhere", 404, "NO_SUCH_ROUTE"),
        ("/test/v1/products", 404, "NO_SUCH_ROUTE"),
        ("/test/v1/products/p-1/", 404, "NO_SUCH_ROUTE"),
        ("/test/v1/products/../admin", 404, "NO_SUCH_ROUTE"),
        ("//test/v1/products/p-1", 404, "NO_SUCH_ROUTE"),
        ("/livez", 404, "NO_SUCH_ROUTE"),
        ("/metrics", 404, "NO_SUCH_ROUTE"),
        ("/test/v1/products/%", 400, "INVALID_ENCODING"),
        ("/test/v1/products/%2", 400, "INVALID_ENCODING"),
        ("/test/v1/products/%zz", 400, "INVALID_ENCODING"),
        ("/test/v1/products/%ff", 400, "INVALID_ENCODING"),
        ("/test/v1/products/a%00", 400, "INVALID_ENCODING"),
        ("/test/v1/products/a%0d%0ax-user-id:%20u-2", 400, "INVALID_ENCODING"),
        ("/test/v1/products/..", 400, "INVALID_ID"),
        ("/test/v1/products/%2e%2e", 400, "INVALID_ID"),
        ("/test/v1/products/..%2Fadmin", 400, "INVALID_ID"),
        ("/test/v1/products/..%5Cadmin", 400, "INVALID_ID"),
        ("/test/v1/products/%252e%252e%252fadmin", 400, "INVALID_ID"),
        ("/test/v1/products/p-1%3Fadmin=1", 400, "INVALID_ID"),
        (&format!("/test/v1/products/{long_id}"), 400, "INVALID_ID"),
        (&format!("/{long}"), 414, "URI_TOO_LONG"),
        (&format!("{GOOD}?{long}"), 414, "URI_TOO_LONG"),
    ];
    for (target, status, code) in targets {
        check(target, &bff.send("GET", target, &[]), status, code);
    }
    assert_eq!(bff.services.stats(Sample::Catalog).requests_started, 0);
    assert_eq!(bff.send("GET", GOOD, &[]).status, 200);
    assert_eq!(bff.services.stats(Sample::Catalog).last_target, "/products/p-1");
}

#[test]
fn a_query_that_the_page_does_not_read_cannot_fail_it() {
    let bff = start();
    for query in
        ["a=%", "a=%zz", "a=%ff", "a=%0d%0a", "utm_source=M%FCnchen", "%", "&&&", "=", "a=1&a=2"]
    {
        assert_eq!(bff.send("GET", &format!("{GOOD}?{query}"), &[]).status, 200, "{query}");
    }
}

#[test]
fn other_methods_are_told_the_right_ones_and_cannot_be_smuggled_in() {
    let bff = start();
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let reply = bff.send(method, GOOD, &[]);
        check(method, &reply, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method}");
        check(method, &bff.send(method, "/nowhere", &[]), 404, "NO_SUCH_ROUTE");
    }
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        assert_eq!(bff.send("GET", GOOD, &[(name, "DELETE")]).status, 200, "{name}");
        check(name, &bff.send("POST", GOOD, &[(name, "GET")]), 405, "METHOD_NOT_ALLOWED");
    }
}

#[test]
fn a_head_request_gets_the_head_of_the_problem_and_no_body() {
    let bff = start();
    for target in ["/nowhere", "/test/v1/products/%", "/test/v1/panic"] {
        let (get, head) = (bff.send("GET", target, &[]), bff.send("HEAD", target, &[]));
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{target}");
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{target}: {name}");
        }
    }
}

#[test]
fn heads_above_the_limits_are_refused_and_those_at_the_limits_are_not() {
    let bff = start();
    let names: Vec<_> = (0..90).map(|n| format!("x-{n}")).collect();
    let lines: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    // `host` and `connection` are two of the 64.
    assert_eq!(bff.send("GET", GOOD, lines.get(..62).unwrap_or_default()).status, 200);
    let one_more = bff.send("GET", GOOD, lines.get(..63).unwrap_or_default());
    check("65 lines", &one_more, 431, "HEADERS_TOO_LARGE");
    check("92 lines", &bff.send("GET", GOOD, &lines), 431, "HEADERS_TOO_LARGE");
    let (most, more) = ("x".repeat(31 * 1024), "x".repeat(33 * 1024));
    assert_eq!(bff.send("GET", GOOD, &[("x-a", &most)]).status, 200);
    check("33 KiB", &bff.send("GET", GOOD, &[("x-a", &more)]), 431, "HEADERS_TOO_LARGE");
    let longest = format!("{GOOD}?{}", "x".repeat(8 * 1024 - GOOD.len()));
    assert_eq!(bff.send("GET", &longest, &[]).status, 200);
}

#[test]
fn a_body_is_refused_and_never_read_as_the_next_request() {
    let bff = start();
    let next = format!("GET {GOOD} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let chunked = format!("{:x}\r\n{next}\r\n0\r\n\r\n", next.len());
    let whole = format!("content-length: {}\r\n\r\n{next}", next.len());
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{chunked}");
    let cases = [
        ("GET", GOOD, whole.clone(), 415, "BODY_NOT_READ"),
        ("GET", GOOD, chunked.clone(), 415, "BODY_NOT_READ"),
        ("GET", GOOD, format!("content-length: 65537\r\n\r\n{next}"), 413, "BODY_TOO_LARGE"),
        ("GET", GOOD, format!("content-length: 65536\r\n\r\n{next}"), 415, "BODY_NOT_READ"),
        ("POST", GOOD, whole.clone(), 405, "METHOD_NOT_ALLOWED"),
        ("POST", GOOD, chunked.clone(), 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/nowhere", whole, 404, "NO_SUCH_ROUTE"),
        ("POST", "/nowhere", chunked, 404, "NO_SUCH_ROUTE"),
    ];
    for (method, target, rest, status, code) in cases {
        let request = format!("{method} {target} HTTP/1.1\r\nhost: a\r\n{rest}");
        let reply = http::exchange(bff.address, request.as_bytes()).unwrap();
        check(&rest, &reply, status, code);
    }
    assert_eq!(bff.services.stats(Sample::Catalog).requests_started, 0);
    assert_eq!(bff.send("GET", GOOD, &[("content-length", "0")]).status, 200);
}

#[test]
fn a_request_that_came_through_a_bff_is_refused() {
    let bff = start();
    let reply = bff.send("GET", GOOD, &[("x-bff-hop", "web-bff")]);
    check("hop", &reply, 508, "BFF_CALLED_BY_BFF");
}

#[test]
fn a_failing_handler_ends_its_own_request_and_nothing_else() {
    let bff = start();
    for _ in 0..3 {
        check("panic", &bff.send("GET", "/test/v1/panic", &[]), 500, "INTERNAL");
        check("endless", &bff.send("GET", "/test/v1/endless", &[]), 504, "TOO_LATE");
        assert_eq!(bff.send("GET", GOOD, &[]).status, 200);
    }
    let counted = r#"bff_requests_total{endpoint="product-page",status="500"}"#;
    assert_eq!(bff.metric(counted), 3.0, "{}", bff.metrics());
}

#[test]
fn a_failed_service_is_named_by_what_the_page_misses() {
    let bff = start();
    let faults = [
        (Fault::Reset, 503, "PRODUCT_UNAVAILABLE"),
        (Fault::HangBeforeHeaders, 503, "PRODUCT_UNAVAILABLE"),
        (Fault::Status { code: 503, retry_after: Some(7) }, 503, "PRODUCT_UNAVAILABLE"),
        (Fault::WrongTypes, 502, "PRODUCT_INVALID"),
        (Fault::Status { code: 404, retry_after: None }, 404, "PRODUCT_NOT_FOUND"),
    ];
    for (fault, status, code) in faults {
        bff.services.set_fault(Sample::Catalog, Some(fault.clone()));
        check(&format!("{fault:?}"), &bff.send("GET", GOOD, &[]), status, code);
    }
}

#[test]
fn a_credential_that_is_missing_or_doubled_is_none() {
    let bff = start_with_auth();
    let good = bff.credential("u-1");
    let credential = ("authorization", good.as_str());
    assert_eq!(bff.send("GET", GOOD, &[credential]).status, 200);
    for credentials in [&[][..], &[credential, credential], &[credential, ("authorization", "x")]] {
        let reply = bff.send("GET", GOOD, credentials);
        check("credentials", &reply, 401, "UNAUTHENTICATED");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
}

/// What a raw connection gets until the server closes it; the time limit only ends a test that would hang.
fn until_closed(address: SocketAddr, sent: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(seconds(20)))?;
    stream.write_all(sent.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map(|_| answer)
}

/// What actix cannot parse never reaches this crate: it answers by itself, with a status and an empty body, and closes.
#[test]
fn what_is_not_http_is_refused_by_actix_itself_and_closed() {
    let bff = start();
    for broken in ["NOT HTTP\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n"] {
        let answer = until_closed(bff.address, broken).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{broken}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{broken}: {answer}");
    }
}

#[test]
fn a_head_that_never_ends_loses_its_connection() {
    let mut settings = settings(SETTINGS);
    settings.server.head_timeout = seconds(1);
    let bff = TestBff::start_from(&bff(Auth::Open), settings);
    let address = bff.address;
    let stalled = ["", "GET / HT", "GET / HTTP/1.1\r\nhost: a\r\nx-slow: "];
    let waiting = stalled.map(|sent| std::thread::spawn(move || until_closed(address, sent)));
    for (sent, answer) in stalled.into_iter().zip(waiting) {
        let answer = answer.join().unwrap().unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{sent}: {answer}");
    }
    assert_eq!(bff.send("GET", GOOD, &[]).status, 200);
}
