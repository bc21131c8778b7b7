//! Who the users are.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

/// The user's own profile.
pub(crate) fn profile<T: View>(me: &User) -> Call<T, Personal> {
    USERS.get(("users", me)).named("userProfile")
}
