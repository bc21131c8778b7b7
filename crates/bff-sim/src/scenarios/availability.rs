//! How often a page comes, when what it is made of comes with a certain probability.

use crate::{
    Result, Size,
    clock::in_virtual_time,
    figures::{rounded, share},
    instance::{settings, upstream},
    plot::{Axis, Line, Plot},
    report::{Section, Table},
    server::{Behaviour, Network, Server, exponential},
};
use bff_core::{
    Critical, Cx, Deadline, Incoming, Omittable, Service, TraceContext, ports::Transport,
};
use fastrand::Rng;
use serde::Serialize;
use std::{cell::Cell, rc::Rc, time::Duration};
use tokio::{task::spawn_local, time::sleep};

/// The page's dependencies: the first is the critical one.
const SERVICES: [&str; 3] = ["users", "orders", "recommendations"];
/// What a page may take.
const BUDGET: Duration = Duration::from_secs(1);
/// Pages per second.
const RATE: f64 = 100.0;

/// Page availability over dependency availability, in percent.
#[derive(Debug, Serialize)]
pub struct Availability {
    /// Pages per figure.
    pub pages: u32,
    /// Of each dependency.
    pub dependency: Vec<f64>,
    /// All three calls critical, no retries: the product of all.
    pub all_critical: Vec<f64>,
    /// Two calls optional, no retries: the product of the critical ones.
    pub degrading: Vec<f64>,
    /// Two calls optional, retries within the budget.
    pub shipped: Vec<f64>,
    /// The critical dependency always there, the optional ones at 99.2 %, no retries.
    pub critical_at_100: f64,
    /// The critical dependency at 99.2 %, the optional ones always there, with retries.
    pub critical_at_99_2: f64,
}

/// How a page is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Making {
    AllCritical,
    Degrading,
    Shipped,
}

impl Availability {
    /// Runs it.
    ///
    /// # Errors
    /// When a service cannot be set up.
    pub fn of(size: Size) -> Result<Self> {
        let pages = size.of(10_000, 2_000);
        let dependency: Vec<f64> = size.of(
            vec![90.0, 91.0, 92.0, 93.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0, 99.2, 99.9, 100.0],
            vec![90.0, 95.0, 99.2, 100.0],
        );
        let line = |making| {
            let point = |at: &f64| run(pages, [*at; 3], making);
            dependency.iter().map(point).collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            pages,
            all_critical: line(Making::AllCritical)?,
            degrading: line(Making::Degrading)?,
            shipped: line(Making::Shipped)?,
            critical_at_100: run(pages, [100.0, 99.2, 99.2], Making::Degrading)?,
            critical_at_99_2: run(pages, [99.2, 100.0, 100.0], Making::Shipped)?,
            dependency,
        })
    }

    /// The three lines at a dependency availability that was simulated: all critical, degrading, as
    /// shipped.
    #[must_use]
    pub fn at(&self, dependency: f64) -> Option<[f64; 3]> {
        let place = self.dependency.iter().position(|at| (at - dependency).abs() < 1e-9)?;
        let of = |line: &Vec<f64>| line.get(place).copied();
        Some([of(&self.all_critical)?, of(&self.degrading)?, of(&self.shipped)?])
    }

    pub(crate) fn section(&self) -> Section {
        let named = [
            ("as shipped", &self.shipped),
            ("optional calls, no retries", &self.degrading),
            ("all calls critical, no retries", &self.all_critical),
        ];
        let lines: Vec<_> = named
            .map(|(name, line)| Line {
                name,
                points: self.dependency.iter().copied().zip(line.iter().copied()).collect(),
            })
            .into();
        let row = |dependency: f64| {
            let [all, degrading, shipped] = self.at(dependency)?;
            let mut row = vec![format!("{dependency} %")];
            row.extend([all, degrading, shipped].map(|percent| format!("{percent:.2} %")));
            Some(row)
        };
        Section {
            title: "Pages and their dependencies",
            what: format!(
                "{} pages per point, each of one critical and two optional calls through the code that gathers and calls in \
                 production. Calls fail by chance, half with a broken connection, half with a 503.",
                self.pages
            ),
            see: format!(
                "All calls critical, a page is worse than each of its dependencies. Optional ones do not lower it, and \
                 retries lift the rest. With optional dependencies at 99.2 % and the critical one at 100 %, {:.2} % of the \
                 pages come; with the critical one at 99.2 % and retries, {:.2} %.",
                self.critical_at_100, self.critical_at_99_2
            ),
            plot: Plot {
                title: "Pages that come, percent".to_owned(),
                x: Axis::between("availability of each dependency, percent", 90.0, 100.0, 10),
                y: Axis::between("", 70.0, 100.0, 6),
                lines,
                bands: Vec::new(),
            },
            tables: vec![Table::new(
                ["each dependency", "all critical", "with optional calls", "as shipped"],
                [90.0, 95.0, 99.2, 99.9].into_iter().filter_map(row).collect(),
            )],
        }
    }
}

/// The share of `pages` that came, in percent.
fn run(pages: u32, percent: [f64; 3], making: Making) -> Result<f64> {
    in_virtual_time(51, async {
        let servers = SERVICES.iter().zip(percent).zip(0..).map(|((name, percent), seed)| {
            let steady = Behaviour::steady(100, Duration::from_millis(10));
            Server::new(name, Behaviour { failing: 1.0 - percent / 100.0, ..steady }, 52 + seed)
        });
        let network = Network(servers.collect());
        let transport: Rc<dyn Transport> = Rc::new(transport(&network, making)?);
        let mut rng = Rng::with_seed(56);
        let came = Rc::new(Cell::new(0));
        let mut under_way = Vec::new();
        for number in 0..pages {
            sleep(Duration::from_secs_f64(exponential(&mut rng) / RATE)).await;
            let (transport, came) = (transport.clone(), came.clone());
            under_way.push(spawn_local(async move {
                let comes = page(transport, number, making).await;
                came.set(came.get() + u64::from(comes));
            }));
        }
        for page in under_way {
            page.await?;
        }
        Ok(rounded(share(came.get(), pages.into()) * 100.0, 3))
    })?
}

fn transport(network: &Network, making: Making) -> Result<impl Transport + 'static> {
    let settings = SERVICES.iter().map(|name| {
        let mut settings = settings(&[(*name).to_owned()])?;
        if making != Making::Shipped {
            settings.retry.times = 0;
            settings.hedge.percentile = 100.0;
        }
        Ok((*name, settings))
    });
    let settings = settings.collect::<Result<Vec<_>>>()?;
    let services: Vec<_> = settings.iter().map(|(name, settings)| (*name, settings)).collect();
    upstream(&services, network)
}

/// One page; whether it came.
async fn page(transport: Rc<dyn Transport>, number: u32, making: Making) -> bool {
    let cx = Cx::new(Incoming {
        bff: "simulated",
        transport,
        store: None,
        background: Rc::new(()),
        principal: None,
        trace: TraceContext::continue_from(None, None, || false),
        deadline: Deadline::starting_now(BUDGET),
        brownout: false,
        parameters: Vec::new(),
        query: String::new(),
        body: bytes::Bytes::new(),
        idempotency_key: None,
    });
    // A number in the path, so that no page shares another's calls.
    let [users, orders, recommendations] =
        SERVICES.map(|name| Service::named(name).get(("page", number)).named::<u8>(name));
    match making {
        Making::AllCritical => {
            cx.gather((Critical(users), Critical(orders), Critical(recommendations))).await.is_ok()
        }
        Making::Degrading | Making::Shipped => cx
            .gather((Critical(users), Omittable(orders), Omittable(recommendations)))
            .await
            .is_ok(),
    }
}
