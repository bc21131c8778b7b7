//! What one worker thread holds: its own connections, and the parts that all workers share.

use super::version::Version;
use crate::{
    ServerSettings,
    connection::Connections,
    request::{refusals::Audit, table::Table},
    settings::trust::Gateway,
    telemetry::{handles::Handles, live::Live, metrics::Metrics, report::Telemetry, spans::Spans},
};
use bff_auth::{ApiKeys, Bearer, BearerOrKey, Issuers, Sessions, Vault, outbound::Credentials};
use bff_cache::Cache;
use bff_core::{
    Auth, CallRecord, Depends,
    ports::{Authenticator, Background, Local, Store, Transport},
};
use bff_limits::{
    Limits,
    overload::{Level, Pressure, Pressures, TICK},
};
use bff_upstream::Services;
use std::{rc::Rc, sync::Arc};
use tokio::time::{Instant, sleep};

/// The parts that all workers of a process share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bff: &'static str,
    pub(crate) version: Version,
    pub(crate) auth: Auth,
    pub(crate) table: Table,
    pub(crate) limits: ServerSettings,
    pub(crate) sample_ratio: f64,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) live: Arc<Live>,
    /// What each endpoint calls first, in the order of the table.
    pub(crate) first_stages: Vec<Vec<Depends>>,
    /// The settings without their secrets.
    pub(crate) configuration: String,
    pub(crate) spans: Option<Arc<Spans>>,
    pub(crate) services: Services,
    pub(crate) cache: Option<Cache>,
    /// Whether answers say what came from where.
    pub(crate) debug_header: bool,
    /// `None` for a BFF that takes no tokens.
    pub(crate) issuers: Option<Arc<Issuers>>,
    /// `None` where no API keys are configured.
    pub(crate) api_keys: Option<Arc<ApiKeys>>,
    /// The sessions of a BFF whose users sign in with a browser.
    pub(crate) vault: Option<Arc<Vault>>,
    /// The open connections of the public port.
    pub(crate) connections: Connections,
    /// How often anybody may ask.
    pub(crate) rates: Option<Limits>,
    /// Who names callers that it has verified.
    pub(crate) gateway: Option<Gateway>,
    /// What services are shown.
    pub(crate) credentials: Credentials,
    pub(crate) pressures: Arc<Pressures>,
}

impl Shared {
    /// Whether a person's browser asks this BFF, and not a program.
    pub(crate) fn is_for_browsers(&self) -> bool {
        matches!(self.auth, Auth::Session | Auth::Open)
    }
}

/// One worker thread's view of the world.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) telemetry: Telemetry,
    pub(crate) transport: Rc<dyn Transport>,
    pub(crate) store: Option<Rc<dyn Store>>,
    pub(crate) background: Rc<dyn Background>,
    pub(crate) authenticator: Option<Box<dyn Authenticator>>,
    pub(crate) sessions: Option<Sessions>,
    pub(crate) pressure: Arc<Pressure>,
    pub(crate) audit: Audit,
}

impl Worker {
    /// Called on the worker's own thread, because its connections never leave it.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let bearer = shared.issuers.as_deref().map(Bearer::new);
        let authenticator = bearer.map(|bearer| -> Box<dyn Authenticator> {
            match shared.api_keys.clone() {
                Some(keys) => Box::new(BearerOrKey::new(bearer, keys)),
                None => Box::new(bearer),
            }
        });
        let pressure = shared.pressures.begin();
        actix_web::rt::spawn(measure(pressure.clone(), shared.services.clone()));
        Self {
            pressure,
            audit: Audit::default(),
            transport: Rc::new(
                shared.services.transport(|service| Rc::new(shared.credentials.voucher(service))),
            ),
            store: shared.cache.clone().map(|cache| Rc::new(cache) as Rc<dyn Store>),
            background: Rc::new(Beside {
                metrics: shared.metrics.clone(),
                live: shared.live.clone(),
            }),
            authenticator,
            sessions: shared.vault.clone().map(Sessions::new),
            telemetry: Telemetry {
                handles: Handles::new(shared.metrics.clone(), shared.live.clone()),
                spans: shared.spans.clone(),
            },
            shared,
        }
    }
}

/// Work beside requests, on the worker's own event loop.
struct Beside {
    metrics: Arc<Metrics>,
    live: Arc<Live>,
}

impl Background for Beside {
    fn spawn(&self, work: Local<'static, ()>) {
        actix_web::rt::spawn(work);
    }

    fn report(&self, calls: Vec<CallRecord>) {
        self.metrics.count_beside(&calls);
        self.live.count_beside(&calls);
    }
}

/// Measures how late this thread's event loop is, as long as it runs.
async fn measure(pressure: Arc<Pressure>, services: Services) {
    let begun = Instant::now();
    let mut known = Level::Calm;
    loop {
        let asked = Instant::now();
        sleep(TICK).await;
        let level = pressure.tick(begun.elapsed(), asked.elapsed().saturating_sub(TICK));
        let Some(level) = level else { continue };
        match (known == Level::Calm, level == Level::Calm) {
            (true, false) => services.overload_began(),
            (false, true) => services.overload_ended(),
            _ => {}
        }
        tell(known, level, &pressure);
        known = level;
    }
}

fn tell(old: Level, level: Level, pressure: &Pressure) {
    let lag_ms = pressure.lag().as_millis();
    let in_flight = pressure.in_flight();
    if level > old {
        let advice = "more requests come than this instance can answer: add instances, or look at what makes pages slow";
        tracing::warn!(overload_level = ?level, lag_ms, in_flight, advice, "overload");
    } else if level > Level::Calm {
        tracing::info!(overload_level = ?level, lag_ms, in_flight, "overload eases");
    } else {
        tracing::info!(lag_ms, in_flight, "overload is over");
    }
}
