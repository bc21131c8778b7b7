//! The table: one line per endpoint.

mod product;
mod products;

use bff_core::prelude::*;

pub(crate) fn all() -> Vec<Endpoint> {
    vec![products::endpoint(), product::endpoint()]
}
