//! Running calls together: every one classified, all in parallel, the first critical failure ends
//! the request.

use crate::{Criticality, Cx, Fault, Filled, Note, Problem, Reason, Result};
use futures_util::try_join;

/// Something that can be fetched: a call, a cached call, many calls.
pub trait Fetch {
    /// What it yields.
    type Value;

    /// Whether a 404 or 410 is an answer, "there is none", and no failure: for a read of one thing.
    /// Not for a group, where one of several is missing, and not for a write, which was not done.
    const MAY_FIND_NOTHING: bool = false;

    /// The name that clients, logs and dashboards see when it fails.
    fn name(&self) -> &'static str;

    /// Runs it.
    fn fetch(
        self,
        cx: &Cx,
        criticality: Criticality,
    ) -> impl Future<Output = Result<Self::Value, Fault>>;
}

/// The page is nothing without it: its fault is the response.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # fn profile(me: &User) -> Call<String, Personal> {
/// #     Service::named("users").get(("users", me)).named("userProfile")
/// # }
/// async fn greeting(cx: &Cx, me: &User) -> Result<String> {
///     // A fault of this call is the answer: `USER_PROFILE_UNAVAILABLE`, for one.
///     cx.gather(Critical(profile(me))).await
/// }
/// ```
#[derive(Debug)]
pub struct Critical<F>(pub F);

/// The page lives without it: its fault becomes the fallback written beside it, and a note. "There is
/// none", a 404 or 410 of a read, becomes the fallback too, and is no fault: the page is not degraded.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # fn recent(me: &User) -> Call<Vec<String>, Personal> {
/// #     Service::named("orders").get(("users", me)).named("recentOrders")
/// # }
/// async fn orders(cx: &Cx, me: &User) -> Result<Vec<String>> {
///     cx.gather(Optional(recent(me), vec![])).await
/// }
/// ```
#[derive(Debug)]
pub struct Optional<F: Fetch>(pub F, pub F::Value);

/// The page lives without it: its fault leaves the section out, with a note. "There is none", a 404
/// or 410 of a read, leaves it out without one. Yields an `Option`.
///
/// ```
/// # use bff_core::prelude::*;
///
/// # fn rating() -> Call<u32, Shared> {
/// #     Service::named("reviews").get("rating").named("rating")
/// # }
/// async fn stars(cx: &Cx) -> Result<Option<u32>> {
///     cx.gather(Omittable(rating())).await
/// }
/// ```
#[derive(Debug)]
pub struct Omittable<F>(pub F);

/// A call that says what its failure means to the page: [`Critical`], [`Optional`] or
/// [`Omittable`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not classified - what happens to the page if this fails?",
    label = "not classified",
    note = "write `Critical(..)`, `Optional(.., fallback)` or `Omittable(..)` around the call"
)]
pub trait Dependency {
    /// What the handler gets.
    type Value;

    /// Runs the call and settles what its failure means.
    fn settle(self, cx: &Cx) -> impl Future<Output = Result<Self::Value>>;
}

impl<F: Fetch> Dependency for Critical<F> {
    type Value = F::Value;

    async fn settle(self, cx: &Cx) -> Result<F::Value> {
        let name = self.0.name();
        self.0
            .fetch(cx, Criticality::Critical)
            .await
            .map_err(|fault| Problem::of_dependency(name, &fault))
    }
}

impl<F: Fetch> Dependency for Optional<F> {
    type Value = F::Value;

    async fn settle(self, cx: &Cx) -> Result<F::Value> {
        let Self(call, fallback) = self;
        Ok(settle_optional(call, cx, Filled::Default).await.unwrap_or(fallback))
    }
}

impl<F: Fetch> Dependency for Omittable<F> {
    type Value = Option<F::Value>;

    async fn settle(self, cx: &Cx) -> Result<Option<F::Value>> {
        Ok(settle_optional(self.0, cx, Filled::Absent).await)
    }
}

async fn settle_optional<F: Fetch>(call: F, cx: &Cx, filled: Filled) -> Option<F::Value> {
    let section = call.name();
    match call.fetch(cx, Criticality::Optional).await {
        Ok(value) => Some(value),
        Err(fault) if F::MAY_FIND_NOTHING && fault.reason() == Reason::NotFound => {
            cx.found_nothing(section);
            None
        }
        Err(fault) => {
            let (criticality, reason) = (Criticality::Optional, fault.reason());
            cx.note(Note { section, criticality, filled, reason });
            None
        }
    }
}

/// One dependency, or a tuple of up to eight. The values come in the order in which the calls are
/// written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not classified - what happens to the page if this fails?",
    label = "not a dependency, nor a tuple of up to eight",
    note = "write `Critical(..)`, `Optional(.., fallback)` or `Omittable(..)` around each call"
)]
pub trait Dependencies {
    /// What the handler gets.
    type Values;

    /// Runs all at once.
    fn settle_all(self, cx: &Cx) -> impl Future<Output = Result<Self::Values>>;
}

macro_rules! one {
    ($($classified:ident),+) => {$(
        impl<F: Fetch> Dependencies for $classified<F> {
            type Values = <Self as Dependency>::Value;

            fn settle_all(self, cx: &Cx) -> impl Future<Output = Result<Self::Values>> {
                self.settle(cx)
            }
        }
    )+};
}

one!(Critical, Optional, Omittable);

macro_rules! tuple {
    ($($dependency:ident)+) => {
        impl<$($dependency: Dependency),+> Dependencies for ($($dependency,)+) {
            type Values = ($($dependency::Value,)+);

            #[allow(non_snake_case, reason = "the type parameters name the tuple's places")]
            async fn settle_all(self, cx: &Cx) -> Result<Self::Values> {
                let ($($dependency,)+) = self;
                try_join!($($dependency.settle(cx)),+)
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);

impl Cx {
    /// Runs classified calls in parallel. A failed critical call ends the request and cancels the
    /// others at once; a failed optional one becomes its fallback and a note. Call it again for
    /// a second stage: the deadline is one.
    ///
    /// # Errors
    /// The problem of the first critical call that failed.
    pub async fn gather<D: Dependencies>(&self, dependencies: D) -> Result<D::Values> {
        dependencies.settle_all(self).await
    }
}
