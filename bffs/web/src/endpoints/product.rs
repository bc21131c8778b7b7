//! `GET /web/v1/products/{product}` - the product page: facts, price, stock, reviews and neighbours.

use crate::upstream::catalog::{self, ProductId};
use crate::upstream::{inventory, pricing, reviews};
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("/web/v1/products/{product}").budget(millis(800)).client_cache(minutes(1)).to(product)
}

async fn product(cx: &Cx, id: ProductId) -> Result<ProductPage> {
    let (product, price, availability, reviews, recommendations) = cx
        .gather((
            Critical(
                catalog::product::<Product>(&id).cached(keep::CATALOGUE).tagged("product", &id),
            ),
            Optional(pricing::price(&id).map(Some), None),
            Optional(inventory::units(&id).map(availability), "Check availability".to_owned()),
            Optional(
                reviews::latest(&id, 10).cached(keep::REVIEWS).tagged("product", &id),
                Reviews::none(),
            ),
            Optional(catalog::similar(&id, 8).cached(keep::CATALOGUE), vec![]),
        ))
        .await?;

    let price = price.unwrap_or_else(|| product.price_formatted.clone());
    Ok(ProductPage { product, price, availability, reviews, recommendations })
}

/// What the buy box says.
fn availability(units: u32) -> String {
    match units {
        0 => "Sold out".to_owned(),
        1..=3 => format!("Only {units} left"),
        _ => "In stock".to_owned(),
    }
}

/// The product page.
#[derive(View)]
#[view(revision = 2)]
struct ProductPage {
    product: Product,
    price: String,
    availability: String,
    reviews: Reviews,
    recommendations: Vec<ProductCard>,
}

/// The facts. The price here is the catalogue's last known one.
#[derive(View)]
struct Product {
    product_id: ProductId,
    title: String,
    description: String,
    price_formatted: String,
    image_urls: Vec<String>,
    specs: Vec<Spec>,
}

/// One row of the technical data.
#[derive(View)]
struct Spec {
    name: String,
    value: String,
}

/// The stars and the latest opinions.
#[derive(View)]
#[view(revision = 2)]
struct Reviews {
    summary: Stars,
    items: Vec<Review>,
}

#[derive(View)]
#[view(revision = 2)]
struct Stars {
    average: Option<f64>,
    count: u32,
}

#[derive(View)]
#[view(revision = 2)]
struct Review {
    author: String,
    rating: u8,
    title: String,
    text: String,
}

impl Reviews {
    fn none() -> Self {
        Self { summary: Stars { average: None, count: 0 }, items: vec![] }
    }
}

/// One card of "you may also like".
#[derive(View)]
struct ProductCard {
    product_id: ProductId,
    title: String,
    price_formatted: String,
    thumbnail_url: String,
}
