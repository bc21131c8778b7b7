//! Sessions in Redis, for all instances.
//!
//! A session and the lease on it share a hash tag, and so a slot of a cluster: both are looked at in
//! one atomic script. Lists are elsewhere, so ending all sessions on a list is a step per session.

use super::{
    seal::KeyId,
    store::{Away, Lease, List},
};
use bff_redis::{FromReply, Redis, RedisStats, Script, Spell, cmd};
use std::{sync::LazyLock, time::Duration};

/// Sessions in Redis.
pub(super) struct Shared {
    redis: Redis,
    /// The BFF's name, in front of every key.
    bff: &'static str,
    timeout: Duration,
    away: Spell,
}

/// The most sessions that one back-channel logout ends.
const MOST_ENDED: usize = 1000;

/// `KEYS` session, lease; `ARGV` lease token, sealed session, milliseconds.
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end \
         redis.call('DEL', KEYS[2]) \
         if redis.call('SET', KEYS[1], ARGV[2], 'XX', 'PX', ARGV[3]) then return 1 end \
         return 0",
    )
});

/// `KEYS` lease; `ARGV` lease token, milliseconds, of which zero ends it.
static HOLD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end \
         if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end \
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// `KEYS` list; `ARGV` session, milliseconds.
static ENLIST: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SADD', KEYS[1], ARGV[1]) \
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// How long it is remembered since when there has been a key, after an instance last asked.
const KEYS_KNOWN: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// `KEYS` ids of sealing keys with the time, by Redis's clock, that each came; `ARGV` milliseconds
/// until that is forgotten, ids. Their ages in milliseconds.
static KEY_AGES: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME') \
         local now = time[1] * 1000 + math.floor(time[2] / 1000) \
         local ages = {} \
         for at = 2, #ARGV do \
           redis.call('HSETNX', KEYS[1], ARGV[at], string.format('%.0f', now)) \
           ages[at - 1] = math.max(0, now - redis.call('HGET', KEYS[1], ARGV[at])) \
         end \
         redis.call('PEXPIRE', KEYS[1], ARGV[1]) \
         return ages",
    )
});

/// `KEYS` as before; `ARGV` milliseconds. The ids that came less than that ago.
static KEYS_SINCE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME') \
         local now = time[1] * 1000 + math.floor(time[2] / 1000) \
         local known, recent = redis.call('HGETALL', KEYS[1]), {} \
         for at = 1, #known, 2 do \
           if now - known[at + 1] < tonumber(ARGV[1]) then recent[#recent + 1] = known[at] end \
         end \
         return recent",
    )
});

impl Shared {
    pub(super) fn new(redis: Redis, bff: &'static str, timeout: Duration) -> Self {
        Self { redis, bff, timeout, away: Spell::default() }
    }

    pub(super) fn stats(&self) -> RedisStats {
        self.redis.stats()
    }

    fn session(&self, name: &str) -> String {
        format!("{}:session:{{{name}}}", self.bff)
    }

    fn lease_on(&self, name: &str) -> String {
        format!("{}:session-lease:{{{name}}}", self.bff)
    }

    fn used(&self, name: &str) -> String {
        format!("{}:used:{name}", self.bff)
    }

    fn keys(&self) -> String {
        format!("{}:session-keys", self.bff)
    }

    fn list(&self, list: List<'_>) -> String {
        format!("{}:session-list:{}", self.bff, list.name())
    }

    async fn run<T: FromReply>(&self, command: impl Into<bff_redis::Command>) -> Result<T, Away> {
        let answer = self.redis.run(command, self.timeout).await;
        match &answer {
            Err(trouble) if self.away.begins() => tracing::warn!(
                %trouble,
                "the session store did not answer; signed-in users get 503 until it does; check the Redis of [session.redis]"
            ),
            Ok(_) if self.away.ends() => tracing::info!("the session store answers again"),
            _ => {}
        }
        answer.map_err(|_told| Away)
    }

    pub(super) async fn create(
        &self,
        name: &str,
        sealed: Vec<u8>,
        idle: Duration,
        absolute: Duration,
        lists: &[List<'_>],
    ) -> Result<(), Away> {
        // Listed first: a session that is on no list could not be ended from outside.
        for list in lists {
            let enlist = ENLIST.on(&[self.list(*list)], &[name.to_owned(), millis(absolute)]);
            self.run::<bool>(enlist).await?;
        }
        let mut set = cmd("SET");
        set.arg(self.session(name)).arg(sealed).arg("PX").arg(millis(idle));
        self.run(set).await
    }

    pub(super) async fn read(
        &self,
        name: &str,
        slide: Option<Duration>,
    ) -> Result<Option<Vec<u8>>, Away> {
        let key = self.session(name);
        match slide {
            None => self.run(cmd("GET").arg(key).clone()).await,
            Some(idle) => self.run(cmd("GETEX").arg(key).arg("PX").arg(millis(idle)).clone()).await,
        }
    }

    pub(super) async fn renew(
        &self,
        name: &str,
        sealed: Vec<u8>,
        idle: Duration,
        lease: &str,
    ) -> Result<bool, Away> {
        let keys = [self.session(name), self.lease_on(name)];
        let arguments = [lease.as_bytes().to_vec(), sealed, millis(idle).into_bytes()];
        self.run(RENEW.on(&keys, &arguments)).await
    }

    pub(super) async fn end(&self, name: &str) -> Result<bool, Away> {
        self.run(cmd("DEL").arg(self.session(name)).clone()).await
    }

    pub(super) async fn end_all(&self, list: List<'_>) -> Result<usize, Away> {
        let key = self.list(list);
        let mut ended = 0;
        let names: Vec<Vec<u8>> = self.run(cmd("SMEMBERS").arg(&key).clone()).await?;
        for name in names.iter().take(MOST_ENDED) {
            // What is no text is nobody's session.
            if let Ok(name) = str::from_utf8(name) {
                ended += usize::from(self.end(name).await?);
            }
            self.run::<bool>(cmd("SREM").arg(&key).arg(name).clone()).await?;
        }
        Ok(ended)
    }

    pub(super) async fn lease(
        &self,
        name: &str,
        token: String,
        time: Duration,
    ) -> Result<Lease, Away> {
        let mut set = cmd("SET");
        set.arg(self.lease_on(name)).arg(&token).arg("NX").arg("PX").arg(millis(time));
        let taken: Option<()> = self.run(set).await?;
        Ok(taken.map_or(Lease::Taken, |()| Lease::Held(token)))
    }

    pub(super) async fn extend(
        &self,
        name: &str,
        lease: &str,
        time: Duration,
    ) -> Result<bool, Away> {
        self.run(HOLD.on(&[self.lease_on(name)], &[lease.to_owned(), millis(time)])).await
    }

    pub(super) async fn release(&self, name: &str, lease: &str) -> Result<(), Away> {
        let end = HOLD.on(&[self.lease_on(name)], &[lease.to_owned(), "0".to_owned()]);
        self.run(end).await.map(|_was_ours: bool| ())
    }

    pub(super) async fn key_ages(&self, ids: &[&KeyId]) -> Result<Vec<Duration>, Away> {
        let mut arguments = vec![millis(KEYS_KNOWN)];
        arguments.extend(ids.iter().map(|id| id.0.clone()));
        let ages: Vec<u64> = self.run(KEY_AGES.on(&[self.keys()], &arguments)).await?;
        if ages.len() != ids.len() {
            return Err(Away);
        }
        Ok(ages.into_iter().map(Duration::from_millis).collect())
    }

    pub(super) async fn keys_since(&self, time: Duration) -> Result<Vec<KeyId>, Away> {
        let ids: Vec<String> = self.run(KEYS_SINCE.on(&[self.keys()], &[millis(time)])).await?;
        Ok(ids.into_iter().map(KeyId).collect())
    }

    pub(super) async fn use_once(&self, name: &str, time: Duration) -> Result<bool, Away> {
        let mut set = cmd("SET");
        set.arg(self.used(name)).arg(1).arg("NX").arg("PX").arg(millis(time));
        let first: Option<()> = self.run(set).await?;
        Ok(first.is_some())
    }

    pub(super) async fn unuse(&self, name: &str) -> Result<(), Away> {
        let forget = cmd("DEL").arg(self.used(name)).clone();
        self.run(forget).await.map(|_was_used: bool| ())
    }
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
