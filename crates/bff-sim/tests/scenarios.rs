//! What the report says, asserted on smaller crowds.

use bff_sim::{
    Report, Size,
    scenarios::{
        availability::Availability, brownout::Brownout, hedging::Hedging, retry_storm::RetryStorm,
        slow_host::SlowHost,
    },
};

#[test]
fn two_runs_write_the_same_report() {
    let run = || Report::of(Size::Small).unwrap();
    let (first, second) = (run(), run());
    assert_eq!(first.json().unwrap(), second.json().unwrap());
    assert_eq!(first.html(), second.html());
}

#[test]
fn the_budget_keeps_a_retry_storm_small_and_short() {
    let RetryStorm { shipped, budget_only, unlimited, .. } = RetryStorm::of(Size::Small).unwrap();
    for storm in [&shipped, &budget_only] {
        let attempts = storm.attempts_in_trouble as f64;
        assert!(attempts <= storm.allowed, "{attempts} of {}", storm.allowed);
    }
    let ratio = unlimited.attempts_in_trouble as f64 / unlimited.calls_in_trouble as f64;
    assert!(ratio > 1.8, "{ratio}");
    assert!(unlimited.attempts_in_trouble as f64 > unlimited.allowed);
    let recovery = shipped.recovery_seconds.expect("it recovers");
    assert!(recovery <= 8, "{recovery} s");
    assert!(unlimited.recovery_seconds.is_none_or(|unlimited| unlimited > recovery));
}

#[test]
fn a_slow_host_gets_few_calls() {
    let SlowHost { random, round_robin, two_choices, .. } = SlowHost::of(Size::Small).unwrap();
    for other in [&random, &round_robin] {
        assert!((9.0..11.0).contains(&other.slow_percent), "{}", other.slow_percent);
        assert!(two_choices.latency.p99 * 3.0 < other.latency.p99, "{other:?}");
    }
    assert!(two_choices.slow_percent < 1.0, "{}", two_choices.slow_percent);
}

#[test]
fn hedging_cuts_the_tail_for_one_call_in_twenty() {
    let Hedging { off, on, .. } = Hedging::of(Size::Small).unwrap();
    assert!(on.latency.p99 * 2.0 < off.latency.p99, "{} {}", on.latency.p99, off.latency.p99);
    assert!(on.latency.p999 * 2.0 < off.latency.p999, "{} {}", on.latency.p999, off.latency.p999);
    assert!(off.further_percent == 0.0);
    assert!((2.0..10.0).contains(&on.further_percent), "{} %", on.further_percent);
}

#[test]
fn an_overloaded_worker_makes_as_many_pages_as_before() {
    let Brownout { defended, undefended, .. } = Brownout::of(Size::Small);
    let (before, overloaded) = (defended.goodput[1], defended.goodput[2]);
    assert!(overloaded >= 0.8 * before.max(defended.peak), "{overloaded} of {}", defended.peak);
    assert!(undefended.goodput[2] < 0.5 * before, "{}", undefended.goodput[2]);
    assert!(defended.overload_latency.p99 < 500.0, "{}", defended.overload_latency.p99);
    assert!(defended.recovery_seconds.is_some_and(|seconds| seconds < 5.0), "{defended:?}");
    assert!(defended.calm_seconds.is_some_and(|seconds| seconds < 5.0), "{:?}", defended.changes);
    assert!(defended.changes.len() <= 8, "{:?}", defended.changes);
}

#[test]
fn optional_calls_do_not_lower_a_page() {
    let availability = Availability::of(Size::Small).unwrap();
    assert!(availability.critical_at_100 == 100.0, "{}", availability.critical_at_100);
    assert!(availability.critical_at_99_2 >= 99.2, "{}", availability.critical_at_99_2);
    let [all, degrading, shipped] = availability.at(99.2).expect("it was simulated");
    assert!(all < degrading && degrading < shipped, "{all} {degrading} {shipped}");
    // Three standard deviations of the draws.
    let spread = 300.0 * (0.992_f64 * 0.008 / f64::from(availability.pages)).sqrt();
    assert!((degrading - 99.2).abs() < spread, "{degrading}");
    assert!((all - 97.62).abs() < 1.8 * spread, "{all}");
}
