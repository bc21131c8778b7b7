//! The traits that adapters implement: how calls travel, what lets them in, where values
//! are kept, who is calling.

pub use crate::{
    principal::Principal,
    vouch::{Identity, Proof, Vouch},
};

use crate::{CallRecord, Criticality, Fault, Keep, Problem, SpanId, TraceContext, Written};
use bytes::Bytes;
use std::{any::Any, cell::Cell, fmt, pin::Pin, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A future that stays on its worker thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Sends calls to services. One per worker.
pub trait Transport {
    /// Sends `request` and reads the whole answer: the decoded body of a 2xx answer with a JSON
    /// content type; nothing, of a write that was done without saying more, or that
    /// [answers nothing](crate::Answers::Nothing).
    ///
    /// Everything ends by `until`, or earlier if the service's own timeout says so. Whatever the
    /// service does is a [`Fault`], never a panic and never unbounded memory. What is sent
    /// depends on `request` alone.
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>>;
}

/// One request to a service, ready to send: a `GET`, or a write with its method.
#[derive(Debug, Clone)]
pub struct Outbound<'a> {
    /// The configured name of the service.
    pub service: &'static str,
    /// The name of the call.
    pub dependency: &'static str,
    /// Path and query, percent-encoded, with a leading slash.
    pub target: &'a str,
    /// The verified user for personal calls; `None` for shared ones, which carry nothing about the
    /// caller.
    pub on_behalf_of: Option<&'a Principal>,
    /// What is to be written; `None` for a read.
    pub write: Option<&'a Written>,
    /// The request's trace.
    pub trace: &'a TraceContext,
    /// This call's step of the trace.
    pub span: SpanId,
    /// What the call's failure means to the page.
    pub criticality: Criticality,
    /// Where the transport writes how the call travelled; read however the call ends.
    pub way: &'a Cell<Way>,
}

/// How a call travelled to its service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Way {
    /// How often the request was sent, hedges included; 0 when it was not.
    pub attempts: u32,
    /// Whether a second attempt was sent while the first was under way.
    pub hedged: bool,
    /// Whether the answer was fetched for another request that wanted the same.
    pub shared: bool,
}

/// Keeps values between requests, in this process and perhaps beyond. One per process, reached
/// from every worker.
///
/// A store only makes answers faster: trouble inside it is a miss, and it never holds a request up
/// for longer than its own small budget.
pub trait Store {
    /// What this process holds and may serve as it is, without waiting. `None` when there is
    /// something to do: fetch, or renew.
    fn near(&self, key: &Key, keep: &Keep) -> Option<Served>;

    /// Finds or fetches a value, at most once at a time for each key.
    fn find<'a>(&'a self, wanted: Wanted<'a>) -> Local<'a, Served>;
}

/// A kept value: a view whose type only the call knows.
pub type Kept = Arc<dyn Any + Send + Sync>;

/// A value to find or fetch.
#[allow(missing_debug_implementations, reason = "futures and functions print nothing")]
pub struct Wanted<'a> {
    /// Where it is kept.
    pub key: &'a Key,
    /// The name of the call.
    pub entity: &'static str,
    /// How long it is kept.
    pub keep: &'a Keep,
    /// What invalidates it.
    pub tags: &'a [String],
    /// Between the view and bytes.
    pub codec: &'static Codec,
    /// Fetches it for this request. Does nothing until it is polled.
    pub fetch: Local<'a, Result<Kept, Fault>>,
    /// Fetches it beside this request and after its end.
    pub again: &'a dyn Fn() -> Local<'static, Result<Kept, Fault>>,
    /// Where such work goes on.
    pub background: &'a dyn Background,
}

/// Between a view and the bytes that other processes of the same shape understand.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    /// The fingerprint of the shape and the view; `None` when it cannot be written.
    pub encode: fn(&(dyn Any + Send + Sync)) -> Option<Bytes>,
    /// `None` for a value of another shape, and for bytes that are no value at all.
    pub decode: fn(&[u8]) -> Option<Kept>,
}

/// What a store came up with.
#[derive(Debug, Clone)]
pub struct Served {
    /// The view, or why there is none.
    pub value: Result<Kept, Fault>,
    /// How long ago it was fetched.
    pub age: Duration,
    /// How long it stays fresh; zero when it is not.
    pub fresh_for: Duration,
    /// Where it was found.
    pub tier: Tier,
    /// The fault that an old value stands in for.
    pub instead_of: Option<Fault>,
}

/// Where a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// In this process.
    Near,
    /// In the store that processes share.
    Far,
    /// At the service.
    Service,
    /// Another request was fetching it.
    Shared,
}

impl Tier {
    /// The word for it, as in metrics and in the debug header.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Far => "far",
            Self::Service => "service",
            Self::Shared => "shared",
        }
    }
}

/// Work beside requests, on the same thread. One per worker.
pub trait Background {
    /// Runs `work` to its end.
    fn spawn(&self, work: Local<'static, ()>);
    /// The calls that such work made, for the metrics.
    fn report(&self, calls: Vec<CallRecord>);
}

/// Nothing goes on beside requests: for tests and tools.
impl Background for () {
    fn spawn(&self, _work: Local<'static, ()>) {}

    fn report(&self, _calls: Vec<CallRecord>) {}
}

/// Where a value is kept: `client:entity:vN:scope:id`. Only a cached call can make one, so there is
/// no key without a version and none that mixes a user's data with everybody's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    pub(crate) fn new(
        client: &str,
        entity: &str,
        revision: u32,
        user: Option<&str>,
        service: &str,
        target: &str,
        at: &str,
    ) -> Self {
        // `user` is a principal's id: a few safe characters, none of which is `/`, so that no user's
        // key can be written with another one's subject.
        let (scope, user) = user.map_or(("shared", ""), |user| ("user=", user));
        Self(format!("{client}:{entity}:v{revision}:{scope}{user}:{service}{target}#{at}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key may name a user.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What a request brings along to say who is calling.
#[derive(Clone, Copy, Default)]
pub struct Presented<'a> {
    /// The `Authorization` header, when there is exactly one.
    pub authorization: Option<&'a str>,
    /// The `X-API-Key` header, when there is exactly one.
    pub api_key: Option<&'a str>,
    /// The session cookie, when there is exactly one of its name.
    pub session: Option<&'a str>,
}

impl<'a> Presented<'a> {
    /// Nothing but an `Authorization` header.
    #[must_use]
    pub fn authorization(header: &'a str) -> Self {
        Self { authorization: Some(header), ..Self::default() }
    }
}

/// All of it is secret.
impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(..)")
    }
}

/// Finds out who is calling. One per worker.
pub trait Authenticator {
    /// Verifies what a request presents.
    ///
    /// # Errors
    /// The problem that the client gets: 401 for anything missing or wrong, 503 when nothing can be
    /// verified now.
    fn authenticate<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> Local<'a, Result<Arc<Principal>, Problem>>;
}
