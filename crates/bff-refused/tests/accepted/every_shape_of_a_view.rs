//! Everything that a view may be made of: words, lists, members that may be missing, and other views.

use bff_core::prelude::*;

#[derive(View)]
#[view(revision = 2)]
struct Order {
    #[view(from = "eta")]
    estimated_delivery: String,
    status: Status,
    lines: Vec<Line>,
    discount: Option<f64>,
    next: Option<Cursor>,
}

#[derive(View)]
struct Line {
    product_id: Id<Product>,
    count: u32,
    gift: bool,
}

#[derive(View)]
enum Status {
    Placed,
    OnItsWay,
    #[view(other)]
    Unknown,
}

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

fn main() {
    assert_eq!(Order::SHAPE.revision(), 2);
}
