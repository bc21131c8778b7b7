//! Authentication failures by address.

use crate::support::{alone, of, said, shared, wait};
use bff_fixtures::redis::RedisServer;
use bff_limits::{Limits, Request};
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
fn c12_who_is_known_by_an_address_has_one_quota_whatever_the_address() {
    let quotas = "per_principal = { requests = 3, per = \"1h\" }\n\
                  failures_per_ip = { requests = 1, per = \"1h\" }\n\
                  classes = { search = { requests = 1, per = \"1h\" } }";
    let server = RedisServer::start();
    for limits in [alone(quotas), shared(&server, quotas)] {
        for network in [
            &["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4:5:6:7"][..],
            &["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1::3", "2001:db8:0:1::4"],
            &["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1", "192.0.2.1"],
            &["192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.2"],
        ] {
            let take = |address: &&str, class| wait(limits.take_anonymous(ip(address), class));
            let allowed = |class| network.iter().filter(|a| take(a, class).allowed).count();
            assert_eq!((allowed(Some("search")), allowed(None)), (1, 2), "{network:?}");
        }
        // Whoever signs in has a name of his own, whatever it is.
        for name in ["192.0.2.1", "ip 192.0.2.1", "\u{c0}\0\u{2}\u{1}"] {
            let all =
                [None; 3].map(|class| wait(limits.take(&Request { class, ..of(name) })).allowed);
            assert_eq!(all, [true; 3], "{name}");
        }
        // Nor is asking a failure.
        assert!(limits.may_try(ip("192.0.2.1")).allowed);
    }
    assert!(!server.cli(&["KEYS", "*"]).contains("192"));
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
