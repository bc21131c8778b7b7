//! Something under the key of a lease that is no lease of ours, and that never ends by itself.

use crate::bed::{self, is_good, number, page, soon, title};
use bff_core::prelude::*;
use bff_testkit::{
    TestBff, Ticker,
    redis::{OddRedis, RedisServer},
};
use std::thread;

const PAGE: &str = "/test/v1/products/p-1";
const LEASE: &str = "bff:lease:{test:product:v1:shared:main/products/p-1#}";
/// Bytes of somebody else; a list, which no script of ours can compare with a token.
const SPOILS: [[&str; 3]; 2] = [["SET", LEASE, "garbage"], ["RPUSH", LEASE, "garbage"]];
const SOON_OVER: Keep = Keep::of(millis(30)).jitter_percent(0);

struct Bed {
    redis: RedisServer,
    service: Ticker,
    bff: TestBff,
}

fn start(keep: Keep) -> Bed {
    let (redis, service) = (RedisServer::start(), Ticker::start());
    let cache = bed::patient_redis(&redis.url(), "near_for = \"10ms\"\nlease = \"40ms\"");
    let bff = bed::start(vec![bed::product(keep)], &service.url(), &cache);
    Bed { redis, service, bff }
}

impl Bed {
    fn spoil(&self, how: &[&str]) {
        assert!(["OK", "1"].contains(&self.redis.cli(how).as_str()));
        assert_eq!(self.redis.cli(&["TTL", LEASE]), "-1");
    }

    fn waits_in_vain(&self) -> u64 {
        number(&self.bff, "/lease_waits_in_vain")
    }

    /// Asks until the service was asked so many more times; every page is good.
    fn fetch(&self, count: u64) {
        let goal = self.service.requests() + count;
        let fetched = soon(|| {
            let reply = page(&self.bff, PAGE);
            assert!(is_good(&reply), "{reply:?}");
            self.service.requests() >= goal
        });
        assert!(fetched, "{count} fetches do not happen");
    }
}

#[test]
fn it_costs_no_wait_and_no_page() {
    for spoil in SPOILS {
        let bed = start(SOON_OVER);
        bed.spoil(&spoil);
        bed.fetch(5);
        assert_eq!((bed.waits_in_vain(), bed.service.requests()), (0, 5));
        assert!(soon(|| number(&bed.bff, "/redis/writes") == 5));
        assert_eq!(bed.redis.cli(&["EXISTS", LEASE]), "0", "it is gone with the first lease");
    }
}

#[test]
fn it_keeps_nothing_from_being_renewed() {
    for spoil in SPOILS {
        let bed = start(SOON_OVER.while_revalidating(minutes(10)));
        assert_eq!(title(&bed.bff, "p-1"), "p-1 1");
        assert!(soon(|| number(&bed.bff, "/redis/writes") == 1));
        bed.spoil(&spoil);
        assert!(soon(|| title(&bed.bff, "p-1") != "p-1 1"));
    }
}

#[test]
fn c25_who_waits_for_another_instance_waits_no_longer_once_redis_is_in_trouble() {
    for reply in [":1\r\n", "*0\r\n", "-ERR no\r\n"] {
        let (redis, service) = (RedisServer::start(), Ticker::start());
        let odd = OddRedis::before(redis.port());
        // Far longer than the page's budget.
        let cache = bed::patient_redis(&odd.url(), "lease = \"10m\"");
        let bff = bed::start(vec![bed::product(SOON_OVER)], &service.url(), &cache);
        assert_eq!(redis.cli(&["SET", LEASE, "another", "PX", "600000"]), "OK");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| page(&bff, PAGE));
            assert!(soon(|| number(&bff, "/lease_waits") == 1), "nobody waits");
            odd.says(reply);
            let reply = waiting.join().unwrap();
            assert!(is_good(&reply), "{reply:?}");
        });
    }
}
