//! The cache behind `bff-core`'s store port: two layers that cannot serve the wrong shape, the
//! wrong user, or a stampede.
//!
//! [`Cache`] decides, `fetching.rs` gets values for all who wait, `renewal.rs` renews them ahead;
//! `near.rs` keeps views in memory, `far.rs` in Redis. What is kept where is decided by `bff-core`:
//! a key names client, call, revision, scope and target, and bytes carry the shape's fingerprint.
#![forbid(unsafe_code)]

mod cache;
mod far;
mod fetching;
mod near;
mod question;
mod renewal;
mod settings;
mod status;
mod tags;

pub use cache::Cache;
pub use settings::{CacheSettings, CacheSettingsError};
pub use status::CacheStatus;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
