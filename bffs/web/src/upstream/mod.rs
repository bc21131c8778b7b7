//! The services behind this BFF, and the calls that it may make to them.

pub(crate) mod carts;
pub(crate) mod catalog;
pub(crate) mod inventory;
pub(crate) mod orders;
pub(crate) mod pricing;
pub(crate) mod reviews;
pub(crate) mod users;
