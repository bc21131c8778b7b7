//! Authentication failures by address.

use crate::support::{alone, said, shared, wait};
use bff_limits::Limits;
use bff_testkit::redis::RedisServer;
use std::net::IpAddr;

const QUOTA: &str = "failures_per_ip = { requests = 3, per = \"1h\" }";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

fn fail(limits: &Limits, address: &str, times: usize) {
    (0..times).for_each(|_| wait(limits.failed(ip(address))));
}

#[test]
fn who_fails_too_often_may_not_try_for_a_while() {
    let limits = alone(QUOTA);
    fail(&limits, "192.0.2.1", 2);
    assert!(limits.may_try(ip("192.0.2.1")).allowed);
    fail(&limits, "192.0.2.1", 1);
    let decision = limits.may_try(ip("192.0.2.1"));
    assert!(!decision.allowed);
    let expected = "\"failures\";q=3;w=3600 | \"failures\";r=0;t=1200 | 1200";
    assert_eq!(said(&limits, &decision), expected);
    assert!(limits.may_try(ip("192.0.2.2")).allowed);
    assert_eq!(limits.stats().failures, 3);
}

#[test]
fn trying_takes_nothing() {
    let limits = alone(QUOTA);
    assert!((0..100).all(|_| limits.may_try(ip("192.0.2.1")).allowed));
}

#[test]
fn all_addresses_of_a_customer_count_together() {
    let limits = alone(QUOTA);
    for n in 0..3 {
        fail(&limits, &format!("2001:db8::{n}"), 1);
    }
    assert!(!limits.may_try(ip("2001:db8::ffff")).allowed);
    assert!(limits.may_try(ip("2001:db8:0:1::1")).allowed);
    fail(&limits, "::ffff:192.0.2.1", 3);
    assert!(!limits.may_try(ip("192.0.2.1")).allowed);
}

#[test]
fn who_goes_from_one_instance_to_the_next_gets_no_further() {
    let server = RedisServer::start();
    let (one, other) = (shared(&server, QUOTA), shared(&server, QUOTA));
    fail(&one, "192.0.2.1", 3);
    assert!(!one.may_try(ip("192.0.2.1")).allowed);
    assert!(other.may_try(ip("192.0.2.1")).allowed, "it has not heard of it yet");
    fail(&other, "192.0.2.1", 1);
    let decision = other.may_try(ip("192.0.2.1"));
    // The one that was too many counts too.
    assert_eq!(said(&other, &decision).split(" | ").last(), Some("2400"));
    assert!(!server.cli(&["KEYS", "*"]).contains("192"));
    assert_eq!((one.stats().shared, other.stats().shared), (3, 1));
}
