//! How often anybody may ask, and in whose name.

use bff_core::{Auth, Bff, prelude::*};
use bff_server::Settings;
use bff_testkit::{Issuer, Service as Sample, TestBff, http::Reply, json, redis::RedisServer};

const USERS: Service = Service::named("users");
const ME: &str = "/test/v1/me";
const SEARCH: &str = "/test/v1/search";

#[derive(View)]
struct Me {
    user_id: String,
}

async fn me(cx: &Cx, me: User) -> Result<Me> {
    cx.gather(Critical(USERS.get(("users", &me)).named("userProfile"))).await
}

fn bff() -> Bff {
    let endpoints = vec![get(ME).to(me), get(SEARCH).rate_class("search").to(me)];
    Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints }
}

fn settings(more: &str) -> String {
    format!(
        r#"
        {more}
        [server]
        listen = "127.0.0.1:0"
        drain_delay = "0s"
        trusted_proxies = ["127.0.0.0/8"]
        [admin]
        listen = "127.0.0.1:0"
        [issuers.main]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256"]
        keys = {{ file = "replaced" }}
        [services.users]
        url = "http://users"
        timeout = "2s"
        "#
    )
}

#[expect(clippy::unwrap_used, reason = "a test may fail")]
fn start(more: &str) -> TestBff {
    TestBff::start_from(&bff(), toml::from_str(&settings(more)).unwrap())
}

fn limited(reply: &Reply) -> (u16, String, Option<&str>, Option<&str>) {
    (reply.status, reply.code(), reply.header("ratelimit"), reply.header("retry-after"))
}

#[test]
fn a_caller_who_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up() {
    let bff = start("limits = { per_principal = { requests = 3, per = \"1h\" } }");
    for left in [2, 1, 0] {
        let reply = bff.get(ME);
        let stands = reply.header("ratelimit").unwrap_or_default().to_owned();
        assert!(
            reply.status == 200 && stands.contains(&format!("\"principal\";r={left};t=")),
            "{stands}"
        );
        assert_eq!(reply.header("ratelimit-policy"), Some("\"principal\";q=3;w=3600"));
    }
    let before = bff.services.stats(Sample::Users).requests_started;
    let reply = bff.get(ME);
    let (status, code, stands, retry) = limited(&reply);
    assert_eq!((status, code.as_str()), (429, "RATE_LIMITED"));
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    let seconds: u64 = retry.and_then(|text| text.parse().ok()).unwrap_or_default();
    assert!(seconds > 0 && stands.is_some_and(|s| s.contains("r=0;t=")), "{stands:?} {retry:?}");
    assert_eq!(bff.services.stats(Sample::Users).requests_started, before, "no service was asked");
    assert_eq!(bff.get_as("u-2", ME).status, 200);
}

#[test]
fn a_class_of_routes_has_its_own_limit() {
    let bff = start("limits = { classes = { search = { requests = 1, per = \"1h\" } } }");
    assert_eq!(bff.get(SEARCH).status, 200);
    assert_eq!(bff.get(SEARCH).status, 429);
    assert_eq!(bff.get(ME).status, 200);
}

#[test]
fn instances_count_together() {
    let redis = RedisServer::start();
    let shared = format!(
        "limits = {{ per_principal = {{ requests = 6, per = \"1h\" }}, within = \"5s\", \
         shared = {{ url = \"{}\", lookup_timeout = \"5s\", command_timeout = \"5s\" }} }}",
        redis.url()
    );
    let instances = [start(&shared), start(&shared), start(&shared)];
    let mut answered = 0;
    for bff in instances.iter().cycle().take(30) {
        answered += usize::from(bff.get(ME).status == 200);
    }
    assert_eq!(answered, 6);
}

#[test]
fn an_address_that_fails_too_often_is_not_verified_again_and_others_are() {
    let bff = start("limits = { failures_per_ip = { requests = 3, per = \"1h\" } }");
    let bad = format!("{}x", bff.credential("u-1"));
    let from = |ip: &str, credential: &str| {
        bff.send("GET", ME, &[("authorization", credential), ("x-forwarded-for", ip)])
    };
    for _ in 0..3 {
        assert_eq!(from("203.0.113.9", &bad).status, 401);
    }
    let good = bff.credential("u-1");
    assert_eq!(from("203.0.113.9", &good).status, 429, "also with a good one");
    assert_eq!(from("203.0.113.10", &good).status, 200);
    for _ in 0..9 {
        let nothing = bff.send("GET", ME, &[("x-forwarded-for", "203.0.113.11")]);
        assert_eq!(nothing.status, 401, "having no credential is no failure");
    }
    let claims = json!({
        "iss": "https://issuer.test", "aud": "test-bff", "sub": "u-1",
        "iat": 1_000_000_000, "exp": 1_000_000_600,
    });
    let expired = format!("Bearer {}", Issuer::shared().sign(&Issuer::shared().header(), &claims));
    for _ in 0..9 {
        assert_eq!(from("203.0.113.12", &expired).code(), "TOKEN_EXPIRED");
    }
    assert_eq!(from("203.0.113.11", &good).status, 200);
    assert_eq!(from("203.0.113.12", &good).status, 200);
}

async fn hello(_: &Cx) -> Result<Me> {
    std::future::ready(Ok(Me { user_id: "nobody".to_owned() })).await
}

/// A BFF that asks nobody who he is, three times an hour; `server` are settings of `[server]`.
fn open(server: &str) -> TestBff {
    let endpoints = vec![get("/test/v1/hello").to(hello)];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    let settings = settings("limits = { per_principal = { requests = 3, per = \"1h\" } }")
        .replace("[server]", &format!("[server]\n{server}"));
    let Ok(mut settings) = toml::from_str::<Settings>(&settings) else {
        unreachable!("good settings")
    };
    settings.issuers.clear();
    TestBff::start_from(&bff, settings)
}

/// How many of these requests are answered; all others are refused as too many.
fn answered(bff: &TestBff, requests: &[&[(&str, &str)]]) -> usize {
    let statuses = requests.iter().map(|headers| bff.send("GET", "/test/v1/hello", headers).status);
    let statuses: Vec<_> = statuses.collect();
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 200).count()
}

#[test]
fn c12_one_client_has_one_anonymous_quota_whatever_addresses_it_has() {
    let bff = open("");
    for network in ["2001:db8::", "[2001:db8:0:1::", "2001:db8:0:2:ffff::", "::ffff:192.0.2."] {
        let close = if network.starts_with('[') { "]:80" } else { "" };
        let addresses: Vec<_> = (1..=8).map(|n| format!("{network}{n}{close}")).collect();
        let lines: Vec<_> = addresses.iter().map(|a| [("x-forwarded-for", a.as_str())]).collect();
        let requests: Vec<_> = lines.iter().map(|line| &line[..]).collect();
        let expected = if network.contains('.') { 8 } else { 3 };
        assert_eq!(answered(&bff, &requests), expected, "{network}");
    }
    let of_v4 =
        [&[("x-forwarded-for", "198.51.100.9")][..], &[("x-forwarded-for", "::ffff:198.51.100.9")]];
    assert_eq!(answered(&bff, &of_v4.repeat(4)), 3);
}

#[test]
fn c13_the_clients_own_header_beside_the_proxys_counts_for_nothing() {
    let forwarded: Vec<_> = (1..=8).map(|n| format!("for=203.0.113.{n}")).collect();
    let plain: Vec<_> = (1..=8).map(|n| format!("203.0.113.{n}")).collect();
    let (standard, usual) = ("forwarded", "x-forwarded-for");
    for (server, forged, forger, written, writer) in [
        ("", &forwarded, standard, "198.51.100.9", usual),
        ("forwarding_header = \"x-forwarded-for\"", &forwarded, standard, "198.51.100.9", usual),
        ("forwarding_header = \"Forwarded\"", &plain, usual, "for=198.51.100.9", standard),
        ("forwarding_header = \"none\"", &plain, usual, "for=198.51.100.9", standard),
        // What a client wrote into the proxy's own header stands in front of what the proxy added.
        ("", &plain, usual, "198.51.100.9", usual),
        ("forwarding_header = \"forwarded\"", &forwarded, standard, "for=198.51.100.9", standard),
    ] {
        let bff = open(server);
        let lines: Vec<_> =
            forged.iter().map(|forged| [(forger, forged.as_str()), (writer, written)]).collect();
        let requests: Vec<_> = lines.iter().map(|lines| &lines[..]).collect();
        assert_eq!(answered(&bff, &requests), 3, "{server} {forger} {writer}");
    }
}

#[test]
fn c13_a_name_counts_from_those_only_who_are_known_to_write_it() {
    let gateway =
        |from: &str| format!("gateway_identity = {{ subject_header = \"x-auth-subject\"{from} }}");
    for (from, proxies, status) in [
        ("", "127.0.0.0/8", 200),
        ("", "10.0.0.0/8", 401),
        (", from = [\"127.0.0.1/32\"]", "10.0.0.0/8", 200),
        (", from = [\"10.0.0.0/8\"]", "127.0.0.0/8", 401),
    ] {
        let settings = settings(&gateway(from)).replace("127.0.0.0/8", proxies);
        let Ok(settings) = toml::from_str(&settings) else { unreachable!("good settings") };
        let bff = TestBff::start_from(&bff(), settings);
        let reply = bff.send("GET", ME, &[("x-auth-subject", "u-7")]);
        assert_eq!(reply.status, status, "{from} {proxies}");
    }
}

#[test]
fn a_gateway_that_is_trusted_names_the_caller_and_nobody_else_does() {
    let gateway = "gateway_identity = { subject_header = \"x-auth-subject\" }";
    let trusted = start(gateway);
    let named = trusted.send("GET", ME, &[("x-auth-subject", "u-7")]);
    assert_eq!((named.status, named.at("/userId")), (200, "u-7".into()));
    for headers in [
        &[("x-auth-subject", "u-7"), ("x-auth-subject", "u-8")][..],
        &[("x-auth-subject", "")],
        &[],
    ] {
        assert_eq!(trusted.send("GET", ME, headers).status, 401, "{headers:?}");
    }
    // The sample services know nobody of such a name; the path has it in one segment.
    for (subject, segment) in
        [("../admin", "%21Li4vYWRtaW4"), ("user#1", "%21dXNlciMx"), ("a%2Fb", "%21YSUyRmI")]
    {
        assert_eq!(trusted.send("GET", ME, &[("x-auth-subject", subject)]).status, 404);
        let target = trusted.services.stats(Sample::Users).last_target;
        assert_eq!(target, format!("/users/{segment}"));
    }
    let stranger = settings(gateway).replace("127.0.0.0/8", "10.0.0.0/8");
    let Ok(stranger) = toml::from_str(&stranger) else { unreachable!("good settings") };
    let stranger = TestBff::start_from(&bff(), stranger);
    assert_eq!(stranger.send("GET", ME, &[("x-auth-subject", "u-7")]).status, 401);
    let mut token = vec![("x-auth-subject", "u-7")];
    let own = format!("Bearer {}", Issuer::shared().token("u-1", "test-bff"));
    token.push(("authorization", &own));
    assert_eq!(stranger.send("GET", ME, &token).at("/userId"), "u-1", "its token still counts");
}
