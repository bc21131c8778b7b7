//! The admin port: is it alive, is it ready, what did it count, what are its policies, which
//! keys does it sign with, and what does it answer; and the console, which shows all of it.

pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod state;

use crate::{
    console::{self, Picture},
    process::{health::Health, worker::Shared},
    telemetry::metrics::Metrics,
};
use actix_web::{HttpResponse, web};
use bff_limits::overload::{Level, OverloadSettings};
use bff_openapi::Surface;
use bff_upstream::ServiceStatus;
use serde::Serialize;
use std::sync::Arc;

/// The content type of the OpenMetrics text format, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes(
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
    shared: &Arc<Shared>,
) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let (startup, readiness, metrics) = (health.clone(), health.clone(), metrics.clone());
    let (shared, cached, invalidated) = (shared.clone(), shared.clone(), shared.clone());
    let [signing, described, explained] = [(); 3].map(|()| shared.clone());
    let (versioned, configured) = (shared.clone(), shared.clone());
    let [drawn, drawn_too, told] = [(); 3].map(|()| (shared.clone(), health.clone()));
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
            .route("/", web::get().to(move || std::future::ready(page(&drawn.0, &drawn.1))))
            .route(
                "/console",
                web::get().to(move || std::future::ready(page(&drawn_too.0, &drawn_too.1))),
            )
            .route(
                "/console.json",
                web::get().to(move || std::future::ready(json(&Picture::of(&told.0, &told.1)))),
            )
            .route(
                "/configuration",
                web::get().to(move || {
                    std::future::ready(HttpResponse::Ok().body(configured.configuration.clone()))
                }),
            )
            .route("/metrics", web::get().to(move || std::future::ready(scrape(&metrics))))
            .route("/cache", web::get().to(move || std::future::ready(cache_status(&cached))))
            .route(
                "/cache/tags/{tag}",
                web::delete().to(move |tag: web::Path<String>| {
                    std::future::ready(invalidate(&invalidated, &tag))
                }),
            )
            .route(
                "/openapi.json",
                web::get().to(move || std::future::ready(json(&openapi(&described)))),
            )
            .route("/openapi", web::get().to(move || std::future::ready(reference(&explained))))
            .route(
                "/internal-jwks",
                web::get().to(move || std::future::ready(internal_jwks(&signing))),
            )
            .route("/version", web::get().to(move || std::future::ready(json(&versioned.version))))
            .route("/policy", web::get().to(move || std::future::ready(policy(&shared))));
    }
}

const NO_CACHE: &str = "this BFF keeps nothing: cache.memory_bytes is 0\n";

fn answer(yes: bool, word: &'static str) -> HttpResponse {
    if yes {
        HttpResponse::Ok().body(word)
    } else {
        HttpResponse::ServiceUnavailable().body(format!("not {word}"))
    }
}

/// The console. What it shows may be a user's trace, so nobody keeps it.
fn page(shared: &Shared, health: &Health) -> HttpResponse {
    let html = console::html(&Picture::of(shared, health), &shared.configuration);
    document(html, &console::SECURITY_POLICY)
}

/// What this BFF answers, for people.
fn reference(shared: &Shared) -> HttpResponse {
    document(console::reference(&openapi(shared)), &console::REFERENCE_POLICY)
}

/// A page that nobody keeps, and that may do what its policy says.
fn document(html: String, policy: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", policy))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header(("cache-control", "no-store"))
        .body(html)
}

fn scrape(metrics: &Metrics) -> HttpResponse {
    HttpResponse::Ok().content_type(OPEN_METRICS).body(metrics.render())
}

/// The effective policy and present state of every service and worker.
#[derive(Serialize)]
struct Policy<'a> {
    services: Vec<ServiceStatus>,
    overload: &'a OverloadSettings,
    workers: Vec<WorkerStatus>,
}

#[derive(Serialize)]
struct WorkerStatus {
    level: Level,
    lag_ms: f64,
    in_flight: u32,
    limit: u32,
    refused: u64,
}

fn policy(shared: &Shared) -> HttpResponse {
    let workers = shared.pressures.all();
    let workers = workers.iter().map(|worker| WorkerStatus {
        level: worker.level(),
        lag_ms: worker.lag().as_secs_f64() * 1e3,
        in_flight: worker.in_flight(),
        limit: worker.limit(),
        refused: worker.refused(),
    });
    let policy = Policy {
        services: shared.services.status(),
        overload: &shared.pressures.settings,
        workers: workers.collect(),
    };
    json(&policy)
}

/// The keys by which services check who the user of a call is.
pub(crate) fn internal_jwks(shared: &Shared) -> HttpResponse {
    let keys = shared.credentials.internal_jwks();
    HttpResponse::Ok().content_type("application/jwk-set+json").body(keys)
}

/// The document that is committed in `contracts/`.
fn openapi(shared: &Shared) -> serde_json::Value {
    let Shared { bff: name, auth, table, .. } = shared;
    let surface = Surface { name, auth: *auth, endpoints: table.routes.endpoints() };
    surface.openapi()
}

fn cache_status(shared: &Shared) -> HttpResponse {
    match &shared.cache {
        Some(cache) => json(&cache.status()),
        None => HttpResponse::NotFound().body(NO_CACHE),
    }
}

/// Forgets everything with the tag, in every instance.
fn invalidate(shared: &Shared, tag: &str) -> HttpResponse {
    let Some(cache) = &shared.cache else { return HttpResponse::NotFound().body(NO_CACHE) };
    if !tag.contains(':') {
        return HttpResponse::BadRequest().body("a tag is `kind:value`, such as product:p-1\n");
    }
    cache.invalidate(tag);
    tracing::info!(tag, "invalidated");
    HttpResponse::NoContent().finish()
}

fn json(value: &impl Serialize) -> HttpResponse {
    match serde_json::to_string_pretty(value) {
        Ok(text) => HttpResponse::Ok().content_type("application/json").body(text + "\n"),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}
