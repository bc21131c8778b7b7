//! The parts of a cache key are put together by a cached call and by nobody else.

use bff_core::ports::Key;

fn key() -> Key {
    Key::new("mobile", "product", 1, None, "catalog", "/products/1", "")
}

fn main() {}
