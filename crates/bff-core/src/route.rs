//! A route and its promises: method, path, time, size, and how long its answers may be kept.

use crate::handler::{Arguments, Handler};
use crate::{Cacheable, Endpoint, Record};
use std::time::Duration;

/// The methods of endpoints and of calls (RFC 9110, section 9.3; `PATCH` is RFC 5789). `HEAD` is answered
/// wherever `GET` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Processes what is sent.
    Post,
    /// Replaces what is at the path.
    Put,
    /// Changes a part of it.
    Patch,
    /// Removes it. Neither the request nor the call has a body.
    Delete,
}

impl Method {
    /// All methods, in the order in which `Allow` lists them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method as it is sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method that a request with this name is answered by: `HEAD` by `GET`.
    #[must_use]
    pub fn answering(name: &str) -> Option<Self> {
        let name = if name == "HEAD" { "GET" } else { name };
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether doing it twice has the effect of doing it once (RFC 9110, section 9.2.2).
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Put | Self::Delete)
    }

    /// Whether a request may have a body. That of a `DELETE` has no meaning (RFC 9110, section 9.3.5).
    #[must_use]
    pub const fn takes_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
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

/// A route that answers `PUT` at `path`: the client replaces what is there.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # #[derive(View)]
/// # struct Address { street: String }
/// async fn replace(_cx: &Cx, Body(address): Body<Address>) -> Result<Address> {
///     Ok(address)
/// }
///
/// let endpoint = put("/shop/v1/address").to(replace);
/// assert_eq!(endpoint.method().name(), "PUT");
/// ```
pub fn put(path: &'static str) -> Route {
    Route::new(Method::Put, path)
}

/// A route that answers `PATCH` at `path`: the client changes a part of what is there.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # #[derive(View)]
/// # struct Units { units: u32 }
/// async fn change(_cx: &Cx, Body(units): Body<Units>) -> Result<Units> {
///     Ok(units)
/// }
///
/// let endpoint = patch("/shop/v1/cart").to(change);
/// assert_eq!(endpoint.method().name(), "PATCH");
/// ```
pub fn patch(path: &'static str) -> Route {
    Route::new(Method::Patch, path)
}

/// A route that answers `DELETE` at `path`: the client removes what is there. Its handler takes no
/// [`Body`](crate::Body).
///
/// ```
/// # use bff_core::prelude::*;
///
/// # #[derive(View)]
/// # struct Cart { units: u32 }
/// async fn clear(cx: &Cx, me: User) -> Result<Cart> {
///     let clear = Service::named("carts").delete(("carts", &me)).answers_nothing();
///     cx.gather(Critical(clear.named("cart"))).await?;
///     Ok(Cart { units: 0 })
/// }
///
/// let endpoint = delete("/shop/v1/cart").to(clear);
/// assert_eq!(endpoint.method().name(), "DELETE");
/// ```
pub fn delete(path: &'static str) -> Route {
    Route::new(Method::Delete, path)
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
            rate_class: if method == Method::Get { "read" } else { "write" },
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
