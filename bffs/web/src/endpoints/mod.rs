//! The table: one line per endpoint.

mod cart;
mod me;
mod orders;
mod product;

use bff_core::prelude::*;

pub(crate) fn all() -> Vec<Endpoint> {
    vec![product::endpoint(), me::endpoint(), orders::endpoint(), cart::add_item()]
}
