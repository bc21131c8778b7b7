//! The endpoint table with everything that is the same for every answer, made once.

use actix_web::http::header::HeaderValue;
use bff_core::{Audience, Auth, Bff, Endpoint, Routes, TableError};

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
    pub(crate) cache_control: HeaderValue,
    pub(crate) vary: HeaderValue,
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
            cache_control: value(&cache_control(bff.auth, endpoint)),
            vary: HeaderValue::from_static(vary),
        }
    }
}

/// What a client and the caches on the way may keep. `public` needs both: nobody's data in it, and
/// nobody asked who they are; else a shared cache would answer callers that this BFF refuses.
fn cache_control(auth: Auth, endpoint: &Endpoint) -> String {
    let Some(seconds) = endpoint.client_cache().map(|keep| keep.as_secs()) else {
        return "no-store".to_owned();
    };
    let asks = match auth {
        Auth::Bearer | Auth::BearerOrApiKey => true,
        Auth::Session => endpoint.needs_caller(),
        Auth::Open => false,
    };
    match (asks, endpoint.audience()) {
        (false, Audience::Shared) => {
            format!(
                "public, max-age={seconds}, s-maxage={seconds}, stale-while-revalidate={seconds}"
            )
        }
        _ => format!("private, max-age={seconds}, s-maxage=0"),
    }
}

/// Names and numbers of ours; all of them are header text.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}
