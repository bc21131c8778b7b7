//! From settings to open ports, and from a signal to an orderly end.

use crate::{
    ConfigError, GatewayIdentity, ServerSettings, Settings, admin, configuration,
    health::Health,
    keys::keys_server,
    randomness,
    serve::serve,
    table::Table,
    telemetry::{live::Live, logs, metrics::Metrics, spans::Spans, state::State},
    version::Version,
    worker::{Pressures, Shared, Worker},
};
use actix_web::{
    App, HttpServer,
    dev::{Server as ActixServer, ServerHandle},
    web,
};
use bff_auth::{
    ApiKeys, AuthError, Issuers, SessionSettings, SessionSettingsError, Vault,
    outbound::{CredentialError, Credentials, Wanted},
};
use bff_cache::{Cache, CacheSettingsError};
use bff_core::{Auth, Bff, TableError};
use bff_limits::{LimitSettings, LimitSettingsError, Limits};
use bff_upstream::{Services, ServicesError};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

/// Why a BFF does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value of the configuration is out of range.
    #[error("configuration: {key}: {why}")]
    Setting {
        /// The configuration key.
        key: &'static str,
        /// What it has to be.
        why: &'static str,
    },
    /// The endpoint table cannot work.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A service cannot be called as configured.
    #[error("configuration: {0}")]
    Services(#[from] ServicesError),
    /// The cache cannot work as configured.
    #[error("configuration: {0}")]
    Cache(#[from] CacheSettingsError),
    /// The callers' credentials cannot be verified as configured.
    #[error("configuration: {0}")]
    Auth(#[from] AuthError),
    /// This BFF cannot prove itself to services as configured.
    #[error("configuration: {0}")]
    Credentials(#[from] CredentialError),
    /// Credentials are configured where nobody is asked for them, or not where they are needed.
    #[error("configuration: {key}: {why}")]
    AuthMismatch {
        /// The configuration key.
        key: &'static str,
        /// What it has to be.
        why: &'static str,
    },
    /// Nobody could sign in as configured.
    #[error("configuration: {0}")]
    Session(#[from] SessionSettingsError),
    /// `[session]` is missing where it is needed, or present where there are none.
    #[error("configuration: session: {0}")]
    SessionMismatch(&'static str),
    /// Requests cannot be limited as configured.
    #[error("configuration: {0}")]
    Limits(#[from] LimitSettingsError),
    /// No route is of a class that has a limit.
    #[error(
        "configuration: limits.classes.{0}: no route is of this class; the classes are `read`, `write` and what routes name with `rate_class`"
    )]
    UnknownRateClass(String),
    /// Spans cannot be sent as configured.
    #[error("configuration: traces.otlp_endpoint: {0}")]
    Traces(String),
    /// A port cannot be taken.
    #[error("{key}: cannot listen on {address}: {error}; is another process using the port?")]
    Port {
        /// The configuration key.
        key: &'static str,
        /// The address in it.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The runtime failed.
    #[error("the server stopped: {0}")]
    Runtime(#[from] io::Error),
}

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
    health: Arc<Health>,
    stop: Stop,
}

/// Tells a running server to drain and end.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// Begins to drain, as SIGTERM does.
    pub fn stop(&self) {
        self.0.notify_one();
    }
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
        let state = State {
            services: services.clone(),
            pressures: pressures.clone(),
            cache: cache.clone(),
            limits: limits(bff, settings.limits.as_ref())?,
        };
        let metrics = Arc::new(Metrics::new(bff.name, bff.version, state.clone()));
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
            issuers: issuers(bff.auth, settings)?,
            api_keys: api_keys(bff.auth, settings)?,
            rates: state.limits.clone(),
            gateway_identity: gateway_identity(bff.auth, settings)?,
            vault: vault(bff, settings.session.as_ref())?,
            credentials: credentials(bff.name, settings)?,
            metrics: metrics.clone(),
            live: Arc::new(Live::over(settings.admin.window)),
            first_stages: bff.first_stages(),
            configuration: configuration::masked(settings),
            spans: spans.map_err(|error| StartError::Traces(error.to_string()))?.map(Arc::new),
        };
        let (public, address) = listen("server.listen", settings.server.listen)?;
        let (admin, admin_address) = listen("admin.listen", settings.admin.listen)?;
        let keys = settings.internal_tokens.as_ref().and_then(|tokens| tokens.listen);
        let keys = keys.map(|at| listen("internal_tokens.listen", at)).transpose()?;
        let health = Arc::new(Health::new(state.pressures));
        let (shared, stop) = (Arc::new(shared), Stop::default());
        Ok(Self { address, admin_address, public, admin, keys, shared, metrics, health, stop })
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

    /// Answers until SIGTERM, SIGINT or [`Stop::stop`], then drains: readiness turns false, after
    /// `drain_delay` the port closes, requests in flight finish within `drain_timeout`, the
    /// last spans are sent.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub async fn run_until_signal(self) -> io::Result<()> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = self.stop_handle();
        actix_web::rt::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop.stop();
        });
        self.run().await
    }

    /// [`run`](Self::run) on a runtime of its own; for tests, on a thread of its own.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn run_blocking(self) -> io::Result<()> {
        actix_web::rt::System::new().block_on(self.run())
    }

    /// Answers until [`Stop::stop`], then drains.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub async fn run(self) -> io::Result<()> {
        let limits = self.shared.limits.clone();
        let keys_address = self.keys_address().map(tracing::field::display);
        let public = public_server(self.public, self.shared.clone())?;
        let admin = admin_server(self.admin, &self.health, &self.metrics, &self.shared)?;
        let keys =
            self.keys.map(|(listener, _)| keys_server(listener, &self.shared)).transpose()?;
        let keys_handle = keys.as_ref().map(ActixServer::handle);
        keys.map(actix_web::rt::spawn);
        let (public_handle, admin_handle) = (public.handle(), admin.handle());
        actix_web::rt::spawn(admin);
        let drain = drain(self.stop, self.health.clone(), public_handle, limits.drain_delay);
        actix_web::rt::spawn(drain);
        let services = self.shared.services.clone();
        let resolving = actix_web::rt::spawn(async move { services.keep_resolving().await });
        self.health.set_ready();
        randomness::gather();
        tracing::info!(bff = self.shared.bff, address = %self.address, admin = %self.admin_address, keys = keys_address, "ready");
        public.await?;
        resolving.abort();
        admin_handle.stop(false).await;
        if let Some(keys) = keys_handle {
            keys.stop(false).await;
        }
        let shared = self.shared;
        // The exporter's thread is waited for, which must not happen on the event loop.
        let flushed = actix_web::rt::task::spawn_blocking(move || {
            if let Some(spans) = &shared.spans {
                spans.shutdown();
            }
        });
        flushed.await.map_err(io::Error::other)?;
        tracing::info!("stopped");
        logs::flush();
        Ok(())
    }
}

fn issuers(auth: Auth, settings: &Settings) -> Result<Option<Arc<Issuers>>, StartError> {
    let wrong = |why| StartError::AuthMismatch { key: "issuers", why };
    match (auth, settings.issuers.is_empty()) {
        (Auth::Bearer | Auth::BearerOrApiKey, false) => Ok(Some(Issuers::new(&settings.issuers)?)),
        (Auth::Open | Auth::Session, true) => Ok(None),
        (Auth::Bearer | Auth::BearerOrApiKey, true) => {
            Err(wrong("missing, but every endpoint of this BFF needs a credential"))
        }
        (Auth::Open | Auth::Session, false) => {
            Err(wrong("configured, but this BFF takes no bearer tokens"))
        }
    }
}

/// A class that no route has would limit nothing, which nobody means.
fn limits(bff: &Bff, settings: Option<&LimitSettings>) -> Result<Option<Limits>, StartError> {
    let Some(settings) = settings else { return Ok(None) };
    let known = |class: &&String| bff.endpoints.iter().any(|e| e.rate_class() == class.as_str());
    if let Some(class) = settings.classes.keys().find(|class| !known(class)) {
        return Err(StartError::UnknownRateClass(class.clone()));
    }
    Ok(Some(Limits::start(bff.name, settings, None)?))
}

fn gateway_identity(
    auth: Auth,
    settings: &Settings,
) -> Result<Option<GatewayIdentity>, StartError> {
    let Some(identity) = &settings.gateway_identity else { return Ok(None) };
    let wrong = |why| Err(StartError::Setting { key: "gateway_identity", why });
    if !matches!(auth, Auth::Bearer | Auth::BearerOrApiKey) {
        return wrong(
            "configured, but this BFF takes no bearer tokens that a gateway could verify",
        );
    }
    if settings.server.trusted_proxies.is_empty() {
        return wrong("needs `server.trusted_proxies`: anybody else can write such headers");
    }
    Ok(Some(identity.clone()))
}

fn vault(bff: &Bff, settings: Option<&SessionSettings>) -> Result<Option<Arc<Vault>>, StartError> {
    match (bff.auth, settings) {
        (Auth::Session, Some(settings)) => Ok(Some(Vault::open(bff.name, settings)?)),
        (Auth::Session, None) => Err(StartError::SessionMismatch(
            "missing, but users of this BFF sign in with a browser",
        )),
        (_, Some(_)) => {
            Err(StartError::SessionMismatch("configured, but this BFF keeps no sessions"))
        }
        (_, None) => Ok(None),
    }
}

fn credentials(bff: &str, settings: &Settings) -> Result<Credentials, CredentialError> {
    let wanted = settings.services.iter().map(|(service, settings)| Wanted {
        service,
        credential: settings.credential.as_deref(),
        identity: settings.identity,
    });
    Credentials::new(bff, &settings.credentials, settings.internal_tokens.as_ref(), wanted)
}

fn api_keys(auth: Auth, settings: &Settings) -> Result<Option<Arc<ApiKeys>>, StartError> {
    let why = "configured, but this BFF takes no API keys";
    match (auth, &settings.api_keys) {
        (_, None) => Ok(None),
        (Auth::BearerOrApiKey, Some(settings)) => Ok(Some(ApiKeys::open(settings)?)),
        _ => Err(StartError::AuthMismatch { key: "api_keys", why }),
    }
}

fn listen(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let taken = |error| StartError::Port { key, address, error };
    let listener = TcpListener::bind(address).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok((listener, address))
}

fn public_server(listener: TcpListener, shared: Arc<Shared>) -> io::Result<ActixServer> {
    let ServerSettings {
        workers, max_connections, head_timeout, keep_alive, drain_timeout, ..
    } = shared.limits;
    let workers =
        workers.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let app = move || {
        App::new()
            .app_data(web::Data::new(Worker::new(shared.clone())))
            .default_service(web::to(serve))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .max_connections(max_connections)
        .client_request_timeout(head_timeout)
        .keep_alive(keep_alive)
        // A client that leaves cancels its calls at once; without this actix runs the handler to
        // its end.
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .shutdown_timeout(whole_seconds(drain_timeout))
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

fn admin_server(
    listener: TcpListener,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
    shared: &Arc<Shared>,
) -> io::Result<ActixServer> {
    let (health, metrics, shared) = (health.clone(), metrics.clone(), shared.clone());
    let app = move || App::new().configure(admin::routes(&health, &metrics, &shared));
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

async fn drain(stop: Stop, health: Arc<Health>, server: ServerHandle, delay: Duration) {
    stop.0.notified().await;
    health.set_draining();
    tracing::info!(delay_ms = delay.as_secs_f64() * 1e3, "draining");
    tokio::time::sleep(delay).await;
    server.stop(true).await;
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
