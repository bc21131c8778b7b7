//! What a service gets to see of a request, and what a service can do to a BFF.

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{Fault, Service as Sample, TestBff, http};
use std::{
    fs,
    io::Write,
    net::{Shutdown, TcpStream},
    thread,
};

const USERS: Service = Service::named("users");
const CATALOG: Service = Service::named("catalog");
const PROFILE: &str = "/test/v1/profile";
const PRODUCT: &str = "/test/v1/products/p-1";

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Profile {
    display_name: String,
}

#[derive(View)]
struct ProductPage {
    title: String,
}

async fn profile(cx: &Cx, me: User) -> Result<Profile> {
    cx.gather(Critical(USERS.get(("users", &me)).named("profile"))).await
}

async fn product(cx: &Cx, id: Id<Product>) -> Result<ProductPage> {
    cx.gather(Critical(CATALOG.get(("products", &id)).named("product"))).await
}

/// `more` goes into both services' tables.
fn start(budget: Duration, more: &str) -> TestBff {
    let endpoints = vec![
        get(PROFILE).budget(budget).to(profile),
        get("/test/v1/products/{id}").budget(budget).to(product),
    ];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints };
    let settings = format!(
        r#"
        server.listen = "127.0.0.1:0"
        admin.listen = "127.0.0.1:0"
        [issuers.main]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256"]
        keys = {{ file = "replaced" }}
        [services.users]
        url = "http://users"
        connect_timeout = "5s"
        {more}
        [services.catalog]
        url = "http://catalog"
        connect_timeout = "5s"
        {more}
        "#
    );
    let settings = toml::from_str(&settings).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(&bff, settings)
}

/// The value of a header of the last request that a service got; the names of all of them, sorted, for `*`.
fn sent(bff: &TestBff, service: Sample, name: &str) -> String {
    let headers = bff.services.stats(service).last_headers;
    let mut found: Vec<_> = headers
        .into_iter()
        .map(|(known, value)| (known.to_lowercase(), value))
        .filter(|(known, _)| name == "*" || known == name)
        .map(|(known, value)| if name == "*" { known } else { value })
        .collect();
    found.sort();
    found.join(" ")
}

#[test]
fn a_service_gets_what_this_bff_says_and_nothing_that_its_client_said() {
    let bff = start(seconds(2), "timeout = \"2s\"");
    let id = "0af7651916cd43dd8448eb211c80319c";
    let traceparent = format!("00-{id}-b7ad6b7169203331-01");
    let forged = [
        ("cookie", "session=1"),
        ("x-anything", "1"),
        ("x-user-id", "u-2"),
        ("x-service-account", "root"),
        ("x-deadline-ms", "999999"),
        ("x-forwarded-for", "10.0.0.1"),
        ("accept-encoding", "zstd"),
        ("accept", "text/html"),
        ("user-agent", "curl"),
        ("baggage", "a=b"),
        ("traceparent", &traceparent),
        ("tracestate", "vendor=1"),
    ];
    let common = "accept content-length date host traceparent tracestate x-bff-hop x-deadline-ms x-service-account";
    for (target, service, more) in
        [(PROFILE, Sample::Users, " x-user-id"), (PRODUCT, Sample::Catalog, "")]
    {
        let reply = bff.get_with(target, &forged);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let said = |name| sent(&bff, service, name);
        assert_eq!(said("*"), format!("{common}{more}"));
        assert_eq!(said("accept"), "application/json");
        assert_eq!(said("x-bff-hop"), "test-bff");
        assert_eq!(said("x-service-account"), "test-bff");
        assert_eq!(said("x-user-id"), if more.is_empty() { "" } else { "u-1" });
        assert_eq!(said("tracestate"), "vendor=1");
        assert_eq!(reply.header("x-trace-id"), Some(id));
        let onward = said("traceparent");
        assert!(onward.starts_with(&format!("00-{id}-")) && onward.ends_with("-01"), "{onward}");
        assert!(onward.len() == traceparent.len() && onward != traceparent, "{onward}");
    }
    assert_eq!(bff.services.stats(Sample::Users).last_target, "/users/u-1");
}

#[test]
fn a_new_trace_goes_to_the_service_without_a_strangers_state() {
    let bff = start(seconds(2), "timeout = \"2s\"\ncompression = true");
    let reply = bff.get_with(PRODUCT, &[("traceparent", "broken"), ("tracestate", "vendor=1")]);
    let onward = sent(&bff, Sample::Catalog, "traceparent");
    assert!(onward.contains(reply.header("x-trace-id").unwrap()), "{onward}");
    assert_eq!(sent(&bff, Sample::Catalog, "tracestate"), "");
    assert_eq!(sent(&bff, Sample::Catalog, "accept-encoding"), "gzip, br");
}

#[test]
fn c14_a_service_gets_the_tracestate_of_all_lines() {
    let bff = start(seconds(2), "timeout = \"2s\"");
    let parent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let long = format!("long={}", "x".repeat(200));
    let state = |value| ("tracestate", value);
    for (lines, expected) in [
        (&[parent, state("a=1"), state("b=2")][..], "a=1,b=2"),
        (&[state("a=1"), parent, state(""), state("b=2,, c=3")], "a=1,b=2,c=3"),
        (&[parent, state("a=M\u{fc}nchen,b=2")], "b=2"),
        (
            &[parent, state(&long), state(&long), state("a=1"), state(&long)],
            &format!("{long},{long},a=1"),
        ),
        (&[parent, parent, state("a=1")], ""),
        (&[state("a=1"), state("b=2")], ""),
    ] {
        assert_eq!(bff.get_with(PRODUCT, lines).status, 200, "{lines:?}");
        assert_eq!(sent(&bff, Sample::Catalog, "tracestate"), expected, "{lines:?}");
    }
}

#[test]
fn a_service_learns_how_long_it_is_waited_for() {
    // Calls get nine tenths of the budget, or their service's timeout.
    for (budget, timeout, most) in [(2_000, 30_000, 1_800), (30_000, 1_500, 1_500)] {
        let bff = start(millis(budget), &format!("timeout = \"{timeout}ms\""));
        assert_eq!(bff.get(PRODUCT).status, 200);
        let left: u64 = sent(&bff, Sample::Catalog, "x-deadline-ms").parse().unwrap();
        assert!((1..=most).contains(&left), "{left} of {most} ms");
    }
}

#[test]
fn connections_to_services_are_used_again() {
    let bff = start(seconds(10), "timeout = \"10s\"\nkeep_alive = \"60s\"");
    for _ in 0..20 {
        assert_eq!(bff.get(PRODUCT).status, 200);
    }
    let stats = bff.services.stats(Sample::Catalog);
    assert_eq!((stats.requests_started, stats.connections_total), (20, 1));
}

#[test]
fn c24_connections_that_nobody_uses_are_closed_by_the_clock() {
    let bff = start(seconds(10), "timeout = \"10s\"\nkeep_alive = \"300ms\"");
    let open = |service| bff.services.stats(service).connections_open;
    let burst = |target: &str, requests: usize| {
        thread::scope(|scope| {
            for _ in 0..requests {
                scope.spawn(|| assert_eq!(bff.get(target).status, 200));
            }
        });
    };
    // One; many at once; many after that, of another service too; and behind a call that took longer than they live.
    for (delay, requests) in [(0, 1), (100, 20), (100, 5), (900, 3)] {
        for service in [Sample::Users, Sample::Catalog] {
            bff.services.set_fault(service, Some(Fault::Delay { millis: delay }));
        }
        burst(PROFILE, requests);
        burst(PRODUCT, requests);
        for service in [Sample::Users, Sample::Catalog] {
            let all_closed =
                bff.services.wait_until(service, |now| now.connections_open == 0, seconds(9));
            assert!(all_closed, "{requests} requests: {} are open", open(service));
        }
    }
}

#[test]
fn a_redirect_is_a_failure_and_nobody_goes_there() {
    let bff = start(seconds(2), "timeout = \"2s\"");
    let location = format!("{}/products/p-1", bff.services.url(Sample::Inventory));
    bff.services.set_fault(Sample::Catalog, Some(Fault::Redirect { location }));
    let reply = bff.get(PRODUCT);
    assert_eq!((reply.status, reply.code().as_str()), (502, "PRODUCT_INVALID"));
    assert_eq!(bff.services.stats(Sample::Inventory).connections_total, 0);
    assert!(!reply.text().contains("http"), "{}", reply.text());
}

/// The most memory that this process ever had, in KiB.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[test]
fn bombs_are_cut_at_the_limit_and_cost_no_memory() {
    let bff = start(seconds(20), "timeout = \"20s\"\nbody_limit_bytes = 2000000");
    let explode = |fault: &Fault| {
        bff.services.set_fault(Sample::Catalog, Some(fault.clone()));
        let reply = bff.get(PRODUCT);
        assert_eq!((reply.status, reply.code().as_str()), (502, "PRODUCT_INVALID"), "{fault:?}");
    };
    // One GiB of spaces in one MiB of gzip, which the service has to build first, and 50 MiB as they are.
    bff.services.set_fault(Sample::Catalog, Some(Fault::GzipBomb));
    let service = bff.services.url(Sample::Catalog).replace("http://", "").parse().unwrap();
    assert!(http::send(service, "GET", "/products/p-1", &[]).unwrap().body.len() > 500_000);
    let before = peak_kib().unwrap();
    for _ in 0..20 {
        explode(&Fault::GzipBomb);
        explode(&Fault::HugeBody { megabytes: 50 });
    }
    let grown = peak_kib().unwrap() - before;
    assert!(grown < 64 * 1024, "the peak grew by {grown} KiB");
    bff.services.set_fault(Sample::Catalog, None);
    assert_eq!(bff.get(PRODUCT).status, 200);
}

#[test]
fn a_client_that_leaves_ends_its_calls_and_is_counted() {
    let bff = start(seconds(60), "timeout = \"60s\"");
    for (nth, left) in [Shutdown::Both, Shutdown::Write].into_iter().enumerate() {
        let nth = nth as u64 + 1;
        bff.services.set_fault(Sample::Users, Some(Fault::HangBeforeHeaders));
        let mut client = TcpStream::connect(bff.address).unwrap();
        let credential = bff.credential("u-1");
        let head =
            format!("GET {PROFILE} HTTP/1.1\r\nhost: a\r\nauthorization: {credential}\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        let seen = |what: fn(&bff_testkit::Stats) -> u64| {
            bff.services.wait_until(Sample::Users, |stats| what(stats) == nth, seconds(20))
        };
        assert!(seen(|stats| stats.requests_started), "the call was never made");
        client.shutdown(left).unwrap();
        assert!(seen(|stats| stats.requests_aborted), "the service was left hanging");
        let counted = r#"bff_requests_total{endpoint="profile",status="499"}"#;
        assert!(bff.eventually(seconds(20), |bff| bff.metric(counted) == nth as f64));
        assert_eq!(bff.metric("bff_requests_in_flight"), 0.0);
    }
    let cancelled = r#"bff_upstream_calls_total{endpoint="profile",dependency="profile",service="users",criticality="critical",outcome="CANCELLED"}"#;
    assert_eq!(bff.metric(cancelled), 2.0, "{}", bff.metrics());
}
