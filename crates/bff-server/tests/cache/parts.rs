//! What the small BFFs of all tests about the cache are made of.

use bff_core::{Auth, Bff, Endpoint, prelude::*};
use bff_server::Settings;

/// The service of every page.
pub(crate) const MAIN: Service = Service::named("main");

pub(crate) enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct ProductPage {
    title: String,
}

/// `/test/v1/products/{id}`: one shared call, kept like this and tagged with its product.
pub(crate) fn product(keep: Keep) -> Endpoint {
    let route = get("/test/v1/products/{id}").budget(seconds(9));
    route.to(async move |cx: &Cx, id: Id<Product>| -> Result<ProductPage> {
        let product = MAIN.get(("products", &id)).named("product");
        cx.gather(Critical(product.cached(keep).tagged("product", &id))).await
    })
}

/// The name is part of every key.
pub(crate) fn bff(auth: Auth, endpoints: Vec<Endpoint>) -> Bff {
    Bff { name: "test", version: "1.0.0", auth, endpoints }
}

/// Free ports and `main` at this url. A busy machine is no overload here, and a service that fails
/// on purpose is asked again at once.
pub(crate) fn settings(main: &str, tables: &str) -> String {
    format!(
        "server.listen = \"127.0.0.1:0\"\nserver.workers = 1\nadmin.listen = \"127.0.0.1:0\"\n\
         overload.brownout_lag = \"1m\"\noverload.shed_lag = \"1m\"\n\
         [services.main]\nurl = {main:?}\ntimeout = \"5s\"\nconnect_timeout = \"5s\"\n\
         breaker = {{ min_calls = 1000000 }}\n\
         {tables}\n"
    )
}

pub(crate) fn read(settings: &str) -> Settings {
    toml::from_str(settings).unwrap_or_else(|error| unreachable!("{error}"))
}

/// `[cache]` with one Redis and time for every lookup, for tests about what is found and not how
/// fast; `more` are further lines of `[cache]`.
pub(crate) fn patient_redis(url: &str, more: &str) -> String {
    format!("[cache]\n{more}\n[cache.redis]\nurl = {url:?}\nlookup_timeout = \"5s\"\n")
}
