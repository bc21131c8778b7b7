//! What stands around a BFF, real and on free ports: sample services with faults, an identity provider, a
//! gateway, a collector of telemetry, and a browser that signs in.
#![forbid(unsafe_code)]

pub mod browser;
pub mod collector;
pub mod gateway;
pub mod idp;
pub mod services;

pub use browser::Browser;
pub use collector::Collector;
pub use gateway::Gateway;
pub use services::{Fault, Ports, SampleServices, Service, Stats, UnknownService};
