//! How much of it there is.

use super::catalog::{MayRead, ProductId};
use bff_core::prelude::*;

const INVENTORY: Service = Service::named("inventory");

/// Units that can be sold now.
pub(crate) fn units(_may: &MayRead, id: &ProductId) -> Call<u32, Shared> {
    INVENTORY.get(("stock", id)).at("units").named("unitsInStock")
}
