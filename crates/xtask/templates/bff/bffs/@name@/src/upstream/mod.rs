//! The services behind this BFF, and the calls that it may make to them.

pub(crate) mod recommendations;
pub(crate) mod users;
