//! What is on sale.

use bff_core::prelude::*;

const CATALOG: Service = Service::named("catalog");

/// Names a product.
pub(crate) type ProductId = Id<Product>;

/// Products are the same for everybody.
pub(crate) enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "product";
}

/// One product.
pub(crate) fn product<T: View>(id: &ProductId) -> Call<T, Shared> {
    CATALOG.get(("products", id)).named("product")
}

/// Products like this one, nearest first.
pub(crate) fn similar<T: View>(id: &ProductId, limit: u8) -> Call<Vec<T>, Shared> {
    CATALOG
        .get(("products", id, "similar"))
        .query("limit", limit)
        .at("items")
        .named("recommendations")
}
