//! Answering one request: perimeter, route, caller, deadline, handler, response.

use crate::{
    admit::Admitted,
    connection::Flow,
    freshness::{self, KeptPage, Made},
    guard,
    headers::{lines, only},
    perimeter,
    respond::{self, Response},
    session::{self, Page},
    telemetry::{
        logs,
        report::{Route, Running},
    },
    worker::Worker,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{ConnectionType, Method, header::HeaderName},
    web,
};
use bff_auth::Sessions;
use bff_core::{
    Answer, Class, Cx, Deadline, Endpoint, Found, Incoming, Looked, Parameters, Problem, Result,
    TraceContext, ports::Principal,
};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::timeout_at;

/// The name under which requests that reach no endpoint are counted.
const NO_ENDPOINT: &str = "none";
const TRACEPARENT: &str = "traceparent";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// What a request that reaches no endpoint may take; it takes nothing.
const NO_BUDGET: Duration = Duration::from_secs(1);
/// The longest wait that a client is asked for when there is too much to do.
const MAX_SHED_WAIT_SECONDS: u64 = 3;

/// The only handler of the public port: everything that a client can send arrives here.
pub(crate) async fn serve(
    request: HttpRequest,
    payload: web::Payload,
    worker: web::Data<Worker>,
) -> HttpResponse {
    let flow = request.conn_data::<Rc<Flow>>();
    if let Some(flow) = flow {
        flow.begin().await;
    }
    let arrival = Arrival { request: &request, worker: &worker, flow, received: SystemTime::now() };
    let trace = arrival.trace();
    let trace_id = trace.trace_id;
    let answering = async {
        arrival.say_what_is_no_parent();
        match arrival.find() {
            Ok(To::Endpoint(found)) => arrival.answer(found, payload, trace).await,
            Ok(To::Session(page, sessions)) => {
                arrival.answer_session(page, sessions, payload, trace).await
            }
            Err(refusal) => arrival.refuse(&refusal, trace),
        }
    };
    let mut response =
        logs::in_trace(trace_id, guard::problem_for_panic(trace_id, answering)).await;
    if worker.shared.is_for_browsers() {
        for (name, value) in perimeter::BROWSER_HEADERS {
            // A page for people says itself what it needs.
            if !response.headers().contains_key(&name) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    if let Some(flow) = flow {
        if flow.is_last() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        flow.answered();
    }
    response
}

/// Where a request goes.
enum To<'a> {
    Endpoint(Destination<'a>),
    Session(Page, &'a Sessions),
}

/// A request before anything is known about it.
pub(crate) struct Arrival<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) worker: &'a Worker,
    /// The connection that it came on; none in tests without one.
    pub(crate) flow: Option<&'a Rc<Flow>>,
    received: SystemTime,
}

/// The endpoint that a request is for.
struct Destination<'a> {
    place: usize,
    endpoint: &'a Endpoint,
    parameters: Parameters,
}

/// Why a request reaches no endpoint; with the methods that would.
struct Refusal {
    problem: Problem,
    allow: Option<&'static str>,
}

impl<'a> Arrival<'a> {
    /// Continues the caller's trace or starts one.
    fn trace(&self) -> TraceContext {
        let sample = || fastrand::f64() < self.worker.shared.sample_ratio;
        let parent = only(self.request, TRACEPARENT);
        TraceContext::continue_from(parent, lines(self.request, "tracestate"), sample)
    }

    /// Two parents are none: which of them is the caller's step, nobody can say. Whoever looks for a
    /// trace that ends in front of this BFF finds it here.
    fn say_what_is_no_parent(&self) {
        let lines = lines(self.request, TRACEPARENT).count();
        if lines > 1 {
            tracing::debug!(lines, "a new trace begins: `traceparent` came more than once");
        }
    }

    fn find(&self) -> Result<To<'a>, Refusal> {
        let Self { request, worker, .. } = *self;
        let limits = &worker.shared.limits;
        let refused = |problem| Refusal { problem, allow: None };
        perimeter::check(request, limits).map_err(refused)?;
        if let Some(sessions) = &worker.sessions
            && let Some(page) = Page::at(request.uri().path())
        {
            return match page.method() == request.method().as_str() {
                true => Ok(To::Session(page, sessions)),
                false => Err(Refusal {
                    problem: session::wrong_method(page),
                    allow: Some(page.method()),
                }),
            };
        }
        let routes = &worker.shared.table.routes;
        match routes.find(request.method().as_str(), request.uri().path()) {
            Found::Endpoint(place, endpoint, parameters) => {
                perimeter::check_body(request, limits, endpoint.body().is_some())
                    .map_err(refused)?;
                Ok(To::Endpoint(Destination { place, endpoint, parameters }))
            }
            Found::MethodNotAllowed { allow } => {
                let message = format!("This address answers to {allow} only.");
                let problem = Problem::new(Class::MethodNotAllowed, "METHOD_NOT_ALLOWED", message);
                Err(Refusal { problem, allow: Some(allow) })
            }
            Found::NotFound => {
                let message = "There is nothing at this address.";
                Err(refused(Problem::new(Class::NotFound, "NO_SUCH_ROUTE", message)))
            }
        }
    }

    fn refuse(&self, refusal: &Refusal, trace: TraceContext) -> HttpResponse {
        let response = respond::problem(&refusal.problem, trace.trace_id, refusal.allow);
        self.leave_body();
        let deadline = Deadline::starting_now(NO_BUDGET);
        let cx = self.context(deadline, trace, Parameters::new(), None, Bytes::new());
        Running::begin(&self.worker.telemetry, NO_ENDPOINT, None, self.received, cx).end(
            response.http.status().as_u16(),
            response.bytes,
            Vec::new(),
        );
        response.http
    }

    async fn answer(
        &self,
        to: Destination<'_>,
        payload: web::Payload,
        trace: TraceContext,
    ) -> HttpResponse {
        let Destination { place, endpoint, parameters } = to;
        let Some(_admitted) = self.worker.pressure.admit(endpoint.priority()) else {
            return self.shed(endpoint, &trace);
        };
        let deadline = Deadline::starting_now(perimeter::budget(
            self.request,
            &self.worker.shared.limits,
            endpoint.budget(),
        ));
        let mut decision = None;
        let admitted = match self.expect_no_body(endpoint, payload, deadline).await {
            Ok(payload) => self.admit(endpoint, payload, deadline, &mut decision).await,
            Err(problem) => Err(problem),
        };
        if let Some(flow) = self.flow {
            flow.body_read();
        }
        let (admitted, refused) = match admitted {
            Ok(admitted) => (admitted, None),
            Err(problem) => (Admitted::default(), Some(problem)),
        };
        let Admitted { caller, body } = admitted;
        let cx = self.context(deadline, trace, parameters, caller, body);
        let route = Some(Route { method: endpoint.method().name(), path: endpoint.path() });
        let telemetry = &self.worker.telemetry;
        let running = Running::begin(telemetry, endpoint.name(), route, self.received, cx);
        if refused.is_some() {
            self.leave_body();
        }
        let outcome = match refused {
            Some(problem) => Err(problem),
            None => self.page(endpoint, &running.cx).await,
        };
        let lookups = running.cx.take_lookups();
        let mut response =
            conclude(self.request, self.worker, place, &running.cx, &lookups, outcome);
        if let (Some(limits), Some(decision)) = (&self.worker.shared.rates, decision) {
            respond::limits(&mut response, limits, &decision);
        }
        running.end(response.http.status().as_u16(), response.bytes, lookups);
        response.http
    }

    /// Answers a page of the server's own: login, logout and what the browser may know between.
    async fn answer_session(
        &self,
        page: Page,
        sessions: &Sessions,
        payload: web::Payload,
        trace: TraceContext,
    ) -> HttpResponse {
        let deadline = Deadline::starting_now(session::BUDGET);
        let cx = self.context(deadline, trace, Parameters::new(), None, Bytes::new());
        let route = Some(Route { method: page.method(), path: page.path() });
        let running = Running::begin(&self.worker.telemetry, page.name(), route, self.received, cx);
        let trace = running.cx.trace();
        if page.method() == Method::POST.as_str() {
            self.read_body().await;
        }
        let mut decision = None;
        let answer = self.session(page, sessions, payload, deadline, &mut decision, trace);
        let answer = within(deadline, async { Ok(answer.await) }).await;
        let mut response = answer.unwrap_or_else(|late| self.session_problem(page, &late, trace));
        if let (Some(limits), Some(decision)) = (&self.worker.shared.rates, decision) {
            respond::limits(&mut response, limits, &decision);
        }
        self.leave_body();
        running.end(response.http.status().as_u16(), response.bytes, Vec::new());
        response.http
    }

    /// Makes sure that no body comes where none is read. A head can announce one that turns out to be
    /// empty: some gateways frame every request as chunked.
    async fn expect_no_body(
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
    pub(crate) async fn read_body(&self) {
        if let Some(flow) = self.flow {
            flow.read_body().await;
        }
    }

    /// Ends the connection behind the answer if there may be a body that was not read, because it must
    /// not be taken for the next request.
    fn leave_body(&self) {
        if let Some(flow) = self.flow
            && perimeter::brings_body(self.request)
        {
            flow.close_after();
        }
    }

    /// Runs the endpoint, or answers with its whole page where it is kept.
    async fn page(&self, endpoint: &Endpoint, cx: &Cx) -> Result<Made> {
        let uri = self.request.uri();
        let kept = endpoint.page_kept().filter(|_| uri.query().is_none());
        let (Some(keep), Some(cache)) = (kept, &self.worker.shared.cache) else {
            return run(endpoint, cx).await.map(Made::once);
        };
        let key = format!("page:{}", uri.path());
        if let Some(made) = cache.page(&key).and_then(|page| KeptPage::of(page).made()) {
            return Ok(made);
        }
        let answer = run(endpoint, cx).await?;
        if cx.is_degraded() {
            return Ok(Made::once(answer));
        }
        let took = cx.deadline().start().elapsed();
        let left = keep.saturating_sub(took);
        let fresh_for = freshness::left(&cx.lookups(), took).unwrap_or(left).min(left);
        let page = KeptPage::new(answer.content(), fresh_for).into_bytes();
        cache.keep_page(&key, page, keep, took, &cx.take_tags());
        Ok(Made { answer, fresh_for: Some(fresh_for) })
    }

    /// Refuses a request because of overload, at the least cost.
    fn shed(&self, endpoint: &Endpoint, trace: &TraceContext) -> HttpResponse {
        let message = "Too many requests at the moment. Please try again in a few seconds.";
        // Clients that were refused together must not come back together.
        let wait = Duration::from_secs(fastrand::u64(1..=MAX_SHED_WAIT_SECONDS));
        let problem = Problem::new(Class::Unavailable, "OVERLOADED", message).retry_after(wait);
        let response = respond::problem(&problem, trace.trace_id, None);
        let status = response.http.status().as_u16();
        self.worker.telemetry.handles.shed(endpoint.name(), status);
        response.http
    }

    fn context(
        &self,
        deadline: Deadline,
        trace: TraceContext,
        parameters: Parameters,
        principal: Option<Arc<Principal>>,
        body: Bytes,
    ) -> Cx {
        let Self { request, worker, .. } = *self;
        let is_write = request.method() == Method::POST;
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
}

/// Runs the handler. A panic in it ends this request and nothing else.
async fn run(endpoint: &Endpoint, cx: &Cx) -> Result<Answer> {
    let handler = AssertUnwindSafe(endpoint.answer(cx)).catch_unwind();
    let crashed = |_panic| Err(respond::internal());
    within(cx.deadline(), async { handler.await.unwrap_or_else(crashed) }).await
}

pub(crate) async fn within<T>(
    deadline: Deadline,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let late = |_| Problem::new(Class::Late, "TOO_LATE", "This took too long. Please try again.");
    timeout_at(deadline.end(), work).await.map_err(late)?
}

fn conclude(
    request: &HttpRequest,
    worker: &Worker,
    place: usize,
    cx: &Cx,
    lookups: &[Looked],
    outcome: Result<Made>,
) -> Response {
    match (outcome, worker.shared.table.headers(place)) {
        (Ok(made), Some(fixed)) => {
            let debugged = worker.shared.debug_header.then_some(lookups);
            let latency = cx.deadline().start().elapsed();
            let fresh_for = made.fresh_for.or_else(|| freshness::left(lookups, latency));
            let made = Made { fresh_for, ..made };
            respond::answer(request, cx, fixed, made, latency, debugged)
        }
        (Err(problem), _) => respond::problem(&problem, cx.trace().trace_id, None),
        (Ok(_), None) => respond::problem(&respond::internal(), cx.trace().trace_id, None),
    }
}
