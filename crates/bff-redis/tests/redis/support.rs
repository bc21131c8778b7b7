//! A connection to test with, and a way to wait for what it says.
#![expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]

use bff_fixtures::redis::eventually;
use bff_redis::{Invalidation, Listener, Lookup, Redis, RedisSettings};
use bytes::Bytes;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::runtime::Builder;

/// What a busy machine may add to any time limit.
pub(crate) const SLACK: Duration = Duration::from_millis(500);
/// A lifetime that no test sees the end of.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// Settings for one server. Lookups have the default time; a machine full of tests needs more for
/// everything else.
pub(crate) fn settings(url: &str) -> RedisSettings {
    from(&format!("url = {url:?}"))
}

/// The same with time for every lookup, for tests about what is found and not how fast: on a busy
/// machine any lookup can be late.
pub(crate) fn patient(url: &str) -> RedisSettings {
    RedisSettings { lookup_timeout: Duration::from_secs(10), ..settings(url) }
}

/// Settings as a configuration file has them.
pub(crate) fn from(toml: &str) -> RedisSettings {
    toml::from_str(toml).expect("the settings are good")
}

/// The names of several urls, as a configuration file has them.
pub(crate) fn list(urls: &[String]) -> String {
    format!("urls = {urls:?}")
}

pub(crate) fn connect(settings: &RedisSettings) -> Redis {
    Redis::start(settings, vec![Listener::to_invalidations(Box::new(|_| {}))])
        .expect("the settings are good")
}

/// A connection, and everything that it hears.
pub(crate) fn listen(settings: &RedisSettings) -> (Redis, Heard) {
    let heard = Heard::default();
    let hears = heard.clone();
    let redis = Redis::start(
        settings,
        vec![Listener::to_invalidations(Box::new(move |what| hears.push(what)))],
    );
    (redis.expect("the settings are good"), heard)
}

/// Tags in the order in which they came; `*` is everything.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn push(&self, what: Invalidation<'_>) {
        let what = match what {
            Invalidation::Tag(tag) => tag.to_owned(),
            Invalidation::Everything => "*".to_owned(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|heard| *heard == what).count()
    }

    /// How many hold it: the connection's thread does while it runs.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

pub(crate) fn wait<T>(answer: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(answer)
}

/// One lookup. One that ends in trouble has not taken longer than it may.
pub(crate) fn get(redis: &Redis, key: &str) -> Lookup {
    let begun = Instant::now();
    let found = wait(redis.get(key));
    let took = begun.elapsed();
    let in_time = took < Duration::from_millis(15) + SLACK || found != Lookup::Trouble;
    assert!(in_time, "a lookup took {took:?}");
    found
}

pub(crate) fn found(text: &'static str) -> Lookup {
    Lookup::Found(Bytes::from_static(text.as_bytes()))
}

/// Puts a value, again and again, until it is there: also when Redis is only coming back.
pub(crate) fn put(redis: &Redis, key: &str, text: &'static str) {
    eventually(&format!("`{key}` is there; {:?}", redis.stats()), || {
        if get(redis, key) == found(text) {
            return true;
        }
        redis.put(key.to_owned(), Bytes::from_static(text.as_bytes()), LONG);
        false
    });
}

pub(crate) fn eventually_gets(redis: &Redis, key: &str, expected: &Lookup) {
    eventually(&format!("`{key}` is {expected:?}"), || get(redis, key) == *expected);
}
