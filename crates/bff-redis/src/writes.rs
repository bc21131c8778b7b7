//! Writes in the background: bounded by number and by bytes, and dropped rather than waited for.

use super::{
    commands, lease, lease::Token, link::Link, settings::RedisSettings, trouble::Failure, value,
};
use bytes::Bytes;
use std::{
    cell::Cell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

/// So many of the largest values fill the queue, however short it is in numbers.
const LARGEST_VALUES: usize = 16;
/// A refusal this long ago is over.
const QUIET: Duration = Duration::from_secs(5);

/// One write.
pub(super) enum Write {
    Put { key: String, value: Bytes, ttl: Duration, fence: Option<Token> },
    Release { key: String, token: Token },
}

impl Write {
    pub(super) fn value_bytes(&self) -> usize {
        match self {
            Self::Put { value, .. } => value.len(),
            Self::Release { .. } => 0,
        }
    }
}

/// The workers' end of the queue.
pub(super) struct WriteQueue {
    sender: mpsc::Sender<Write>,
    waiting_bytes: Arc<AtomicUsize>,
    most_bytes: usize,
}

/// The thread's end of the queue.
pub(super) struct Written {
    receiver: mpsc::Receiver<Write>,
    waiting_bytes: Arc<AtomicUsize>,
}

pub(super) fn queue(settings: &RedisSettings) -> (WriteQueue, Written) {
    let (sender, receiver) = mpsc::channel(settings.write_queue);
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    let most_bytes = settings.max_value_bytes.saturating_mul(LARGEST_VALUES);
    let queue = WriteQueue { sender, waiting_bytes: Arc::clone(&waiting_bytes), most_bytes };
    (queue, Written { receiver, waiting_bytes })
}

impl WriteQueue {
    /// Whether there was room for it.
    pub(super) fn offer(&self, write: Write) -> bool {
        let bytes = write.value_bytes();
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.most_bytes;
        let taken = fits && self.sender.try_send(write).is_ok();
        if !taken {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        taken
    }
}

impl Written {
    async fn next(&mut self) -> Option<Write> {
        let write = self.receiver.recv().await?;
        self.waiting_bytes.fetch_sub(write.value_bytes(), Ordering::Relaxed);
        Some(write)
    }
}

/// Writes what is queued until the workers are gone. Half of the connections are left to lookups.
pub(super) async fn write_all(link: Rc<Link>, mut written: Written) {
    let slots = Arc::new(Semaphore::new((link.settings.connections / 2).max(1)));
    let refused = Rc::new(Refused::default());
    let mut running = JoinSet::new();
    while let Some(write) = written.next().await {
        while running.try_join_next().is_some() {}
        if link.breaker.is_open() {
            link.stats.dropped_trouble.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let (link, refused) = (Rc::clone(&link), Rc::clone(&refused));
        running.spawn_local(async move {
            refused.note(&perform(&link, write).await);
            drop(slot);
        });
    }
    while running.join_next().await.is_some() {}
}

async fn perform(link: &Link, write: Write) -> Result<(), Failure> {
    let stats = &link.stats;
    let (bytes, done) = match write {
        Write::Put { key, value, ttl, fence } => {
            let stored = value::encode(&value, link.settings.compress_above_bytes);
            let done = match &fence {
                None => link.write(&commands::put(&key, &stored, ttl)).await.map(|()| true),
                Some(token) => link.write(&lease::put(&key, &stored, ttl, token)).await,
            };
            (stored.len(), done)
        }
        Write::Release { key, token } => {
            (0, link.write(&lease::release(&key, &token)).await.map(|_was_ours: bool| true))
        }
    };
    match done {
        // The script's word to a holder that is none.
        Ok(false) => stats.fenced_off.fetch_add(1, Ordering::Relaxed),
        Ok(true) => {
            stats.bytes_written.fetch_add(bytes as u64, Ordering::Relaxed);
            stats.writes.fetch_add(1, Ordering::Relaxed)
        }
        Err(failure) => {
            stats.dropped_trouble.fetch_add(1, Ordering::Relaxed);
            return Err(failure);
        }
    };
    Ok(())
}

/// Remembers that Redis refuses writes while it answers lookups, and says so once.
#[derive(Default)]
struct Refused {
    last: Cell<Option<Instant>>,
}

impl Refused {
    fn note(&self, outcome: &Result<(), Failure>) {
        match (outcome, self.last.get()) {
            (Err(failure), last) if failure.trouble.is_an_answer() => {
                self.last.set(Some(Instant::now()));
                if last.is_none() {
                    let Failure { what, advice, .. } = failure;
                    tracing::warn!(error = %what, "Redis refuses writes: {advice}");
                }
            }
            (Ok(()), Some(last)) if last.elapsed() > QUIET => {
                self.last.set(None);
                tracing::info!("Redis takes writes again");
            }
            _ => {}
        }
    }
}
