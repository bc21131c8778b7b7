//! Where a request goes, or why it goes nowhere.

use super::{
    arrival::Arrival,
    perimeter, respond,
    sign_in::{self, Page},
};
use crate::telemetry::report::Running;
use actix_web::HttpResponse;
use bff_auth::Sessions;
use bff_core::{Class, Deadline, Endpoint, Found, Parameters, Problem, TraceContext};
use bytes::Bytes;
use std::time::Duration;

/// The name under which requests that reach no endpoint are counted.
const NO_ENDPOINT: &str = "none";
/// What a request that reaches no endpoint may take; it takes nothing.
const NO_BUDGET: Duration = Duration::from_secs(1);

/// Where a request goes.
pub(super) enum To<'a> {
    Endpoint(Destination<'a>),
    Session(Page, &'a Sessions),
}

/// The endpoint that a request is for.
pub(super) struct Destination<'a> {
    pub(super) place: usize,
    pub(super) endpoint: &'a Endpoint,
    pub(super) parameters: Parameters,
}

/// Why a request reaches no endpoint; with the methods that would.
pub(super) struct Refusal<'a> {
    problem: Problem,
    allow: Option<&'a str>,
}

impl<'a> Arrival<'a> {
    pub(super) fn find(&self) -> Result<To<'a>, Refusal<'a>> {
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
                    problem: sign_in::wrong_method(page),
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

    pub(super) fn refuse(&self, refusal: &Refusal<'_>, trace: TraceContext) -> HttpResponse {
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
}
