//! Problems, the only errors that clients see, as responses of OpenAPI.

use crate::{names::type_name, schema::reference};
use bff_core::{Audience, Auth, Class, Endpoint};
use serde_json::{Map, Value, json};

/// Every class that an endpoint can answer with.
const ALL: [Class; 17] = [
    Class::Invalid,
    Class::Unauthenticated,
    Class::Forbidden,
    Class::NotFound,
    Class::MethodNotAllowed,
    Class::RequestTimeout,
    Class::Conflict,
    Class::BodyTooLarge,
    Class::UriTooLong,
    Class::UnsupportedMediaType,
    Class::Unprocessable,
    Class::TooManyRequests,
    Class::HeadersTooLarge,
    Class::Internal,
    Class::BadGateway,
    Class::Unavailable,
    Class::Late,
];

/// One response per class; its name is the status's phrase.
pub(crate) fn components() -> Value {
    let response = |class: Class| (name(class), response(class));
    let all = ALL.into_iter().chain([Class::Loop]).map(response);
    Value::Object(all.collect::<Map<_, _>>())
}

/// The responses of an endpoint that are problems, by status.
pub(crate) fn of(endpoint: &Endpoint, auth: Auth) -> Map<String, Value> {
    let is_asked = is_asked(endpoint, auth);
    let has_body = endpoint.body().is_some();
    let applies = |class: &Class| match class {
        Class::Unauthenticated => is_asked,
        // The server answers it to methods that the document does not list.
        Class::MethodNotAllowed => false,
        Class::BodyTooLarge => has_body,
        _ => true,
    };
    references(ALL.into_iter().chain([Class::Loop]).filter(applies))
}

/// A response for each class, by status.
pub(crate) fn references(classes: impl Iterator<Item = Class>) -> Map<String, Value> {
    let entry = |class: Class| (class.status().to_string(), reference("responses", &name(class)));
    classes.map(entry).collect()
}

/// Whether a caller has to show something.
#[must_use]
pub fn is_asked(endpoint: &Endpoint, auth: Auth) -> bool {
    match auth {
        Auth::Bearer | Auth::BearerOrApiKey => true,
        Auth::Session => endpoint.needs_caller() || endpoint.audience() == Audience::Personal,
        Auth::Open => false,
    }
}

/// The body of every problem (RFC 9457) with the members that this system adds.
pub(crate) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "An error (RFC 9457). `code` is stable and for programs, `message` may be shown to a person.",
        "required": ["type", "title", "status", "code", "message", "traceId", "retryable"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
            "message": {"type": "string"},
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "retryable": {"type": "boolean"},
        },
    })
}

fn response(class: Class) -> Value {
    let mut headers = json!({
        "X-Trace-Id": reference("headers", "XTraceId"),
        "X-Schema-Version": {
            "required": true,
            "schema": {"type": "string", "const": "problem/1"},
        },
        "Cache-Control": {"required": true, "schema": {"type": "string", "const": "no-store"}},
    });
    let mut add = |name: &str| {
        if let Some(headers) = headers.as_object_mut() {
            headers.insert(name.to_owned(), reference("headers", &name.replace('-', "")));
        }
    };
    match class {
        Class::Unauthenticated | Class::Forbidden => add("WWW-Authenticate"),
        Class::TooManyRequests | Class::Unavailable => add("Retry-After"),
        Class::MethodNotAllowed => add("Allow"),
        _ => {}
    }
    json!({
        "description": class.title(),
        "headers": headers,
        "content": {"application/problem+json": {"schema": reference("schemas", "Problem")}},
    })
}

/// `NotFound`.
fn name(class: Class) -> String {
    type_name(&class.title().replace(' ', "-"))
}
