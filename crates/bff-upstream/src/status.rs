//! What is known about a service at this moment, for metrics and for the admin port.

use crate::{service::Service, settings::ServiceSettings};
use serde::Serialize;

/// One service: its effective policy, its state and its counts since the start.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceStatus {
    /// The name in the configuration.
    pub service: String,
    /// What the configuration and the defaults make together; secrets are masked.
    pub policy: ServiceSettings,
    /// The hosts between which calls are balanced.
    pub hosts: Vec<HostStatus>,
    /// The recent median latency of answers, in milliseconds.
    pub median_ms: Option<f64>,
    /// The recent latency after which a hedge is made, in milliseconds.
    pub hedge_after_ms: Option<f64>,
    /// Calls in flight.
    pub in_flight: u32,
    /// How many may be.
    pub limit: u32,
    /// Calls that wait for room.
    pub waiting: u32,
    /// Shared reads in flight.
    pub flights: usize,
    /// Further calls that the retry budget would pay for now.
    pub budget_left: f64,
    /// Counts since the start, by name.
    pub counts: Vec<(&'static str, u64)>,
}

/// One host of a service.
#[derive(Debug, Clone, Serialize)]
pub struct HostStatus {
    /// Authority or address.
    pub host: String,
    /// `closed`, `open` or `half-open`.
    pub breaker: &'static str,
    /// Calls that its breaker remembers.
    pub recent_calls: u64,
    /// Those of them that failed.
    pub recent_failures: u64,
    /// Calls in flight.
    pub in_flight: u32,
}

impl ServiceStatus {
    pub(crate) fn of(service: &Service) -> Self {
        let now = service.now();
        let hosts = service.hosts();
        let hosts = hosts.iter().map(|host| {
            let recent = host.breaker.recent(now);
            HostStatus {
                host: host.label().to_owned(),
                breaker: host.breaker.state(now).word(),
                recent_calls: recent.all,
                recent_failures: recent.marked,
                in_flight: host.load.in_flight(),
            }
        });
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        let events = &service.events;
        let hedge = |tail: std::time::Duration| tail.max(service.settings.hedge.at_least);
        Self {
            service: service.name().to_owned(),
            policy: service.settings.clone(),
            hosts: hosts.collect(),
            median_ms: service.latencies.median(now).map(ms),
            hedge_after_ms: service.latencies.tail(now).map(hedge).map(ms),
            in_flight: service.limiter.in_flight(),
            limit: service.limiter.limit(),
            waiting: service.limiter.waiting(),
            flights: service.flights.len(),
            budget_left: service.budget.left(now),
            counts: vec![
                ("attempt", events.attempts.get()),
                ("retry", events.retries.get()),
                ("hedge", events.hedges.get()),
                ("hedge_won", events.hedges_won.get()),
                ("budget_spent", events.budget_spent.get()),
                ("breaker_opened", events.opened.get()),
                ("breaker_closed", events.closed.get()),
                ("refused_open", events.refused_open.get()),
                ("refused_full", events.refused_full.get()),
                ("refused_late", events.refused_late.get()),
                ("shared", events.shared.get()),
            ],
        }
    }
}
