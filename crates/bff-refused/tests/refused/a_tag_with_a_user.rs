//! A tag is heard by every instance and printed by the admin port: it names no user.

use bff_core::prelude::*;

const CATALOG: Service = Service::named("catalog");

fn keep(me: &User) {
    let products = CATALOG.get("products").named::<Vec<String>>("products");
    let _ = products.cached(seconds(5)).tagged("user", me);
}

fn main() {}
