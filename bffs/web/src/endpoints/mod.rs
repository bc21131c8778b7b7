//! The table: one line per endpoint.

mod product;

use bff_core::prelude::*;

pub(crate) fn all() -> Vec<Endpoint> {
    vec![product::endpoint()]
}
