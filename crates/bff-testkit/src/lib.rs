//! Real neighbours for a BFF under test: sample services with faults, an issuer, Redis servers, a
//! BFF on a free port, a collector of telemetry, contract files, dashboards and alert rules.
#![forbid(unsafe_code)]

pub mod browser;
pub mod chromium;
pub mod collector;
pub mod contracts;
pub mod declared;
pub mod fake;
pub mod gateway;
pub mod http;
pub mod idp;
pub mod issuer;
pub mod keys;
mod lines;
mod log_line;
mod mounted;
pub mod observability;
pub mod process;
pub mod program;
pub mod redis;
mod rollout;
pub mod services;
mod test_bff;
mod ticker;
mod upstream;

pub use bff_auth::api_keys;
pub use browser::Browser;
pub use chromium::Chromium;
pub use collector::Collector;
pub use gateway::Gateway;
pub use issuer::Issuer;
pub use lines::Lines;
pub use log_line::log_line;
pub use mounted::Mounted;
pub use process::BffProcess;
pub use rollout::Rollout;
/// JSON as tests write and compare it.
pub use serde_json::{Value as Json, json};
pub use services::{Fault, Ports, SampleServices, Service, Stats, UnknownService};
pub use test_bff::TestBff;
pub use ticker::Ticker;
