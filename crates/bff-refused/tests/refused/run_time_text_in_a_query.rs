//! Text that was computed does not become part of a query: nobody knows whose data it points at.

use bff_core::prelude::*;

const SEARCH: Service = Service::named("search");

fn find(words: String) {
    let _ = SEARCH.get("products").query("q", words).named::<String>("found");
}

fn main() {}
