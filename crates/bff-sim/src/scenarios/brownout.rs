//! A worker gets three times the load that it can take, and then none of it.

use crate::{
    Size,
    event_loop::{Costs, Defence, Diary, run},
    figures::{Latency, rounded},
    plot::{Axis, Band, Line, Plot},
    report::{Section, Table},
};
use bff_limits::overload::Level;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// A page that takes longer is nobody's any more.
const PATIENCE: Duration = Duration::from_secs(1);
/// How finely the run is looked at.
const SLOT: Duration = Duration::from_millis(250);

/// What a worker got done, without and with its defence.
#[derive(Debug, Serialize)]
pub struct Brownout {
    /// Full pages per second that one worker can make.
    pub capacity: f64,
    /// When each load began, in seconds, and how much of the capacity it is.
    pub phases: Vec<(f64, f64)>,
    /// Everybody is let in and gets everything.
    pub undefended: Worker,
    /// The default settings.
    pub defended: Worker,
    /// Changes of level per minute under a steady load, by how much of the capacity it is.
    pub changes_per_minute: Vec<(f64, f64)>,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct Worker {
    /// Pages in time per second, in each phase; the first second of a phase is left out.
    pub goodput: Vec<f64>,
    /// Pages in time per second, in the best second of the run.
    pub peak: f64,
    /// Of the pages that were asked for in the overload and made.
    pub overload_latency: Latency,
    /// Seconds from the end of the overload until pages are in time again, for good; `None` when
    /// that did not happen.
    pub recovery_seconds: Option<f64>,
    /// Seconds from the end of the overload until the worker is calm, for good; `None` when it is
    /// not, or never was anything else.
    pub calm_seconds: Option<f64>,
    /// Requests refused.
    pub refused: usize,
    /// Changes of level: when, and to which.
    pub changes: Vec<(f64, Level)>,
    /// Pages in time per second, every quarter of a second.
    pub over_time: Vec<(f64, f64)>,
}

impl Brownout {
    /// Runs it.
    #[must_use]
    pub fn of(size: Size) -> Self {
        let costs = Costs::default();
        let capacity = 1.0 / costs.page.as_secs_f64();
        let unit = size.of(10.0, 3.0);
        let phases = vec![(0.0, 0.5), (unit, 1.0), (2.0 * unit, 3.0), (4.0 * unit, 0.5)];
        let end = 4.0 * unit + size.of(30.0, 6.0);
        let worker = |defence| worker(costs, capacity, &phases, end, defence);
        let changes = |load| (load, changes_per_minute(costs, capacity * load, size.of(30, 10)));
        let loads = size.of(vec![0.5, 0.95, 1.0, 1.2, 1.5, 1.8, 2.0, 3.0, 4.0], vec![0.5, 1.2]);
        Self {
            capacity: rounded(capacity, 0),
            undefended: worker(Defence::Off),
            defended: worker(Defence::On),
            changes_per_minute: loads.into_iter().map(changes).collect(),
            phases,
        }
    }

    pub(crate) fn section(&self) -> Section {
        let workers = [("as shipped", &self.defended), ("undefended", &self.undefended)];
        let end = workers.iter().flat_map(|(_, w)| &w.over_time).fold(0.0, |end, p| p.0.max(end));
        let starts = self.phases.iter().map(|phase| phase.0);
        let ends = starts.skip(1).chain([end]);
        let bands = self.phases.iter().zip(ends).filter(|((_, load), _)| *load > 1.0);
        let bands =
            bands.map(|((from, load), to)| Band { from: *from, to, name: format!("{load} x") });
        let bands = bands.collect();
        let lines: Vec<_> =
            workers.map(|(name, worker)| Line { name, points: worker.over_time.clone() }).into();
        let rows = workers.map(|(name, worker)| {
            let goodput = worker.goodput.iter().map(|pages| format!("{pages:.0}"));
            let seconds =
                |s: Option<f64>| s.map_or_else(|| "-".to_owned(), |s| format!("{s:.1} s"));
            [name.to_owned()]
                .into_iter()
                .chain(goodput)
                .chain([
                    format!("{:.0} ms", worker.overload_latency.p99),
                    seconds(worker.recovery_seconds),
                    seconds(worker.calm_seconds),
                    worker.changes.len().to_string(),
                ])
                .collect()
        });
        let Self { capacity, .. } = self;
        Section {
            title: "Three times too much",
            what: format!(
                "One worker thread that can make {capacity:.0} full pages per second (70 us each, 35 us without optional \
                 calls, 8 us for a refusal) gets half of that, all of it, three times as much, and half again. A page that \
                 takes more than a second counts as not made."
            ),
            see: "Undefended, everything is late once the queue is long, and stays late until the queue is gone. Defended, \
                  the worker leaves optional calls out, refuses what it cannot make in time, and makes more pages \
                  than before. The second table is how often it changes its mind when the load stays what it is: \
                  between one and two times the capacity, leaving optional calls out is a little more than enough."
                .to_owned(),
            plot: Plot {
                title: "Pages in time, per second".to_owned(),
                x: Axis::between("seconds", 0.0, (end / 10.0).ceil() * 10.0, 7),
                y: Axis::over(&lines),
                lines,
                bands,
            },
            tables: vec![Table::new([
                    "pages in time per second",
                    "0.5 x",
                    "1 x",
                    "3 x",
                    "0.5 x",
                    "p99 in the overload",
                    "in time after",
                    "calm after",
                    "changes of level",
                ], rows.into()), self.changes()],
        }
    }
}

impl Brownout {
    fn changes(&self) -> Table {
        let (loads, changes): (Vec<_>, Vec<_>) = self
            .changes_per_minute
            .iter()
            .map(|(load, changes)| (format!("{load} x"), format!("{changes:.0}")))
            .unzip();
        let with = |name: &str, cells: Vec<String>| [vec![name.to_owned()], cells].concat();
        Table {
            head: with("under a steady load of", loads),
            rows: vec![with("changes of level per minute", changes)],
        }
    }
}

fn worker(
    costs: Costs,
    capacity: f64,
    phases: &[(f64, f64)],
    end: f64,
    defence: Defence,
) -> Worker {
    let rates: Vec<_> = phases
        .iter()
        .map(|(from, load)| (Duration::from_secs_f64(*from), load * capacity))
        .collect();
    let diary = run(costs, &rates, Duration::from_secs_f64(end), defence);
    let ends = phases.iter().skip(1).map(|phase| phase.0).chain([end]);
    let spans: Vec<_> = phases.iter().map(|phase| phase.0).zip(ends).collect();
    let overload =
        phases.iter().zip(&spans).find(|(phase, _)| phase.1 > 1.0).map_or((0.0, 0.0), |p| *p.1);
    let slots = slots(&diary, end);
    let per_second = 1.0 / SLOT.as_secs_f64();
    let goodput = |(from, to): (f64, f64)| {
        let seen = slots.iter().filter(|slot| slot.at >= from + 1.0 && slot.at < to);
        let (sum, n) = seen.fold((0, 0), |(sum, n), slot| (sum + slot.made, n + 1));
        rounded(sum as f64 / f64::from(n.max(1)) * per_second, 0)
    };
    let bad = slots.iter().rfind(|slot| slot.at >= overload.1 && slot.late > 0);
    let recovery = bad.map_or(0.0, |slot| slot.at + SLOT.as_secs_f64() - overload.1);
    let seconds = |(at, level): &(Duration, Level)| (rounded(at.as_secs_f64(), 3), *level);
    let changes: Vec<_> = diary.changes.iter().map(seconds).collect();
    let calm = match changes.last() {
        None => None,
        Some((at, Level::Calm)) => Some(rounded((at - overload.1).max(0.0), 2)),
        Some(_) => None,
    };
    let within = |at: Duration| (overload.0..overload.1).contains(&at.as_secs_f64());
    let latencies = diary.pages.iter().filter(|page| within(page.0)).map(|page| page.1);
    Worker {
        goodput: spans.iter().copied().map(goodput).collect(),
        peak: slots
            .chunks_exact(per_second as usize)
            .map(|second| second.iter().map(|slot| slot.made).sum::<u32>())
            .max()
            .map_or(0.0, f64::from),
        overload_latency: Latency::of(latencies.collect()),
        recovery_seconds: (overload.1 + recovery < end - 1.0).then(|| rounded(recovery, 2)),
        calm_seconds: calm,
        refused: diary.refused.len(),
        changes,
        over_time: slots.iter().map(|slot| (slot.at, f64::from(slot.made) * per_second)).collect(),
    }
}

/// What happened to the requests that came in one slot.
#[derive(Default)]
struct Slot {
    /// When it begins, in seconds.
    at: f64,
    /// Pages made in time in this slot.
    made: u32,
    /// Requests of this slot that were refused, or made too late.
    late: u32,
}

fn slots(diary: &Diary, end: f64) -> Vec<Slot> {
    let mut counts: BTreeMap<u128, (u32, u32)> = BTreeMap::new();
    let slot = |at: Duration| at.as_micros() / SLOT.as_micros();
    for (asked, took) in &diary.pages {
        if *took <= PATIENCE {
            counts.entry(slot(*asked + *took)).or_default().0 += 1;
        } else {
            counts.entry(slot(*asked)).or_default().1 += 1;
        }
    }
    for at in &diary.refused {
        counts.entry(slot(*at)).or_default().1 += 1;
    }
    let all = (end / SLOT.as_secs_f64()) as u32;
    let slots = (0..all).map(|place| {
        let (made, late) = counts.get(&u128::from(place)).copied().unwrap_or_default();
        Slot { at: f64::from(place) * SLOT.as_secs_f64(), made, late }
    });
    slots.collect()
}

fn changes_per_minute(costs: Costs, rate: f64, seconds: u64) -> f64 {
    let end = Duration::from_secs(seconds);
    let diary = run(costs, &[(Duration::ZERO, rate)], end, Defence::On);
    rounded(diary.changes.len() as f64 * 60.0 / seconds as f64, 1)
}
