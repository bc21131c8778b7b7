//! What instances tell each other, heard for as long as the process lives.

use super::{
    breaker::equal_jitter,
    commands::CHANNEL,
    link::Link,
    publication::{FIRST_PAUSE, LONGEST_PAUSE},
    trouble::Failure,
};
use futures_util::StreamExt;
use redis::{Msg, Value};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::atomic::Ordering,
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// What every instance is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalidation<'a> {
    /// What is known under this tag is out of date.
    Tag(&'a str),
    /// From now on every tag is heard, but some may have been missed: when listening begins, and
    /// again after every broken connection.
    Everything,
}

/// Called for every invalidation, on the thread that speaks with Redis.
pub type OnInvalidation = Box<dyn Fn(Invalidation<'_>) + Send>;

/// What comes out of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// What somebody has published, this instance included.
    Message(&'a [u8]),
    /// From now on every message is heard, but some may have been missed: when listening begins,
    /// and again after every broken connection.
    Gap,
}

/// Somebody who listens to one channel, on a connection of its own.
pub struct Listener {
    channel: String,
    hears: Hears,
}

enum Hears {
    Invalidations(OnInvalidation),
    Messages(Box<dyn Fn(Heard<'_>) + Send>),
}

impl Listener {
    /// Who hears every invalidation that any instance publishes, this one included. The callback
    /// runs on the thread that speaks with Redis, and must not block.
    #[must_use]
    pub fn to_invalidations(on_invalidation: OnInvalidation) -> Self {
        Self { channel: CHANNEL.to_owned(), hears: Hears::Invalidations(on_invalidation) }
    }

    /// Who hears everything in a channel. The callback runs on the thread that speaks with Redis,
    /// and must not block. With an ACL the user needs the right to that channel.
    #[must_use]
    pub fn to(channel: &str, on_message: impl Fn(Heard<'_>) + Send + 'static) -> Self {
        Self { channel: channel.to_owned(), hears: Hears::Messages(Box::new(on_message)) }
    }

    fn tell(&self, heard: Heard<'_>) {
        // A panic in there must not end the listening.
        let _said_by_the_panic_hook = catch_unwind(AssertUnwindSafe(|| match &self.hears {
            Hears::Messages(on_message) => on_message(heard),
            Hears::Invalidations(on_invalidation) => on_invalidation(match heard {
                // Not ours if it is no text, and nothing can be known about it.
                Heard::Message(tag) => {
                    std::str::from_utf8(tag).map_or(Invalidation::Everything, Invalidation::Tag)
                }
                Heard::Gap => Invalidation::Everything,
            }),
        }));
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// How often a silent connection is asked whether it is still there.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Listens for ever. Trouble is the breaker's to report: where lookups work, listening does too.
pub(super) async fn listen(link: Rc<Link>, listener: Listener) {
    let mut attempt = 0;
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let failure = listen_once(&link, attempt, &listener).await;
        tracing::debug!(channel = listener.channel, error = %failure.what, "nothing is heard");
        attempt += 1;
        failures = if began.elapsed() > LONGEST_PAUSE { 0 } else { failures + 1 };
        sleep(equal_jitter(FIRST_PAUSE, LONGEST_PAUSE, failures)).await;
    }
}

/// Listens until the connection breaks.
async fn listen_once(link: &Link, attempt: usize, listener: &Listener) -> Failure {
    let patience = link.settings.command_timeout;
    let mut connection = match link.servers().nodes.listener(attempt).await {
        Ok(connection) => connection,
        Err(failure) => return failure,
    };
    match timeout(patience, connection.subscribe(&listener.channel)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return error.into(),
        Err(_) => return Failure::timeout("no answer in time"),
    }
    listener.tell(Heard::Gap);
    let (mut questions, mut messages) = connection.split();
    loop {
        match timeout(ASK_EVERY, messages.next()).await {
            Ok(Some(message)) => hear(link, &message, listener),
            Ok(None) => return Failure::broken("the connection was closed"),
            Err(_silent) => match timeout(patience, questions.ping::<Value>()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.into(),
                Err(_) => return Failure::timeout("no answer in time"),
            },
        }
    }
}

fn hear(link: &Link, message: &Msg, listener: &Listener) {
    let counter = match &listener.hears {
        Hears::Invalidations(_) => &link.stats.invalidations_heard,
        Hears::Messages(_) => &link.stats.messages_heard,
    };
    counter.fetch_add(1, Ordering::Relaxed);
    listener.tell(Heard::Message(message.get_payload_bytes()));
}
