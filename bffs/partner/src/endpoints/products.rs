//! `GET /v2/products` - the whole catalogue, page by page.

use crate::upstream::catalog::{self, MayRead, ProductId};
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("/v2/products").budget(seconds(2)).client_cache(minutes(1)).to(products)
}

async fn products(cx: &Cx, may: MayRead, page: Page) -> Result<ProductList> {
    cx.gather(Critical(catalog::page(&may, &page).cached(minutes(1)))).await
}

/// One page of the catalogue. The last one has no `nextCursor`.
#[derive(View)]
struct ProductList {
    items: Vec<ListedProduct>,
    next_cursor: Option<Cursor>,
}

/// One line of the catalogue.
#[derive(View)]
struct ListedProduct {
    product_id: ProductId,
    title: String,
    brand: String,
    category: String,
    #[view(from = "priceFormatted")]
    price: String,
}
