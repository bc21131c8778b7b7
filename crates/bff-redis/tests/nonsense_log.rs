//! What the log says about a Redis that talks nonsense: one line, and one when it is well.

use bff_fixtures::{
    Lines,
    redis::{OddRedis, RedisServer, eventually},
};
use bff_redis::{Lookup, Redis, RedisSettings, cmd};
use std::time::Duration;

#[test]
fn c25_nonsense_is_said_once() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = RedisServer::start();
    let odd = OddRedis::before(server.port());
    let settings = RedisSettings::single(odd.url().parse().unwrap());
    let redis = Redis::start(&settings, Vec::new()).unwrap();
    eventually("Redis answers", || runtime.block_on(redis.get("k")) == Lookup::Missing);
    assert_eq!(lines.count("Redis"), 0);
    odd.says(":1\r\n");
    let minute = Duration::from_secs(60);
    for n in 0..500 {
        assert_eq!(runtime.block_on(redis.get("k")), Lookup::Trouble);
        let _lease = runtime.block_on(redis.lease("k", minute));
        let _times = runtime.block_on(redis.tag_times(&["t"]));
        let _value = runtime.block_on(redis.run::<Vec<u8>>(cmd("GET").arg("k").clone(), minute));
        redis.put(format!("k{n}"), "x".into(), minute);
        redis.publish_invalidation("t");
    }
    assert_eq!((lines.count("WARN"), lines.count("no such command has: a number")), (1, 1));
    odd.is_well();
    eventually("Redis answers", || runtime.block_on(redis.get("k")) == Lookup::Missing);
    assert_eq!((lines.count("WARN"), lines.count("INFO"), lines.count("Redis is back")), (1, 1, 1));
}
