//! Answering with an endpoint's page: caller, body, handler, response.

use super::{
    admit::Admitted,
    arrival::{Arrival, within},
    freshness::{self, KeptPage, Made},
    perimeter,
    respond::{self, Response},
    route::Destination,
};
use crate::{
    process::worker::Worker,
    telemetry::report::{Route, Running},
};
use actix_web::{HttpRequest, HttpResponse, web};
use bff_core::{Answer, Class, Cx, Deadline, Endpoint, Looked, Problem, Result, TraceContext};
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, time::Duration};

/// The longest wait that a client is asked for when there is too much to do.
const MAX_SHED_WAIT_SECONDS: u64 = 3;

impl Arrival<'_> {
    pub(super) async fn answer(
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

    /// Runs the endpoint, or answers with its whole page where it is kept.
    async fn page(&self, endpoint: &Endpoint, cx: &Cx) -> Result<Made> {
        let kept = endpoint.page_kept().zip(self.worker.shared.cache.as_ref());
        let kept = kept.and_then(|(keep, cache)| Some((keep, cache, endpoint.page_key(cx)?)));
        let Some((keep, cache, key)) = kept else {
            return run(endpoint, cx).await.map(Made::once);
        };
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
}

/// Runs the handler. A panic in it ends this request and nothing else.
async fn run(endpoint: &Endpoint, cx: &Cx) -> Result<Answer> {
    let handler = AssertUnwindSafe(endpoint.answer(cx)).catch_unwind();
    let crashed = |_panic| Err(respond::internal());
    within(cx.deadline(), async { handler.await.unwrap_or_else(crashed) }).await
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
