//! Leases: one holder at a time, and a late one changes nothing.

use crate::support::{LONG, connect, eventually_gets, found, get, patient, wait};
use bff_fixtures::redis::{RedisServer, eventually};
use bff_redis::{Lease, Lookup, Redis, Token};
use bytes::Bytes;
use std::time::Duration;

fn start() -> (RedisServer, Redis, Redis) {
    let server = RedisServer::start();
    let (one, other) = (connect(&patient(&server.url())), connect(&patient(&server.url())));
    for redis in [&one, &other] {
        eventually_gets(redis, "k", &Lookup::Missing);
    }
    (server, one, other)
}

/// Asks until Redis says yes or no.
fn lease(redis: &Redis, for_: Duration) -> Option<Token> {
    let mut said = Lease::Trouble;
    eventually("Redis answers", || {
        said = wait(redis.lease("k", for_));
        said != Lease::Trouble
    });
    match said {
        Lease::Held(token) => Some(token),
        _ => None,
    }
}

fn put_fenced(redis: &Redis, text: &'static str, token: Token) {
    redis.put_fenced("k".to_owned(), Bytes::from_static(text.as_bytes()), LONG, token);
}

#[test]
fn only_one_holds_a_lease_until_it_gives_it_back() {
    let (server, one, other) = start();
    let token = lease(&one, LONG).unwrap();
    assert_eq!(lease(&other, LONG), None);
    assert_eq!(lease(&one, LONG), None, "not even the same instance twice");
    one.release("k".to_owned(), token);
    eventually("the lease is free", || server.cli(&["EXISTS", "bff:lease:{k}"]) == "0");
    assert!(lease(&other, LONG).is_some());
}

#[test]
fn a_lease_ends_by_itself() {
    let (server, one, other) = start();
    assert!(lease(&one, Duration::from_millis(200)).is_some());
    let left: u64 = server.cli(&["PTTL", "bff:lease:{k}"]).parse().unwrap_or(0);
    assert!(left <= 200, "{left} ms");
    eventually("the other gets it", || lease(&other, LONG).is_some());
}

#[test]
fn the_holders_write_ends_its_lease_in_the_same_step() {
    let (_server, one, other) = start();
    let token = lease(&one, LONG).unwrap();
    put_fenced(&one, "fresh", token);
    eventually_gets(&other, "k", &found("fresh"));
    assert!(lease(&other, LONG).is_some());
}

#[test]
fn a_holder_whose_lease_is_over_overwrites_nothing() {
    let (_server, slow, fast) = start();
    let late = lease(&slow, Duration::from_millis(100)).unwrap();
    let mut current = None;
    eventually("somebody else gets the lease", || {
        current = lease(&fast, LONG);
        current.is_some()
    });
    // While the other is still at it, and when it is done.
    put_fenced(&slow, "stale", late.clone());
    eventually("the late write is refused", || slow.stats().fenced_off == 1);
    assert_eq!(get(&fast, "k"), Lookup::Missing);
    put_fenced(&fast, "fresh", current.unwrap());
    eventually_gets(&slow, "k", &found("fresh"));
    put_fenced(&slow, "stale", late);
    eventually("the late write is refused again", || slow.stats().fenced_off == 2);
    eventually_gets(&fast, "k", &found("fresh"));
    assert_eq!(slow.stats().writes, 0);
}

#[test]
fn a_lease_is_given_back_by_its_holder_only() {
    let (_server, one, other) = start();
    let late = lease(&one, Duration::from_millis(100)).unwrap();
    eventually("the other gets it", || lease(&other, LONG).is_some());
    one.release("k".to_owned(), late);
    eventually("that was looked at", || one.stats().writes == 1);
    assert_eq!(lease(&one, LONG), None);
}

#[test]
fn scripts_work_on_a_server_that_has_forgotten_them() {
    let (server, one, _other) = start();
    for text in ["first", "second"] {
        let token = lease(&one, LONG).unwrap();
        assert_eq!(server.cli(&["SCRIPT", "FLUSH"]), "OK");
        put_fenced(&one, text, token);
        eventually_gets(&one, "k", &found(text));
    }
}
