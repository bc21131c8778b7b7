//! An endpoint without a server: the handler, a context, and a function that plays all services.

use bff_core::{
    Auth, Bff, CallRecord, Cx, Deadline, Endpoint, Fault, Found, Incoming, Meta, Method, Problem,
    Routes, TraceContext,
    ports::{Local, Outbound, Principal, Transport},
};
use bff_neighbours::services::USER;
use bytes::Bytes;
use serde_json::Value;
use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Real time passes here, but whether the machine is busy is not what such a test asks.
const BUDGET: Duration = Duration::from_secs(60);

/// Answers calls with a function.
struct FakeTransport<F>(F);

impl<F: Fn(&Outbound<'_>) -> Result<Value, Fault>> Transport for FakeTransport<F> {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        _until: tokio::time::Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        let answer = (self.0)(request).map(|json| Bytes::from(json.to_string()));
        Box::pin(std::future::ready(answer))
    }
}

/// Runs the endpoint at `target` as the test user and gives the body that a client would get.
/// `services` plays every service: it is asked once per call.
///
/// # Errors
/// The problem that a client would get.
///
/// # Panics
/// When the BFF has no such endpoint: it is a test.
pub fn ask(
    bff: &Bff,
    target: &str,
    services: impl Fn(&Outbound<'_>) -> Result<Value, Fault> + 'static,
) -> Result<Value, Problem> {
    answer(bff, Method::Get, target, String::new(), services)
}

/// Like [`ask`], but sends `body` with `POST` and an idempotency key.
///
/// # Errors
/// The problem that a client would get.
///
/// # Panics
/// When the BFF has no such endpoint: it is a test.
pub fn tell(
    bff: &Bff,
    target: &str,
    body: &Value,
    services: impl Fn(&Outbound<'_>) -> Result<Value, Fault> + 'static,
) -> Result<Value, Problem> {
    answer(bff, Method::Post, target, body.to_string(), services)
}

pub(crate) fn answer(
    bff: &Bff,
    method: Method,
    target: &str,
    body: String,
    services: impl Fn(&Outbound<'_>) -> Result<Value, Fault> + 'static,
) -> Result<Value, Problem> {
    let (method, target) = (method.name().to_owned(), target.to_owned());
    run(bff, &Asked { method, target, user: USER.to_owned(), body }, services).answer
}

/// What a client asks.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) user: String,
    pub(crate) body: String,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) answer: Result<Value, Problem>,
    pub(crate) calls: Vec<CallRecord>,
}

/// Runs the endpoint that is asked; `services` plays every service.
#[expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test without an endpoint has nothing to say"
)]
pub(crate) fn run(
    bff: &Bff,
    asked: &Asked,
    services: impl Fn(&Outbound<'_>) -> Result<Value, Fault> + 'static,
) -> Ran {
    let Asked { method, target, user, body } = asked;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let routes = Routes::of(bff).expect("the endpoint table works");
    let Found::Endpoint(_, endpoint, parameters) = routes.find(method, path) else {
        panic!("{} has no endpoint for {method} {path}", bff.name)
    };
    let cx = Cx::new(Incoming {
        bff: bff.name,
        transport: Rc::new(FakeTransport(services)),
        store: None,
        background: Rc::new(()),
        principal: Principal::new(user).filter(|_| bff.auth != Auth::Open).map(|user| {
            let scopes = bff.endpoints.iter().flat_map(Endpoint::scopes);
            Arc::new(user.with_scopes(scopes))
        }),
        trace: TraceContext::continue_from(None, None, || false),
        deadline: Deadline::starting_now(BUDGET),
        brownout: false,
        parameters,
        query: query.to_owned(),
        body: body.clone().into(),
        idempotency_key: Some("test-key".to_owned()),
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let answer = runtime.block_on(endpoint.answer(&cx));
    let calls = cx.take_calls();
    let meta = Meta {
        trace_id: cx.trace().trace_id,
        generated_at: SystemTime::UNIX_EPOCH,
        latency: cx.deadline().start().elapsed(),
        notes: &cx.notes(),
    };
    let json = |bytes: Vec<u8>| serde_json::from_slice(&bytes).expect("an answer is JSON");
    Ran { answer: answer.map(|answer| json(answer.into_body(&meta))), calls }
}
