//! The cache tells what it does, and nothing about whom it does it for.

use crate::bed::{self, LONG, MAIN, admin, lookups, page, title};
use bff_core::{Endpoint, prelude::*};
use bff_testkit::{SampleServices, Service as Sample, redis::RedisServer};

#[derive(View)]
struct ProfilePage {
    display_name: String,
}

fn profile() -> Endpoint {
    get("/test/v1/profile").to(async move |cx: &Cx, me: User| {
        let profile = MAIN.get(("users", &me)).named::<ProfilePage>("profile");
        cx.gather(Critical(profile.kept_for(&me, LONG).tagged("product", "secret-tag"))).await
    })
}

fn count(tier: &str, outcome: &str) -> String {
    format!("{{entity=\"product\",tier=\"{tier}\",outcome=\"{outcome}\"}}")
}

#[test]
fn every_look_is_counted_by_where_it_ended() {
    let (redis, sample) = (RedisServer::start(), SampleServices::start().unwrap());
    let cache = bed::patient_redis(&redis.url(), "");
    let start = || {
        let keep = LONG.missing_for(minutes(1));
        bed::start(vec![bed::product(keep)], &sample.url(Sample::Catalog), &cache)
    };
    let (one, other) = (start(), start());
    let expected = title(&one, "p-1");
    assert_eq!(title(&one, "p-1"), expected);
    assert!(bed::soon(|| bed::number(&one, "/redis/writes") > 0));
    assert_eq!(title(&other, "p-1"), expected);
    assert_eq!([404; 2].map(|_| page(&one, "/test/v1/products/p-0").status), [404; 2]);
    for (bff, tier, outcome) in [
        (&one, "service", "miss"),
        (&one, "near", "hit"),
        (&other, "far", "hit"),
        (&one, "service", "error"),
        (&one, "near", "missing"),
    ] {
        let metric = format!("bff_cache_lookups_total{}", count(tier, outcome));
        assert_eq!(bff.metric(&metric), 1.0, "{metric}");
    }
    assert_eq!((lookups(&one, "product"), lookups(&other, "product")), (4.0, 1.0));
}

#[test]
fn neither_users_nor_keys_nor_tags_are_told() {
    let (redis, sample) = (RedisServer::start(), SampleServices::start().unwrap());
    let cache = bed::patient_redis(&redis.url(), "");
    let bff = bed::start_personal(vec![profile()], &sample.url(Sample::Users), &cache);
    let name = bff.get_as("u-4711", "/test/v1/profile").at("/displayName");
    assert_eq!(bff.get_as("u-4711", "/test/v1/profile").at("/displayName"), name);
    assert_eq!(admin(&bff, "DELETE", "/cache/tags/product:other-secret").status, 204);
    assert_eq!(lookups(&bff, "entity=\"profile\""), 2.0);
    let names = [name.as_str().unwrap_or("no name"), "4711", "user=", "secret", "/users"];
    for told in [bff.metrics(), admin(&bff, "GET", "/cache").text()] {
        let leaked = names.iter().find(|name| told.contains(**name));
        assert_eq!(leaked, None, "{told}");
    }
    // The same words are found where they do belong.
    let keys = redis.cli(&["KEYS", "*"]);
    assert!(keys.contains("user=u-4711"), "{keys}");
}
