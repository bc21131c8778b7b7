//! The one thread that looks at all watched files of the process.

use crate::Watched;
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    thread,
    time::Duration,
};

/// How often each file is looked at: what was replaced counts within two seconds.
const EVERY: Duration = Duration::from_secs(1);

/// A watched value of whatever type.
trait Look: Send + Sync {
    fn look(&self);
}

impl<T: Send + Sync + 'static> Look for Watched<T> {
    fn look(&self) {
        Self::look(self);
    }
}

type All = Mutex<Vec<Weak<dyn Look>>>;

/// Looks at it from now on, as long as somebody holds it.
pub(crate) fn add<T: Send + Sync + 'static>(watched: &Arc<Watched<T>>) {
    static ALL: OnceLock<All> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let started = thread::Builder::new().name("files".to_owned()).spawn(look_for_ever);
        if let Err(error) = started {
            let advice = "restart when a file has changed";
            tracing::error!(%error, advice, "no thread looks at the configuration's files");
        }
        All::default()
    });
    let watched: Weak<dyn Look> = Arc::downgrade(watched) as _;
    lock(all).push(watched);

    fn look_for_ever() {
        loop {
            thread::sleep(EVERY);
            let Some(all) = ALL.get() else { continue };
            // Not under the lock: a disk may hang.
            let held: Vec<_> = {
                let mut all = lock(all);
                all.retain(|watched| watched.strong_count() > 0);
                all.iter().filter_map(Weak::upgrade).collect()
            };
            held.iter().for_each(|watched| watched.look());
        }
    }
}

fn lock(all: &All) -> std::sync::MutexGuard<'_, Vec<Weak<dyn Look>>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}
