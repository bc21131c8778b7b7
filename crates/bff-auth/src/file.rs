//! A file with a secret that is replaced while we run: read again when it changes, and never on the
//! event loop.

use arc_swap::{ArcSwap, Guard};
use std::{
    fmt, fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::task::spawn_blocking;

/// How often the file is looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a file says, as it was when it could last be read.
pub(crate) struct Watched<T> {
    path: PathBuf,
    read: fn(&[u8]) -> Result<T, String>,
    current: ArcSwap<T>,
    /// What the file looked like when it was last read.
    seen: Mutex<Stamp>,
    born: Instant,
    /// When to look again, in milliseconds since `born`.
    next_look: AtomicU64,
}

type Stamp = Option<(SystemTime, u64)>;

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads the file for the first time, which blocks.
    ///
    /// # Errors
    /// It cannot be read, in words for an operator.
    pub(crate) fn open(
        path: PathBuf,
        read: fn(&[u8]) -> Result<T, String>,
    ) -> Result<Arc<Self>, String> {
        let born = Instant::now();
        let failed = |why: String| format!("cannot read {}: {why}", path.display());
        // Before the content: what is written in between is another stamp.
        let seen = stamp(&path);
        let bytes = fs::read(&path).map_err(|error| failed(error.to_string()))?;
        let current = ArcSwap::from_pointee(read(&bytes).map_err(failed)?);
        let next_look = AtomicU64::new(millis(LOOK_EVERY));
        Ok(Arc::new(Self { path, read, current, seen: Mutex::new(seen), born, next_look }))
    }

    /// What is known. When it is time to, somebody else looks at the file meanwhile.
    pub(crate) fn current(self: &Arc<Self>, now: Instant) -> Guard<Arc<T>> {
        let next = self.next_look.load(Relaxed);
        let elapsed = now.saturating_duration_since(self.born);
        if millis(elapsed) >= next {
            let later = millis(elapsed + LOOK_EVERY);
            if self.next_look.compare_exchange(next, later, Relaxed, Relaxed).is_ok() {
                let file = Arc::clone(self);
                drop(spawn_blocking(move || file.look()));
            }
        }
        self.current.load()
    }

    /// What the file says now.
    pub(crate) async fn latest(self: &Arc<Self>) -> Arc<T> {
        let file = Arc::clone(self);
        // The only error is the runtime's end.
        let _ = spawn_blocking(move || file.look()).await;
        self.current.load_full()
    }

    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if *seen == stamp {
            return;
        }
        *seen = stamp;
        let read = fs::read(&self.path).map_err(|error| error.to_string());
        let file = self.path.display();
        match read.and_then(|bytes| (self.read)(&bytes)) {
            Ok(value) => {
                self.current.store(Arc::new(value));
                tracing::info!(%file, "read again");
            }
            Err(reason) => {
                let advice = "write the whole file again; what it said before stays in use";
                tracing::warn!(%file, reason, advice, "cannot be read any more");
            }
        }
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("path", &self.path).finish_non_exhaustive()
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The text of a secret's file, without the newline that editors leave at its end.
pub(crate) fn secret_text(bytes: &[u8]) -> Result<&str, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err("it is empty".to_owned()),
        text => Ok(text),
    }
}
