//! The pages at which browsers sign in and out, which every BFF with sessions has beside its
//! endpoints: `/bff/login`, `/bff/callback`, `/bff/user`, `/bff/logout`, `/bff/backchannel-logout`.
//!
//! A person who reads an answer gets problems as HTML; what is described is what a program gets.

use crate::{
    operation::csrf,
    problems,
    schema::{self, reference},
};
use bff_core::Class;
use serde_json::{Map, Value, json};

/// What any of them may be refused with: the address, the head, or for lack of a provider or store.
const ALL: [Class; 6] = [
    Class::Invalid,
    Class::UriTooLong,
    Class::HeadersTooLarge,
    Class::Unavailable,
    Class::Late,
    Class::Loop,
];

/// The pages by their paths.
pub(crate) fn paths() -> [(&'static str, Value); 5] {
    [
        ("/bff/login", json!({"get": login()})),
        ("/bff/callback", json!({"get": callback()})),
        ("/bff/user", json!({"get": user()})),
        ("/bff/logout", json!({"get": logout()})),
        ("/bff/backchannel-logout", json!({"post": backchannel_logout()})),
    ]
}

fn login() -> Value {
    let return_to = "Where to go afterwards: a path of this site, or a URL of an allowed origin.";
    json!({
        "operationId": "bffLogin",
        "description": "A browser goes here to sign in, and is sent on to the identity provider. A problem is HTML for a navigation that accepts it; where another site led here, that page leads here again.",
        "parameters": [
            in_query("return_to", return_to, json!({"default": "/", "maxLength": 1024})),
            in_query("keep", "With `true`, a user who is signed in goes on at once.", json!({})),
        ],
        "responses": responses(&[Class::Forbidden], redirect("To the identity provider.")),
        "security": [],
    })
}

fn callback() -> Value {
    let value = |name, description| in_query(name, description, json!({}));
    json!({
        "operationId": "bffCallback",
        "description": "The identity provider sends the browser back here (RFC 6749, section 4.1.2). It takes the cookie that `/bff/login` set. A problem is HTML for a navigation that accepts it.",
        "parameters": [
            value("state", "Says which login it is that comes back."),
            value("code", "What the provider gives out for a user who signed in."),
            value("error", "Why there is no code."),
            value("iss", "Which provider it is (RFC 9207)."),
        ],
        "responses": responses(
            &[Class::Forbidden, Class::BadGateway],
            redirect("Signed in: to the `return_to` of the login, with the session's cookie."),
        ),
        "security": [],
    })
}

fn user() -> Value {
    let slide = "With `false`, the look does not make the session last longer.";
    let seconds = json!({"type": "integer", "minimum": 0});
    let body = json!({
        "type": "object",
        "required": ["claims", "sessionExpiresInSeconds", "idleAfterSeconds", "logoutUrl"],
        "properties": {
            "claims": {
                "type": "object",
                "description": "What the provider says about the user, as far as it is configured.",
                "required": ["sub"],
                "properties": {"sub": schema::text()},
            },
            "sessionExpiresInSeconds": seconds,
            "idleAfterSeconds": seconds,
            "logoutUrl": {"type": "string", "pattern": "^/bff/logout\\?key=[0-9a-f]{32}$"},
        },
    });
    let mut signed_in = answer("Who is signed in, and for how long.", Map::new());
    if let Some(members) = signed_in.as_object_mut() {
        members.insert("content".to_owned(), json!({"application/json": {"schema": body}}));
    }
    json!({
        "operationId": "bffUser",
        "description": "What a page may know about its session. Never a token.",
        "parameters": [in_query("slide", slide, json!({})), csrf()],
        "responses": responses(&[Class::Unauthenticated, Class::Forbidden], ("200", signed_in)),
        "security": [{"session": []}],
    })
}

fn logout() -> Value {
    let key = "From `logoutUrl` of `/bff/user`, so that no other site can sign anybody out.";
    let to =
        "To the identity provider's own logout; without a session's cookie to where logout ends.";
    json!({
        "operationId": "bffLogout",
        "description": "A browser goes here to sign out: the session ends here, and then at the identity provider. Without the cookie of a session nothing ends. A problem is HTML for a navigation that accepts it.",
        "parameters": [in_query("key", key, json!({}))],
        "responses": responses(&[Class::Forbidden], redirect(to)),
        "security": [],
    })
}

fn backchannel_logout() -> Value {
    let form = json!({
        "type": "object",
        "required": ["logout_token"],
        "properties": {"logout_token": {"type": "string", "description": "A JWT of the provider's."}},
    });
    let content = json!({"application/x-www-form-urlencoded": {"schema": form}});
    let ended = answer("None of the sessions that the token names is left.", Map::new());
    json!({
        "operationId": "bffBackchannelLogout",
        "description": "The identity provider ends sessions (OpenID Connect Back-Channel Logout 1.0).",
        "requestBody": {"required": true, "content": content},
        "responses": responses(&[Class::RequestTimeout, Class::BodyTooLarge], ("200", ended)),
        "security": [],
    })
}

/// Control characters are refused in every address.
fn in_query(name: &str, description: &str, more: Value) -> Value {
    let mut schema = json!({"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"});
    if let (Some(schema), Value::Object(more)) = (schema.as_object_mut(), more) {
        schema.extend(more);
    }
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

/// 303, so that no form is sent on (RFC 9700, section 4.12).
fn redirect(description: &str) -> (&'static str, Value) {
    let cookie = "Sets or takes away the cookies of the session and of the login.";
    let headers = Map::from_iter([
        (
            "Location".to_owned(),
            json!({"required": true, "schema": {"type": "string", "format": "uri-reference"}}),
        ),
        ("Set-Cookie".to_owned(), json!({"description": cookie, "schema": schema::text()})),
    ]);
    ("303", answer(description, headers))
}

/// Nobody keeps an answer of these pages.
fn answer(description: &str, mut headers: Map<String, Value>) -> Value {
    headers.insert("X-Trace-Id".to_owned(), reference("headers", "XTraceId"));
    let no_store = json!({"required": true, "schema": {"type": "string", "const": "no-store"}});
    headers.insert("Cache-Control".to_owned(), no_store);
    json!({"description": description, "headers": headers})
}

fn responses(more: &[Class], (status, good): (&str, Value)) -> Map<String, Value> {
    let mut responses = problems::references(ALL.into_iter().chain(more.iter().copied()));
    responses.insert(status.to_owned(), good);
    responses
}
