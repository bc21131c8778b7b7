//! The cache by a clock that stands still until everybody waits for it: lifetimes of minutes take no
//! time, and what happens at the same moment does so every time.

mod flights;
mod lifetimes;
mod spread;
mod support;
