//! Sentinel: the master is found, and found again when it is another.

use crate::access::RIGHTS;
use crate::support::{LONG, eventually_gets, found, from, get, list, listen, put, wait};
use bff_fixtures::redis::{RedisSentinels, RedisServer, eventually};
use bff_redis::{Lease, Lookup, RedisSettings};
use bytes::Bytes;
use std::time::{Duration, Instant};

fn settings(group: &RedisSentinels) -> RedisSettings {
    let master = group.master_name();
    from(&format!("mode = \"sentinel\"\nmaster = {master:?}\n{}", list(&group.urls())))
}

#[test]
fn the_master_is_replaced_in_the_middle_of_everything() {
    let mut group = RedisSentinels::start();
    let (redis, heard) = listen(&settings(&group));
    put(&redis, "k", "value");
    eventually("it listens", || heard.count("*") == 1);
    let old = group.master().port();
    group.fail_master();
    // Lookups and writes go on; `get` holds each lookup to its time.
    let mut troubles = 0_u32;
    eventually("the sentinels have chosen another", || {
        for _ in 0..5 {
            redis.put("during".to_owned(), Bytes::from_static(b"x"), LONG);
            troubles += u32::from(get(&redis, "k") == Lookup::Trouble);
        }
        group.master().port() != old
    });
    assert!(troubles > 0);
    let chosen = Instant::now();
    put(&redis, "after", "value");
    let healed = chosen.elapsed();
    assert!(healed < Duration::from_secs(8), "it took {healed:?} to find the new master");
    eventually("it listens to the new master", || heard.count("*") >= 2);
    redis.publish_invalidation("t");
    eventually("it hears through the new master", || heard.count("t") == 1);
    eventually("a lease is held", || matches!(wait(redis.lease("k", LONG)), Lease::Held(_)));
}

#[test]
fn a_sentinel_that_hangs_or_is_gone_does_not_hide_the_master() {
    let group = RedisSentinels::start();
    group.pause_sentinel(0);
    let (redis, _) = listen(&settings(&group));
    put(&redis, "k", "value");
}

#[test]
fn a_master_that_was_replaced_while_it_hung_is_left() {
    let group = RedisSentinels::start();
    let (redis, _) = listen(&settings(&group));
    put(&redis, "k", "value");
    let old = group.master();
    old.pause();
    eventually("the sentinels have chosen another", || {
        let _in_time = get(&redis, "k");
        group.master().port() != old.port()
    });
    old.resume();
    eventually("writes go to the new master", || {
        // Until the sentinels have told the old one it takes writes, which are lost.
        redis.put("after".to_owned(), Bytes::from_static(b"value"), LONG);
        group.master().cli(&["EXISTS", "after"]) == "1"
    });
    eventually_gets(&redis, "after", &found("value"));
}

#[test]
fn a_master_that_nobody_knows_is_trouble() {
    let group = RedisSentinels::start();
    let (redis, _) =
        listen(&RedisSettings { master: Some("another".to_owned()), ..settings(&group) });
    eventually("the breaker opens", || redis.stats().breaker_open);
}

#[test]
fn sentinels_and_servers_have_accounts_of_their_own() {
    let group = RedisSentinels::start();
    for said in group.sentinels_cli(&["ACL", "SETUSER", "watcher", "on", ">w", "~*", "&*", "+@all"])
    {
        assert_eq!(said, "OK");
    }
    let user = ["ACL", "SETUSER", "bff", "on", ">b", "+role"];
    assert_eq!(group.master().cli(&[&user[..], &RIGHTS].concat()), "OK");
    let secret = |text: &str| Some(text.into());
    let settings = RedisSettings {
        username: Some("bff".to_owned()),
        password: secret("b"),
        sentinel_username: Some("watcher".to_owned()),
        sentinel_password: secret("w"),
        ..settings(&group)
    };
    put(&listen(&settings).0, "mobile:k", "value");
    let wrong = RedisSettings { sentinel_password: secret("x"), ..settings };
    let (redis, _) = listen(&wrong);
    eventually("the breaker opens", || redis.stats().breaker_open);
}

#[test]
fn a_master_that_has_become_a_replica_is_not_believed() {
    let group = RedisSentinels::start();
    let elsewhere = RedisServer::start();
    let port = elsewhere.port().to_string();
    assert_eq!(group.master().cli(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    // The sentinels take some twenty seconds to see it.
    let (redis, _) = listen(&settings(&group));
    eventually("the breaker opens", || redis.stats().breaker_open);
    assert_eq!((redis.stats().hits, redis.stats().misses), (0, 0));
}
