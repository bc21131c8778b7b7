//! A small BFF whose pages have one dependency each, and what all tests ask of it.

use bff_core::{Auth, Bff, Endpoint, Route, prelude::*};
use bff_testkit::{
    Json, TestBff,
    http::{self, Reply},
};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// The service of most pages.
const MAIN: Service = Service::named("main");
/// The service of the page that must not suffer with the others.
const OTHER: Service = Service::named("other");
/// Two hosts, known under two names, so that what one kind of page learns does not help the other.
const PAIR: Service = Service::named("pair");
const OPTIONAL_PAIR: Service = Service::named("optional-pair");

/// Far less than a hang, far more than a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What stands where the optional item should be.
const FALLBACK: &str = "fallback";

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Item {
    title: String,
}

#[derive(View)]
struct CriticalPage {
    title: String,
}

#[derive(View)]
struct OtherPage {
    title: String,
}

#[derive(View)]
struct HighPage {
    title: String,
}

#[derive(View)]
struct LowPage {
    title: String,
}

#[derive(View)]
struct OptionalPage {
    with_fallback: Item,
    omittable: Option<Item>,
}

#[derive(View)]
struct StagedPage {
    first: Item,
    second: Option<Item>,
}

#[derive(View)]
struct BlockPage {
    done: bool,
}

#[derive(View)]
struct ProfilePage {
    display_name: String,
}

fn critical<V: Record>(route: Route, service: Service) -> Endpoint {
    route.to(async move |cx: &Cx, id: Id<Product>| -> Result<V> {
        cx.gather(Critical(service.get(("products", &id)).named("product"))).await
    })
}

/// Both calls are for the same thing; the query keeps them from being made as one.
fn optional(route: Route, service: Service) -> Endpoint {
    route.to(async move |cx: &Cx, id: Id<Product>| -> Result<OptionalPage> {
        let item = |nth: u8| service.get(("products", &id)).query("nth", nth);
        let fallback = Item { title: FALLBACK.to_owned() };
        let (with_fallback, omittable) = cx
            .gather((
                Optional(item(1).named("withFallback"), fallback),
                Omittable(item(2).named("omittable")),
            ))
            .await?;
        Ok(OptionalPage { with_fallback, omittable })
    })
}

/// The second call is made with what the first one leaves of the time.
async fn staged(cx: &Cx, id: Id<Product>) -> Result<StagedPage> {
    let first = cx.gather(Critical(OTHER.get(("products", &id)).named("first"))).await?;
    let second = cx.gather(Omittable(MAIN.get(("products", &id)).named("second"))).await?;
    Ok(StagedPage { first, second })
}

/// What no handler should do: it keeps the worker's thread to itself.
async fn block(_: &Cx) -> Result<BlockPage> {
    thread::sleep(millis(60));
    std::future::ready(Ok(BlockPage { done: true })).await
}

async fn profile(cx: &Cx, me: User) -> Result<ProfilePage> {
    cx.gather(Critical(MAIN.get(("users", &me)).named("profile"))).await
}

fn endpoints(budget: Duration) -> Vec<Endpoint> {
    let page = |path| get(path).budget(budget);
    vec![
        critical::<CriticalPage>(page("/test/v1/critical/{id}"), MAIN),
        optional(page("/test/v1/optional/{id}"), MAIN),
        critical::<CriticalPage>(page("/test/v1/pair/{id}"), PAIR),
        optional(page("/test/v1/optional-pair/{id}"), OPTIONAL_PAIR),
        critical::<OtherPage>(page("/test/v1/other/{id}"), OTHER),
        critical::<HighPage>(page("/test/v1/high/{id}").priority(Priority::High), MAIN),
        critical::<LowPage>(page("/test/v1/low/{id}").priority(Priority::Low), OTHER),
        page("/test/v1/staged/{id}").to(staged),
        page("/test/v1/block").to(block),
    ]
}

/// A service of the configuration at `urls`; `more` are further lines of its table.
pub(crate) fn service(name: &str, urls: &[String], more: &str) -> String {
    format!("[services.{name}]\nurl = {urls:?}\nconnect_timeout = \"5s\"\n{more}\n")
}

/// Where the gateway is, for a BFF that believes this process.
const TRUSTED: &str = "[\"127.0.0.1/32\"]";

/// A busy machine is no overload, unless a test says so.
const NO_LAG: &str = "brownout_lag = \"1m\"\nshed_lag = \"1m\"";

/// Starts the BFF with these services.
pub(crate) fn start(budget: Duration, services: &[String]) -> TestBff {
    start_under(budget, services, NO_LAG)
}

/// Starts the BFF with these services, and with `overload` in that table.
pub(crate) fn start_under(budget: Duration, services: &[String], overload: &str) -> TestBff {
    let endpoints = endpoints(budget);
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    start_bff(&bff, services, TRUSTED, &format!("[overload]\n{overload}\n"))
}

/// Starts the BFF with a gateway that is somewhere else.
pub(crate) fn start_untrusting(budget: Duration, services: &[String]) -> TestBff {
    start_trusting(budget, services, "[\"10.0.0.0/8\"]")
}

/// Starts the BFF with these proxies, and whatever else follows in their setting.
pub(crate) fn start_trusting(budget: Duration, services: &[String], proxies: &str) -> TestBff {
    let endpoints = endpoints(budget);
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    start_bff(&bff, services, proxies, &format!("[overload]\n{NO_LAG}\n"))
}

/// Starts a BFF with one page for one user.
pub(crate) fn start_personal(services: &[String]) -> TestBff {
    let endpoints = vec![get("/test/v1/profile").budget(seconds(20)).to(profile)];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints };
    let auth = r#"
        [issuers.main]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256"]
        keys = { file = "replaced" }
    "#;
    start_bff(&bff, services, TRUSTED, auth)
}

fn start_bff(bff: &Bff, services: &[String], proxies: &str, more: &str) -> TestBff {
    let text = format!(
        "server.listen = \"127.0.0.1:0\"\nserver.trusted_proxies = {proxies}\n\
         admin.listen = \"127.0.0.1:0\"\n{more}\n{}",
        services.concat()
    );
    let settings = toml::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(bff, settings)
}

pub(crate) fn page(bff: &TestBff, target: &str) -> Reply {
    bff.send("GET", target, &[])
}

/// A page with everything that it should have.
pub(crate) fn is_good(reply: &Reply) -> bool {
    let titles = ["/title", "/withFallback/title", "/omittable/title"];
    let whole = titles.into_iter().any(|title| reply.at(title).is_string());
    reply.status == 200 && whole && reply.at("/meta/degraded") == false
}

/// Waits until `condition` holds.
pub(crate) fn soon(mut condition: impl FnMut() -> bool) -> bool {
    within(PATIENCE, &mut condition)
}

/// Waits until `condition` holds, for at most `patience`.
pub(crate) fn within(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + patience;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        thread::sleep(millis(2));
    }
}

/// What the admin port tells about policies.
pub(crate) fn policy(bff: &TestBff) -> Json {
    let reply = http::send(bff.admin_address, "GET", "/policy", &[]);
    reply.map(|reply| reply.json()).unwrap_or_default()
}

/// The list at a JSON pointer; empty when there is none.
fn list(json: &Json, at: &str) -> Vec<Json> {
    json.pointer(at).and_then(Json::as_array).cloned().unwrap_or_default()
}

/// What the admin port tells about one service.
pub(crate) fn about(bff: &TestBff, service: &str) -> Json {
    let mut services = list(&policy(bff), "/services").into_iter();
    let is_it = |known: &Json| known.pointer("/service").is_some_and(|name| name == service);
    services.find(is_it).unwrap_or_default()
}

/// How often something happened to a service.
pub(crate) fn count(bff: &TestBff, service: &str, event: &str) -> u64 {
    let counts = list(&about(bff, service), "/counts").into_iter();
    let counts = counts.filter(|count| count.pointer("/0").is_some_and(|name| name == event));
    counts.filter_map(|count| count.pointer("/1")?.as_u64()).sum()
}

/// The status of a path on the admin port.
pub(crate) fn admin(bff: &TestBff, path: &str) -> u16 {
    http::send(bff.admin_address, "GET", path, &[]).map(|reply| reply.status).unwrap_or_default()
}

/// What is in flight anywhere: calls, waiting calls, shared reads, attempts, requests.
pub(crate) fn busy(bff: &TestBff) -> Vec<String> {
    let policy = policy(bff);
    let services = list(&policy, "/services");
    let hosts: Vec<_> = services.iter().flat_map(|service| list(service, "/hosts")).collect();
    let workers = list(&policy, "/workers");
    let numbers = [
        ("/in_flight", &services),
        ("/waiting", &services),
        ("/flights", &services),
        ("/in_flight", &hosts),
        ("/in_flight", &workers),
    ];
    let busy = |(what, of): (&str, &Vec<Json>)| {
        let not_idle = |of: &&Json| of.pointer(what).is_none_or(|number| *number != 0);
        of.iter().filter(not_idle).map(|of| format!("{what} of {of}")).collect::<Vec<_>>()
    };
    let silent = workers.is_empty().then(|| "the admin port tells nothing".to_owned());
    numbers.into_iter().flat_map(busy).chain(silent).collect()
}

/// This process's open connections at these ports, both ends counted. As `/proc/self/fd` would
/// count them, without those of tests that run at the same time.
pub(crate) fn sockets(ports: &[u16]) -> usize {
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
    let is_ours = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let ends = [fields.next(), fields.next()].map(port);
        let (state, inode) = (fields.next(), fields.nth(5));
        let open = state != Some("0A") && inode != Some("0");
        open && ends.into_iter().flatten().any(|port| ports.contains(&port))
    };
    table.lines().skip(1).filter(is_ours).count()
}

fn port(address: Option<&str>) -> Option<u16> {
    u16::from_str_radix(address?.rsplit_once(':')?.1, 16).ok()
}
