//! Answering one request: perimeter, route, caller, deadline, handler, response.

use crate::{
    perimeter,
    respond::{self, Response},
    telemetry::{logs, report::Running},
    worker::Worker,
};
use actix_web::{HttpRequest, HttpResponse, http::header::AUTHORIZATION, web};
use bff_core::{
    Answer, Class, Cx, Deadline, Endpoint, Found, Incoming, Parameters, Problem, Result,
    TraceContext, ports::Principal,
};
use futures_util::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::timeout_at;

/// The name under which requests that reach no endpoint are counted.
const NO_ENDPOINT: &str = "none";
/// What a request that reaches no endpoint may take; it takes nothing.
const NO_BUDGET: Duration = Duration::from_secs(1);

/// The only handler of the public port: everything that a client can send arrives here.
pub(crate) async fn serve(request: HttpRequest, worker: web::Data<Worker>) -> HttpResponse {
    let received = SystemTime::now();
    let trace = trace_of(&request, &worker);
    logs::in_trace(trace.trace_id, respond(&request, &worker, received, trace)).await
}

fn trace_of(request: &HttpRequest, worker: &Worker) -> TraceContext {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let ratio = worker.shared.sample_ratio;
    TraceContext::continue_from(header("traceparent"), header("tracestate"), || {
        fastrand::f64() < ratio
    })
}

async fn respond(
    request: &HttpRequest,
    worker: &Worker,
    received: SystemTime,
    trace: TraceContext,
) -> HttpResponse {
    let refused = |problem: &Problem, allow, trace: TraceContext| {
        let response = respond::problem(problem, trace.trace_id, allow);
        let deadline = Deadline::starting_now(NO_BUDGET);
        let cx = context(request, worker, deadline, trace, Parameters::new(), None);
        Running::begin(&worker.telemetry, NO_ENDPOINT, received, cx)
            .end(problem.class().status(), response.bytes);
        response.http
    };
    if let Err(problem) = perimeter::check(request, &worker.shared.limits) {
        return refused(&problem, None, trace);
    }
    match worker.shared.table.routes.find(request.method().as_str(), request.uri().path()) {
        Found::NotFound => {
            let message = "There is nothing at this address.";
            refused(&Problem::new(Class::NotFound, "NO_SUCH_ROUTE", message), None, trace)
        }
        Found::MethodNotAllowed { allow } => {
            let message = format!("This address answers to {allow} only.");
            refused(
                &Problem::new(Class::MethodNotAllowed, "METHOD_NOT_ALLOWED", message),
                Some(allow),
                trace,
            )
        }
        Found::Endpoint(place, endpoint, parameters) => {
            let deadline = Deadline::starting_now(endpoint.budget());
            let caller = within(deadline, authenticate(request, worker)).await;
            let (caller, refusal) = match caller {
                Ok(caller) => (caller, None),
                Err(problem) => (None, Some(problem)),
            };
            let cx = context(request, worker, deadline, trace, parameters, caller);
            let running = Running::begin(&worker.telemetry, endpoint.name(), received, cx);
            let outcome = match refusal {
                Some(problem) => Err(problem),
                None => run(endpoint, &running.cx).await,
            };
            let response = conclude(request, worker, place, &running.cx, outcome);
            running.end(response.http.status().as_u16(), response.bytes);
            response.http
        }
    }
}

fn context(
    request: &HttpRequest,
    worker: &Worker,
    deadline: Deadline,
    trace: TraceContext,
    parameters: Parameters,
    principal: Option<Arc<Principal>>,
) -> Cx {
    Cx::new(Incoming {
        bff: worker.shared.bff,
        transport: worker.transport.clone(),
        store: worker.store.clone(),
        principal,
        trace,
        deadline,
        parameters,
        query: request.uri().query().unwrap_or_default().to_owned(),
    })
}

/// Nobody for a BFF that asks nobody. Two `Authorization` headers are none that can be trusted.
async fn authenticate(request: &HttpRequest, worker: &Worker) -> Result<Option<Arc<Principal>>> {
    let Some(authenticator) = &worker.authenticator else { return Ok(None) };
    let mut credentials = request.headers().get_all(AUTHORIZATION);
    let credential = credentials.next().filter(|_| credentials.next().is_none());
    let credential = credential.and_then(|value| value.to_str().ok());
    authenticator.authenticate(credential).await.map(Some)
}

/// Runs the handler. A panic in it ends this request and nothing else.
async fn run(endpoint: &Endpoint, cx: &Cx) -> Result<Answer> {
    let handler = AssertUnwindSafe(endpoint.answer(cx)).catch_unwind();
    let crashed = |_panic| Err(respond::internal());
    within(cx.deadline(), async { handler.await.unwrap_or_else(crashed) }).await
}

async fn within<T>(deadline: Deadline, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Problem::new(Class::Late, "TOO_LATE", "This took too long. Please try again.");
    timeout_at(deadline.end(), work).await.map_err(late)?
}

fn conclude(
    request: &HttpRequest,
    worker: &Worker,
    place: usize,
    cx: &Cx,
    outcome: Result<Answer>,
) -> Response {
    match (outcome, worker.shared.table.headers(place)) {
        (Ok(answer), Some(fixed)) => respond::answer(request, cx, fixed, answer),
        (Err(problem), _) => respond::problem(&problem, cx.trace().trace_id, None),
        (Ok(_), None) => respond::problem(&respond::internal(), cx.trace().trace_id, None),
    }
}
