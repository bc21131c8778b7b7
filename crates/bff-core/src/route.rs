//! A route and its promises: method, path, time, size, and how long its answers may be kept.

use crate::handler::{Arguments, Handler};
use crate::{Cacheable, Endpoint, Record};
use std::time::Duration;

/// The methods that endpoints answer to. `HEAD` is answered wherever `GET` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
}

impl Method {
    /// The method as it is sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A route with its promises, waiting for its handler.
#[derive(Debug, Clone)]
#[must_use = "a route is nothing without `.to(handler)`"]
pub struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) budget: Duration,
    pub(crate) client_cache: Option<Duration>,
    pub(crate) priority: Priority,
    pub(crate) page_kept: Option<Duration>,
    pub(crate) rate_class: &'static str,
    pub(crate) payload_budget: Option<usize>,
}

/// A route whose whole answer is kept; its handler takes nobody's data.
#[derive(Debug, Clone)]
#[must_use = "a route is nothing without `.to(handler)`"]
pub struct KeptRoute(Route);

/// Which requests are answered first when there is more to do than can be done.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # #[derive(View)]
/// # struct Cart { units: u32 }
/// # async fn buy(_cx: &Cx) -> Result<Cart> { Ok(Cart { units: 1 }) }
/// let endpoint = get("/shop/v1/checkout").priority(Priority::High).to(buy);
/// assert_eq!(endpoint.priority(), Priority::High);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Refused first: what a client can do without or ask for later.
    Low,
    /// The pages.
    #[default]
    Normal,
    /// Refused last: what everything else depends on.
    High,
}

/// What a request may take unless its route says otherwise.
const DEFAULT_BUDGET: Duration = Duration::from_secs(1);

/// A route that answers `GET` at `path`; parameters are written `{name}`.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # #[derive(View)]
/// # struct Status { open: bool }
/// # async fn status(_cx: &Cx) -> Result<Status> { Ok(Status { open: true }) }
/// let endpoint = get("/shop/v1/status").budget(millis(100)).client_cache(seconds(30)).to(status);
/// assert_eq!(endpoint.budget(), millis(100));
/// ```
pub fn get(path: &'static str) -> Route {
    Route::new(Method::Get, path)
}

/// A route that answers `POST` at `path`; parameters are written `{name}`.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # #[derive(View)]
/// # struct Cart { units: u32 }
/// async fn add(_cx: &Cx, Body(cart): Body<Cart>) -> Result<Cart> {
///     Ok(cart)
/// }
///
/// let endpoint = post("/shop/v1/cart").budget(millis(800)).to(add);
/// assert_eq!(endpoint.method().name(), "POST");
/// ```
pub fn post(path: &'static str) -> Route {
    Route::new(Method::Post, path)
}

impl Route {
    fn new(method: Method, path: &'static str) -> Self {
        Self {
            method,
            path,
            budget: DEFAULT_BUDGET,
            client_cache: None,
            priority: Priority::Normal,
            page_kept: None,
            rate_class: match method {
                Method::Get => "read",
                Method::Post => "write",
            },
            payload_budget: None,
        }
    }

    /// The time the whole request may take; one second unless said otherwise. Calls get nine tenths
    /// of it.
    pub fn budget(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    /// How long a client may show the answer without asking again. Not at all unless said
    /// otherwise.
    pub fn client_cache(self, keep: Duration) -> Self {
        Self { client_cache: Some(keep), ..self }
    }

    /// How early it is refused under overload; [`Priority::Normal`] unless said otherwise.
    pub fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// The class of routes that callers are limited in together, `[limits.classes.<class>]`: `read`
    /// or `write` by its method unless said otherwise.
    pub fn rate_class(self, class: &'static str) -> Self {
        Self { rate_class: class, ..self }
    }

    /// How many bytes an answer may have before compression, `meta` included. It is a promise that
    /// `cargo xtask audit --live` measures; no answer is cut.
    pub fn payload_budget(self, bytes: usize) -> Self {
        Self { payload_budget: Some(bytes), ..self }
    }

    /// Keeps the whole answer in this process for `keep` and serves it to every caller whose request
    /// says the same to the handler's arguments ([`Endpoint::page_key`]). A degraded answer is never kept, and an invalidated tag of any call in it
    /// ends it.
    pub fn page_kept(self, keep: Duration) -> KeptRoute {
        KeptRoute(Self { page_kept: Some(keep), ..self })
    }

    /// The function that answers.
    pub fn to<H: Handler<A>, A: Arguments>(self, handler: H) -> Endpoint
    where
        H::Answer: Record,
    {
        Endpoint::new(self, handler)
    }
}

impl KeptRoute {
    /// The function that answers. One that takes a user, or an id of a personal kind, does not
    /// compile.
    pub fn to<H: Handler<A>, A: Arguments>(self, handler: H) -> Endpoint
    where
        H::Answer: Record,
        A::Scope: Cacheable,
    {
        self.0.to(handler)
    }
}
