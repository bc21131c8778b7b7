//! One host of ten is twenty times slower than the others, and nobody tells.

use crate::{
    Result, Size,
    clock::in_virtual_time,
    crowd::Crowd,
    figures::{Latency, rounded, share},
    instance::{Instance, call_one_of, settings},
    plot::{Axis, Line, Plot},
    report::{Section, Table},
    server::{Behaviour, Network, Server},
};
use fastrand::Rng;
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

const HOSTS: usize = 10;
const USERS: usize = 100;
const TIMES_SLOWER: u32 = 20;
const WORK: Duration = Duration::from_millis(10);
/// No outcome here may depend on it.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Latencies, by how the host is chosen.
#[derive(Debug, Serialize)]
pub struct SlowHost {
    /// BFF instances.
    pub instances: usize,
    /// Any host.
    pub random: Choice,
    /// One after the other.
    pub round_robin: Choice,
    /// The less loaded of two, with the code of production.
    pub two_choices: Choice,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct Choice {
    /// Calls made.
    pub calls: u64,
    /// Of the answers.
    pub latency: Latency,
    /// The share of the calls that the slow host got, in percent.
    pub slow_percent: f64,
}

/// How a caller chooses.
#[derive(Clone, Copy)]
enum Pick {
    Random,
    RoundRobin,
    TwoChoices,
}

impl SlowHost {
    /// Runs it.
    ///
    /// # Errors
    /// When a service cannot be set up.
    pub fn of(size: Size) -> Result<Self> {
        let (instances, lasting) = (size.of(20, 5), Duration::from_secs(size.of(60, 12)));
        Ok(Self {
            instances,
            random: run(instances, lasting, Pick::Random)?,
            round_robin: run(instances, lasting, Pick::RoundRobin)?,
            two_choices: run(instances, lasting, Pick::TwoChoices)?,
        })
    }

    pub(crate) fn section(&self) -> Section {
        let choices = [
            ("less loaded of two (as shipped)", &self.two_choices),
            ("random", &self.random),
            ("round robin", &self.round_robin),
        ];
        let lines: Vec<_> = choices
            .map(|(name, choice)| Line { name, points: choice.latency.curve.clone() })
            .into();
        let rows = choices.map(|(name, Choice { latency, slow_percent, .. })| {
            vec![
                name.to_owned(),
                format!("{:.0} ms", latency.p50),
                format!("{:.0} ms", latency.p99),
                format!("{:.0} ms", latency.p999),
                format!("{slow_percent:.2} %"),
            ]
        });
        Section {
            title: "One slow host of ten",
            what: format!(
                "{} instances with {} users call a service of ten hosts that answer in 10 ms on average; one of them takes \
                 {TIMES_SLOWER} times as long, without failing. Retries and hedges are off.",
                self.instances,
                self.instances * USERS
            ),
            see: "Random and round robin send it a tenth of the calls, so a tenth of the pages is slow. Of two random hosts \
                  the one with the lower cost wins: the slow one is asked only now and then, to see whether it is better."
                .to_owned(),
            plot: Plot {
                title: "Latency of the slowest calls, ms".to_owned(),
                x: share_axis(),
                y: Axis::over(&lines),
                lines,
                bands: Vec::new(),
            },
            tables: vec![Table::new(["", "p50", "p99", "p99.9", "calls to the slow host"], rows.into())],
        }
    }
}

/// The marks of [`Latency::curve`].
pub(crate) fn share_axis() -> Axis {
    let marks = [(0.0, "all"), (1.0, "p90"), (2.0, "p99"), (3.0, "p99.9")];
    let marks = marks.map(|(at, text)| (at, text.to_owned())).into();
    Axis { name: "percentile, each mark ten times rarer", marks }
}

fn run(instances: usize, lasting: Duration, pick: Pick) -> Result<Choice> {
    in_virtual_time(11, async {
        let names: Vec<_> = (0..HOSTS).map(|host| format!("host{host}")).collect();
        let servers = names.iter().zip(0..).map(|(name, number)| {
            let work = if number == 0 { WORK * TIMES_SLOWER } else { WORK };
            Server::new(name, Behaviour::steady(200, work), number)
        });
        let network = Network(servers.collect());
        let mut settings = settings(&names)?;
        (settings.timeout, settings.retry.times) = (TIMEOUT, 0);
        settings.hedge.percentile = 100.0;
        let callers = (0..instances).map(|_| Instance::new("catalog", &settings, &network));
        let callers: Rc<[Instance]> = callers.collect::<Result<Vec<_>>>()?.into();
        let second = Duration::from_secs(1);
        let users = instances * USERS;
        let crowd = Crowd { users, think: second, reload: second, lasting, seed: 12 };
        let chooser = Rc::new(Chooser {
            pick,
            network: network.clone(),
            callers,
            rng: RefCell::new(Rng::with_seed(13)),
            turn: Cell::new(0),
        });
        let record = crowd
            .visit(move |user| {
                let chooser = chooser.clone();
                async move { chooser.call(user).await }
            })
            .await;
        let slow = network.0.first().map(Server::seen).unwrap_or_default();
        let percent = rounded(share(slow, record.calls()) * 100.0, 3);
        Ok(Choice { calls: record.calls(), latency: record.latency(), slow_percent: percent })
    })?
}

struct Chooser {
    pick: Pick,
    network: Network,
    callers: Rc<[Instance]>,
    rng: RefCell<Rng>,
    turn: Cell<usize>,
}

impl Chooser {
    async fn call(&self, user: usize) -> bool {
        let host = match self.pick {
            Pick::TwoChoices => {
                return call_one_of(self.callers.clone(), user).await;
            }
            Pick::Random => self.rng.borrow_mut().usize(..HOSTS),
            Pick::RoundRobin => {
                self.turn.set((self.turn.get() + 1) % HOSTS);
                self.turn.get()
            }
        };
        match self.network.0.get(host) {
            Some(server) => server.answer().await.is_ok(),
            None => false,
        }
    }
}
