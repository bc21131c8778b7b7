//! Sessions of browsers, with a real identity provider, a real Redis and several instances.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod attacker;
mod bed;
mod cookies;
mod csrf;
mod documented;
mod documents;
mod elsewhere;
mod keys;
mod limited;
mod login;
mod logout;
mod metrics;
mod people;
mod refresh;
mod refused;
mod secrets;
mod store;
mod subjects;
