//! Envelope and headers of good answers: trace, schema, caching, validators, encodings, and nothing of the services'.

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{
    Fault, Json, Service as Sample, TestBff,
    http::{self, Reply},
};
use std::{collections::BTreeSet, io::Read};

const CATALOG: Service = Service::named("catalog");
const PRICING: Service = Service::named("pricing");
const PRODUCT: &str = "/test/v1/products/p-1";
/// Well above the size from which answers are compressed.
const WIDE: &str = "/test/v1/wide?limit=100";

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
#[view(revision = 3)]
struct ProductPage {
    title: String,
    price: String,
}

#[derive(View)]
struct Title {
    title: String,
}

#[derive(View)]
struct Wide {
    lines: Vec<String>,
}

async fn product(cx: &Cx, id: Id<Product>) -> Result<ProductPage> {
    let price = PRICING.get(("prices", &id)).at("priceFormatted").named("price");
    let title = CATALOG.get(("products", &id)).named("product");
    let (Title { title }, price) =
        cx.gather((Critical(title), Optional(price, "on request".to_owned()))).await?;
    Ok(ProductPage { title, price })
}

async fn wide(_: &Cx, page: Page) -> Result<Wide> {
    let lines = (0..page.limit).map(|n| format!("line {n} of a page that compresses well"));
    std::future::ready(Ok(Wide { lines: lines.collect() })).await
}

async fn personal(_: &Cx, _me: User) -> Result<Title> {
    std::future::ready(Ok(Title { title: "mine".to_owned() })).await
}

fn start(auth: Auth) -> TestBff {
    let mut endpoints = vec![
        get("/test/v1/products/{id}").client_cache(seconds(60)).to(product),
        get("/test/v1/wide").to(wide),
    ];
    let mut settings = r#"
        server.listen = "127.0.0.1:0"
        admin.listen = "127.0.0.1:0"
        services.catalog = { url = "http://catalog", timeout = "5s", connect_timeout = "5s" }
        services.pricing = { url = "http://pricing", timeout = "5s", connect_timeout = "5s" }
    "#
    .to_owned();
    if auth == Auth::Bearer {
        endpoints.push(get("/test/v1/me").client_cache(seconds(30)).to(personal));
        settings += r#"issuers.main = { issuer = "https://issuer.test", audience = "test-bff", algorithms = ["RS256"], keys = { file = "replaced" } }"#;
    }
    let bff = Bff { name: "test", version: "1.0.0", auth, endpoints };
    let settings = toml::from_str(&settings).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(&bff, settings)
}

fn names(reply: &Reply) -> Vec<&str> {
    let names: BTreeSet<_> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.into_iter().collect()
}

fn etag(reply: &Reply) -> String {
    reply.header("etag").unwrap_or_default().to_owned()
}

/// The body as it was before it was compressed.
fn decoded(reply: &Reply) -> Vec<u8> {
    let (mut out, body) = (Vec::new(), reply.body.as_slice());
    let read = match reply.header("content-encoding") {
        None => return body.to_vec(),
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_end(&mut out),
        Some("br") => brotli::Decompressor::new(body, 4096).read_to_end(&mut out),
        Some("zstd") => {
            zstd::stream::read::Decoder::new(body).and_then(|mut d| d.read_to_end(&mut out))
        }
        Some(other) => unreachable!("{other} was not asked for"),
    };
    assert!(read.is_ok(), "{read:?}");
    out
}

#[test]
fn an_answer_has_the_envelope_and_exactly_these_headers() {
    let bff = start(Auth::Open);
    let reply = bff.send("GET", PRODUCT, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.names(""), ["meta", "price", "title"]);
    let meta = ["degraded", "generatedAt", "latencyMs", "sections", "traceId"];
    assert_eq!(reply.names("/meta"), meta);
    assert!(reply.at("/meta/latencyMs").is_u64());
    assert!(reply.at("/meta/generatedAt").as_str().is_some_and(|at| at.ends_with('Z')));
    // Set-Cookie, Server and X-Internal-Host, which the service sends, are not among them.
    let expected = "cache-control connection content-length content-security-policy content-type \
                    cross-origin-resource-policy date etag referrer-policy strict-transport-security \
                    vary x-content-type-options x-schema-version x-trace-id";
    assert_eq!(names(&reply).join(" "), expected);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("x-schema-version"), Some("test.product-page/3"));
    assert_eq!(bff.send("GET", WIDE, &[]).header("x-schema-version"), Some("test.wide/1"));
}

#[test]
fn a_callers_trace_is_continued_and_a_broken_one_replaced() {
    let bff = start(Auth::Open);
    let id = "0af7651916cd43dd8448eb211c80319c";
    let trace_of = |traceparent: &str| {
        let reply = bff.send("GET", WIDE, &[("traceparent", traceparent)]);
        let trace_id = reply.header("x-trace-id").unwrap_or_default().to_owned();
        assert_eq!((reply.status, reply.at("/meta/traceId")), (200, trace_id.as_str().into()));
        trace_id
    };
    for good in [format!("00-{id}-b7ad6b7169203331-01"), format!("00-{id}-b7ad6b7169203331-00")] {
        assert_eq!(trace_of(&good), id, "{good}");
    }
    let mut seen = BTreeSet::from([id.to_owned(), "0".repeat(32)]);
    for bad in [
        "".to_owned(),
        format!("ff-{id}-b7ad6b7169203331-01"),
        format!("00-{}-b7ad6b7169203331-01", id.to_uppercase()),
        format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
        format!("00-{id}-0000000000000000-01"),
        format!("00-{id}-b7ad6b7169203331"),
        format!("00-{id}x-b7ad6b7169203331-01"),
        "00-\u{e9}-b7ad6b7169203331-01".to_owned(),
    ] {
        let fresh = trace_of(&bad);
        assert_eq!(fresh.len(), 32, "{bad}");
        assert!(seen.insert(fresh), "{bad}");
    }
}

#[test]
fn c14_two_parents_are_none() {
    let bff = start(Auth::Open);
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let other = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut seen = BTreeSet::new();
    for parents in [
        &[good, other][..],
        &[good, good],
        &[good, ""],
        &["broken", good],
        &[&format!("{good}, {other}")],
    ] {
        let lines: Vec<_> = parents.iter().map(|value| ("traceparent", *value)).collect();
        let reply = bff.send("GET", WIDE, &lines);
        let trace = reply.header("x-trace-id").unwrap_or_default().to_owned();
        assert_eq!((reply.status, trace.len()), (200, 32), "{parents:?}");
        assert!(!good.contains(&trace) && !other.contains(&trace), "{parents:?}");
        assert!(seen.insert(trace), "{parents:?}");
    }
}

#[test]
fn only_answers_that_are_nobodys_and_need_no_credential_are_public() {
    let public = "public, max-age=60, s-maxage=60, stale-while-revalidate=60";
    let cases = [
        (Auth::Open, PRODUCT, public, "Accept-Encoding"),
        (Auth::Open, WIDE, "no-store", "Accept-Encoding"),
        (
            Auth::Bearer,
            PRODUCT,
            "private, max-age=60, s-maxage=0",
            "Accept-Encoding, Authorization",
        ),
        (
            Auth::Bearer,
            "/test/v1/me",
            "private, max-age=30, s-maxage=0",
            "Accept-Encoding, Authorization",
        ),
        (Auth::Bearer, WIDE, "no-store", "Accept-Encoding, Authorization"),
    ];
    let (open, closed) = (start(Auth::Open), start(Auth::Bearer));
    for (auth, target, cache_control, vary) in cases {
        let reply =
            if auth == Auth::Open { open.send("GET", target, &[]) } else { closed.get(target) };
        let seen = (reply.status, reply.header("cache-control"), reply.header("vary"));
        assert_eq!(seen, (200, Some(cache_control), Some(vary)), "{auth:?} {target}");
    }
}

#[test]
fn a_degraded_answer_says_so_and_is_stored_nowhere() {
    let bff = start(Auth::Open);
    let healthy = bff.send("GET", PRODUCT, &[]);
    bff.services.set_fault(Sample::Pricing, Some(Fault::Status { code: 500, retry_after: None }));
    for condition in [etag(&healthy).as_str(), "*"] {
        let reply = bff.send("GET", PRODUCT, &[("if-none-match", condition)]);
        assert_eq!((reply.status, reply.at("/price")), (200, "on request".into()));
        assert_eq!(reply.at("/meta/degraded"), true);
        assert_eq!(reply.at("/meta/sections/0/section"), "price");
        assert_eq!(reply.header("degraded"), Some("price;filled=default;reason=UNAVAILABLE"));
        assert_eq!((reply.header("cache-control"), reply.header("etag")), (Some("no-store"), None));
    }
}

#[test]
fn an_answer_without_what_there_is_none_of_is_whole() {
    let bff = start(Auth::Open);
    let healthy = bff.send("GET", PRODUCT, &[]);
    bff.services.set_fault(Sample::Pricing, Some(Fault::Status { code: 404, retry_after: None }));
    let reply = bff.send("GET", PRODUCT, &[]);
    assert_eq!((reply.status, reply.at("/price")), (200, "on request".into()));
    assert_eq!(reply.at("/meta/degraded"), false);
    assert_eq!(reply.at("/meta/sections/0"), Json::Null);
    assert_eq!(reply.header("degraded"), None);
    assert_eq!(reply.header("cache-control"), healthy.header("cache-control"));
    assert_ne!(etag(&reply), etag(&healthy));
    let calls = r#"bff_upstream_calls_total{endpoint="product-page",dependency="price","#;
    let scraped = http::send(bff.admin_address, "GET", "/metrics", &[]).unwrap();
    let told = |line: &str| line.starts_with(calls) && line.contains(r#"outcome="NOT_FOUND"} 1"#);
    assert!(scraped.text().lines().any(told), "{}", scraped.text());
    assert!(!scraped.text().contains("bff_degraded_sections_total{"));
}

#[test]
fn an_etag_is_the_content_s_and_not_the_envelope_s() {
    let bff = start(Auth::Open);
    let ask = |target: &str| bff.send("GET", target, &[]);
    let (first, second) = (ask(PRODUCT), ask(PRODUCT));
    assert_ne!(first.at("/meta/traceId"), second.at("/meta/traceId"));
    assert_eq!(etag(&first), etag(&second));
    assert!(etag(&first).len() == 34 && etag(&first).starts_with('"'), "{}", etag(&first));
    let others = [ask("/test/v1/products/p-2"), ask(WIDE), ask("/test/v1/wide?limit=99")];
    let all: BTreeSet<_> = others.iter().chain([&first]).map(etag).collect();
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn who_has_the_answer_already_gets_304_with_the_same_headers_and_no_body() {
    let bff = start(Auth::Open);
    let whole = bff.send("GET", PRODUCT, &[]);
    let tag = etag(&whole);
    let ask = |values: &[&str]| {
        let lines: Vec<_> = values.iter().map(|value| ("if-none-match", *value)).collect();
        bff.send("GET", PRODUCT, &lines)
    };
    let weak = format!("W/{tag}");
    let list = format!("\"other\" , {tag},\"third\"");
    for values in [&[tag.as_str()][..], &[&weak], &[&list], &["*"], &["\"other\"", &tag]] {
        let reply = ask(values);
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{values:?}");
        for name in ["etag", "vary", "cache-control", "x-schema-version"] {
            assert!(reply.header(name).is_some(), "{values:?}: {name}");
            assert_eq!(reply.header(name), whole.header(name), "{values:?}: {name}");
        }
        assert_eq!(reply.header("content-type"), None, "{values:?}");
    }
    let bare = tag.trim_matches('"');
    for values in [&["\"other\""][..], &[bare], &[""], &["W/"]] {
        assert_eq!(ask(values).status, 200, "{values:?}");
    }
}

#[test]
fn c2_a_tag_is_found_whatever_else_stands_in_its_list() {
    let bff = start(Auth::Open);
    let tag = etag(&bff.send("GET", PRODUCT, &[]));
    for (condition, status) in [
        (format!("\"M\u{fc}nchen\", {tag}"), 304),
        (format!("{tag}, \"\u{1f600}\""), 304),
        (format!("\"a,b\\\", {tag}"), 304),
        (format!("\"open, {tag}"), 200),
        (format!(", ,W/{tag},"), 304),
        (format!("w/{tag}"), 200),
        (format!("W/W/{tag}"), 200),
        (format!("\"a, {tag}, b\""), 200),
        ("*".to_owned(), 304),
        ("\"*\"".to_owned(), 200),
        ("\"a\", *".to_owned(), 200),
    ] {
        let reply = bff.send("GET", PRODUCT, &[("if-none-match", &condition)]);
        assert_eq!(reply.status, status, "{condition}");
    }
}

#[test]
fn an_answer_is_encoded_as_the_client_asks_and_each_encoding_has_its_own_etag() {
    let bff = start(Auth::Open);
    let plain = bff.send("GET", WIDE, &[]);
    let cases = [
        ("gzip", Some("gzip")),
        ("br", Some("br")),
        ("zstd", Some("zstd")),
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip;q=1.0, br;q=0.5", Some("gzip")),
        ("br;q=0, gzip", Some("gzip")),
        ("identity;q=0, gzip", Some("gzip")),
        ("gzip;q=0", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("deflate", None),
        ("", None),
        ("gzip;q=oops", None),
        ("*;q=0", None),
    ];
    let mut tags = BTreeSet::from([etag(&plain)]);
    for (accepted, expected) in cases {
        let reply = bff.send("GET", WIDE, &[("accept-encoding", accepted)]);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, expected), "{accepted}");
        assert_eq!(reply.header("vary"), Some("Accept-Encoding"), "{accepted}");
        let body: Json = String::from_utf8_lossy(&decoded(&reply)).parse().unwrap();
        assert_eq!(body.pointer("/lines"), Some(&plain.at("/lines")), "{accepted}");
        assert_eq!(expected.is_some(), reply.body.len() < plain.body.len() / 4, "{accepted}");
        tags.insert(etag(&reply));
        let known = [("accept-encoding", accepted), ("if-none-match", &etag(&reply))];
        assert_eq!(bff.send("GET", WIDE, &known).status, 304, "{accepted}");
        let of_plain = [("accept-encoding", accepted), ("if-none-match", &etag(&plain))];
        let status = bff.send("GET", WIDE, &of_plain).status;
        assert_eq!(status == 304, expected.is_none(), "{accepted}");
    }
    assert_eq!(tags.len(), 4, "{tags:?}");
}

#[test]
fn a_small_answer_travels_as_it_is() {
    let bff = start(Auth::Open);
    let reply = bff.send("GET", PRODUCT, &[("accept-encoding", "gzip, br, zstd")]);
    assert_eq!((reply.status, reply.header("content-encoding")), (200, None));
    assert!(reply.at("/title").is_string());
}

#[test]
fn a_head_request_gets_the_headers_of_get_and_no_body() {
    let bff = start(Auth::Open);
    for target in [PRODUCT, WIDE] {
        for accepted in ["identity", "gzip"] {
            let ask = |method| bff.send(method, target, &[("accept-encoding", accepted)]);
            let (get, head) = (ask("GET"), ask("HEAD"));
            assert_eq!((head.status, head.body.len()), (200, 0), "{target} {accepted}");
            assert_eq!(names(&head), names(&get), "{target} {accepted}");
            // What is about this one request differs, and with it the length of the envelope.
            let own = ["date", "x-trace-id", "content-length"];
            for name in names(&get).into_iter().filter(|name| !own.contains(name)) {
                assert_eq!(head.header(name), get.header(name), "{target} {accepted} {name}");
            }
            assert_ne!(head.header("content-length"), Some("0"), "{target} {accepted}");
        }
        let known = etag(&bff.send("GET", target, &[]));
        assert_eq!(bff.send("HEAD", target, &[("if-none-match", &known)]).status, 304, "{target}");
    }
}
