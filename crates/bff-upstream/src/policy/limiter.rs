//! The adaptive concurrency limit of one service, with a bounded wait.
//!
//! How many there may be is learned (`gradient.rs`). Who finds no room waits on a short stack, newest
//! first: the newest caller still has the time that the oldest has lost ("adaptive LIFO", Maurer,
//! "Fail at Scale", ACM Queue 2015).

use super::{gradient::Gradient, lock};
use std::{
    pin::Pin,
    sync::{
        Mutex,
        atomic::{
            AtomicU32,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::sync::oneshot;

/// How many calls a service gets at the same time, from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitPolicy {
    /// At first.
    pub initial: u32,
    /// However slow the service is.
    pub min: u32,
    /// However fast it is.
    pub max: u32,
    /// How many may wait for room; beyond, the one that waited longest fails.
    pub waiting: usize,
}

/// One service's limit, shared by all workers.
#[derive(Debug)]
pub struct Limiter {
    policy: LimitPolicy,
    gradient: Gradient,
    in_flight: AtomicU32,
    waiting: AtomicU32,
    stack: Mutex<Vec<oneshot::Sender<()>>>,
}

/// Room for one call, given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    limiter: &'a Limiter,
}

/// No room, and too many newer callers waiting for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Limiter {
    /// A limit at its initial value.
    #[must_use]
    pub fn new(policy: LimitPolicy) -> Self {
        Self {
            policy,
            gradient: Gradient::new(policy.initial, policy.min..=policy.max),
            in_flight: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            stack: Mutex::default(),
        }
    }

    /// Room at once, or none.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.take().then(|| Permit { limiter: self })
    }

    /// Room, if need be after a wait. Dropping the future gives up the place.
    ///
    /// # Errors
    /// [`Full`] when newer callers filled the stack.
    pub async fn acquire(&self) -> Result<Permit<'_>, Full> {
        match self.try_acquire() {
            Some(permit) => Ok(permit),
            None => self.wait().await,
        }
    }

    /// Calls in flight now.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// How many may be in flight now.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.gradient.limit()
    }

    /// Calls that wait for room now.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.waiting.load(Relaxed)
    }

    /// An answer took `latency`.
    pub fn observe(&self, now: Duration, latency: Duration) {
        self.gradient.observe(now, latency, self.in_flight());
    }

    /// An answer came, but this process was too busy to tell when. The limit may grow, and does not
    /// fall.
    pub fn observe_unseen(&self, now: Duration) {
        self.gradient.observe_unseen(now, self.in_flight());
    }

    /// The service did not answer in time, or said that it is overloaded.
    pub fn observe_overload(&self, now: Duration) {
        self.gradient.observe_overload(now, self.in_flight());
    }

    fn take(&self) -> bool {
        let more = |in_flight| (in_flight < self.limit()).then_some(in_flight + 1);
        self.in_flight.fetch_update(SeqCst, Relaxed, more).is_ok()
    }

    async fn wait(&self) -> Result<Permit<'_>, Full> {
        let turn = {
            let mut stack = lock(&self.stack);
            stack.retain(|waiter| !waiter.is_closed());
            if stack.len() >= self.policy.waiting {
                if stack.is_empty() {
                    return Err(Full);
                }
                // Dropping its sender tells the oldest.
                stack.remove(0);
            }
            let (sender, turn) = oneshot::channel();
            stack.push(sender);
            self.count_waiting(&stack);
            turn
        };
        // Room may have come between looking for it and being on the stack.
        self.wake();
        Waiting { limiter: self, turn }.await
    }

    /// Hands room to who waits, newest first.
    fn wake(&self) {
        if self.waiting.load(SeqCst) == 0 {
            return;
        }
        let mut stack = lock(&self.stack);
        while !stack.is_empty() && self.take() {
            let taken = std::iter::from_fn(|| stack.pop()).any(|waiter| waiter.send(()).is_ok());
            if !taken {
                self.in_flight.fetch_sub(1, SeqCst);
            }
        }
        self.count_waiting(&stack);
    }

    fn count_waiting(&self, stack: &[oneshot::Sender<()>]) {
        self.waiting.store(u32::try_from(stack.len()).unwrap_or(u32::MAX), SeqCst);
    }
}

/// A place on the stack. Room that arrives after its caller left is handed on.
struct Waiting<'a> {
    limiter: &'a Limiter,
    turn: oneshot::Receiver<()>,
}

impl<'a> Future for Waiting<'a> {
    type Output = Result<Permit<'a>, Full>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let turn = ready!(Pin::new(&mut self.turn).poll(context));
        Poll::Ready(turn.map(|()| Permit { limiter: self.limiter }).map_err(|_evicted| Full))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turn.close();
        if self.turn.try_recv().is_ok() {
            drop(Permit { limiter: self.limiter });
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.in_flight.fetch_sub(1, SeqCst);
        self.limiter.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::pin::pin;

    #[test]
    fn the_newest_waiter_goes_first_and_the_oldest_makes_room() {
        let limiter = Limiter::new(LimitPolicy { initial: 1, min: 1, max: 1, waiting: 2 });
        let held = limiter.try_acquire();
        let (mut a, mut b, mut c) =
            (pin!(limiter.acquire()), pin!(limiter.acquire()), pin!(limiter.acquire()));
        assert!(a.as_mut().now_or_never().is_none());
        assert!(b.as_mut().now_or_never().is_none());
        assert!(c.as_mut().now_or_never().is_none());
        assert!(matches!(a.as_mut().now_or_never(), Some(Err(Full))), "two may wait");
        drop(held);
        assert!(b.as_mut().now_or_never().is_none());
        let permit = c.as_mut().now_or_never();
        assert!(matches!(permit, Some(Ok(_))), "the newest");
        drop(permit);
        assert!(matches!(b.as_mut().now_or_never(), Some(Ok(_))));
        assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
    }

    #[test]
    fn room_for_somebody_who_left_is_not_lost() {
        let limiter = Limiter::new(LimitPolicy { initial: 1, min: 1, max: 1, waiting: 2 });
        let held = limiter.try_acquire();
        {
            let mut left = pin!(limiter.acquire());
            assert!(left.as_mut().now_or_never().is_none());
            drop(held);
            assert_eq!(limiter.in_flight(), 1, "it was handed over");
        }
        assert_eq!(limiter.in_flight(), 0);
        assert!(limiter.try_acquire().is_some());
    }
}
