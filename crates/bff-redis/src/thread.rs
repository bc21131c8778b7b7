//! The one thread that speaks with Redis, and how workers hand it work without waiting.

use super::{
    breaker::Breaker,
    commands,
    lease::{self, Token},
    link::Link,
    max_stored_bytes,
    publication::{self, Publication},
    script::Command,
    servers::{self, Files, Servers},
    settings::{RedisSettings, RedisSettingsError},
    stats::Stats,
    subscription::{self, Listener},
    trouble::Trouble,
    writes::{self, WriteQueue},
};
use bff_files::Watched;
use redis::Value;
use std::{rc::Rc, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task::{LocalSet, spawn_local},
    time::{Instant, sleep, timeout},
};

/// Questions that wait for the thread. It takes them at once, so more than a few mean that it has
/// no processor.
const MOST_ASKS: usize = 1024;
/// Invalidations that wait for Redis to come back; and messages, apart from them.
const MOST_PUBLICATIONS: usize = 1024;

/// What workers hold of the thread. It ends when they are gone.
pub(super) struct Senders {
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) writes: WriteQueue,
    pub(super) invalidations: mpsc::Sender<Publication>,
    pub(super) messages: mpsc::Sender<Publication>,
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
    Run {
        command: Command,
        reply: Reply<Value>,
    },
}

/// Who waits, and how long.
pub(super) struct Reply<T> {
    pub(super) sender: oneshot::Sender<Result<T, Trouble>>,
    pub(super) until: Instant,
}

pub(super) fn start(
    settings: &RedisSettings,
    listeners: Vec<Listener>,
    breaker: Arc<Breaker>,
    stats: Arc<Stats>,
) -> Result<Senders, RedisSettingsError> {
    let files = Files::watched(settings)?;
    if settings.is_tls() {
        // The client asks for the process's default. If there is one already, that is the better.
        let _there_is_one = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let servers = Servers::new(settings, &files.current())?;
    let no_thread = |error: std::io::Error| {
        RedisSettingsError::new("url", format!("no thread can be started for it: {error}"))
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let (asks, asked) = mpsc::channel(MOST_ASKS);
    let (writes, written) = writes::queue(settings);
    let (invalidations, invalidated) = mpsc::channel(MOST_PUBLICATIONS);
    let (messages, said) = mpsc::channel(MOST_PUBLICATIONS);
    let settings = settings.clone();
    let work = move || {
        let link = Rc::new(Link::new(servers, breaker, stats, settings));
        let inbox = Inbox { asked, written, invalidated, said };
        serve(&runtime, &link, inbox, listeners, files);
    };
    let thread = std::thread::Builder::new().name("bff-redis".to_owned()).spawn(work);
    thread.map_err(no_thread)?;
    Ok(Senders { asks, writes, invalidations, messages })
}

struct Inbox {
    asked: mpsc::Receiver<Ask>,
    written: writes::Written,
    invalidated: mpsc::Receiver<Publication>,
    said: mpsc::Receiver<Publication>,
}

fn serve(
    runtime: &Runtime,
    link: &Rc<Link>,
    inbox: Inbox,
    listeners: Vec<Listener>,
    files: Arc<Watched<Files>>,
) {
    let Inbox { mut asked, written, invalidated, said } = inbox;
    LocalSet::new().block_on(runtime, async {
        let writing = spawn_local(writes::write_all(Rc::clone(link), written));
        // Apart, because an invalidation that cannot be published holds up all behind it.
        let publishing = [invalidated, said]
            .map(|queue| spawn_local(publication::publish_all(Rc::clone(link), queue)));
        for listener in listeners {
            spawn_local(subscription::listen(Rc::clone(link), listener));
        }
        spawn_local(recover(Rc::clone(link)));
        spawn_local(servers::follow(Rc::clone(link), files));
        // Whoever asks before there is a connection would find Redis slow.
        if let Err(failure) = link.probe().await {
            link.breaker.open(&failure);
        }
        while let Some(ask) = asked.recv().await {
            spawn_local(answer(Rc::clone(link), ask));
        }
        // The last words, if Redis is there to hear them.
        let _in_time = timeout(link.settings.command_timeout, async {
            let _ended = writing.await;
            for task in publishing {
                let _ended = task.await;
            }
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
            // `SET NX` says OK, or nothing when there is one already.
            let taken = link.look_up::<Option<()>>(&lease::take(&key, &token, for_), &reply).await;
            let held = taken.map(|ok| ok.is_some()).map_err(|failure| failure.trouble);
            if let Err(Ok(true)) = reply.sender.send(held) {
                // Nobody knows that the lease is held, so nobody would give it back.
                let _ends_by_itself = link.write::<bool>(&lease::release(&key, &token)).await;
            }
        }
        Ask::TagTimes { keys, reply } => {
            let kept = link.look_up::<Vec<_>>(&commands::times(&keys), &reply).await;
            let times = kept.and_then(|kept| link.times_of(&keys, kept));
            let _nobody_waits = reply.sender.send(times.map_err(|failure| failure.trouble));
        }
        Ask::Run { command, reply } => {
            let answer = link.run(&command, &reply).await;
            let _nobody_waits = reply.sender.send(answer.map_err(|failure| failure.trouble));
        }
    }
}

/// While the breaker is open, tries Redis after each pause, and closes it when Redis answers.
async fn recover(link: Rc<Link>) {
    loop {
        link.breaker.opened().await;
        // They lead to a server that does not answer; one by one they would each cost a pause.
        link.servers().pools.forget();
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
