//! Redis, or whoever stands in its place, answers what was not asked: nobody waits, and it is left alone.

use crate::support::{LONG, connect, eventually_gets, found, get, put, settings, wait};
use bff_fixtures::redis::{NONSENSE, OddRedis, RedisServer, eventually};
use bff_redis::{Lease, Lookup, Redis, Script, Trouble, cmd};
use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// Errors that say that nothing works, whatever is asked.
const ERRORS: [&str; 8] = [
    "-LOADING Redis is loading the dataset in memory\r\n",
    "-READONLY You can't write against a read only replica.\r\n",
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "-NOAUTH Authentication required.\r\n",
    "-MOVED 3999 127.0.0.1:1\r\n",
    "-ERR unknown command\r\n",
    "-\r\n",
    "!21\r\nSYNTAX invalid syntax\r\n",
];

/// What a request waits for its session.
const SESSION: Duration = Duration::from_millis(250);
/// A lease that nobody has to give back.
const SHORT: Duration = Duration::from_millis(50);

fn start(server: &RedisServer) -> (OddRedis, Redis) {
    let odd = OddRedis::before(server.port());
    let redis = connect(&settings(&odd.url()));
    put(&redis, "k", "value");
    (odd, redis)
}

/// Has each row tried on a link of its own, some at the same time.
fn each<T: Sync>(rows: &[T], try_it: impl Fn(&T, &OddRedis, &Redis) + Sync) {
    let (server, next) = (RedisServer::start(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Relaxed)) {
                    let (odd, redis) = start(&server);
                    try_it(row, &odd, &redis);
                }
            });
        }
    });
}

#[test]
fn c25_a_redis_that_talks_nonsense_is_trouble_until_it_is_well() {
    let deep = "*1\r\n".repeat(100_000);
    let rows: Vec<_> = NONSENSE.into_iter().chain(ERRORS).chain([deep.as_str()]).collect();
    each(&rows, |reply, odd, redis| {
        let shown: String = reply.chars().take(40).collect();
        odd.says(reply);
        eventually(&format!("{shown:?} opens the breaker"), || {
            // `get` holds it to its time.
            assert!(!matches!(get(redis, "k"), Lookup::Found(_)));
            assert!(!matches!(wait(redis.lease("k", SHORT)), Lease::Held(_)));
            redis.put("other".to_owned(), "x".into(), LONG);
            redis.stats().breaker_open
        });
        odd.is_well();
        eventually_gets(redis, "k", &found("value"));
        let lease = || wait(redis.lease(&shown, SHORT));
        eventually("leases are given again", || matches!(lease(), Lease::Held(_)));
    });
}

#[test]
fn c25_nonsense_from_one_command_is_trouble_though_others_are_answered() {
    let rows = [
        ("EVALSHA", ":1\r\n"),
        ("EVALSHA", "+DONE\r\n"),
        ("EVALSHA", "$2\r\nOK\r\n"),
        ("GETRANGE", "$-1\r\n"),
        ("GETRANGE", "+value\r\n"),
        ("MGET", "*0\r\n"),
        ("MGET", "*2\r\n$-1\r\n$-1\r\n"),
        ("MGET", "*1\r\n:7\r\n"),
        ("SET", ":1\r\n"),
        ("SET", "$-1\r\n"),
    ];
    each(&rows, |(command, reply), odd, redis| {
        odd.says_to(command, reply);
        eventually(&format!("{reply:?} to {command} opens the breaker"), || {
            let _in_time = get(redis, "k");
            let _lease = wait(redis.lease("k", SHORT));
            let _times = wait(redis.tag_times(&["t"]));
            redis.put("other".to_owned(), "x".into(), LONG);
            redis.stats().breaker_open
        });
        odd.is_well();
        put(redis, "k", "value");
    });
}

#[test]
fn c25_a_command_is_answered_in_its_kind_or_not_at_all() {
    let script = Script::new("return 1");
    each(&NONSENSE, |reply, odd, redis| {
        odd.says(reply);
        let set = wait(redis.run::<()>(cmd("SET").arg("a").arg("b").clone(), SESSION));
        assert_eq!(set.is_ok(), *reply == "+OK\r\n", "{reply:?} to SET: {set:?}");
        // What one of them would take is left to the others.
        eventually("it is left alone", || {
            let value = wait(redis.run::<Option<Vec<u8>>>(cmd("GET").arg("k").clone(), SESSION));
            let done = wait(redis.run::<bool>(script.on(&["k"], &[""; 0]), SESSION));
            let pair = wait(redis.run::<(bool, Vec<u64>)>(script.on(&["k"], &[""; 0]), SESSION));
            let away = |trouble: Option<Trouble>| trouble.is_none_or(|trouble| trouble.is_away());
            assert!(away(value.err()) && away(done.err()) && away(pair.err()), "{reply:?}");
            redis.stats().breaker_open
        });
        odd.is_well();
        eventually("it is used again", || {
            wait(redis.run::<()>(cmd("SET").arg("a").arg("b").clone(), LONG)).is_ok()
        });
    });
}
