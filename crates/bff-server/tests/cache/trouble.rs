//! Whatever happens to Redis, no client notices.

use crate::{
    bed::{self, number, soon, sum},
    traffic::Traffic,
};
use bff_core::prelude::*;
use bff_testkit::{
    SampleServices, Service as Sample, TestBff,
    redis::{OddRedis, RedisCluster, RedisSentinels, RedisServer, SlowRedis},
};

/// Short, so that pages look into Redis all the time.
const KEEP: Keep = Keep::of(millis(80));
/// Lookups take 15 ms each and a wait for another instance 250 ms at most; the rest is for a busy
/// machine. A page that waits for Redis itself takes as long as its budget of nine seconds.
const LONGEST_PAGE: Duration = Duration::from_secs(2);

const TIMEOUTS: &[&str] = &["/redis/timeouts"];
const TROUBLE: &[&str] = &["/redis/broken", "/redis/breaker_refusals", "/redis/timeouts"];
const AWAY: &[&str] = &["/redis/broken", "/redis/breaker_refusals"];
const REFUSED: &[&str] = &["/redis/server_errors", "/redis/dropped_trouble"];
const HITS: &[&str] = &["/redis/hits"];

/// Two instances: one that keeps values near, one that asks Redis for every page.
struct Pair {
    _sample: SampleServices,
    instances: [TestBff; 2],
    traffic: Traffic,
}

impl Pair {
    fn start(redis: &str) -> Self {
        let Ok(sample) = SampleServices::start() else { unreachable!("sample services start") };
        let url = sample.url(Sample::Catalog);
        let instances = ["", "memory_bytes = 0"].map(|memory| {
            let cache = format!("[cache]\nnear_for = \"20ms\"\n{memory}\n[cache.redis]\n{redis}\n");
            bed::start(vec![bed::product(KEEP)], &url, &cache)
        });
        // Both instances are asked for everything.
        let ask = |nth| format!("/test/v1/products/p-{}", nth / 2 % 10 + 1);
        let addresses = instances.each_ref().map(|bff| bff.address);
        let traffic = Traffic::start(&addresses, ask, |_, reply| bed::is_good(reply));
        let pair = Self { _sample: sample, instances, traffic };
        pair.see(HITS, 20, || ());
        pair
    }

    /// Does something until both instances have seen enough of its effect.
    fn see(&self, counters: &[&str], count: u64, mut again: impl FnMut()) {
        let all = || self.instances.each_ref().map(|bff| sum(bff, counters));
        let before = all();
        let seen = soon(|| {
            again();
            all().iter().zip(before).all(|(now, before)| *now >= before + count)
        });
        assert!(seen, "{counters:?} went from {before:?} to {:?}", all());
        self.traffic.pass(100);
    }

    fn end(self) {
        let seen = self.traffic.end();
        assert!(seen.bad.is_empty(), "{} failed, such as {:?}", seen.bad.len(), seen.bad.first());
        let slowest = seen.within(100);
        assert!(slowest < LONGEST_PAGE, "a page took {slowest:?}");
    }
}

fn single(url: &str) -> String {
    format!("url = {url:?}")
}

#[test]
fn a_redis_that_is_stopped_and_started_again_fails_no_page() {
    let mut redis = RedisServer::start();
    let pair = Pair::start(&single(&redis.url()));
    redis.stop();
    pair.see(AWAY, 20, || ());
    redis.restart();
    pair.see(HITS, 20, || ());
    pair.end();
}

#[test]
fn a_redis_that_hangs_fails_no_page() {
    let redis = RedisServer::start();
    let pair = Pair::start(&single(&redis.url()));
    redis.pause();
    pair.see(TIMEOUTS, 3, || ());
    redis.resume();
    pair.see(HITS, 20, || ());
    pair.end();
}

#[test]
fn a_slow_redis_fails_no_page() {
    let redis = RedisServer::start();
    let slow = SlowRedis::before(redis.port());
    let pair = Pair::start(&single(&slow.url()));
    slow.set_delay(millis(100));
    pair.see(TIMEOUTS, 3, || ());
    slow.set_delay(Duration::ZERO);
    pair.see(HITS, 20, || ());
    pair.end();
}

#[test]
fn a_full_redis_fails_no_page() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "noeviction"]);
    let pair = Pair::start(&single(&redis.url()));
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    pair.see(REFUSED, 20, || ());
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "0"]), "OK");
    pair.see(HITS, 20, || ());
    pair.end();
}

#[test]
fn a_redis_that_is_flushed_fails_no_page() {
    let redis = RedisServer::start();
    let pair = Pair::start(&single(&redis.url()));
    pair.see(&["/redis/misses"], 50, || assert_eq!(redis.cli(&["FLUSHALL"]), "OK"));
    pair.see(HITS, 20, || ());
    pair.end();
}

/// Under every key in turn: bytes of somebody else, a list, and our own header around nonsense.
const GARBAGE: &str = "for i = 1, 10 do \
    local key = ARGV[1] .. i .. '#' \
    redis.call('DEL', key) \
    if i % 3 == 0 then redis.call('LPUSH', key, 'x') \
    elseif i % 3 == 1 then redis.call('SET', key, '{}') \
    else redis.call('SET', key, '\\191\\241\\0\\0\\0\\0\\40' .. string.rep('x', 40)) end end";

#[test]
fn garbage_under_our_keys_fails_no_page() {
    let redis = RedisServer::start();
    let pair = Pair::start(&single(&redis.url()));
    let spoil = || {
        let _said = redis.cli(&["EVAL", GARBAGE, "0", "test:product:v1:shared:main/products/p-"]);
    };
    pair.see(&["/redis/foreign"], 20, spoil);
    pair.see(&["/unreadable"], 20, spoil);
    pair.see(HITS, 20, || ());
    pair.end();
}

#[test]
fn c25_a_redis_that_talks_nonsense_fails_no_page_and_gives_no_lease_to_wait_for() {
    let redis = RedisServer::start();
    let odd = OddRedis::before(redis.port());
    let pair = Pair::start(&single(&odd.url()));
    let waits = || pair.instances.each_ref().map(|bff| number(bff, "/lease_waits"));
    for reply in [":1\r\n", "+OK\r\n", "$5\r\nhello\r\n", "*0\r\n", "$-1\r\n", "-ERR no\r\n"] {
        odd.says(reply);
        pair.see(AWAY, 20, || ());
        let before = waits();
        pair.see(&["/redis/breaker_refusals"], 20, || ());
        assert_eq!(waits(), before, "{reply:?}");
        odd.is_well();
        pair.see(HITS, 20, || ());
    }
    pair.end();
}

#[test]
fn a_cluster_that_loses_a_node_fails_no_page() {
    let mut redis = RedisCluster::start();
    let pair = Pair::start(&format!("mode = \"cluster\"\nurls = {:?}", redis.urls()));
    redis.node_mut(0).stop();
    pair.see(TROUBLE, 3, || ());
    pair.see(HITS, 20, || ());
    pair.end();
}

#[test]
fn a_failover_fails_no_page() {
    let mut redis = RedisSentinels::start();
    let (urls, master) = (redis.urls(), redis.master_name());
    let pair = Pair::start(&format!("mode = \"sentinel\"\nurls = {urls:?}\nmaster = {master:?}"));
    let before = redis.master().port();
    redis.fail_master();
    pair.see(AWAY, 3, || ());
    assert!(soon(|| redis.master().port() != before), "there is no new master");
    pair.see(HITS, 20, || ());
    assert!(pair.instances.iter().all(|bff| number(bff, "/redis/writes") > 0));
    pair.end();
}
