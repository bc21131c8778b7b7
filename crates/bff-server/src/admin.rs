//! The admin port: is it alive, is it ready, what did it count.

use crate::{health::Health, telemetry::metrics::Metrics};
use actix_web::{HttpResponse, web};
use std::sync::Arc;

/// The content type of the OpenMetrics text format, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes(
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let (startup, readiness, metrics) = (health.clone(), health.clone(), metrics.clone());
    move |app| {
        app.route("/livez", web::get().to(|| async { answer(true, "alive") }))
            .route(
                "/startupz",
                web::get().to(move || std::future::ready(answer(startup.started(), "started"))),
            )
            .route(
                "/readyz",
                web::get().to(move || std::future::ready(answer(readiness.ready(), "ready"))),
            )
            .route("/metrics", web::get().to(move || std::future::ready(scrape(&metrics))));
    }
}

fn answer(yes: bool, word: &'static str) -> HttpResponse {
    if yes {
        HttpResponse::Ok().body(word)
    } else {
        HttpResponse::ServiceUnavailable().body(format!("not {word}"))
    }
}

fn scrape(metrics: &Metrics) -> HttpResponse {
    HttpResponse::Ok().content_type(OPEN_METRICS).body(metrics.render())
}
