//! A worker thread as a queue: whatever is ready is done in the order in which it became ready, and
//! a timer is as late as the queue is long.

use crate::server::exponential;
use bff_core::Priority;
use bff_limits::overload::{Admitted, Level, OverloadSettings, Pressure, TICK};
use fastrand::Rng;
use std::{collections::BTreeMap, time::Duration};

/// What things cost the thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    pub(crate) page: Duration,
    /// A page without its optional calls.
    pub(crate) lean_page: Duration,
    pub(crate) refusal: Duration,
    /// How long a page waits for its calls, without cost; half of it always, the rest by chance.
    pub(crate) waiting: Duration,
}

impl Default for Costs {
    fn default() -> Self {
        let micros = Duration::from_micros;
        Self {
            page: micros(70),
            lean_page: micros(35),
            refusal: micros(8),
            waiting: micros(10_000),
        }
    }
}

/// Requests per second from a moment on.
pub(crate) type Phase = (Duration, f64);

/// Whether the worker defends itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defence {
    Off,
    On,
}

/// What a worker did.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    /// Pages: when they were asked for, and how long they took.
    pub(crate) pages: Vec<(Duration, Duration)>,
    /// When requests were refused.
    pub(crate) refused: Vec<Duration>,
    pub(crate) changes: Vec<(Duration, Level)>,
}

/// What is ready to be done.
enum Job<'a> {
    Arrival,
    /// The second half of a page, with when it was asked for and what it costs.
    Answer(Duration, Duration, Option<Admitted<'a>>),
    /// The timer, with when it was asked for.
    Tick(Duration),
}

/// Runs a worker through `phases` until `end`, and then until nothing is left to do.
pub(crate) fn run(costs: Costs, phases: &[Phase], end: Duration, defence: Defence) -> Diary {
    let pressure = Pressure::new(OverloadSettings::default());
    let mut rng = Rng::with_seed(41);
    let mut diary = Diary::default();
    let mut jobs = Jobs::default();
    let mut clock = Duration::ZERO;
    jobs.at(Duration::ZERO, Job::Arrival);
    if defence == Defence::On {
        jobs.at(TICK, Job::Tick(Duration::ZERO));
    }
    while let Some((ready, job)) = jobs.next() {
        clock = clock.max(ready);
        match job {
            Job::Arrival => {
                let rate = phases.iter().rev().find(|phase| phase.0 <= ready).map_or(0.0, |p| p.1);
                let next = ready + Duration::from_secs_f64(exponential(&mut rng) / rate.max(1.0));
                if next < end {
                    jobs.at(next, Job::Arrival);
                }
                let admitted = match defence {
                    Defence::Off => None,
                    Defence::On => match pressure.admit(Priority::Normal) {
                        None => {
                            diary.refused.push(ready);
                            clock += costs.refusal;
                            continue;
                        }
                        admitted => admitted,
                    },
                };
                let lean = defence == Defence::On && pressure.skips_optional();
                let half = if lean { costs.lean_page } else { costs.page } / 2;
                clock += half;
                let waiting = costs.waiting.mul_f64(0.5 * (1.0 + exponential(&mut rng)));
                jobs.at(clock + waiting, Job::Answer(ready, half, admitted));
            }
            Job::Answer(asked, half, admitted) => {
                clock += half;
                diary.pages.push((asked, clock - asked));
                drop(admitted);
            }
            Job::Tick(asked) => {
                let change = pressure.tick(clock, clock.saturating_sub(asked + TICK));
                diary.changes.extend(change.map(|level| (clock, level)));
                if clock < end {
                    jobs.at(clock + TICK, Job::Tick(clock));
                }
            }
        }
    }
    diary
}

/// Jobs by when they are ready; of those that are ready at once, the first come.
#[derive(Default)]
struct Jobs<'a> {
    queue: BTreeMap<(Duration, u64), Job<'a>>,
    added: u64,
}

impl<'a> Jobs<'a> {
    fn at(&mut self, ready: Duration, job: Job<'a>) {
        self.added += 1;
        self.queue.insert((ready, self.added), job);
    }

    fn next(&mut self) -> Option<(Duration, Job<'a>)> {
        self.queue.pop_first().map(|((ready, _), job)| (ready, job))
    }
}
