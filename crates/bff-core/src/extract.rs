//! Handler arguments: types that know how to read themselves from the request, or refuse it.

use crate::ports::Principal;
use crate::{Class, Cx, Id, Kind, Page, Personal, Problem, Result, Scope, Shape};
use percent_encoding::percent_decode_str;
use std::{fmt, sync::Arc};

/// A handler argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a request brings along",
    label = "not a handler argument",
    note = "a handler takes `&Cx` and then up to four of `User`, `Granted`, an `Id`, `Page`, `Body`, `IdempotencyKey`"
)]
pub trait FromCx: Sized {
    /// Whose data an endpoint that takes this answers with.
    type Scope: Scope;
    /// What the request has to bring for it.
    const NEED: Need = Need::Nothing;

    /// Reads the argument.
    ///
    /// # Errors
    /// The problem that the client gets when the request does not bring it.
    fn from_cx(cx: &Cx) -> Result<Self>;
}

/// What a request has to bring for an argument: routes, contracts and the perimeter read it off the
/// table.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// Nothing that is not always there, or a user.
    Nothing,
    /// A parameter of the route.
    Parameter(&'static str),
    /// A credential with this scope.
    Grant(&'static str),
    /// A body of this shape.
    Body(&'static Shape),
    /// An `Idempotency-Key`.
    IdempotencyKey,
    /// Nothing; `limit` and `cursor` in the query say which page.
    Paging,
}

impl Need {
    /// Adds to the key of a kept page what is read for the argument; whether the page can be kept.
    /// Every kind of argument has to say here how pages that differ in it are told apart.
    pub(crate) fn add_to_key(&self, cx: &Cx, key: &mut String) -> bool {
        match self {
            // A user has no shared page, and a scope is checked before a page is looked for.
            Self::Nothing | Self::Grant(_) => true,
            Self::Parameter(name) => {
                let part = cx.parameter(name).unwrap_or_default();
                // A part of a path has no `/`, so no two requests have one key.
                key.push('/');
                key.push_str(part);
                true
            }
            Self::Paging => Page::from_cx(cx).is_ok_and(|page| {
                page.add_to_key(key);
                true
            }),
            Self::Body(_) | Self::IdempotencyKey => false,
        }
    }

    /// The parameter of the route that it is, if it is one.
    pub(crate) const fn parameter(&self) -> Option<&'static str> {
        match self {
            Self::Parameter(name) => Some(name),
            _ => None,
        }
    }
}

/// The verified user. An endpoint that takes one answers for this user alone and is never shared.
///
/// ```
/// # use bff_core::prelude::*;
///
/// async fn points(cx: &Cx, me: User) -> Result<u32> {
///     let points = Service::named("loyalty").get(("users", &me)).at("points").named("points");
///     cx.gather(Critical(points)).await
/// }
/// ```
#[derive(Clone)]
pub struct User(Arc<Principal>);

impl User {
    pub(crate) fn id(&self) -> &str {
        self.0.id()
    }
}

impl FromCx for User {
    type Scope = Personal;

    fn from_cx(cx: &Cx) -> Result<Self> {
        cx.principal().cloned().map(Self).ok_or_else(Problem::unauthenticated)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(..)")
    }
}

impl<K: Kind> FromCx for Id<K> {
    type Scope = K::Scope;
    const NEED: Need = Need::Parameter(K::PARAMETER);

    fn from_cx(cx: &Cx) -> Result<Self> {
        let raw = cx.parameter(K::PARAMETER).unwrap_or_default();
        percent_decode_str(raw).decode_utf8().ok().and_then(|text| Self::parse(&text)).ok_or_else(
            || {
                let name = K::PARAMETER;
                let allowed = "1 to 64 letters, digits, `.`, `_`, `~` or `-`";
                Problem::new(Class::Invalid, "INVALID_ID", format!("`{name}` must be {allowed}."))
            },
        )
    }
}
