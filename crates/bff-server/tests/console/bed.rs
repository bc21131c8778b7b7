//! A small BFF with one page of three services, and what all tests ask of its admin port.

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{
    Json, TestBff,
    http::{self, Reply},
};
use std::time::Duration;

const CATALOG: Service = Service::named("catalog");
const PRICING: Service = Service::named("pricing");
const INVENTORY: Service = Service::named("inventory");

/// Far less than a hang, far more than a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Title {
    title: String,
}

/// The page under test.
#[derive(View)]
struct Page {
    product: Title,
    price: Option<String>,
    stock: Option<u32>,
    second: Option<u32>,
}

/// The second stage is made with what the first one brought.
async fn page(cx: &Cx, id: Id<Product>) -> Result<Page> {
    let (product, price, stock) = cx
        .gather((
            Critical(CATALOG.get(("products", &id)).named::<Title>("product").cached(seconds(60))),
            Omittable(PRICING.get(("prices", &id)).at("priceFormatted").named("price")),
            Omittable(INVENTORY.get(("stock", &id)).at("units").named("stock")),
        ))
        .await?;
    let second = INVENTORY.get(("stock", &id)).query("again", 1_u8).at("units").named("second");
    let second = cx.gather(Omittable(second)).await?;
    Ok(Page { product, price, stock, second })
}

/// What a client sends.
#[derive(View)]
struct Order {
    units: u32,
    note: Option<String>,
    kind: OrderKind,
    lines: Vec<Title>,
}

#[derive(View)]
enum OrderKind {
    Gift,
    Own,
}

async fn order(cx: &Cx, Body(order): Body<Order>) -> Result<Title> {
    let wide = u8::try_from(order.units).unwrap_or_default();
    cx.gather(Critical(CATALOG.get("products").query("limit", wide).named("ordered"))).await
}

pub(crate) fn bff() -> Bff {
    let endpoints = vec![
        get("/test/v1/pages/{id}").budget(seconds(10)).to(page),
        post("/test/v1/orders").budget(seconds(1)).priority(Priority::High).to(order),
    ];
    Bff { name: "test", version: "1.2.3", auth: Auth::Open, endpoints }
}

/// Starts it; `more` are further lines of its configuration.
pub(crate) fn start(more: &str) -> TestBff {
    start_with(Auth::Open, more)
}

/// The same with callers that have to be known.
pub(crate) fn start_with(auth: Auth, more: &str) -> TestBff {
    let service = |name: &str| {
        let url = format!("[services.{name}]\nurl = \"http://{name}\"\ntimeout = \"5s\"\n");
        format!("{url}connect_timeout = \"5s\"\nhedge.percentile = 100.0\n")
    };
    let services = ["catalog", "pricing", "inventory"].map(service).concat();
    let text = format!(
        "{more}\n[server]\nlisten = \"127.0.0.1:0\"\ndrain_delay = \"0s\"\n\
         [overload]\nbrownout_lag = \"1m\"\nshed_lag = \"1m\"\n{services}"
    );
    let settings = toml::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(&Bff { auth, ..bff() }, settings)
}

/// The usual admin port.
pub(crate) const ADMIN: &str = "[admin]\nlisten = \"127.0.0.1:0\"";

/// Asks for a page; each `id` is another one.
pub(crate) fn ask(bff: &TestBff, id: u32) -> Reply {
    bff.send("GET", &format!("/test/v1/pages/p-{id}"), &[])
}

/// Asks the admin port.
pub(crate) fn admin(bff: &TestBff, target: &str) -> Reply {
    let reply = http::send(bff.admin_address, "GET", target, &[]);
    reply.unwrap_or_else(|error| unreachable!("the admin port answers: {error}"))
}

/// The first item of a list whose member is `value`.
pub(crate) fn find(list: &Json, member: &str, value: &str) -> Json {
    let items = list.as_array().cloned().unwrap_or_default();
    let is_it = |item: &Json| item.get(member).is_some_and(|known| known == value);
    items.into_iter().find(is_it).unwrap_or_default()
}
