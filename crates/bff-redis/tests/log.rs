//! What the log says about Redis: one line when trouble begins, one when it ends, whatever the load.

use bff_fixtures::{
    Lines,
    redis::{RedisServer, eventually},
};
use bff_redis::{Lookup, Redis, RedisSettings};

#[test]
fn trouble_is_said_once_and_its_end_once() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut server = RedisServer::start();
    let settings = RedisSettings::single(server.url().parse().unwrap());
    let redis = Redis::start(&settings, Vec::new()).unwrap();
    eventually("Redis answers", || runtime.block_on(redis.get("k")) == Lookup::Missing);
    assert_eq!(lines.count("Redis"), 0);
    server.stop();
    for n in 0..500 {
        assert_eq!(runtime.block_on(redis.get("k")), Lookup::Trouble);
        redis.put(format!("k{n}"), "x".into(), std::time::Duration::from_secs(60));
        redis.publish_invalidation("t");
    }
    assert_eq!(lines.count("WARN"), 1);
    assert_eq!(
        lines.count("answers are made without it until it is back: see that Redis is up"),
        1
    );
    server.restart();
    eventually("Redis answers", || runtime.block_on(redis.get("k")) == Lookup::Missing);
    assert_eq!((lines.count("WARN"), lines.count("INFO"), lines.count("Redis is back")), (1, 1, 1));
    assert_eq!(server.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    for n in 0..500 {
        redis.put(format!("k{n}"), "x".into(), std::time::Duration::from_secs(60));
    }
    eventually("writes were refused", || redis.stats().dropped_trouble > 500);
    assert_eq!((lines.count("WARN"), lines.count("Redis refuses writes")), (2, 1));
    assert_eq!(lines.count("maxmemory-policy"), 1);
}
