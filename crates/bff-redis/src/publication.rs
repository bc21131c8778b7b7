//! What this instance tells all others, told again until Redis takes it.

use super::{
    breaker::equal_jitter,
    commands::{self, CHANNEL},
    link::Link,
    script::Command,
    stats::Stats,
};
use std::{
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

/// Pauses between attempts to publish, and to listen.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One thing to tell.
pub(super) struct Publication {
    pub(super) what: What,
    since: Instant,
}

/// What is told.
pub(super) enum What {
    Invalidation { tag: String },
    Message { channel: String, payload: Vec<u8> },
}

impl Publication {
    pub(super) fn now(what: What) -> Self {
        Self { what, since: Instant::now() }
    }
}

impl What {
    fn steps(&self, tag_memory: Duration) -> Vec<Command> {
        match self {
            // The time first: who hears the tag and looks at once has to find it.
            Self::Invalidation { tag } => vec![
                commands::remember(tag, tag_memory),
                commands::publish(CHANNEL, tag.as_bytes()),
            ],
            Self::Message { channel, payload } => vec![commands::publish(channel, payload)],
        }
    }

    pub(super) fn dropped<'a>(&self, stats: &'a Stats) -> &'a AtomicU64 {
        match self {
            Self::Invalidation { .. } => &stats.dropped_invalidations,
            Self::Message { .. } => &stats.dropped_messages,
        }
    }

    fn sent<'a>(&self, stats: &'a Stats) -> &'a AtomicU64 {
        match self {
            Self::Invalidation { .. } => &stats.invalidations_sent,
            Self::Message { .. } => &stats.messages_sent,
        }
    }
}

/// Publishes one after the other, each until it is taken or too old.
pub(super) async fn publish_all(link: Rc<Link>, mut queue: mpsc::Receiver<Publication>) {
    while let Some(Publication { what, since }) = queue.recv().await {
        let counter = match publish(&link, &what, since).await {
            true => what.sent(&link.stats),
            false => what.dropped(&link.stats),
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

async fn publish(link: &Link, what: &What, since: Instant) -> bool {
    let mut published = false;
    for step in what.steps(link.settings.tag_memory) {
        let mut failures = 0;
        published = loop {
            let outcome = match link.breaker.is_open() {
                true => None,
                false => Some(link.write(&step).await),
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
