//! `GET /mobile/v1/products/{product}` - the product screen: a picture, a price, and whether it can be
//! had.

use crate::upstream::catalog::{self, ProductId};
use crate::upstream::{inventory, pricing};
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("/mobile/v1/products/{product}")
        .budget(millis(400))
        .client_cache(minutes(1))
        .payload_budget(kilobytes(1))
        .to(product)
}

async fn product(cx: &Cx, id: ProductId) -> Result<ProductScreen> {
    let (product, price, availability) = cx
        .gather((
            Critical(
                catalog::product::<CatalogProduct>(&id)
                    .cached(keep::CATALOGUE)
                    .tagged("product", &id),
            ),
            Optional(pricing::price(&id).map(Some), None),
            Optional(inventory::units(&id).map(Availability::of), Availability::Unknown),
        ))
        .await?;

    Ok(ProductScreen {
        image_url: product.image_for_phones(),
        price: price.unwrap_or(product.price_formatted),
        product_id: product.product_id,
        title: product.title,
        availability,
    })
}

/// The product screen.
#[derive(View)]
struct ProductScreen {
    product_id: ProductId,
    title: String,
    image_url: Option<String>,
    price: String,
    availability: Availability,
}

/// What the buy button says.
#[derive(View)]
enum Availability {
    InStock,
    SoldOut,
    Unknown,
}

impl Availability {
    fn of(units: u32) -> Self {
        if units > 0 { Self::InStock } else { Self::SoldOut }
    }
}

/// What the catalogue knows: the price here is its last known one.
#[derive(View)]
struct CatalogProduct {
    product_id: ProductId,
    title: String,
    price_formatted: String,
    images: Vec<Image>,
}

#[derive(View)]
struct Image {
    role: String,
    url: String,
}

impl CatalogProduct {
    fn image_for_phones(&self) -> Option<String> {
        self.images.iter().find(|image| image.role == "mobile").map(|image| image.url.clone())
    }
}
