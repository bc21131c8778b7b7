//! One request, read strictly: parameters at most once, in the query or in a form.

use super::reply::OAuthError;
use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{AUTHORIZATION, CONTENT_TYPE, COOKIE},
    },
};
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The longest query or form.
pub(super) const LONGEST: usize = 16 * 1024;

/// Parameters; an empty one counts as left out (RFC 6749, section 3.1).
#[derive(Clone, Debug, Default)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        if text.len() > LONGEST {
            return Err(OAuthError::invalid_request("too long"));
        }
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text).filter(|(_, value)| !value.is_empty()) {
            if params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OAuthError::invalid_request("a parameter is there twice"));
            }
        }
        Ok(Self(params))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that has to be there.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }
}

/// A request and what the endpoints need of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) params: Params,
    pub(super) authorization: Option<String>,
    cookies: String,
}

impl Asked {
    pub(super) fn read(request: &HttpRequest, body: &[u8]) -> Result<Self, OAuthError> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_form = header(CONTENT_TYPE)
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded");
        let params = match *request.method() {
            Method::POST if body.is_empty() => Params::default(),
            Method::POST if is_form => Params::parse(body)?,
            Method::POST => return Err(OAuthError::invalid_request("the body is no form")),
            _ => Params::parse(request.query_string().as_bytes())?,
        };
        Ok(Self {
            method: request.method().clone(),
            path: request.path().to_owned(),
            params,
            authorization: header(AUTHORIZATION).map(str::to_owned),
            cookies: header(COOKIE).unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// What follows `scheme` in the `Authorization` header.
    pub(super) fn credential(&self, scheme: &str) -> Option<&str> {
        let (known, value) = self.authorization.as_deref()?.split_once(' ')?;
        known.eq_ignore_ascii_case(scheme).then(|| value.trim())
    }
}
