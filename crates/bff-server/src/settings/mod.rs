//! The configuration of a BFF: plain data, every key known, every duration with its unit.

pub(crate) mod load;
pub(crate) mod show;
pub(crate) mod trust;

use crate::{
    GatewayIdentity,
    settings::trust::ForwardingHeader,
    telemetry::settings::{LogSettings, MetricSettings, TraceSettings},
};
use actix_web::http::Uri;
use bff_auth::{
    ApiKeySettings, IssuerSettings, SessionSettings,
    outbound::{CredentialSettings, InternalTokenSettings},
};
use bff_cache::CacheSettings;
use bff_limits::{LimitSettings, overload::OverloadSettings};
use bff_upstream::ServiceSettings;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// All of it. Keys that are not here are refused.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[server]`: the public port.
    pub server: ServerSettings,
    /// `[admin]`: the port for health and metrics.
    pub admin: AdminSettings,
    /// `[logs]`.
    #[serde(default)]
    pub logs: LogSettings,
    /// `[traces]`.
    #[serde(default)]
    pub traces: TraceSettings,
    /// `[metrics]`.
    #[serde(default)]
    pub metrics: MetricSettings,
    /// `[cache]`.
    #[serde(default)]
    pub cache: CacheSettings,
    /// `[overload]`.
    #[serde(default)]
    pub overload: OverloadSettings,
    /// `[issuers.<name>]`: whose tokens callers may bring; for a BFF that asks for them, and only
    /// there.
    #[serde(default)]
    pub issuers: BTreeMap<String, IssuerSettings>,
    /// `[api_keys]`: the keys of callers that have no tokens; for a BFF that takes them.
    pub api_keys: Option<ApiKeySettings>,
    /// `[limits]`: how often anybody may ask. Not limited when left out.
    pub limits: Option<LimitSettings>,
    /// `[gateway_identity]`: for a BFF behind a gateway that has verified its callers already.
    pub gateway_identity: Option<GatewayIdentity>,
    /// `[session]`: who signs browsers in; for a BFF with sessions, and only there.
    pub session: Option<SessionSettings>,
    /// `[credentials.<name>]`: by what this BFF proves itself to services.
    #[serde(default)]
    pub credentials: BTreeMap<String, CredentialSettings>,
    /// `[internal_tokens]`: how services learn who the user is in a way that they can check.
    pub internal_tokens: Option<InternalTokenSettings>,
    /// `[services.<name>]`: everything that this BFF may call.
    #[serde(default)]
    pub services: BTreeMap<String, ServiceSettings>,
}

/// actix's parser reads no more header lines than this.
const MOST_HEADERS: usize = 96;
/// actix's clock for head timeouts ticks twice a second: a shorter wait would refuse good requests by chance, and none
/// at all would switch the limit off.
const SHORTEST_HEAD_TIMEOUT: Duration = Duration::from_secs(1);

/// A slot of the console's window is a twelfth of it.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// Reading all metrics more often than this would be work of its own.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// Spans and metrics are sent in the clear, to a collector in the same network.
fn is_no_collector(url: &str) -> bool {
    let parsed: Result<Uri, _> = url.parse();
    parsed.map_or(true, |url| url.scheme_str() != Some("http") || url.host().is_none())
}

impl Settings {
    /// What parses and still cannot work here, as key and reason. Services and
    /// credentials are checked where they are used.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let Self { server, admin, logs, traces, metrics, overload, .. } = self;
        let more = "must be more than zero";
        let wrong = [
            (
                "server.workers",
                server.workers.is_some_and(|workers| !(1..=1024).contains(&workers)),
                "must be more than zero and at most 1024",
            ),
            (
                "logs.level",
                !logs.level.split(',').all(is_filter),
                "must be a level, as `info`, and exceptions, as `bff_auth=debug`",
            ),
            ("server.max_connections", server.max_connections == 0, more),
            ("server.max_uri_bytes", server.max_uri_bytes == 0, more),
            ("server.max_header_bytes", server.max_header_bytes == 0, more),
            (
                "server.max_headers",
                !(1..=MOST_HEADERS).contains(&server.max_headers),
                "must be from 1 to 96",
            ),
            (
                "server.head_timeout",
                server.head_timeout < SHORTEST_HEAD_TIMEOUT,
                "must be at least 1s",
            ),
            (
                "server.write_timeout",
                server.write_timeout < Duration::from_secs(1),
                "must be at least 1s",
            ),
            ("admin.window", admin.window < SHORTEST_WINDOW, "must be at least 100ms"),
            ("overload.max_in_flight", overload.max_in_flight == 0, more),
            ("overload.brownout_lag", overload.brownout_lag.is_zero(), more),
            (
                "overload.shed_lag",
                overload.shed_lag < overload.brownout_lag,
                "must not be less than `overload.brownout_lag`",
            ),
            (
                "traces.sample_ratio",
                !(0.0..=1.0).contains(&traces.sample_ratio),
                "must be from 0 to 1",
            ),
            (
                "traces.otlp_endpoint",
                traces.otlp_endpoint.as_deref().is_some_and(is_no_collector),
                "must be an http:// URL, such as http://collector:4318/v1/traces",
            ),
            (
                "metrics.otlp_endpoint",
                metrics.otlp_endpoint.as_deref().is_some_and(is_no_collector),
                "must be an http:// URL, such as http://collector:4318/v1/metrics",
            ),
            (
                "metrics.otlp_interval",
                metrics.otlp_interval < SHORTEST_INTERVAL,
                "must be at least 100ms",
            ),
        ];
        wrong
            .into_iter()
            .find(|(_, is_wrong, _)| *is_wrong)
            .map_or(Ok(()), |(key, _, why)| Err((key, why)))?;
        server.check_trust()
    }
}

/// A bare word that is no level would switch everything off.
fn is_filter(part: &str) -> bool {
    part.contains('=') || part.trim().parse::<tracing_subscriber::filter::LevelFilter>().is_ok()
}

/// `[server]`: the public port and its limits.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The proxies' addresses, as networks (`10.0.0.0/8`): who is believed about where a request comes
    /// from. Nobody when left out.
    #[serde(default)]
    pub trusted_proxies: Vec<IpNet>,
    /// The one header in which they say it, `X-Forwarded-For` when left out. Any other one is what a
    /// client wrote.
    pub forwarding_header: Option<ForwardingHeader>,
    /// Whose `x-deadline-ms` is believed, as networks; `trusted_proxies` when left out.
    pub deadline_from: Option<Vec<IpNet>>,
    /// Worker threads; as many as there are processors when left out.
    pub workers: Option<usize>,
    /// The longest request target (path and query), in bytes.
    #[serde(default = "max_uri_bytes")]
    pub max_uri_bytes: usize,
    /// The largest sum of header names and values, in bytes.
    #[serde(default = "max_header_bytes")]
    pub max_header_bytes: usize,
    /// The most header lines. Above 96 actix's parser refuses by itself, with 431 and an empty
    /// body.
    #[serde(default = "max_headers")]
    pub max_headers: usize,
    /// The largest request body, in bytes.
    #[serde(default = "max_body_bytes")]
    pub max_body_bytes: usize,
    /// The most open connections, per worker.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// The longest wait for a request's head, give or take half a second; at least one second.
    #[serde(default = "head_timeout", with = "humantime_serde")]
    pub head_timeout: Duration,
    /// How long an idle connection stays open; above the gateway's own, so that the gateway closes
    /// first.
    #[serde(default = "keep_alive", with = "humantime_serde")]
    pub keep_alive: Duration,
    /// How long a client may take to read the next part of an answer; a slow client that goes on reading
    /// is not cut off. At least one second.
    #[serde(default = "write_timeout", with = "humantime_serde")]
    pub write_timeout: Duration,
    /// How long readiness is false before the port closes, so that the gateway stops sending.
    #[serde(default, with = "humantime_serde")]
    pub drain_delay: Duration,
    /// The longest wait for requests in flight when stopping.
    #[serde(default = "drain_timeout", with = "humantime_serde")]
    pub drain_timeout: Duration,
}

fn max_uri_bytes() -> usize {
    8 * 1024
}

fn max_header_bytes() -> usize {
    32 * 1024
}

fn max_headers() -> usize {
    64
}

fn max_body_bytes() -> usize {
    64 * 1024
}

fn max_connections() -> usize {
    25_000
}

fn head_timeout() -> Duration {
    Duration::from_secs(5)
}

fn keep_alive() -> Duration {
    Duration::from_secs(75)
}

fn write_timeout() -> Duration {
    Duration::from_secs(20)
}

fn drain_timeout() -> Duration {
    Duration::from_secs(20)
}

/// `[admin]`: the port that no gateway exposes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSettings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How far the console looks back; a twelfth of it is forgotten at a time.
    #[serde(default = "window", with = "humantime_serde")]
    pub window: Duration,
}

fn window() -> Duration {
    Duration::from_secs(60)
}
