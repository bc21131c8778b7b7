//! A service is down for a while and comes back to a crowd that waits for it.

use crate::{
    Result, Size,
    clock::in_virtual_time,
    crowd::Crowd,
    figures::{Record, Second, rounded, share},
    instance::{Instance, call_one_of, settings},
    plot::{Axis, Band, Line, Plot},
    report::{Section, Table},
    server::{Behaviour, Network, Server},
};
use bff_upstream::ServiceSettings;
use serde::Serialize;
use std::{ops::Range, rc::Rc, time::Duration};

/// When the service is down.
const DOWN: Range<u64> = 15..30;
/// The end of the run, in seconds.
const END: u64 = 90;
/// Users of one instance.
const USERS: usize = 100;
/// What the budget of one instance allows besides its share, per second.
const FLOOR: f64 = 3.0;

/// What became of the calls, by who made them.
#[derive(Debug, Serialize)]
pub struct RetryStorm {
    /// BFF instances.
    pub instances: usize,
    /// Instances with the default settings.
    pub shipped: Storm,
    /// The budget alone, without a breaker.
    pub budget_only: Storm,
    /// Every failure is retried, nothing is left alone.
    pub unlimited: Storm,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct Storm {
    /// Calls from the outage to the recovery, or to the end.
    pub calls_in_trouble: u64,
    /// What they became on the wire.
    pub attempts_in_trouble: u64,
    /// The most attempts that the budget allows for these calls: 1.2 of them, what ten calm seconds
    /// have left over, and the floor.
    pub allowed: f64,
    /// Attempts in the busiest second.
    pub peak_attempts: u64,
    /// Seconds from the service's return until 95 % of the calls succeed for three seconds; `None`
    /// when that did not happen.
    pub recovery_seconds: Option<u64>,
    /// Failed calls of the whole run.
    pub failed: u64,
    /// Attempts per second.
    pub attempts: Vec<u64>,
    /// Calls that succeeded, per second.
    pub good: Vec<u64>,
}

impl RetryStorm {
    /// Runs it.
    ///
    /// # Errors
    /// When a service cannot be set up.
    pub fn of(size: Size) -> Result<Self> {
        let instances = size.of(40, 20);
        let mut shipped = settings(&["orders".to_owned()])?;
        // Another scenario's matter.
        shipped.hedge.percentile = 100.0;
        let mut budget_only = shipped.clone();
        budget_only.breaker.min_success_percent = 0.0;
        let mut unlimited = budget_only.clone();
        (unlimited.retry.budget_percent, unlimited.retry.budget_per_second) = (100.0, 1000.0);
        Ok(Self {
            instances,
            shipped: run(instances, &shipped)?,
            budget_only: run(instances, &budget_only)?,
            unlimited: run(instances, &unlimited)?,
        })
    }

    pub(crate) fn section(&self) -> Section {
        let users = self.instances * USERS;
        let storms = [
            ("as shipped", &self.shipped),
            ("budget, no breaker", &self.budget_only),
            ("neither", &self.unlimited),
        ];
        let lines: Vec<_> =
            storms.map(|(name, storm)| Line { name, points: by_second(&storm.attempts) }).into();
        let rows = storms.map(|(name, storm)| {
            let ratio = share(storm.attempts_in_trouble, storm.calls_in_trouble);
            vec![
                name.to_owned(),
                format!("{ratio:.2}"),
                format!("{:.2}", storm.allowed / storm.calls_in_trouble as f64),
                storm.peak_attempts.to_string(),
                after(storm),
                storm.failed.to_string(),
            ]
        });
        Section {
            title: "A service comes back to a crowd",
            what: format!(
                "{} instances with {users} users call a service that is 70 % busy, refuses connections from second {} to \
                 {}, and then finds everybody at its door: users reload a failed page after two seconds. A call it has no \
                 room for costs it a fifth of a page's work. Hedging is off.",
                self.instances, DOWN.start, DOWN.end
            ),
            see: format!(
                "With budget and breaker the service is hardly called while it is down. The budget alone keeps attempts \
                 within its bound. Without both, the service gets several attempts for every call, spends its time on \
                 refusals, and the outage outlives its cause. Back to normal: as shipped after {}, with the budget alone \
                 after {}, with neither {}.",
                after(&self.shipped),
                after(&self.budget_only),
                after(&self.unlimited)
            ),
            plot: Plot {
                title: "Attempts per second".to_owned(),
                x: Axis::between("seconds", 0.0, END as f64, 9),
                y: Axis::over(&lines),
                lines,
                bands: vec![Band {
                    from: DOWN.start as f64,
                    to: DOWN.end as f64,
                    name: "down".to_owned(),
                }],
            },
            tables: vec![Table::new(
                [
                    "",
                    "attempts per call in trouble",
                    "budget allows",
                    "attempts in the busiest second",
                    "back to normal after",
                    "failed calls",
                ],
                rows.into(),
            )],
        }
    }
}

fn after(storm: &Storm) -> String {
    let never = || format!("not in {} s", END - DOWN.end);
    storm.recovery_seconds.map_or_else(never, |seconds| format!("{seconds} s"))
}

fn by_second(counts: &[u64]) -> Vec<(f64, f64)> {
    counts.iter().enumerate().map(|(second, count)| (second as f64, *count as f64)).collect()
}

fn run(instances: usize, settings: &ServiceSettings) -> Result<Storm> {
    in_virtual_time(1, async {
        let seconds = Duration::from_secs;
        let behaviour = Behaviour {
            queue: instances * 8,
            refusal: Duration::from_millis(4),
            down: Some(seconds(DOWN.start)..seconds(DOWN.end)),
            // Each instance brings 25 calls per second, which keep half a place busy.
            ..Behaviour::steady(instances * 28 / 40, Duration::from_millis(20))
        };
        let network = Network(Rc::new([Server::new("orders", behaviour, 2)]));
        let callers = (0..instances).map(|_| Instance::new("orders", settings, &network));
        let callers: Rc<[Instance]> = callers.collect::<Result<Vec<_>>>()?.into();
        let crowd = Crowd {
            users: instances * USERS,
            think: seconds(4),
            reload: seconds(2),
            lasting: seconds(END),
            seed: 3,
        };
        let record = crowd.visit(move |user| call_one_of(callers.clone(), user)).await;
        let attempts = network.0.first().map(Server::seen_by_second).unwrap_or_default();
        Ok(storm(&record, attempts, instances))
    })?
}

fn storm(record: &Record, mut attempts: Vec<u64>, instances: usize) -> Storm {
    // What began in the last second may end a little later.
    attempts.truncate(END as usize);
    let seconds = record.seconds();
    let from = DOWN.end as usize;
    let healthy = |window: &[Second]| window.iter().all(|s| share(s.good, s.calls) >= 0.95);
    let recovery = seconds.iter().skip(from).copied().collect::<Vec<_>>();
    let recovery = recovery.windows(3).position(healthy);
    let until = from + recovery.unwrap_or(END as usize - from);
    let trouble = DOWN.start as usize..until;
    let calls =
        |range: Range<usize>| seconds.get(range).unwrap_or_default().iter().map(|s| s.calls);
    let calls_in_trouble: u64 = calls(trouble.clone()).sum();
    let calls_before: u64 = calls(trouble.start.saturating_sub(10)..trouble.start).sum();
    let floor = FLOOR * instances as f64 * (trouble.len() as f64 + 10.0);
    Storm {
        calls_in_trouble,
        attempts_in_trouble: attempts.get(trouble).unwrap_or_default().iter().sum(),
        allowed: rounded(1.2 * calls_in_trouble as f64 + 0.2 * calls_before as f64 + floor, 1),
        peak_attempts: attempts.iter().copied().max().unwrap_or_default(),
        recovery_seconds: recovery.map(|seconds| seconds as u64),
        failed: record.calls() - record.good(),
        good: seconds.iter().map(|second| second.good).collect(),
        attempts,
    }
}
