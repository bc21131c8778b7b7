//! Instructions of each step of a page, one run each under callgrind.
//!
//! Each case is warmed up in its set-up, so that what happens once per thread is not in the count.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes_without_reason,
    missing_docs,
    unreachable_pub,
    reason = "a bench that cannot be set up has to stop, and gungraun's macros write items of their own"
)]

mod support;

use bff_auth::{Algorithm, AudienceClaim, Bearer, IssuerSettings, Issuers, KeySource};
use bff_cache::{Cache, CacheSettings};
use bff_core::{
    Answer, Critical, Cx, Endpoint, FromCx, Note, Optional, Parameters, Result, User, get,
    ports::{Authenticator, Presented, Principal},
};
use bff_upstream::{Service, Upstream};
use gungraun::{library_benchmark, library_benchmark_group, main};
use std::{
    cell::Cell, collections::BTreeMap, hint::black_box, path::Path, rc::Rc, sync::Arc,
    time::Duration,
};
use support::{
    home::{self, Home},
    request::{AtOnce, Worker, meta, now},
};

const HOME: &str = "/mobile/v1/home";
const PRODUCT: &str = "/mobile/v1/products/p-1";

fn worker() -> Worker {
    let worker = Worker::with(AtOnce);
    black_box(now(worker.page(HOME)));
    worker
}

/// A worker, a request of its own, and its user.
fn request() -> (Worker, Cx, User) {
    let worker = worker();
    let cx = worker.cx();
    let me = User::from_cx(&cx).expect("a user");
    (worker, cx, me)
}

// What the three services say becomes what the screen shows. Each has the cost of a call in it:
// `call_of_nothing`.

#[library_benchmark(setup = request)]
fn call_of_nothing((worker, cx, me): (Worker, Cx, User)) -> (Worker, Cx, User) {
    let _ = black_box(now(cx.gather(Critical(home::nothing(&me)))));
    (worker, cx, me)
}

#[library_benchmark(setup = request)]
fn project_user((worker, cx, me): (Worker, Cx, User)) -> (Worker, Cx, User) {
    let _ = black_box(now(cx.gather(Critical(home::profile(&me)))));
    (worker, cx, me)
}

#[library_benchmark(setup = request)]
fn project_orders((worker, cx, me): (Worker, Cx, User)) -> (Worker, Cx, User) {
    let _ = black_box(now(cx.gather(Critical(home::recent_orders(&me)))));
    (worker, cx, me)
}

#[library_benchmark(setup = request)]
fn project_recommendations((worker, cx, me): (Worker, Cx, User)) -> (Worker, Cx, User) {
    let _ = black_box(now(cx.gather(Critical(home::recommendations(&me)))));
    (worker, cx, me)
}

#[library_benchmark(setup = request)]
fn gather_three((worker, cx, me): (Worker, Cx, User)) -> (Worker, Cx, User) {
    let _ = black_box(now(three(&cx, &me)));
    (worker, cx, me)
}

async fn three(cx: &Cx, me: &User) -> Result<Home> {
    let (user, recent_orders, recommendations) = cx
        .gather((
            Critical(home::profile(me)),
            Optional(home::recent_orders(me), vec![]),
            Optional(home::recommendations(me), vec![]),
        ))
        .await?;
    Ok(Home { user, recent_orders, recommendations })
}

thread_local! {
    static AT_HAND: Cell<Option<Home>> = const { Cell::new(None) };
}

/// An endpoint that asks nobody: its view lies ready.
async fn at_hand(_cx: &Cx) -> Result<Home> {
    Ok(AT_HAND.take().expect("a view"))
}

fn view_at_hand() -> (Endpoint, Cx) {
    let (_, cx, me) = request();
    AT_HAND.set(now(three(&cx, &me)).ok());
    (get("/at-hand").to(at_hand), cx)
}

#[library_benchmark(setup = view_at_hand)]
fn render_view((endpoint, cx): (Endpoint, Cx)) -> (Option<Answer>, Endpoint, Cx) {
    (now(endpoint.answer(&cx)).ok(), endpoint, cx)
}

fn answer_at_hand() -> (Answer, Cx, Vec<Note>) {
    let (endpoint, cx) = view_at_hand();
    let answer = now(endpoint.answer(&cx)).expect("an answer");
    let notes = cx.notes();
    (answer, cx, notes)
}

#[library_benchmark(setup = answer_at_hand)]
fn envelope((answer, cx, notes): (Answer, Cx, Vec<Note>)) -> (Vec<u8>, Cx) {
    (answer.into_body(&meta(&cx, &notes)), cx)
}

#[library_benchmark(setup = worker)]
fn context(worker: Worker) -> Worker {
    drop(black_box(worker.cx()));
    worker
}

#[library_benchmark(setup = worker)]
fn find_static(worker: Worker) -> Worker {
    black_box(worker.find(black_box(HOME)));
    worker
}

#[library_benchmark(setup = worker)]
fn find_parameter(worker: Worker) -> Worker {
    black_box::<(&Endpoint, Parameters)>(worker.find(black_box(PRODUCT)));
    worker
}

#[library_benchmark(setup = worker)]
fn home_page(worker: Worker) -> (Worker, Vec<u8>) {
    let body = now(worker.page(black_box(HOME)));
    (worker, body)
}

/// Timers are made, if never waited for, and belong to a runtime.
fn enter_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = Box::leak(Box::new(runtime.expect("a runtime")));
    std::mem::forget(runtime.enter());
}

/// A worker whose calls go through every policy, with enough behind it that all of them know
/// something.
fn worker_with_policies() -> Worker {
    let settings = |url: &str| {
        let settings = format!("url = \"{url}\"");
        toml::from_str(&settings).expect("settings")
    };
    let services = ["users", "orders", "recommendations"];
    let services = services.map(|name| Service::new(name, &settings("http://127.0.0.1:1")));
    let services =
        services.into_iter().collect::<std::result::Result<Arc<[_]>, _>>().expect("services");
    enter_a_runtime();
    let worker = Worker::with(Upstream::new(services, AtOnce));
    for _ in 0..100 {
        black_box(now(worker.page(HOME)));
    }
    worker
}

#[library_benchmark(setup = worker_with_policies)]
fn home_page_with_policies(worker: Worker) -> (Worker, Vec<u8>) {
    let body = now(worker.page(black_box(HOME)));
    (worker, body)
}

/// A worker that has seen this token: `bodies/` has one that lives until 2100, and the keys of an
/// issuer whose private key nobody has.
fn seen_token() -> (Bearer, String) {
    let bodies = Path::new(env!("CARGO_MANIFEST_DIR")).join("bodies");
    let settings = IssuerSettings {
        issuer: "https://issuer.test".to_owned(),
        audience: "mobile".to_owned(),
        audience_claim: AudienceClaim::Aud,
        algorithms: vec![Algorithm::RS256],
        keys: KeySource::File(bodies.join("jwks.json")),
        leeway: Duration::from_secs(30),
        token_types: vec!["at+jwt".to_owned()],
        allow_untyped: false,
        max_token_bytes: 8 * 1024,
        max_subject_bytes: 255,
        authorized_parties: vec![],
        exchange: false,
    };
    let issuers = BTreeMap::from([("main".to_owned(), settings)]);
    let bearer = Bearer::new(&Issuers::new(&issuers).expect("keys"));
    let authorization = format!("Bearer {}", include_str!("../bodies/token.txt").trim());
    for _ in 0..2 {
        now(bearer.authenticate(Presented::authorization(&authorization))).expect("a caller");
    }
    (bearer, authorization)
}

#[library_benchmark(setup = seen_token)]
fn known_token((bearer, authorization): (Bearer, String)) -> (Bearer, Option<Arc<Principal>>) {
    let caller = now(bearer.authenticate(Presented::authorization(&authorization))).ok();
    (bearer, caller)
}

/// A worker whose store has the product.
fn kept_product() -> (Worker, Cx, home::ProductId) {
    enter_a_runtime();
    let mut worker = Worker::with(AtOnce);
    let settings = CacheSettings { memory_bytes: 1024 * 1024, ..CacheSettings::default() };
    let cache = Cache::start(&settings).expect("a cache").expect("it is on");
    worker.store = Some(Rc::new(cache));
    for _ in 0..2 {
        black_box(now(worker.page(PRODUCT)));
    }
    let cx = worker.cx();
    (worker, cx, home::ProductId::parse("p-1").expect("an id"))
}

#[library_benchmark(setup = kept_product)]
fn store_hit(
    (worker, cx, id): (Worker, Cx, home::ProductId),
) -> (Worker, Cx, Option<home::CatalogProduct>) {
    let product = now(cx.gather(Critical(home::cached_product(&id)))).ok();
    (worker, cx, product)
}

library_benchmark_group!(
    name = page,
    benchmarks = [
        call_of_nothing,
        project_user,
        project_orders,
        project_recommendations,
        gather_three,
        render_view,
        envelope,
        context,
        find_static,
        find_parameter,
        home_page,
        home_page_with_policies,
        known_token,
        store_hit
    ]
);

main!(library_benchmark_groups = page);
