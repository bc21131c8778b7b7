//! The endpoint table with everything that is the same for every answer, made once.

use actix_web::http::header::HeaderValue;
use bff_core::{Audience, Auth, Bff, Endpoint, Routes, TableError};
use std::time::Duration;

/// The routes and, by place, what every answer of an endpoint carries.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) routes: Routes,
    headers: Vec<FixedHeaders>,
}

/// The headers that an endpoint's healthy answers always have.
#[derive(Debug, Clone)]
pub(crate) struct FixedHeaders {
    /// `mobile.home/3`.
    pub(crate) schema: HeaderValue,
    pub(crate) cache_control: CacheControl,
    pub(crate) vary: HeaderValue,
}

/// What a client and the caches on the way may keep, and for how long.
#[derive(Debug, Clone)]
pub(crate) struct CacheControl {
    /// What the route allows; zero when it says nothing.
    most: Duration,
    is_public: bool,
    /// The header for all of `most`.
    fixed: HeaderValue,
}

impl Table {
    pub(crate) fn of(bff: &Bff) -> Result<Self, TableError> {
        let headers =
            bff.endpoints.iter().map(|endpoint| FixedHeaders::of(bff, endpoint)).collect();
        Ok(Self { routes: Routes::of(bff)?, headers })
    }

    pub(crate) fn headers(&self, place: usize) -> Option<&FixedHeaders> {
        self.headers.get(place)
    }
}

impl FixedHeaders {
    fn of(bff: &Bff, endpoint: &Endpoint) -> Self {
        let schema = format!("{}.{}/{}", bff.name, endpoint.name(), endpoint.shape().revision());
        let vary = match bff.auth {
            Auth::Bearer => "Accept-Encoding, Authorization",
            Auth::BearerOrApiKey => "Accept-Encoding, Authorization, X-API-Key",
            Auth::Session if endpoint.needs_caller() => "Accept-Encoding, Cookie",
            Auth::Session | Auth::Open => "Accept-Encoding",
        };
        Self {
            schema: value(&schema),
            cache_control: CacheControl::of(bff.auth, endpoint),
            vary: HeaderValue::from_static(vary),
        }
    }
}

impl CacheControl {
    /// `public` needs both: nobody's data in it, and nobody asked who they are; else a shared cache
    /// would answer callers that this BFF refuses.
    fn of(auth: Auth, endpoint: &Endpoint) -> Self {
        let asks = match auth {
            Auth::Bearer | Auth::BearerOrApiKey => true,
            Auth::Session => endpoint.needs_caller(),
            Auth::Open => false,
        };
        let is_public = !asks && endpoint.audience() == Audience::Shared;
        let (most, fixed) = match endpoint.client_cache() {
            Some(most) => (most, for_seconds(most.as_secs(), is_public)),
            None => (Duration::ZERO, HeaderValue::from_static("no-store")),
        };
        Self { most, is_public, fixed }
    }

    /// The header of an answer that is fresh for so long; `None` when nothing in it says. Whole
    /// seconds, rounded down.
    pub(crate) fn within(&self, fresh_for: Option<Duration>) -> HeaderValue {
        match fresh_for.filter(|left| *left < self.most) {
            Some(left) => for_seconds(left.as_secs(), self.is_public),
            None => self.fixed.clone(),
        }
    }
}

fn for_seconds(seconds: u64, is_public: bool) -> HeaderValue {
    value(&if is_public {
        format!("public, max-age={seconds}, s-maxage={seconds}, stale-while-revalidate={seconds}")
    } else {
        format!("private, max-age={seconds}, s-maxage=0")
    })
}

/// Names and numbers of ours; all of them are header text.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}
