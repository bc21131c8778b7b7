//! Callers whose issuers call them by any text: what services hear of them, and where their names end
//! up in Redis.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{Service as Sample, TestBff, redis::RedisServer};
use std::collections::BTreeSet;

const USERS: Service = Service::named("users");
const ORDERS: Service = Service::named("orders");
const ME: &str = "/test/v1/me";

/// What the services have called each: subject, id, and the id as a path segment.
const SUBJECTS: [(&str, &str, &str); 14] = [
    ("u-1", "u-1", "u-1"),
    ("auth0|1", "auth0|1", "auth0%7C1"),
    ("..", "!Li4", "%21Li4"),
    ("!Li4", "!IUxpNA", "%21IUxpNA"),
    ("%2e%2e", "!JTJlJTJl", "%21JTJlJTJl"),
    ("../u-1", "!Li4vdS0x", "%21Li4vdS0x"),
    (
        "S//808E9UOiYKKAkagOBLGx=",
        "!Uy8vODA4RTlVT2lZS0tBa2FnT0JMR3g9",
        "%21Uy8vODA4RTlVT2lZS0tBa2FnT0JMR3g9",
    ),
    (
        "samlp|Okta|o'brien@x.test",
        "!c2FtbHB8T2t0YXxvJ2JyaWVuQHgudGVzdA",
        "%21c2FtbHB8T2t0YXxvJ2JyaWVuQHgudGVzdA",
    ),
    ("u-1\r\nx-user-id: u-2", "!dS0xDQp4LXVzZXItaWQ6IHUtMg", "%21dS0xDQp4LXVzZXItaWQ6IHUtMg"),
    ("\0", "!AA", "%21AA"),
    ("ip 127.0.0.1", "!aXAgMTI3LjAuMC4x", "%21aXAgMTI3LjAuMC4x"),
    ("u-1:users/users/u-1#", "!dS0xOnVzZXJzL3VzZXJzL3UtMSM", "%21dS0xOnVzZXJzL3VzZXJzL3UtMSM"),
    ("{u-1}", "!e3UtMX0", "%21e3UtMX0"),
    ("\u{e9}", "!w6k", "%21w6k"),
];

#[derive(View)]
struct Profile {
    user_id: String,
}

#[derive(View)]
struct Orders {
    total: Option<u32>,
}

#[derive(View)]
struct Me {
    profile: Profile,
    orders: Option<Orders>,
}

/// Something of a user's that does not say whose it is.
enum Own {}

impl Kind for Own {
    type Scope = Personal;
    const PARAMETER: &'static str = "id";
}

/// One call kept for the user at an address that is the same for all, and one with the user in its
/// path.
async fn me(cx: &Cx, me: User) -> Result<Me> {
    let own = Id::<Own>::parse("u-1").ok_or_else(Problem::unauthenticated)?;
    let profile = USERS.get(("users", &own)).named::<Profile>("profile");
    let orders = ORDERS.get(("users", &me, "orders")).named::<Orders>("orders");
    let parts = (Critical(profile.kept_for(&me, Keep::of(minutes(10)))), Omittable(orders));
    let (profile, orders) = cx.gather(parts).await?;
    Ok(Me { profile, orders })
}

fn start(redis: &RedisServer) -> TestBff {
    start_with(redis, |settings| settings)
}

fn start_with(redis: &RedisServer, change: impl FnOnce(String) -> String) -> TestBff {
    let endpoints = vec![get(ME).budget(seconds(9)).to(me)];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints };
    let url = redis.url();
    let settings = format!(
        r#"
        server = {{ listen = "127.0.0.1:0", workers = 1 }}
        admin.listen = "127.0.0.1:0"
        overload = {{ brownout_lag = "1m", shed_lag = "1m" }}
        [issuers.main]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256"]
        keys = {{ file = "replaced" }}
        [cache.redis]
        url = "{url}"
        lookup_timeout = "5s"
        [limits]
        per_principal = {{ requests = 2, per = "10h" }}
        within = "5s"
        shared = {{ url = "{url}", lookup_timeout = "5s" }}
        [services.users]
        url = "http://users"
        timeout = "5s"
        connect_timeout = "5s"
        [services.orders]
        url = "http://orders"
        timeout = "5s"
        connect_timeout = "5s"
        "#
    );
    TestBff::start_from(&bff, toml::from_str(&change(settings)).unwrap())
}

fn user_header(bff: &TestBff, service: Sample) -> Option<String> {
    let headers = bff.services.stats(service).last_headers;
    let mut found = headers.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-user-id"));
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value)
}

#[test]
fn c6_a_hostile_subject_is_a_caller_and_nobody_else() {
    let redis = RedisServer::start();
    let bff = start(&redis);
    for (nth, (subject, id, segment)) in SUBJECTS.into_iter().enumerate() {
        let asked = || bff.services.stats(Sample::Users).requests_started;
        let before = asked();
        assert_eq!(bff.get_as(subject, ME).status, 200, "{subject:?}");
        let orders = bff.services.stats(Sample::Orders);
        assert_eq!(orders.last_target, format!("/users/{segment}/orders"));
        assert_eq!(user_header(&bff, Sample::Orders).as_deref(), Some(id));
        assert_eq!(user_header(&bff, Sample::Users).as_deref(), Some(id));
        assert_eq!(asked(), before + 1, "what is kept for others is not for {subject:?}");
        assert_eq!(bff.get_as(subject, ME).status, 200, "{subject:?}");
        assert_eq!(asked(), before + 1, "it is kept for {subject:?}");
        let third = bff.get_as(subject, ME);
        assert_eq!(third.code(), "RATE_LIMITED", "{subject:?} has its own two requests: {nth}");
    }
    let keys = redis.cli(&["KEYS", "*"]);
    let kept: BTreeSet<_> = keys.lines().filter(|key| key.contains(":user=")).collect();
    let limited: BTreeSet<_> =
        keys.lines().filter(|key| key.contains("{limits:test}:p:")).collect();
    assert_eq!((kept.len(), limited.len()), (SUBJECTS.len(), SUBJECTS.len()), "{keys}");
    for (_, id, _) in SUBJECTS {
        assert!(kept.iter().any(|key| key.contains(&format!(":user={id}:users/"))), "{id}: {keys}");
    }
    assert!(keys.lines().all(|key| key.bytes().all(|b| b.is_ascii_graphic())), "{keys}");
}

#[test]
fn a_refused_token_is_counted_by_its_rule() {
    let redis = RedisServer::start();
    let bff = start(&redis);
    let refused =
        |reason: &str| bff.metric(&format!("bff_auth_refusals_total{{reason=\"{reason}\"}}"));
    assert!(
        bff.metrics().contains("bff_auth_refusals_total{reason=\"scope\"} 0"),
        "from the start"
    );
    let long = bff.get_as(&"x".repeat(256), ME);
    assert_eq!((long.status, long.code().as_str()), (401, "TOKEN_INVALID"));
    assert!(!long.text().contains("sub"), "{}", long.text());
    assert_eq!(bff.send("GET", ME, &[]).code(), "UNAUTHENTICATED");
    assert_eq!(bff.send("GET", ME, &[("authorization", "Bearer a.b.c")]).code(), "TOKEN_INVALID");
    let counts = ["sub", "no_credential", "malformed", "scope"].map(refused);
    assert_eq!(counts, [1.0, 1.0, 1.0, 0.0]);
}

/// The head of a request with a token of some bytes, and how far the settings let it go.
#[test]
fn a_long_token_passes_where_the_settings_allow_it_and_is_refused_with_a_reason_elsewhere() {
    let redis = RedisServer::start();
    let bff = start_with(&redis, |settings| {
        let wide = "audience = \"test-bff\"\nmax_token_bytes = 90000";
        settings
            .replace("workers = 1", "workers = 1, max_header_bytes = 100000")
            .replace("audience = \"test-bff\"", wide)
    });
    let usual = start(&redis);
    let issuer = bff_testkit::Issuer::shared();
    for (bytes, in_usual, in_wide) in [
        (5_000, "", ""),
        (8_000, "TOKEN_INVALID", ""),
        (20_000, "TOKEN_INVALID", ""),
        (30_000, "HEADERS_TOO_LARGE", ""),
        (60_000, "HEADERS_TOO_LARGE", ""),
        (72_000, "HEADERS_TOO_LARGE", "TOKEN_INVALID"),
        (80_000, "HEADERS_TOO_LARGE", "HEADERS_TOO_LARGE"),
    ] {
        let mut claims = issuer.claims(&format!("u-{bytes}"), "test-bff");
        claims["groups"] = bff_testkit::json!("x".repeat(bytes));
        let token = format!("Bearer {}", issuer.sign(&issuer.header(), &claims));
        let code = |bff: &TestBff| bff.send("GET", ME, &[("authorization", &token)]).code();
        assert_eq!((code(&usual).as_str(), code(&bff).as_str()), (in_usual, in_wide), "{bytes}");
    }
    let too_long = |bff: &TestBff| bff.metric("bff_auth_refusals_total{reason=\"too_long\"}");
    assert_eq!((too_long(&usual), too_long(&bff)), (2.0, 1.0));
}
