//! The adaptive concurrency limit of one service, with a bounded wait.
//!
//! The limit follows the ratio of the long-term latency to the present one, as `Gradient2Limit` in
//! github.com/Netflix/concurrency-limits does: latency that grows means calls are queueing over
//! there, so fewer are sent. It grows only while it is used. Who finds no room waits on a short
//! stack, newest first: the newest caller still has the time that the oldest has lost ("adaptive
//! LIFO", Maurer, "Fail at Scale", ACM Queue 2015).

use super::lock;
use std::{
    pin::Pin,
    sync::{
        Mutex,
        atomic::{
            AtomicU32, AtomicU64,
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

/// How long answers are gathered before the limit moves.
const SAMPLE: Duration = Duration::from_millis(100);
/// Fewer answers than this say nothing.
const MIN_ANSWERS: u32 = 10;
/// The present latency may be this many times the long-term one before the limit falls.
const TOLERANCE: f64 = 2.0;
/// The share of the way that the long-term latency moves per sample: about 30 seconds.
const LONG_TERM: f64 = 1.0 / 300.0;
/// The share of the way that the limit falls per sample.
const SMOOTHING: f64 = 0.2;
/// What a used limit grows by per sample.
const GROWTH: f64 = 1.1;
/// What it falls to when the service itself says that it is too much.
const BACKOFF: f64 = 0.9;

/// One service's limit, shared by all workers.
#[derive(Debug)]
pub struct Limiter {
    policy: LimitPolicy,
    limit: AtomicU32,
    in_flight: AtomicU32,
    waiting: AtomicU32,
    stack: Mutex<Vec<oneshot::Sender<()>>>,
    sample: Sample,
    long_term: Mutex<f64>,
}

/// The answers since the limit moved last.
#[derive(Debug, Default)]
struct Sample {
    /// In microseconds.
    since: AtomicU64,
    answers: AtomicU32,
    micros: AtomicU64,
    overloads: AtomicU32,
    unseen: AtomicU32,
    most_in_flight: AtomicU32,
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
            limit: AtomicU32::new(policy.initial.clamp(policy.min, policy.max)),
            in_flight: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            stack: Mutex::default(),
            sample: Sample::default(),
            long_term: Mutex::new(0.0),
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
        self.limit.load(Relaxed)
    }

    /// Calls that wait for room now.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.waiting.load(Relaxed)
    }

    /// An answer took `latency`.
    pub fn observe(&self, now: Duration, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.sample.micros.fetch_add(micros, Relaxed);
        self.observed(now);
    }

    /// An answer came, but this process was too busy to tell when. The limit may grow, and does not
    /// fall.
    pub fn observe_unseen(&self, now: Duration) {
        self.sample.unseen.fetch_add(1, Relaxed);
        self.observed(now);
    }

    /// The service did not answer in time, or said that it is overloaded.
    pub fn observe_overload(&self, now: Duration) {
        self.sample.overloads.fetch_add(1, Relaxed);
        self.observed(now);
    }

    fn observed(&self, now: Duration) {
        let in_flight = self.in_flight.load(Relaxed);
        if in_flight > self.sample.most_in_flight.load(Relaxed) {
            self.sample.most_in_flight.store(in_flight, Relaxed);
        }
        let answers = self.sample.answers.fetch_add(1, Relaxed) + 1;
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let since = self.sample.since.load(Relaxed);
        let due = answers >= MIN_ANSWERS && now.saturating_sub(since) as u128 >= SAMPLE.as_micros();
        // Whoever moves the start of the sample moves the limit.
        if due && self.sample.since.compare_exchange(since, now, Relaxed, Relaxed).is_ok() {
            self.adapt();
        }
    }

    fn adapt(&self) {
        let Sample { answers, micros, overloads, unseen, most_in_flight, .. } = &self.sample;
        let (answers, micros) = (answers.swap(0, Relaxed), micros.swap(0, Relaxed));
        let (overloads, unseen) = (overloads.swap(0, Relaxed), unseen.swap(0, Relaxed));
        let most = most_in_flight.swap(0, Relaxed);
        let old = self.limit.load(Relaxed);
        let good = answers.saturating_sub(overloads);
        let gradient = match good {
            good if good == 0 || unseen > 0 => 1.0,
            good => self.gradient(micros as f64 / f64::from(good)),
        };
        let limit = f64::from(old);
        let new = if f64::from(overloads) > 0.1 * f64::from(answers) {
            limit * BACKOFF
        } else if gradient < 1.0 {
            limit * (1.0 - SMOOTHING) + limit * gradient * SMOOTHING
        } else if most.saturating_mul(2) >= old {
            (limit * GROWTH).max(limit + 1.0)
        } else {
            limit
        };
        let new = (new.round() as u32).clamp(self.policy.min, self.policy.max);
        self.limit.store(new, Relaxed);
    }

    /// 1 while latency is what it used to be, down to 0.5 when it is twice what is tolerated.
    fn gradient(&self, present: f64) -> f64 {
        let mut long_term = lock(&self.long_term);
        if *long_term == 0.0 {
            *long_term = present;
        }
        *long_term += (present - *long_term) * LONG_TERM;
        // A service that became fast is not measured by its slow past for half a minute.
        if *long_term > 2.0 * present {
            *long_term *= 0.95;
        }
        (TOLERANCE * *long_term / present.max(1.0)).clamp(0.5, 1.0)
    }

    fn take(&self) -> bool {
        let more = |in_flight| (in_flight < self.limit.load(Relaxed)).then_some(in_flight + 1);
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

    const POLICY: LimitPolicy = LimitPolicy { initial: 100, min: 20, max: 1000, waiting: 3 };

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Ten answers per sample, for `samples` samples, with `in_flight` calls in flight.
    fn drive(limiter: &Limiter, now: &mut u64, samples: u32, latency: Duration, in_flight: usize) {
        for _ in 0..samples {
            let permits: Vec<_> = (0..in_flight).map_while(|_| limiter.try_acquire()).collect();
            for _ in 0..10 {
                *now += 10;
                limiter.observe(ms(*now), latency);
            }
            drop(permits);
        }
    }

    #[test]
    fn it_grows_while_it_is_used_and_only_then() {
        let limiter = Limiter::new(POLICY);
        let mut now = 0;
        drive(&limiter, &mut now, 50, ms(5), 10);
        assert_eq!(limiter.limit(), 100);
        drive(&limiter, &mut now, 50, ms(5), 10_000);
        assert_eq!(limiter.limit(), 1000);
    }

    #[test]
    fn latency_that_multiplies_shrinks_it_and_it_recovers() {
        let limiter = Limiter::new(POLICY);
        let mut now = 0;
        drive(&limiter, &mut now, 100, ms(5), 10_000);
        drive(&limiter, &mut now, 20, ms(50), 10_000);
        let shrunk = limiter.limit();
        assert!(shrunk < 250, "{shrunk}");
        drive(&limiter, &mut now, 50, ms(5), 10_000);
        assert!(limiter.limit() > 900, "{}", limiter.limit());
    }

    #[test]
    fn what_a_busy_process_sees_does_not_shrink_it() {
        let limiter = Limiter::new(POLICY);
        let mut now = 0;
        drive(&limiter, &mut now, 10, ms(5), 10);
        let held: Vec<_> = std::iter::from_fn(|| limiter.try_acquire()).collect();
        (0..1000).for_each(|n| limiter.observe_unseen(ms(now + n * 10)));
        assert_eq!(held.len(), 100);
        assert!(limiter.limit() > 200, "twice what is used: {}", limiter.limit());
    }

    #[test]
    fn a_service_that_is_slow_for_good_gets_its_calls_again() {
        let limiter = Limiter::new(POLICY);
        let mut now = 0;
        drive(&limiter, &mut now, 100, ms(5), 10_000);
        drive(&limiter, &mut now, 600, ms(50), 10_000);
        assert!(limiter.limit() > 500, "after a minute it is normal: {}", limiter.limit());
    }

    #[test]
    fn refusals_of_the_service_shrink_it_to_its_floor() {
        let limiter = Limiter::new(POLICY);
        (1..500).for_each(|n| limiter.observe_overload(ms(n * 20)));
        assert_eq!(limiter.limit(), 20);
    }

    #[test]
    fn jitter_does_not_make_it_flap() {
        let limiter = Limiter::new(POLICY);
        let mut rng = fastrand::Rng::with_seed(5);
        let mut now = 0;
        drive(&limiter, &mut now, 100, ms(20), 10_000);
        for _ in 0..300 {
            drive(&limiter, &mut now, 1, ms(rng.u64(12..30)), 10_000);
            assert!(limiter.limit() > 900, "{}", limiter.limit());
        }
    }

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
