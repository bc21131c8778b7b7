//! The backend of partner integrations: stable lists and records for other companies' programs.
#![forbid(unsafe_code)]

mod endpoints;
mod upstream;

use bff_core::{Auth, Bff};

/// Everything that makes this BFF this BFF.
#[must_use]
pub fn bff() -> Bff {
    Bff {
        name: "partner",
        version: env!("CARGO_PKG_VERSION"),
        auth: Auth::BearerOrApiKey,
        endpoints: endpoints::all(),
    }
}
