//! The few pages that the server itself shows to people: where signing in stands, in plain words.
//!
//! Without a script, and with a policy that allows nothing but the page's own style.

use super::{
    encoding::weight,
    headers::lines,
    respond::{Response, SCHEMA_VERSION},
};
use crate::console::{Escaped, hash};
use actix_web::{
    HttpRequest, HttpResponseBuilder,
    http::header::{self, HeaderValue},
};
use bff_auth::Onward;
use bff_core::{
    Problem, TraceId,
    fields::{self, Quotes},
};
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");

static SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(STYLE)
    )
});

/// Whether `Accept` names HTML. A script that takes everything (`*/*`) is better off with JSON.
pub(crate) fn is_taken(request: &HttpRequest) -> bool {
    fields::members(lines(request, header::ACCEPT), Quotes::Strings).any(|range| {
        let (name, parameters) = fields::parameters(range);
        name.eq_ignore_ascii_case(b"text/html") && weight(parameters) != Some(0)
    })
}

/// A problem as a page: `response` is what a script would get.
pub(crate) fn problem(response: Response, problem: &Problem, trace_id: TraceId) -> Response {
    let (title, text, again) = words(problem.code());
    let again = again.map(|label| link("/bff/login", " class=\"go\"", label)).unwrap_or_default();
    let home = link("/", "", "Back to the start");
    let body = format!("<h1>{title}</h1><p>{text}</p><p>{again}{home}</p>");
    let (code, mut http) = (problem.code(), response.http);
    let html = document(title, "", &body, code, trace_id);
    http.headers_mut().remove(SCHEMA_VERSION);
    for (name, value) in headers() {
        http.headers_mut().insert(name, value);
    }
    Response { bytes: html.len(), http: http.set_body(html).map_into_boxed_body() }
}

/// A page that leads on to another one of ours.
pub(crate) fn onward(
    mut builder: HttpResponseBuilder,
    onward: &Onward,
    trace_id: TraceId,
) -> Response {
    let to = Escaped(&onward.to);
    let head = match onward.by_itself {
        true => format!("<meta http-equiv=\"refresh\" content=\"0; url={to}\">"),
        false => String::new(),
    };
    let (title, text) = match onward.by_itself {
        true => ("One moment", "You are taken on. If nothing happens, please go on by hand."),
        false => ("Sign in?", "Another site has sent you here to sign in."),
    };
    let go = link(&onward.to, " class=\"go\"", "Go on");
    let home = link("/", "", "Back to the start");
    let body = format!("<h1>{title}</h1><p>{text}</p><p>{go}{home}</p>");
    let html = document(title, &head, &body, "", trace_id);
    for header in headers() {
        builder.insert_header(header);
    }
    Response { bytes: html.len(), http: builder.body(html) }
}

/// What a person is told: a title, what to do, and what the way to sign in is called if it helps.
fn words(code: &str) -> (&'static str, &'static str, Option<&'static str>) {
    match code {
        "LOGIN_UNKNOWN" | "LOGIN_REPLAYED" => (
            "This sign-in is over",
            "It was finished already, took too long, or began in another browser. \
             If you are not signed in, please sign in again.",
            Some("Sign in again"),
        ),
        "LOGIN_DENIED" => (
            "You are not signed in",
            "The sign-in was cancelled or not allowed. You can try again at any time.",
            Some("Sign in again"),
        ),
        "INVALID_LOGOUT_KEY" => (
            "You are still signed in",
            "This link to sign out is not valid any more. Please go back to the start and sign out there.",
            None,
        ),
        "INVALID_RETURN_URL" => (
            "This link does not work",
            "It leads to a place that this site does not know.",
            Some("Sign in"),
        ),
        "NOT_A_VISIT" | "CROSS_ORIGIN" => {
            ("This link does not work here", "Please begin at the start of this site.", None)
        }
        "RATE_LIMITED" | "OVERLOADED" => (
            "One moment, please",
            "There are too many requests at the moment. Please try again in a little while.",
            Some("Try again"),
        ),
        "LOGIN_REFUSED" | "LOGIN_MIXED_UP" => (
            "This sign-in did not work",
            "It could not be completed. Please sign in again.",
            Some("Sign in again"),
        ),
        _ => (
            "Signing in does not work at the moment",
            "The trouble is on our side. Please try again in a moment; you need not do anything else.",
            Some("Try again"),
        ),
    }
}

fn link(to: &str, class: &str, label: &str) -> String {
    format!("<a{class} href=\"{}\">{label}</a> ", Escaped(to))
}

fn document(title: &str, head: &str, body: &str, code: &str, trace_id: TraceId) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"dark light\">\
         <meta name=\"robots\" content=\"noindex\">{head}<title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}\
         <small>{code} {trace_id}</small></main></body></html>"
    )
}

fn headers() -> [(header::HeaderName, HeaderValue); 2] {
    // The policy is ASCII.
    let policy = HeaderValue::from_str(&SECURITY_POLICY);
    let policy = policy.unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ]
}
