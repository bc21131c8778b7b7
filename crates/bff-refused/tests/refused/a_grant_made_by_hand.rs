//! A proof comes from a verified credential and from nowhere else.

use bff_core::prelude::*;

/// May read orders.
enum ReadOrders {}

impl Grant for ReadOrders {
    const SCOPE: &'static str = "orders:read";
}

fn proof() -> Granted<ReadOrders> {
    Granted(std::marker::PhantomData)
}

fn main() {}
