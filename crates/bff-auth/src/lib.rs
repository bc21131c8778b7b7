//! Who is calling: bearer tokens verified against their issuer's keys, API keys, and sessions of
//! browsers; and in [`outbound`], how this BFF proves itself in turn.
//!
//! [`Issuers`] are the configured issuers with their public keys, shared by the whole process;
//! [`Bearer`] is one worker's [`Authenticator`](bff_core::ports::Authenticator) on top of them. The crate trusts nothing that
//! a token says about itself: which algorithms count is configuration, and which key may verify
//! with which is the issuer's word.
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as bff_auth;

pub mod api_keys;
mod audit;
mod bearer;
mod claims;
mod fetch;
mod foreign;
mod issuers;
mod jwks;
mod key;
mod keys;
mod moment;
pub mod outbound;
mod proof;
mod refusal;
mod seen;
mod session;
mod settings;
mod token;
mod token_endpoint;

pub use api_keys::{ApiKeySettings, ApiKeys, BearerOrKey};
pub use bearer::Bearer;
pub use issuers::Issuers;
pub use keys::Keys;
pub use refusal::Refusals;
pub use session::{
    Cookies, Onward, Provenance, Reply, SessionSettings, SessionSettingsError, SessionStats,
    Sessions, Vault, Visit,
};
pub use settings::{Algorithm, AudienceClaim, AuthError, IssuerSettings, KeySource};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
#[path = "../tests/bearer/support.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the integration tests; each user needs a part of it"
)]
mod support;
#[cfg(test)]
mod tests;
