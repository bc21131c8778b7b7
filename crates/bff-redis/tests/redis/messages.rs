//! Messages between instances, in channels of anybody's choice.

use crate::support::{LONG, listen, patient};
use bff_fixtures::redis::{RedisCluster, RedisServer, eventually};
use bff_redis::{Heard, Listener, Redis, RedisSettings};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const LOGOUTS: &str = "bff:logouts";

/// Messages in the order in which they came; `None` is a gap.
#[derive(Clone, Default)]
struct News(Arc<Mutex<Vec<Option<Vec<u8>>>>>);

impl News {
    fn listener(&self, channel: &str) -> Listener {
        let news = self.clone();
        Listener::to(channel, move |heard| {
            let what = match heard {
                Heard::Message(message) => Some(message.to_vec()),
                Heard::Gap => None,
            };
            news.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        })
    }

    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    fn of(settings: &RedisSettings, channel: &str) -> (Redis, Self) {
        let news = Self::default();
        let redis = Redis::start(settings, vec![news.listener(channel)]);
        let redis = redis.expect("the settings are good");
        eventually("it listens", || news.gaps() == 1);
        (redis, news)
    }

    fn all(&self) -> Vec<Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gaps(&self) -> usize {
        self.all().iter().filter(|heard| heard.is_none()).count()
    }

    fn has(&self, message: &[u8]) -> bool {
        self.all().iter().any(|heard| heard.as_deref() == Some(message))
    }
}

#[test]
fn a_message_reaches_all_instances_within_a_second() {
    let server = RedisServer::start();
    let all: Vec<_> = (0..3).map(|_| News::of(&patient(&server.url()), LOGOUTS)).collect();
    let begun = Instant::now();
    all[0].0.publish(LOGOUTS, b"\xFFsid-1\0");
    for (_, news) in &all {
        eventually("it is heard", || news.has(b"\xFFsid-1\0"));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let stats = all[0].0.stats();
    assert_eq!((stats.messages_sent, stats.messages_heard, stats.dropped_messages), (1, 1, 0));
    assert_eq!((stats.invalidations_sent, stats.invalidations_heard), (0, 0));
}

#[test]
fn channels_and_tags_do_not_hear_each_other() {
    let server = RedisServer::start();
    let (logouts, others) = (News::default(), News::default());
    let listeners = vec![logouts.listener(LOGOUTS), others.listener("bff:others")];
    let redis = Redis::start(&patient(&server.url()), listeners).unwrap();
    let (_tags, heard) = listen(&patient(&server.url()));
    eventually("all listen", || logouts.gaps() == 1 && others.gaps() == 1 && heard.count("*") == 1);
    redis.publish("bff:others", b"other");
    redis.publish_invalidation("tag");
    redis.publish(LOGOUTS, b"sid");
    eventually("all have heard", || {
        logouts.has(b"sid") && others.has(b"other") && heard.count("tag") == 1
    });
    assert_eq!(logouts.all(), [None, Some(b"sid".to_vec())]);
    assert_eq!(others.all(), [None, Some(b"other".to_vec())]);
    assert_eq!((heard.count("sid"), heard.count("other")), (0, 0));
}

#[test]
fn a_listener_is_told_of_the_gap_that_a_broken_connection_leaves() {
    let mut server = RedisServer::start();
    let (redis, news) = News::of(&patient(&server.url()), LOGOUTS);
    server.stop();
    redis.publish(LOGOUTS, b"while it was away");
    server.restart();
    eventually("it listens again", || news.gaps() == 2);
    eventually("the message is out", || redis.stats().messages_sent == 1);
    redis.publish(LOGOUTS, b"afterwards");
    eventually("it hears again", || news.has(b"afterwards"));
}

#[test]
fn messages_that_wait_are_bounded_and_do_not_wait_for_invalidations() {
    let mut server = RedisServer::start();
    let (redis, news) = News::of(&patient(&server.url()), LOGOUTS);
    server.stop();
    for n in 0..5_000 {
        redis.publish_invalidation(&format!("t{n}"));
    }
    redis.publish(LOGOUTS, b"not behind them");
    assert_eq!(redis.stats().dropped_messages, 0);
    for _ in 0..5_000 {
        redis.publish(LOGOUTS, b"again");
    }
    let dropped = redis.stats().dropped_messages;
    assert!((3_000..5_000).contains(&dropped), "{dropped}");
    server.restart();
    eventually("it is told", || redis.stats().messages_sent > 0);
    eventually("it listens again", || news.gaps() == 2);
}

#[test]
fn who_listens_to_nothing_has_no_connection_for_it() {
    let server = RedisServer::start();
    let redis = Redis::start(&patient(&server.url()), Vec::new()).unwrap();
    redis.put("k".to_owned(), "x".into(), LONG);
    eventually("it is there", || server.cli(&["EXISTS", "k"]) == "1");
    assert_eq!(server.cli(&["CLIENT", "LIST", "TYPE", "pubsub"]), "");
}

#[test]
fn a_message_reaches_every_node_of_a_cluster() {
    let cluster = RedisCluster::start();
    let at = |url: &String| {
        let toml = format!("mode = \"cluster\"\nurls = [{url:?}]");
        News::of(&crate::support::from(&toml), LOGOUTS)
    };
    let all: Vec<_> = cluster.urls().iter().map(at).collect();
    for (n, (redis, _)) in all.iter().enumerate() {
        let message = format!("sid-{n}").into_bytes();
        redis.publish(LOGOUTS, &message);
        for (_, news) in &all {
            eventually("everybody hears it", || news.has(&message));
        }
    }
}
