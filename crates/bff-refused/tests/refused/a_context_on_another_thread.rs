//! A context stays on the worker thread that serves its request.

use bff_core::prelude::*;

/// What `std::thread::spawn` asks for, without notes on std's own sources, which differ between toolchains.
trait Movable {}

#[diagnostic::do_not_recommend]
impl<T: Send> Movable for T {}

fn to_another_thread(_: impl Movable) {}

fn hand_over(text: String, cx: Cx) {
    to_another_thread(text);
    to_another_thread(cx);
}

fn main() {}
