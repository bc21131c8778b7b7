//! Many of one: the same call for each of a list of ids, a few at a time.

use crate::{Criticality, Cx, Fault, Fetch};
use futures_util::{StreamExt, TryStreamExt, stream};

/// How many calls of one `each` run at the same time unless it says otherwise.
const AT_A_TIME: usize = 8;

/// One call per item, in order; see [`each`].
#[derive(Debug)]
#[must_use = "calls do nothing until they are gathered"]
pub struct Each<C> {
    calls: Vec<C>,
    at_a_time: usize,
}

/// Makes one call per item, eight at a time, and yields the values in the order of the items. The
/// group succeeds or fails as one: the first fault is the group's and cancels the rest. A service
/// that takes a list of ids is better asked once.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # enum Product {}
/// # impl Kind for Product {
/// #     type Scope = Shared;
/// #     const PARAMETER: &'static str = "product";
/// # }
/// fn price(id: &Id<Product>) -> Call<u32, Shared> {
///     Service::named("pricing").get(("prices", id)).at("cents").named("prices")
/// }
///
/// async fn prices(cx: &Cx, ids: &[Id<Product>]) -> Result<Vec<u32>> {
///     cx.gather(Critical(each(ids, price))).await
/// }
/// ```
pub fn each<I: IntoIterator, C: Fetch>(items: I, call: impl FnMut(I::Item) -> C) -> Each<C> {
    Each { calls: items.into_iter().map(call).collect(), at_a_time: AT_A_TIME }
}

impl<C> Each<C> {
    /// Runs `n` calls at the same time instead of eight; at least one.
    pub fn at_a_time(self, n: usize) -> Self {
        Self { at_a_time: n.max(1), ..self }
    }
}

impl<C: Fetch> Fetch for Each<C> {
    type Value = Vec<C::Value>;

    /// The name of its calls. A group without calls cannot fail, so nobody sees its name.
    fn name(&self) -> &'static str {
        self.calls.first().map_or("nothing", Fetch::name)
    }

    async fn fetch(self, cx: &Cx, criticality: Criticality) -> Result<Self::Value, Fault> {
        let running = self.calls.into_iter().map(|call| call.fetch(cx, criticality));
        stream::iter(running).buffered(self.at_a_time).try_collect().await
    }
}
