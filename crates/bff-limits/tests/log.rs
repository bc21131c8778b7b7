//! What the log says when Redis is there and does not count: one line, and one when it does again.

use bff_fixtures::{Lines, redis::RedisServer};
use bff_limits::{LimitSettings, Limits, Request};
use tokio::runtime::Builder;

#[test]
fn a_redis_that_refuses_is_reported_once() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let count = |part: &str| lines.count(part);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let server = RedisServer::start();
    let toml = format!(
        "within = \"10s\"\nper_surface = {{ requests = 1000, per = \"1h\" }}\n[shared]\nurl = {:?}\n\
         command_timeout = \"10s\"",
        server.url()
    );
    let settings: LimitSettings = toml::from_str(&toml).unwrap();
    let limits = Limits::start("mobile", &settings, None).unwrap();
    let take = |times| {
        for _ in 0..times {
            assert!(runtime.block_on(limits.take(&Request::default())).allowed);
        }
    };
    take(5);
    assert_eq!((count("WARN"), count("limits are held")), (0, 0));
    let key = "bff:{limits:mobile}:s";
    assert_eq!(server.cli(&["DEL", key]), "1");
    assert_eq!(server.cli(&["LPUSH", key, "x"]), "1");
    take(50);
    assert_eq!((count("WARN"), count("limits are held by each instance alone")), (1, 1));
    assert_eq!(count("Redis refuses the command: WRONGTYPE"), 1);
    assert_eq!(server.cli(&["DEL", key]), "1");
    take(50);
    assert_eq!((count("INFO"), count("by all instances together again")), (1, 1));
    assert_eq!(limits.stats().alone, 50);
}
