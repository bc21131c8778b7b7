//! From settings to a server whose ports are open.

use super::{
    health::Health,
    lifecycle::{End, Stop, obey_signals, until_drained},
    listen::{admin_server, listen, public_server},
    optional_parts::{api_keys, credentials, issuers, limits, vault},
    randomness,
    version::Version,
    worker::Shared,
};
use crate::{
    Settings, StartError,
    admin::{keys::keys_server, state::State},
    connection::Connections,
    request::table::Table,
    settings::{show, trust::Gateway},
    telemetry::{
        live::Live,
        logs,
        metrics::Metrics,
        otlp::{LAST_WITHIN, Push},
        spans::{self, Spans},
    },
};
use actix_web::dev::Server as ActixServer;
use bff_cache::Cache;
use bff_core::Bff;
use bff_limits::overload::Pressures;
use bff_upstream::Services;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Instant,
};

/// A BFF whose ports are open and that waits for [`run`](Self::run).
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    admin_address: SocketAddr,
    public: TcpListener,
    admin: TcpListener,
    /// Where services fetch keys, if they do.
    keys: Option<(TcpListener, SocketAddr)>,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    push: Option<Push>,
    health: Arc<Health>,
    stop: Stop,
}

impl Server {
    /// Checks everything and then opens the ports.
    ///
    /// # Errors
    /// The first thing that cannot work.
    pub fn bind(bff: &Bff, settings: &Settings) -> Result<Self, StartError> {
        settings.check().map_err(|(key, why)| StartError::Setting { key, why })?;
        let services = Services::new(bff.name, &settings.services)?;
        let pressures = Arc::new(Pressures::new(settings.overload.clone()));
        let cache = Cache::start(&settings.cache)?;
        let issuers = issuers(bff.auth, settings)?;
        let vault = vault(bff, settings.session.as_ref())?;
        let refusals = issuers.as_ref().map(|issuers| issuers.refusals());
        let state = State {
            refusals: refusals.or_else(|| vault.as_ref().map(|vault| vault.refusals())),
            services: services.clone(),
            pressures: pressures.clone(),
            cache: cache.clone(),
            limits: limits(bff, settings.limits.as_ref())?,
            vault,
            connections: Connections::default(),
        };
        let metrics = Arc::new(Metrics::new(bff.name, bff.version, Box::new(state.clone())));
        let push = settings.metrics.otlp_endpoint.clone().map(|endpoint| Push {
            endpoint,
            interval: settings.metrics.otlp_interval,
            resource: spans::resource(bff.name, bff.version),
            scope: spans::scope(bff.name, bff.version),
            metrics: metrics.clone(),
        });
        let spans = settings.traces.otlp_endpoint.as_deref();
        let spans = spans.map(|endpoint| Spans::to(endpoint, bff.name, bff.version)).transpose();
        let shared = Shared {
            bff: bff.name,
            version: Version::of(bff.name, bff.version),
            auth: bff.auth,
            table: Table::of(bff)?,
            limits: settings.server.clone(),
            sample_ratio: settings.traces.sample_ratio,
            services,
            pressures,
            cache,
            debug_header: settings.cache.debug_header,
            issuers,
            api_keys: api_keys(bff.auth, settings)?,
            rates: state.limits.clone(),
            gateway: Gateway::of(bff.auth, settings)?,
            vault: state.vault.clone(),
            connections: state.connections.clone(),
            credentials: credentials(bff.name, settings)?,
            metrics: metrics.clone(),
            live: Arc::new(Live::over(settings.admin.window)),
            first_stages: bff.first_stages(),
            configuration: show::masked(settings),
            spans: spans.map_err(|error| StartError::Traces(error.to_string()))?.map(Arc::new),
        };
        let (public, address) = listen("server.listen", settings.server.listen)?;
        let (admin, admin_address) = listen("admin.listen", settings.admin.listen)?;
        let keys = settings.internal_tokens.as_ref().and_then(|tokens| tokens.listen);
        let keys = keys.map(|at| listen("internal_tokens.listen", at)).transpose()?;
        let health = Arc::new(Health::new(state.pressures));
        let (shared, stop) = (Arc::new(shared), Stop::default());
        Ok(Self {
            address,
            admin_address,
            public,
            admin,
            keys,
            shared,
            metrics,
            push,
            health,
            stop,
        })
    }

    /// The public address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of health and metrics.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// The address where services fetch keys, and nothing else.
    #[must_use]
    pub fn keys_address(&self) -> Option<SocketAddr> {
        self.keys.as_ref().map(|(_, address)| *address)
    }

    /// Tells the server to end once it runs.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// [`run`](Self::run) in a process that is nothing but this server: until SIGTERM, SIGINT or
    /// [`Stop::stop`]. A second signal ends the process at once with exit code 128 and the signal's
    /// number, and so does a drain that hangs, with [`End::code`].
    ///
    /// # Errors
    /// What the operating system refuses.
    pub async fn run_until_signal(self) -> io::Result<End> {
        obey_signals(self.stop_handle(), &self.shared.limits)?;
        self.run().await
    }

    /// [`run`](Self::run) on a runtime of its own; for tests, on a thread of its own.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn run_blocking(self) -> io::Result<()> {
        actix_web::rt::System::new().block_on(self.run()).map(|_| ())
    }

    /// Answers until [`Stop::stop`], then drains: readiness turns false, after `drain_delay` the port
    /// closes, requests in flight finish within `drain_timeout`, the last spans and metrics are sent.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub async fn run(self) -> io::Result<End> {
        let keys_address = self.keys_address().map(tracing::field::display);
        let Self { address, admin_address, shared, metrics, health, stop, .. } = self;
        let pushing = self.push.map(Push::start).transpose()?;
        let public = public_server(self.public, shared.clone(), shared.connections.clone())?;
        let mut beside = vec![admin_server(self.admin, &health, &metrics, &shared)?];
        if let Some((listener, _)) = self.keys {
            beside.push(keys_server(listener, &shared)?);
        }
        let handles: Vec<_> = beside.iter().map(ActixServer::handle).collect();
        for server in beside {
            actix_web::rt::spawn(server);
        }
        let services = shared.services.clone();
        let resolving = actix_web::rt::spawn(async move { services.keep_resolving().await });
        if shared.limits.assumes_forwarding_header() {
            tracing::warn!(
                "server.forwarding_header is not set: that proxies write X-Forwarded-For is assumed"
            );
        }
        health.set_ready();
        let randomness = randomness::gather();
        tracing::info!(bff = shared.bff, %address, admin = %admin_address, keys = keys_address, "ready");
        let end = until_drained(public, stop, &health, &shared).await?;
        resolving.abort();
        for server in handles {
            server.stop(false).await;
        }
        // The exporters' threads are waited for, which must not happen on the event loop.
        let flushed = actix_web::rt::task::spawn_blocking(move || {
            let latest = Instant::now() + LAST_WITHIN;
            if let Some(pushing) = &pushing {
                pushing.stop();
            }
            if let Some(spans) = &shared.spans {
                spans.shutdown();
            }
            if let Some(pushing) = pushing {
                pushing.wait(latest);
            }
            randomness.wait();
        });
        flushed.await.map_err(io::Error::other)?;
        tracing::info!("stopped");
        logs::flush();
        Ok(end)
    }
}
