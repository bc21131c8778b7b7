//! Values go in and come out, for as long as they were to stay.

use crate::support::{LONG, connect, eventually_gets, found, get, listen, patient, put};
use bff_fixtures::redis::{RedisServer, eventually};
use bff_redis::Lookup;
use bytes::Bytes;
use std::time::Duration;

#[test]
fn a_value_is_found_by_every_instance() {
    let server = RedisServer::start();
    let (one, other) = (connect(&patient(&server.url())), connect(&patient(&server.url())));
    eventually_gets(&one, "k", &Lookup::Missing);
    put(&one, "k", "value");
    eventually_gets(&other, "k", &found("value"));
    let (one, other) = (one.stats(), other.stats());
    assert!(one.hits == 1 && one.misses >= 2 && one.writes >= 1, "{one:?}");
    assert!(one.bytes_written >= 12 && one.bytes_read >= 12, "{one:?}");
    assert!(one.lookups >= 3 && one.lookup_time > Duration::ZERO, "{one:?}");
    assert_eq!((other.hits, other.writes), (1, 0));
}

#[test]
fn a_value_is_gone_when_its_time_is_over() {
    let server = RedisServer::start();
    let redis = connect(&patient(&server.url()));
    redis.put("short".to_owned(), Bytes::from_static(b"x"), Duration::from_millis(300));
    redis.put("long".to_owned(), Bytes::from_static(b"x"), Duration::from_millis(90_000));
    redis.put("none".to_owned(), Bytes::from_static(b"x"), Duration::ZERO);
    eventually_gets(&redis, "long", &found("x"));
    let left: u64 = server.cli(&["PTTL", "long"]).parse().unwrap();
    assert!((60_000..=90_000).contains(&left), "{left} ms");
    eventually("the short one and the one without time are written and gone", || {
        redis.stats().writes == 3 && server.cli(&["DBSIZE"]) == "1"
    });
    assert_eq!(get(&redis, "short"), Lookup::Missing);
}

#[test]
fn an_empty_value_is_a_value() {
    let server = RedisServer::start();
    let redis = connect(&patient(&server.url()));
    put(&redis, "k", "");
}

#[test]
fn a_big_value_is_stored_compressed_and_a_small_one_as_it_is() {
    let server = RedisServer::start();
    let redis = connect(&patient(&server.url()));
    let big = Bytes::from("a page of much the same ".repeat(20_000));
    redis.put("big".to_owned(), big.clone(), LONG);
    redis.put("small".to_owned(), Bytes::from("a".repeat(2048)), LONG);
    eventually("both are written", || redis.stats().writes == 2);
    let length = |key| server.cli(&["STRLEN", key]).parse::<usize>().unwrap();
    assert!(length("big") < big.len() / 20, "{} bytes", length("big"));
    assert_eq!(length("small"), 2048 + 7);
    eventually_gets(&redis, "big", &Lookup::Found(big));
}

#[test]
fn a_value_over_the_limit_is_dropped_and_one_at_the_limit_is_not() {
    let server = RedisServer::start();
    let redis = connect(&patient(&server.url()));
    let noise: Vec<u8> =
        (0..=1024 * 1024_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let at_limit = Bytes::from(noise[1..].to_vec());
    redis.put("over".to_owned(), noise.into(), LONG);
    redis.put("at".to_owned(), at_limit.clone(), LONG);
    eventually_gets(&redis, "at", &Lookup::Found(at_limit));
    assert_eq!((redis.stats().dropped_too_large, redis.stats().writes), (1, 1));
    assert_eq!(get(&redis, "over"), Lookup::Missing);
}

#[test]
fn the_thread_ends_with_the_last_clone_and_writes_what_it_was_given() {
    let server = RedisServer::start();
    let (redis, heard) = listen(&patient(&server.url()));
    eventually_gets(&redis, "k", &Lookup::Missing);
    let clone = redis.clone();
    drop(redis);
    put(&clone, "k", "value");
    assert_eq!(heard.holders(), 2);
    clone.put("last".to_owned(), Bytes::from_static(b"word"), LONG);
    drop(clone);
    eventually("the thread is gone", || heard.holders() == 1);
    assert_eq!(server.cli(&["EXISTS", "last"]), "1");
}
