//! A write is sent each time: it cannot be kept.

use bff_core::prelude::*;

fn pay(write: Write<u32, Shared>) {
    let _ = write.cached(seconds(5));
}

fn main() {}
