//! The buckets of all instances, in Redis: all of one request in one step.
//!
//! After redis-cell and throttled (Brandur Leach), with more than one bucket at a time.

use crate::gcra::Rate;
use bff_redis::{Redis, RedisStats, Script, Spell, Trouble};
use std::{fmt::Write, sync::LazyLock, time::Duration};

/// Redis's own clock, in ticks since 2026: one for all instances, and exact in a Lua number.
macro_rules! clock {
    () => {
        "local t = redis.call('TIME') \
         local now = (t[1] - 1767225600) * 10000000 + t[2] * 10 "
    };
}

/// `ARGV[1]` says whether it happened anyway; then interval and tolerance of each key. Answers
/// whether it is allowed, and how far each bucket is ahead after it. See `gcra.rs`.
macro_rules! steps {
    () => {
        "local ahead, allowed = {}, 1 \
         local function keep(i) \
           local value = string.format('%.0f', now + ahead[i]) \
           redis.call('SET', KEYS[i], value, 'PX', math.max(1, math.ceil(ahead[i] / 10000))) \
         end \
         for i, key in ipairs(KEYS) do \
           local interval, most = tonumber(ARGV[2 * i]), 2 * tonumber(ARGV[2 * i + 1]) \
           ahead[i] = math.max(0, (tonumber(redis.call('GET', key)) or 0) - now) \
           if not (ahead[i] <= most) then ahead[i] = most keep(i) end \
           if ahead[i] + interval > most / 2 then allowed = 0 end \
         end \
         if allowed == 1 or ARGV[1] == '1' then \
           for i in ipairs(KEYS) do \
             ahead[i] = math.min(ahead[i] + ARGV[2 * i], 2 * ARGV[2 * i + 1]) \
             keep(i) \
           end \
         end \
         return {allowed, ahead}"
    };
}

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(concat!(clock!(), steps!())));

/// The limits' use of Redis.
#[derive(Debug)]
pub(crate) struct Shared {
    redis: Redis,
    within: Duration,
    /// What all our keys begin with. In braces, so that a cluster keeps them together.
    prefix: String,
    refused: Spell,
}

/// Whether Redis allows it, and how far each bucket is ahead now.
pub(crate) type Answer = (bool, Vec<u64>);

impl Shared {
    pub(crate) fn stats(&self) -> RedisStats {
        self.redis.stats()
    }

    pub(crate) fn new(surface: &str, redis: Redis, within: Duration) -> Self {
        let prefix = format!("bff:{{limits:{surface}}}");
        Self { redis, within, prefix, refused: Spell::default() }
    }

    /// The key of the bucket of `kind` that belongs to `whom`, who cannot be read from it.
    pub(crate) fn key(&self, kind: &str, whom: &[u8]) -> String {
        let mut key = format!("{}:{kind}:", self.prefix);
        for byte in blake3::hash(whom).as_bytes().iter().take(16) {
            let _infallible = write!(key, "{byte:02x}");
        }
        key
    }

    /// The key of a bucket that belongs to all.
    pub(crate) fn common_key(&self, kind: &str) -> String {
        format!("{}:{kind}", self.prefix)
    }

    /// Takes one from each bucket, or nothing when one of them has nothing left; `anyway` takes it
    /// nevertheless.
    pub(crate) async fn take(
        &self,
        buckets: &[(String, Rate)],
        anyway: bool,
    ) -> Result<Answer, Trouble> {
        let keys: Vec<&str> = buckets.iter().map(|(key, _)| key.as_str()).collect();
        let rates = buckets.iter().flat_map(|(_, rate)| [rate.interval(), rate.tolerance()]);
        let arguments: Vec<u64> = [u64::from(anyway)].into_iter().chain(rates).collect();
        let answer: Result<Answer, _> =
            self.redis.run(TAKE.on(&keys, &arguments), self.within).await;
        let answer = match answer {
            // As many as were asked about, or it is no answer of our script's.
            Ok((_, ahead)) if ahead.len() != keys.len() => Err(Trouble::Unreadable),
            answer => answer,
        };
        self.say(answer.as_ref().err());
        answer
    }

    /// The link says when Redis is away. That Redis is there and does not want us, nobody else says.
    fn say(&self, trouble: Option<&Trouble>) {
        match trouble {
            Some(trouble) if trouble.is_away() => {}
            Some(trouble) if self.refused.begins() => tracing::warn!(
                error = %trouble,
                "limits are held by each instance alone: see that the user may run scripts, and \
                 that nobody else writes to bff:{{limits:..}}"
            ),
            None if self.refused.ends() => {
                tracing::info!("limits are held by all instances together again");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bff_fixtures::redis::RedisServer;
    use bff_redis::RedisSettings;

    const LONG: Duration = Duration::from_secs(30);

    fn connect(server: &RedisServer) -> Redis {
        let mut settings = RedisSettings::single(server.url().parse().unwrap());
        settings.command_timeout = LONG;
        Redis::start(&settings, Vec::new()).unwrap()
    }

    /// The same steps at a time of the test's choice.
    static AT: LazyLock<Script> = LazyLock::new(|| {
        Script::new(concat!("local now = tonumber(table.remove(ARGV)) ", steps!()))
    });
    /// The same, but nothing expires: Redis forgets by its own clock, which is not the test's.
    static AT_AND_KEPT: LazyLock<Script> = LazyLock::new(|| {
        Script::new(concat!(
            "local now = tonumber(table.remove(ARGV)) \
             local answer = (function() ",
            steps!(),
            " end)() \
             for _, key in ipairs(KEYS) do redis.call('PERSIST', key) end \
             return answer",
        ))
    });

    async fn take(
        redis: &Redis,
        script: &'static Script,
        now: u64,
        buckets: &[(String, Rate)],
        anyway: bool,
    ) -> Answer {
        let keys: Vec<_> = buckets.iter().map(|(key, _)| key.as_str()).collect();
        let rates = buckets.iter().flat_map(|(_, rate)| [rate.interval(), rate.tolerance()]);
        let all = [u64::from(anyway)].into_iter().chain(rates).chain([now]);
        redis.run(script.on(&keys, &all.collect::<Vec<_>>()), LONG).await.unwrap()
    }

    #[tokio::test]
    async fn the_script_and_the_function_agree() {
        let server = RedisServer::start();
        let redis = connect(&server);
        for seed in 0..40 {
            let mut dice = fastrand::Rng::with_seed(seed);
            let rates: Vec<_> = (0..dice.usize(1..4))
                .map(|_| {
                    let per = Duration::from_secs(dice.u64(1..5000));
                    Rate::new(dice.u32(1..3000), per, dice.u32(1..8))
                })
                .collect();
            let names = (0..).map(|n| format!("{seed}:{n}"));
            let buckets: Vec<_> = names.zip(rates.iter().copied()).collect();
            let mut arrivals = vec![0; rates.len()];
            // Long after 2026, as Lua sees it: digits must not be lost.
            let mut now = dice.u64(1 << 51..1 << 52);
            let longest = rates.iter().map(|rate| rate.interval()).max().unwrap();
            for step in 0..60 {
                let pause = dice.u64(0..3) * longest;
                now += dice.u64(0..=pause);
                let anyway = dice.u8(0..5) == 0;
                let each = || rates.iter().zip(&arrivals);
                let allowed = each().all(|(rate, arrival)| rate.take(*arrival, now).is_some());
                if allowed || anyway {
                    arrivals = each().map(|(rate, arrival)| rate.charge(*arrival, now)).collect();
                }
                let each = rates.iter().zip(&arrivals);
                let ahead: Vec<_> = each.map(|(rate, arrival)| rate.ahead(*arrival, now)).collect();
                let said = take(&redis, &AT_AND_KEPT, now, &buckets, anyway).await;
                assert_eq!(said, (allowed, ahead), "seed {seed}, step {step}");
            }
        }
    }

    #[tokio::test]
    async fn what_others_put_under_our_keys_locks_nobody_out() {
        let server = RedisServer::start();
        let redis = connect(&server);
        let rate = Rate::new(10, Duration::from_secs(10), 5);
        let now = 1 << 51;
        for strange in ["nonsense", "-5", "1e300", "inf", "nan"] {
            assert_eq!(server.cli(&["SET", "k", strange]), "OK");
            let bucket = [("k".to_owned(), rate)];
            let _first = take(&redis, &AT, now, &bucket, false).await;
            let later = now + 2 * rate.tolerance();
            assert!(take(&redis, &AT, later, &bucket, false).await.0, "{strange}");
            assert_ne!(server.cli(&["PTTL", "k"]), "-1", "{strange}");
        }
    }

    #[tokio::test]
    async fn buckets_leave_redis_when_they_are_whole_and_name_nobody() {
        let server = RedisServer::start();
        let shared = Shared::new("mobile", connect(&server), LONG);
        let key = shared.key("p", b"ada@example.com");
        assert!(key.starts_with("bff:{limits:mobile}:p:") && !key.contains("ada"), "{key}");
        assert_ne!(key, shared.key("p", b"bob@example.com"));
        let rate = Rate::new(10, Duration::from_secs(100), 10);
        let (allowed, ahead) = shared.take(&[(key.clone(), rate)], false).await.unwrap();
        assert_eq!((allowed, ahead), (true, vec![rate.interval()]));
        let left: u64 = server.cli(&["PTTL", &key]).parse().unwrap();
        assert!((1..=10_000).contains(&left), "{left} ms");
    }
}
