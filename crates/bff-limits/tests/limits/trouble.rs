//! Redis stops, hangs and comes back: nobody sees an error, and the limit holds all the time.

use crate::support::{allowed, alone, of, shared, take, wait};
use bff_fixtures::redis::{NONSENSE, OddRedis, RedisServer, eventually};
use bff_limits::{LimitStats, Limits, Request};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::spawn,
    time::{Duration, Instant},
};

/// What a busy machine may add to any time limit.
const SLACK: Duration = Duration::from_millis(500);

const TEN: &str = "per_principal = { requests = 10, per = \"1h\" }";

/// With the time limits of a product.
fn product(server: &RedisServer, toml: &str) -> Limits {
    alone(&format!("{toml}\n[shared]\nurl = {:?}", server.url()))
}

/// Asks as somebody new until the answer comes from all instances.
fn eventually_shared(limits: &Limits) {
    let before = limits.stats().shared;
    let mut n = 0;
    eventually("instances count together again", || {
        n += 1;
        let _any = take(limits, of(&format!("somebody-{n}")));
        limits.stats().shared > before
    });
}

/// As long as Redis is away each instance holds the whole limit.
fn holds_alone(limits: &Limits, name: &str) {
    let before = limits.stats().alone;
    assert_eq!(allowed(limits, of(name), 30), 10);
    // Who is refused is remembered, as ever.
    assert_eq!(limits.stats().alone, before + 10);
}

#[test]
fn a_redis_that_was_never_there_is_not_missed() {
    let mut server = RedisServer::start();
    server.stop();
    let limits = product(&server, TEN);
    holds_alone(&limits, "ada");
    server.restart();
    eventually_shared(&limits);
}

#[test]
fn redis_stops_and_comes_back() {
    let mut server = RedisServer::start();
    let (one, other) = (product(&server, TEN), product(&server, TEN));
    [&one, &other].into_iter().for_each(eventually_shared);
    server.stop();
    for limits in [&one, &other] {
        holds_alone(limits, "ada");
    }
    server.restart();
    [&one, &other].into_iter().for_each(eventually_shared);
    let mut n = 0;
    eventually("what one takes the other has not", || {
        n += 1;
        let name = format!("after-{n}");
        allowed(&one, of(&name), 10) == 10 && !take(&other, of(&name)).allowed
    });
}

#[test]
fn redis_hangs_and_goes_on() {
    let server = RedisServer::start();
    let limits = product(&server, TEN);
    eventually_shared(&limits);
    server.pause();
    let begun = Instant::now();
    holds_alone(&limits, "ada");
    // Five of them waited ten milliseconds, and all others not at all.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    server.resume();
    eventually_shared(&limits);
}

/// How much was allowed in what time, and the longest that one decision took.
struct Load {
    taken: u64,
    took: Duration,
    longest: Duration,
}

#[test]
fn a_limit_holds_under_load_while_redis_hangs_stops_and_comes_back() {
    let mut server = RedisServer::start();
    let busy = "per_surface = { requests = 500, per = \"1s\", burst = 20 }";
    let limits = product(&server, busy);
    let stop = Arc::new(AtomicBool::new(false));
    let (asking, stopped) = (limits.clone(), stop.clone());
    let load = spawn(move || {
        let begun = Instant::now();
        let mut load = Load { taken: 0, took: Duration::ZERO, longest: Duration::ZERO };
        wait(async {
            while !stopped.load(Relaxed) {
                let asked = Instant::now();
                let decision = asking.take(&Request::default()).await;
                load.longest = load.longest.max(asked.elapsed());
                load.taken += u64::from(decision.allowed);
                if !decision.allowed {
                    tokio::time::sleep(Duration::from_micros(500)).await;
                }
            }
        });
        Load { took: begun.elapsed(), ..load }
    });
    let goes_on = |what, count: fn(LimitStats) -> u64| {
        let before = count(limits.stats());
        eventually(what, || count(limits.stats()) > before + 200);
    };
    goes_on("together", |stats| stats.shared);
    server.pause();
    goes_on("alone, because Redis hangs", |stats| stats.alone);
    server.resume();
    goes_on("together again", |stats| stats.shared);
    server.stop();
    goes_on("alone, because Redis is gone", |stats| stats.alone);
    server.restart();
    goes_on("together once more", |stats| stats.shared);
    stop.store(true, Relaxed);
    let Load { taken, took, longest } = load.join().unwrap();
    let rate = 500.0 * took.as_secs_f64();
    // Redis knows nothing of what was taken alone: whenever it is back there is one more burst.
    let share = taken as f64 / rate;
    assert!(share > 0.9 && (taken as f64) < 1.02 * rate + 3.0 * 20.0, "{taken} of {rate}");
    assert!(longest < Duration::from_millis(10) + SLACK, "{longest:?}");
}

#[test]
fn an_instance_that_is_left_alone_goes_on_from_what_all_have_taken() {
    let mut server = RedisServer::start();
    let (one, other) = (shared(&server, TEN), shared(&server, TEN));
    assert_eq!(allowed(&one, of("ada"), 8), 8);
    assert_eq!(allowed(&other, of("ada"), 1), 1);
    server.stop();
    assert_eq!(allowed(&other, of("ada"), 30), 1, "nine were gone");
    assert_eq!(allowed(&one, of("ada"), 30), 2, "it knew of eight");
}

#[test]
fn a_redis_that_refuses_is_done_without() {
    let server = RedisServer::start();
    let limits = shared(&server, TEN);
    assert!(take(&limits, of("ada")).allowed);
    let key = server.cli(&["KEYS", "*"]);
    let _cleared = server.cli(&["DEL", &key]);
    assert_eq!(server.cli(&["LPUSH", &key, "x"]), "1");
    assert_eq!(allowed(&limits, of("ada"), 30), 9);
    assert!(limits.stats().alone >= 9, "{:?}", limits.stats());
    assert_eq!(allowed(&limits, of("bob"), 30), 10, "others are counted there still");
    assert_eq!(limits.stats().shared, 11);
}

#[test]
fn failures_are_counted_while_redis_is_away() {
    let mut server = RedisServer::start();
    let limits = product(&server, "failures_per_ip = { requests = 3, per = \"1h\" }");
    server.stop();
    let ip = std::net::IpAddr::from([192, 0, 2, 1]);
    for left in (0..3).rev() {
        wait(limits.failed(ip));
        assert_eq!(limits.may_try(ip).allowed, left > 0);
    }
    assert_eq!(limits.stats().alone, 3);
    assert!(take(&limits, Request::default()).allowed);
}

#[test]
fn c25_a_redis_that_talks_nonsense_is_done_without() {
    let server = RedisServer::start();
    let short = "*2\r\n:1\r\n*0\r\n";
    for (nth, reply) in NONSENSE.into_iter().chain([short, "-ERR no\r\n"]).enumerate() {
        let odd = OddRedis::before(server.port());
        let limits = alone(&format!("{TEN}\n[shared]\nurl = {:?}", odd.url()));
        eventually_shared(&limits);
        odd.says(reply);
        let begun = Instant::now();
        holds_alone(&limits, &format!("ada-{nth}"));
        assert!(begun.elapsed() < Duration::from_secs(5), "{reply:?}: {:?}", begun.elapsed());
        odd.is_well();
        eventually_shared(&limits);
    }
}
