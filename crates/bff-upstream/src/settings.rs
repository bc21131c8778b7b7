//! What the configuration says about a service. Only `url` has no default.

use crate::policy::{breaker::BreakerPolicy, limiter::LimitPolicy};
use bff_core::ports::Identity;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor, value::SeqAccessDeserializer},
};
use std::{fmt, path::PathBuf, time::Duration};
use url::Url;

/// `[services.<name>]`: where a service is and what a call to it may cost.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// `http://host:port` or `https://host`, with an optional path that every call is below; or a
    /// list of them, between which calls are balanced. A name with several addresses is balanced
    /// between these.
    pub url: Urls,
    /// The longest wait for a connection.
    #[serde(default = "connect_timeout", with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// The longest time for a whole call, from the wait for a connection to the last byte of the
    /// answer.
    #[serde(default = "timeout", with = "humantime_serde")]
    pub timeout: Duration,
    /// How long an idle connection is kept; below the service's own idle timeout (5 s in Node).
    #[serde(default = "keep_alive", with = "humantime_serde")]
    pub keep_alive: Duration,
    /// The most open connections, per worker thread and host; `concurrency` is what limits calls.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// The largest answer, in bytes after decoding.
    #[serde(default = "body_limit_bytes")]
    pub body_limit_bytes: usize,
    /// Whether to ask for compressed answers; they are understood in any case.
    #[serde(default)]
    pub compression: bool,
    /// A PEM file with the authorities that sign this service's certificate, instead of the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the certificate that this BFF shows the service, and the authorities between
    /// it and the one that the service trusts; read at start.
    pub client_certificate_file: Option<PathBuf>,
    /// A PEM file with the private key of that certificate.
    pub client_key_file: Option<PathBuf>,
    /// The name of the `[credentials.<name>]` by which this BFF proves itself to the service.
    pub credential: Option<String>,
    /// How the service learns who the user of a personal call is: `signed`, `plain` or `none`.
    /// `signed` where `[internal_tokens]` is configured, else `plain`.
    pub identity: Option<Identity>,
    /// `retry`: calls that failed and are made once more.
    #[serde(default)]
    pub retry: RetrySettings,
    /// `hedge`: calls that are slow and get company.
    #[serde(default)]
    pub hedge: HedgeSettings,
    /// `breaker`: hosts that fail and are left alone for a while.
    #[serde(default)]
    pub breaker: BreakerSettings,
    /// `concurrency`: calls in flight at the same time.
    #[serde(default)]
    pub concurrency: ConcurrencySettings,
    /// How often host names are looked up again.
    #[serde(default = "resolve_every", with = "humantime_serde")]
    pub resolve_every: Duration,
    /// How long a host that failed gets less than its share after it came back.
    #[serde(default = "slow_start", with = "humantime_serde")]
    pub slow_start: Duration,
}

/// One URL, or a list of them.
#[derive(Debug, Clone)]
pub struct Urls(Vec<Url>);

impl Urls {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Url> {
        self.0.iter()
    }
}

impl From<Url> for Urls {
    fn from(url: Url) -> Self {
        Self(vec![url])
    }
}

impl From<Vec<Url>> for Urls {
    fn from(urls: Vec<Url>) -> Self {
        Self(urls)
    }
}

impl<'de> Deserialize<'de> for Urls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Urls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL or a list of URLs")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Urls, E> {
        let expected = |error| E::custom(format!("expected http://host or https://host: {error}"));
        text.parse::<Url>().map(Urls::from).map_err(expected)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Urls, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Urls)
    }
}

impl Serialize for Urls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

/// `[services.<name>.retry]`. Only reads are retried, never after a timeout, a 4xx or an answer
/// that cannot be read, and never past the request's deadline.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySettings {
    /// How many times one call is made again; 0 switches retries off.
    pub times: u32,
    /// The longest wait before the first retry, doubled for the second; the wait is a random part
    /// of it.
    #[serde(with = "humantime_serde")]
    pub backoff: Duration,
    /// Retries and hedges together, in percent of the calls of the last ten seconds.
    pub budget_percent: f64,
    /// What the budget allows on top of that, per second.
    pub budget_per_second: f64,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            times: 2,
            backoff: Duration::from_millis(10),
            budget_percent: 20.0,
            budget_per_second: 3.0,
        }
    }
}

/// `[services.<name>.hedge]`: a second call to a read that is slower than most, within the retry
/// budget. The first answer wins.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HedgeSettings {
    /// After which percentile of the recent latencies the second call is made; 100 for never.
    pub percentile: f64,
    /// Never sooner than this: below it a second call costs more than it saves.
    #[serde(with = "humantime_serde")]
    pub at_least: Duration,
}

impl Default for HedgeSettings {
    fn default() -> Self {
        Self { percentile: 95.0, at_least: Duration::from_millis(10) }
    }
}

/// `[services.<name>.breaker]`, for each host of the service.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSettings {
    /// How far back the success rate looks.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// Fewer calls than this in the window say nothing.
    pub min_calls: u64,
    /// Opens when less than this percentage of the calls in the window succeeds; 0 for never.
    pub min_success_percent: f64,
    /// How long it stays open at first; doubled with each trip in a row, half of it by chance.
    #[serde(with = "humantime_serde")]
    pub open: Duration,
    /// How long it stays open at most.
    #[serde(with = "humantime_serde")]
    pub open_at_most: Duration,
    /// How many single calls in a row have to succeed before it closes.
    pub probes: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            min_calls: 20,
            min_success_percent: 50.0,
            open: Duration::from_millis(500),
            open_at_most: Duration::from_secs(5),
            probes: 3,
        }
    }
}

/// `[services.<name>.concurrency]`, for this process. The limit moves between `min` and `max` with
/// the service's latency.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConcurrencySettings {
    /// Calls in flight at first.
    pub initial: u32,
    /// Calls in flight however slow the service is.
    pub min: u32,
    /// Calls in flight however fast it is.
    pub max: u32,
    /// Calls that may wait for room, newest first; beyond, the oldest fails at once.
    pub waiting: usize,
}

impl Default for ConcurrencySettings {
    fn default() -> Self {
        Self { initial: 100, min: 20, max: 1000, waiting: 100 }
    }
}

impl BreakerSettings {
    pub(crate) fn policy(&self) -> BreakerPolicy {
        let Self { window, min_calls, min_success_percent, open, open_at_most, probes } = *self;
        let min_success = min_success_percent / 100.0;
        BreakerPolicy { window, min_calls, min_success, open, open_at_most, probes }
    }
}

impl ConcurrencySettings {
    pub(crate) fn policy(&self) -> LimitPolicy {
        let Self { initial, min, max, waiting } = *self;
        LimitPolicy { initial, min, max, waiting }
    }
}

fn connect_timeout() -> Duration {
    Duration::from_millis(100)
}

fn timeout() -> Duration {
    Duration::from_millis(300)
}

fn keep_alive() -> Duration {
    Duration::from_secs(4)
}

fn resolve_every() -> Duration {
    Duration::from_secs(5)
}

fn slow_start() -> Duration {
    Duration::from_secs(10)
}

fn max_connections() -> usize {
    1024
}

fn body_limit_bytes() -> usize {
    2 * 1024 * 1024
}
