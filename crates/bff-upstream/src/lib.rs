//! Calls that bend and do not break: one budgeted, bounded, balanced, distrustful call.
//!
//! [`Services`] is read from the configuration once per process and holds what all workers learn
//! about hosts; [`Services::transport`] makes the connections of one worker thread. The policies
//! are in [`policy`], their order in a call in [`Upstream`], the socket behind [`Wire`].
#![forbid(unsafe_code)]

mod again;
mod attempt;
mod awc;
mod base;
mod body;
mod call;
mod events;
mod host;
pub mod policy;
mod pools;
mod resolve;
mod service;
mod settings;
mod status;
mod tls;

pub use awc::AwcWire;
pub use call::{Upstream, Wire};
pub use host::Host;
pub use service::{Service, ServicesError};
pub use settings::{
    BreakerSettings, ConcurrencySettings, HedgeSettings, RetrySettings, ServiceSettings, Urls,
};
pub use status::{HostStatus, ServiceStatus};

use ::awc::http::header::{HeaderName, HeaderValue};
use bff_core::ports::Vouch;
use futures_util::future::join_all;
use std::{collections::BTreeMap, rc::Rc, sync::Arc};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A header as it is sent to a service.
pub type Header = (HeaderName, HeaderValue);
/// What a service is shown.
pub type Proof = bff_core::ports::Proof<Header>;

/// All configured services, checked and ready to be called. Shared by all workers.
#[derive(Debug, Clone)]
pub struct Services {
    /// `mobile-bff`: who calls, as the services see it.
    account: Arc<str>,
    services: Arc<[Service]>,
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
        let services = settings.iter().map(|(name, settings)| Service::new(name, settings));
        let services = services.collect::<Result<Vec<_>, _>>()?.into();
        Ok(Self { account: format!("{bff}-bff").into(), services })
    }

    /// The transport of one worker thread, with its own connections. `vouch` knows, for a service
    /// by its name, what that is shown; `|_| Rc::new(())` for nothing.
    #[must_use]
    pub fn transport(&self, vouch: impl FnMut(&str) -> Rc<dyn Vouch<Header>>) -> Upstream<AwcWire> {
        Upstream::new(self.services.clone(), AwcWire::new(&self.account)).vouched(vouch)
    }

    /// What is known about each service now.
    #[must_use]
    pub fn status(&self) -> Vec<ServiceStatus> {
        self.services.iter().map(ServiceStatus::of).collect()
    }

    /// A worker has more to do than it can: until [`overload_ended`](Self::overload_ended) latencies
    /// and time-outs are this process's own and teach nothing about services, and no hedge is made.
    pub fn overload_began(&self) {
        self.services.iter().for_each(Service::overload_began);
    }

    /// The worker is well again.
    pub fn overload_ended(&self) {
        self.services.iter().for_each(Service::overload_ended);
    }

    /// Looks up the services' host names for ever; drop it to stop.
    pub async fn keep_resolving(&self) {
        join_all(self.services.iter().map(resolve::keep_resolving)).await;
    }
}
