//! The link against real Redis servers: healthy, hostile, failing, coming back.

mod access;
mod cluster;
mod failures;
mod foreign;
mod invalidations;
mod leases;
mod messages;
mod nonsense;
mod rotation;
mod run;
mod secured;
mod sentinel;
mod settings;
mod support;
mod values;
