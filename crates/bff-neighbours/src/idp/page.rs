//! The few pages that a person sees; whatever is not ours in them is escaped.

use super::{client::Client, secrets::random, users};
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
};
use std::collections::BTreeSet;
use url::Url;

const STYLE: &str = include_str!("page.css");

/// Who are you?
pub(super) fn sign_in(client: &Client, ticket: &str, hint: Option<&str>) -> HttpResponse {
    let buttons: String = users::DEMO.iter().map(|(id, name)| button(id, name)).collect();
    let (id, hint) = (escaped(&client.id), escaped(hint.unwrap_or_default()));
    let body = format!(
        r#"<h1>Sign in</h1>
<p>to continue to <strong>{id}</strong></p>
<p class="note">Development only: nobody is asked for a password.</p>
<form method="post" action="/sign-in">
<input type="hidden" name="ticket" value="{ticket}">
{buttons}</form>
<form class="other" method="post" action="/sign-in">
<input type="hidden" name="ticket" value="{ticket}">
<input name="user" aria-label="Another user, u-1 to u-5000" placeholder="u-1 to u-5000" value="{hint}" required>
<button class="go">Sign in</button>
</form>"#
    );
    let addresses = client.redirect_uris.iter().chain(&client.post_logout_redirect_uris);
    page(StatusCode::OK, "Sign in", &body, addresses)
}

fn button(id: &str, name: &str) -> String {
    let initials: String = name.split(' ').filter_map(|word| word.chars().next()).collect();
    let (id, name, initials) = (escaped(id), escaped(name), escaped(&initials));
    format!(
        "<button class=\"user\" name=\"user\" value=\"{id}\"><span class=\"face\" aria-hidden=\"true\">{initials}</span>\
         <span><b>{name}</b><small>{id}</small></span></button>\n"
    )
}

/// Really?
pub(super) fn sign_out(ticket: &str, to: Option<&str>) -> HttpResponse {
    let body = format!(
        r#"<h1>Sign out?</h1>
<p>This ends your session with every application.</p>
<form method="post" action="/sign-out">
<input type="hidden" name="ticket" value="{ticket}">
<button class="go">Sign out</button>
</form>"#
    );
    page(StatusCode::OK, "Sign out", &body, to)
}

/// Done.
pub(super) fn signed_out() -> HttpResponse {
    page(StatusCode::OK, "Signed out", "<h1>Signed out</h1>\n<p>You can close this page.</p>", NONE)
}

/// An error that must not go to the client, because nobody knows who that is.
pub(super) fn refused(why: &str) -> HttpResponse {
    let body = format!("<h1>This did not work</h1>\n<p>{}</p>", escaped(why));
    page(StatusCode::BAD_REQUEST, "Error", &body, NONE)
}

const NONE: Option<&str> = None;

/// A page whose forms may end, after redirects, at the origins of `addresses`.
fn page(
    status: StatusCode,
    title: &str,
    body: &str,
    addresses: impl IntoIterator<Item = impl AsRef<str>>,
) -> HttpResponse {
    let nonce = random();
    let urls = addresses.into_iter().filter_map(|address| Url::parse(address.as_ref()).ok());
    let origins: BTreeSet<_> = urls
        .map(|url| url.origin())
        .filter(url::Origin::is_tuple)
        .map(|origin| format!(" {}", origin.ascii_serialization()))
        .collect();
    let origins: String = origins.into_iter().collect();
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'{origins}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style nonce=\"{nonce}\">\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n\
             </body>\n</html>\n"
        ))
}

/// Text for an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
