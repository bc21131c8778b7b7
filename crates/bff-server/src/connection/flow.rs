//! Where one connection stands between a request and its answer. The socket under actix, the handler
//! above it and the timer beside it share this.

use super::{
    LINGER,
    open::{Connections, Cut},
};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

/// How long a client may take for each part of an exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// For a request's head.
    pub(crate) head: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// For reading the next part of an answer.
    pub(crate) write: Duration,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(super) all: Connections,
    bounds: Bounds,
    phase: Cell<Phase>,
    /// When the phase began, or an answer that is blocked last made progress.
    since: Cell<Instant>,
    /// The client does not read.
    blocked: Cell<bool>,
    /// The answer under way is the last one.
    last: Cell<bool>,
    /// The time between two requests is over.
    expired: Cell<bool>,
    /// Something arrived that has not been read.
    unread: Cell<bool>,
    /// A pipelined request that waits for the answer before it.
    waiting: RefCell<Option<Waker>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between two requests.
    Idle,
    /// A part of a request has arrived.
    Head,
    /// A request is being answered; what else arrives is left alone.
    Request,
    /// The same, while the request's body is read.
    Body,
    /// An answer has been made, and not been written yet.
    Answer,
    /// Nothing more will be sent.
    Closing,
}

/// What has taken too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    Idle,
    Cut(Cut),
}

/// actix has a timer of its own for the first head of a connection, and answers it with 408; this one
/// comes behind it.
const AFTER_ACTIX: Duration = Duration::from_secs(1);

impl Flow {
    pub(crate) fn new(all: Connections, bounds: Bounds) -> Self {
        Self {
            all,
            bounds,
            phase: Cell::new(Phase::Idle),
            since: Cell::new(Instant::now()),
            blocked: Cell::new(false),
            last: Cell::new(false),
            expired: Cell::new(false),
            unread: Cell::new(false),
            waiting: RefCell::default(),
        }
    }

    /// Begins to answer a request, once the answer before it has been written: a client that does not
    /// read gets no more than one answer made. Behind the last answer nothing begins: the socket ends.
    pub(crate) async fn begin(&self) {
        poll_fn(|cx| {
            if self.phase.get() != Phase::Answer && !self.last.get() {
                return Poll::Ready(());
            }
            *self.waiting.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        self.phase.set(Phase::Request);
    }

    /// Lets the request's body be read.
    pub(crate) async fn read_body(&self) {
        if self.phase.get() != Phase::Request {
            return;
        }
        self.phase.set(Phase::Body);
        // What has arrived meanwhile was left alone, so the socket has to be looked at again.
        let mut looked = false;
        poll_fn(|cx| {
            if looked {
                return Poll::Ready(());
            }
            looked = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// The body has been read, as far as it will be.
    pub(crate) fn body_read(&self) {
        if self.phase.get() == Phase::Body {
            self.phase.set(Phase::Request);
        }
    }

    /// Makes the answer under way the last one.
    pub(crate) fn close_after(&self) {
        self.last.set(true);
    }

    /// Whether the answer under way is the last one, and has to say so.
    pub(crate) fn is_last(&self) -> bool {
        self.last.get() || self.all.is_draining()
    }

    /// The answer goes to actix, which writes it.
    pub(crate) fn answered(&self) {
        self.last.set(self.is_last());
        self.enter(Phase::Answer);
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Whether the last answer has been written, so that nothing more is read.
    pub(super) fn is_over(&self) -> bool {
        self.phase.get() == Phase::Idle && self.last.get()
    }

    /// Whether the connection ends unless a request has already arrived.
    pub(super) fn ends_when_idle(&self) -> bool {
        self.phase.get() == Phase::Idle && (self.expired.get() || self.all.is_closing())
    }

    /// Bytes of a request were read.
    pub(super) fn read(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Bytes have arrived that are not read now.
    pub(super) fn left_unread(&self) {
        self.unread.set(true);
    }

    /// The client took a part of an answer, or would not take any.
    pub(super) fn wrote(&self, all_blocked: bool) {
        if all_blocked && !self.blocked.get() {
            self.since.set(Instant::now());
        }
        self.blocked.set(all_blocked);
    }

    /// All that there was to write has been written; whether the socket has to be read again.
    pub(super) fn flushed(&self) -> bool {
        if self.phase.get() != Phase::Answer {
            return false;
        }
        self.enter(Phase::Idle);
        if let Some(waiting) = self.waiting.borrow_mut().take() {
            waiting.wake();
        }
        self.unread.take() || self.last.get() || self.all.is_closing()
    }

    /// The server has sent its last byte.
    pub(super) fn close(&self) {
        self.enter(Phase::Closing);
    }

    /// Until when the client has time; `None` while it is the server's turn.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let since = self.since.get();
        match self.phase.get() {
            Phase::Idle if self.expired.get() => None,
            Phase::Idle => since.checked_add(self.bounds.idle),
            Phase::Head => since.checked_add(self.bounds.head + AFTER_ACTIX),
            Phase::Closing => since.checked_add(LINGER),
            Phase::Request | Phase::Body | Phase::Answer if self.blocked.get() => {
                since.checked_add(self.bounds.write)
            }
            Phase::Request | Phase::Body | Phase::Answer => None,
        }
    }

    /// What has taken longer than it may. A connection that was idle for too long ends like one whose
    /// client has left.
    pub(super) fn overdue(&self, now: Instant) -> Option<Overdue> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        Some(match self.phase.get() {
            Phase::Idle => {
                self.expired.set(true);
                Overdue::Idle
            }
            Phase::Head => Overdue::Cut(Cut::SlowHead),
            Phase::Closing => Overdue::Cut(Cut::Lingering),
            Phase::Request | Phase::Body | Phase::Answer => Overdue::Cut(Cut::UnreadAnswer),
        })
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }
}
