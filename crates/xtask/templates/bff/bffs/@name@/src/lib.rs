//! The backend of the @name@ surface: one round trip per screen.
#![forbid(unsafe_code)]

mod endpoints;
mod upstream;

use bff_core::{Auth, Bff};

/// Everything that makes this BFF this BFF.
#[must_use]
pub fn bff() -> Bff {
    Bff {
        name: "@name@",
        version: env!("CARGO_PKG_VERSION"),
        auth: Auth::Bearer,
        endpoints: endpoints::all(),
    }
}
