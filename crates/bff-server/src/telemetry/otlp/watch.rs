//! Trouble with a collector, told once when it begins and once when it is over.

use std::{
    fmt::Display,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether a collector takes what it is sent.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The setting with its address.
    key: &'static str,
    in_trouble: AtomicBool,
}

impl Watch {
    /// A collector that is not known to be in trouble, at the address in the setting `key`.
    pub(crate) const fn new(key: &'static str) -> Self {
        Self { key, in_trouble: AtomicBool::new(false) }
    }

    /// Notes how an attempt ended.
    pub(crate) fn saw<E: Display>(&self, sent: &Result<(), E>) {
        let was = self.in_trouble.swap(sent.is_err(), Ordering::Relaxed);
        match sent {
            Err(error) if !was => tracing::warn!(
                key = self.key,
                %error,
                advice = "check that the collector runs, takes OTLP over HTTP and has this address; requests are \
                          answered as before, and what cannot be sent is dropped",
                "telemetry is not delivered"
            ),
            Ok(()) if was => tracing::info!(key = self.key, "telemetry is delivered again"),
            _ => {}
        }
    }
}
