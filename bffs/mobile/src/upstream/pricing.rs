//! What things cost right now.

use super::catalog::ProductId;
use bff_core::prelude::*;

const PRICING: Service = Service::named("pricing");

/// Today's price as text, `€ 12.90`.
pub(crate) fn price(id: &ProductId) -> Call<String, Shared> {
    PRICING.get(("prices", id)).at("priceFormatted").named("price")
}
