//! The links to Redis of all parts that have one, as metrics: whose they are, how they are, what became of questions.

use bff_auth::Vault;
use bff_limits::Limits;
use bff_redis::RedisStats;
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};
use std::{fmt, time::Duration};

/// The links to Redis that there are, by whose they are.
pub(crate) fn redis_links(
    of_cache: Option<RedisStats>,
    limits: Option<&Limits>,
    vault: Option<&Vault>,
) -> Vec<(&'static str, RedisStats)> {
    let of_limits = limits.and_then(Limits::redis);
    let of_sessions = vault.and_then(Vault::redis);
    let links = [("cache", of_cache), ("limits", of_limits), ("sessions", of_sessions)];
    links.into_iter().filter_map(|(name, link)| Some((name, link?))).collect()
}

/// Their metrics.
pub(super) fn of_redis(
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
    let about = "What all lookups took together";
    redis_time(encoder, "redis_lookup_time", about, links, |redis| redis.lookup_time)?;
    let about = "What all commands took together";
    redis_time(encoder, "redis_command_time", about, links, |redis| redis.command_time)
}

fn redis_time(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    about: &str,
    links: &[(&'static str, RedisStats)],
    time: impl Fn(&RedisStats) -> Duration,
) -> fmt::Result {
    let unit = Some(&Unit::Seconds);
    let mut family = encoder.encode_descriptor(name, about, unit, MetricType::Counter)?;
    for (link, redis) in links {
        let seconds = time(redis).as_secs_f64();
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
