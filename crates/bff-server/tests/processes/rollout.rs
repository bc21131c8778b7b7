//! Two releases that keep different shapes under one name share a Redis and never each other's
//! values.

use crate::{
    load::Load,
    parts,
    release::{self, number, one_at_a_time},
};
use bff_testkit::{
    BffProcess, SampleServices, Service as Sample,
    http::Reply,
    redis::{RedisServer, eventually},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How often each process meets what the others wrote. A value is fetched once for all, so that a
/// process of the other shape comes to it once per lifetime at most.
const ENOUGH: u64 = 4;
/// Requests per second.
const RATE: u32 = 400;

const CATEGORIES: &[&str] =
    &["lighting", "bags", "outdoor", "kitchen", "home", "office", "clothing", "audio"];

/// The first two processes have the old release, the others the new one.
fn has_its_own_shape(place: usize, reply: &Reply) -> bool {
    let own = if place < 2 { "brand" } else { "category" };
    let word = reply.at(&format!("/product/{own}"));
    let is_category = word.as_str().is_some_and(|word| CATEGORIES.contains(&word));
    reply.status == 200
        && reply.names("/product") == [own, "title"]
        && is_category == (own == "category")
        && reply.at("/meta/degraded") == false
}

/// What traffic makes of the two releases until all processes have come so far: how many values each
/// of them could not read.
fn roll_out(second: &str, counter: &str) -> [u64; 4] {
    let _alone = one_at_a_time();
    let redis = RedisServer::start();
    let Ok(sample) = SampleServices::start() else { unreachable!("sample services start") };
    let cache = parts::patient_redis(&redis.url(), "near_for = \"10ms\"\nlease = \"50ms\"");
    let processes = ["old", "old", second, second]
        .map(|release| release::start(release, &sample.url(Sample::Catalog), &cache));
    let wrong = Arc::<[AtomicU64; 4]>::default();
    let seen = wrong.clone();
    let load = Load::start(
        &processes,
        RATE,
        |nth| format!("/test/v1/products/p-{}", nth / 4 % 4 + 1),
        move |place, reply| {
            let is_wrong = u64::from(!has_its_own_shape(place, reply));
            seen.get(place).map(|count| count.fetch_add(is_wrong, Relaxed));
        },
    );
    let done = |process: &BffProcess| number(process, counter) > ENOUGH;
    let wrong = || wrong.each_ref().map(|count| count.load(Relaxed));
    eventually("every process has met what the others wrote", || {
        wrong() != [0; 4] || processes.iter().all(done)
    });
    let pages = load.end();
    assert_eq!(wrong(), [0; 4], "of {pages} pages");
    processes.each_ref().map(|process| number(process, "/unreadable"))
}

#[test]
fn a_new_revision_has_keys_of_its_own() {
    assert_eq!(roll_out("new", "/redis/hits"), [0; 4]);
}

#[test]
fn a_shape_without_a_new_revision_is_not_read_either() {
    let unreadable = roll_out("forgotten", "/unreadable");
    assert!(unreadable.iter().all(|count| *count > ENOUGH), "{unreadable:?}");
}
