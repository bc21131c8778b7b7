//! The mobile BFF's home endpoint, once more, so that no product is linked in.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");
const ORDERS: Service = Service::named("orders");
const RECOMMENDATIONS: Service = Service::named("recommendations");

pub(crate) fn endpoint() -> Endpoint {
    get("/mobile/v1/home").budget(millis(450)).client_cache(seconds(30)).to(home)
}

async fn home(cx: &Cx, me: User) -> Result<Home> {
    let orders = ORDERS
        .get(("users", &me, "orders"))
        .query("limit", 3_u8)
        .at("orders")
        .named("recentOrders");
    let recommendations = RECOMMENDATIONS
        .get(("users", &me, "recommendations"))
        .query("limit", 6_u8)
        .at("items")
        .named("recommendations");
    let (user, recent_orders, recommendations) = cx
        .gather((
            Critical(USERS.get(("users", &me)).named("userProfile")),
            Optional(orders, vec![]),
            Optional(recommendations, vec![]),
        ))
        .await?;
    Ok(Home { user, recent_orders, recommendations })
}

/// The home screen.
#[derive(View)]
struct Home {
    user: Profile,
    recent_orders: Vec<OrderCard>,
    recommendations: Vec<ProductTile>,
}

#[derive(View)]
struct Profile {
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
struct OrderCard {
    order_id: String,
    status: String,
    #[view(from = "eta")]
    estimated_delivery: String,
    item_count: u32,
}

#[derive(View)]
struct ProductTile {
    product_id: String,
    thumbnail_url: String,
    title: String,
    price_formatted: String,
}
