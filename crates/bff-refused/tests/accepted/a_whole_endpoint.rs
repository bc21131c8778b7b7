//! Shared and personal calls, cached and reshaped, critical, optional and omittable, gathered into one view.

use bff_core::prelude::*;

const CATALOG: Service = Service::named("catalog");
const ORDERS: Service = Service::named("orders");

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

fn title(id: &Id<Product>) -> Call<String, Shared> {
    CATALOG.get(("products", id)).at("title").named("title")
}

fn units(id: &Id<Product>) -> Call<u32, Shared> {
    CATALOG.get(("products", id, "stock")).at("units").named("availability")
}

fn bought(me: &User, id: &Id<Product>) -> Call<u32, Personal> {
    ORDERS.get(("users", me, "orders")).query("product", id).at("count").named("bought")
}

fn endpoint() -> Endpoint {
    get("/products/{id}").budget(millis(400)).client_cache(minutes(1)).to(product)
}

async fn product(cx: &Cx, me: User, id: Id<Product>) -> Result<ProductScreen> {
    let (title, available, bought) = cx
        .gather((
            Critical(title(&id).cached(minutes(10)).stale_if_error(minutes(60))),
            Optional(units(&id).cached(seconds(5)).map(|units| units > 0), false),
            Omittable(bought(&me, &id)),
        ))
        .await?;

    Ok(ProductScreen { title, available, bought })
}

#[derive(View)]
struct ProductScreen {
    title: String,
    available: bool,
    bought: Option<u32>,
}

fn main() {
    let endpoint = endpoint();
    assert_eq!(endpoint.name(), "product-screen");
    assert_eq!(endpoint.audience(), bff_core::Audience::Personal);
}
