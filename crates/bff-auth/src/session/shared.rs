//! Sessions in Redis, for all instances.
//!
//! A session and the lease on it share a hash tag, and so a slot of a cluster: both are looked at in
//! one atomic script. Lists are elsewhere, so ending all sessions on a list is a step per session.

use super::{
    seal,
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

/// Instances that are looked at.
const MOST_INSTANCES: usize = 1000;
/// How long the list of instances outlives the last of them.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
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

    fn list(&self, list: List<'_>) -> String {
        format!("{}:session-list:{}", self.bff, list.name())
    }

    fn instances(&self) -> String {
        format!("{}:session-instances", self.bff)
    }

    fn said_by(&self, instance: &str) -> String {
        format!("{}:session-keys:{instance}", self.bff)
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

    pub(super) async fn lease(&self, name: &str, time: Duration) -> Result<Lease, Away> {
        let token = seal::random();
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

    pub(super) async fn say(
        &self,
        instance: &str,
        what: String,
        time: Duration,
    ) -> Result<(), Away> {
        let mut set = cmd("SET");
        set.arg(self.said_by(instance)).arg(what).arg("PX").arg(millis(time));
        // Said first: whoever finds the name finds what it says.
        self.run::<()>(set).await?;
        let enlist = ENLIST.on(&[self.instances()], &[instance.to_owned(), millis(A_DAY)]);
        self.run::<bool>(enlist).await.map(drop)
    }

    pub(super) async fn said_by_others(&self, instance: &str) -> Result<Vec<String>, Away> {
        let mut said = Vec::new();
        let all: Vec<String> = self.run(cmd("SMEMBERS").arg(self.instances()).clone()).await?;
        for other in all.iter().filter(|other| *other != instance).take(MOST_INSTANCES) {
            match self.run(cmd("GET").arg(self.said_by(other)).clone()).await? {
                Some(what) => said.push(what),
                None => {
                    let gone = cmd("SREM").arg(self.instances()).arg(other).clone();
                    self.run::<bool>(gone).await?;
                }
            }
        }
        Ok(said)
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
