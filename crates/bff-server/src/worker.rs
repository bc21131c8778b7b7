//! What one worker thread holds: its own connections, and the parts that all workers share.

use crate::{
    ServerSettings,
    table::Table,
    telemetry::{handles::Handles, metrics::Metrics, report::Telemetry, spans::Spans},
};
use bff_auth::{Bearer, BearerSettings, Keys};
use bff_cache::MemoryStore;
use bff_core::ports::{Authenticator, Store, Transport};
use bff_upstream::Services;
use std::{rc::Rc, sync::Arc};

/// The parts that all workers of a process share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bff: &'static str,
    pub(crate) table: Table,
    pub(crate) limits: ServerSettings,
    pub(crate) sample_ratio: f64,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) spans: Option<Arc<Spans>>,
    pub(crate) services: Services,
    pub(crate) store: Option<MemoryStore>,
    /// `None` for a BFF that asks nobody who they are.
    pub(crate) bearer: Option<(BearerSettings, Arc<Keys>)>,
}

/// One worker thread's view of the world.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) telemetry: Telemetry,
    pub(crate) transport: Rc<dyn Transport>,
    pub(crate) store: Option<Rc<dyn Store>>,
    pub(crate) authenticator: Option<Box<dyn Authenticator>>,
}

impl Worker {
    /// Called on the worker's own thread, because its connections never leave it.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let bearer = shared.bearer.as_ref();
        let authenticator = bearer.map(|(settings, keys)| {
            Box::new(Bearer::new(settings.clone(), keys.clone())) as Box<dyn Authenticator>
        });
        Self {
            transport: Rc::new(shared.services.transport()),
            store: shared.store.clone().map(|store| Rc::new(store) as Rc<dyn Store>),
            authenticator,
            telemetry: Telemetry {
                handles: Handles::new(shared.metrics.clone()),
                spans: shared.spans.clone(),
            },
            shared,
        }
    }
}
