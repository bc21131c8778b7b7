//! A BFF under test, and everything that stands around it: services, an issuer, an identity provider, Redis
//! servers, browsers, contract files.
#![forbid(unsafe_code)]

pub mod process;
mod test_bff;

pub use bff_auth::api_keys;
pub use bff_contracts::{self as contracts, fake, observability};
pub use bff_fixtures::{
    Chromium, Issuer, Json, Lines, Mounted, Rollout, Ticker, chromium, http, issuer, json, keys,
    log_line, redis,
};
pub use bff_neighbours::{
    Browser, Collector, Fault, Gateway, Ports, SampleServices, Service, Stats, UnknownService,
    browser, collector, gateway, idp, services,
};
pub use process::BffProcess;
pub use test_bff::TestBff;
