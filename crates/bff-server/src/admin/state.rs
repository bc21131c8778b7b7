//! What services and workers are like at the moment of a scrape.

use super::links::{of_redis, redis_links};
use crate::connection::Connections;
use bff_auth::{Refusals, SessionStats, Vault};
use bff_cache::{Cache, CacheStatus};
use bff_limits::{LimitStats, Limits, overload::Pressures};
use bff_upstream::{ServiceStatus, Services};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use std::{fmt, sync::Arc};

/// The shared state that metrics are read off.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) pressures: Arc<Pressures>,
    pub(crate) cache: Option<Cache>,
    pub(crate) limits: Option<Limits>,
    pub(crate) vault: Option<Arc<Vault>>,
    /// Of tokens, by whatever part of the BFF takes them; `None` where none does.
    pub(crate) refusals: Option<Arc<Refusals>>,
    pub(crate) connections: Connections,
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.workers(&mut encoder)?;
        of_connections(&mut encoder, &self.connections)?;
        let services = self.services.status();
        policies(&mut encoder, &services)?;
        hosts(&mut encoder, &services)?;
        events(&mut encoder, &services)?;
        let cache = self.cache.as_ref().map(Cache::status);
        if let Some(cache) = &cache {
            of_cache(&mut encoder, cache)?;
        }
        if let Some(limits) = &self.limits {
            of_limits(&mut encoder, &limits.stats())?;
        }
        if let Some(vault) = &self.vault {
            of_sessions(&mut encoder, &vault.stats())?;
            of_keys(&mut encoder, vault)?;
        }
        if let Some(refusals) = &self.refusals {
            of_refusals(&mut encoder, refusals)?;
        }
        let links = redis_links(
            cache.and_then(|cache| cache.redis),
            self.limits.as_ref(),
            self.vault.as_deref(),
        );
        if links.is_empty() { Ok(()) } else { of_redis(&mut encoder, &links) }
    }
}

impl State {
    /// The worst worker counts: the load is not spread by us.
    fn workers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let workers = self.pressures.all();
        let level = workers.iter().map(|worker| worker.level().number()).max().unwrap_or_default();
        let lag = workers.iter().map(|worker| worker.lag()).max().unwrap_or_default();
        let about = "0 calm, 1 without optional calls, 2 refusing requests, 3 not ready";
        gauge(encoder, "overload_level", about, level.into())?;
        let about = "How late timers fire in the slowest worker";
        gauge(encoder, "event_loop_lag_seconds", about, lag.as_secs_f64())
    }
}

fn of_connections(encoder: &mut DescriptorEncoder<'_>, connections: &Connections) -> fmt::Result {
    let open = connections.count() as f64;
    gauge(encoder, "connections_open", "Connections of clients", open)?;
    let about = "Connections that were cut because the client took too long";
    let name = "connections_cut";
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Counter)?;
    for (why, count) in connections.cuts() {
        let labels = [("reason", why.reason())];
        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn policies(encoder: &mut DescriptorEncoder<'_>, services: &[ServiceStatus]) -> fmt::Result {
    let family = "upstream_in_flight";
    of_services(encoder, family, "Calls in flight", services, |s| s.in_flight.into())?;
    let about = "How many calls may be in flight";
    of_services(encoder, "upstream_limit", about, services, |s| s.limit.into())?;
    let about = "Calls that wait for room";
    of_services(encoder, "upstream_waiting", about, services, |s| s.waiting.into())?;
    let about = "Further calls that the retry budget would pay for";
    of_services(encoder, "upstream_retry_budget", about, services, |s| s.budget_left)
}

fn hosts(encoder: &mut DescriptorEncoder<'_>, services: &[ServiceStatus]) -> fmt::Result {
    let about = "0 closed, 1 half open, 2 open";
    let name = "upstream_breaker_state";
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Gauge)?;
    for service in services {
        for host in &service.hosts {
            let labels = [("service", service.service.as_str()), ("host", host.host.as_str())];
            let state = match host.breaker {
                "closed" => 0.0,
                "half-open" => 1.0,
                _ => 2.0,
            };
            ConstGauge::new(state).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn events(encoder: &mut DescriptorEncoder<'_>, services: &[ServiceStatus]) -> fmt::Result {
    let about = "What resilience did: retries, hedges, breakers, refusals, shared reads";
    let name = "upstream_events";
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Counter)?;
    for service in services {
        for (event, count) in &service.counts {
            let labels = [("service", service.service.as_str()), ("event", event)];
            ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn of_cache(encoder: &mut DescriptorEncoder<'_>, cache: &CacheStatus) -> fmt::Result {
    let entries = cache.near_entries as f64;
    gauge(encoder, "cache_near_entries", "Values in memory", entries)?;
    let about = "What the values in memory are counted as";
    gauge(encoder, "cache_near_bytes", about, cache.near_bytes as f64)?;
    let counts = [
        ("refresh", cache.refreshes),
        ("early_refresh", cache.early_refreshes),
        ("lease_wait", cache.lease_waits),
        ("lease_wait_in_vain", cache.lease_waits_in_vain),
        ("invalidation", cache.invalidations),
        ("unreadable", cache.unreadable),
    ];
    let about = "What the cache did beside lookups";
    let mut family = encoder.encode_descriptor("cache_events", about, None, MetricType::Counter)?;
    for (event, count) in counts {
        ConstCounter::new(count).encode(family.encode_family(&[("event", event)])?)?;
    }
    Ok(())
}

fn of_limits(encoder: &mut DescriptorEncoder<'_>, limits: &LimitStats) -> fmt::Result {
    let counts = [
        ("refused", limits.refused),
        ("refused_unasked", limits.refused_unasked),
        ("decided_together", limits.shared),
        ("decided_alone", limits.alone),
        ("authentication_failure", limits.failures),
        ("evicted", limits.evicted),
    ];
    let about = "What rate limits decided, and where";
    let mut family = encoder.encode_descriptor("limit_events", about, None, MetricType::Counter)?;
    for (event, count) in counts {
        ConstCounter::new(count).encode(family.encode_family(&[("event", event)])?)?;
    }
    Ok(())
}

fn of_sessions(encoder: &mut DescriptorEncoder<'_>, sessions: &SessionStats) -> fmt::Result {
    let counts = [
        ("opened", sessions.opened),
        ("login_failed", sessions.login_failed),
        ("logout", sessions.logout),
        ("back_channel_logout", sessions.back_channel_logout),
        ("replaced", sessions.replaced),
        ("expired", sessions.expired),
        ("refreshed", sessions.refreshed),
        ("refresh_refused", sessions.refresh_refused),
        ("refresh_trouble", sessions.refresh_trouble),
        ("unopened", sessions.unopened),
    ];
    let about = "What happened to sessions of browsers and to their tokens";
    let name = "session_events";
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Counter)?;
    for (event, count) in counts {
        ConstCounter::new(count).encode(family.encode_family(&[("event", event)])?)?;
    }
    Ok(())
}

fn of_keys(encoder: &mut DescriptorEncoder<'_>, vault: &Vault) -> fmt::Result {
    let about = "The keys that sessions are sealed with, by id: 1 seals, 0 only opens";
    let mut family = encoder.encode_descriptor("session_keys", about, None, MetricType::Gauge)?;
    for (key, seals) in vault.keys() {
        let labels = [("key", key.as_str())];
        ConstGauge::new(f64::from(seals)).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn of_refusals(encoder: &mut DescriptorEncoder<'_>, refusals: &Refusals) -> fmt::Result {
    let about = "Credentials that were refused, by the rule";
    let name = "auth_refusals";
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Counter)?;
    for (reason, count) in refusals.counts() {
        ConstCounter::new(count).encode(family.encode_family(&[("reason", reason)])?)?;
    }
    Ok(())
}

fn of_services(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    about: &str,
    services: &[ServiceStatus],
    value: impl Fn(&ServiceStatus) -> f64,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Gauge)?;
    for service in services {
        let labels = [("service", service.service.as_str())];
        ConstGauge::new(value(service)).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, about: &str, value: f64) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, about, None, gauge.metric_type())?)
}
