//! Why a BFF does not start, in words for whoever wrote its configuration.

use crate::ConfigError;
use bff_auth::{AuthError, SessionSettingsError, outbound::CredentialError};
use bff_cache::CacheSettingsError;
use bff_core::TableError;
use bff_limits::LimitSettingsError;
use bff_upstream::ServicesError;
use std::{io, net::SocketAddr};

/// Why a BFF does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value of the configuration is out of range.
    #[error("configuration: {key}: {why}")]
    Setting {
        /// The configuration key.
        key: &'static str,
        /// What it has to be.
        why: &'static str,
    },
    /// The endpoint table cannot work.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A service cannot be called as configured.
    #[error("configuration: {0}")]
    Services(#[from] ServicesError),
    /// The cache cannot work as configured.
    #[error("configuration: {0}")]
    Cache(#[from] CacheSettingsError),
    /// The callers' credentials cannot be verified as configured.
    #[error("configuration: {0}")]
    Auth(#[from] AuthError),
    /// This BFF cannot prove itself to services as configured.
    #[error("configuration: {0}")]
    Credentials(#[from] CredentialError),
    /// Credentials are configured where nobody is asked for them, or not where they are needed.
    #[error("configuration: {key}: {why}")]
    AuthMismatch {
        /// The configuration key.
        key: &'static str,
        /// What it has to be.
        why: &'static str,
    },
    /// Nobody could sign in as configured.
    #[error("configuration: {0}")]
    Session(#[from] SessionSettingsError),
    /// `[session]` is missing where it is needed, or present where there are none.
    #[error("configuration: session: {0}")]
    SessionMismatch(&'static str),
    /// Requests cannot be limited as configured.
    #[error("configuration: {0}")]
    Limits(#[from] LimitSettingsError),
    /// No route is of a class that has a limit.
    #[error(
        "configuration: limits.classes.{0}: no route is of this class; the classes are `read`, `write` and what routes name with `rate_class`"
    )]
    UnknownRateClass(String),
    /// Spans cannot be sent as configured.
    #[error("configuration: traces.otlp_endpoint: {0}")]
    Traces(String),
    /// A port cannot be taken.
    #[error("{key}: cannot listen on {address}: {error}; is another process using the port?")]
    Port {
        /// The configuration key.
        key: &'static str,
        /// The address in it.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The runtime failed.
    #[error("the server stopped: {0}")]
    Runtime(#[from] io::Error),
}
