//! One request, in order: `arrival` (what came), `route` (where it goes), `perimeter` (what is refused for its
//! looks), `admit` (who asks, and how often), `pages` or `sign_in` (the answer), `respond` (its bytes).

mod admit;
mod arrival;
mod client;
mod encoding;
mod freshness;
pub(crate) mod guard;
mod headers;
mod pages;
mod people;
mod perimeter;
pub(crate) mod refusals;
pub(crate) mod respond;
mod route;
pub(crate) mod sign_in;
pub(crate) mod table;

use self::{arrival::Arrival, route::To};
use crate::{process::worker::Worker, telemetry::logs};
use actix_web::{HttpRequest, HttpResponse, http::ConnectionType, web};

/// The only handler of the public port: everything that a client can send arrives here.
pub(crate) async fn serve(
    request: HttpRequest,
    payload: web::Payload,
    worker: web::Data<Worker>,
) -> HttpResponse {
    let arrival = Arrival::new(&request, &worker);
    let flow = arrival.flow;
    if let Some(flow) = flow {
        flow.begin().await;
    }
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
