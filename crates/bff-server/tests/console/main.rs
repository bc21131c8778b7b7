//! What the admin port shows of a running BFF: metrics, version and the console.

mod bed;
mod live;
mod metrics;
mod observability;
mod page;
mod reference;
