//! Allocations and bytes of a page, averaged over many requests, as lines of JSON.
//!
//! Only this thread counts: the services answer on others. Connections are open and buffers warm
//! before the count begins.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot be set up has to stop, and its output is its result"
)]

mod support;

use bff_core::{
    Criticality,
    ports::{Outbound, Principal, Transport},
};
use bff_upstream::{ServiceSettings, Services};
use futures_util::try_join;
use std::{
    cell::Cell, collections::BTreeMap, hint::black_box, net::SocketAddr, rc::Rc, time::Duration,
};
use support::{
    loopback,
    plain::Plain,
    request::{AtOnce, Worker},
};
use tokio::{
    runtime::{Builder, Runtime},
    task::LocalSet,
    time::Instant,
};

const HOME: &str = "/mobile/v1/home";
const WARM_UP: u32 = 50;
const REQUESTS: u32 = 200;

fn main() {
    let thread = Thread::new();
    let services = loopback::start();

    let worker = Worker::with(AtOnce);
    thread.count("ours_core", async || drop(black_box(worker.page(HOME).await)));

    let ours = Worker::with(transport(services));
    thread.count("ours_three_calls", async || three_calls(&ours).await);
    thread.count("ours_whole", async || drop(black_box(ours.page(HOME).await)));

    let plain = Plain::new(services);
    thread.count("plain_three_calls", async || plain.three_calls("u-1").await);
    thread.count("plain_whole", async || drop(black_box(plain.page("u-1").await)));
}

/// A thread like an actix worker's.
struct Thread {
    runtime: Runtime,
    local: LocalSet,
}

impl Thread {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { runtime, local: LocalSet::new() }
    }

    fn count(&self, case: &str, request: impl AsyncFn()) {
        let run = |times| {
            self.local.block_on(&self.runtime, async {
                for _ in 0..times {
                    request().await;
                }
            });
        };
        run(WARM_UP);
        let counted = allocation_counter::measure(|| run(REQUESTS));
        let each = |total: u64| (total + u64::from(REQUESTS) / 2) / u64::from(REQUESTS);
        println!(
            r#"{{"case":"{case}","allocations":{},"bytes":{}}}"#,
            each(counted.count_total),
            each(counted.bytes_total)
        );
    }
}

/// The three services of the home page, all at one address.
fn transport(services: SocketAddr) -> impl Transport + 'static {
    let settings: ServiceSettings =
        serde_json::from_str(&format!(r#"{{"url":"http://{services}","timeout":"60s"}}"#))
            .expect("settings");
    let named =
        ["users", "orders", "recommendations"].map(|name| (name.to_owned(), settings.clone()));
    Services::new("mobile", &BTreeMap::from(named)).expect("services").transport(|_| Rc::new(()))
}

/// The calls of the home page without anything around them.
async fn three_calls(worker: &Worker) {
    let cx = worker.cx();
    let until = Instant::now() + Duration::from_secs(60);
    let (user, way) = (Principal::new("u-1").expect("a subject"), Cell::default());
    let call = |service, target| Outbound {
        service,
        dependency: service,
        target,
        on_behalf_of: Some(&user),
        write: None,
        trace: cx.trace(),
        span: cx.trace().span,
        criticality: Criticality::Critical,
        way: &way,
    };
    let (profile, orders, recommendations) = (
        call("users", "/users/u-1"),
        call("orders", "/users/u-1/orders?limit=3"),
        call("recommendations", "/users/u-1/recommendations?limit=6"),
    );
    let bodies = try_join!(
        worker.transport.send(&profile, until),
        worker.transport.send(&orders, until),
        worker.transport.send(&recommendations, until)
    );
    black_box(bodies.expect("three bodies"));
}
