//! Host names looked up again and again, so that a service that moves or grows is found.

use crate::{base::Base, service::Service};
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::lookup_host,
    time::{sleep, timeout},
};

/// A slower answer is none; what was known stays in use.
const LOOKUP_WITHIN: Duration = Duration::from_secs(2);

/// Looks up the names of one service for ever. Ends at once when it has none.
pub(crate) async fn keep_resolving(service: &Service) {
    let named: Vec<_> = service.bases.iter().filter(|base| base.name.is_some()).collect();
    while !named.is_empty() {
        for base in &named {
            resolve(service, base).await;
        }
        // Instances must not ask in step.
        sleep(service.settings.resolve_every.mul_f64(0.8 + fastrand::f64() * 0.4)).await;
    }
}

async fn resolve(service: &Service, base: &Arc<Base>) {
    let Some(name) = &base.name else { return };
    let found = match timeout(LOOKUP_WITHIN, lookup_host((&**name, base.port))).await {
        Ok(Ok(found)) => found.collect::<BTreeSet<_>>(),
        Ok(Err(error)) => {
            return tracing::debug!(service = service.name(), %name, %error, "lookup failed");
        }
        Err(_) => return tracing::debug!(service = service.name(), %name, "lookup timed out"),
    };
    let addresses: Vec<SocketAddr> = found.into_iter().collect();
    service.resolved(base, &addresses);
}
