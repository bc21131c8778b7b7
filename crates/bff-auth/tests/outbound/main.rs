//! What services are shown, through the public interface: real sockets, real files, and keys that a
//! service would check with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod exchange;
mod fixed;
mod keys;
mod own;
mod refused;
#[path = "../bearer/support.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with other tests; each user needs a part of it"
)]
mod support;
mod user;

use awc::http::header::{HeaderName, HeaderValue};
use bff_auth::outbound::{
    CredentialError, CredentialSettings, Credentials, InternalTokenSettings, Voucher, Wanted,
};
use bff_core::{
    Fault,
    ports::{Principal, Proof, Vouch},
};
use serde::Deserialize;
use std::collections::BTreeMap;

type Shown = Proof<(HeaderName, HeaderValue)>;

/// What a configuration file may say about credentials.
#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    credentials: BTreeMap<String, CredentialSettings>,
    internal_tokens: Option<InternalTokenSettings>,
}

/// The credentials of the BFF `mobile` that shows the service `users` its credential `main`, if it
/// has one, and calls `orders` without.
fn credentials(toml: &str) -> Result<Credentials, CredentialError> {
    let settings: Settings = toml::from_str(toml).unwrap();
    let main = settings.credentials.contains_key("main").then_some("main");
    let wanted = [("users", main), ("orders", None)].map(|(service, credential)| Wanted {
        service,
        credential,
        identity: None,
    });
    Credentials::new("mobile", &settings.credentials, settings.internal_tokens.as_ref(), wanted)
}

fn user(name: &str) -> Principal {
    Principal::new(name).unwrap()
}

/// The proof as a call gets it.
async fn shown(voucher: &Voucher, user: Option<&Principal>) -> Result<Shown, Fault> {
    match voucher.at_hand(user) {
        Some(proof) => Ok(proof),
        None => voucher.find(user).await,
    }
}

/// `name: value` of the credential; empty for none.
fn credential(proof: &Shown) -> String {
    line(proof.credential.as_ref())
}

/// `name: value` of the user; empty for none.
fn introduced(proof: &Shown) -> String {
    line(proof.user.as_ref())
}

fn line(header: Option<&(HeaderName, HeaderValue)>) -> String {
    header.map_or_else(String::new, |(name, value)| format!("{name}: {}", value.to_str().unwrap()))
}
