//! What the operator calls out of date is not served any more, by any instance.

use crate::bed::{self, LONG, admin, number, soon, title};
use bff_testkit::{TestBff, Ticker, redis::RedisServer};
use std::time::{Duration, Instant};

/// How soon other instances hear of it.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

fn delete(bff: &TestBff, tag: &str) -> u16 {
    admin(bff, "DELETE", &format!("/cache/tags/{tag}")).status
}

#[test]
fn one_request_to_one_instance_makes_every_instance_ask_again() {
    let (redis, service) = (RedisServer::start(), Ticker::start());
    let start = || {
        let cache = bed::patient_redis(&redis.url(), "near_for = \"10m\"");
        bed::start(vec![bed::product(LONG)], &service.url(), &cache)
    };
    let (one, other) = (start(), start());
    // Only who listens hears.
    assert!(soon(|| redis.cli(&["PUBSUB", "NUMSUB", "bff:invalidations"]).ends_with('2')));
    for bff in [&one, &other] {
        assert_eq!(title(bff, "p-1").split(' ').next(), Some("p-1"));
        assert_eq!(title(bff, "p-2").split(' ').next(), Some("p-2"));
    }
    let before = ["p-1", "p-2"].map(|id| [title(&one, id), title(&other, id)]);
    let requests = service.requests();
    assert_eq!(delete(&one, "product:p-1"), 204);
    // Here at once, there within a second.
    let here = title(&one, "p-1");
    assert!(!before[0].contains(&here), "{here}");
    let (asked, limit) = (Instant::now(), HEARD_WITHIN);
    while before[0].contains(&title(&other, "p-1")) {
        assert!(asked.elapsed() < limit, "the old value is still served after {limit:?}");
    }
    assert!(number(&other, "/invalidations") > 0);
    // Each may have asked once: what was read just after an invalidation is not shared yet.
    assert!(service.requests() - requests <= 2);
    assert_eq!(["p-2"].map(|id| [title(&one, id), title(&other, id)]), before[1..]);
}

#[test]
fn without_redis_it_works_for_the_one_instance() {
    let service = Ticker::start();
    let bff = bed::start(vec![bed::product(LONG)], &service.url(), "");
    let (first, other) = (title(&bff, "p-1"), title(&bff, "p-2"));
    assert_eq!([first.as_str(), other.as_str()], ["p-1 1", "p-2 2"]);
    assert_eq!(delete(&bff, "product:p-3"), 204);
    assert_eq!([title(&bff, "p-1"), title(&bff, "p-2")], [first, other.clone()]);
    assert_eq!(delete(&bff, "product:p-1"), 204);
    assert_eq!([title(&bff, "p-1"), title(&bff, "p-2")], ["p-1 3".to_owned(), other]);
}

#[test]
fn what_is_no_tag_is_refused() {
    let service = Ticker::start();
    let bff = bed::start(vec![bed::product(LONG)], &service.url(), "");
    assert_eq!(title(&bff, "p-1"), "p-1 1");
    for (tag, status) in [("nonsense", 400), ("", 404), ("a/b", 404), ("product:p-1/x", 404)] {
        assert_eq!(delete(&bff, tag), status, "{tag}");
    }
    assert_eq!(admin(&bff, "GET", "/cache/tags/product:p-1").status, 404);
    assert_eq!((title(&bff, "p-1"), number(&bff, "/invalidations")), ("p-1 1".to_owned(), 0));
}

#[test]
fn a_bff_that_keeps_nothing_says_so() {
    let service = Ticker::start();
    let bff = bed::start(vec![bed::product(LONG)], &service.url(), "[cache]\nmemory_bytes = 0");
    assert_eq!([title(&bff, "p-1"), title(&bff, "p-1")], ["p-1 1", "p-1 2"]);
    assert_eq!(delete(&bff, "product:p-1"), 404);
    assert_eq!(admin(&bff, "GET", "/cache").status, 404);
}
