//! The port for services: the keys by which they check who the user of a call is, and nothing else.
//!
//! It is a port of its own because network policies open ports and not paths: services may come
//! here, and only the scraper to the admin port.

use super::internal_jwks;
use crate::{
    process::worker::Shared,
    request::{guard, respond},
};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::Server as ActixServer, http::Method,
    middleware::from_fn, web,
};
use bff_core::{Class, Problem, TraceContext};
use std::{io, net::TcpListener, sync::Arc};

const PATH: &str = "/internal-jwks";

/// Answers services until it is stopped.
pub(crate) fn keys_server(listener: TcpListener, shared: &Arc<Shared>) -> io::Result<ActixServer> {
    let shared = shared.clone();
    let app = move || {
        let shared = shared.clone();
        let answer = move |request: HttpRequest| {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let is_there = is_read && request.path() == PATH;
            std::future::ready(if is_there { internal_jwks(&shared) } else { nothing_here() })
        };
        App::new().wrap(from_fn(guard::around)).default_service(web::to(answer))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

fn nothing_here() -> HttpResponse {
    let message = "There is nothing at this address.";
    let problem = Problem::new(Class::NotFound, "NO_SUCH_ROUTE", message);
    let trace = TraceContext::continue_from(None, None, || false);
    respond::problem(&problem, trace.trace_id, None).http
}
