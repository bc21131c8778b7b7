//! A panic ends the request in which it happens, with a problem like any other, and nothing else.
//!
//! The panic itself is one log line with its place; see `telemetry::logs`.

use crate::request::respond;
use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    middleware::Next,
};
use bff_core::{TraceContext, TraceId};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

/// What `answering` answers, or the problem that stands for a panic in it.
pub(crate) async fn problem_for_panic(
    trace_id: TraceId,
    answering: impl Future<Output = HttpResponse>,
) -> HttpResponse {
    let answered = AssertUnwindSafe(answering).catch_unwind().await;
    answered.unwrap_or_else(|_panic| internal(trace_id))
}

/// The same around all pages of a port that has routes of actix's.
pub(crate) async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|_panic| {
        let trace = TraceContext::continue_from(None, None, || false);
        Err(InternalError::from_response("a page panicked", internal(trace.trace_id)).into())
    })
}

fn internal(trace_id: TraceId) -> HttpResponse {
    respond::problem(&respond::internal(), trace_id, None).http
}

#[cfg(test)]
mod tests {
    use super::{around, problem_for_panic};
    use actix_web::{
        App, HttpResponse,
        http::header::CONTENT_TYPE,
        middleware::from_fn,
        test::{TestRequest, call_service, init_service, try_call_service},
        web,
    };
    use bff_core::TraceContext;

    #[actix_web::test]
    async fn c18_a_panic_before_and_after_a_wait_is_a_problem_with_the_trace() {
        let trace = TraceContext::continue_from(None, None, || false).trace_id;
        let at_once = problem_for_panic(trace, async { panic!("at once") }).await;
        let later = problem_for_panic(trace, async {
            tokio::task::yield_now().await;
            panic!("later")
        });
        for response in [at_once, later.await] {
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers().get("x-trace-id").unwrap(), trace.to_string().as_str());
            assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
        }
        let fine = problem_for_panic(trace, async { HttpResponse::NoContent().finish() }).await;
        assert_eq!(fine.status(), 204);
    }

    #[actix_web::test]
    async fn c18_an_admin_page_that_panics_is_a_problem_too() {
        async fn broken() -> HttpResponse {
            panic!("a page that is broken")
        }
        let app = App::new().wrap(from_fn(around)).route("/", web::get().to(broken));
        let app = init_service(app).await;
        let broken = try_call_service(&app, TestRequest::get().to_request()).await;
        let response = broken.err().unwrap().error_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
        let missing = TestRequest::with_uri("/missing").to_request();
        assert_eq!(call_service(&app, missing).await.status(), 404);
    }
}
