//! Golden files, compared on every test run: the shapes that leave a BFF, the answers of services that it
//! reads, its dashboards and alert rules.
#![forbid(unsafe_code)]

pub mod fake;
mod files;
pub mod observability;
mod shapes;
mod upstream;
pub mod workspace;

pub use shapes::{Route, check, routes, write};
