//! A request before anything is known about it, and what every way of answering it needs.

use super::{
    headers::{lines, only},
    perimeter,
};
use crate::{connection::Flow, process::worker::Worker};
use actix_web::{
    HttpRequest,
    http::{Method, header::HeaderName},
    web,
};
use bff_core::{
    Class, Cx, Deadline, Endpoint, Incoming, Parameters, Problem, Result, TraceContext,
    ports::Principal,
};
use bytes::Bytes;
use std::{rc::Rc, sync::Arc, time::SystemTime};
use tokio::time::timeout_at;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request before anything is known about it.
pub(super) struct Arrival<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) worker: &'a Worker,
    /// The connection that it came on; none in tests without one.
    pub(super) flow: Option<&'a Rc<Flow>>,
    pub(super) received: SystemTime,
}

impl<'a> Arrival<'a> {
    /// A request that came just now.
    pub(super) fn new(request: &'a HttpRequest, worker: &'a Worker) -> Self {
        let flow = request.conn_data::<Rc<Flow>>();
        Self { request, worker, flow, received: SystemTime::now() }
    }

    /// Continues the caller's trace or starts one.
    pub(super) fn trace(&self) -> TraceContext {
        let sample = || fastrand::f64() < self.worker.shared.sample_ratio;
        let parent = only(self.request, TRACEPARENT);
        TraceContext::continue_from(parent, lines(self.request, TRACESTATE), sample)
    }

    /// Two parents are none: which of them is the caller's step, nobody can say. Whoever looks for a
    /// trace that ends in front of this BFF finds it here.
    pub(super) fn say_what_is_no_parent(&self) {
        let lines = lines(self.request, TRACEPARENT).count();
        if lines > 1 {
            tracing::debug!(lines, "a new trace begins: `traceparent` came more than once");
        }
    }

    pub(super) fn context(
        &self,
        deadline: Deadline,
        trace: TraceContext,
        parameters: Parameters,
        principal: Option<Arc<Principal>>,
        body: Bytes,
    ) -> Cx {
        let Self { request, worker, .. } = *self;
        let is_write = request.method() != Method::GET && request.method() != Method::HEAD;
        let key = is_write.then(|| only(request, IDEMPOTENCY_KEY)).flatten();
        Cx::new(Incoming {
            bff: worker.shared.bff,
            transport: worker.transport.clone(),
            store: worker.store.clone(),
            background: worker.background.clone(),
            principal,
            trace,
            deadline,
            brownout: worker.pressure.skips_optional(),
            parameters,
            query: request.uri().query().unwrap_or_default().to_owned(),
            body,
            idempotency_key: key.map(str::to_owned),
        })
    }

    /// Makes sure that no body comes where none is read. A head can announce one that turns out to be
    /// empty: some gateways frame every request as chunked.
    pub(super) async fn expect_no_body(
        &self,
        endpoint: &Endpoint,
        payload: web::Payload,
        deadline: Deadline,
    ) -> Result<web::Payload> {
        if endpoint.body().is_some() || !perimeter::is_chunked(self.request) {
            return Ok(payload);
        }
        self.read_body().await;
        perimeter::read_no_body(payload, deadline.end()).await
    }

    /// Lets the body be read; until then what the client sends stays in its socket.
    pub(super) async fn read_body(&self) {
        if let Some(flow) = self.flow {
            flow.read_body().await;
        }
    }

    /// Ends the connection behind the answer if there may be a body that was not read, because it must
    /// not be taken for the next request.
    pub(super) fn leave_body(&self) {
        if let Some(flow) = self.flow
            && perimeter::brings_body(self.request)
        {
            flow.close_after();
        }
    }
}

/// Does `work` until the deadline.
///
/// # Errors
/// 504 when it is not done by then.
pub(super) async fn within<T>(
    deadline: Deadline,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let late = |_| Problem::new(Class::Late, "TOO_LATE", "This took too long. Please try again.");
    timeout_at(deadline.end(), work).await.map_err(late)?
}
