//! What services and workers are like at the moment of a scrape.

use crate::worker::Pressures;
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
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.workers(&mut encoder)?;
        let services = self.services.status();
        policies(&mut encoder, &services)?;
        hosts(&mut encoder, &services)?;
        events(&mut encoder, &services)
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
