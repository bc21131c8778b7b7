//! Redis fails in every way it has, nobody waits for it, and it is used again when it is back.

use crate::support::{LONG, connect, eventually_gets, found, get, put, settings, wait};
use bff_fixtures::redis::{RedisServer, SlowRedis, eventually};
use bff_redis::{Invalidation, Lease, Listener, Lookup, Redis, RedisSettings};
use bytes::Bytes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

fn start() -> (RedisServer, Redis) {
    let server = RedisServer::start();
    let redis = connect(&settings(&server.url()));
    put(&redis, "k", "value");
    (server, redis)
}

/// Lookups until Redis is given up for a while. Each is held to its time by `get`.
fn eventually_gives_up(redis: &Redis) {
    eventually("the breaker opens", || {
        let _in_time = get(redis, "k");
        redis.stats().breaker_open
    });
    assert_eq!(get(redis, "k"), Lookup::Trouble);
    let lease = wait(redis.lease("k", LONG));
    assert!(lease == Lease::Trouble || !redis.stats().breaker_open, "{lease:?}");
}

#[test]
fn a_server_that_was_never_there_is_used_when_it_comes() {
    let mut server = RedisServer::start();
    server.stop();
    let redis = connect(&settings(&server.url()));
    eventually_gives_up(&redis);
    server.restart();
    put(&redis, "k", "value");
}

#[test]
fn a_stopped_server_is_trouble_and_a_restarted_one_is_used_again() {
    let (mut server, redis) = start();
    for _ in 0..2 {
        server.stop();
        eventually_gives_up(&redis);
        server.restart();
        let back = Instant::now();
        eventually("lookups are answered again", || get(&redis, "k") == Lookup::Missing);
        assert!(back.elapsed() < Duration::from_secs(6), "{:?}", back.elapsed());
        put(&redis, "k", "value");
    }
    let stats = redis.stats();
    assert!(stats.broken > 0 && stats.breaker_refusals > 0, "{stats:?}");
}

#[test]
fn a_server_restarted_unnoticed_costs_no_more_than_a_few_lookups() {
    let (mut server, redis) = start();
    server.restart();
    let troubles = (0..50).filter(|_| get(&redis, "k") == Lookup::Trouble).count();
    assert!(troubles <= 5, "{troubles}");
}

#[test]
fn a_hanging_server_is_trouble_in_time() {
    let (server, redis) = start();
    server.pause();
    assert_eq!(get(&redis, "k"), Lookup::Trouble);
    assert_eq!(wait(redis.lease("k", LONG)), Lease::Trouble);
    assert_eq!(wait(redis.tag_times(&["t"])), None);
    eventually_gives_up(&redis);
    assert!(redis.stats().timeouts >= 3, "{:?}", redis.stats());
    server.resume();
    eventually_gets(&redis, "k", &found("value"));
}

#[test]
fn a_slow_server_is_not_waited_for_and_not_flooded_with_connections() {
    let server = RedisServer::start();
    let proxy = SlowRedis::before(server.port());
    let redis = connect(&settings(&proxy.url()));
    put(&redis, "k", "value");
    proxy.set_delay(Duration::from_millis(100));
    eventually_gives_up(&redis);
    let (before, begun) = (proxy.connections(), Instant::now());
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(get(&redis, "k"), Lookup::Trouble);
    }
    // At most one per pause, and the listener's own.
    let more = proxy.connections() - before;
    assert!(more <= 12, "{more} connections in three seconds");
    let stats = redis.stats();
    assert!(stats.breaker_refusals > 100 * stats.timeouts, "{stats:?}");
    proxy.set_delay(Duration::ZERO);
    eventually_gets(&redis, "k", &found("value"));
}

#[test]
fn writes_that_wait_for_a_hanging_server_are_bounded() {
    let server = RedisServer::start();
    let mut few = settings(&server.url());
    few.write_queue = 10;
    let redis = connect(&few);
    put(&redis, "k", "value");
    let writes = redis.stats().writes;
    server.pause();
    let begun = Instant::now();
    for n in 0..10_000 {
        redis.put(format!("k{n}"), Bytes::from_static(b"x"), LONG);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let stats = redis.stats();
    assert!(stats.dropped_queue_full > 5_000, "{stats:?}");
    server.resume();
    put(&redis, "k", "value");
    eventually("every write was either done or dropped", || {
        let now = redis.stats();
        now.writes - writes + now.dropped_queue_full + now.dropped_trouble >= 10_000
    });
}

#[test]
fn the_largest_values_fill_the_queue_by_their_bytes() {
    let server = RedisServer::start();
    let redis = connect(&settings(&server.url()));
    put(&redis, "k", "value");
    server.pause();
    let large = Bytes::from(vec![7; 1024 * 1024]);
    for n in 0..100 {
        redis.put(format!("k{n}"), large.clone(), LONG);
    }
    assert!(redis.stats().dropped_queue_full > 50, "{:?}", redis.stats());
}

#[test]
fn a_full_server_refuses_writes_and_still_answers() {
    let server =
        RedisServer::start_with(&["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]);
    let redis = connect(&settings(&server.url()));
    put(&redis, "k", "value");
    assert_eq!(server.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    for n in 0..50 {
        redis.put(format!("k{n}"), Bytes::from_static(b"x"), LONG);
    }
    eventually("the writes are refused", || redis.stats().dropped_trouble == 50);
    eventually_gets(&redis, "k", &found("value"));
    assert!(!redis.stats().breaker_open);
    assert_eq!(server.cli(&["CONFIG", "SET", "maxmemory", "0"]), "OK");
    put(&redis, "after", "value");
}

#[test]
fn a_flushed_server_has_nothing() {
    let (server, redis) = start();
    assert_eq!(server.cli(&["FLUSHALL"]), "OK");
    eventually_gets(&redis, "k", &Lookup::Missing);
    put(&redis, "k", "value");
}

#[test]
fn a_server_that_became_a_replica_still_answers_and_takes_writes_when_it_is_master_again() {
    let (server, redis) = start();
    let master = RedisServer::start();
    let port = master.port().to_string();
    assert_eq!(server.cli(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    redis.put("new".to_owned(), Bytes::from_static(b"x"), LONG);
    eventually("the write is refused", || redis.stats().dropped_trouble >= 1);
    eventually("it answers", || get(&redis, "k") != Lookup::Trouble);
    assert_eq!(server.cli(&["REPLICAOF", "NO", "ONE"]), "OK");
    put(&redis, "new", "value");
}

#[test]
fn connections_to_a_replaced_master_are_left_at_the_first_refused_write() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let name = SlowRedis::before(old.port());
    // One write at a time, so that the pool has no reason to connect again.
    let redis = connect(&RedisSettings { connections: 2, ..settings(&name.url()) });
    put(&redis, "k", "value");
    let port = new.port().to_string();
    assert_eq!(old.cli(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    eventually("the old one follows the new one", || {
        old.cli(&["INFO", "replication"]).contains("master_link_status:up")
    });
    eventually_gets(&redis, "k", &Lookup::Missing);
    name.lead_to(new.port());
    let moved = Instant::now();
    put(&redis, "after", "value");
    assert!(moved.elapsed() < Duration::from_secs(5), "{:?}", moved.elapsed());
    assert_eq!(new.cli(&["EXISTS", "after"]), "1");
    // Lookups have moved as well.
    let commands = || new.cli(&["INFO", "commandstats"]).contains("cmdstat_getrange");
    eventually("lookups are asked of the new master", || {
        let _value = get(&redis, "after");
        commands()
    });
}

#[test]
fn a_server_of_a_cluster_is_trouble_when_it_is_taken_for_one_alone() {
    let server = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    let redis = connect(&settings(&server.url()));
    eventually_gives_up(&redis);
}

#[test]
fn many_lookups_at_once_are_answered() {
    let (_server, redis) = start();
    let mut hits = 0;
    eventually(&format!("200 at once are found, and not {hits}"), || {
        let all = wait(async {
            let lookups = (0..200).map(|_| redis.get("k"));
            futures_util::future::join_all(lookups).await
        });
        hits = all.iter().filter(|found| matches!(found, Lookup::Found(_))).count();
        hits == 200
    });
}

#[test]
fn a_thread_that_is_held_up_holds_no_worker_up() {
    let server = RedisServer::start();
    let held_up = Arc::new(AtomicBool::new(false));
    let holds_up = Arc::clone(&held_up);
    let block = move |what: Invalidation<'_>| {
        if what == Invalidation::Tag("block") {
            holds_up.store(true, Ordering::Relaxed);
            sleep(Duration::from_secs(2));
            holds_up.store(false, Ordering::Relaxed);
        }
    };
    let redis =
        Redis::start(&settings(&server.url()), vec![Listener::to_invalidations(Box::new(block))])
            .unwrap();
    put(&redis, "k", "value");
    eventually("the thread is held up", || {
        redis.publish_invalidation("block");
        held_up.load(Ordering::Relaxed)
    });
    assert_eq!(get(&redis, "k"), Lookup::Trouble);
    assert!(held_up.load(Ordering::Relaxed), "the lookup did not wait for the thread");
}
