//! A connection under a timer.

use super::{
    flow::{Flow, Overdue, Phase},
    open::Connection,
};
use std::{
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};
use tokio::time::{Sleep, sleep_until};

/// actix's work on one connection, ended when the client takes longer than it may.
pub(crate) struct Watched<F> {
    work: Pin<Box<F>>,
    flow: Rc<Flow>,
    /// Counted until the connection has had its last answer.
    open: Option<Connection>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<F> Watched<F> {
    pub(crate) fn new(work: F, flow: Rc<Flow>) -> Self {
        Self { work: Box::pin(work), flow, open: None, timer: None }
    }

    /// Whether the timer has nothing more to say now. It is set again only for an earlier end: one
    /// that comes too early looks at what is due and sleeps on.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.flow.deadline() else { return Poll::Pending };
        let deadline = deadline.into();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline || timer.is_elapsed() {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl<F, E> Future for Watched<F>
where
    F: Future<Output = Result<(), E>>,
{
    type Output = Result<(), E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.open.is_none() && this.flow.phase() != Phase::Closing {
            this.open = Some(this.flow.all.open(cx.waker()));
        }
        loop {
            if let Poll::Ready(end) = this.work.as_mut().poll(cx) {
                return Poll::Ready(end);
            }
            if this.flow.phase() == Phase::Closing {
                this.open = None;
            }
            if this.poll_timer(cx).is_pending() {
                return Poll::Pending;
            }
            if let Some(Overdue::Cut(why)) = this.flow.overdue(Instant::now()) {
                this.flow.all.cut(why);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("flow", &self.flow).finish_non_exhaustive()
    }
}
