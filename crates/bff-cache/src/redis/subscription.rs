//! Invalidations between instances: published until Redis takes them, heard for as long as the
//! process lives.

use super::{
    breaker::equal_jitter,
    commands::{self, CHANNEL},
    thread::Link,
    trouble::Failure,
};
use futures_util::StreamExt;
use redis::{Msg, Value};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::atomic::Ordering,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

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

/// How often a silent connection is asked whether it is still there.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Pauses between attempts to connect, and to publish.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Listens for ever. Trouble is the breaker's to report: where lookups work, listening does too.
pub(super) async fn listen(link: Rc<Link>, on_invalidation: OnInvalidation) {
    let tell = |invalidation: Invalidation<'_>| {
        // A panic in there must not end the listening.
        let _said_by_the_panic_hook =
            catch_unwind(AssertUnwindSafe(|| on_invalidation(invalidation)));
    };
    let mut attempt = 0;
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let failure = listen_once(&link, attempt, &tell).await;
        tracing::debug!(error = %failure.what, "no invalidations are heard");
        attempt += 1;
        failures = if began.elapsed() > LONGEST_PAUSE { 0 } else { failures + 1 };
        sleep(equal_jitter(FIRST_PAUSE, LONGEST_PAUSE, failures)).await;
    }
}

/// Listens until the connection breaks.
async fn listen_once(link: &Link, attempt: usize, tell: &impl Fn(Invalidation<'_>)) -> Failure {
    let patience = link.settings.command_timeout;
    let mut connection = match link.nodes.listener(attempt).await {
        Ok(connection) => connection,
        Err(failure) => return failure,
    };
    match timeout(patience, connection.subscribe(CHANNEL)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return error.into(),
        Err(_) => return Failure::timeout("no answer in time"),
    }
    tell(Invalidation::Everything);
    let (mut questions, mut messages) = connection.split();
    loop {
        match timeout(ASK_EVERY, messages.next()).await {
            Ok(Some(message)) => hear(link, &message, tell),
            Ok(None) => return Failure::broken("the connection was closed"),
            Err(_silent) => match timeout(patience, questions.ping::<Value>()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.into(),
                Err(_) => return Failure::timeout("no answer in time"),
            },
        }
    }
}

fn hear(link: &Link, message: &Msg, tell: &impl Fn(Invalidation<'_>)) {
    link.stats.invalidations_heard.fetch_add(1, Ordering::Relaxed);
    match std::str::from_utf8(message.get_payload_bytes()) {
        Ok(tag) => tell(Invalidation::Tag(tag)),
        // Not ours, and nothing can be known about it.
        Err(_) => tell(Invalidation::Everything),
    }
}

/// Publishes one after the other, each until it is taken or too old.
pub(super) async fn publish_all(
    link: Rc<Link>,
    mut invalidated: mpsc::Receiver<(String, Instant)>,
) {
    while let Some((tag, since)) = invalidated.recv().await {
        let sent = publish(&link, &tag, since).await;
        let counter = match sent {
            true => &link.stats.invalidations_sent,
            false => &link.stats.dropped_invalidations,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

async fn publish(link: &Link, tag: &str, since: Instant) -> bool {
    // The time first: who hears the tag and looks at once has to find it.
    let remember = commands::remember(tag, link.settings.tag_memory);
    let mut published = false;
    for step in [remember, commands::publish(tag)] {
        let mut failures = 0;
        published = loop {
            let outcome = match link.breaker.is_open() {
                true => None,
                false => Some(link.write(std::slice::from_ref(&step)).await),
            };
            match outcome {
                Some(Ok(_)) => break true,
                // A full server keeps no time, but still passes the tag on.
                Some(Err(failure)) if failure.is_final() => break false,
                _ if since.elapsed() > link.settings.invalidation_patience => return false,
                _ => {}
            }
            sleep(equal_jitter(FIRST_PAUSE, LONGEST_PAUSE, failures)).await;
            failures += 1;
        };
    }
    published
}
