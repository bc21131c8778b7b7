//! The cache behind `bff-core`'s store port: two layers that cannot serve the wrong shape, the
//! wrong user, or a stampede.
//!
//! [`Cache`] decides; `near.rs` keeps views in memory, `far.rs` in Redis. What is kept where is
//! decided by `bff-core`: a key names client, call, revision, scope and target, and bytes carry the
//! fingerprint of the shape.
#![forbid(unsafe_code)]

mod cache;
mod far;
mod near;
mod settings;
mod tags;

pub use cache::{Cache, CacheStatus};
pub use settings::{CacheSettings, CacheSettingsError};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
