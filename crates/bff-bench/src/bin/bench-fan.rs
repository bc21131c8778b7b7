//! A BFF made for measuring: pages of 1 to 16 calls over bodies of 1 to 64 KB, and a page that needs no call at all
//! once it is warm.
#![forbid(unsafe_code)]

use bff_core::{Auth, Bff, Kind, prelude::*};

fn main() -> std::process::ExitCode {
    bff_server::run(Bff {
        name: "fan",
        version: env!("CARGO_PKG_VERSION"),
        auth: Auth::Open,
        endpoints: vec![
            get("/fan/v1/pages/{id}").budget(seconds(5)).to(page),
            get("/fan/v1/products/{id}").budget(seconds(1)).to(product),
            get("/fan/v1/kept/{id}").budget(seconds(1)).page_kept(seconds(60)).to(product),
        ],
    })
}

const PARTS: Service = Service::named("parts");

/// `16x64`: sixteen calls, 64 KB each.
enum Plan {}

impl Kind for Plan {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

async fn page(cx: &Cx, plan: Id<Plan>) -> Result<Fan> {
    let (count, kilobytes) = plan.as_str().split_once('x').unwrap_or(("1", "1"));
    let count: u8 = count.parse().unwrap_or(1);
    let kilobytes: u32 = kilobytes.parse().unwrap_or(1);
    let parts = each(0..count, |n| PARTS.get(("bodies", kilobytes, n)).named("part"));
    Ok(Fan { parts: cx.gather(Critical(parts.at_a_time(16))).await? })
}

/// A page of many parts.
#[derive(View)]
struct Fan {
    parts: Vec<Part>,
}

#[derive(View)]
struct Part {
    id: String,
    title: String,
    price: String,
    in_stock: bool,
}

async fn product(cx: &Cx, id: Id<Plan>) -> Result<CachedPage> {
    let (product, price, stock) = cx
        .gather((
            Critical(PARTS.get(("products", &id)).named("product").cached(minutes(60))),
            Critical(PARTS.get(("prices", &id)).named("price").cached(minutes(60))),
            Critical(PARTS.get(("stock", &id)).named("stock").cached(minutes(60))),
        ))
        .await?;
    Ok(CachedPage { product, price, stock })
}

/// The product page with every part from the cache.
#[derive(View)]
struct CachedPage {
    product: Product,
    price: Price,
    stock: Stock,
}

#[derive(View)]
struct Product {
    product_id: String,
    title: String,
    description: String,
    images: Vec<Image>,
}

#[derive(View)]
struct Image {
    role: String,
    url: String,
}

#[derive(View)]
struct Price {
    price_formatted: String,
}

#[derive(View)]
struct Stock {
    units: u32,
}
