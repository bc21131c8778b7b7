//! Several instances that count together in a real Redis.

use crate::support::{allowed, alone, of, said, shared, take, wait};
use bff_fixtures::redis::{RedisCluster, RedisServer, eventually};
use bff_limits::{Limits, Request};
use bff_redis::{Redis, RedisSettings};
use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::spawn,
    time::{Duration, Instant},
};

const QUOTAS: &str = "per_principal = { requests = 10, per = \"1h\" }\n\
     per_surface = { requests = 12, per = \"1h\" }\n\
     [classes]\nsearch = { requests = 2, per = \"1h\" }";

#[test]
fn instances_count_together() {
    let server = RedisServer::start();
    let (one, other) = (shared(&server, QUOTAS), shared(&server, QUOTAS));
    let search = Request { principal: Some("ada"), class: Some("search") };
    assert_eq!((allowed(&one, search, 1), allowed(&other, search, 9)), (1, 1));
    assert_eq!((allowed(&other, of("ada"), 3), allowed(&one, of("ada"), 9)), (3, 5));
    assert_eq!((allowed(&one, of("bob"), 1), allowed(&other, of("bob"), 9)), (1, 1));
    assert_eq!((one.stats().alone, other.stats().alone), (0, 0));
    let refused = take(&one, of("eve"));
    let policy = "\"principal\";q=10;w=3600, \"surface\";q=12;w=3600";
    assert_eq!(said(&one, &refused), format!("{policy} | \"surface\";r=0;t=300 | 300"));
}

#[test]
fn nobody_can_be_read_in_redis_and_nothing_stays_there_for_ever() {
    let server = RedisServer::start();
    let limits = shared(&server, QUOTAS);
    let search = Request { principal: Some("ada@example.com"), class: Some("search") };
    assert!(take(&limits, search).allowed);
    let keys = server.cli(&["KEYS", "*"]);
    assert_eq!(keys.lines().count(), 3, "{keys}");
    for key in keys.lines() {
        assert!(key.starts_with("bff:{limits:mobile}:") && !key.contains("ada"), "{key}");
        assert_ne!(server.cli(&["PTTL", key]), "-1", "{key}");
    }
}

#[test]
fn surfaces_do_not_count_together() {
    let server = RedisServer::start();
    let settings = RedisSettings::single(server.url().parse().unwrap());
    let redis = Redis::start(&settings, Vec::new()).unwrap();
    let quota =
        crate::support::from("within = \"10s\"\nper_principal = { requests = 3, per = \"1h\" }");
    for surface in ["mobile", "web"] {
        let limits = Limits::start(surface, &quota, Some(redis.clone())).unwrap();
        assert_eq!(allowed(&limits, of("ada"), 5), 3, "{surface}");
        assert_eq!(limits.stats().alone, 0);
    }
}

#[test]
fn who_was_refused_is_refused_without_asking_redis() {
    let server = RedisServer::start();
    let limits = shared(&server, QUOTAS);
    assert_eq!(allowed(&limits, of("ada"), 500), 10);
    let stats = limits.stats();
    assert_eq!((stats.shared, stats.refused, stats.refused_unasked), (10, 490, 490));
    // The other instance knows it from the first answer on.
    let other = shared(&server, QUOTAS);
    assert_eq!(allowed(&other, of("ada"), 500), 0);
    assert_eq!((other.stats().shared, other.stats().refused_unasked), (1, 499));
}

#[test]
fn a_cluster_keeps_the_buckets_of_a_request_together() {
    let cluster = RedisCluster::start();
    let urls =
        format!("mode = \"cluster\"\nurls = {:?}\ncommand_timeout = \"10s\"", cluster.urls());
    let toml = format!("within = \"10s\"\n{QUOTAS}\n[shared]\n{urls}");
    let (one, other) = (alone(&toml), alone(&toml));
    let search = Request { principal: Some("ada"), class: Some("search") };
    assert_eq!((allowed(&one, search, 1), allowed(&other, search, 9)), (1, 1));
    assert_eq!((one.stats().alone, other.stats().alone), (0, 0));
}

/// 600 in a second, 40 at once.
const BUSY: &str = "per_surface = { requests = 600, per = \"1s\", burst = 40 }\n\
     per_principal = { requests = 100000, per = \"1s\" }";

#[test]
fn three_instances_under_load_hold_the_limit_that_they_share() {
    let server = RedisServer::start();
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let begin = Arc::new(Barrier::new(4));
    let instances: Vec<_> = (0..3)
        .map(|n| {
            let limits = shared(&server, BUSY);
            let (stop, count, begin) = (stop.clone(), count.clone(), begin.clone());
            spawn(move || {
                let name = format!("principal-{n}");
                // The link is there now, and the script is known.
                let _warm = take(&limits, of(&name));
                begin.wait();
                wait(async {
                    while !stop.load(Relaxed) {
                        if limits.take(&of(&name)).await.allowed {
                            count.fetch_add(1, Relaxed);
                        } else {
                            tokio::time::sleep(Duration::from_micros(500)).await;
                        }
                    }
                });
                limits.stats()
            })
        })
        .collect();
    begin.wait();
    let begun = Instant::now();
    eventually("three seconds are over", || begun.elapsed() >= Duration::from_secs(3));
    let (taken, took) = (count.load(Relaxed), begun.elapsed());
    stop.store(true, Relaxed);
    for instance in instances {
        let stats = instance.join().unwrap();
        assert!(stats.alone == 0 && stats.shared > 100, "{stats:?}");
    }
    let quota = 40.0 + 600.0 * took.as_secs_f64();
    let share = taken as f64 / quota;
    assert!((0.98..=1.02).contains(&share), "{taken} of {quota} in {took:?}");
}
