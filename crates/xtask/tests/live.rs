//! The audit of a running BFF with a real Redis behind it: nothing to find, and then each planted
//! fault.

use bff_server::Settings;
use bff_testkit::{TestBff, redis::RedisServer};
use std::{fs, path::Path};
use xtask::Outcome;

/// The mobile BFF's own configuration, with what differs by place.
fn settings(redis: &str) -> Settings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bffs/mobile/config/base.toml");
    let base = fs::read_to_string(&path).unwrap_or_else(|error| unreachable!("{error}"));
    let place = "[issuers.main]\nissuer = \"https://issuer.test\"\nkeys = { file = \"replaced\" }";
    let cache = format!("[cache.redis]\nurl = {redis:?}\nlookup_timeout = \"5s\"");
    let base = base
        .replace("[issuers.main]", place)
        .replace("drain_delay = \"5s\"", "drain_delay = \"0s\"");
    let text = format!("{base}\n{cache}\n");
    toml::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Audits the BFF with more arguments.
fn audit(bff: &TestBff, more: &[&str]) -> Outcome {
    let url = format!("http://{}", bff.address);
    let arguments = [&["audit", "--live", url.as_str()], more].concat();
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    xtask::run(&arguments).unwrap_or_else(|why| unreachable!("{why}"))
}

#[test]
fn a_good_bff_passes_and_what_is_wrong_with_its_redis_is_found() {
    let redis = RedisServer::start();
    let bff = TestBff::start_from(&mobile::bff(), settings(&redis.url()));
    let token = bff.credential("u-1").replace("Bearer ", "");
    let url = redis.url();
    let all = ["--bearer", &token, "--parameter", "id=p-1", "--redis", &url];

    let good = audit(&bff, &all);
    assert!(good.is_good, "{}", good.text);
    for path in ["/mobile/v1/home: ", "/mobile/v1/products/p-1: "] {
        assert!(good.text.contains(path) && !good.text.contains(": 401"), "{}", good.text);
    }
    bff_testkit::redis::eventually("the product is in Redis", || {
        audit(&bff, &all).text.contains("1 keys in Redis")
    });

    // More than one step of the scan.
    let fill = "for i = 1, 1200 do redis.call('SET', 'bff:tag:filler:' .. i, 1, 'EX', 600) end \
                return redis.call('SET', 'product:p-1', 1)";
    assert_eq!(redis.cli(&["EVAL", fill, "0"]), "OK");
    let bad = audit(&bff, &all);
    assert!(!bad.is_good);
    assert!(bad.text.contains("`product:p-1` has no version"), "{}", bad.text);
    assert!(bad.text.contains("`product:p-1` never ends"), "{}", bad.text);
    assert!(bad.text.contains("2 findings"), "{}", bad.text);
}

#[test]
fn without_a_credential_problems_are_looked_at_and_the_rest_is_said() {
    let redis = RedisServer::start();
    let bff = TestBff::start_from(&mobile::bff(), settings(&redis.url()));
    let outcome = audit(&bff, &[]);
    assert!(outcome.is_good, "{}", outcome.text);
    assert!(outcome.text.contains("/mobile/v1/home: 401 UNAUTHENTICATED"), "{}", outcome.text);
    assert!(outcome.text.contains("/mobile/v1/products/{id}: not asked"), "{}", outcome.text);
}

#[test]
fn an_answer_of_another_bff_is_found() {
    let redis = RedisServer::start();
    let mut other = mobile::bff();
    other.name = "web";
    let bff = TestBff::start_from(&other, settings(&redis.url()));
    let token = bff.credential("u-1").replace("Bearer ", "");
    let outcome = audit(&bff, &["--bff", "mobile", "--bearer", &token]);
    assert!(!outcome.is_good);
    let what = "contract: X-Schema-Version is web.home/1, not mobile.home/1";
    assert!(outcome.text.contains(what), "{}", outcome.text);
}
