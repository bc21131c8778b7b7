//! The mobile home screen once more, and the product that the mobile product screen keeps.
//!
//! A copy of what `bffs/mobile` declares: nothing in `crates/` may know a BFF, and a count that
//! changes with every wish of the mobile team would be no baseline.

use bff_core::{Auth, Bff, Cached, prelude::*};

/// The table: a static path and one with a parameter.
pub(crate) fn bff() -> Bff {
    Bff {
        name: "mobile",
        version: "0.1.0",
        auth: Auth::Bearer,
        endpoints: vec![
            get("/mobile/v1/home").budget(millis(450)).client_cache(seconds(30)).to(home),
            get("/mobile/v1/products/{id}")
                .budget(millis(400))
                .client_cache(minutes(1))
                .to(product),
        ],
    }
}

async fn home(cx: &Cx, me: User) -> Result<Home> {
    let (user, recent_orders, recommendations) = cx
        .gather((
            Critical(profile(&me)),
            Optional(recent_orders(&me), vec![]),
            Optional(recommendations(&me), vec![]),
        ))
        .await?;

    Ok(Home { user, recent_orders, recommendations })
}

async fn product(cx: &Cx, id: ProductId) -> Result<CatalogProduct> {
    cx.gather(Critical(cached_product(&id))).await
}

pub(crate) fn profile(me: &User) -> Call<Profile, Personal> {
    Service::named("users").get(("users", me)).named("userProfile")
}

pub(crate) fn recent_orders(me: &User) -> Call<Vec<OrderCard>, Personal> {
    Service::named("orders")
        .get(("users", me, "orders"))
        .query("limit", 3_u8)
        .at("orders")
        .named("recentOrders")
}

pub(crate) fn recommendations(me: &User) -> Call<Vec<ProductTile>, Personal> {
    Service::named("recommendations")
        .get(("users", me, "recommendations"))
        .query("limit", 6_u8)
        .at("items")
        .named("recommendations")
}

pub(crate) fn cached_product(id: &ProductId) -> Cached<CatalogProduct> {
    let product = Service::named("catalog").get(("products", id)).named("product");
    product.cached(minutes(10)).stale_if_error(minutes(60))
}

/// A call whose answer says nothing: what a call costs by itself.
pub(crate) fn nothing(me: &User) -> Call<Nothing, Personal> {
    Service::named("nobody").get(("users", me)).named("nothing")
}

#[derive(View)]
pub(crate) struct Home {
    pub(crate) user: Profile,
    pub(crate) recent_orders: Vec<OrderCard>,
    pub(crate) recommendations: Vec<ProductTile>,
}

#[derive(View)]
pub(crate) struct Profile {
    user_id: String,
    display_name: String,
    avatar_url: String,
    loyalty_tier: LoyaltyTier,
}

#[derive(View)]
enum LoyaltyTier {
    Bronze,
    Silver,
    Gold,
    #[view(other)]
    Unknown,
}

#[derive(View)]
pub(crate) struct OrderCard {
    order_id: String,
    status: String,
    #[view(from = "eta")]
    estimated_delivery: String,
    item_count: u32,
}

#[derive(View)]
pub(crate) struct ProductTile {
    product_id: String,
    thumbnail_url: String,
    title: String,
    price_formatted: String,
}

#[derive(View)]
pub(crate) struct Nothing {
    nothing: Option<bool>,
}

/// Names a product.
pub(crate) type ProductId = Id<Product>;

pub(crate) enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
pub(crate) struct CatalogProduct {
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
