//! The context of one request: its deadline, its trace, its caller, and what happened so far.

use crate::call::Target;
use crate::ports::{Background, Outbound, Principal, Store, Transport};
use crate::record::Recording;
use crate::{
    CallRecord, Criticality, Deadline, Fault, Looked, Note, Parameters, Scope, TraceContext,
};
use serde::de::DeserializeOwned;
use std::{cell::RefCell, fmt, rc::Rc, sync::Arc, time::Duration};
use tokio::time::Instant;

/// What a request brings along; the server fills it in.
pub struct Incoming {
    /// The name of this BFF.
    pub bff: &'static str,
    /// How calls travel.
    pub transport: Rc<dyn Transport>,
    /// Where values are kept; without one, cached calls are plain calls.
    pub store: Option<Rc<dyn Store>>,
    /// Where work goes on that no request waits for.
    pub background: Rc<dyn Background>,
    /// The verified caller.
    pub principal: Option<Arc<Principal>>,
    /// Where the request stands in its trace.
    pub trace: TraceContext,
    /// When it has to be done.
    pub deadline: Deadline,
    /// Whether the server has so much to do that optional calls are not made.
    pub brownout: bool,
    /// The parameters of the route, still percent-encoded.
    pub parameters: Parameters,
    /// The query, still percent-encoded.
    pub query: String,
    /// The body; empty for an endpoint that takes none.
    pub body: bytes::Bytes,
    /// The `Idempotency-Key` header, as it came.
    pub idempotency_key: Option<String>,
}

/// The context of one request. It stays on its worker thread.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # const USERS: Service = Service::named("users");
/// # const ORDERS: Service = Service::named("orders");
/// async fn home(cx: &Cx, me: User) -> Result<(String, u32)> {
///     let name = USERS.get(("users", &me)).at("name").named("user");
///     let orders = ORDERS.get(("users", &me)).at("count").named("orderCount");
///     // Both are asked at the same time, within the budget of the route.
///     cx.gather((Critical(name), Optional(orders, 0))).await
/// }
/// ```
pub struct Cx {
    incoming: Incoming,
    notes: RefCell<Vec<Note>>,
    absent: RefCell<Vec<&'static str>>,
    calls: RefCell<Vec<CallRecord>>,
    lookups: RefCell<Vec<Looked>>,
    tags: RefCell<Vec<String>>,
}

/// What work beside requests may take; a service's own timeout is shorter.
const ASIDE_BUDGET: Duration = Duration::from_secs(5);

impl Cx {
    /// The context of a request.
    #[must_use]
    pub fn new(incoming: Incoming) -> Self {
        Self {
            incoming,
            notes: RefCell::default(),
            absent: RefCell::default(),
            calls: RefCell::default(),
            lookups: RefCell::default(),
            tags: RefCell::default(),
        }
    }

    /// The name of this BFF.
    #[must_use]
    pub fn bff(&self) -> &'static str {
        self.incoming.bff
    }

    /// When the request has to be done.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.incoming.deadline
    }

    /// Where the request stands in its trace.
    #[must_use]
    pub fn trace(&self) -> &TraceContext {
        &self.incoming.trace
    }

    /// The sections that are degraded so far.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        self.notes.borrow().clone()
    }

    /// Whether a section is degraded so far.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        !self.notes.borrow().is_empty()
    }

    /// The optional sections so far of which their service said that there is none: not degraded.
    #[must_use]
    pub fn absent(&self) -> Vec<&'static str> {
        self.absent.borrow().clone()
    }

    /// The calls that ended so far; taken, so that a second look finds only newer ones.
    #[must_use]
    pub fn take_calls(&self) -> Vec<CallRecord> {
        self.calls.take()
    }

    /// The looks into the cache so far.
    #[must_use]
    pub fn lookups(&self) -> Vec<Looked> {
        self.lookups.borrow().clone()
    }

    /// The looks into the cache so far; taken, so that a second look finds only newer ones.
    #[must_use]
    pub fn take_lookups(&self) -> Vec<Looked> {
        self.lookups.take()
    }

    /// What invalidates the kept values that were read so far.
    #[must_use]
    pub fn take_tags(&self) -> Vec<String> {
        self.tags.take()
    }

    pub(crate) fn recorded(&self, call: CallRecord) {
        self.calls.borrow_mut().push(call);
    }

    pub(crate) fn looked(&self, looked: Looked) {
        self.lookups.borrow_mut().push(looked);
    }

    pub(crate) fn tagged(&self, tags: Vec<String>) {
        self.tags.borrow_mut().extend(tags);
    }

    /// A context for work that goes on when this request is over.
    pub(crate) fn aside(&self) -> Self {
        let Incoming { bff, transport, store, background, principal, trace, .. } = &self.incoming;
        Self::new(Incoming {
            bff,
            transport: transport.clone(),
            store: store.clone(),
            background: background.clone(),
            principal: principal.clone(),
            trace: trace.clone(),
            deadline: Deadline::starting_now(ASIDE_BUDGET),
            brownout: self.incoming.brownout,
            parameters: Parameters::new(),
            query: String::new(),
            body: bytes::Bytes::new(),
            idempotency_key: None,
        })
    }

    pub(crate) fn background(&self) -> &Rc<dyn Background> {
        &self.incoming.background
    }

    /// Tells the metrics about calls that no request waited for.
    pub(crate) fn report_aside(&self) {
        self.background().report(self.take_calls());
    }

    pub(crate) fn note(&self, note: Note) {
        self.notes.borrow_mut().push(note);
    }

    pub(crate) fn found_nothing(&self, section: &'static str) {
        self.absent.borrow_mut().push(section);
    }

    pub(crate) fn store(&self) -> Option<&Rc<dyn Store>> {
        self.incoming.store.as_ref()
    }

    pub(crate) fn principal(&self) -> Option<&Arc<Principal>> {
        self.incoming.principal.as_ref()
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.incoming
            .parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn query(&self) -> &str {
        &self.incoming.query
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.incoming.body
    }

    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.incoming.idempotency_key.as_deref()
    }

    /// Makes one call, reads its answer and records what became of it. A personal call carries the
    /// verified user and is not made without one; a shared call carries nothing about the
    /// caller.
    pub(crate) async fn call<T: DeserializeOwned, S: Scope>(
        &self,
        dependency: &'static str,
        target: &Target,
        criticality: Criticality,
    ) -> Result<T, Fault> {
        let record = Recording::begin(self, dependency, target.service, criticality);
        let answer = self.send::<S>(target, &record).await;
        let value = answer.map_err(|fault| target.judge(fault)).and_then(|body| {
            record.bytes_read.set(body.len());
            target.read(&body)
        });
        record.end(value.as_ref().err());
        value
    }

    async fn send<S: Scope>(
        &self,
        Target { service, target, write, .. }: &Target,
        record: &Recording<'_>,
    ) -> Result<bytes::Bytes, Fault> {
        let Recording { dependency, criticality, span, ref way, .. } = *record;
        let on_behalf_of = match (S::PERSONAL, self.principal()) {
            (true, Some(principal)) => Some(&**principal),
            (true, None) => return Err(Fault::Anonymous),
            (false, _) => None,
        };
        if self.incoming.brownout && criticality == Criticality::Optional {
            return Err(Fault::Skipped);
        }
        let until = self.deadline().calls_until();
        if Instant::now() >= until {
            return Err(Fault::Late);
        }
        let request = Outbound {
            service,
            dependency,
            target,
            on_behalf_of,
            write: write.as_deref(),
            trace: self.trace(),
            span,
            criticality,
            way,
        };
        self.incoming.transport.send(&request, until).await
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("bff", &self.incoming.bff)
            .field("trace", &self.incoming.trace)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("bff", &self.bff)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}
