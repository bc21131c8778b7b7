//! The one thread that speaks with Redis, and how workers hand it work without waiting.

use super::{
    OnInvalidation,
    breaker::Breaker,
    commands,
    lane::Lane,
    lease::{self, Token},
    max_stored_bytes,
    nodes::Nodes,
    pools::{Line, Pools},
    settings::{RedisSettings, RedisSettingsError},
    stats::Stats,
    subscription,
    trouble::{Ends, Failure, Trouble},
    writes::{self, WriteQueue},
};
use redis::{Cmd, FromRedisValue, Value, from_redis_value};
use std::{rc::Rc, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task::{LocalSet, spawn_local},
    time::{Instant, sleep, timeout, timeout_at},
};

/// Questions that wait for the thread. It takes them at once, so more than a few mean that it has
/// no processor.
const MOST_ASKS: usize = 1024;
/// Invalidations that wait for Redis to come back.
const MOST_INVALIDATIONS: usize = 1024;

/// What workers hold of the thread. It ends when they are gone.
pub(super) struct Senders {
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) writes: WriteQueue,
    pub(super) invalidations: mpsc::Sender<(String, Instant)>,
}

/// A question that somebody waits for.
pub(super) enum Ask {
    /// The stored bytes; `None` when the key holds something that is no string.
    Get {
        key: String,
        reply: Reply<Option<Vec<u8>>>,
    },
    Lease {
        key: String,
        token: Token,
        for_: Duration,
        reply: Reply<bool>,
    },
    TagTimes {
        keys: Vec<String>,
        reply: Reply<Vec<Option<u64>>>,
    },
}

/// Who waits, and how long.
pub(super) struct Reply<T> {
    pub(super) sender: oneshot::Sender<Result<T, Trouble>>,
    pub(super) until: Instant,
}

/// Everything on the thread that its tasks share.
pub(super) struct Link {
    pub(super) nodes: Nodes,
    pub(super) pools: Pools,
    lane: Lane,
    pub(super) breaker: Arc<Breaker>,
    pub(super) stats: Arc<Stats>,
    pub(super) settings: RedisSettings,
}

pub(super) fn start(
    settings: &RedisSettings,
    on_invalidation: OnInvalidation,
    breaker: Arc<Breaker>,
    stats: Arc<Stats>,
) -> Result<Senders, RedisSettingsError> {
    let nodes = Nodes::from(settings)?;
    if settings.is_tls() {
        // The client asks for the process's default. If there is one already, that is the better.
        let _there_is_one = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let pools = Pools::new(settings, &nodes)?;
    let no_thread = |error: std::io::Error| {
        RedisSettingsError::new("url", format!("no thread can be started for it: {error}"))
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let (asks, asked) = mpsc::channel(MOST_ASKS);
    let (writes, written) = writes::queue(settings);
    let (invalidations, invalidated) = mpsc::channel(MOST_INVALIDATIONS);
    let settings = settings.clone();
    let work = move || {
        let link = Rc::new(Link { nodes, pools, lane: Lane::default(), breaker, stats, settings });
        serve(&runtime, &link, Inbox { asked, written, invalidated }, on_invalidation);
    };
    let thread = std::thread::Builder::new().name("bff-cache-redis".to_owned()).spawn(work);
    thread.map_err(no_thread)?;
    Ok(Senders { asks, writes, invalidations })
}

struct Inbox {
    asked: mpsc::Receiver<Ask>,
    written: writes::Written,
    invalidated: mpsc::Receiver<(String, Instant)>,
}

fn serve(runtime: &Runtime, link: &Rc<Link>, inbox: Inbox, on_invalidation: OnInvalidation) {
    let Inbox { mut asked, written, invalidated } = inbox;
    LocalSet::new().block_on(runtime, async {
        let writing = spawn_local(writes::write_all(Rc::clone(link), written));
        let publishing = spawn_local(subscription::publish_all(Rc::clone(link), invalidated));
        spawn_local(subscription::listen(Rc::clone(link), on_invalidation));
        spawn_local(recover(Rc::clone(link)));
        // Whoever asks before there is a connection would find Redis slow.
        if let Err(failure) = link.probe().await {
            link.breaker.open(&failure);
        }
        while let Some(ask) = asked.recv().await {
            spawn_local(answer(Rc::clone(link), ask));
        }
        // The last words, if Redis is there to hear them.
        let _in_time = timeout(link.settings.command_timeout, async {
            (writing.await.is_ok(), publishing.await.is_ok())
        })
        .await;
    });
}

async fn answer(link: Rc<Link>, ask: Ask) {
    match ask {
        Ask::Get { key, reply } => {
            let limit = max_stored_bytes(link.settings.max_value_bytes);
            let stored = link.look_up::<Vec<u8>>(&commands::get(&key, limit), &reply).await;
            let stored = match stored {
                Err(failure) if failure.is_wrong_type() => Ok(None),
                other => other.map(Some).map_err(|failure| failure.trouble),
            };
            let _nobody_waits = reply.sender.send(stored);
        }
        Ask::Lease { key, token, for_, reply } => {
            let taken = link.look_up::<Value>(&lease::take(&key, &token, for_), &reply).await;
            // `SET NX` says OK, or nothing when there is one already.
            let held = taken.map(|answer| answer == Value::Okay).map_err(|failure| failure.trouble);
            if let Err(Ok(true)) = reply.sender.send(held) {
                // Nobody knows that the lease is held, so nobody would give it back.
                let _ends_by_itself = link.write(&lease::release(&key, &token)).await;
            }
        }
        Ask::TagTimes { keys, reply } => {
            let times = link.look_up(&commands::times(&keys), &reply).await;
            let _nobody_waits = reply.sender.send(times.map_err(|failure| failure.trouble));
        }
    }
}

/// While the breaker is open, tries Redis after each pause, and closes it when Redis answers.
async fn recover(link: Rc<Link>) {
    loop {
        link.breaker.opened().await;
        // They lead to a server that does not answer; one by one they would each cost a pause.
        link.pools.forget();
        link.lane.leave().await;
        loop {
            sleep(link.breaker.next_pause()).await;
            if link.probe().await.is_ok() {
                link.breaker.close();
                break;
            }
        }
    }
}

impl Link {
    /// A question that counts for the breaker.
    async fn look_up<T: FromRedisValue>(
        &self,
        command: &Cmd,
        reply: &Reply<impl Sized>,
    ) -> Result<T, Failure> {
        if reply.sender.is_closed() || reply.until <= Instant::now() {
            return Err(Failure::timeout("nobody waits any longer"));
        }
        let answer = self.run_on_lane(command, Some(reply.until)).await;
        match &answer {
            Err(failure) if !failure.is_wrong_type() => self.breaker.failed(failure),
            _ => self.breaker.succeeded(),
        }
        from_redis_value(answer?).map_err(|error| Failure::from(redis::RedisError::from(error)))
    }

    /// Whether a lookup would be answered in time on a connection that stands.
    async fn probe(&self) -> Result<(), Failure> {
        self.run_on_lane(&commands::probe(), None).await.map(drop)
    }

    async fn run_on_lane(&self, command: &Cmd, until: Option<Instant>) -> Result<Value, Failure> {
        let (mut line, number) = self.lane.get(&self.pools, &self.settings, until).await?;
        let until = until.unwrap_or_else(|| Instant::now() + self.settings.lookup_timeout);
        let answer = run(&mut line, &[command], until).await;
        match answer.as_ref().map_err(|failure| failure.ends) {
            Ok(_) | Err(Ends::Nothing) => {}
            Err(Ends::Connection) => self.lane.leave_if(number).await,
            Err(Ends::Pool) => {
                self.lane.leave_if(number).await;
                self.pools.forget();
            }
        }
        answer
    }

    /// A write, which may take its time. Only the first of `commands` is run, and the next if the
    /// server does not know its script.
    pub(super) async fn write(&self, commands: &[Cmd]) -> Result<Value, Failure> {
        let answer = self.run_pooled(commands).await;
        match &answer {
            // Redis answers, and may answer lookups as well as ever.
            Err(failure) if failure.trouble == Trouble::Server => {}
            Err(failure) => self.breaker.failed(failure),
            Ok(_) => self.breaker.succeeded(),
        }
        answer
    }

    async fn run_pooled(&self, commands: &[Cmd]) -> Result<Value, Failure> {
        let time = self.settings.command_timeout;
        let pooled = self.pools.get(time).await?;
        let commands: Vec<_> = commands.iter().collect();
        let answer = run(&mut pooled.line(), &commands, Instant::now() + time).await;
        match answer.as_ref().map_err(|failure| failure.ends) {
            Ok(_) | Err(Ends::Nothing) => {}
            Err(Ends::Connection) => drop(pooled.take()),
            Err(Ends::Pool) => {
                drop(pooled.take());
                self.pools.forget();
                self.lane.leave().await;
            }
        }
        answer
    }
}

async fn run(line: &mut Line, commands: &[&Cmd], until: Instant) -> Result<Value, Failure> {
    let late = || Failure::timeout("no answer in time");
    let mut failure = late();
    for command in commands {
        failure = match timeout_at(until, command.query_async(line)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.into(),
            Err(_) => late(),
        };
        if failure.code.as_deref() != Some("NOSCRIPT") {
            break;
        }
    }
    // A cluster's connection mends itself node by node; closing it for one late node would take the
    // others away as well.
    if failure.trouble == Trouble::Timeout && matches!(line, Line::All(_)) {
        failure.ends = Ends::Nothing;
    }
    Err(failure)
}
