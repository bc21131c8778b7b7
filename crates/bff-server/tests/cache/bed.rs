//! A small BFF with cached calls, and what all tests ask of it.

pub(crate) use crate::parts::{MAIN, Product, patient_redis, product};

use crate::parts;
use bff_core::{Auth, Endpoint, prelude::*};
use bff_testkit::{
    Json, TestBff,
    http::{self, Reply},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Far less than a hang, far more than a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A lifetime that no test sees the end of.
pub(crate) const LONG: Keep = Keep::of(minutes(10));

/// Starts a BFF with `main` at this url; `cache` is its `[cache]`.
pub(crate) fn start(endpoints: Vec<Endpoint>, main: &str, cache: &str) -> TestBff {
    launch(endpoints, Auth::Open, main, cache)
}

/// The same for known users.
pub(crate) fn start_personal(endpoints: Vec<Endpoint>, main: &str, cache: &str) -> TestBff {
    let auth = r#"
        [issuers.main]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256", "ES256"]
        keys = { file = "replaced" }
    "#;
    launch(endpoints, Auth::Bearer, main, &format!("{auth}\n{cache}"))
}

fn launch(endpoints: Vec<Endpoint>, auth: Auth, main: &str, tables: &str) -> TestBff {
    TestBff::start_from(&parts::bff(auth, endpoints), parts::read(&parts::settings(main, tables)))
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
