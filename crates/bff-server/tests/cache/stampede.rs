//! A hot key does not stampede its service, and nobody waits for the renewal of what is there.

use crate::{
    bed::{self, lookups, number, title},
    traffic::Traffic,
};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample, redis::RedisServer};
use std::{thread, time::Instant};

/// With it a value is renewed about every second: the closer to its end, the likelier.
const LIFETIME: Duration = millis(1500);
const KEEP: Keep = Keep::of(LIFETIME).while_revalidating(LIFETIME);
const SLOW: u64 = 120;
const TRAFFIC_FOR: Duration = seconds(4);
/// Twice the renewals that one instance alone is expected to make in that time. Four that do not
/// know of each other make four times as many.
const MOST_FETCHES: u64 = 10;

#[test]
fn four_instances_renew_a_hot_value_as_if_they_were_one() {
    let (redis, sample) = (RedisServer::start(), SampleServices::start().unwrap());
    let cache = bed::patient_redis(&redis.url(), "near_for = \"50ms\"\nlease = \"1s\"");
    let instances = [(); 4]
        .map(|()| bed::start(vec![bed::product(KEEP)], &sample.url(Sample::Catalog), &cache));
    let requests = || sample.stats(Sample::Catalog).requests_started;
    sample.set_fault(Sample::Catalog, Some(Fault::Delay { millis: SLOW }));
    let expected = title(&instances[0], "p-1");
    assert!(instances.iter().all(|bff| title(bff, "p-1") == expected));
    assert_eq!(requests(), 1, "the first one fetched for all");

    let waits = |bff: &_| lookups(bff, "tier=\"service\"") + lookups(bff, "tier=\"shared\"");
    let waited = instances.each_ref().map(waits);
    let addresses = instances.each_ref().map(|bff| bff.address);
    let ask = |_| "/test/v1/products/p-1".to_owned();
    let traffic = Traffic::start(&addresses, ask, |_, reply| bed::is_good(reply));
    let begun = Instant::now();
    let mut most_at_once = 0;
    while begun.elapsed() < TRAFFIC_FOR {
        let stats = sample.stats(Sample::Catalog);
        most_at_once = most_at_once.max(stats.requests_started - stats.requests_finished);
        thread::sleep(millis(2));
    }
    let seen = traffic.end();
    assert!(seen.bad.is_empty(), "{:?}", seen.bad.first());
    assert_eq!(instances.each_ref().map(waits), waited, "pages waited for the service");
    let (most, all) = (seen.within(95), seen.took.len());
    assert!(most < millis(60), "95 % of {all} pages took up to {most:?}");
    let fetches = requests() - 1;
    assert_eq!(most_at_once, 1, "instances fetched at the same time");
    assert!((1..=MOST_FETCHES).contains(&fetches), "{fetches} fetches for {all} pages");
    let renewals: u64 = instances.iter().map(|bff| number(bff, "/refreshes")).sum();
    assert!(renewals >= fetches, "{renewals} renewals, {fetches} fetches");
}
