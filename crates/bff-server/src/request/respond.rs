//! From an outcome to an HTTP response: envelope, validators, cache headers, encoding.

use super::{encoding::Coding, freshness::Made, headers::lines, table::FixedHeaders};
use crate::telemetry::report::Listed;
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use bff_core::{
    Answer, Class, Cx, Looked, Meta, Note, Problem, TraceId,
    fields::{self, Quotes},
};
use bff_limits::{Decision, Limits};
use std::time::{Duration, SystemTime};
use xxhash_rust::xxh3::Xxh3Default;

const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
pub(crate) const SCHEMA_VERSION: HeaderName = HeaderName::from_static("x-schema-version");
const DEGRADED: HeaderName = HeaderName::from_static("degraded");
/// What came from where, where it is switched on.
const CACHE_DEBUG: HeaderName = HeaderName::from_static("x-cache-debug");

/// How often the caller may ask (draft-ietf-httpapi-ratelimit-headers).
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The shape of every problem, on every surface.
const PROBLEM_SCHEMA: &str = "problem/1";

/// A response and the size of its body before compression.
pub(crate) struct Response {
    pub(crate) http: HttpResponse,
    pub(crate) bytes: usize,
}

/// 200 with the envelope, or 304 when the client has the same view already. A degraded answer is
/// never stored, and a healthy one no longer than it is fresh. `debugged` are the looks into the
/// cache, where clients are told.
pub(crate) fn answer(
    request: &HttpRequest,
    cx: &Cx,
    fixed: &FixedHeaders,
    made: Made,
    latency: Duration,
    debugged: Option<&[Looked]>,
) -> Response {
    let Made { answer, fresh_for } = made;
    let notes = cx.notes();
    let coding = Coding::choose(request, answer.content().len());
    let etag = notes.is_empty().then(|| etag(fixed, &answer, coding));
    if let Some(etag) = &etag
        && client_has(request, etag)
    {
        let mut builder = begin(StatusCode::NOT_MODIFIED, cx.trace().trace_id);
        stable_headers(&mut builder, fixed, &notes, fresh_for)
            .insert_header((header::ETAG, etag.as_str()));
        return Response { http: builder.finish(), bytes: 0 };
    }
    let meta = Meta {
        trace_id: cx.trace().trace_id,
        generated_at: SystemTime::now(),
        latency,
        notes: &notes,
    };
    let body = answer.into_body(&meta);
    let bytes = body.len();
    let mut builder = begin(StatusCode::OK, cx.trace().trace_id);
    stable_headers(&mut builder, fixed, &notes, fresh_for)
        .insert_header((header::CONTENT_TYPE, "application/json"));
    if let Some(lookups) = debugged {
        builder.insert_header((CACHE_DEBUG, Listed(lookups).to_string()));
    }
    if let Some(etag) = etag {
        builder.insert_header((header::ETAG, etag));
    }
    if let Some(token) = coding.token() {
        builder.insert_header((header::CONTENT_ENCODING, token));
    }
    match coding.encode(body) {
        Ok(body) => Response { http: builder.body(body), bytes },
        Err(error) => {
            tracing::error!(%error, "an answer could not be compressed");
            problem(&internal(), cx.trace().trace_id, None)
        }
    }
}

/// Says how the request's limits stand.
pub(crate) fn limits(response: &mut Response, limits: &Limits, decision: &Decision) {
    let Some(stand) = limits.headers(decision) else { return };
    let headers = response.http.headers_mut();
    let values = [
        (RATE_LIMIT_POLICY, HeaderValue::from_maybe_shared(stand.policy.clone())),
        (RATE_LIMIT, HeaderValue::from_maybe_shared(stand.limit.to_string())),
    ];
    for (name, value) in values {
        if let Ok(value) = value {
            headers.insert(name, value);
        }
    }
}

/// The problem that stands for a fault of ours; what happened is in the log under the same trace
/// id.
pub(crate) fn internal() -> Problem {
    Problem::new(
        Class::Internal,
        "INTERNAL",
        "Something went wrong on our side. Please try again later.",
    )
}

/// `application/problem+json`; never stored anywhere. `allow` goes with a 405.
pub(crate) fn problem(problem: &Problem, trace_id: TraceId, allow: Option<&str>) -> Response {
    let class = problem.class();
    let status = StatusCode::from_u16(class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = begin(status, trace_id);
    builder
        .insert_header((header::CONTENT_TYPE, "application/problem+json"))
        .insert_header((SCHEMA_VERSION, HeaderValue::from_static(PROBLEM_SCHEMA)))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if let Some(seconds) = problem.retry_after_seconds() {
        builder.insert_header((header::RETRY_AFTER, seconds));
    }
    if let Some(methods) = allow {
        builder.insert_header((header::ALLOW, methods));
    }
    if let Some(challenge) = challenge(problem) {
        builder.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    let body = problem.to_json(trace_id);
    Response { bytes: body.len(), http: builder.body(body) }
}

/// What would let the caller in (RFC 6750, section 3).
fn challenge(problem: &Problem) -> Option<HeaderValue> {
    if let Some(scope) = problem.missing_scope() {
        let text = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
        return HeaderValue::from_str(&text).ok();
    }
    match (problem.class(), problem.code()) {
        (Class::Unauthenticated, "TOKEN_EXPIRED" | "TOKEN_INVALID") => {
            Some(HeaderValue::from_static(r#"Bearer error="invalid_token""#))
        }
        (Class::Unauthenticated, _) => Some(HeaderValue::from_static("Bearer")),
        _ => None,
    }
}

/// What every answer begins with.
pub(crate) fn begin(status: StatusCode, trace_id: TraceId) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder
        .insert_header((TRACE_ID, trace_id.to_string()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    builder
}

/// Those that a 304 repeats.
fn stable_headers<'a>(
    builder: &'a mut HttpResponseBuilder,
    fixed: &FixedHeaders,
    notes: &[Note],
    fresh_for: Option<Duration>,
) -> &'a mut HttpResponseBuilder {
    builder
        .insert_header((SCHEMA_VERSION, fixed.schema.clone()))
        .insert_header((header::VARY, fixed.vary.clone()));
    if notes.is_empty() {
        return builder
            .insert_header((header::CACHE_CONTROL, fixed.cache_control.within(fresh_for)));
    }
    builder
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((DEGRADED, Listed(notes).to_string()))
}

/// A strong validator of the view: `meta` is about this one response and does not count. Each
/// encoding has its own (RFC 9110 section 8.8.3.3).
fn etag(fixed: &FixedHeaders, answer: &Answer, coding: Coding) -> String {
    let mut hasher = Xxh3Default::new();
    hasher.update(fixed.schema.as_bytes());
    hasher.update(answer.content());
    let hash = hasher.digest128();
    coding
        .token()
        .map_or_else(|| format!("\"{hash:032x}\""), |token| format!("\"{hash:032x}-{token}\""))
}

/// `If-None-Match`, compared as RFC 9110 section 13.1.2 says.
fn client_has(request: &HttpRequest, etag: &str) -> bool {
    let tags = || fields::members(lines(request, header::IF_NONE_MATCH), Quotes::Tags);
    let is_any = tags().eq([b"*"]);
    is_any || tags().any(|tag| tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes())
}
