//! A small BFF with cached calls, and what all tests ask of it.

use bff_core::{Auth, Bff, Endpoint, prelude::*};
use bff_testkit::{
    Json, TestBff,
    http::{self, Reply},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// The service of every page.
pub(crate) const MAIN: Service = Service::named("main");

/// Far less than a hang, far more than a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A lifetime that no test sees the end of.
pub(crate) const LONG: Keep = Keep::of(minutes(10));

/// The name that is part of every key.
const NAME: &str = "test";

pub(crate) enum Product {}

impl Kind for Product {
    type Scope = Shared;
}

#[derive(View)]
struct ProductPage {
    title: String,
}

/// `/test/v1/products/{id}`: one shared call, kept like this and tagged with its product.
pub(crate) fn product(keep: Keep) -> Endpoint {
    let route = get("/test/v1/products/{id}").budget(seconds(9));
    route.to(async move |cx: &Cx, id: Id<Product>| -> Result<ProductPage> {
        let product = MAIN.get(("products", &id)).named("product");
        cx.gather(Critical(product.cached(keep).tagged("product", &id))).await
    })
}

/// Starts a BFF with `main` at this url; `cache` is its `[cache]`.
pub(crate) fn start(endpoints: Vec<Endpoint>, main: &str, cache: &str) -> TestBff {
    launch(endpoints, Auth::Open, main, cache)
}

/// The same for known users.
pub(crate) fn start_personal(endpoints: Vec<Endpoint>, main: &str, cache: &str) -> TestBff {
    let auth = r#"
        [auth]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256"]
        keys = { file = "replaced" }
    "#;
    launch(endpoints, Auth::Bearer, main, &format!("{auth}\n{cache}"))
}

/// A busy machine is no overload here, and a service that fails on purpose is asked again at once.
fn launch(endpoints: Vec<Endpoint>, auth: Auth, main: &str, tables: &str) -> TestBff {
    let text = format!(
        "server.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n\
         overload.brownout_lag = \"1m\"\noverload.shed_lag = \"1m\"\n\
         [services.main]\nurl = {main:?}\ntimeout = \"5s\"\nconnect_timeout = \"5s\"\n\
         breaker = {{ min_calls = 1000000 }}\n\
         {tables}\n"
    );
    let settings = toml::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(&Bff { name: NAME, version: "1.0.0", auth, endpoints }, settings)
}

/// `[cache]` with one Redis; `more` are further lines of `[cache]`.
pub(crate) fn redis(url: &str, more: &str) -> String {
    format!("[cache]\n{more}\n[cache.redis]\nurl = {url:?}\n")
}

/// The same with time for every lookup, for tests about what is found and not how fast.
pub(crate) fn patient_redis(url: &str, more: &str) -> String {
    redis(url, more) + "lookup_timeout = \"5s\"\n"
}

/// `GET` as nobody in particular.
pub(crate) fn page(bff: &TestBff, target: &str) -> Reply {
    bff.send("GET", target, &[])
}

/// The title of the product page.
pub(crate) fn title(bff: &TestBff, id: &str) -> String {
    let reply = page(bff, &format!("/test/v1/products/{id}"));
    reply.at("/title").as_str().map_or_else(|| reply.text(), str::to_owned)
}

/// A page with everything that it should have.
pub(crate) fn is_good(reply: &Reply) -> bool {
    reply.status == 200 && reply.at("/title").is_string() && reply.at("/meta/degraded") == false
}

/// Asks the admin port.
pub(crate) fn admin(bff: &TestBff, method: &str, target: &str) -> Reply {
    let reply = http::send(bff.admin_address, method, target, &[]);
    reply.unwrap_or_else(|error| unreachable!("the admin port answers: {error}"))
}

/// A number at a JSON pointer into what the admin port tells about the cache.
pub(crate) fn number(bff: &TestBff, pointer: &str) -> u64 {
    let found = admin(bff, "GET", "/cache").at(pointer);
    found.as_u64().unwrap_or_else(|| unreachable!("{pointer} is a number, not {found}"))
}

/// The sum of several of them.
pub(crate) fn sum(bff: &TestBff, pointers: &[&str]) -> u64 {
    let cache = admin(bff, "GET", "/cache").json();
    pointers.iter().filter_map(|at| cache.pointer(at).and_then(Json::as_u64)).sum()
}

/// How often the cache was looked into with such an outcome; `labels` are the last of the metric.
pub(crate) fn lookups(bff: &TestBff, labels: &str) -> f64 {
    let text = bff.metrics();
    let ours = text.lines().filter(|line| line.starts_with("bff_cache_lookups_total{"));
    let ours = ours.filter(|line| line.contains(labels));
    ours.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// Waits until `condition` holds, for as long as nothing should take.
pub(crate) fn soon(mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() >= until {
            return false;
        }
        thread::sleep(millis(2));
    }
    true
}
