//! Rate limits: how often a principal may ask, a whole BFF may be asked, a class of routes may be
//! asked by one principal, and an address may fail to authenticate. What counts as one address is a
//! [`Network`].
//!
//! All instances count together in Redis, in one step per request; each counts for itself where there
//! is no Redis, and while it is away. Nothing here fails: a request is allowed or it is not. The
//! algorithm is `gcra.rs`.
//!
//! [`overload`] is about the worker instead of the caller: what it leaves out and refuses when there is more to do
//! than it can.
#![forbid(unsafe_code)]

mod decision;
mod gcra;
mod headers;
mod limits;
mod local;
mod network;
pub mod overload;
mod rules;
mod settings;
mod shared;
mod table;

pub use decision::Decision;
pub use headers::{Headers, RateLimit};
pub use limits::{LimitStats, Limits};
pub use network::Network;
pub use rules::Request;
pub use settings::{LimitSettings, LimitSettingsError, Quota};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
