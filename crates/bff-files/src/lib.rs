//! Files of the configuration that are replaced while a process runs: secrets, keys, certificates.
//!
//! A [`Watched`] value is made of one or more files, and is made again when one of them looks
//! different. What cannot be used is a line in the log, once, and what was known before stays in
//! use. One thread looks at all files of the process, because a disk may hang and workers must not.
#![forbid(unsafe_code)]

mod stamp;
#[cfg(test)]
mod tests;
mod watcher;

use arc_swap::{ArcSwap, Guard};
use stamp::Stamp;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::task::spawn_blocking;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What files say, as it was when they could last be used.
pub struct Watched<T> {
    paths: Vec<PathBuf>,
    make: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
    current: ArcSwap<T>,
    seen: Mutex<Seen>,
}

/// What is known about the files themselves.
struct Seen {
    /// As they looked before they were last read.
    stamps: Vec<Option<Stamp>>,
    /// Why they cannot be used, for as long as they cannot.
    trouble: Option<String>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Makes the value for the first time, which blocks; and from now on within two seconds after
    /// one of the files has changed. `make` reads them.
    ///
    /// # Errors
    /// What `make` says.
    pub fn open<E: ToString + 'static>(
        paths: Vec<PathBuf>,
        make: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, E> {
        // Before the content: what is written in between is another stamp.
        let stamps = stamps(&paths);
        let current = ArcSwap::from_pointee(make()?);
        let make = Box::new(move || make().map_err(|error| error.to_string()));
        let seen = Mutex::new(Seen { stamps, trouble: None });
        let watched = Arc::new(Self { paths, make, current, seen });
        watcher::add(&watched);
        Ok(watched)
    }

    /// The same for one file, of which `read` gets the content.
    ///
    /// # Errors
    /// The path, and what is wrong.
    pub fn file(
        path: &Path,
        read: impl Fn(&[u8]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, String> {
        let own = path.to_owned();
        Self::open(vec![path.to_owned()], move || {
            let failed = |why: String| format!("cannot read {}: {why}", own.display());
            let bytes = std::fs::read(&own).map_err(|error| failed(error.to_string()))?;
            read(&bytes).map_err(failed)
        })
    }

    /// What is known, without a look at the files.
    pub fn current(&self) -> Guard<Arc<T>> {
        self.current.load()
    }

    /// What the files say now.
    pub async fn latest(self: &Arc<Self>) -> Arc<T> {
        let watched = Arc::clone(self);
        // The only error is the runtime's end.
        let _ = spawn_blocking(move || watched.look()).await;
        self.current.load_full()
    }

    /// Makes the value again if a file changed; and as long as it cannot be used, because what was
    /// wrong may have been the disk, or the clock.
    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.paths);
        let is_as_it_was = seen.stamps == stamps;
        if is_as_it_was && seen.trouble.is_none() {
            return;
        }
        let files = Paths(&self.paths);
        match (self.make)() {
            Ok(value) => {
                self.current.store(Arc::new(value));
                tracing::info!(%files, "read again");
                seen.trouble = None;
            }
            Err(reason) => {
                if !is_as_it_was || seen.trouble.as_ref() != Some(&reason) {
                    let advice = "write the whole file again; what it said before stays in use";
                    tracing::warn!(%files, reason, advice, "cannot be used any more");
                }
                seen.trouble = Some(reason);
            }
        }
        seen.stamps = stamps;
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("paths", &self.paths).finish_non_exhaustive()
    }
}

/// The text of a secret's file, without the newline that editors leave at its end.
///
/// # Errors
/// It is not text, or there is none.
pub fn secret_text(bytes: &[u8]) -> Result<&str, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err("it is empty".to_owned()),
        text => Ok(text),
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Option<Stamp>> {
    paths.iter().map(|path| Stamp::of(path)).collect()
}

/// Separated by commas.
struct Paths<'a>(&'a [PathBuf]);

impl fmt::Display for Paths<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, path) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}", path.display())?;
        }
        Ok(())
    }
}
