//! Sessions in this process: for development, and for a single instance whose users may have to sign
//! in again when it restarts.

use super::store::{Lease, List};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Bounded: when it is full, the session that ends first makes room.
pub(super) struct Memory {
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sessions: HashMap<String, Timed<Vec<u8>>>,
    lists: HashMap<String, HashSet<String>>,
    leases: HashMap<String, Timed<String>>,
    used: HashMap<String, Timed<()>>,
}

struct Timed<T> {
    value: T,
    until: Instant,
}

impl<T> Timed<T> {
    fn new(value: T, time: Duration) -> Self {
        Self { value, until: Instant::now() + time }
    }

    fn is_over(&self) -> bool {
        self.until <= Instant::now()
    }
}

impl Memory {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn create(
        &self,
        name: &str,
        sealed: Vec<u8>,
        idle: Duration,
        _absolute: Duration,
        lists: &[List<'_>],
    ) {
        let mut kept = self.kept();
        if kept.sessions.len() >= self.capacity {
            kept.make_room();
        }
        kept.sessions.insert(name.to_owned(), Timed::new(sealed, idle));
        for list in lists {
            kept.lists.entry(list.name()).or_default().insert(name.to_owned());
        }
    }

    pub(super) fn read(&self, name: &str, slide: Option<Duration>) -> Option<Vec<u8>> {
        let mut kept = self.kept();
        let session = kept.sessions.get_mut(name).filter(|session| !session.is_over())?;
        if let Some(idle) = slide {
            session.until = Instant::now() + idle;
        }
        Some(session.value.clone())
    }

    pub(super) fn renew(&self, name: &str, sealed: Vec<u8>, idle: Duration, lease: &str) -> bool {
        let mut kept = self.kept();
        let held = kept.holds(name, lease);
        let Some(session) = kept.sessions.get_mut(name).filter(|s| held && !s.is_over()) else {
            return false;
        };
        *session = Timed::new(sealed, idle);
        kept.leases.remove(name);
        true
    }

    pub(super) fn end(&self, name: &str) -> bool {
        self.kept().sessions.remove(name).is_some_and(|session| !session.is_over())
    }

    pub(super) fn end_all(&self, list: List<'_>) -> usize {
        let mut kept = self.kept();
        let names = kept.lists.remove(&list.name()).unwrap_or_default();
        names.iter().filter(|name| kept.sessions.remove(*name).is_some()).count()
    }

    pub(super) fn lease(&self, name: &str, token: String, time: Duration) -> Lease {
        let mut kept = self.kept();
        if kept.leases.get(name).is_some_and(|lease| !lease.is_over()) {
            return Lease::Taken;
        }
        kept.leases.insert(name.to_owned(), Timed::new(token.clone(), time));
        Lease::Held(token)
    }

    pub(super) fn extend(&self, name: &str, lease: &str, time: Duration) -> bool {
        let mut kept = self.kept();
        let held = kept.holds(name, lease);
        if held {
            kept.leases.insert(name.to_owned(), Timed::new(lease.to_owned(), time));
        }
        held
    }

    pub(super) fn release(&self, name: &str, lease: &str) {
        let mut kept = self.kept();
        if kept.holds(name, lease) {
            kept.leases.remove(name);
        }
    }

    pub(super) fn use_once(&self, name: &str, time: Duration) -> bool {
        let mut kept = self.kept();
        if kept.used.get(name).is_some_and(|used| !used.is_over()) {
            return false;
        }
        if kept.used.len() >= self.capacity {
            kept.forget_used();
        }
        kept.used.insert(name.to_owned(), Timed::new((), time));
        true
    }

    pub(super) fn unuse(&self, name: &str) {
        self.kept().used.remove(name);
    }
}

impl Kept {
    fn holds(&self, name: &str, lease: &str) -> bool {
        self.leases.get(name).is_some_and(|held| held.value == lease && !held.is_over())
    }

    /// What was used first is forgotten first: strangers who use up many logins must not keep others
    /// from theirs.
    fn forget_used(&mut self) {
        self.used.retain(|_, used| !used.is_over());
        let soonest = self.used.iter().min_by_key(|(_, used)| used.until);
        if let Some(name) = soonest.map(|(name, _)| name.clone()) {
            self.used.remove(&name);
        }
    }

    fn make_room(&mut self) {
        self.sessions.retain(|_, session| !session.is_over());
        self.leases.retain(|_, lease| !lease.is_over());
        let soonest = self.sessions.iter().min_by_key(|(_, session)| session.until);
        if let Some(name) = soonest.map(|(name, _)| name.clone()) {
            self.sessions.remove(&name);
        }
        let Self { sessions, lists, .. } = self;
        lists.retain(|_, names| {
            names.retain(|name| sessions.contains_key(name));
            !names.is_empty()
        });
    }
}
