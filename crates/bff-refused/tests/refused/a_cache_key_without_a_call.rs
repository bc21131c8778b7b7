//! The parts of a cache key are put together by a cached call and by nobody else.

use bff_core::ports::Key;

fn key() -> Key {
    Key::shared("mobile", "product", 1, "catalog", "/products/1", "")
}

fn main() {}
