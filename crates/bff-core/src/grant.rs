//! Scopes as proofs: what may only be read or done with a permission takes the proof of it.

use crate::ports::Principal;
use crate::{Cx, FromCx, Need, Problem, Result, Shared};
use std::{fmt, marker::PhantomData};

/// A permission that a caller's credential carries or not.
///
/// ```
/// # use bff_core::prelude::*;
/// /// May read orders.
/// enum ReadOrders {}
///
/// impl Grant for ReadOrders {
///     const SCOPE: &'static str = "orders:read";
/// }
/// ```
pub trait Grant: 'static {
    /// The OAuth scope.
    const SCOPE: &'static str;
}

/// The proof that the caller was granted `G`. Only a request whose verified credential carries the
/// scope has one, so that an upstream function that takes `&Granted<ReadOrders>` cannot be called by
/// an endpoint that did not ask for the permission.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # enum ReadOrders {}
/// # impl Grant for ReadOrders { const SCOPE: &'static str = "orders:read"; }
/// const ORDERS: Service = Service::named("orders");
///
/// fn count(_may: &Granted<ReadOrders>) -> Call<u32, Shared> {
///     ORDERS.get("count").named("orderCount")
/// }
///
/// async fn orders(cx: &Cx, may: Granted<ReadOrders>) -> Result<u32> {
///     cx.gather(Critical(count(&may))).await
/// }
/// ```
pub struct Granted<G>(PhantomData<fn() -> G>);

impl<G: Grant> FromCx for Granted<G> {
    type Scope = Shared;
    const NEED: Need = Need::Grant(G::SCOPE);

    fn from_cx(cx: &Cx) -> Result<Self> {
        admit(cx.principal().map(AsRef::as_ref), G::SCOPE).map(|()| Self(PhantomData))
    }
}

impl<G: Grant> fmt::Debug for Granted<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Granted({})", G::SCOPE)
    }
}

/// The one place where a scope is compared.
pub(crate) fn admit(principal: Option<&Principal>, scope: &'static str) -> Result<()> {
    let principal = principal.ok_or_else(Problem::unauthenticated)?;
    if principal.may(scope) { Ok(()) } else { Err(Problem::insufficient_scope(scope)) }
}
