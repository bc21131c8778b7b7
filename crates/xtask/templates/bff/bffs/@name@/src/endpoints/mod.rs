//! The table: one line per endpoint.

mod home;

use bff_core::prelude::*;

pub(crate) fn all() -> Vec<Endpoint> {
    vec![home::endpoint()]
}
