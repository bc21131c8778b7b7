//! A service answers most requests soon and one in a hundred late.

use crate::{
    Result, Size,
    clock::in_virtual_time,
    crowd::Crowd,
    figures::{Latency, rounded, share},
    instance::{Instance, call_one_of, settings},
    plot::{Axis, Line, Plot},
    report::{Section, Table},
    scenarios::slow_host::share_axis,
    server::{Behaviour, Network, Server},
};
use serde::Serialize;
use std::{rc::Rc, time::Duration};

const HOSTS: usize = 4;
const USERS: usize = 100;

/// Latencies without and with a second call.
#[derive(Debug, Serialize)]
pub struct Hedging {
    /// BFF instances.
    pub instances: usize,
    /// The first answer or none.
    pub off: Tail,
    /// The default settings.
    pub on: Tail,
    /// A service without a tail, but with little room.
    pub nearly_full: Vec<NearlyFull>,
}

/// Calls to a service with a short queue and without trouble of its own.
#[derive(Debug, Serialize)]
pub struct NearlyFull {
    /// How much of its time the service works when every call is made once, in percent.
    pub busy_percent: f64,
    /// Calls that fail without hedging, in percent.
    pub off_failed_percent: f64,
    /// Calls that fail with the default settings, in percent.
    pub on_failed_percent: f64,
    /// Attempts in the busiest second with the default settings, for each call per second.
    pub on_busiest: f64,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct Tail {
    /// Calls made.
    pub calls: u64,
    /// Of the answers.
    pub latency: Latency,
    /// Attempts beyond one per call, in percent of the calls.
    pub further_percent: f64,
}

impl Hedging {
    /// Runs it.
    ///
    /// # Errors
    /// When a service cannot be set up.
    pub fn of(size: Size) -> Result<Self> {
        let (instances, lasting) = (size.of(20, 5), Duration::from_secs(size.of(60, 12)));
        Ok(Self {
            instances,
            off: run(instances, lasting, 100.0)?,
            on: run(instances, lasting, 95.0)?,
            nearly_full: size
                .of(vec![60.0, 70.0, 77.0, 83.0], vec![60.0])
                .into_iter()
                .map(|busy| nearly_full(busy, Duration::from_secs(size.of(90, 10))))
                .collect::<Result<_>>()?,
        })
    }

    pub(crate) fn section(&self) -> Section {
        let tails = [("hedging (as shipped)", &self.on), ("no hedging", &self.off)];
        let lines: Vec<_> =
            tails.map(|(name, tail)| Line { name, points: tail.latency.curve.clone() }).into();
        let rows = tails.map(|(name, Tail { latency, further_percent, .. })| {
            vec![
                name.to_owned(),
                format!("{:.0} ms", latency.p50),
                format!("{:.0} ms", latency.p99),
                format!("{:.0} ms", latency.p999),
                format!("{further_percent:.1} %"),
            ]
        });
        Section {
            title: "A long tail",
            what: format!(
                "{} instances with {} users call a service of {HOSTS} hosts that answers in 10 ms on average, and one time \
                 in a hundred takes twenty times as long.",
                self.instances,
                self.instances * USERS
            ),
            see: "A call that is slower than 95 % of the recent ones gets company, and the first answer wins. It costs \
                  about one call in twenty, within the same budget as retries. The second table is the other side: where latency \
                  comes from a queue, a second call makes it longer."
                .to_owned(),
            plot: Plot {
                title: "Latency of the slowest calls, ms".to_owned(),
                x: share_axis(),
                y: Axis::over(&lines),
                lines,
                bands: Vec::new(),
            },
            tables: vec![
                Table::new(["", "p50", "p99", "p99.9", "further calls"], rows.into()),
                self.nearly_full_table(),
            ],
        }
    }
}

impl Hedging {
    fn nearly_full_table(&self) -> Table {
        let row = |full: &NearlyFull| {
            vec![
                format!("{:.0} %", full.busy_percent),
                format!("{:.2} %", full.off_failed_percent),
                format!("{:.2} %", full.on_failed_percent),
                format!("{:.2}", full.on_busiest),
            ]
        };
        Table::new(
            [
                "a service with a queue, this busy",
                "failed, no hedging",
                "failed, hedging",
                "attempts per call in the busiest second",
            ],
            self.nearly_full.iter().map(row).collect(),
        )
    }
}

/// A service that nothing is wrong with, which works `busy` percent of its time.
fn nearly_full(busy: f64, lasting: Duration) -> Result<NearlyFull> {
    let (off, _) = queueing(busy, lasting, 100.0)?;
    let (on, busiest) = queueing(busy, lasting, 95.0)?;
    Ok(NearlyFull {
        busy_percent: busy,
        off_failed_percent: rounded(off, 2),
        on_failed_percent: rounded(on, 2),
        on_busiest: rounded(busiest as f64 / CALLS_PER_SECOND as f64, 2),
    })
}

/// Calls per second of the crowd before a service that has little room.
const CALLS_PER_SECOND: u64 = 500;

/// The calls that fail, in percent, and the attempts of the busiest second.
fn queueing(busy: f64, lasting: Duration, percentile: f64) -> Result<(f64, u64)> {
    in_virtual_time(25, async {
        let work = Duration::from_millis(20);
        let places = CALLS_PER_SECOND as f64 * work.as_secs_f64() / (busy / 100.0);
        let behaviour = Behaviour {
            queue: 160,
            refusal: Duration::from_millis(2),
            ..Behaviour::steady(places.round() as usize, work)
        };
        let network = Network(Rc::new([Server::new("orders", behaviour, 26)]));
        let mut settings = settings(&["orders".to_owned()])?;
        settings.hedge.percentile = percentile;
        let callers = (0..20).map(|_| Instance::new("orders", &settings, &network));
        let callers: Rc<[Instance]> = callers.collect::<Result<Vec<_>>>()?.into();
        let (think, reload) = (Duration::from_secs(4), Duration::from_secs(2));
        let crowd =
            Crowd { users: CALLS_PER_SECOND as usize * 4, think, reload, lasting, seed: 27 };
        let record = crowd.visit(move |user| call_one_of(callers.clone(), user)).await;
        let busiest = network.0.iter().flat_map(Server::seen_by_second).max();
        let failed = record.calls() - record.good();
        Ok((share(failed, record.calls()) * 100.0, busiest.unwrap_or_default()))
    })?
}

fn run(instances: usize, lasting: Duration, percentile: f64) -> Result<Tail> {
    in_virtual_time(21, async {
        let names: Vec<_> = (0..HOSTS).map(|host| format!("host{host}")).collect();
        let behaviour = Behaviour {
            slow_share: 0.01,
            slow_times: 20.0,
            ..Behaviour::steady(200, Duration::from_millis(10))
        };
        let servers = names.iter().zip(0..);
        let network = Network(
            servers.map(|(name, seed)| Server::new(name, behaviour.clone(), seed)).collect(),
        );
        let mut settings = settings(&names)?;
        // Long enough for the slowest: a time-out would cut the tail off.
        (settings.timeout, settings.hedge.percentile) = (Duration::from_secs(2), percentile);
        let callers = (0..instances).map(|_| Instance::new("catalog", &settings, &network));
        let callers: Rc<[Instance]> = callers.collect::<Result<Vec<_>>>()?.into();
        let second = Duration::from_secs(1);
        let users = instances * USERS;
        let crowd = Crowd { users, think: second, reload: second, lasting, seed: 22 };
        let record = crowd.visit(move |user| call_one_of(callers.clone(), user)).await;
        let attempts: u64 = network.0.iter().map(Server::seen).sum();
        let further = share(attempts, record.calls()) - 1.0;
        Ok(Tail {
            calls: record.calls(),
            latency: record.latency(),
            further_percent: rounded(further * 100.0, 2),
        })
    })?
}
