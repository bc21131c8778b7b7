//! A cache in memory behind real cached calls, and a service that counts.

use bff_cache::{Cache, CacheSettings};
use bff_core::{
    CallRecord, Cx, Deadline, Fault, Fetch, Incoming, Looked, Outcome, TraceContext,
    ports::{Background, Local, Outbound, Store, Transport},
    prelude::*,
};
use bytes::Bytes;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use tokio::{
    task::{LocalSet, spawn_local},
    time::{Instant, sleep},
};

const MAIN: Service = Service::named("main");

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

/// Which answer of the service it is.
#[derive(View)]
struct Answer {
    number: u32,
}

/// Answers every request with the next number, or a fault.
#[derive(Default)]
pub(crate) struct FakeService {
    pub(crate) takes: Cell<Duration>,
    pub(crate) fails: RefCell<Option<Fault>>,
    requests: Cell<u32>,
}

impl FakeService {
    /// How many requests came so far.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// Answers with this status from now on.
    pub(crate) fn fail_with(&self, status: u16) {
        self.fails.replace(Some(Fault::Status { status, retry_after: None }));
    }
}

struct ToService(Rc<FakeService>);

impl Transport for ToService {
    fn send<'a>(&'a self, _: &'a Outbound<'a>, _: Instant) -> Local<'a, Result<Bytes, Fault>> {
        Box::pin(async move {
            let number = self.0.requests.get() + 1;
            self.0.requests.set(number);
            if !self.0.takes.get().is_zero() {
                sleep(self.0.takes.get()).await;
            }
            let fault = self.0.fails.borrow().clone();
            fault.map_or_else(|| Ok(Bytes::from(format!("{{\"number\":{number}}}"))), Err)
        })
    }
}

/// Work beside requests goes on among them, as on a worker.
struct Beside;

impl Background for Beside {
    fn spawn(&self, work: Local<'static, ()>) {
        spawn_local(work);
    }

    fn report(&self, _: Vec<CallRecord>) {}
}

/// A cache with its service.
pub(crate) struct Bed {
    pub(crate) cache: Cache,
    pub(crate) service: Rc<FakeService>,
}

/// What one request got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) answer: Result<u32, Fault>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) stale: bool,
    pub(crate) took: Duration,
}

impl Bed {
    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    pub(crate) fn new() -> Rc<Self> {
        let settings = CacheSettings { memory_bytes: 1 << 30, ..CacheSettings::default() };
        let cache = Cache::start(&settings).expect("the settings are good").expect("it is on");
        Rc::new(Self { cache, service: Rc::default() })
    }

    /// One request for the product.
    pub(crate) async fn get(&self, keep: Keep, product: &str) -> Got {
        let cx = Cx::new(Incoming {
            bff: "test",
            transport: Rc::new(ToService(self.service.clone())),
            store: Some(Rc::new(self.cache.clone()) as Rc<dyn Store>),
            background: Rc::new(Beside),
            principal: None,
            trace: TraceContext::continue_from(None, None, || false),
            deadline: Deadline::starting_now(seconds(10)),
            brownout: false,
            parameters: Vec::new(),
            query: String::new(),
            body: bytes::Bytes::new(),
            idempotency_key: None,
        });
        let Some(id) = Id::<Product>::parse(product) else { unreachable!("{product} is an id") };
        let begun = Instant::now();
        let call = MAIN.get(("products", &id)).named::<Answer>("product");
        let call = call.cached(keep).tagged("product", &id);
        let answer = call.fetch(&cx, bff_core::Criticality::Critical).await;
        Got {
            answer: answer.map(|answer| answer.number),
            outcome: cx.lookups().last().map(|looked: &Looked| looked.outcome),
            stale: cx.is_degraded(),
            took: begun.elapsed(),
        }
    }
}

/// Runs a test among whose tasks work beside requests can go on.
pub(crate) async fn run<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}
