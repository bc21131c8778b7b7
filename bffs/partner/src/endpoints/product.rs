//! `GET /v2/products/{product}` - one product, with what a partner needs to list it.

use crate::upstream::catalog::{self, MayRead, ProductId};
use crate::upstream::inventory;
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("/v2/products/{product}").budget(seconds(2)).client_cache(minutes(1)).to(product)
}

async fn product(cx: &Cx, may: MayRead, id: ProductId) -> Result<ProductRecord> {
    let (product, units_in_stock) = cx
        .gather((
            Critical(
                catalog::product::<Product>(&may, &id)
                    .cached(keep::CATALOGUE)
                    .tagged("product", &id),
            ),
            Omittable(inventory::units(&may, &id)),
        ))
        .await?;

    Ok(ProductRecord { product, units_in_stock })
}

/// One product.
#[derive(View)]
#[view(revision = 2)]
struct ProductRecord {
    product: Product,
    /// Left out while the inventory does not answer.
    units_in_stock: Option<u32>,
}

/// The facts.
#[derive(View)]
struct Product {
    product_id: ProductId,
    title: String,
    description: String,
    #[view(from = "priceFormatted")]
    price: String,
    image_urls: Vec<String>,
}
