//! A service with everything that its workers share: settings, hosts, and what was learnt about it.

use crate::{
    attempt::Attempt,
    base::{Base, NOT_A_BFF, is_bff},
    events::Events,
    host::{Host, pick},
    policy::{budget::RetryBudget, latency::Latencies, limiter::Limiter},
    settings::ServiceSettings,
    tls::TlsFiles,
};
use arc_swap::ArcSwap;
use bff_core::{Fault, flight::Flights};
use bff_files::Watched;
use bytes::Bytes;
use rustls::ClientConfig;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// A service of the configuration.
#[derive(Debug)]
pub struct Service {
    name: Box<str>,
    pub(crate) settings: ServiceSettings,
    /// `None` when all its URLs are plain http.
    pub(crate) tls: Option<Arc<Watched<ClientConfig>>>,
    pub(crate) bases: Vec<Arc<Base>>,
    hosts: ArcSwap<Vec<Arc<Host>>>,
    born: Instant,
    pub(crate) latencies: Latencies,
    pub(crate) budget: RetryBudget,
    pub(crate) limiter: Limiter,
    pub(crate) flights: Flights<Result<Bytes, Fault>>,
    pub(crate) events: Events,
    /// How many workers of this process have more to do than they can.
    overloaded_workers: AtomicU32,
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("services.{service}.{key}: {why}")]
pub struct ServicesError {
    service: String,
    key: &'static str,
    why: String,
}

impl Service {
    /// Checks the settings and begins without any experience.
    ///
    /// # Errors
    /// The first setting that cannot work, by its key.
    pub fn new(name: &str, settings: &ServiceSettings) -> Result<Self, ServicesError> {
        let wrong = |(key, why)| ServicesError { service: name.to_owned(), key, why };
        if is_bff(name) {
            return Err(wrong(("url", format!("`{name}` is a BFF: {NOT_A_BFF}"))));
        }
        check(settings).map_err(wrong)?;
        let bases = settings.url.iter().map(|url| Base::new(url).map(Arc::new));
        let bases = bases.collect::<Result<Vec<_>, _>>().map_err(|why| wrong(("url", why)))?;
        if bases.is_empty() {
            return Err(wrong(("url", "must name at least one URL".to_owned())));
        }
        let (retry, policy) = (settings.retry, settings.breaker.policy());
        let hosts = bases.iter().map(|base| Arc::new(Host::new(base, None, policy))).collect();
        Ok(Self {
            name: name.into(),
            tls: client_tls(settings, &bases).map_err(wrong)?,
            hosts: ArcSwap::from_pointee(hosts),
            born: Instant::now(),
            latencies: Latencies::new(settings.hedge.percentile / 100.0),
            budget: RetryBudget::new(retry.budget_percent / 100.0, retry.budget_per_second),
            limiter: Limiter::new(settings.concurrency.policy()),
            flights: Flights::default(),
            events: Events::default(),
            overloaded_workers: AtomicU32::new(0),
            settings: settings.clone(),
            bases,
        })
    }

    /// The name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hosts between which calls are balanced now.
    #[must_use]
    pub fn hosts(&self) -> Arc<Vec<Arc<Host>>> {
        self.hosts.load_full()
    }

    pub(crate) fn overload_began(&self) {
        self.overloaded_workers.fetch_add(1, Relaxed);
    }

    pub(crate) fn overload_ended(&self) {
        self.overloaded_workers.fetch_sub(1, Relaxed);
    }

    /// Whether latencies say more about this process than about the service.
    pub(crate) fn is_seen_through_overload(&self) -> bool {
        self.overloaded_workers.load(Relaxed) > 0
    }

    /// The time that the policies know.
    pub(crate) fn now(&self) -> Duration {
        self.born.elapsed()
    }

    /// Begins an attempt at a host that its breaker lets through.
    pub(crate) fn begin(&self, avoid: Option<u32>, until: Instant) -> Result<Attempt<'_>, Fault> {
        let begun = Instant::now();
        let now = begun - self.born;
        let picked = pick(&self.hosts.load(), avoid, now, self.settings.slow_start);
        let Some((host, pass)) = picked else {
            self.events.refused_open.add();
            return Err(Fault::Open);
        };
        host.load.begin();
        self.events.attempts.add();
        Ok(Attempt { service: self, host, pass: Some(pass), begun, until })
    }

    /// Whether a call that has to be done by `until` can be expected to be.
    pub(crate) fn can_finish_by(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        !left.is_zero() && self.latencies.median(self.now()).is_none_or(|median| median <= left)
    }

    /// Exchanges the addresses of one base. Hosts that stay keep what is known about them; a name
    /// with one address is left to the client, which looks it up for each connection.
    pub(crate) fn resolved(&self, base: &Arc<Base>, addresses: &[SocketAddr]) {
        let wanted: Vec<_> = match addresses {
            [] => return,
            [_] => vec![None],
            several => several.iter().copied().map(Some).collect(),
        };
        let old = self.hosts();
        let (mine, others): (Vec<_>, Vec<_>) =
            old.iter().cloned().partition(|host| Arc::ptr_eq(&host.base, base));
        let known = |address| mine.iter().find(|host| host.address == address).cloned();
        if wanted.len() == mine.len() && wanted.iter().all(|address| known(*address).is_some()) {
            return;
        }
        let new = |address| Arc::new(Host::new(base, address, self.settings.breaker.policy()));
        let hosts: Vec<_> = wanted
            .into_iter()
            .map(|address| known(address).unwrap_or_else(|| new(address)))
            .chain(others)
            .collect();
        let labels: Vec<_> = hosts.iter().map(|host| host.label().to_owned()).collect();
        tracing::info!(service = &*self.name, hosts = ?labels, "hosts changed");
        self.hosts.store(Arc::new(hosts));
    }
}

fn check(settings: &ServiceSettings) -> Result<(), (&'static str, String)> {
    let ServiceSettings { retry, hedge, breaker, concurrency, .. } = settings;
    let more = "must be more than zero";
    let percent = |value: f64| (0.0..=100.0).contains(&value);
    let wrong = [
        ("connect_timeout", settings.connect_timeout.is_zero(), more),
        ("timeout", settings.timeout.is_zero(), more),
        ("max_connections", settings.max_connections == 0, more),
        ("body_limit_bytes", settings.body_limit_bytes == 0, more),
        ("resolve_every", settings.resolve_every.is_zero(), more),
        (
            "retry.budget_percent",
            !percent(retry.budget_percent),
            "must be from 0 to 100: more would multiply an outage",
        ),
        (
            "retry.budget_per_second",
            !(0.0..=1000.0).contains(&retry.budget_per_second),
            "must be from 0 to 1000",
        ),
        ("retry.times", retry.times > 5, "must be at most 5"),
        (
            "hedge.percentile",
            !(50.0..=100.0).contains(&hedge.percentile),
            "must be from 50 to 100, and 100 means never",
        ),
        (
            "breaker.min_success_percent",
            !percent(breaker.min_success_percent),
            "must be from 0 to 100",
        ),
        ("breaker.window", breaker.window.is_zero(), more),
        ("breaker.open", breaker.open.is_zero(), more),
        ("breaker.probes", breaker.probes == 0, more),
        ("concurrency.min", concurrency.min == 0, more),
        (
            "concurrency.max",
            concurrency.max < concurrency.min,
            "must not be less than `concurrency.min`",
        ),
    ];
    let found = wrong.into_iter().find(|(_, is_wrong, _)| *is_wrong);
    found.map_or(Ok(()), |(key, _, why)| Err((key, why.to_owned())))
}

fn client_tls(
    settings: &ServiceSettings,
    bases: &[Arc<Base>],
) -> Result<Option<Arc<Watched<ClientConfig>>>, (&'static str, String)> {
    let ServiceSettings { ca_file, client_certificate_file, client_key_file, .. } = settings;
    if bases.iter().any(|base| base.is_https()) {
        let own = client_certificate_file.clone().zip(client_key_file.clone());
        return match (&own, client_certificate_file, client_key_file) {
            (None, Some(_), None) => Err(("client_key_file", "is missing".to_owned())),
            (None, None, Some(_)) => Err(("client_certificate_file", "is missing".to_owned())),
            _ => {
                let watched = TlsFiles { authorities: ca_file.clone(), own }.watched();
                watched.map(Some).map_err(|error| (error.key, error.why))
            }
        };
    }
    let files = [
        ("ca_file", ca_file),
        ("client_certificate_file", client_certificate_file),
        ("client_key_file", client_key_file),
    ];
    match files.into_iter().find(|(_, file)| file.is_some()) {
        Some((key, _)) => Err((key, "has no use with an http:// url".to_owned())),
        None => Ok(None),
    }
}
