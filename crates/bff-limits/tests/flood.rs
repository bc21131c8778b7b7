//! A flood of names: no memory is taken, and those who are over their limit stay so.

use bff_limits::{Limits, Request};
use futures_util::FutureExt;
use std::fmt::Write;

#[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
fn alone(toml: &str) -> Limits {
    let settings = toml::from_str(toml).expect("the settings are good");
    Limits::start("mobile", &settings, None).expect("the settings are good")
}

fn of(principal: &str) -> Request<'_> {
    Request { principal: Some(principal), class: None }
}

#[test]
fn a_local_decision_takes_no_memory_however_many_ask() {
    let limits = alone(
        "per_principal = { requests = 10, per = \"1h\" }\nper_surface = { requests = 100000000, per = \"24h\" }\n\
         failures_per_ip = { requests = 10, per = \"1h\" }",
    );
    let mut name = String::with_capacity(64);
    let counted = allocation_counter::measure(|| {
        for n in 0..300_000_u32 {
            name.clear();
            let _infallible = write!(name, "principal-{n}");
            assert!(limits.take(&of(&name)).now_or_never().is_some_and(|d| d.allowed));
            let ip = std::net::Ipv4Addr::from_bits(n).into();
            assert!(limits.failed(ip).now_or_never().is_some());
            assert!(limits.may_try(ip).allowed);
        }
    });
    assert_eq!((counted.count_total, counted.bytes_max), (0, 0), "{counted:?}");
    // Two tables of 65536 are full, and all others gave way.
    assert!(limits.stats().evicted >= 2 * (300_000 - 65_536), "{:?}", limits.stats());
}

#[test]
fn who_is_far_over_the_limit_does_not_give_way_to_newcomers() {
    let limits = alone("per_principal = { requests = 10, per = \"1h\" }");
    let take = |name: &str| limits.take(&of(name)).now_or_never().unwrap().allowed;
    assert_eq!((0..50).filter(|_| take("greedy")).count(), 10);
    assert!((0..200_000).all(|n| take(&format!("principal-{n}"))));
    assert!(!take("greedy"));
}
