//! Calls: inert values that describe one request to a service. Nothing happens until `gather` runs
//! them.

use crate::{
    Answers, Cacheable, Cached, Criticality, Cx, Fault, Fetch, Keep, Method, Path, Personal,
    Record, Reshaped, Scope, Segment, User, View, Writing, Written, projection,
};
use serde::de::DeserializeOwned;
use std::{fmt, marker::PhantomData};

/// A service that this BFF may call, by the name under which the configuration knows it.
///
/// ```
/// # use bff_core::prelude::*;
///
/// const ORDERS: Service = Service::named("orders");
///
/// let _call: Call<Vec<String>, Shared> = ORDERS.get("states").named("orderStates");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Service {
    name: &'static str,
}

impl Service {
    /// The service configured as `[services.<name>]`.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name }
    }

    /// A `GET` of a path: a literal, or a tuple of literals, small numbers, ids and the user.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a path is a small tuple of references, written in place"
    )]
    pub fn get<P: Path>(self, path: P) -> Request<P::Scope> {
        let target = path.render();
        Request { service: self.name, target, at: None, has_cursor: false, scope: PhantomData }
    }

    /// A `POST` of `what` to a path.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a path is a small tuple of references, written in place"
    )]
    pub fn post<P: Path>(self, path: P, what: &impl Record) -> Writing<P::Scope> {
        Writing::new(self.name, Method::Post, path.render(), what)
    }

    /// A `PUT` of `what` to a path: it replaces what is there. The method is idempotent, so it may be
    /// sent again after a failure, with or without a key.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a path is a small tuple of references, written in place"
    )]
    pub fn put<P: Path>(self, path: P, what: &impl Record) -> Writing<P::Scope> {
        Writing::new(self.name, Method::Put, path.render(), what)
    }

    /// A `PATCH` of a path with `what`, as JSON whose meaning is the service's.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a path is a small tuple of references, written in place"
    )]
    pub fn patch<P: Path>(self, path: P, what: &impl Record) -> Writing<P::Scope> {
        Writing::new(self.name, Method::Patch, path.render(), what)
    }

    /// A `DELETE` of a path, without a body. The method is idempotent, so it may be sent again after a
    /// failure, with or without a key.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a path is a small tuple of references, written in place"
    )]
    pub fn delete<P: Path>(self, path: P) -> Writing<P::Scope> {
        Writing::removing(self.name, path.render())
    }
}

/// A request being described; [`named`](Request::named) makes it a call.
#[must_use = "a request does nothing until it is named and gathered"]
pub struct Request<S> {
    service: &'static str,
    target: String,
    at: Option<&'static str>,
    has_cursor: bool,
    scope: PhantomData<fn() -> S>,
}

impl<S: Scope> Request<S> {
    /// Adds `name=value` to the query. A value that mentions a user makes the call personal.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a segment is a number or a reference, written in place"
    )]
    pub fn query<V: Segment>(
        mut self,
        name: &'static str,
        value: V,
    ) -> Request<<S as Scope>::And<V::Scope>> {
        self.has_cursor |= V::IS_CURSOR;
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        self.target.push('=');
        value.push_to(&mut self.target);
        self.scoped()
    }

    /// Adds `name=value` to the query when there is a value.
    pub fn query_if<V: Segment>(
        self,
        name: &'static str,
        value: Option<V>,
    ) -> Request<<S as Scope>::And<V::Scope>> {
        match value {
            Some(value) => self.query(name, value),
            None => self.scoped(),
        }
    }

    /// The same request, which may now be about somebody's data.
    fn scoped<T>(self) -> Request<T> {
        let Self { service, target, at, has_cursor, .. } = self;
        Request { service, target, at, has_cursor, scope: PhantomData }
    }

    /// Reads one member of the answer instead of the whole.
    pub fn at(self, member: &'static str) -> Self {
        Self { at: Some(member), ..self }
    }

    /// Names the call in `camelCase`: the name that clients, logs and dashboards see when it fails.
    /// `T` is what is read from the answer; usually the view's field decides it.
    pub fn named<T: DeserializeOwned + 'static>(self, name: &'static str) -> Call<T, S> {
        let Self { service, target, at, has_cursor, .. } = self;
        let target = Target { service, target, at, has_cursor, write: None };
        Call { name, target, read: PhantomData }
    }
}

/// Where an answer is found.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) service: &'static str,
    pub(crate) target: String,
    pub(crate) at: Option<&'static str>,
    /// Whether the target carries a cursor of the client's.
    pub(crate) has_cursor: bool,
    /// What is to be written there; `None` for a read.
    pub(crate) write: Option<Box<Written>>,
}

impl Target {
    /// Reads what came back. A write that yields a value and was answered without one was done all
    /// the same.
    pub(crate) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Fault> {
        match self.write.as_deref().map(|write| write.answers) {
            Some(Answers::Nothing) => projection::read(b"null", None),
            Some(Answers::Content) if body.trim_ascii().is_empty() => Err(Fault::NoContent),
            _ => projection::read(body, self.at),
        }
    }

    /// A cursor is the service's own value in the client's hands: this BFF cannot check it, and a
    /// service that finds the request a bad one does not know it.
    pub(crate) fn judge(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Status { status: 400, .. } if self.has_cursor => Fault::UnknownCursor,
            fault => fault,
        }
    }
}

/// One request to a service whose answer is read as a `T`.
///
/// ```
/// # use bff_core::prelude::*;
///
/// const ORDERS: Service = Service::named("orders");
///
/// /// The user's newest orders. `me` makes the call personal.
/// fn recent<T: View>(me: &User, limit: u8) -> Call<Vec<T>, Personal> {
///     ORDERS.get(("users", me, "orders")).query("limit", limit).at("items").named("recentOrders")
/// }
/// ```
#[must_use = "a call does nothing until it is gathered"]
pub struct Call<T, S> {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    read: PhantomData<fn() -> (T, S)>,
}

impl<T: DeserializeOwned + 'static, S: Scope> Call<T, S> {
    /// Reshapes the answer. A plain function that captures nothing, so that the same call always
    /// means the same.
    pub fn map<U>(self, reshape: fn(T) -> U) -> Reshaped<Self, U> {
        Reshaped { call: self, reshape }
    }

    /// Keeps the answer for `keep`, a time or a [`Keep`], and shares it between requests. What is
    /// kept is the view, so no field that a client could not see is ever stored; reshape after
    /// caching, not before.
    pub fn cached(self, keep: impl Into<Keep>) -> Cached<T>
    where
        S: Cacheable,
        T: View,
    {
        Cached::shared(self.name, self.target, keep.into())
    }
}

impl<T: View> Call<T, Personal> {
    /// Keeps the answer for `keep`, for this user alone: the user is part of the key.
    pub fn kept_for(self, me: &User, keep: impl Into<Keep>) -> Cached<T, Personal> {
        Cached::of_user(self.name, self.target, me, keep.into())
    }
}

impl<T: DeserializeOwned + 'static, S: Scope> Fetch for Call<T, S> {
    type Value = T;
    const MAY_FIND_NOTHING: bool = true;

    fn name(&self) -> &'static str {
        self.name
    }

    async fn fetch(self, cx: &Cx, criticality: Criticality) -> Result<T, Fault> {
        cx.call::<T, S>(self.name, &self.target, criticality).await
    }
}

impl<S> fmt::Debug for Request<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}{}", self.service, self.target)
    }
}

impl<T, S> fmt::Debug for Call<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: GET {}{}", self.name, self.target.service, self.target.target)
    }
}
