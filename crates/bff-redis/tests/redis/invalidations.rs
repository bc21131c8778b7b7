//! Invalidations between instances.

use crate::support::{listen, patient, wait};
use bff_fixtures::redis::{RedisServer, eventually};
use bff_redis::Listener;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[test]
fn what_one_instance_invalidates_all_hear_within_a_second() {
    let server = RedisServer::start();
    let (one, heard_by_one) = listen(&patient(&server.url()));
    let (_other, heard_by_other) = listen(&patient(&server.url()));
    for heard in [&heard_by_one, &heard_by_other] {
        eventually("it listens", || heard.count("*") == 1);
    }
    let begun = Instant::now();
    one.publish_invalidation("product:p-1");
    for heard in [&heard_by_one, &heard_by_other] {
        eventually("it is heard", || heard.count("product:p-1") == 1);
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!((one.stats().invalidations_sent, one.stats().invalidations_heard), (1, 1));
}

#[test]
fn after_a_broken_connection_everything_may_have_been_missed() {
    let mut server = RedisServer::start();
    let (redis, heard) = listen(&patient(&server.url()));
    eventually("it listens", || heard.count("*") == 1);
    let _killed = server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    eventually("it listens again", || heard.count("*") == 2);
    server.restart();
    eventually("it listens once more", || heard.count("*") == 3);
    redis.publish_invalidation("t");
    eventually("it hears", || heard.count("t") == 1);
}

#[test]
fn a_connection_that_hangs_is_noticed() {
    let server = RedisServer::start();
    let (_redis, heard) = listen(&patient(&server.url()));
    eventually("it listens", || heard.count("*") == 1);
    let listeners = || server.cli(&["PUBSUB", "NUMSUB", "bff:invalidations"]);
    server.pause();
    // The silence is noticed after a second; what was heard meanwhile is not known.
    let paused = Instant::now();
    eventually("more than a silent second is over", || {
        paused.elapsed() > Duration::from_millis(1600)
    });
    server.resume();
    eventually("it listens again", || heard.count("*") >= 2);
    eventually("and only once", || listeners().ends_with('1'));
}

#[test]
fn an_invalidation_is_published_when_redis_is_back() {
    let mut server = RedisServer::start();
    let (redis, heard) = listen(&patient(&server.url()));
    eventually("it listens", || heard.count("*") == 1);
    server.stop();
    redis.publish_invalidation("t");
    eventually("the trouble is noticed", || redis.stats().breaker_open);
    server.restart();
    eventually("the time is there", || {
        wait(redis.tag_times(&["t"])).is_some_and(|times| times[0].is_some())
    });
    assert_eq!(redis.stats().dropped_invalidations, 0);
}

#[test]
fn invalidations_that_wait_are_bounded() {
    let mut server = RedisServer::start();
    let (redis, _) = listen(&patient(&server.url()));
    server.stop();
    for n in 0..5_000 {
        redis.publish_invalidation(&format!("t{n}"));
    }
    let dropped = redis.stats().dropped_invalidations;
    assert!((3_000..5_000).contains(&dropped), "{dropped}");
}

#[test]
fn a_tag_keeps_the_time_of_its_last_invalidation() {
    let server = RedisServer::start();
    let (redis, _) = listen(&patient(&server.url()));
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let before = now();
    redis.publish_invalidation("known");
    let mut times = None;
    eventually("the time is there", || {
        times = wait(redis.tag_times(&["unknown", "known"]));
        times.as_ref().is_some_and(|times| times[1].is_some())
    });
    let times = times.unwrap();
    assert_eq!(times[0], None);
    assert!((before..=now()).contains(&times[1].unwrap()));
    assert_eq!(wait(redis.tag_times(&[])), Some(vec![]));
    let left: u64 = server.cli(&["TTL", "bff:tag:known"]).parse().unwrap();
    assert!((80_000..=86_400).contains(&left), "{left} s");
    let _spoiled = server.cli(&["SET", "bff:tag:known", "yesterday"]);
    let _spoiled = server.cli(&["LPUSH", "bff:tag:list", "x"]);
    assert_eq!(wait(redis.tag_times(&["known"])), None, "what cannot be read is not known");
    assert_eq!(wait(redis.tag_times(&["list"])), Some(vec![None]));
}

#[test]
fn a_panic_in_the_callee_does_not_end_the_listening() {
    let server = RedisServer::start();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counts = std::sync::Arc::clone(&count);
    let redis = bff_redis::Redis::start(
        &patient(&server.url()),
        vec![Listener::to_invalidations(Box::new(move |_| {
            counts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            panic!("a bug in the callee");
        }))],
    )
    .unwrap();
    let heard = || count.load(std::sync::atomic::Ordering::Relaxed);
    eventually("it listens", || heard() == 1);
    redis.publish_invalidation("t");
    eventually("it hears after the first panic", || heard() == 2);
}

#[test]
fn a_full_server_still_passes_invalidations_on() {
    let server = RedisServer::start();
    let (redis, heard) = listen(&patient(&server.url()));
    eventually("it listens", || heard.count("*") == 1);
    assert_eq!(server.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    for tag in ["one", "two"] {
        redis.publish_invalidation(tag);
        eventually("it is heard", || heard.count(tag) == 1);
    }
}
