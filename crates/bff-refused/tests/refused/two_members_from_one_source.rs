//! Every member of a service's answer is read into one place.

use bff_core::prelude::*;

#[derive(View)]
struct Order {
    eta: String,
    #[view(from = "eta")]
    estimated_delivery: String,
}

fn main() {}
