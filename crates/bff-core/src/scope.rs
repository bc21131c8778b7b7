//! Whose data a call touches, computed by the compiler from what the call mentions.

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a scope: data is `Shared` or `Personal`",
        label = "neither `Shared` nor `Personal`",
        note = "data that some users share and others may not see is `Personal`"
    )]
    pub trait Sealed {}
}

/// [`Shared`] or [`Personal`].
pub trait Scope: sealed::Sealed + 'static {
    /// Whether the data belongs to one user.
    const PERSONAL: bool;
    /// The scope of something that mentions both this and `Other`: personal wins.
    type And<Other: Scope>: Scope;
}

/// The same for every caller: catalogue, stores, reviews.
///
/// ```
/// # use bff_core::prelude::*;
///
/// fn hours() -> Call<String, Shared> {
///     Service::named("stores").get("hours").at("text").named("openingHours")
/// }
///
/// // What is the same for all may be kept for all.
/// let _kept = hours().cached(minutes(5));
/// ```
#[derive(Debug)]
pub enum Shared {}

/// One user's data.
///
/// ```
/// # use bff_core::prelude::*;
///
/// /// Mentions the user, and so is personal. A call typed as `Shared` would not compile here.
/// fn balance(me: &User) -> Call<u32, Personal> {
///     Service::named("loyalty").get(("users", me)).at("points").named("points")
/// }
/// ```
#[derive(Debug)]
pub enum Personal {}

impl sealed::Sealed for Shared {}
impl sealed::Sealed for Personal {}

impl Scope for Shared {
    const PERSONAL: bool = false;
    type And<Other: Scope> = Other;
}

impl Scope for Personal {
    const PERSONAL: bool = true;
    type And<Other: Scope> = Personal;
}

/// A scope whose values may be kept under a key that names no user: only [`Shared`].
#[diagnostic::on_unimplemented(
    message = "what mentions a user cannot be kept for everybody",
    label = "personal: it mentions a user, or an id of a personal kind",
    note = "a shared key cannot hold one user's data; keep a personal call with `.kept_for(&me, ..)`, or ask for data that is the same for everyone"
)]
pub trait Cacheable: Scope {}

impl Cacheable for Shared {}
