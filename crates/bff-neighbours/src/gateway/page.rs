//! The page of the gateway: what a script of the shop's own origin can do with a session.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
};

/// Where the page's script is.
pub(super) const SCRIPT: &str = "/development/page.js";
/// Where its style is.
pub(super) const STYLE: &str = "/development/page.css";
/// Nothing but its own files and its own origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn html() -> HttpResponse {
    file("text/html; charset=utf-8", include_str!("page.html").to_owned())
}

pub(super) async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", include_str!("page.js").to_owned())
}

/// The look of the identity provider's pages, and a little more.
pub(super) async fn style() -> HttpResponse {
    let style = concat!(include_str!("../idp/page.css"), include_str!("page.css"));
    file("text/css; charset=utf-8", style.to_owned())
}

fn file(content_type: &str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text)
}
