//! All open connections of the process: counted, told when the process ends, and why some were cut.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::Waker,
};

/// The open connections of the public port.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<Open>,
    /// Answers say that they are the last on their connection.
    draining: AtomicBool,
    /// Idle connections end.
    closing: AtomicBool,
    cuts: [AtomicU64; Cut::ALL.len()],
}

#[derive(Debug, Default)]
struct Open {
    wakers: HashMap<u64, Waker>,
    last: u64,
}

/// One connection that is open, until this is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    all: Connections,
    id: u64,
}

/// Why the server ended a connection in the middle of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A request's head did not arrive in time.
    SlowHead,
    /// The client did not read its answer.
    UnreadAnswer,
    /// The client went on sending after its last answer.
    Lingering,
}

impl Cut {
    pub(crate) const ALL: [Self; 3] = [Self::SlowHead, Self::UnreadAnswer, Self::Lingering];

    /// Its value of the label `reason`.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::SlowHead => "slow_head",
            Self::UnreadAnswer => "unread_answer",
            Self::Lingering => "lingering",
        }
    }
}

impl Connections {
    /// A new connection, whose task is woken by `waker`.
    pub(super) fn open(&self, waker: &Waker) -> Connection {
        let mut open = self.lock();
        open.last += 1;
        let id = open.last;
        open.wakers.insert(id, waker.clone());
        Connection { all: self.clone(), id }
    }

    /// How many are open, without those that have had their last answer.
    pub(crate) fn count(&self) -> usize {
        self.lock().wakers.len()
    }

    /// From now on each answer is the last one on its connection.
    pub(crate) fn drain(&self) {
        self.0.draining.store(true, Release);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.0.draining.load(Acquire)
    }

    /// Ends the connections that are idle now, and later each one that becomes idle.
    pub(crate) fn close_idle(&self) {
        self.0.closing.store(true, Release);
        for waker in self.lock().wakers.values() {
            waker.wake_by_ref();
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.0.closing.load(Acquire)
    }

    pub(super) fn cut(&self, why: Cut) {
        if let Some(count) = self.0.cuts.get(why as usize) {
            count.fetch_add(1, Relaxed);
        }
        tracing::debug!(reason = why.reason(), "a connection was cut");
    }

    /// How many were cut so far, and why.
    pub(crate) fn cuts(&self) -> impl Iterator<Item = (Cut, u64)> {
        let counts = Cut::ALL.iter().zip(&self.0.cuts);
        counts.map(|(why, count)| (*why, count.load(Relaxed)))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.lock().wakers.remove(&self.id);
    }
}
