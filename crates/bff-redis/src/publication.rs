//! What this instance tells all others, told again until Redis takes it.

use super::{
    breaker::equal_jitter,
    commands::{self, CHANNEL},
    link::Link,
    reply::FromReply,
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
    let told = match what {
        What::Message { channel, payload } => {
            tell::<i64>(link, commands::publish(channel, payload), since).await
        }
        // The time first: who hears the tag and looks at once has to find it.
        What::Invalidation { tag } => {
            let remember = commands::remember(tag, link.settings.tag_memory);
            match tell::<()>(link, remember, since).await {
                Told::TooLate => Told::TooLate,
                // A full server keeps no time, but still passes the tag on.
                Told::Taken | Told::Refused => {
                    tell::<i64>(link, commands::publish(CHANNEL, tag.as_bytes()), since).await
                }
            }
        }
    };
    matches!(told, Told::Taken)
}

enum Told {
    Taken,
    Refused,
    TooLate,
}

/// Says it again and again, until Redis takes or refuses it or it is too old.
async fn tell<T: FromReply>(link: &Link, step: Command, since: Instant) -> Told {
    let mut failures = 0;
    loop {
        let outcome = match link.breaker.is_open() {
            true => None,
            false => Some(link.write::<T>(&step).await),
        };
        match outcome {
            Some(Ok(_)) => return Told::Taken,
            Some(Err(failure)) if failure.is_final() => return Told::Refused,
            _ if since.elapsed() > link.settings.invalidation_patience => return Told::TooLate,
            _ => {}
        }
        sleep(equal_jitter(FIRST_PAUSE, LONGEST_PAUSE, failures)).await;
        failures += 1;
    }
}
