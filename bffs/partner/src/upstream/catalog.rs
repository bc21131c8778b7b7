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

/// May read the catalogue, and what is in stock of it.
pub(crate) enum ReadCatalogue {}

impl Grant for ReadCatalogue {
    const SCOPE: &'static str = "catalogue:read";
}

/// The proof of it, without which nothing here is called.
pub(crate) type MayRead = Granted<ReadCatalogue>;

/// One page of all products.
pub(crate) fn page<T: View>(_may: &MayRead, page: &Page) -> Call<T, Shared> {
    CATALOG
        .get("products")
        .query("limit", page.limit)
        .query_if("cursor", page.cursor.as_ref())
        .named("products")
}

/// One product.
pub(crate) fn product<T: View>(_may: &MayRead, id: &ProductId) -> Call<T, Shared> {
    CATALOG.get(("products", id)).named("product")
}
