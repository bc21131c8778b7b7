//! What the tasks of the thread share, and how a command gets to Redis and back in time.

use super::{
    breaker::Breaker,
    commands,
    lane::Lane,
    pools::Line,
    reply::{FromReply, read},
    script::Command,
    servers::Servers,
    settings::RedisSettings,
    stats::Stats,
    thread::Reply,
    trouble::{Ends, Failure, Trouble},
};
use redis::{Cmd, Value};
use std::{cell::RefCell, rc::Rc, sync::Arc};
use tokio::time::{Instant, timeout_at};

/// Everything on the thread that its tasks share.
pub(super) struct Link {
    servers: RefCell<Rc<Servers>>,
    pub(super) lane: Lane,
    pub(super) breaker: Arc<Breaker>,
    pub(super) stats: Arc<Stats>,
    pub(super) settings: RedisSettings,
}

impl Link {
    pub(super) fn new(
        servers: Servers,
        breaker: Arc<Breaker>,
        stats: Arc<Stats>,
        settings: RedisSettings,
    ) -> Self {
        let servers = RefCell::new(Rc::new(servers));
        Self { servers, lane: Lane::default(), breaker, stats, settings }
    }

    /// Where connections come from now.
    pub(super) fn servers(&self) -> Rc<Servers> {
        Rc::clone(&self.servers.borrow())
    }

    /// New connections come from there, of which `line` is one; commands under way end where they
    /// are.
    pub(super) async fn use_from_now_on(&self, servers: Servers, line: Line) {
        self.servers.replace(Rc::new(servers));
        self.lane.change_to(line).await;
    }

    /// A question of the cache's that counts for the breaker: whatever keeps it from an answer is
    /// trouble.
    pub(super) async fn look_up<T: FromReply>(
        &self,
        command: &Command,
        reply: &Reply<impl Sized>,
    ) -> Result<T, Failure> {
        let answer = self.ask(command, reply, |failure| !failure.is_wrong_type()).await?;
        read(answer, &self.breaker)
    }

    /// The times of tags, as [`commands::times`] is answered.
    pub(super) fn times_of(
        &self,
        tags: &[String],
        kept: Vec<Option<Vec<u8>>>,
    ) -> Result<Vec<Option<u64>>, Failure> {
        if kept.len() != tags.len() {
            let failure = Failure::nonsense("an array of another length");
            self.breaker.met_nonsense(&failure);
            return Err(failure);
        }
        let times: Option<_> = kept.into_iter().map(commands::read_time).collect();
        times.ok_or_else(|| Failure::nonsense("bytes that are no time"))
    }

    /// Somebody's own command. A refusal is an answer: it says nothing about Redis.
    pub(super) async fn run(
        &self,
        command: &Command,
        reply: &Reply<impl Sized>,
    ) -> Result<Value, Failure> {
        self.ask(command, reply, |failure| !failure.is_final()).await
    }

    async fn ask(
        &self,
        command: &Command,
        reply: &Reply<impl Sized>,
        is_trouble: impl Fn(&Failure) -> bool,
    ) -> Result<Value, Failure> {
        if reply.sender.is_closed() || reply.until <= Instant::now() {
            return Err(Failure::timeout("nobody waits any longer"));
        }
        let answer = self.run_on_lane(command, Some(reply.until)).await;
        match &answer {
            Err(failure) if is_trouble(failure) => self.breaker.failed(failure),
            _ => self.breaker.succeeded(),
        }
        answer
    }

    /// Whether a lookup would be answered in time on a connection that stands.
    pub(super) async fn probe(&self) -> Result<(), Failure> {
        let answer = self.run_on_lane(&commands::probe(), None).await?;
        read::<Vec<u8>>(answer, &self.breaker).map(drop)
    }

    async fn run_on_lane(
        &self,
        command: &Command,
        until: Option<Instant>,
    ) -> Result<Value, Failure> {
        let (mut line, number) =
            self.lane.get(&self.servers().pools, &self.settings, until).await?;
        let until = until.unwrap_or_else(|| Instant::now() + self.settings.lookup_timeout);
        let answer = run(&mut line, command, until).await;
        match answer.as_ref().map_err(|failure| failure.ends) {
            Ok(_) | Err(Ends::Nothing) => {}
            Err(Ends::Connection) => self.lane.leave_if(number).await,
            Err(Ends::Pool) => {
                self.lane.leave_if(number).await;
                self.servers().pools.forget();
            }
        }
        answer
    }

    /// A write, which may take its time.
    pub(super) async fn write<T: FromReply>(&self, command: &Command) -> Result<T, Failure> {
        let answer = self.run_pooled(command).await;
        match &answer {
            // Redis answers, and may answer lookups as well as ever.
            Err(failure) if failure.trouble.is_an_answer() => {}
            Err(failure) => self.breaker.failed(failure),
            Ok(_) => self.breaker.succeeded(),
        }
        read(answer?, &self.breaker)
    }

    async fn run_pooled(&self, command: &Command) -> Result<Value, Failure> {
        let time = self.settings.command_timeout;
        let pooled = self.servers().pools.get(time).await?;
        let answer = run(&mut pooled.line(), command, Instant::now() + time).await;
        match answer.as_ref().map_err(|failure| failure.ends) {
            Ok(_) | Err(Ends::Nothing) => {}
            Err(Ends::Connection) => drop(pooled.take()),
            Err(Ends::Pool) => {
                drop(pooled.take());
                self.servers().pools.forget();
                self.lane.leave().await;
            }
        }
        answer
    }
}

async fn run(line: &mut Line, command: &Command, until: Instant) -> Result<Value, Failure> {
    let mut answer = query(line, &command.first, until).await;
    let forgotten = |failure: &Failure| failure.trouble.code() == Some("NOSCRIPT");
    if answer.as_ref().is_err_and(forgotten)
        && let Some(by_text) = command.by_text()
    {
        answer = query(line, &by_text, until).await;
    }
    // A cluster's connection mends itself node by node; closing it for one late node would take the
    // others away as well.
    let mends_itself = matches!(line, Line::All(_));
    answer.map_err(|failure| match failure.trouble {
        Trouble::Timeout if mends_itself => Failure { ends: Ends::Nothing, ..failure },
        _ => failure,
    })
}

async fn query(line: &mut Line, command: &Cmd, until: Instant) -> Result<Value, Failure> {
    match timeout_at(until, command.query_async(line)).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::timeout("no answer in time")),
    }
}
