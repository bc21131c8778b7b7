//! Trouble that many run into and the log tells once.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Trouble that comes and goes all the time is told so often at most.
const QUIET: Duration = Duration::from_secs(5);

/// One kind of trouble: whoever meets it asks whether to tell, and whoever does not, whether to tell of its end.
#[derive(Debug, Default)]
pub struct Spell {
    told: AtomicBool,
    last: Mutex<Option<Instant>>,
}

impl Spell {
    /// Whether it is new, and has to be told now.
    #[must_use]
    pub fn begins(&self) -> bool {
        if self.told.load(Relaxed) {
            return false;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < QUIET) {
            return false;
        }
        *last = Some(Instant::now());
        !self.told.swap(true, Relaxed)
    }

    /// Whether it was told, and is over now.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.told.load(Relaxed) && self.told.swap(false, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Spell;

    #[test]
    fn trouble_is_told_once_and_its_end_once_also_when_it_comes_and_goes() {
        let spell = Spell::default();
        assert!(!spell.ends());
        let begun = (0..100).filter(|_| spell.begins()).count();
        let ended = (0..100).filter(|_| spell.ends()).count();
        assert_eq!((begun, ended), (1, 1));
        let told = (0..100).filter(|_| spell.begins() || spell.ends()).count();
        assert_eq!(told, 0, "it was told a moment ago");
    }
}
