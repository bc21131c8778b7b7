//! Answers: JSON that nobody stores, OAuth errors, pages and redirects.

use super::asked::Params;
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, LOCATION, WWW_AUTHENTICATE},
    },
};
use bff_fixtures::Json;
use serde_json::json;
use std::borrow::Cow;
use url::Url;

/// An error of RFC 6749, section 5.2.
#[derive(Debug)]
pub(super) struct OAuthError {
    status: StatusCode,
    pub(super) code: &'static str,
    pub(super) text: Cow<'static, str>,
}

impl OAuthError {
    pub(super) fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, text: text.into() }
    }

    pub(super) fn invalid_request(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", text)
    }

    pub(super) fn invalid_grant(text: &'static str) -> Self {
        Self::new("invalid_grant", text)
    }

    pub(super) fn invalid_client(text: &'static str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::new("invalid_client", text) }
    }

    /// The answer in JSON.
    pub(super) fn reply(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            reply.insert_header((WWW_AUTHENTICATE, "Basic realm=\"development\""));
        }
        reply
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({ "error": self.code, "error_description": self.text }))
    }

    /// The answer to the client by way of the browser, with `state` and `iss` (RFC 9207).
    pub(super) fn redirect(&self, to: &str, params: &Params, issuer: &str) -> HttpResponse {
        let text = self.text.as_ref();
        redirect(
            to,
            &[
                ("error", Some(self.code)),
                ("error_description", Some(text)),
                ("state", params.get("state")),
                ("iss", Some(issuer)),
            ],
        )
    }
}

/// A good answer of the token endpoint, or an error.
pub(super) fn json_or_error(outcome: Result<Json, OAuthError>) -> HttpResponse {
    match outcome {
        Ok(body) => json(&body),
        Err(error) => error.reply(),
    }
}

pub(super) fn json(body: &Json) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

/// 303 to a registered address with more parameters in its query.
pub(super) fn redirect(to: &str, params: &[(&str, Option<&str>)]) -> HttpResponse {
    let Ok(mut url) = Url::parse(to) else {
        return HttpResponse::InternalServerError().body("the registered address is no URL");
    };
    let mut present = params.iter().filter_map(|(name, value)| Some((name, (*value)?))).peekable();
    // Opening the query would leave a bare `?` behind.
    if present.peek().is_some() {
        url.query_pairs_mut().extend_pairs(present);
    }
    HttpResponse::SeeOther()
        .insert_header((LOCATION, url.as_str()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}
