//! What others put under our keys is never taken for a value, and never stays in the way.

use crate::support::{connect, eventually_gets, get, patient, put};
use bff_fixtures::redis::{RedisServer, eventually};
use bff_redis::{Lookup, Redis};

fn start() -> (RedisServer, Redis) {
    let server = RedisServer::start();
    let redis = connect(&patient(&server.url()));
    eventually_gets(&redis, "nothing", &Lookup::Missing);
    (server, redis)
}

/// A foreign value is a miss, is counted, does not look like trouble, and can be overwritten.
fn check(server: &RedisServer, redis: &Redis, command: &[&str]) {
    let said = server.cli(command);
    assert!(!said.contains("ERR"), "{command:?}: {said}");
    let before = redis.stats().foreign;
    eventually(&format!("{command:?} is foreign"), || {
        assert!(!matches!(get(redis, "k"), Lookup::Found(_)), "{command:?}");
        redis.stats().foreign > before
    });
    put(redis, "k", "ours");
    let _cleared = server.cli(&["DEL", "k"]);
}

#[test]
fn foreign_bytes_are_a_miss() {
    let (server, redis) = start();
    for text in ["{\"json\":true}", "x", "        ", "0000000000000000000000"] {
        check(&server, &redis, &["SET", "k", text]);
    }
}

#[test]
fn a_spoiled_value_is_a_miss() {
    let (server, redis) = start();
    put(&redis, "k", "value");
    // Another sign, another kind, another length, a cut end, one byte more.
    for command in [
        &["SETRANGE", "k", "0", "{"][..],
        &["SETRANGE", "k", "2", "9"],
        &["SETRANGE", "k", "3", "zzzz"],
        &["APPEND", "k", "!"],
        &[
            "EVAL",
            "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, -2))",
            "1",
            "k",
        ],
    ] {
        put(&redis, "k", "value");
        check(&server, &redis, command);
    }
}

#[test]
fn another_type_is_a_miss() {
    let (server, redis) = start();
    for command in [
        &["LPUSH", "k", "x"][..],
        &["HSET", "k", "f", "x"],
        &["SADD", "k", "x"],
        &["ZADD", "k", "1", "x"],
        &["XADD", "k", "*", "f", "x"],
    ] {
        check(&server, &redis, command);
        // Many in a row are no trouble either.
        let _set = server.cli(command);
        for _ in 0..20 {
            let _miss = get(&redis, "k");
        }
        assert!(!redis.stats().breaker_open, "{command:?}");
        let _cleared = server.cli(&["DEL", "k"]);
    }
}

#[test]
fn a_huge_foreign_value_is_not_even_read() {
    let (server, redis) = start();
    let _set = server.cli(&["SETRANGE", "k", "200000000", "x"]);
    let read = redis.stats().bytes_read;
    check(&server, &redis, &["APPEND", "k", "x"]);
    let read = redis.stats().bytes_read - read;
    assert!(read < 20 * 1024 * 1024, "{read} bytes were read");
}
