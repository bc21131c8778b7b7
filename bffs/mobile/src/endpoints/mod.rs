//! The table: one line per endpoint.

mod home;
mod product;

use bff_core::prelude::*;

pub(crate) fn all() -> Vec<Endpoint> {
    vec![home::endpoint(), product::endpoint()]
}
