//! The services behind this BFF, and the calls that it may make to them.

pub(crate) mod catalog;
pub(crate) mod inventory;
