//! Several BFFs that share one Redis, each in an operating system process of its own.

mod load;
#[path = "../cache/parts.rs"]
mod parts;
mod release;
mod rollout;
mod stampede;
