//! One BFF instance: the real call path over the simulated network, with experience of its own.

use crate::{Result, server::Network};
use bff_core::{
    Criticality, Fault, TraceContext,
    ports::{Outbound, Principal, Transport},
};
use bff_upstream::{Service, ServiceSettings, Upstream};
use std::{cell::Cell, rc::Rc, time::Duration};
use tokio::time::Instant;

/// What a page gives its calls.
const PATIENCE: Duration = Duration::from_secs(5);

/// An instance that calls one service.
pub(crate) struct Instance {
    service: &'static str,
    upstream: Upstream<Network>,
    trace: TraceContext,
}

impl Instance {
    /// An instance without any experience.
    pub(crate) fn new(
        service: &'static str,
        settings: &ServiceSettings,
        network: &Network,
    ) -> Result<Self> {
        let upstream = upstream(&[(service, settings)], network)?;
        Ok(Self { service, upstream, trace: TraceContext::continue_from(None, None, || false) })
    }

    /// One call on behalf of a user, so that none shares another's answer.
    pub(crate) async fn call(&self) -> std::result::Result<(), Fault> {
        let user = Principal::new("u-1");
        let request = Outbound {
            service: self.service,
            dependency: self.service,
            target: "/",
            on_behalf_of: user.as_ref(),
            write: None,
            trace: &self.trace,
            span: self.trace.span,
            criticality: Criticality::Critical,
            way: &Cell::default(),
        };
        self.upstream.send(&request, Instant::now() + PATIENCE).await.map(drop)
    }
}

/// A call of the instance that `user` is sent to; whether it went well.
pub(crate) async fn call_one_of(instances: Rc<[Instance]>, user: usize) -> bool {
    match instances.get(user % instances.len().max(1)) {
        Some(instance) => instance.call().await.is_ok(),
        None => false,
    }
}

/// The call path to several services.
pub(crate) fn upstream(
    services: &[(&str, &ServiceSettings)],
    network: &Network,
) -> Result<Upstream<Network>> {
    let services = services.iter().map(|(name, settings)| Service::new(name, settings));
    let services = services.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(Upstream::new(services.into(), network.clone()))
}

/// The defaults of a service at `hosts`.
pub(crate) fn settings(hosts: &[String]) -> Result<ServiceSettings> {
    let urls: Vec<_> = hosts.iter().map(|host| format!("http://{host}")).collect();
    Ok(serde_json::from_value(serde_json::json!({ "url": urls }))?)
}
