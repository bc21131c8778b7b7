//! One endpoint as an operation of OpenAPI: what it takes and what it answers with.

use crate::{
    Surface,
    names::{Names, operation_id},
    problems,
    schema::{self, reference},
};
use bff_core::{Audience, Auth, Cursor, Endpoint, IdempotencyKey, Method, Need, Page};
use serde_json::{Map, Value, json};

/// The operation of an endpoint.
pub(crate) fn of(surface: &Surface<'_>, endpoint: &Endpoint, names: &Names) -> Value {
    let mut operation = json!({
        "operationId": operation_id(endpoint, surface.endpoints),
        "description": format!("Answers with `{}`.", names.name(endpoint.shape())),
        "parameters": parameters(surface.auth, endpoint),
        "responses": responses(surface, endpoint, names),
        "security": security(surface.auth, endpoint),
        "x-audience": match endpoint.audience() {
            Audience::Shared => "shared",
            Audience::Personal => "personal",
        },
        "x-revision": endpoint.shape().revision(),
    });
    let mut add = |name: &str, value: Value| {
        if let Some(operation) = operation.as_object_mut() {
            operation.insert(name.to_owned(), value);
        }
    };
    if let Some(body) = endpoint.body() {
        let content = json!({"application/json": {"schema": schema::of(body, names)}});
        add("requestBody", json!({"required": true, "content": content}));
    }
    if endpoint.needs().iter().any(|need| matches!(need, Need::Paging)) {
        add("x-paged", json!(true));
    }
    if let Some(bytes) = endpoint.payload_budget() {
        add("x-payload-budget-bytes", json!(bytes));
    }
    operation
}

/// Headers that many responses have.
pub(crate) fn headers() -> Value {
    let text =
        |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let required = |description: &str| json!({"description": description, "required": true, "schema": {"type": "string"}});
    json!({
        "XTraceId": required("Names the request in logs and traces."),
        "CacheControl": required("How long the answer may be shown again, and by whom."),
        "ETag": text("A strong validator of the view; a degraded answer has none."),
        "Vary": required("What else the answer depends on."),
        "Degraded": text("The sections that are not fresh, as structured fields (RFC 9651)."),
        "RateLimit": text("How much is left (draft-ietf-httpapi-ratelimit-headers)."),
        "RateLimitPolicy": text("How much there is (draft-ietf-httpapi-ratelimit-headers)."),
        "RetryAfter": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 0},
        },
        "WWWAuthenticate": text("What would let the caller in (RFC 6750)."),
        "Allow": text("The methods that the path answers to."),
    })
}

/// What callers may show.
pub(crate) fn schemes(auth: Auth) -> Value {
    let bearer = json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"});
    match auth {
        Auth::Bearer => json!({"bearer": bearer}),
        Auth::BearerOrApiKey => json!({
            "bearer": bearer,
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }),
        Auth::Session => json!({"session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-Http-session",
            "description": "Set by the login at `/bff/login`; the name is the default one.",
        }}),
        Auth::Open => json!({}),
    }
}

fn security(auth: Auth, endpoint: &Endpoint) -> Value {
    if !problems::is_asked(endpoint, auth) {
        return json!([]);
    }
    let scopes: Vec<_> = endpoint.scopes().collect();
    match auth {
        Auth::Bearer => json!([{"bearer": scopes}]),
        Auth::BearerOrApiKey => json!([{"bearer": scopes}, {"apiKey": scopes}]),
        Auth::Session => json!([{"session": scopes}]),
        Auth::Open => json!([]),
    }
}

fn parameters(auth: Auth, endpoint: &Endpoint) -> Vec<Value> {
    let in_path = endpoint.path().split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let schema = json!({"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"});
        Some(json!({"name": name, "in": "path", "required": true, "schema": schema}))
    });
    let mut all: Vec<Value> = in_path.collect();
    for need in endpoint.needs() {
        match need {
            Need::Paging => all.extend(page()),
            Need::IdempotencyKey => all.push(idempotency_key()),
            Need::Nothing | Need::Parameter(_) | Need::Grant(_) | Need::Body(_) => {}
        }
    }
    if auth == Auth::Session && problems::is_asked(endpoint, auth) {
        all.push(csrf());
    }
    all
}

pub(crate) fn csrf() -> Value {
    json!({
        "name": "X-CSRF",
        "in": "header",
        "required": true,
        "description": "Shows that a page of this origin asks.",
        "schema": {"type": "string", "const": "1"},
    })
}

fn page() -> [Value; 2] {
    let limit = json!({
        "type": "integer",
        "minimum": 1,
        "maximum": Page::MAX_LIMIT,
        "default": Page::DEFAULT_LIMIT,
    });
    let most = Cursor::MAX_ENCODED_BYTES;
    let cursor = json!({"type": "string", "pattern": format!("^[A-Za-z0-9_=.~-]{{1,{most}}}$")});
    [
        json!({"name": "limit", "in": "query", "schema": limit}),
        json!({
            "name": "cursor",
            "in": "query",
            "description": "The `nextCursor` of an earlier page.",
            "schema": cursor,
        }),
    ]
}

fn idempotency_key() -> Value {
    let most = IdempotencyKey::MAX_BYTES;
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": true,
        "description": "A new one for each thing to do, the same one when trying again.",
        "schema": {"type": "string", "pattern": format!("^\"?[A-Za-z0-9._-]{{1,{most}}}\"?$")},
    })
}

fn responses(surface: &Surface<'_>, endpoint: &Endpoint, names: &Names) -> Map<String, Value> {
    let name = names.name(endpoint.shape());
    let revision = endpoint.shape().revision();
    let version = format!("{}.{}/{revision}", surface.name, endpoint.name());
    let envelope = json!({
        "type": "object",
        "required": ["meta"],
        "properties": {"meta": reference("schemas", "Meta")},
    });
    let headers = |names: &[&str]| {
        let mut headers: Map<String, Value> = names
            .iter()
            .map(|name| ((*name).to_owned(), reference("headers", &name.replace('-', ""))))
            .collect();
        let schema = json!({"type": "string", "const": version});
        headers.insert("X-Schema-Version".to_owned(), json!({"required": true, "schema": schema}));
        headers
    };
    let stable = ["X-Trace-Id", "Cache-Control", "Vary", "ETag"];
    let all = [&stable[..], &["Degraded", "RateLimit", "RateLimit-Policy"]].concat();
    let schema = json!({"allOf": [reference("schemas", &name), envelope]});
    let mut responses = problems::of(endpoint, surface.auth);
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "The view in its envelope.",
            "headers": headers(&all),
            "content": {"application/json": {"schema": schema}},
        }),
    );
    if endpoint.method() == Method::Get {
        let description = "The client has the same view already.";
        let response = json!({"description": description, "headers": headers(&stable)});
        responses.insert("304".to_owned(), response);
    }
    responses
}
