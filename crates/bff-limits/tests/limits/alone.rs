//! One instance without Redis: who is limited, what is taken, what is said.

use crate::support::{allowed, alone, of, said, take};
use bff_limits::Request;
use futures_util::FutureExt;

const ADA: Option<&str> = Some("ada");

#[test]
fn a_principal_has_a_limit_of_its_own() {
    let limits = alone("per_principal = { requests = 10, per = \"1h\" }");
    assert_eq!(allowed(&limits, of("ada"), 20), 10);
    assert_eq!(allowed(&limits, of("bob"), 20), 10);
    assert_eq!(allowed(&limits, Request::default(), 20), 20);
    assert_eq!(limits.stats().refused, 20);
}

#[test]
fn a_burst_is_what_may_come_at_once() {
    let limits = alone("per_principal = { requests = 10, per = \"1h\", burst = 3 }");
    assert_eq!(allowed(&limits, of("ada"), 20), 3);
    let limits = alone("per_principal = { requests = 1, per = \"1h\", burst = 30 }");
    assert_eq!(allowed(&limits, of("ada"), 100), 30);
}

#[test]
fn a_surface_has_a_limit_for_all() {
    let limits = alone("per_surface = { requests = 10, per = \"1h\" }");
    assert_eq!(allowed(&limits, of("ada"), 7), 7);
    assert_eq!(allowed(&limits, Request::default(), 7), 3);
    assert_eq!(allowed(&limits, of("bob"), 7), 0);
}

#[test]
fn a_class_has_a_limit_for_each_principal() {
    let limits = alone(
        "[classes]\nsearch = { requests = 3, per = \"1h\" }\nexport = { requests = 1, per = \"1h\" }",
    );
    let search = Request { principal: ADA, class: Some("search") };
    let export = Request { class: Some("export"), ..search };
    assert_eq!(allowed(&limits, search, 5), 3);
    assert_eq!(allowed(&limits, export, 5), 1);
    assert_eq!(allowed(&limits, Request { principal: Some("bob"), ..search }, 5), 3);
    for free in [
        Request { class: None, ..search },
        Request { class: Some("home"), ..search },
        Request { principal: None, ..search },
    ] {
        assert_eq!(allowed(&limits, free, 5), 5, "{free:?}");
        assert_eq!(limits.headers(&take(&limits, free)), None);
    }
    // Names of principals do not meet the names of classes.
    for name in ["search", "export"] {
        let own = Request { principal: Some(name), class: Some(name) };
        assert_eq!(allowed(&limits, own, 1), 1);
    }
}

#[test]
fn nothing_is_taken_when_one_limit_refuses() {
    let limits = alone(
        "per_principal = { requests = 10, per = \"1h\" }\nper_surface = { requests = 12, per = \"1h\" }\n\
         [classes]\nsearch = { requests = 2, per = \"1h\" }",
    );
    let search = Request { principal: ADA, class: Some("search") };
    assert_eq!(allowed(&limits, search, 50), 2);
    assert_eq!(allowed(&limits, of("ada"), 50), 8);
    assert_eq!(allowed(&limits, of("bob"), 50), 2);
    let before = "\"principal\";q=10;w=3600, \"surface\";q=12;w=3600 | \"surface\";r=0;t=300 | 300";
    assert_eq!(said(&limits, &take(&limits, of("bob"))), before);
    assert_eq!(said(&limits, &take(&limits, of("eve"))), before, "she has lost nothing");
}

#[test]
fn headers_name_the_tightest_limit() {
    let limits = alone(
        "per_principal = { requests = 10, per = \"100s\", burst = 5 }\n\
         per_surface = { requests = 1000, per = \"100000s\" }\n\
         [classes]\nsearch = { requests = 2, per = \"60s\" }",
    );
    let search = Request { principal: ADA, class: Some("search") };
    let policy = "\"search\";q=2;w=60, \"principal\";q=10;w=100, \"surface\";q=1000;w=100000";
    for expected in
        ["\"search\";r=1;t=30 | -", "\"search\";r=0;t=30 | -", "\"search\";r=0;t=30 | 30"]
    {
        assert_eq!(said(&limits, &take(&limits, search)), format!("{policy} | {expected}"));
    }
    let policy = "\"principal\";q=10;w=100, \"surface\";q=1000;w=100000";
    // Three are gone by now, and come back one every ten seconds.
    assert_eq!(
        said(&limits, &take(&limits, of("ada"))),
        format!("{policy} | \"principal\";r=2;t=30 | -")
    );
    let nobody = take(&limits, Request::default());
    assert_eq!(said(&limits, &nobody), "\"surface\";q=1000;w=100000 | \"surface\";r=996;t=400 | -");
}

#[test]
fn a_request_is_tried_again_no_earlier_than_t() {
    let limits = alone("per_principal = { requests = 100, per = \"3s\", burst = 1 }");
    let first = take(&limits, of("ada"));
    let mut decision = take(&limits, of("ada"));
    // A thirtieth of a second on, it would be allowed.
    for _ in 0..1000 {
        if !decision.allowed {
            break;
        }
        decision = take(&limits, of("ada"));
    }
    assert!(first.allowed && !decision.allowed);
    let headers = limits.headers(&decision).unwrap();
    assert_eq!(
        (headers.limit.to_string().as_str(), headers.retry_after),
        ("\"principal\";r=0;t=1", Some(1))
    );
}

#[test]
fn without_redis_nobody_waits() {
    let limits = alone("per_principal = { requests = 1, per = \"1h\" }");
    assert!(limits.take(&of("ada")).now_or_never().is_some_and(|decision| decision.allowed));
    assert!(limits.take(&of("ada")).now_or_never().is_some_and(|decision| !decision.allowed));
}

#[test]
fn without_settings_everything_is_allowed() {
    let limits = alone("");
    let request = Request { principal: ADA, class: Some("search") };
    assert_eq!(allowed(&limits, request, 100), 100);
    assert_eq!(limits.headers(&take(&limits, request)), None);
    assert!(limits.may_try("192.0.2.1".parse().unwrap()).allowed);
}

#[test]
fn workers_that_take_at_the_same_time_take_no_more_together() {
    let limits = alone(
        "per_principal = { requests = 5000, per = \"24h\" }\nper_surface = { requests = 6000, per = \"24h\" }",
    );
    let count = |name: &'static str| {
        let limits = limits.clone();
        std::thread::spawn(move || allowed(&limits, of(name), 4000))
    };
    let all: Vec<_> = ["ada", "ada", "bob", "bob"].map(count).into_iter().collect();
    let counts: Vec<usize> = all.into_iter().map(|thread| thread.join().unwrap()).collect();
    let [ada, bob] = [counts[0] + counts[1], counts[2] + counts[3]];
    assert!(ada <= 5000 && bob <= 5000 && ada + bob <= 6000, "{counts:?}");
    // One that is being given back may have been missed by another, for a moment.
    assert!(ada + bob + allowed(&limits, of("eve"), 4000) >= 6000, "{counts:?}");
}
