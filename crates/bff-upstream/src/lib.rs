//! The transport over awc: one call, on time, bounded, and distrustful of whatever comes back.
//!
//! [`Services`] is read from the configuration once per process; [`Services::transport`] makes the
//! client of one worker thread. What awc does by default and must not: follow redirects, stop its
//! timer at the response head, decompress without a limit, let a panic in its parser take the page
//! down.
#![forbid(unsafe_code)]

mod body;
mod send;
mod settings;
mod tls;

pub use send::AwcTransport;
pub use settings::{Credential, ServiceSettings, ServicesError};

use settings::Prepared;
use std::{collections::BTreeMap, sync::Arc};

/// All configured services, checked and ready to be called. Shared by all workers.
#[derive(Debug, Clone)]
pub struct Services {
    /// `mobile-bff`: who calls, as the services see it.
    account: Arc<str>,
    prepared: Arc<[Prepared]>,
}

impl Services {
    /// Checks the settings of every service of the BFF named `bff`.
    ///
    /// # Errors
    /// The first setting that cannot work, by its key.
    pub fn new(
        bff: &str,
        settings: &BTreeMap<String, ServiceSettings>,
    ) -> Result<Self, ServicesError> {
        let prepared = settings
            .iter()
            .map(|(name, settings)| Prepared::new(name, settings))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { account: format!("{bff}-bff").into(), prepared: prepared.into() })
    }

    /// The transport of one worker thread, with its own connections.
    #[must_use]
    pub fn transport(&self) -> AwcTransport {
        AwcTransport::new(&self.account, &self.prepared)
    }
}
