//! What users may like.

use bff_core::prelude::*;

const RECOMMENDATIONS: Service = Service::named("recommendations");

/// What this user may like, best first.
pub(crate) fn for_user<T: View>(me: &User, limit: u8) -> Call<Vec<T>, Personal> {
    RECOMMENDATIONS
        .get(("users", me, "recommendations"))
        .query("limit", limit)
        .at("items")
        .named("@camel@Picks")
}
