//! What is the same for everybody is not kept once per user.

use bff_core::prelude::*;

const CATALOG: Service = Service::named("catalog");

fn keep(me: &User) {
    let products = CATALOG.get("products").named::<Vec<String>>("products");
    let _ = products.kept_for(me, seconds(5));
}

fn main() {}
