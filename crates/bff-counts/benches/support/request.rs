//! Requests as the server makes them, with services that answer at once.

use super::bodies;
use bff_core::{
    Cx, Deadline, Endpoint, Fault, Found, Incoming, Meta, Parameters, Routes, TraceContext,
    ports::{Local, Outbound, Principal, Store, Transport},
};
use bff_upstream::{Host, Proof, Service, Wire};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{future::ready, rc::Rc, sync::Arc, time::Duration};
use tokio::time::Instant;

/// As the gateway sends it.
pub(crate) const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Services that answer with the recorded bodies before anybody waits.
#[derive(Debug)]
pub(crate) struct AtOnce;

impl Transport for AtOnce {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        _until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        let body = bodies::of(request.service);
        Box::pin(ready(Ok(Bytes::from_static(body.as_bytes()))))
    }
}

/// The same below everything that decides about a call.
impl Wire for AtOnce {
    async fn exchange(
        &self,
        _service: &Service,
        _host: &Host,
        request: &Outbound<'_>,
        _proof: &Proof,
        _left: Duration,
    ) -> Result<Bytes, Fault> {
        Ok(Bytes::from_static(bodies::of(request.service).as_bytes()))
    }
}

/// What a worker holds for all its requests.
pub(crate) struct Worker {
    pub(crate) routes: Routes,
    pub(crate) transport: Rc<dyn Transport>,
    pub(crate) store: Option<Rc<dyn Store>>,
    pub(crate) caller: Arc<Principal>,
}

impl Worker {
    pub(crate) fn with(transport: impl Transport + 'static) -> Self {
        Self {
            routes: Routes::of(&super::home::bff()).expect("the table is sound"),
            transport: Rc::new(transport),
            store: None,
            caller: Arc::new(Principal::new("u-1").expect("a subject")),
        }
    }

    /// The context of a request of `u-1`.
    pub(crate) fn cx(&self) -> Cx {
        self.cx_with(Vec::new())
    }

    fn cx_with(&self, parameters: Parameters) -> Cx {
        Cx::new(Incoming {
            bff: "mobile",
            transport: self.transport.clone(),
            store: self.store.clone(),
            background: Rc::new(()),
            principal: Some(self.caller.clone()),
            trace: TraceContext::continue_from(Some(TRACEPARENT), None, || false),
            // Long: under valgrind everything takes fifty times as long.
            deadline: Deadline::starting_now(Duration::from_secs(60)),
            brownout: false,
            parameters,
            query: String::new(),
            body: bytes::Bytes::new(),
            idempotency_key: None,
        })
    }

    /// The endpoint at `path`, and the parameters in it.
    pub(crate) fn find(&self, path: &str) -> (&Endpoint, Parameters) {
        match self.routes.find("GET", path) {
            Found::Endpoint(_, endpoint, parameters) => (endpoint, parameters),
            other => panic!("{path}: {other:?}"),
        }
    }

    /// One request from its path to its body: everything that bff-core does for a page.
    pub(crate) async fn page(&self, path: &str) -> Vec<u8> {
        let (endpoint, parameters) = self.find(path);
        let cx = self.cx_with(parameters);
        let answer = endpoint.answer(&cx).await.expect("an answer");
        let body = answer.into_body(&meta(&cx, &cx.notes()));
        assert!(cx.take_calls().iter().all(|call| call.failure.is_none()), "a call failed");
        body
    }
}

/// What the envelope says about an answer.
pub(crate) fn meta<'a>(cx: &Cx, notes: &'a [bff_core::Note]) -> Meta<'a> {
    assert!(notes.is_empty(), "nothing is missing: {notes:?}");
    Meta {
        trace_id: cx.trace().trace_id,
        generated_at: std::time::SystemTime::now(),
        latency: cx.deadline().start().elapsed(),
        notes,
    }
}

/// The value of a future that has nothing to wait for: no executor in the count.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}
