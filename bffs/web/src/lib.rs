//! The backend of the web shop: whole pages, rich enough to render without a second call.
#![forbid(unsafe_code)]

mod endpoints;
mod upstream;

use bff_core::{Auth, Bff};

/// Everything that makes this BFF this BFF.
#[must_use]
pub fn bff() -> Bff {
    Bff {
        name: "web",
        version: env!("CARGO_PKG_VERSION"),
        auth: Auth::Session,
        endpoints: endpoints::all(),
    }
}
