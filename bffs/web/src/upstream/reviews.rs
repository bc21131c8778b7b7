//! What buyers say.

use super::catalog::ProductId;
use bff_core::prelude::*;

const REVIEWS: Service = Service::named("reviews");

/// The summary and the latest reviews of a product.
pub(crate) fn latest<T: View>(id: &ProductId, limit: u8) -> Call<T, Shared> {
    REVIEWS.get(("products", id, "reviews")).query("limit", limit).named("reviews")
}
