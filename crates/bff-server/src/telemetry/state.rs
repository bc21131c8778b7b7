//! What services and workers are like at the moment of a scrape.

use crate::worker::Pressures;
use bff_cache::{Cache, CacheStatus};
use bff_limits::{LimitStats, Limits};
use bff_redis::RedisStats;
use bff_upstream::{ServiceStatus, Services};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};
use std::{fmt, sync::Arc};

/// The shared state that metrics are read off.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) pressures: Arc<Pressures>,
    pub(crate) cache: Option<Cache>,
    pub(crate) limits: Option<Limits>,
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.workers(&mut encoder)?;
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
        let of_cache = cache.and_then(|cache| cache.redis).map(|link| ("cache", link));
        let of_limits = self.limits.as_ref().and_then(Limits::redis).map(|link| ("limits", link));
        let links: Vec<_> = of_cache.into_iter().chain(of_limits).collect();
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

/// The links to Redis by whose they are.
fn of_redis(
    encoder: &mut DescriptorEncoder<'_>,
    links: &[(&'static str, RedisStats)],
) -> fmt::Result {
    let about = "Whether Redis is not asked at the moment, because it is in trouble";
    let name = "redis_breaker_open";
    let mut family = encoder.encode_descriptor(name, about, None, MetricType::Gauge)?;
    for (link, redis) in links {
        let open = f64::from(u8::from(redis.breaker_open));
        ConstGauge::new(open).encode(family.encode_family(&[("link", *link)])?)?;
    }
    let about = "What became of lookups, writes, commands and messages";
    let mut family = encoder.encode_descriptor("redis_events", about, None, MetricType::Counter)?;
    for (link, redis) in links {
        for (event, count) in redis_events(redis) {
            let labels = [("link", *link), ("event", event)];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    let about = "Bytes of values read and written";
    let mut family = encoder.encode_descriptor("redis_bytes", about, None, MetricType::Counter)?;
    for (link, redis) in links {
        for (direction, bytes) in [("read", redis.bytes_read), ("written", redis.bytes_written)] {
            let labels = [("link", *link), ("direction", direction)];
            ConstCounter::new(bytes).encode(family.encode_family(&labels)?)?;
        }
    }
    let (name, unit) = ("redis_lookup_time", Unit::Seconds);
    let about = "What all lookups took together";
    let mut family = encoder.encode_descriptor(name, about, Some(&unit), MetricType::Counter)?;
    for (link, redis) in links {
        let seconds = redis.lookup_time.as_secs_f64();
        ConstCounter::new(seconds).encode(family.encode_family(&[("link", *link)])?)?;
    }
    Ok(())
}

fn redis_events(redis: &RedisStats) -> [(&'static str, u64); 20] {
    [
        ("lookup", redis.lookups),
        ("hit", redis.hits),
        ("miss", redis.misses),
        ("foreign", redis.foreign),
        ("timeout", redis.timeouts),
        ("broken", redis.broken),
        ("server_error", redis.server_errors),
        ("not_asked", redis.breaker_refusals),
        ("write", redis.writes),
        ("write_dropped_queue_full", redis.dropped_queue_full),
        ("write_dropped_too_large", redis.dropped_too_large),
        ("write_dropped_trouble", redis.dropped_trouble),
        ("write_fenced_off", redis.fenced_off),
        ("invalidation_sent", redis.invalidations_sent),
        ("invalidation_heard", redis.invalidations_heard),
        ("invalidation_dropped", redis.dropped_invalidations),
        ("command", redis.commands),
        ("message_sent", redis.messages_sent),
        ("message_heard", redis.messages_heard),
        ("message_dropped", redis.dropped_messages),
    ]
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
