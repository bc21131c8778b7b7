//! Commands and scripts with the caller's own time: done, refused, or not answered.

use crate::support::{LONG, SLACK, connect, from, list, patient, put, settings, wait};
use bff_fixtures::redis::{RedisCluster, RedisServer, SlowRedis, eventually};
use bff_redis::{Redis, Script, Trouble, cmd};
use std::time::{Duration, Instant};

/// What a request waits for its session.
const SESSION: Duration = Duration::from_millis(250);

fn set(redis: &Redis, key: &str, value: &str) -> Result<String, Trouble> {
    wait(redis.run(cmd("SET").arg(key).arg(value).clone(), LONG))
}

fn read(redis: &Redis, key: &str, within: Duration) -> Result<Option<String>, Trouble> {
    wait(redis.run(cmd("GET").arg(key).clone(), within))
}

fn start() -> (RedisServer, Redis) {
    let server = RedisServer::start();
    let redis = connect(&patient(&server.url()));
    put(&redis, "ready", "yes");
    (server, redis)
}

#[test]
fn what_is_not_there_is_an_answer_and_a_redis_that_is_away_is_none() {
    let (mut server, redis) = start();
    assert_eq!(read(&redis, "session", LONG), Ok(None));
    assert_eq!(set(&redis, "session", "ada"), Ok("OK".to_owned()));
    assert_eq!(read(&redis, "session", LONG), Ok(Some("ada".to_owned())));
    assert_eq!(redis.stats().commands, 3);
    server.stop();
    let trouble = read(&redis, "session", SESSION).unwrap_err();
    assert!(trouble.is_away(), "{trouble:?}");
    eventually("it is left alone", || {
        let trouble = read(&redis, "session", SESSION).unwrap_err();
        assert!(trouble.is_away(), "{trouble:?}");
        trouble == Trouble::BreakerOpen
    });
    assert!(redis.stats().breaker_refusals > 0);
    server.restart();
    eventually("it is used again", || read(&redis, "session", SESSION) == Ok(None));
}

#[test]
fn a_redis_that_hangs_is_waited_for_as_long_as_the_caller_wants() {
    let (server, redis) = start();
    server.pause();
    let begun = Instant::now();
    assert_eq!(read(&redis, "session", SESSION), Err(Trouble::Timeout));
    assert!((SESSION..SESSION + SLACK).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(read(&redis, "session", Duration::from_millis(10)), Err(Trouble::Timeout));
    assert!(begun.elapsed() < Duration::from_millis(10) + SLACK, "{:?}", begun.elapsed());
    eventually("it is left alone", || {
        read(&redis, "session", Duration::from_millis(10)) == Err(Trouble::BreakerOpen)
    });
    server.resume();
    eventually("it is used again", || read(&redis, "session", SESSION) == Ok(None));
}

#[test]
fn the_callers_time_is_not_that_of_a_lookup() {
    let server = RedisServer::start();
    let proxy = SlowRedis::before(server.port());
    let slow = bff_redis::RedisSettings {
        command_timeout: Duration::from_secs(10),
        ..settings(&proxy.url())
    };
    let redis = connect(&slow);
    put(&redis, "ready", "yes");
    proxy.set_delay(Duration::from_millis(100));
    assert_eq!(read(&redis, "session", Duration::from_secs(10)), Ok(None));
    assert_eq!(read(&redis, "session", Duration::from_millis(20)), Err(Trouble::Timeout));
}

#[test]
fn a_refusal_is_no_trouble_and_says_why() {
    let (server, redis) = start();
    assert_eq!(server.cli(&["LPUSH", "list", "x"]), "1");
    let refused = |code: &str| Trouble::Refused(code.into());
    for _ in 0..20 {
        assert_eq!(read(&redis, "list", LONG), Err(refused("WRONGTYPE")));
        let mistake =
            wait(redis.run::<()>(cmd("NONSENSE").arg("s3cret").clone(), LONG)).unwrap_err();
        assert_eq!((mistake.is_away(), mistake), (false, refused("ERR")));
    }
    let stats = redis.stats();
    assert!(!stats.breaker_open && stats.server_errors == 40, "{stats:?}");
    let other_type = wait(redis.run::<u64>(cmd("GET").arg("ready").clone(), LONG));
    assert_eq!(other_type, Err(Trouble::Unreadable));
}

#[test]
fn a_server_that_cannot_serve_is_away() {
    let (server, redis) = start();
    assert_eq!(server.cli(&["CONFIG", "SET", "requirepass", "s3cret"]), "OK");
    let _killed = server.cli(&["-a", "s3cret", "CLIENT", "KILL", "TYPE", "normal"]);
    eventually("it asks for a password", || match read(&redis, "session", LONG) {
        Err(trouble) => {
            assert!(trouble.is_away(), "{trouble:?}");
            trouble == Trouble::BreakerOpen
        }
        Ok(_) => false,
    });
}

#[test]
fn a_replica_is_no_place_for_state() {
    let (server, redis) = start();
    let master = RedisServer::start();
    let port = master.port().to_string();
    assert_eq!(server.cli(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    let trouble = set(&redis, "session", "ada").unwrap_err();
    assert_eq!(trouble, Trouble::Unready("READONLY".into()));
    assert!(trouble.is_away());
    assert_eq!(trouble.to_string(), "Redis cannot serve: READONLY");
}

#[test]
fn a_script_runs_as_one_step_also_where_it_was_forgotten() {
    let (server, redis) = start();
    let script = Script::new(
        "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) \
         redis.call('PEXPIRE', KEYS[1], ARGV[2]) return {n, KEYS[1]}",
    );
    for expected in [7, 14, 21] {
        assert_eq!(server.cli(&["SCRIPT", "FLUSH"]), "OK");
        let answer = wait(redis.run(script.on(&["count"], &["7", "60000"]), LONG));
        assert_eq!(answer, Ok((expected, "count".to_owned())));
    }
    let wrong = Script::new("return redis.call('LPUSH', KEYS[1], 'x')");
    let answer = wait(redis.run::<u64>(wrong.on(&["count"], &[""; 0]), LONG));
    assert_eq!(answer, Err(Trouble::Refused("WRONGTYPE".into())));
    assert!(!redis.stats().breaker_open);
}

#[test]
fn a_cluster_runs_a_script_on_keys_that_share_a_slot() {
    let cluster = RedisCluster::start();
    let urls = list(&cluster.urls());
    let redis = connect(&from(&format!("mode = \"cluster\"\n{urls}\nlookup_timeout = \"10s\"")));
    put(&redis, "ready", "yes");
    let script = Script::new(
        "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1]) return 1",
    );
    for n in 0..20 {
        let keys = [format!("{{{n}}}:a"), format!("{{{n}}}:b")];
        let mut done = Err(Trouble::Timeout);
        eventually("the script is done", || {
            done = wait(redis.run(script.on(&keys, &["x"]), LONG));
            !done.as_ref().is_err_and(Trouble::is_away)
        });
        assert_eq!(done, Ok(1));
        assert_eq!(cluster.cli(&["GET", &keys[1]]), "x");
    }
    let apart = wait(redis.run::<u64>(script.on(&["a", "b"], &["x"]), LONG)).unwrap_err();
    assert_eq!(apart, Trouble::Refused("CROSSSLOT".into()));
    let frozen = cluster.holder_of("{0}:a");
    frozen.pause();
    let begun = Instant::now();
    let trouble = read(&redis, "{0}:a", SESSION).unwrap_err();
    assert!(trouble.is_away() && begun.elapsed() < SESSION + SLACK, "{trouble:?}");
    frozen.resume();
    eventually("its keys are back", || read(&redis, "{0}:a", SESSION) == Ok(Some("x".to_owned())));
}
