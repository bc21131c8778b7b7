//! What the console shows, as one value: the page is drawn from it, and `/console.json` is it.

use super::{
    findings::{self, Finding},
    source::Source,
    verdict::Verdict,
};
use crate::{
    admin::links::redis_links,
    process::{health::Health, worker::Shared},
    telemetry::live::Degradation,
};
use bff_limits::overload::Level;
use bff_upstream::ServiceStatus;
use serde::Serialize;
use std::{cmp::Reverse, time::SystemTime};

/// The BFF at this moment.
#[derive(Debug, Serialize)]
pub(crate) struct Picture {
    pub(crate) bff: &'static str,
    pub(crate) version: &'static str,
    pub(crate) revision: &'static str,
    /// RFC 3339.
    pub(crate) now: String,
    pub(crate) up_seconds: u64,
    pub(crate) window_seconds: f64,
    pub(crate) ready: bool,
    pub(crate) overload: Overload,
    /// The worst of everything below.
    pub(crate) verdict: Verdict,
    /// What is wrong, the worst first; empty when all is well.
    pub(crate) findings: Vec<Finding>,
    /// The worst first, else as in the table.
    pub(crate) endpoints: Vec<EndpointPicture>,
    pub(crate) services: Vec<ServicePicture>,
    pub(crate) cache: Vec<Kept>,
    /// The links to Redis that are left alone because it is away or slow.
    pub(crate) redis_away: Vec<&'static str>,
    /// The newest first.
    pub(crate) degradations: Vec<Went>,
}

/// The worst worker.
#[derive(Debug, Serialize)]
pub(crate) struct Overload {
    pub(crate) level: Level,
    pub(crate) lag_ms: f64,
    pub(crate) in_flight: u32,
    pub(crate) limit: u32,
}

/// What was counted in the window.
#[derive(Debug, Serialize)]
pub(crate) struct Numbers {
    pub(crate) per_second: f64,
    pub(crate) error_percent: Option<f64>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct EndpointPicture {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) budget_ms: u64,
    pub(crate) verdict: Verdict,
    #[serde(flatten)]
    pub(crate) numbers: Numbers,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Dependency {
    pub(crate) name: &'static str,
    pub(crate) service: &'static str,
    pub(crate) criticality: &'static str,
    /// Whether it is known from the table; else from traffic.
    pub(crate) first_stage: bool,
    pub(crate) verdict: Verdict,
    #[serde(flatten)]
    pub(crate) numbers: Numbers,
    /// The worst of the service's hosts.
    pub(crate) breaker: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct ServicePicture {
    pub(crate) name: String,
    pub(crate) breaker: &'static str,
    pub(crate) hosts: usize,
    pub(crate) open_hosts: usize,
    pub(crate) in_flight: u32,
    pub(crate) limit: u32,
    pub(crate) waiting: u32,
    pub(crate) retry_budget: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) entity: &'static str,
    pub(crate) per_second: f64,
    pub(crate) hit_percent: Option<f64>,
}

/// One degradation.
#[derive(Debug, Serialize)]
pub(crate) struct Went {
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) endpoint: &'static str,
    pub(crate) section: &'static str,
    pub(crate) criticality: &'static str,
    pub(crate) filled: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) trace_id: String,
}

impl Picture {
    pub(crate) fn of(shared: &Shared, health: &Health) -> Self {
        let status = shared.services.status();
        let services: Vec<_> = status.iter().map(ServicePicture::of).collect();
        let live = &shared.live;
        let source = Source {
            sums: live.sums(),
            seconds: live.covered().as_secs_f64(),
            services: &services,
        };
        let stages = shared.first_stages.iter();
        let endpoints = shared.table.routes.endpoints().iter().zip(stages);
        let mut endpoints: Vec<_> =
            endpoints.map(|(endpoint, stage)| source.endpoint(endpoint, stage)).collect();
        endpoints.extend(source.renewals());
        endpoints.sort_by_key(|endpoint| Reverse(endpoint.verdict));
        let cache = source.cache();
        let mut picture = Self {
            bff: shared.bff,
            version: shared.version.version,
            revision: shared.version.revision,
            now: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            up_seconds: live.age().as_secs(),
            window_seconds: live.span().as_secs_f64(),
            ready: health.ready(),
            overload: Overload::of(shared),
            verdict: Verdict::Ok,
            findings: Vec::new(),
            endpoints,
            services,
            cache,
            redis_away: redis_away(shared),
            degradations: live.degradations().iter().map(Went::of).collect(),
        };
        picture.findings = findings::of(&picture);
        picture.verdict = picture.findings.first().map_or(Verdict::Ok, |worst| worst.verdict);
        picture
    }
}

fn redis_away(shared: &Shared) -> Vec<&'static str> {
    let of_cache = shared.cache.as_ref().and_then(|cache| cache.status().redis);
    let links = redis_links(of_cache, shared.rates.as_ref(), shared.vault.as_deref()).into_iter();
    links.filter(|(_, link)| link.breaker_open).map(|(name, _)| name).collect()
}

impl Overload {
    fn of(shared: &Shared) -> Self {
        let workers = shared.pressures.all();
        let level = workers.iter().map(|w| w.level()).max_by_key(|level| level.number());
        let lag = workers.iter().map(|w| w.lag()).max().unwrap_or_default();
        Self {
            level: level.unwrap_or_default(),
            lag_ms: lag.as_secs_f64() * 1e3,
            in_flight: workers.iter().map(|w| w.in_flight()).sum(),
            limit: workers.iter().map(|w| w.limit()).sum(),
        }
    }
}

impl ServicePicture {
    fn of(status: &ServiceStatus) -> Self {
        let is = |word: &str| status.hosts.iter().filter(|host| host.breaker == word).count();
        let (open, half_open) = (is("open"), is("half-open"));
        Self {
            name: status.service.clone(),
            breaker: match (open, half_open) {
                (1.., _) => "open",
                (_, 1..) => "half-open",
                _ => "closed",
            },
            hosts: status.hosts.len(),
            open_hosts: open,
            in_flight: status.in_flight,
            limit: status.limit,
            waiting: status.waiting,
            retry_budget: status.budget_left,
        }
    }
}

impl Went {
    fn of(degradation: &Degradation) -> Self {
        let Degradation { at, endpoint, section, criticality, filled, reason, trace } =
            *degradation;
        Self {
            at: humantime::format_rfc3339_seconds(at).to_string(),
            endpoint,
            section,
            criticality: criticality.word(),
            filled,
            reason,
            trace_id: trace.to_string(),
        }
    }
}
